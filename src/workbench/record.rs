//! The tuning-run record: one run as other tools read it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::WorkbenchError;
use crate::domain::decision::Decision;
use crate::domain::gate::Gate;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::metric::MetricResult;
use crate::domain::model::ModelConfig;
use crate::domain::promotion::Environment;
use crate::domain::run::{AnswerSource, Run, RunEnd, RunState, RunTotals, RuntimeContext};

/// The model fields of the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordModel {
    /// The provider.
    pub provider: String,
    /// The model's name as asked for.
    pub name: String,
    /// The temperature.
    pub temperature: Option<f64>,
    /// The limit of generated tokens.
    pub max_tokens: Option<u32>,
    /// `text`, `json_object`, or the schema's name and version.
    pub response_format: String,
}

/// The dataset fields of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordDataset {
    /// The dataset.
    pub name: String,
    /// Its label.
    pub version: String,
    /// How many examples.
    pub example_count: u64,
}

/// The suite fields of the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordEval {
    /// The suite.
    pub suite: String,
    /// Its version, as `v8`.
    pub version: String,
    /// Each threshold's value, by metric; a slice's as `metric[field=value]`.
    pub thresholds: BTreeMap<String, f64>,
}

/// One run. The fields up to `rollback_target` are fixed; further ones may follow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuningRecord {
    /// The run.
    pub run_id: String,
    /// The prompt.
    pub workflow: String,
    /// The version that was tested.
    pub prompt_version: String,
    /// The version that it is compared with.
    pub base_prompt_version: Option<String>,
    /// Where the version was when it was tested.
    pub environment: Environment,
    /// The model.
    pub model: RecordModel,
    /// The data.
    pub dataset: RecordDataset,
    /// The checks.
    pub eval: RecordEval,
    /// Each metric's value over the whole run; `null` where undefined.
    pub results: BTreeMap<String, Option<f64>>,
    /// What was decided about it; until then what the gate advises.
    pub decision: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where a roll back goes if the version is released: the release that is live, or the target of its own release.
    pub rollback_target: Option<String>,
    /// `gate` or the person who decided.
    pub decided_by: Option<String>,
    /// Where the run stands.
    pub state: RunState,
    /// Whether a model or the simulated one answered.
    pub answers: AnswerSource,
    /// Content of the version.
    pub content_hash: ContentHash,
    /// Content of the dataset version.
    pub dataset_hash: ContentHash,
    /// Content of the suite version.
    pub suite_hash: ContentHash,
    /// Models that answered.
    pub resolved_models: Vec<String>,
    /// What surrounded it.
    pub runtime_context: RuntimeContext,
    /// Counts and sums.
    pub totals: RunTotals,
    /// Each result with its counts and interval, over the whole run and by slice.
    pub metrics: Vec<MetricResult>,
    /// The gate with its rules.
    pub gate: Option<Gate>,
    /// Who started it.
    pub started_by: String,
    /// When, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339.
    pub ended_at: Option<String>,
}
