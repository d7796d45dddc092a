//! Layout 3 of the ends of runs: before reused answers of steps, reused judgements, and the latencies that a run shows.

use serde::{Deserialize, Serialize};

use crate::domain::confusion::Confusion;
use crate::domain::gate::Gate;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::judgement::JudgingTotals;
use crate::domain::metric::MetricResult;
use crate::domain::money::UsdNanos;
use crate::domain::path_result::PathResult;
use crate::domain::run::{AgainstBase, EndState, RunEnd, RunTotals};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct JudgingTotals3 {
    judgements: u64,
    errored: u64,
    simulated: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost: UsdNanos,
    cost_unknown: u64,
    unstable: u64,
}

#[derive(Serialize, Deserialize)]
struct RunTotals3 {
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
    judging: JudgingTotals3,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct RunEnd3 {
    run: RunId,
    state: EndState,
    totals: RunTotals3,
    results: Vec<MetricResult>,
    gate: Option<Gate>,
    outcomes_hash: ContentHash,
    resolved_models: Vec<String>,
    ended_at: Timestamp,
    confusions: Vec<Confusion>,
    against_base: Option<AgainstBase>,
    paths: Vec<PathResult>,
}

impl From<JudgingTotals3> for JudgingTotals {
    fn from(old: JudgingTotals3) -> Self {
        Self {
            judgements: old.judgements,
            errored: old.errored,
            simulated: old.simulated,
            input_tokens: old.input_tokens,
            output_tokens: old.output_tokens,
            cost: old.cost,
            cost_unknown: old.cost_unknown,
            unstable: old.unstable,
            reused: 0,
        }
    }
}

impl From<RunTotals3> for RunTotals {
    fn from(old: RunTotals3) -> Self {
        Self {
            saved: old.saved,
            passed: old.passed,
            failed: old.failed,
            errored: old.errored,
            retried: old.retried,
            input_tokens: old.input_tokens,
            output_tokens: old.output_tokens,
            cost: old.cost,
            cost_unknown: old.cost_unknown,
            reused: old.reused,
            reused_steps: 0,
            judging: old.judging.into(),
        }
    }
}

impl From<RunEnd3> for RunEnd {
    fn from(old: RunEnd3) -> Self {
        Self {
            run: old.run,
            state: old.state,
            totals: old.totals.into(),
            results: old.results,
            gate: old.gate,
            outcomes_hash: old.outcomes_hash,
            resolved_models: old.resolved_models,
            ended_at: old.ended_at,
            confusions: old.confusions,
            against_base: old.against_base,
            paths: old.paths,
            latencies: None,
        }
    }
}
