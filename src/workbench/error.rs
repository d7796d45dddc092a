//! What went wrong, for whom it matters: one kind for each exit code, and a hint that says what to do.

use crate::domain::DomainError;
use crate::releases::ReleaseError;
use crate::store::StoreError;
use crate::store::engine::EngineError;

/// Why the workbench did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WorkbenchError {
    /// A named thing is not there.
    #[error("no {what} named {id}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// The name that was given.
        id: String,
    },
    /// A rule forbids it.
    #[error("refused: {why}")]
    Refused {
        /// The rule, with the facts.
        why: String,
        /// What to do instead.
        hint: String,
    },
    /// What was given cannot be used.
    #[error("{why}")]
    Invalid {
        /// What is wrong with it, and where.
        why: String,
        /// What to do instead.
        hint: String,
    },
    /// The store is damaged, busy, full or unreadable.
    #[error(transparent)]
    Store(StoreError),
    /// The provider did not answer as it should.
    #[error("{why}")]
    Provider {
        /// What happened.
        why: String,
        /// What to do.
        hint: String,
    },
}

/// The kinds of error, as exit codes and screens tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// What was given cannot be used.
    Invalid,
    /// A named thing is not there.
    NotFound,
    /// A rule forbids it.
    Refused,
    /// The store is damaged or unavailable.
    Store,
    /// The provider failed.
    Provider,
}

/// An error that is ready to show: what failed, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What failed, which thing, why.
    pub what: String,
    /// What to do; begins with a verb.
    pub hint: String,
}

impl From<DomainError> for WorkbenchError {
    fn from(e: DomainError) -> Self {
        Self::Provider {
            why: e.to_string(),
            hint: String::new(),
        }
    }
}
