//! The working copy of a prompt: the only freely mutable content.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{PromptName, VersionId};
use super::time::Timestamp;

/// A draft is the prompt document as its author types it, valid or not: half a sentence must survive a crash too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The prompt that it will become a version of.
    pub prompt: PromptName,
    /// The version that it began from.
    pub base: Option<VersionId>,
    /// The whole document: settings between `+++` lines, then messages under role lines.
    pub source: String,
    /// Who saved it last.
    pub saved_by: Actor,
    /// When it was saved last.
    pub saved_at: Timestamp,
}

/// What a person last saw in the place of a draft. Who saves says it, so that nobody writes over what they never read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftSeen {
    /// A draft whose text has this hash.
    Draft(ContentHash),
    /// No draft: the newest version, or nothing yet.
    Version(Option<VersionId>),
}

impl DraftSeen {
    /// A draft with this text.
    pub fn text(source: &str) -> Self {
        Self::Draft(ContentHash::of_bytes(source.as_bytes()))
    }
}
