//! Layout 2 of the ends of runs: before the cost of judges, confusion matrices and the base run.

use serde::{Deserialize, Serialize};

use super::gate_1::{Gate1, MetricResult1};
use crate::domain::gate::Gate;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::judgement::JudgingTotals;
use crate::domain::metric::MetricResult;
use crate::domain::money::UsdNanos;
use crate::domain::run::{EndState, RunEnd, RunTotals};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct RunTotals2 {
    saved: u64,
    passed: u64,
    failed: u64,
    errored: u64,
    retried: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost: UsdNanos,
    cost_unknown: u64,
    reused: u64,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct RunEnd2 {
    run: RunId,
    state: EndState,
    totals: RunTotals2,
    results: Vec<MetricResult1>,
    gate: Option<Gate1>,
    outcomes_hash: ContentHash,
    resolved_models: Vec<String>,
    ended_at: Timestamp,
}

impl From<RunEnd2> for RunEnd {
    fn from(old: RunEnd2) -> Self {
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
                reused: old.totals.reused,
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
