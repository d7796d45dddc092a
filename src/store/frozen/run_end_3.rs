//! Layout 3 of the ends of runs: before the latencies that a run shows.

use serde::{Deserialize, Serialize};

use crate::domain::confusion::Confusion;
use crate::domain::gate::Gate;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::metric::MetricResult;
use crate::domain::path_result::PathResult;
use crate::domain::run::{AgainstBase, EndState, RunEnd, RunTotals};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct RunEnd3 {
    run: RunId,
    state: EndState,
    totals: RunTotals,
    results: Vec<MetricResult>,
    gate: Option<Gate>,
    outcomes_hash: ContentHash,
    resolved_models: Vec<String>,
    ended_at: Timestamp,
    confusions: Vec<Confusion>,
    against_base: Option<AgainstBase>,
    paths: Vec<PathResult>,
}

impl From<RunEnd3> for RunEnd {
    fn from(old: RunEnd3) -> Self {
        Self {
            run: old.run,
            state: old.state,
            totals: old.totals,
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
