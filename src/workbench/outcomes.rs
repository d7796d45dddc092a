//! The outcomes of a run: its failures, and one case with everything about it.

use serde::Serialize;

use super::reproducing::pick;
use super::triaging::{CaseCause, Causes};
use super::{Workbench, WorkbenchError, found};
use crate::domain::example::{Example, ExampleContent};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::label::HumanLabel;
use crate::domain::outcome::{Outcome, OutcomePlace};
use crate::domain::progress::FailureLine;
use crate::domain::run::{EndState, Run};

/// Which outcomes of a run are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listed {
    /// Those that failed.
    #[default]
    Failed,
    /// Those that passed: graders err there too.
    Passed,
    /// A sample of all, which is the same for everybody who looks: what people label to calibrate a judge.
    Sample,
    /// Those that somebody labelled.
    Labelled,
    /// All.
    All,
}

impl Listed {
    /// All lists, in the order in which one goes through them.
    pub const ALL: [Self; 5] = [Self::Failed, Self::Passed, Self::Sample, Self::Labelled, Self::All];

    /// The word in commands and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Passed => "passed",
            Self::Sample => "sample",
            Self::Labelled => "labelled",
            Self::All => "all",
        }
    }
}

/// An outcome in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// The example's place in the dataset version, and the repeat.
    pub place: OutcomePlace,
    /// The example and why it failed; `passed` where it did not.
    pub line: FailureLine,
    /// Whether it failed.
    pub has_failed: bool,
    /// Whether it passed in the base's newest run; `None` where that is not known.
    pub passed_before: Option<bool>,
    /// Where the cause of its failure lies.
    pub cause: Option<CaseCause>,
    /// Its slices, as `topic=billing`.
    pub slices: Vec<String>,
    /// What people said of it: of each person and grader the newest label.
    pub labels: Vec<HumanLabel>,
    /// The run whose answer it is, where it was taken from one: its latency was measured there.
    pub reused_from: Option<RunId>,
}

impl CaseRow {
    /// The example as people tell it from others: with the number of the repeat, where it is not the first.
    pub fn label(&self) -> String {
        match self.place.repeat {
            0 => self.line.example.to_string(),
            repeat => format!("{} #{}", self.line.example, repeat + 1),
        }
    }
}

/// One outcome with its example.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseView {
    /// The outcome.
    pub outcome: Outcome,
    /// The example.
    pub example: Example,
    /// The base's newest run on the same dataset, and whether the example passed there.
    pub before: Option<(RunId, bool)>,
    /// Where the cause of its failure lies.
    pub cause: Option<CaseCause>,
    /// What people said of it: of each person and grader the newest label.
    pub labels: Vec<HumanLabel>,
}

/// How the repeats of one example of a run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleRepeats {
    /// How often it is asked.
    pub asked: u32,
    /// Those that are saved, in order.
    pub saved: Vec<RepeatVerdict>,
}

/// How one repeat went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RepeatVerdict {
    /// Which it is, from 1.
    pub repeat: u32,
    /// Whether it passed.
    pub passed: bool,
}

/// Outcomes in a sample: an evening's work to label.
const SAMPLE_SIZE: u64 = 50;

/// The slices that an example is in, of those that a suite names.
fn slices_of(fields: &[String], example: &ExampleContent) -> Vec<String> {
    let named = fields
        .iter()
        .filter_map(|field| Some((field, example.metadata.get(field)?)));
    named.map(|(field, value)| format!("{field}={value}")).collect()
}

impl Workbench {
    /// Failures of a run in order of place, after `after`.
    pub fn failures(
        &self,
        id: RunId,
        after: Option<OutcomePlace>,
        limit: usize,
    ) -> Result<Vec<CaseRow>, WorkbenchError> {
        self.cases(id, Listed::Failed, after, limit)
    }

    /// Outcomes of a run in order of place, after `after`.
    pub fn cases(
        &self,
        id: RunId,
        listed: Listed,
        after: Option<OutcomePlace>,
        limit: usize,
    ) -> Result<Vec<CaseRow>, WorkbenchError> {
        self.cases_with(&self.causes(id)?, id, listed, after, limit)
    }

    pub(super) fn cases_with(
        &self,
        causes: &Causes,
        id: RunId,
        listed: Listed,
        after: Option<OutcomePlace>,
        limit: usize,
    ) -> Result<Vec<CaseRow>, WorkbenchError> {
        let before = self.base_run(causes.run())?;
        let mut rows = Vec::new();
        for place in self.places(causes, id, listed, after, limit)? {
            let Some(outcome) = self.store.outcome(id, place)? else {
                continue;
            };
            let passed_before = match &before {
                Some(base) => self
                    .store
                    .outcome_of(base.id, &outcome.example)?
                    .map(|outcome| outcome.passed()),
                None => None,
            };
            let example = found(self.store.example(&outcome.example_hash)?, "example", &outcome.example)?;
            let (why, reused_from) = (outcome.why(), outcome.reused_from().next());
            rows.push(CaseRow {
                place,
                has_failed: why.is_some(),
                passed_before,
                cause: self.cause_of(causes, &outcome, &example.content)?,
                slices: slices_of(&causes.suite().slices, &example.content),
                labels: causes.labels(place).to_vec(),
                reused_from,
                line: FailureLine {
                    example: outcome.example,
                    why: why.unwrap_or_else(|| "passed".into()),
                    latency_ms: outcome.latency_ms,
                },
            });
        }
        Ok(rows)
    }

    /// The places of the listed outcomes, ascending.
    fn places(
        &self,
        causes: &Causes,
        id: RunId,
        listed: Listed,
        after: Option<OutcomePlace>,
        limit: usize,
    ) -> Result<Vec<OutcomePlace>, WorkbenchError> {
        let mut places = match listed {
            Listed::Failed => {
                let failures = self.store.failures(id, after, limit)?;
                return Ok(failures.into_iter().map(|(place, _)| place).collect());
            }
            Listed::Passed | Listed::All => return self.places_of_all(id, listed, after, limit),
            Listed::Labelled => causes.labelled(),
            Listed::Sample => {
                let examples = causes.run().example_count;
                let seed = ContentHash::of_bytes(id.to_string().as_bytes());
                let picked = pick(&seed, examples, SAMPLE_SIZE).into_iter();
                picked
                    .map(|at| OutcomePlace::first(causes.run().place_at(at)))
                    .collect()
            }
        };
        places.retain(|place| after.is_none_or(|after| *place > after));
        places.truncate(limit);
        Ok(places)
    }

    fn places_of_all(
        &self,
        id: RunId,
        listed: Listed,
        after: Option<OutcomePlace>,
        limit: usize,
    ) -> Result<Vec<OutcomePlace>, WorkbenchError> {
        let (mut places, mut last) = (Vec::new(), after);
        loop {
            let page = self.store.outcome_page(id, last)?;
            let Some(newest) = page.last() else { return Ok(places) };
            last = Some(newest.place());
            let is_listed = |outcome: &&Outcome| listed == Listed::All || outcome.passed();
            places.extend(page.iter().filter(is_listed).map(Outcome::place));
            if places.len() >= limit {
                places.truncate(limit);
                return Ok(places);
            }
        }
    }

    /// One outcome with its example.
    pub fn case(&self, id: RunId, place: OutcomePlace) -> Result<CaseView, WorkbenchError> {
        let causes = self.causes(id)?;
        let outcome = found(
            self.store.outcome(id, place)?,
            "example",
            &format!("{id} at place {}", place.index),
        )?;
        let example = found(self.store.example(&outcome.example_hash)?, "example", &outcome.example)?;
        let before = match self.base_run(causes.run())? {
            Some(base) => self
                .store
                .outcome_of(base.id, &outcome.example)?
                .map(|before| (base.id, before.passed())),
            None => None,
        };
        Ok(CaseView {
            cause: self.cause_of(&causes, &outcome, &example.content)?,
            labels: causes.labels(place).to_vec(),
            outcome,
            example,
            before,
        })
    }

    /// The outcome of an example of a run.
    pub fn outcome(&self, id: RunId, example: &ExampleId) -> Result<CaseView, WorkbenchError> {
        let outcome = found(
            self.store.outcome_of(id, example)?,
            "example",
            &format!("{id}/{example}"),
        )?;
        self.case(id, outcome.place())
    }

    /// How the repeats of the example at this place of a run's dataset went.
    pub fn repeats(&self, id: RunId, index: u64) -> Result<ExampleRepeats, WorkbenchError> {
        let asked = found(self.store.run(id)?, "run", &id)?.settings.repeats;
        let mut saved = Vec::new();
        for repeat in 0..asked {
            if let Some(outcome) = self.store.outcome(id, OutcomePlace { index, repeat })? {
                saved.push(RepeatVerdict {
                    repeat: repeat + 1,
                    passed: outcome.passed(),
                });
            }
        }
        Ok(ExampleRepeats { asked, saved })
    }

    /// The run that a run is compared with, which runs that come later do not change: the one that its gate compared it
    /// with, or else the newest finished run of its base on the same dataset that had ended when it began.
    pub(super) fn base_run(&self, run: &Run) -> Result<Option<Run>, WorkbenchError> {
        let Some(base) = &run.base else { return Ok(None) };
        if let Some(compared) = self.store.run_end(run.id)?.and_then(|end| end.against_base) {
            return Ok(self.store.run(compared.run)?);
        }
        for id in self.store.runs_of(base)? {
            let candidate = found(self.store.run(id)?, "run", &id)?;
            let had_ended = self
                .store
                .run_end(id)?
                .is_some_and(|end| end.state == EndState::Finished && end.ended_at <= run.started_at);
            let asked_all = candidate.selection.is_none();
            if had_ended && asked_all && id != run.id && candidate.dataset_hash == run.dataset_hash {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}
