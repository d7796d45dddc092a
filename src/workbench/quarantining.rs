//! Flaky examples: those whose repeats differ, and the decisions that keep them out of gates.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId, SuiteName};
use crate::domain::outcome::Outcome;
use crate::domain::quarantine::{Quarantine, QuarantineKind, standing};
use crate::domain::reason::Reason;
use crate::store::Change;

/// An example whose repeats in one run do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlakyExample {
    /// The example.
    pub example: ExampleId,
    /// Its content.
    pub example_hash: ContentHash,
    /// Its place in the dataset version, from 0.
    pub place: u64,
    /// Repeats that were answered.
    pub answered: u64,
    /// Of these, those that every grader passed.
    pub passed: u64,
    /// How many different answers there are among them.
    pub answers: u64,
    /// Why it is quarantined now; `None` where it is not.
    pub quarantine: Option<String>,
}

/// The flaky examples of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaky {
    /// The run.
    pub run: RunId,
    /// The suite whose gates they count in.
    pub suite: SuiteName,
    /// How often each example was asked; asked once, none can be found.
    pub repeats: u32,
    /// Examples with at least two answers.
    pub compared: u64,
    /// Those that sometimes pass and sometimes do not first, then those whose answers alone differ; in order of place.
    pub examples: Vec<FlakyExample>,
}

/// The repeats of one example, as they come.
struct Repeats {
    example: FlakyExample,
    seen: BTreeSet<ContentHash>,
}

impl Repeats {
    fn new(outcome: &Outcome) -> Self {
        Self {
            example: FlakyExample {
                example: outcome.example.clone(),
                example_hash: outcome.example_hash,
                place: outcome.index,
                answered: 0,
                passed: 0,
                answers: 0,
                quarantine: None,
            },
            seen: BTreeSet::new(),
        }
    }

    /// An error of the provider says nothing about the example.
    fn push(&mut self, outcome: &Outcome) {
        if outcome.error.is_some() {
            return;
        }
        let parsed = outcome.parsed.as_ref().map(crate::domain::json::JsonText::as_str);
        let answer = parsed.or(outcome.text.as_deref()).unwrap_or_default();
        let calls = outcome
            .tool_calls
            .iter()
            .flat_map(|call| [call.name.as_str(), call.arguments.as_str()]);
        let said: Vec<&str> = std::iter::once(answer).chain(calls).collect();
        self.seen.insert(ContentHash::of_bytes(said.join("\n").as_bytes()));
        self.example.answered += 1;
        self.example.passed += u64::from(outcome.passed());
    }

    fn flaky(mut self) -> Option<FlakyExample> {
        self.example.answers = self.seen.len() as u64;
        (self.seen.len() > 1 || self.example.is_undecided()).then_some(self.example)
    }
}

impl FlakyExample {
    /// Whether it sometimes passes and sometimes does not.
    pub fn is_undecided(&self) -> bool {
        self.passed > 0 && self.passed < self.answered
    }
}

impl Workbench {
    /// The examples of a run whose repeats differ in their answers or in whether they pass.
    pub fn flaky(&self, id: RunId) -> Result<Flaky, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let mut examples = Vec::new();
        let mut compared = 0;
        let mut repeats: Option<Repeats> = None;
        let mut close = |repeats: Option<Repeats>| {
            let Some(repeats) = repeats else { return };
            compared += u64::from(repeats.example.answered > 1);
            examples.extend(repeats.flaky());
        };
        self.store.each_outcome(id, |outcome| -> Result<(), WorkbenchError> {
            if repeats
                .as_ref()
                .is_none_or(|repeats| repeats.example.place != outcome.index)
            {
                close(repeats.replace(Repeats::new(outcome)));
            }
            if let Some(repeats) = &mut repeats {
                repeats.push(outcome);
            }
            Ok(())
        })?;
        close(repeats);
        let quarantined = self.quarantined(&run.suite.name)?;
        for example in &mut examples {
            let decision = quarantined
                .iter()
                .find(|q| q.example == example.example && q.example_hash == example.example_hash);
            example.quarantine = decision.map(|decision| decision.reason.to_string());
        }
        examples.sort_by_key(|example| (!example.is_undecided(), example.place));
        Ok(Flaky {
            run: id,
            suite: run.suite.name,
            repeats: run.settings.repeats,
            compared,
            examples,
        })
    }

    /// Keeps a flaky example out of the gates of a run's suite from now on.
    ///
    /// # Errors
    ///
    /// The run does not show that the example is flaky, or it is quarantined already.
    pub fn quarantine(
        &self,
        actor: &Actor,
        run: RunId,
        example: &ExampleId,
        reason: &str,
    ) -> Result<Quarantine, WorkbenchError> {
        self.permit(actor, Action::QuarantinePlace)?;
        let reason = Reason::new(reason)?;
        let flaky = self.flaky(run)?;
        let Some(known) = flaky.examples.iter().find(|known| &known.example == example) else {
            return Err(WorkbenchError::refused(
                format!("{run} does not show that {example} is flaky"),
                format!("see the flaky ones with pegbox run flaky {run}; ask several times with --repeats"),
            ));
        };
        if known.quarantine.is_some() {
            return Err(WorkbenchError::refused(
                format!("{example} is quarantined already"),
                format!("see pegbox suite quarantined {}", flaky.suite),
            ));
        }
        self.decide_quarantine(actor, &flaky.suite, |number| Quarantine {
            suite: flaky.suite.clone(),
            example: example.clone(),
            example_hash: known.example_hash,
            run,
            number,
            kind: QuarantineKind::Placed,
            reason: reason.clone(),
            by: actor.clone(),
            at: self.now(),
        })
    }

    /// Lets an example count again in the gates of a suite.
    ///
    /// # Errors
    ///
    /// It is not quarantined.
    pub fn lift_quarantine(
        &self,
        actor: &Actor,
        suite: &SuiteName,
        example: &ExampleId,
        reason: &str,
    ) -> Result<Quarantine, WorkbenchError> {
        self.permit(actor, Action::QuarantineLift)?;
        let reason = Reason::new(reason)?;
        let quarantined = self.quarantined(suite)?;
        let Some(placed) = quarantined.into_iter().find(|placed| &placed.example == example) else {
            return Err(WorkbenchError::refused(
                format!("{example} is not quarantined in {suite}"),
                format!("see pegbox suite quarantined {suite}"),
            ));
        };
        self.decide_quarantine(actor, suite, |number| Quarantine {
            number,
            kind: QuarantineKind::Lifted,
            reason: reason.clone(),
            by: actor.clone(),
            at: self.now(),
            ..placed.clone()
        })
    }

    fn decide_quarantine(
        &self,
        actor: &Actor,
        suite: &SuiteName,
        decision: impl Fn(u32) -> Quarantine,
    ) -> Result<Quarantine, WorkbenchError> {
        self.store.commit_numbered(|| {
            let decision = decision(self.store.next_quarantine(suite)?);
            let action = match decision.kind {
                QuarantineKind::Placed => Action::QuarantinePlace,
                QuarantineKind::Lifted => Action::QuarantineLift,
            };
            let subject = format!("{suite}/{}", decision.example);
            let audit = self.audit(actor, action, &subject, decision.reason.as_str())?;
            Ok((Change::new(audit).insert_quarantine(&decision)?, decision))
        })
    }

    /// The examples that do not count in the gates of a suite now.
    pub fn quarantined(&self, suite: &SuiteName) -> Result<Vec<Quarantine>, WorkbenchError> {
        Ok(standing(&self.store.quarantines(suite)?))
    }

    /// Every decision about the examples of a suite, oldest first.
    pub fn quarantines(&self, suite: &SuiteName) -> Result<Vec<Quarantine>, WorkbenchError> {
        Ok(self.store.quarantines(suite)?)
    }
}
