//! The path of a version into production: review, decision, promotion, roll back.
//! May use: domain, stats, store, text.
//! Must never: ask who the user may be, or draw.

mod chains;
pub mod evidence;
pub mod promote;
mod quarantines;
pub mod review;
pub mod rollback;
mod signing;
mod suites;

use crate::domain::DomainError;
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::ids::DecisionId;
use crate::domain::origin::Origin;
use crate::domain::reason::Reason;
use crate::domain::signature::SignedStatement;
use crate::domain::time::Timestamp;
use crate::store::engine::AuditEntry;
use crate::store::{Change, Store, StoreError};

/// Who acts, why and when: what every step of the path records.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who.
    pub actor: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
    /// From where, and by which key.
    pub origin: Origin,
    /// What they signed of it, where they did. Its moment is that of the act.
    pub signed: Option<SignedStatement>,
}

impl Act {
    /// The audit entry of this act, if whoever acts may do it: without one there is no change.
    ///
    /// # Errors
    /// What it takes, what they are, and whom to ask.
    pub fn audit(&self, store: &Store, action: Action, subject: &impl ToString) -> Result<AuditEntry, ReleaseError> {
        store.permit(&self.actor, action)?;
        Ok(AuditEntry {
            at_ms: self.at.0,
            actor: self.actor.to_string(),
            action: action.as_str().to_owned(),
            subject: subject.to_string(),
            reason: self.reason.to_string(),
            origin: self.origin.clone(),
        })
    }
}

/// Why a step of the path was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A record that it needs is not there.
    #[error("no {what} named {id}")]
    NotFound {
        /// What kind of record.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A rule of the path forbids it.
    #[error("{0}")]
    Refused(#[from] DomainError),
    /// Somebody else was faster.
    #[error("somebody else changed {subject} at the same moment: nothing was done")]
    Overtaken {
        /// What both wanted to change.
        subject: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ReleaseError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Domain(rule) => Self::Refused(rule),
            other => Self::Store(other),
        }
    }
}

/// The record, or an error that names what is missing.
fn found<T>(record: Option<T>, what: &'static str, id: &impl ToString) -> Result<T, ReleaseError> {
    record.ok_or_else(|| ReleaseError::NotFound {
        what,
        id: id.to_string(),
    })
}

/// Takes a step that is recorded as a decision, on facts that still hold when it is committed.
///
/// The decision's number is read before the facts. Whatever changes them is a decision too and takes a number, so a
/// commit under a number that is still free rests on all there is. Where somebody else took the number, the facts
/// are read again: unchanged, the step is tried under the next number; changed, it is not taken.
fn take_step<Facts: PartialEq, Done>(
    store: &Store,
    subject: &impl ToString,
    look: impl Fn() -> Result<Facts, ReleaseError>,
    build: impl Fn(&Facts, DecisionId) -> Result<(Change, Done), ReleaseError>,
) -> Result<Done, ReleaseError> {
    let mut before = None;
    store.commit_numbered(|| {
        let decision = store.next_decision_id()?;
        let facts = look()?;
        if before.as_ref().is_some_and(|before| before != &facts) {
            return Err(ReleaseError::Overtaken {
                subject: subject.to_string(),
            });
        }
        let step = build(&facts, decision)?;
        before = Some(facts);
        Ok(step)
    })
}
