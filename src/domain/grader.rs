//! A grader looks at one outcome and says pass or fail, with an explanation.

use serde::{Deserialize, Serialize};

use super::json::SourceJson;

/// A named check of one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grader {
    /// Its name within the suite.
    pub name: String,
    /// What it checks.
    pub kind: GraderKind,
}

/// What a grader checks. `field` is a dotted path into the parsed answer; without one the answer's text is meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraderKind {
    /// The whole answer equals the expected value; blank space at both ends does not count.
    ExactMatch {
        /// Whether upper and lower case differ.
        case: CaseRule,
    },
    /// One field of the parsed answer equals the expected one.
    FieldMatch {
        /// Path in the parsed answer.
        field: String,
        /// Path in the expected value; the same as `field` where not given.
        expected_field: Option<String>,
    },
    /// The answer is JSON.
    JsonValid,
    /// The answer is JSON that a schema accepts.
    JsonSchema {
        /// The schema; the version's own response schema where not given.
        schema: Option<SourceJson>,
    },
    /// A regular expression matches.
    Regex {
        /// The expression.
        pattern: String,
        /// Path in the parsed answer, or the text.
        field: Option<String>,
    },
    /// A number is near the expected one.
    NumericTolerance {
        /// Path in the parsed answer; without one, the last number in the text.
        field: Option<String>,
        /// Path in the expected value; without one, the last number in it.
        expected_field: Option<String>,
        /// Allowed absolute difference.
        absolute: f64,
        /// Allowed difference as a share of the expected value.
        relative: f64,
    },
    /// The answer contains a text.
    Contains {
        /// The text; the expected value where not given.
        text: Option<String>,
        /// Whether upper and lower case differ.
        case: CaseRule,
    },
}

/// Whether upper and lower case differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseRule {
    /// They differ.
    #[default]
    Sensitive,
    /// They do not.
    Insensitive,
}

impl GraderKind {
    /// The word in suite files.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::ExactMatch { .. } => "exact_match",
            Self::FieldMatch { .. } => "field_match",
            Self::JsonValid => "json_valid",
            Self::JsonSchema { .. } => "json_schema",
            Self::Regex { .. } => "regex",
            Self::NumericTolerance { .. } => "numeric_tolerance",
            Self::Contains { .. } => "contains",
        }
    }
}

/// What a grader said of one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// The grader's name.
    pub grader: String,
    /// Whether the answer passed.
    pub passed: bool,
    /// Why, in words a person can act on.
    pub explanation: String,
}
