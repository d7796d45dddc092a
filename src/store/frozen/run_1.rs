//! Layout 1 of runs and their ends: before repeats, caps, deadlines, selections, reused answers and early stops.

use serde::{Deserialize, Serialize};

use super::gate_1::{Gate1, MetricResult1};
use crate::domain::actor::Actor;
use crate::domain::gate::Gate;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{DatasetVersionId, RunId, SuiteVersionId, VersionId};
use crate::domain::judgement::JudgingTotals;
use crate::domain::metric::MetricResult;
use crate::domain::money::UsdNanos;
use crate::domain::promotion::Environment;
use crate::domain::run::{AnswerSource, EndState, Run, RunEnd, RunSettings, RunTotals, RuntimeContext, Subject};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct RunSettings1 {
    concurrency: u32,
    attempts_max: u32,
    timeout_ms: u64,
    base_url: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Run1 {
    id: RunId,
    subject: Subject,
    base: Option<VersionId>,
    environment: Environment,
    dataset: DatasetVersionId,
    dataset_hash: ContentHash,
    example_count: u64,
    suite: SuiteVersionId,
    suite_hash: ContentHash,
    context: RuntimeContext,
    settings: RunSettings1,
    answers: AnswerSource,
    started_by: Actor,
    started_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct RunTotals1 {
    saved: u64,
    passed: u64,
    failed: u64,
    errored: u64,
    retried: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost: UsdNanos,
    cost_unknown: u64,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct RunEnd1 {
    run: RunId,
    state: EndState,
    totals: RunTotals1,
    results: Vec<MetricResult1>,
    gate: Option<Gate1>,
    outcomes_hash: ContentHash,
    resolved_models: Vec<String>,
    ended_at: Timestamp,
}

impl From<Run1> for Run {
    fn from(old: Run1) -> Self {
        Self {
            id: old.id,
            subject: old.subject,
            base: old.base,
            environment: old.environment,
            dataset: old.dataset,
            dataset_hash: old.dataset_hash,
            example_count: old.example_count,
            selection: None,
            suite: old.suite,
            suite_hash: old.suite_hash,
            context: old.context,
            settings: RunSettings {
                concurrency: old.settings.concurrency,
                attempts_max: old.settings.attempts_max,
                timeout_ms: old.settings.timeout_ms,
                base_url: old.settings.base_url,
                ..RunSettings::default()
            },
            answers: old.answers,
            prices: Vec::new(),
            started_by: old.started_by,
            started_at: old.started_at,
        }
    }
}

impl From<RunEnd1> for RunEnd {
    fn from(old: RunEnd1) -> Self {
        Self {
            run: old.run,
            state: old.state,
            totals: RunTotals {
                saved: old.totals.saved,
                passed: old.totals.passed,
                failed: old.totals.failed,
                errored: old.totals.errored,
                retried: old.totals.retried,
                input_tokens: old.totals.input_tokens,
                output_tokens: old.totals.output_tokens,
                cost: old.totals.cost,
                cost_unknown: old.totals.cost_unknown,
                reused: 0,
                reused_steps: 0,
                judging: JudgingTotals::default(),
            },
            results: old.results.into_iter().map(MetricResult::from).collect(),
            gate: old.gate.map(Gate::from),
            outcomes_hash: old.outcomes_hash,
            resolved_models: old.resolved_models,
            ended_at: old.ended_at,
            confusions: Vec::new(),
            against_base: None,
            paths: Vec::new(),
            latencies: None,
        }
    }
}
