//! A promotion puts an approved version into an environment.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{DecisionId, PromotionId, ReviewId, RunId, VersionId};
use super::reason::Reason;
use super::review::Approval;
use super::time::Timestamp;

/// Where a version can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Being written.
    Draft,
    /// Being tried.
    Experiment,
    /// Before production.
    Staging,
    /// Live.
    Production,
    /// Out of use.
    Archived,
}

impl Environment {
    /// All of them, from first to last.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Experiment,
        Self::Staging,
        Self::Production,
        Self::Archived,
    ];

    /// The word in commands and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Experiment => "experiment",
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Archived => "archived",
        }
    }

    /// The word in ids: `prod` for production, the full word otherwise.
    pub fn short(self) -> &'static str {
        match self {
            Self::Production => "prod",
            other => other.as_str(),
        }
    }

    /// Reads the word of an id.
    pub fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.short() == word)
    }

    /// Whether a version enters only by an approved review.
    pub fn needs_review(self) -> bool {
        matches!(self, Self::Staging | Self::Production)
    }
}

impl FromStr for Environment {
    type Err = DomainError;
    fn from_str(word: &str) -> Result<Self, DomainError> {
        Self::ALL
            .into_iter()
            .find(|e| e.as_str() == word || e.short() == word)
            .ok_or_else(|| DomainError::BadName {
                what: "environment",
                given: word.into(),
                why: "use draft, experiment, staging, production or archived".into(),
            })
    }
}

/// One immutable promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// Its id.
    pub id: PromotionId,
    /// What was put there.
    pub version: VersionId,
    /// Its content.
    pub content_hash: ContentHash,
    /// What stood there before.
    pub replaces: Option<PromotionId>,
    /// The review that approved it.
    pub review: ReviewId,
    /// The decision that approved it.
    pub approved_by: DecisionId,
    /// The run that the approval rests on.
    pub run: RunId,
    /// Who promoted.
    pub promoted_by: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub promoted_at: Timestamp,
}

impl Promotion {
    /// Builds a promotion from an approval for this very environment.
    pub fn new(
        id: PromotionId,
        approval: &Approval,
        replaces: Option<PromotionId>,
        promoted_by: Actor,
        reason: Reason,
        promoted_at: Timestamp,
    ) -> Result<Self, DomainError> {
        let review = approval.review();
        if review.environment != id.environment || review.version.prompt != id.prompt {
            return Err(DomainError::NotAllowed(format!(
                "{} is for {} in {}, not for {id}",
                review.id,
                review.version,
                review.environment.as_str()
            )));
        }
        Ok(Self {
            version: review.version.clone(),
            content_hash: review.content_hash,
            replaces,
            review: review.id,
            approved_by: approval.decision().id,
            run: review.run,
            promoted_by,
            reason,
            promoted_at,
            id,
        })
    }
}
