//! Layout 1 of the policy: before rules for each environment.

use serde::{Deserialize, Serialize};

use crate::domain::policy::{Policy, SelfApproval, SimulatedEvidence};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Policy1 {
    simulated_evidence: SimulatedEvidence,
    self_approval: SelfApproval,
}

impl From<Policy1> for Policy {
    fn from(old: Policy1) -> Self {
        Self {
            simulated_evidence: old.simulated_evidence,
            ..Self::default()
        }
        .with_self_approval(old.self_approval)
    }
}
