//! Prompts, drafts and versions.

use serde::Serialize;

use super::WorkbenchError;
use crate::domain::actor::Actor;
use crate::domain::diff::PromptDiff;
use crate::domain::draft::Draft;
use crate::domain::ids::{PromptName, VersionId};
use crate::domain::prompt::{Prompt, PromptContent};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::domain::version::{ChangeKind, ChangeReason, PromptVersion};
use crate::interchange::prompt_document::{self, LintMark, Severity};
use crate::store::Change;

/// A prompt's text: the draft, or a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptRef {
    /// The draft of a prompt.
    Draft(PromptName),
    /// A version.
    Version(VersionId),
}

impl PromptRef {
    /// Reads `support_triage` as its draft and `support_triage_v12` as that version.
    pub fn parse(text: &str) -> Result<Self, WorkbenchError> {
        if let Ok(version) = text.parse() {
            return Ok(Self::Version(version));
        }
        let name = text.strip_suffix(" draft").unwrap_or(text);
        Ok(Self::Draft(PromptName::new(name)?))
    }
}

impl std::fmt::Display for PromptRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Draft(name) => write!(f, "{name} draft"),
            Self::Version(id) => write!(f, "{id}"),
        }
    }
}

/// A draft as the editor opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftView {
    /// The draft; not stored yet where it is still equal to its base.
    pub draft: Draft,
    /// Whether it is stored.
    pub is_stored: bool,
    /// What is wrong with it.
    pub marks: Vec<LintMark>,
}

/// Two prompt contents beside each other.
#[derive(Debug, Clone, PartialEq)]
pub struct DiffView {
    /// What stands on the left.
    pub old: String,
    /// What stands on the right.
    pub new: String,
    /// The difference.
    pub diff: PromptDiff,
}

/// Why a version is to be made, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitReason {
    /// What kind of cause.
    pub kind: ChangeKind,
    /// In words.
    pub text: String,
    /// A ticket, a run, a thread.
    pub link: Option<String>,
}
