//! A decision: who decided what, when, why, and on which run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{DecisionId, PromotionId, ReviewId, RunId, VersionId};
use super::reason::Reason;
use super::time::Timestamp;

/// What is the problem, where the prompt is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherCause {
    /// The right documents were not there.
    Retrieval,
    /// The rules themselves must change.
    Policy,
    /// The model must learn it.
    FineTuning,
    /// The model must be trained to follow such instructions.
    InstructionTuning,
    /// The tools, or what they answer.
    Tools,
    /// The model, its settings, or who serves it.
    Model,
    /// What judges the answers: expected values, graders, or the parser before them.
    Evaluation,
}

impl OtherCause {
    /// All causes, in the order in which dialogs offer them.
    pub const ALL: [Self; 7] = [
        Self::Retrieval,
        Self::Policy,
        Self::FineTuning,
        Self::InstructionTuning,
        Self::Tools,
        Self::Model,
        Self::Evaluation,
    ];

    /// The word in commands and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retrieval => "retrieval",
            Self::Policy => "policy",
            Self::FineTuning => "fine_tuning",
            Self::InstructionTuning => "instruction_tuning",
            Self::Tools => "tools",
            Self::Model => "model",
            Self::Evaluation => "evaluation",
        }
    }
}

impl FromStr for OtherCause {
    type Err = DomainError;
    fn from_str(word: &str) -> Result<Self, DomainError> {
        let word = word.replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|cause| cause.as_str() == word)
            .ok_or_else(|| DomainError::BadName {
                what: "cause",
                given: word,
                why: format!("use one of {}", Self::ALL.map(Self::as_str).join(", ")),
            })
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// It may be promoted.
    Approved,
    /// It may not.
    Rejected,
    /// Later.
    Paused,
    /// It was promoted, by this promotion.
    Promoted(PromotionId),
    /// It was rolled back, by this release.
    RolledBack(PromotionId),
    /// The prompt is not what has to change.
    NotAPromptProblem(OtherCause),
}

impl DecisionKind {
    /// The word in records and on screens.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Promoted(_) => "promoted",
            Self::RolledBack(_) => "rolled_back",
            Self::NotAPromptProblem(_) => "not_a_prompt_problem",
        }
    }
}

impl fmt::Display for DecisionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPromptProblem(cause) => write!(f, "{} ({})", self.as_str(), cause.as_str()),
            Self::Promoted(id) | Self::RolledBack(id) => write!(f, "{} ({id})", self.as_str()),
            _ => f.write_str(self.as_str()),
        }
    }
}

/// One immutable decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// What was decided.
    pub kind: DecisionKind,
    /// About which version.
    pub version: VersionId,
    /// Of which content.
    pub content_hash: ContentHash,
    /// In which review; a rollback needs none.
    pub review: Option<ReviewId>,
    /// The run that it rests on; a rollback may rest on none.
    pub run: Option<RunId>,
    /// Who.
    pub actor: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub decided_at: Timestamp,
}
