//! Layout 1 of suites: before graders that look at one step of a chain.

use serde::{Deserialize, Serialize};

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
    metrics: Vec<Metric>,
    thresholds: Vec<Threshold>,
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
                metrics: old.content.metrics,
                thresholds: old.content.thresholds,
                slices: old.content.slices,
                policy: old.content.policy,
            },
            content_hash: old.content_hash,
            author: old.author,
            reason: old.reason,
            created_at: old.created_at,
        }
    }
}
