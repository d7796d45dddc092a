//! The sample store: a prompt with a history, a release in production, and a candidate that looks better than it is.
//!
//! Nothing in it is a table of results. Versions, datasets, suites, runs, reviews and releases are made by the same
//! functions that everybody uses, and every number comes from the simulated model reading the prompt of that version.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::{Clock, CommitReason, Judgement, StartRun, Workbench, WorkbenchError, found};
use crate::domain::actor::Actor;
use crate::domain::ids::{DatasetLabel, DatasetName, DatasetVersionId, PromptName, RunId, SuiteVersionId, VersionId};
use crate::domain::policy::{Policy, SimulatedEvidence};
use crate::domain::promotion::Environment;
use crate::domain::reason::Reason;
use crate::domain::review::ReviewState;
use crate::domain::run::{Caps, RunSettings, RunState, RuntimeContext};
use crate::domain::time::Timestamp;
use crate::domain::version::ChangeKind;
use crate::store::embedded::EmbeddedEngine;
use crate::store::engine::Engine;

const V11: &str = include_str!("../../assets/demo/support_triage_v11.prompt.md");
const V12: &str = include_str!("../../assets/demo/support_triage_v12.prompt.md");
const TICKETS: &str = include_str!("../../assets/demo/support_triage_regression.jsonl");
const SUITE: &str = include_str!("../../assets/demo/triage_quality.toml");

/// The prompt of the demo.
pub const DEMO_PROMPT: &str = "support_triage";
/// The number of the candidate's version.
const CANDIDATE: u32 = 12;
/// The line that v12 lacks.
pub const DEMO_FIX: &str = "- a disputed charge, a chargeback";
/// The line above which it belongs.
pub const DEMO_FIX_ABOVE: &str = "- fraud, identity theft";

/// Why the store's first entry was made, by which a demo is known that never was finished.
const FIRST_REASON: &str = "a sample store in which no model is real";
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// When the history begins: 2026-02-02 09:00 UTC.
const FEBRUARY_2: Timestamp = Timestamp(1_770_022_800_000);
/// Days between two early versions.
const DAYS_PER_VERSION: i64 = 8;
/// When the tickets of spring came in: 2026-05-01 09:00 UTC.
const MAY_1: Timestamp = Timestamp(FEBRUARY_2.0 + 88 * DAY_MS);
/// When the candidate was written: 2026-06-01 09:00 UTC.
const JUNE_1: Timestamp = Timestamp(FEBRUARY_2.0 + 119 * DAY_MS);
/// Between two looks at the history's clock, in milliseconds. A run looks several times for each example, and what it
/// took is what the next run is estimated by.
const HISTORY_STEP_MS: i64 = 50;
/// Tickets that the history's early runs used.
const EARLY_TICKETS: usize = 40;
/// Tickets that the regression set had before 2026-06-01.
const MAY_TICKETS: usize = 200;
/// Routing accuracy that the suite asked for in its first seven versions: raised whenever a release had reached it.
const EARLY_THRESHOLDS: [f64; 7] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.85];
/// Versions of the history that became releases 1 to 7; v11 is release 8.
const EARLY_RELEASES: [u32; 7] = [1, 2, 4, 5, 7, 8, 10];
/// Releases that went through staging first; with v11 that makes `support_triage_staging_v4`.
const STAGED: [u32; 3] = [5, 8, 10];

/// A clock that moves on by itself and can be set, for half a year that is written in a second.
#[derive(Clone)]
struct HistoryClock(Arc<AtomicI64>);

impl HistoryClock {
    fn clock(&self) -> Clock {
        let moment = Arc::clone(&self.0);
        Arc::new(move || Timestamp(moment.fetch_add(HISTORY_STEP_MS, Ordering::Relaxed)))
    }

    fn set(&self, moment: Timestamp) {
        self.0.store(moment.0, Ordering::Relaxed);
    }
}

/// The tickets' first rows.
fn first_tickets(count: usize) -> Vec<u8> {
    TICKETS
        .lines()
        .take(count)
        .flat_map(|line| line.bytes().chain([b'\n']))
        .collect()
}

/// The threshold that the suite got with its eighth version.
const RECALL_THRESHOLD: &str = "[[thresholds]]\nmetric = \"escalation_recall\"\nat_least = 0.98\n";

/// The suite as it was: with a lower bar for routing, and none for escalation.
fn early_suite(routing_accuracy: f64) -> String {
    SUITE
        .replace("at_least = 0.94", &format!("at_least = {routing_accuracy:.2}"))
        .replace(RECALL_THRESHOLD, "")
}

/// v11 as it was when it had fewer routes and rules: everything but the last `missing` list lines.
fn early_version(missing: usize) -> String {
    let is_item = |line: &str| line.starts_with("- ");
    let items = V11.lines().filter(|line| is_item(line)).count();
    let keep = items.saturating_sub(missing);
    let mut seen = 0;
    let mut document = String::new();
    let mut is_dropped = false;
    for line in V11.lines() {
        if is_item(line) {
            seen += 1;
            is_dropped = seen > keep;
        } else if !line.starts_with("  ") {
            is_dropped = false;
        }
        if !is_dropped {
            document.push_str(line);
            document.push('\n');
        }
    }
    document
}

/// The people of the story.
struct Cast {
    anna: Actor,
    ben: Actor,
    mei: Actor,
}

impl Cast {
    fn new() -> Result<Self, WorkbenchError> {
        Ok(Self {
            anna: Actor::new("anna")?,
            ben: Actor::new("ben")?,
            mei: Actor::new("mei")?,
        })
    }
}

impl Workbench {
    /// Fills an empty store with the sample history, or finishes one whose making was stopped. Opens its own workbench
    /// over the engine, with the history's clock.
    pub fn build_demo(engine: Arc<dyn Engine>, runtime: tokio::runtime::Handle) -> Result<(), WorkbenchError> {
        let time = HistoryClock(Arc::new(AtomicI64::new(FEBRUARY_2.0)));
        let workbench = Self::over(engine, time.clock(), runtime);
        let history = History {
            workbench: &workbench,
            time,
            cast: Cast::new()?,
            prompt: PromptName::new(DEMO_PROMPT)?,
        };
        history.write()
    }

    /// Opens a demo store: the one in the folder, or a new one where the folder is empty. One whose making was stopped
    /// is finished first.
    pub fn open_demo(folder: &Path, clock: Clock, runtime: tokio::runtime::Handle) -> Result<Self, WorkbenchError> {
        let engine = EmbeddedEngine::open(folder).map_err(|error| WorkbenchError::Store(error.into()))?;
        let engine: Arc<dyn Engine> = Arc::new(engine);
        let workbench = Self::over(Arc::clone(&engine), clock, runtime.clone());
        if workbench.is_empty() || workbench.is_half_a_demo()? {
            Self::build_demo(engine, runtime)?;
        } else if !workbench.is_demo()? {
            return Err(WorkbenchError::refused(
                format!("{} holds a store that is no demo", folder.display()),
                "name an empty folder with --store, or leave it out for a temporary one",
            ));
        }
        Ok(workbench)
    }

    /// Whether the store is a demo store: its policy accepts simulated evidence and it has the demo's prompt.
    pub fn is_demo(&self) -> Result<bool, WorkbenchError> {
        let has_prompt = self.store.prompt(&PromptName::new(DEMO_PROMPT)?)?.is_some();
        Ok(has_prompt && self.policy()?.simulated_evidence == SimulatedEvidence::Accepted)
    }

    /// Whether the store begins as a demo does, and lacks the candidate, which is made last.
    fn is_half_a_demo(&self) -> Result<bool, WorkbenchError> {
        let first = self.audit_page(1, 1)?.pop();
        let is_begun = first.is_some_and(|(_, _, entry)| entry.reason == FIRST_REASON);
        let candidate = VersionId {
            prompt: PromptName::new(DEMO_PROMPT)?,
            number: CANDIDATE,
        };
        Ok(is_begun && self.store.version(&candidate)?.is_none())
    }

    /// Whether nothing was ever stored.
    pub fn is_empty(&self) -> bool {
        *self.changes().borrow() == 0
    }
}

/// Writes the history step by step. What is there already is not made again, so that a history that was stopped at any
/// moment is finished by writing it once more.
struct History<'a> {
    workbench: &'a Workbench,
    time: HistoryClock,
    cast: Cast,
    prompt: PromptName,
}

impl History<'_> {
    fn write(&self) -> Result<(), WorkbenchError> {
        let policy = Policy {
            simulated_evidence: SimulatedEvidence::Accepted,
            ..Policy::default()
        };
        if self.workbench.is_empty() {
            self.workbench.set_policy(&self.cast.anna, &policy, FIRST_REASON)?;
        }
        let smoke = self.import("support_triage_smoke", "2026-02-01", EARLY_TICKETS)?;
        self.early_history(&smoke)?;
        self.time.set(MAY_1);
        let may = self.import("support_triage_regression", "2026-05-01", MAY_TICKETS)?;
        let bar = self.early_suite_version(7)?;
        let live = self.version(11);
        let why = "account and technical tickets went to general";
        self.commit_document(&live, V11, ChangeKind::EvalFailure, why)?;
        self.release(&live, &may, &bar, true)?;
        self.candidate()
    }

    /// v1 to v10, releases 1 to 7, suites v1 to v6.
    fn early_history(&self, smoke: &DatasetVersionId) -> Result<(), WorkbenchError> {
        let reasons = [
            (ChangeKind::Requirement, "route tickets by team instead of by hand"),
            (ChangeKind::EvalFailure, "parcels went to billing"),
            (ChangeKind::Experiment, "see whether a route for accounts pays off"),
            (ChangeKind::CustomerReport, "a locked-out customer waited three days"),
            (ChangeKind::Requirement, "the app team takes its own tickets"),
            (ChangeKind::EvalFailure, "firmware tickets went to general"),
            (ChangeKind::Bug, "a smoking kettle was not escalated"),
            (ChangeKind::Requirement, "legal wants to see threats of court"),
            (ChangeKind::Experiment, "see whether naming regulators helps"),
            (ChangeKind::CustomerReport, "a chargeback was missed for a week"),
        ];
        let mut suites = 0;
        for (number, (kind, why)) in (1..).zip(reasons) {
            let day = i64::try_from(number).unwrap_or(0) - 1;
            self.time.set(Timestamp(FEBRUARY_2.0 + day * DAYS_PER_VERSION * DAY_MS));
            // v1 lacks eleven of v11's list lines, v10 one.
            let source = early_version(12_usize.saturating_sub(number));
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let version = self.version(number);
            self.commit_document(&version, &source, kind, why)?;
            if EARLY_RELEASES.contains(&number) {
                suites += 1;
                let suite = self.early_suite_version(suites.min(6))?;
                self.release(&version, smoke, &suite, STAGED.contains(&number))?;
            }
        }
        Ok(())
    }

    /// Suite v8, the June tickets, v12, and the run of v11 that v12 will be compared with.
    fn candidate(&self) -> Result<(), WorkbenchError> {
        self.time.set(JUNE_1);
        let june = self.import("support_triage_regression", "2026-06-01", usize::MAX)?;
        let suite = self.suite_version(8, SUITE, "0.94 and 0.98: what the support leads agreed on in May")?;
        self.run(&self.version(11), &june, &suite)?;
        let why = "privacy tickets have no route, and 25 of 240 tickets go to the wrong team";
        self.commit_document(&self.version(CANDIDATE), V12, ChangeKind::EvalFailure, why)
    }

    fn version(&self, number: u32) -> VersionId {
        VersionId {
            prompt: self.prompt.clone(),
            number,
        }
    }

    fn import(&self, name: &str, label: &str, count: usize) -> Result<DatasetVersionId, WorkbenchError> {
        let id = DatasetVersionId {
            name: DatasetName::new(name)?,
            label: DatasetLabel::new(label)?,
        };
        if self.workbench.store.dataset(&id)?.is_none() {
            let reason = Reason::new("tickets of the past months, labelled by the support leads")?;
            self.workbench
                .import_rows(&self.cast.mei, id.clone(), &first_tickets(count), reason)?;
        }
        Ok(id)
    }

    fn early_suite_version(&self, number: usize) -> Result<SuiteVersionId, WorkbenchError> {
        let bar = EARLY_THRESHOLDS.get(number - 1).copied().unwrap_or(0.9);
        let why = format!("routing accuracy must reach {bar:.2} from now on");
        self.suite_version(number, &early_suite(bar), &why)
    }

    /// The suite's version with this number, which is the next one where it is not there.
    fn suite_version(&self, number: usize, source: &str, why: &str) -> Result<SuiteVersionId, WorkbenchError> {
        let id: SuiteVersionId = format!("triage_quality@v{number}").parse()?;
        if self.workbench.store.suite(&id)?.is_none() {
            self.workbench.import_suite(&self.cast.mei, source, why)?;
        }
        Ok(id)
    }

    fn commit_document(
        &self,
        version: &VersionId,
        source: &str,
        kind: ChangeKind,
        why: &str,
    ) -> Result<(), WorkbenchError> {
        if self.workbench.store.version(version)?.is_some() {
            return Ok(());
        }
        if self.workbench.store.draft(&self.prompt)?.is_none() {
            let description = "Sends each support ticket to a team, and to a person where it cannot wait";
            self.workbench
                .import_prompt(&self.cast.anna, &self.prompt, description, source)?;
        }
        let reason = CommitReason {
            kind,
            text: why.to_owned(),
            link: None,
        };
        self.workbench.commit(&self.cast.anna, &self.prompt, &reason)?;
        Ok(())
    }

    fn run(
        &self,
        version: &VersionId,
        dataset: &DatasetVersionId,
        suite: &SuiteVersionId,
    ) -> Result<(), WorkbenchError> {
        let start = StartRun {
            subject: version.clone().into(),
            dataset: dataset.clone(),
            suite: suite.clone(),
            base: None,
            environment: None,
            context: RuntimeContext {
                code_revision: Some("larkspur-support 4c1f".into()),
                ..Default::default()
            },
            settings: RunSettings::default(),
        };
        let run = match self.begun_run(&start)? {
            Some((_, RunState::Finished)) => return Ok(()),
            Some((run, _)) => {
                self.workbench.resume_run(&self.cast.anna, run, Caps::default())?;
                run
            }
            None => self.workbench.start_run(&self.cast.anna, &start)?,
        };
        self.workbench.wait_run(run)?;
        Ok(())
    }

    fn begun_run(&self, start: &StartRun) -> Result<Option<(RunId, RunState)>, WorkbenchError> {
        let runs = start
            .subject
            .version()
            .map(|version| self.workbench.store.runs_of(version));
        for id in runs.transpose()?.unwrap_or_default() {
            let run = found(self.workbench.store.run(id)?, "run", &id)?;
            if run.dataset == start.dataset && run.suite == start.suite {
                return Ok(Some((id, self.workbench.progress(id)?.state)));
            }
        }
        Ok(None)
    }

    /// The whole path of one version into production.
    fn release(
        &self,
        version: &VersionId,
        dataset: &DatasetVersionId,
        suite: &SuiteVersionId,
        is_staged: bool,
    ) -> Result<(), WorkbenchError> {
        self.run(version, dataset, suite)?;
        if is_staged {
            self.promote(version, Environment::Staging)?;
        }
        self.promote(version, Environment::Production)
    }

    fn promote(&self, version: &VersionId, environment: Environment) -> Result<(), WorkbenchError> {
        let asked = self
            .workbench
            .reviews()?
            .into_iter()
            .find(|summary| &summary.review.version == version && summary.review.environment == environment);
        let (review, state) = if let Some(summary) = asked {
            (summary.review.id, summary.state)
        } else {
            let note = "better on every route that we measure";
            let review = self
                .workbench
                .request_review(&self.cast.anna, version, environment, None, note)?;
            (review.id, ReviewState::Open)
        };
        if state == ReviewState::Open {
            let why = "the gate passes and the diff says what the reason says";
            self.workbench.decide(&self.cast.ben, review, Judgement::Approve, why)?;
        }
        if state != ReviewState::Promoted {
            let why = "approved, and support is staffed to watch it";
            self.workbench.promote(&self.cast.mei, review, why)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_versions_grow_by_one_list_line() {
        let items = |document: &str| document.lines().filter(|line| line.starts_with("- ")).count();
        let all = items(V11);
        for missing in 0..12 {
            assert_eq!(items(&early_version(missing)), all - missing);
        }
        assert_eq!(early_version(0).trim_end(), V11.trim_end());
    }

    #[test]
    fn early_suites_ask_for_less() {
        assert!(SUITE.contains(RECALL_THRESHOLD));
        assert!(!early_suite(0.5).contains(RECALL_THRESHOLD) && early_suite(0.5).contains("at_least = 0.50"));
    }

    #[test]
    fn the_fix_has_its_place_in_the_candidate() {
        assert!(V12.contains(DEMO_FIX_ABOVE) && !V12.contains(DEMO_FIX));
    }
}
