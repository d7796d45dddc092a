//! What a run tests: a prompt version, a chain version, or a variant of a version.

use serde::{Deserialize, Serialize};

use super::hash::ContentHash;
use super::ids::{ChainVersionId, VersionId};
use super::variant::VariantId;

/// What a run tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A prompt version and the hash of its content.
    Prompt {
        /// The version.
        version: VersionId,
        /// Its content hash when the run began.
        content_hash: ContentHash,
    },
    /// A chain version and the hash of its content.
    Chain {
        /// The chain version.
        chain: ChainVersionId,
        /// Its content hash when the run began.
        content_hash: ContentHash,
    },
    /// A version with something changed that nobody committed: no evidence for a release.
    Variant {
        /// The version that it is made of.
        of: VersionId,
        /// The variant.
        variant: VariantId,
        /// SHA-256 of the prompt that it sends.
        content_hash: ContentHash,
        /// What is changed, as [`super::variant::VariantChange`] says it.
        change: String,
    },
}

impl Subject {
    /// The hash that a review must find unchanged.
    pub fn content_hash(&self) -> ContentHash {
        match self {
            Self::Prompt { content_hash, .. }
            | Self::Chain { content_hash, .. }
            | Self::Variant { content_hash, .. } => *content_hash,
        }
    }

    /// The id as people read it.
    pub fn label(&self) -> String {
        match self {
            Self::Prompt { version, .. } => version.to_string(),
            Self::Chain { chain, .. } => chain.to_string(),
            Self::Variant { of, change, .. } => format!("{of} {change}"),
        }
    }

    /// The prompt version, where the subject is one: only then can a run be evidence for its release.
    pub fn version(&self) -> Option<&VersionId> {
        match self {
            Self::Prompt { version, .. } => Some(version),
            Self::Chain { .. } | Self::Variant { .. } => None,
        }
    }

    /// The prompt version, or the one that the variant is made of.
    pub fn version_or_origin(&self) -> Option<&VersionId> {
        match self {
            Self::Prompt { version, .. } => Some(version),
            Self::Variant { of, .. } => Some(of),
            Self::Chain { .. } => None,
        }
    }
}
