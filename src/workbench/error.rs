//! What went wrong, for whom it matters: one kind for each exit code, and a hint that says what to do.

use super::DraftView;
use crate::domain::DomainError;
use crate::interchange::InterchangeError;
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
    /// A draft is another than the one that was typed over: nothing was saved.
    #[error("refused: {why}")]
    DraftOvertaken {
        /// What became of the draft.
        why: String,
        /// What stands there now.
        found: Box<DraftView>,
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

impl WorkbenchError {
    /// What cannot be used, and what to do instead.
    pub fn invalid(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid {
            why: why.into(),
            hint: hint.into(),
        }
    }

    /// What a rule forbids, and what to do instead.
    pub fn refused(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused {
            why: why.into(),
            hint: hint.into(),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::NotFound { .. } => FaultKind::NotFound,
            Self::Refused { .. } | Self::DraftOvertaken { .. } => FaultKind::Refused,
            Self::Invalid { .. } => FaultKind::Invalid,
            Self::Store(_) => FaultKind::Store,
            Self::Provider { .. } => FaultKind::Provider,
        }
    }

    /// What to do; begins with a verb.
    pub fn hint(&self) -> String {
        match self {
            Self::NotFound { what, .. } => format!("list what is there with pegbox {} list", list_verb(what)),
            Self::Refused { hint, .. } | Self::Invalid { hint, .. } | Self::Provider { hint, .. } => hint.clone(),
            Self::DraftOvertaken { found, .. } => {
                let prompt = &found.draft.prompt;
                format!("look at what is there with pegbox prompt show {prompt}, and put yours into it")
            }
            Self::Store(StoreError::Engine(error)) => error.hint().to_owned(),
            Self::Store(_) => "check the store with pegbox store verify".into(),
        }
    }
}

/// The command group that lists such things.
fn list_verb(what: &str) -> &str {
    match what {
        "prompt" | "version" | "draft" => "prompt",
        "dataset" | "example" => "dataset",
        "suite" => "suite",
        "chain" => "chain",
        "model" => "model",
        "review" | "decision" => "review",
        "promotion" | "release" => "release",
        "person" => "user",
        _ => "run",
    }
}

impl From<&WorkbenchError> for Fault {
    fn from(error: &WorkbenchError) -> Self {
        Self {
            what: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<StoreError> for WorkbenchError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Domain(rule) => rule.into(),
            StoreError::Engine(EngineError::Conflict { .. }) => Self::refused(
                "somebody else changed the same thing at the same moment: nothing was done",
                "look again and repeat it if it still applies",
            ),
            StoreError::Engine(EngineError::TooLarge { .. }) => Self::invalid(error.to_string(), "make it smaller"),
            StoreError::NotImported { .. } => Self::invalid(
                error.to_string(),
                "correct it, or export again; --new-chain takes records that were changed on purpose",
            ),
            StoreError::ChangedMeanwhile => Self::refused(error.to_string(), "export when nothing runs"),
            other => Self::Store(other),
        }
    }
}

impl From<DomainError> for WorkbenchError {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::NotAllowed(why) => Self::refused(
                why,
                "see pegbox status for what waits, and pegbox release list for what is live",
            ),
            DomainError::NotPermitted { why, ask } => Self::refused(why, ask),
            DomainError::HashMismatch { .. } => Self::Store(StoreError::Domain(error)),
            other => Self::invalid(other.to_string(), "correct it and try again"),
        }
    }
}

impl From<ReleaseError> for WorkbenchError {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::NotFound { what, id } => Self::NotFound { what, id },
            ReleaseError::Refused(rule) => rule.into(),
            ReleaseError::Store(store) => store.into(),
            ReleaseError::Overtaken { .. } => {
                Self::refused(error.to_string(), "look again and repeat it if it still applies")
            }
        }
    }
}

impl From<InterchangeError> for WorkbenchError {
    fn from(error: InterchangeError) -> Self {
        Self::invalid(error.to_string(), error.hint())
    }
}
