//! The store itself: its health, its numbers, its policy.

use super::{Workbench, WorkbenchError};
use crate::domain::actor::Actor;
use crate::domain::policy::Policy;
use crate::domain::reason::Reason;
use crate::store::Change;
use crate::store::engine::{AuditRow, EngineStats};
use crate::store::verify::StoreReport;

impl Workbench {
    /// Checks everything that is stored.
    pub fn verify(&self) -> Result<StoreReport, WorkbenchError> {
        Ok(self.store.verify()?)
    }

    /// What the store holds, in numbers.
    pub fn stats(&self) -> Result<EngineStats, WorkbenchError> {
        Ok(self.store.engine().stats().map_err(crate::store::StoreError::from)?)
    }

    /// Entries of the audit chain from a sequence number on.
    pub fn audit_page(&self, from_sequence: u64, limit: usize) -> Result<Vec<AuditRow>, WorkbenchError> {
        Ok(self
            .store
            .engine()
            .audit_page(from_sequence, limit)
            .map_err(crate::store::StoreError::from)?)
    }

    /// The rules of this store.
    pub fn policy(&self) -> Result<Policy, WorkbenchError> {
        Ok(self.store.policy()?)
    }

    /// Sets the rules of this store.
    pub fn set_policy(&self, actor: &Actor, policy: Policy, reason: &str) -> Result<(), WorkbenchError> {
        let reason = Reason::new(reason)?;
        let audit = self.audit(actor, "store.policy", &"policy", reason.as_str());
        Change::new(audit).put_policy(policy)?.commit(&self.store)?;
        Ok(())
    }
}
