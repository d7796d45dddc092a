//! The categories of causes into which failures are sorted.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;

/// Where the cause of a failure most likely lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCategory {
    /// The prompt: a well-formed answer that is wrong.
    Prompt,
    /// The context lacked what was needed.
    Retrieval,
    /// A tool was called wrongly or not at all.
    Tool,
    /// The model refused, was cut off, took too long or cost too much.
    Model,
    /// The answer could not be parsed.
    Parser,
    /// The grader is wrong, or gave no verdict.
    Grader,
    /// The expected value is wrong or missing.
    Label,
    /// The provider failed.
    Provider,
}

impl FailureCategory {
    /// All categories, in the order in which dialogs offer them.
    pub const ALL: [Self; 8] = [
        Self::Prompt,
        Self::Retrieval,
        Self::Tool,
        Self::Model,
        Self::Parser,
        Self::Grader,
        Self::Label,
        Self::Provider,
    ];

    /// The word in records and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Retrieval => "retrieval",
            Self::Tool => "tool",
            Self::Model => "model",
            Self::Parser => "parser",
            Self::Grader => "grader",
            Self::Label => "label",
            Self::Provider => "provider",
        }
    }
}

impl FromStr for FailureCategory {
    type Err = DomainError;
    fn from_str(word: &str) -> Result<Self, DomainError> {
        let named = Self::ALL.into_iter().find(|category| category.as_str() == word);
        named.ok_or_else(|| DomainError::BadName {
            what: "category",
            given: word.to_owned(),
            why: format!("use one of {}", Self::ALL.map(Self::as_str).join(", ")),
        })
    }
}
