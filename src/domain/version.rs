//! A version of a prompt. It is built once, from checked content, and no code path changes it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::VersionId;
use super::prompt::PromptContent;
use super::reason::Reason;
use super::time::Timestamp;

/// What kind of cause a version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It did what nobody wanted.
    Bug,
    /// Somebody wants something new.
    Requirement,
    /// A run showed failures.
    EvalFailure,
    /// A customer told us.
    CustomerReport,
    /// To see what happens.
    Experiment,
}

impl ChangeKind {
    /// All kinds, in the order in which dialogs offer them.
    pub const ALL: [Self; 5] = [
        Self::Bug,
        Self::Requirement,
        Self::EvalFailure,
        Self::CustomerReport,
        Self::Experiment,
    ];

    /// The word in commands and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bug => "bug",
            Self::Requirement => "requirement",
            Self::EvalFailure => "eval_failure",
            Self::CustomerReport => "customer_report",
            Self::Experiment => "experiment",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ChangeKind {
    type Err = DomainError;
    fn from_str(word: &str) -> Result<Self, DomainError> {
        let word = word.replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| DomainError::BadName {
                what: "kind of change",
                given: word,
                why: "use bug, requirement, eval_failure, customer_report or experiment".into(),
            })
    }
}

/// Why a version was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReason {
    /// What kind of cause.
    pub kind: ChangeKind,
    /// In words.
    pub text: Reason,
    /// A ticket, a run, a thread.
    pub link: Option<String>,
}

/// One immutable version of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptVersion {
    /// Its id.
    pub id: VersionId,
    /// What it says and how it is sent.
    pub content: PromptContent,
    /// SHA-256 over the canonical JSON of `content`.
    pub content_hash: ContentHash,
    /// The version that the author began from.
    pub base: Option<VersionId>,
    /// Who made it.
    pub author: Actor,
    /// Why.
    pub reason: ChangeReason,
    /// When.
    pub committed_at: Timestamp,
}

impl PromptVersion {
    /// Builds a version from content that passes its rules.
    pub fn new(
        id: VersionId,
        content: PromptContent,
        base: Option<VersionId>,
        author: Actor,
        reason: ChangeReason,
        committed_at: Timestamp,
    ) -> Result<Self, DomainError> {
        content.check()?;
        let content_hash = ContentHash::of(&content)?;
        Ok(Self {
            id,
            content,
            content_hash,
            base,
            author,
            reason,
            committed_at,
        })
    }

    /// Checks that the content is the one that was hashed.
    pub fn verify(&self) -> Result<(), DomainError> {
        verify_hash(&self.id, self.content_hash, ContentHash::of(&self.content)?)
    }
}

/// Checks a record's hash against its content.
pub(crate) fn verify_hash(
    record: &impl fmt::Display,
    recorded: ContentHash,
    computed: ContentHash,
) -> Result<(), DomainError> {
    if computed == recorded {
        return Ok(());
    }
    Err(DomainError::HashMismatch {
        record: record.to_string(),
        recorded: recorded.to_string(),
        computed: computed.to_string(),
    })
}
