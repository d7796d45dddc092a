//! Layout 1 of suites: before graders that look at one step of a chain, and what [`super::gate_1`] says.

use serde::{Deserialize, Serialize};

use super::gate_1::{Metric1, Threshold1};
use crate::domain::actor::Actor;
use crate::domain::gate::GatePolicy;
use crate::domain::grader::{Grader, GraderKind};
use crate::domain::hash::ContentHash;
use crate::domain::ids::SuiteVersionId;
use crate::domain::metric::Metric;
use crate::domain::reason::Reason;
use crate::domain::suite::{SuiteContent, SuiteVersion, Threshold};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct Grader1 {
    name: String,
    kind: GraderKind,
}

#[derive(Serialize, Deserialize)]
struct SuiteContent1 {
    description: String,
    graders: Vec<Grader1>,
    metrics: Vec<Metric1>,
    thresholds: Vec<Threshold1>,
    slices: Vec<String>,
    policy: GatePolicy,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SuiteVersion1 {
    id: SuiteVersionId,
    content: SuiteContent1,
    content_hash: ContentHash,
    author: Actor,
    reason: Reason,
    created_at: Timestamp,
}

impl From<SuiteVersion1> for SuiteVersion {
    fn from(old: SuiteVersion1) -> Self {
        let grader = |grader: Grader1| Grader {
            name: grader.name,
            kind: grader.kind,
            step: None,
        };
        Self {
            id: old.id,
            content: SuiteContent {
                description: old.content.description,
                graders: old.content.graders.into_iter().map(grader).collect(),
                metrics: old.content.metrics.into_iter().map(Metric::from).collect(),
                thresholds: old.content.thresholds.into_iter().map(Threshold::from).collect(),
                slices: old.content.slices,
                policy: old.content.policy,
                crossings: Vec::new(),
                bins: Vec::new(),
                cluster: None,
            },
            content_hash: old.content_hash,
            author: old.author,
            reason: old.reason,
            created_at: old.created_at,
        }
    }
}
