//! Runs: start, follow, resume, cancel, read. A run belongs to the process, not to the screen that started it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::WorkbenchError;
use crate::domain::actor::Actor;
use crate::domain::example::Example;
use crate::domain::gate::Verdict;
use crate::domain::ids::{DatasetVersionId, ExampleId, RunId, SuiteVersionId, VersionId};
use crate::domain::metric::Measure;
use crate::domain::model::ModelConfig;
use crate::domain::outcome::Outcome;
use crate::domain::progress::{FailureLine, RunProgress};
use crate::domain::promotion::Environment;
use crate::domain::run::{EndState, Run, RunEnd, RunSettings, RunState, RuntimeContext, Subject};
use crate::domain::version::PromptVersion;
use crate::providers::{self, Endpoint, Provider};
use crate::store::Change;

/// Most requests in flight that a run may ask for.
const CONCURRENCY_MAX: u32 = 512;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRun {
    /// The version.
    pub version: VersionId,
    /// The data.
    pub dataset: DatasetVersionId,
    /// The checks.
    pub suite: SuiteVersionId,
    /// The version to compare with; what is live, or the version's base, where not given.
    pub base: Option<VersionId>,
    /// Where the version counts as tested; where it is live, or `experiment`, where not given.
    pub environment: Option<Environment>,
    /// What surrounds it.
    pub context: RuntimeContext,
    /// How requests are sent.
    pub settings: RunSettings,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// The run.
    pub run: Run,
    /// Where it stands.
    pub state: RunState,
    /// Outcomes on disk.
    pub saved: u64,
    /// Outcomes that did not pass.
    pub failed: u64,
    /// What its gate says, and why.
    pub verdict: Option<(Verdict, String)>,
}

/// A run with everything that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDetail {
    /// The run.
    pub run: Run,
    /// Its progress; after the end, its final state.
    pub progress: RunProgress,
    /// What it came to.
    pub end: Option<RunEnd>,
    /// The version that was tested.
    pub version: PromptVersion,
}

/// A failure in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRow {
    /// The example's place in the dataset version.
    pub place: u64,
    /// The example and why it failed.
    pub line: FailureLine,
    /// Whether it passed in the base's newest run; `None` where that is not known.
    pub passed_before: Option<bool>,
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
}

/// A run that this process works on.
pub(super) struct LiveRun {
    progress: watch::Receiver<RunProgress>,
    stop: watch::Sender<Stop>,
}

/// Whether a run is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Go on.
    No,
    /// Finish what is in flight, then leave the rest for a resume.
    Park,
    /// Finish what is in flight, then end for good.
    Cancel,
}

/// Two runs, example by example. Only examples with the same content are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The base run.
    pub base: RunId,
    /// What it tested.
    pub base_subject: String,
    /// The candidate run.
    pub candidate: RunId,
    /// What it tested.
    pub candidate_subject: String,
    /// Where dataset, suite or model differ; read these first.
    pub differences: Vec<String>,
    /// Failed in the base, pass now.
    pub fixed: Vec<ExampleId>,
    /// Passed in the base, fail now.
    pub broken: Vec<ExampleId>,
    /// Fail in both.
    pub still_failing: Vec<ExampleId>,
    /// Pass in both.
    pub both_right: Vec<ExampleId>,
    /// Each metric over the whole run: base, candidate.
    pub metrics: Vec<MetricChange>,
    /// Chance of so uneven flips if neither version were better: exact `McNemar`, mid-p.
    pub p_value: Option<f64>,
}

/// One metric in both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricChange {
    /// The metric.
    pub metric: String,
    /// In the base run.
    pub base: Measure,
    /// In the candidate run.
    pub candidate: Measure,
}
