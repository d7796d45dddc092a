//! The store itself: its health, its numbers, its policy.

use std::path::Path;
use std::sync::Arc;

use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::person::Role;
use crate::domain::policy::Policy;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
pub use crate::store::Chain;
use crate::store::embedded::EmbeddedEngine;
use crate::store::embedded::backup::{self, Backup};
pub use crate::store::embedded::{Inspection, Loss};
pub use crate::store::engine::{Advance, EngineReport};
use crate::store::engine::{AuditRow, Compaction, EngineStats, Space, Watch};
use crate::store::verify::StoreReport;
use crate::store::{Change, Exported, Store, StoreError};

impl Workbench {
    /// Checks everything that is stored.
    pub fn verify(&self) -> Result<StoreReport, WorkbenchError> {
        Ok(self.store.verify()?)
    }

    /// Checks a store that does not open, and says why, by its journal and its seal alone. `None` where it is not for
    /// damage that it does not open.
    pub fn inspect(folder: &Path, why: &WorkbenchError) -> Option<Result<Inspection, WorkbenchError>> {
        let WorkbenchError::Store(StoreError::Engine(why)) = why else {
            return None;
        };
        let inspected = why.is_damage().then(|| EmbeddedEngine::inspect(folder, why));
        inspected.map(|inspected| Ok(inspected.map_err(StoreError::from)?))
    }

    /// Says who accepts what [`open_accepting_loss`](Self::open_accepting_loss) found to be lost, and why. With that,
    /// what follows the last sound commit is set aside, and the store is whole again.
    pub fn accept_loss(&self, actor: &Actor, loss: &Loss, reason: &str) -> Result<(), WorkbenchError> {
        let reason = Reason::new(reason)?;
        let subject = match loss.known.saturating_sub(loss.kept) {
            0 => format!("{} bytes behind commit {}", loss.bytes, loss.kept),
            1 => format!("commit {}", loss.known),
            _ => format!("commits {} to {}", loss.kept + 1, loss.known),
        };
        let subject = format!("{subject}, set aside in {}", loss.folder.display());
        let audit = self.audit(actor, Action::StoreRecover, &subject, reason.as_str())?;
        Change::new(audit).commit(&self.store)?;
        Ok(())
    }

    /// What the store holds, in numbers.
    pub fn stats(&self) -> Result<EngineStats, WorkbenchError> {
        Ok(self.store.engine().stats().map_err(StoreError::from)?)
    }

    /// What the store holds, by kind of record: how many, and what they take.
    pub fn spaces(&self) -> Result<Vec<Space>, WorkbenchError> {
        Ok(self.store.engine().spaces().map_err(StoreError::from)?)
    }

    /// Drops what nobody can ask for any more: values that later ones replaced. The audit chain stays as it is.
    pub fn compact(&self, actor: &Actor, watch: Watch<'_>) -> Result<Compaction, WorkbenchError> {
        self.permit(actor, Action::StoreCompact)?;
        Ok(self.store.engine().compact(watch).map_err(StoreError::from)?)
    }

    /// Removes the traces of production requests that began before a moment, and says how many those were. Their values
    /// go with the next compaction; that they were there stays in the audit chain.
    pub fn expire_traces(&self, actor: &Actor, before: Timestamp) -> Result<u64, WorkbenchError> {
        self.permit(actor, Action::TraceExpire)?;
        let (mut expired, mut after) = (0, None);
        loop {
            let (older, last) = self.store.traces_before(before, after.as_ref())?;
            if !older.is_empty() {
                let reason = format!("{} traces from before {before}", older.len());
                let change = Change::new(self.audit(actor, Action::TraceExpire, &"traces", &reason)?);
                let removed = older.iter().try_fold(change, Change::remove_trace)?;
                removed.commit(&self.store)?;
                expired += older.len() as u64;
            }
            if last.is_none() {
                return Ok(expired);
            }
            after = last;
        }
    }

    /// Writes everything as plain text into a folder that is empty or absent.
    pub fn export_store(&self, to: &Path, watch: Watch<'_>) -> Result<Exported, WorkbenchError> {
        Ok(backup::fill_folder(to, |to| self.store.export(to, watch))?)
    }

    /// Makes a store of an export, in a folder that is empty or absent.
    pub fn import_store(from: &Path, to: &Path, chain: Chain, watch: Watch<'_>) -> Result<Exported, WorkbenchError> {
        let import = |engine| Store::new(Arc::new(engine)).import(from, chain, watch);
        Ok(backup::build(to, import)?)
    }

    /// Backs up the store in a folder, which may be in use, into a folder that is empty or absent.
    pub fn back_up_store(store: &Path, to: &Path, watch: Watch<'_>) -> Result<Backup, WorkbenchError> {
        let made = backup::back_up(store, to, watch);
        Ok(made.map_err(StoreError::from)?)
    }

    /// Makes a store of a backup, in a folder that is empty or absent.
    pub fn restore_store(from: &Path, to: &Path, watch: Watch<'_>) -> Result<Backup, WorkbenchError> {
        let restored = backup::restore(from, to, watch);
        Ok(restored.map_err(StoreError::from)?)
    }

    /// Entries of the audit chain from a sequence number on.
    pub fn audit_page(&self, from_sequence: u64, limit: usize) -> Result<Vec<AuditRow>, WorkbenchError> {
        Ok(self
            .store
            .engine()
            .audit_page(from_sequence, limit)
            .map_err(StoreError::from)?)
    }

    /// The rules of this store.
    pub fn policy(&self) -> Result<Policy, WorkbenchError> {
        Ok(self.store.policy()?)
    }

    /// Sets the rules of this store.
    pub fn set_policy(&self, actor: &Actor, policy: &Policy, reason: &str) -> Result<(), WorkbenchError> {
        let change = |known: &mut Policy| known.clone_from(policy);
        self.change_policy(actor, change, reason).map(drop)
    }

    /// Changes the rules of this store, from what they are at that moment, and gives what they are now.
    pub fn change_policy(
        &self,
        actor: &Actor,
        change: impl FnOnce(&mut Policy),
        reason: &str,
    ) -> Result<Policy, WorkbenchError> {
        self.permit(actor, Action::PolicySet)?;
        let reason = Reason::new(reason)?;
        let _alone = self.changing_people();
        let mut policy = self.policy()?;
        change(&mut policy);
        policy.check()?;
        self.check_names(&policy)?;
        let audit = self.audit(actor, Action::PolicySet, &"policy", reason.as_str())?;
        Change::new(audit).put_policy(&policy)?.commit(&self.store)?;
        Ok(policy)
    }
    /// The suites of a policy are there, and its approvers are reviewers, where people are listed.
    fn check_names(&self, policy: &Policy) -> Result<(), WorkbenchError> {
        let people = self.people()?;
        for environment in Policy::ENVIRONMENTS {
            let rules = policy.rules(environment);
            for suite in &rules.suites {
                found(self.store.newest_suite(suite)?, "suite", suite)?;
            }
            let reviews = |name: &Actor| people.find(name).is_some_and(|person| person.acts_as(Role::Reviewer));
            if let Some(name) = rules.approvers.iter().find(|name| !people.is_empty() && !reviews(name)) {
                return Err(WorkbenchError::refused(
                    format!("{name} is not a reviewer of this store, and could not approve"),
                    format!("give the role first: pegbox user change {name} --add-role reviewer"),
                ));
            }
        }
        Ok(())
    }
}
