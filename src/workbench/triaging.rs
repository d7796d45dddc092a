//! Where the causes of failures lie: by hand, else by the evidence, else as the graders blamed when it was stored.

use std::collections::BTreeMap;

use serde::Serialize;

use super::outcomes::Listed;
use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::decision::{Decision, DecisionKind, OtherCause};
use crate::domain::example::ExampleContent;
use crate::domain::ids::{RunId, VersionId};
use crate::domain::label::{HumanLabel, standing};
use crate::domain::outcome::{FailureCategory, Outcome, OutcomePlace};
use crate::domain::reason::Reason;
use crate::domain::run::Run;
use crate::domain::suite::SuiteContent;
use crate::domain::triage::{Triage, TriageContent};
use crate::evals::cause::{self, Evidence, PassedElsewhere, Repeats};
use crate::store::Change;

/// Other runs in which the same answer is looked for, the newest first.
const OTHER_RUNS_MAX: usize = 4;
/// Repeats of an example that are looked at.
const REPEATS_MAX: u32 = 32;
/// Failures that a run's distribution is made of at most, the first ones of the dataset.
pub const TRIAGED_MAX: u64 = 2_000;
/// Fewest failures from which something is said of most of them.
const FAILURES_MIN: u64 = 5;
/// Why nothing is to be decided about the prompt as a whole.
pub const NOT_MOST: &str = "most failures are the prompt's, or there are too few to say";
/// Failures that are read at once.
const ROWS_PER_READ: usize = 200;

/// Where the cause of a failure lies, who or what says so, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseCause {
    /// Where.
    pub category: FailureCategory,
    /// The person; `None` where a rule says so.
    pub by: Option<Actor>,
    /// The rule; `None` where a person says so.
    pub rule: Option<&'static str>,
    /// Why there.
    pub why: String,
    /// The category that was stored with the outcome.
    pub stored: Option<FailureCategory>,
}

/// Where the causes of a run's failures lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunTriage {
    /// How many failures it counts.
    pub failures: u64,
    /// Failures beyond [`TRIAGED_MAX`], which it does not count.
    pub left_out: u64,
    /// How many lie where, the most first.
    pub categories: Vec<(FailureCategory, u64)>,
    /// How many of whose cause nothing is known.
    pub unknown: u64,
    /// How many were put there by hand.
    pub by_hand: u64,
    /// Labels that go against a grader.
    pub overrides: u64,
}

impl RunTriage {
    /// How many are known not to be the prompt's.
    pub fn not_the_prompts(&self) -> u64 {
        let others = self
            .categories
            .iter()
            .filter(|(category, _)| *category != FailureCategory::Prompt);
        others.map(|(_, count)| count).sum()
    }

    /// What the problem is, where most failures are not the prompt's: then tuning the prompt is the wrong tool.
    pub fn other_cause(&self) -> Option<OtherCause> {
        if self.failures < FAILURES_MIN || self.not_the_prompts() * 2 <= self.failures {
            return None;
        }
        let (category, _) = self
            .categories
            .iter()
            .find(|(category, _)| *category != FailureCategory::Prompt)?;
        Some(match category {
            FailureCategory::Retrieval => OtherCause::Retrieval,
            FailureCategory::Tool => OtherCause::Tools,
            FailureCategory::Model | FailureCategory::Provider | FailureCategory::Prompt => OtherCause::Model,
            FailureCategory::Parser | FailureCategory::Grader | FailureCategory::Label => OtherCause::Evaluation,
        })
    }

    /// The sentence that says so.
    pub fn advice(&self) -> Option<String> {
        self.other_cause()?;
        let counted: Vec<String> = self
            .categories
            .iter()
            .map(|(at, count)| format!("{} {count}", at.as_str()))
            .collect();
        Some(format!(
            "{} of {} failures are not the prompt's ({}): tuning the prompt is the wrong tool",
            self.not_the_prompts(),
            self.failures,
            counted.join(", ")
        ))
    }

    /// The reason that a decision may give.
    pub fn reason(&self) -> Option<String> {
        let advice = self.advice()?;
        Some(
            advice
                .split_once(':')
                .map_or(advice.clone(), |(facts, _)| facts.to_owned()),
        )
    }
}

/// What of a run is needed to say where the causes of its failures lie.
pub(super) struct Causes {
    run: Run,
    suite: SuiteContent,
    labels: BTreeMap<OutcomePlace, Vec<HumanLabel>>,
    triages: BTreeMap<OutcomePlace, Triage>,
    others: Vec<Run>,
}

impl Causes {
    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn suite(&self) -> &SuiteContent {
        &self.suite
    }

    /// The outcomes that somebody labelled, in order of place.
    pub(super) fn labelled(&self) -> Vec<OutcomePlace> {
        self.labels.keys().copied().collect()
    }

    /// The labels of an outcome that count.
    pub(super) fn labels(&self, place: OutcomePlace) -> &[HumanLabel] {
        self.labels.get(&place).map_or(&[], Vec::as_slice)
    }

    /// How many labels go against a grader.
    pub(super) fn overrides(&self) -> u64 {
        self.labels.values().flatten().filter(|label| label.is_override).count() as u64
    }
}

impl Workbench {
    /// Puts failures of a run where a person says that their causes lie: all of them or none.
    pub fn add_triages(
        &self,
        actor: &Actor,
        run: RunId,
        places: &[OutcomePlace],
        category: FailureCategory,
        reason: &str,
    ) -> Result<Vec<Triage>, WorkbenchError> {
        let content = TriageContent {
            category,
            reason: Reason::new(reason)?,
        };
        let mut outcomes = Vec::new();
        for place in places {
            let id = format!("{run} at place {}", place.index);
            outcomes.push(found(self.store.outcome(run, *place)?, "example", &id)?);
        }
        self.store.commit_numbered(|| {
            let mut change = Change::new(self.audit(actor, Action::TriageAdd, &run, content.reason.as_str())?);
            let mut triages = Vec::new();
            for outcome in &outcomes {
                let number = self.store.next_triage(run, outcome.place())?;
                let triage = Triage::new(outcome, number, content.clone(), actor.clone(), self.now())?;
                change = change.insert_triage(&triage)?;
                triages.push(triage);
            }
            Ok((change, triages))
        })
    }

    /// Records that the prompt is not what has to change, on the evidence of a run. It needs no review.
    ///
    /// # Errors
    ///
    /// The causes that are known do not say so, or it was recorded on this run already.
    pub fn decide_other_cause(
        &self,
        actor: &Actor,
        run: RunId,
        cause: OtherCause,
        reason: &str,
    ) -> Result<Decision, WorkbenchError> {
        self.permit(actor, Action::RunDecide)?;
        let run = found(self.store.run(run)?, "run", &run)?;
        let Some(version) = run.subject.version().cloned() else {
            return Err(WorkbenchError::refused(
                format!("{} tested {}, which is no prompt version", run.id, run.subject.label()),
                "decide it on a run of the version whose prompt is not the problem",
            ));
        };
        let reason = Reason::new(reason)?;
        if self.run_triage(run.id)?.other_cause().is_none() {
            return Err(WorkbenchError::refused(
                format!("the failures of {} do not say so: {NOT_MOST}", run.id),
                "say where the cause lies with pegbox case triage, where the rules have it wrong",
            ));
        }
        self.store.commit_numbered(|| {
            self.check_undecided(&run, &version, cause)?;
            let id = self.store.next_decision_id()?;
            let decision = Decision {
                id,
                kind: DecisionKind::NotAPromptProblem(cause),
                version: version.clone(),
                content_hash: run.subject.content_hash(),
                review: None,
                run: Some(run.id),
                actor: actor.clone(),
                reason: reason.clone(),
                decided_at: self.now(),
            };
            let audit = self.audit(actor, Action::RunDecide, &run.id, reason.as_str())?;
            Ok((Change::new(audit).insert_decision(&decision)?, decision))
        })
    }

    /// Refuses to record the same on a run once more.
    fn check_undecided(&self, run: &Run, version: &VersionId, cause: OtherCause) -> Result<(), WorkbenchError> {
        let kind = DecisionKind::NotAPromptProblem(cause);
        let decisions = self.store.decisions_of_version(version)?.into_iter();
        match decisions
            .filter(|known| known.run == Some(run.id))
            .find(|known| known.kind == kind)
        {
            Some(known) => Err(WorkbenchError::refused(
                format!("{} says so of {} already", known.id, run.id),
                "read it with pegbox review decisions; another cause is another decision",
            )),
            None => Ok(()),
        }
    }

    /// Where the causes of a run's failures lie.
    pub fn run_triage(&self, run: RunId) -> Result<RunTriage, WorkbenchError> {
        let causes = self.causes(run)?;
        let totals = self.progress(run)?.totals;
        let mut triage = RunTriage {
            failures: 0,
            left_out: 0,
            categories: Vec::new(),
            unknown: 0,
            by_hand: 0,
            overrides: causes.overrides(),
        };
        let mut counts: BTreeMap<FailureCategory, u64> = BTreeMap::new();
        let mut after = None;
        while triage.failures < TRIAGED_MAX {
            let rows = self.cases_with(&causes, run, Listed::Failed, after, ROWS_PER_READ)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.place);
            for row in &rows {
                triage.failures += 1;
                match &row.cause {
                    Some(cause) => {
                        *counts.entry(cause.category).or_default() += 1;
                        triage.by_hand += u64::from(cause.by.is_some());
                    }
                    None => triage.unknown += 1,
                }
            }
        }
        triage.left_out = (totals.failed + totals.errored).saturating_sub(triage.failures);
        triage.categories = counts.into_iter().collect();
        triage.categories.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok(triage)
    }

    /// What is needed to say where causes lie in a run.
    pub(super) fn causes(&self, id: RunId) -> Result<Causes, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let suite = self.suite(&run.suite)?.content;
        let mut labels: BTreeMap<OutcomePlace, Vec<HumanLabel>> = BTreeMap::new();
        let all = self.store.labels(id)?;
        for label in standing(&all) {
            labels.entry(label.place).or_default().push(label.clone());
        }
        let triages = self.store.triages(id)?.into_iter();
        Ok(Causes {
            // Of one outcome they come oldest first, so the newest stays.
            triages: triages.map(|triage| (triage.place, triage)).collect(),
            others: self.graded_otherwise(&run)?,
            labels,
            suite,
            run,
        })
    }

    /// The newest runs of the same version and of its base that another version of the suite graded.
    fn graded_otherwise(&self, run: &Run) -> Result<Vec<Run>, WorkbenchError> {
        let mut others = Vec::new();
        for version in run.subject.version().into_iter().chain(&run.base) {
            for id in self.store.runs_of(version)? {
                let other = found(self.store.run(id)?, "run", &id)?;
                if other.suite.name == run.suite.name && other.suite_hash != run.suite_hash {
                    others.push(other);
                }
                if others.len() >= OTHER_RUNS_MAX {
                    return Ok(others);
                }
            }
        }
        Ok(others)
    }

    /// Where the cause of a failed outcome lies.
    pub(super) fn cause_of(
        &self,
        causes: &Causes,
        outcome: &Outcome,
        example: &ExampleContent,
    ) -> Result<Option<CaseCause>, WorkbenchError> {
        if outcome.passed() {
            return Ok(None);
        }
        let stored = outcome.failure_category;
        if let Some(triage) = causes.triages.get(&outcome.place()) {
            return Ok(Some(CaseCause {
                category: triage.category,
                by: Some(triage.by.clone()),
                rule: None,
                why: triage.reason.to_string(),
                stored,
            }));
        }
        let passed_elsewhere = self.passed_elsewhere(causes, outcome)?;
        let labels: Vec<&HumanLabel> = causes.labels(outcome.place()).iter().collect();
        let found = cause::cause(&Evidence {
            outcome,
            example,
            graders: &causes.suite.graders,
            labels: &labels,
            passed_elsewhere: passed_elsewhere.as_ref(),
            repeats: self.repeats_of(&causes.run, outcome)?,
        });
        Ok(found.map(|found| CaseCause {
            category: found.category,
            by: None,
            rule: Some(found.rule.as_str()),
            why: found.why,
            stored,
        }))
    }

    /// Where the same answer passed a grader that fails it here.
    fn passed_elsewhere(&self, causes: &Causes, outcome: &Outcome) -> Result<Option<PassedElsewhere>, WorkbenchError> {
        if outcome.text.is_none() {
            return Ok(None);
        }
        for other in &causes.others {
            let Some(there) = self.store.outcome_of(other.id, &outcome.example)? else {
                continue;
            };
            if there.text != outcome.text || there.example_hash != outcome.example_hash {
                continue;
            }
            let passes = |grader: &str| there.scores.iter().any(|score| score.grader == grader && score.passed);
            if let Some(score) = outcome.failed_scores().find(|score| passes(&score.grader)) {
                return Ok(Some(PassedElsewhere {
                    grader: score.grader.clone(),
                    run: other.id,
                    suite: other.suite.clone(),
                }));
            }
        }
        Ok(None)
    }

    fn repeats_of(&self, run: &Run, outcome: &Outcome) -> Result<Repeats, WorkbenchError> {
        let mut repeats = Repeats::default();
        if run.settings.repeats == 1 {
            return Ok(repeats);
        }
        for repeat in 0..run.settings.repeats.min(REPEATS_MAX) {
            let index = outcome.index;
            if let Some(other) = self.store.outcome(run.id, OutcomePlace { index, repeat })? {
                repeats.count += 1;
                repeats.passed += u64::from(other.passed());
            }
        }
        Ok(repeats)
    }
}
