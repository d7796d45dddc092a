//! The path of a version into production: review, decision, promotion, roll back.
//! May use: domain, stats, store, text.
//! Must never: ask who the user may be, or draw.

pub mod promote;
pub mod review;
pub mod rollback;

use crate::domain::DomainError;
use crate::domain::actor::Actor;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::engine::{AuditEntry, EngineError};
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
}

impl Act {
    /// The audit entry of this act.
    pub fn audit(&self, action: &str, subject: &impl ToString) -> AuditEntry {
        AuditEntry {
            at_ms: self.at.0,
            actor: self.actor.to_string(),
            action: action.to_owned(),
            subject: subject.to_string(),
            reason: self.reason.to_string(),
        }
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

/// Commits a step. Two people who act on the same thing take the same next id, and exactly one of them gets it.
fn commit(change: Change, store: &Store, subject: &impl ToString) -> Result<(), ReleaseError> {
    match change.commit(store) {
        Ok(_) => Ok(()),
        Err(StoreError::Engine(EngineError::Conflict { .. })) => Err(ReleaseError::Overtaken {
            subject: subject.to_string(),
        }),
        Err(other) => Err(other.into()),
    }
}
