//! Reproducing a run: are its records unchanged, and does asking again give the same?

use std::collections::BTreeSet;

use serde::Serialize;

use super::reusing::Tape;
use super::{StartRun, SubjectId, Tested, Workbench, WorkbenchError, found};
use crate::domain::DomainError;
use crate::domain::actor::Actor;
use crate::domain::dataset::DatasetVersion;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::outcome::Outcome;
use crate::domain::run::{EndState, Picked, Run, RunEnd, RunSettings, Selection, Subject};
use crate::domain::version::PromptVersion;
use crate::store::StoreError;

/// Most drifted examples that a report lists; the counts are of all.
const DRIFTED_LISTED_MAX: usize = 50;

/// How much of a run is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// This many examples at most, picked at random.
    Sample(u64),
    /// Every example: a run like the first, which can carry a release.
    All,
}

/// One thing that a run rests on, with the check of its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// What it is.
    pub what: &'static str,
    /// Its id.
    pub id: String,
    /// The hash that was recorded; `None` for the store's audit chain, which is a hash a commit.
    pub hash: Option<ContentHash>,
    /// What is wrong; `None` where it is as it was.
    pub fault: Option<String>,
}

/// What was so in the first run and what is in the second.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct BeforeNow {
    /// In the first run, over the compared outcomes.
    pub before: BTreeSet<String>,
    /// In the second.
    pub now: BTreeSet<String>,
}

impl BeforeNow {
    /// Whether something is in one and not in the other.
    pub fn changed(&self) -> bool {
        self.before != self.now
    }
}

/// An example whose parsed value or verdict came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DriftedExample {
    /// The example.
    pub example: ExampleId,
    /// Its place in the dataset version.
    pub place: u64,
    /// Which of its repeats.
    pub repeat: u32,
    /// Whether it passed before.
    pub passed_before: bool,
    /// Whether it passes now.
    pub passes_now: bool,
    /// Why it does not pass now.
    pub why: Option<String>,
}

/// How a second run of the same requests differs from the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The first run.
    pub of: RunId,
    /// The second.
    pub again: RunId,
    /// Outcomes that have an answer in both.
    pub compared: u64,
    /// Outcomes without an answer in one of them or both: nothing can be said of these.
    pub unanswered: u64,
    /// Of those compared, with the same answer byte for byte: text, refusal and calls.
    pub same_answer: u64,
    /// Of those compared, parsed in one of them or both.
    pub parsed: u64,
    /// Of these, with the same value.
    pub same_parsed: u64,
    /// Of those compared, with the same verdict of all graders together.
    pub same_verdict: u64,
    /// Of those compared, that failed before and pass now.
    pub fixed: u64,
    /// Of those compared, that passed before and fail now.
    pub broken: u64,
    /// The models that answered.
    pub resolved_models: BeforeNow,
    /// The provider's marks of its configuration.
    pub system_fingerprints: BeforeNow,
    /// The first of those whose parsed value or verdict differs.
    pub drifted: Vec<DriftedExample>,
}

impl Drift {
    fn new(of: RunId, again: RunId) -> Self {
        Self {
            of,
            again,
            compared: 0,
            unanswered: 0,
            same_answer: 0,
            parsed: 0,
            same_parsed: 0,
            same_verdict: 0,
            fixed: 0,
            broken: 0,
            resolved_models: BeforeNow::default(),
            system_fingerprints: BeforeNow::default(),
            drifted: Vec::new(),
        }
    }

    /// Whether every outcome could be compared, none came to another verdict, and the same models answered: others that
    /// say the same today are no repetition.
    pub fn reproduced(&self) -> bool {
        self.unanswered == 0 && self.same_verdict == self.compared && !self.resolved_models.changed()
    }

    fn push(&mut self, before: &Outcome, now: &Outcome) {
        if before.error.is_some() || now.error.is_some() {
            self.unanswered += 1;
            return;
        }
        self.compared += 1;
        self.same_answer += u64::from(answer_of(before) == answer_of(now));
        let is_parsed = before.parsed.is_some() || now.parsed.is_some();
        let same_parsed = before.parsed == now.parsed;
        self.parsed += u64::from(is_parsed);
        self.same_parsed += u64::from(is_parsed && same_parsed);
        let (passed_before, passes_now) = (before.passed(), now.passed());
        match (passed_before, passes_now) {
            (true, false) => self.broken += 1,
            (false, true) => self.fixed += 1,
            _ => self.same_verdict += 1,
        }
        self.resolved_models.before.extend(before.resolved_model.clone());
        self.resolved_models.now.extend(now.resolved_model.clone());
        self.system_fingerprints
            .before
            .extend(before.system_fingerprint.clone());
        self.system_fingerprints.now.extend(now.system_fingerprint.clone());
        let has_drifted = !same_parsed || passed_before != passes_now;
        if has_drifted && self.drifted.len() < DRIFTED_LISTED_MAX {
            self.drifted.push(DriftedExample {
                example: now.example.clone(),
                place: now.index,
                repeat: now.repeat,
                passed_before,
                passes_now,
                why: now.why(),
            });
        }
    }
}

/// What a model said, without the ids that providers give each call.
type Said<'a> = (Option<&'a str>, Option<&'a str>, Vec<(u32, &'a str, &'a str)>);

fn answer_of(outcome: &Outcome) -> Said<'_> {
    let calls = outcome.tool_calls.iter();
    let calls = calls.map(|call| (call.round, call.name.as_str(), call.arguments.as_str()));
    (outcome.text.as_deref(), outcome.refusal.as_deref(), calls.collect())
}

impl Workbench {
    /// Checks the hash of everything that a finished run rests on: version, dataset with its examples, suite with its
    /// judges, its own outcomes, and the store's audit chain. Reads all of the store's journal.
    pub fn verify_run(&self, id: RunId) -> Result<Vec<Verified>, WorkbenchError> {
        let (run, end) = self.finished_run(id)?;
        let tested = self.tested(&SubjectId::from(&run.subject))?;
        let suite = self.suite(&run.suite)?;
        let outcomes = self.store.outcomes_hash(id)?;
        let report = self.store.engine().verify().map_err(StoreError::from)?;
        let chain_fault = report.findings.first().map(|finding| {
            let more = report.findings.len() - 1;
            format!(
                "{}, byte {}: {} ({more} more)",
                finding.file(),
                finding.offset,
                finding.what
            )
        });
        let checked = |what, id: String, hash, fault| Verified { what, id, hash, fault };
        let mut verified = verify_tested(&run.subject, &tested);
        verified.extend([
            checked(
                "dataset",
                run.dataset.to_string(),
                Some(run.dataset_hash),
                self.dataset_fault(&run)?,
            ),
            checked(
                "suite",
                suite.id.to_string(),
                Some(run.suite_hash),
                fault_of(suite.verify()).or_else(|| differs(suite.content_hash, run.suite_hash)),
            ),
            checked(
                "outcomes",
                id.to_string(),
                Some(end.outcomes_hash),
                differs(outcomes, end.outcomes_hash),
            ),
            checked("audit chain", format!("{} commits", report.commits), None, chain_fault),
        ]);
        for judge in suite.content.judges() {
            let fault = match self.store.version(&judge.version)? {
                Some(version) => {
                    fault_of(version.verify()).or_else(|| differs(version.content_hash, judge.content_hash))
                }
                None => Some("it is missing".into()),
            };
            verified.push(checked(
                "judge",
                judge.version.to_string(),
                Some(judge.content_hash),
                fault,
            ));
        }
        Ok(verified)
    }

    fn dataset_fault(&self, run: &Run) -> Result<Option<String>, WorkbenchError> {
        let dataset = self.dataset(&run.dataset)?;
        let rows = self.store.rows(&dataset)?;
        let computed = DatasetVersion::hash_rows(&rows, &dataset.exclusions)?;
        if let Some(fault) = differs(computed, run.dataset_hash) {
            return Ok(Some(fault));
        }
        for row in &rows {
            let fault = match self.store.example(&row.content_hash)? {
                Some(example) => fault_of(example.verify()),
                None => Some("the record is missing".into()),
            };
            if let Some(fault) = fault {
                return Ok(Some(format!("example {}: {fault}", row.example)));
            }
        }
        Ok(None)
    }

    /// Sends a finished run's requests again, all or a sample, with the settings that it had. The new run goes on by
    /// itself; compare it with [`Workbench::drift`] when it has ended.
    pub fn reproduce_run(&self, actor: &Actor, id: RunId, extent: Extent) -> Result<RunId, WorkbenchError> {
        let (run, end) = self.finished_run(id)?;
        let selection = match (extent, &run.selection) {
            (Extent::All, selection) => selection.clone().map(|selection| (selection.places, selection.picked)),
            (Extent::Sample(count), selection) => {
                let places = pick(&end.outcomes_hash, run.example_count, count);
                let of_run = |place: &u64| match selection {
                    Some(selection) => usize::try_from(*place)
                        .ok()
                        .and_then(|at| selection.places.get(at))
                        .copied(),
                    None => Some(*place),
                };
                Some((places.iter().filter_map(of_run).collect(), Picked::Sample))
            }
        };
        let start = StartRun {
            subject: SubjectId::from(&run.subject),
            dataset: run.dataset,
            suite: run.suite,
            base: run.base,
            environment: Some(run.environment),
            context: run.context,
            settings: RunSettings {
                reuses_answers: false,
                stops_early: false,
                ..run.settings
            },
        };
        let selection = selection.map(|(places, picked)| Selection { of: id, picked, places });
        self.start_run_with(actor, &start, selection, &Tape::Off)
    }

    /// Compares a run with the one that asked the same again, outcome by outcome.
    pub fn drift(&self, of: RunId, again: RunId) -> Result<Drift, WorkbenchError> {
        let mut drift = Drift::new(of, again);
        self.store.each_outcome(again, |now| -> Result<(), WorkbenchError> {
            if let Some(before) = self.store.outcome(of, now.place())? {
                drift.push(&before, now);
            }
            Ok(())
        })?;
        Ok(drift)
    }

    pub(super) fn finished_run(&self, id: RunId) -> Result<(Run, RunEnd), WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        match self.store.run_end(id)? {
            Some(end) if end.state == EndState::Finished => Ok((run, end)),
            _ => Err(WorkbenchError::refused(
                format!("{id} has not finished: it has no result yet"),
                format!("go on with pegbox run resume {id}, or choose a finished run"),
            )),
        }
    }
}

/// What was tested is what it was then: the prompt version, or the chain version with those of its steps.
fn verify_tested(subject: &Subject, tested: &Tested) -> Vec<Verified> {
    let version = |version: &PromptVersion, recorded: ContentHash| Verified {
        what: "version",
        id: version.id.to_string(),
        hash: Some(recorded),
        fault: fault_of(version.verify()).or_else(|| differs(version.content_hash, recorded)),
    };
    let recorded = subject.content_hash();
    match tested {
        Tested::Prompt { content, .. } => vec![Verified {
            what: "version",
            id: subject.label(),
            hash: Some(recorded),
            fault: match ContentHash::of(&**content) {
                Ok(hash) => differs(hash, recorded),
                Err(error) => Some(error.to_string()),
            },
        }],
        Tested::Chain(chain, versions) => {
            let chain = Verified {
                what: "chain",
                id: chain.id.to_string(),
                hash: Some(recorded),
                fault: fault_of(chain.verify()).or_else(|| differs(chain.content_hash, recorded)),
            };
            let steps = versions.iter().map(|step| version(step, step.content_hash));
            std::iter::once(chain).chain(steps).collect()
        }
    }
}

fn fault_of(result: Result<(), DomainError>) -> Option<String> {
    result.err().map(|error| error.to_string())
}

fn differs(computed: ContentHash, recorded: ContentHash) -> Option<String> {
    (computed != recorded).then(|| format!("it hashes to {computed}, not {recorded}"))
}

/// Picks `wanted` of `count` numbers, ascending, each as likely as any other. The same run gives the same ones, so that
/// anybody can check that nobody chose them.
pub(super) fn pick(seed: &ContentHash, count: u64, wanted: u64) -> Vec<u64> {
    if wanted >= count {
        return (0..count).collect();
    }
    let mut picked = BTreeSet::new();
    for draw in 0_u64.. {
        if picked.len() as u64 == wanted {
            break;
        }
        let mut bytes = seed.as_bytes().to_vec();
        bytes.extend(draw.to_be_bytes());
        let drawn = ContentHash::of_bytes(&bytes);
        let number = drawn
            .as_bytes()
            .iter()
            .take(8)
            .fold(0, |n, byte| n << 8 | u64::from(*byte));
        // 64 bits over at most millions of places: no place is more likely than another by any amount that shows.
        picked.insert(number % count);
    }
    picked.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_and_the_same_for_the_same_run() {
        let seed = ContentHash::of_bytes(b"outcomes");
        let sample = pick(&seed, 1_000, 100);
        assert_eq!((sample.len(), sample.is_sorted()), (100, true));
        assert_eq!(sample, pick(&seed, 1_000, 100));
        assert_ne!(sample, pick(&ContentHash::of_bytes(b"others"), 1_000, 100));
        let low = sample.iter().filter(|place| **place < 500).count();
        assert!((30..70).contains(&low), "{low} of 100 are in the first half");
        assert_eq!(pick(&seed, 3, 5), [0, 1, 2]);
        assert_eq!(pick(&seed, 3, 0), [0_u64; 0]);
    }
}
