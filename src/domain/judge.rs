//! Graders that ask a model: judges, which are prompt versions, and models that turn texts into vectors.

use serde::{Deserialize, Serialize};

use super::hash::ContentHash;
use super::ids::VersionId;

/// A judge: a prompt version with its own model settings. Its hash is part of the suite, so that a suite with another
/// judge is another suite.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Judge {
    /// The prompt version.
    pub version: VersionId,
    /// The hash of its content.
    pub content_hash: ContentHash,
}

/// A grader whose verdict comes from judges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeGrader {
    /// The judges, each of which is asked.
    pub judges: Vec<Judge>,
    /// How often each is asked, at least once.
    pub repeats: u32,
    /// What they are asked.
    pub question: Question,
}

/// What a judge is asked, and when its answer passes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How good is the answer, as a number?
    Rubric {
        /// The lowest score.
        min: f64,
        /// The highest score.
        max: f64,
        /// The least average that passes, on the same scale.
        at_least: f64,
        /// How several scores become one.
        average: Average,
    },
    /// Of which class is the answer?
    Classification {
        /// The classes, in their order where they have one.
        labels: Vec<String>,
        /// Which of them pass.
        passing: PassingLabels,
    },
    /// Which of two answers is better, this one or the expected one? It is asked in both orders, and what depends on
    /// the order is a tie.
    Pairwise {
        /// Path in the expected value to the answer that it is compared with; the whole of it where not given.
        expected_field: Option<String>,
        /// What a tie is worth.
        ties: TieRule,
    },
    /// Which of two answers is better, this one or that of the base's run to the same example? Asked as the one above.
    AgainstBase {
        /// What a tie is worth.
        ties: TieRule,
    },
}

/// How several scores become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Average {
    /// Their arithmetic mean.
    #[default]
    Mean,
    /// The middle one, or the mean of the two middle ones.
    Median,
}

impl Average {
    /// The word in files and explanations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
        }
    }
}

/// Which classes pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassingLabels {
    /// These.
    Fixed(Vec<String>),
    /// The one that is the expected value.
    Expected,
    /// The one at this path in the expected value.
    Field(String),
}

/// What a tie with the other answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieRule {
    /// An answer that is as good passes.
    #[default]
    Passes,
    /// It must be better.
    Fails,
}

/// How near the answer is to the expected text in the space of an embedding model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SemanticSimilarity {
    /// The model.
    pub model: EmbeddingModel,
    /// Path in the parsed answer, or the text.
    pub field: Option<String>,
    /// Path in the expected value; the same as `field` where not given.
    pub expected_field: Option<String>,
    /// The least cosine that passes, above 0 and at most 1.
    pub at_least: f64,
}

/// A model that turns texts into vectors.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EmbeddingModel {
    /// The provider, as in prompts.
    pub provider: String,
    /// The model's name as the provider knows it.
    pub name: String,
    /// Where it answers; `None` for what the run, the environment or the provider says.
    pub base_url: Option<String>,
}

impl Question {
    /// The kind of the grader in suite files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rubric { .. } => "judge_rubric",
            Self::Classification { .. } => "judge_classification",
            Self::Pairwise { .. } | Self::AgainstBase { .. } => "judge_pairwise",
        }
    }

    /// What a tie is worth, where two answers are compared.
    pub fn ties(&self) -> Option<TieRule> {
        match self {
            Self::Pairwise { ties, .. } | Self::AgainstBase { ties } => Some(*ties),
            Self::Rubric { .. } | Self::Classification { .. } => None,
        }
    }
}
