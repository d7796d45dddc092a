//! The rules of one store that its owner sets.

use serde::{Deserialize, Serialize};

/// Whether results of the simulated model may carry a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SimulatedEvidence {
    /// They never do: the rule for every real store.
    #[default]
    Refused,
    /// They do, since nothing in this store is real: the demo.
    Accepted,
}

/// Whether the author of a version may be the one who approves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfApproval {
    /// Someone else must approve.
    Refused,
    /// Fine for a person who works alone.
    #[default]
    Allowed,
}

/// The policy of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Policy {
    /// Whether simulated results count.
    pub simulated_evidence: SimulatedEvidence,
    /// Whether authors may approve their own versions.
    pub self_approval: SelfApproval,
}
