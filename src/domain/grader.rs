//! A grader looks at one outcome and says pass or fail, with an explanation.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::json::{JsonText, SourceJson};
use super::judge::{EmbeddingModel, JudgeGrader, SemanticSimilarity};
use super::money::UsdNanos;

/// A named check of one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grader {
    /// Its name within the suite.
    pub name: String,
    /// What it checks.
    pub kind: GraderKind,
    /// The step of a chain whose answer it looks at; the last answer where not given.
    pub step: Option<String>,
}

impl Grader {
    /// A grader of the last answer.
    pub fn new(name: impl Into<String>, kind: GraderKind) -> Self {
        Self {
            name: name.into(),
            kind,
            step: None,
        }
    }
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
    /// The answer is like the expected text, letter by letter: one minus the edits that make one of the other, as a
    /// share of the characters of the longer one.
    EditDistance {
        /// Path in the parsed answer, or the text.
        field: Option<String>,
        /// Path in the expected value; the same as `field` where not given.
        expected_field: Option<String>,
        /// Whether upper and lower case differ.
        case: CaseRule,
        /// The least similarity that passes, above 0 and at most 1.
        at_least: f64,
    },
    /// The answer has the words of the expected text, in whatever order: F1 of its words.
    TokenF1 {
        /// Path in the parsed answer, or the text.
        field: Option<String>,
        /// Path in the expected value; the same as `field` where not given.
        expected_field: Option<String>,
        /// The least F1 that passes, above 0 and at most 1.
        at_least: f64,
    },
    /// The model called the expected tools.
    ToolCalls {
        /// The calls, a list for [`ExpectedCall::list`]; from the example's expected value where not given.
        calls: Option<SourceJson>,
        /// Path in the expected value at which they stand; the whole of it where not given.
        expected_field: Option<String>,
        /// How arguments are compared.
        arguments: ArgumentRule,
        /// How the order of calls counts.
        order: CallOrder,
    },
    /// What the answer cites is in the example's context.
    Citations {
        /// Where citations stand.
        source: CitationSource,
        /// Fewest different documents that must be cited.
        at_least: u64,
        /// Documents that must be cited.
        expected: ExpectedDocuments,
    },
    /// The model refused, or did not, as it should.
    Refusal {
        /// Whether it should.
        expected: RefusalRule,
    },
    /// The answer came in time.
    Latency {
        /// Longest time of all turns together, in milliseconds.
        at_most_ms: u64,
    },
    /// All tries together cost no more than this. A cost that is unknown does not pass.
    Cost {
        /// The most they may cost.
        at_most: UsdNanos,
    },
    /// A program on this machine looks at the answer.
    Command {
        /// The program and its arguments; there is no shell.
        words: Vec<String>,
        /// How long it may take for one answer, in milliseconds.
        time_limit_ms: u64,
    },
    /// All of these graders of the suite pass.
    AllOf {
        /// Their names.
        graders: Vec<String>,
    },
    /// At least one of these graders of the suite passes.
    AnyOf {
        /// Their names.
        graders: Vec<String>,
    },
    /// The weighted mean of the scores of other graders of the suite is high enough.
    Weighted {
        /// The graders, each with its weight.
        weights: Vec<Weight>,
        /// The least mean that passes, above 0 and at most 1.
        at_least: f64,
    },
    /// The check must fail: `negate = true` in suite files.
    Not(Box<GraderKind>),
    /// Judges say whether the answer passes.
    Judge(Box<JudgeGrader>),
    /// The answer means what the expected text means, by the vectors of an embedding model.
    SemanticSimilarity(Box<SemanticSimilarity>),
}

/// How the arguments of a tool call are compared with the expected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentRule {
    /// The same fields with the same values.
    #[default]
    Exact,
    /// The fields that the expected call names have the same values; others are free.
    Named,
}

/// How the order of tool calls counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOrder {
    /// The expected calls in their order, and no other.
    #[default]
    Exact,
    /// The expected calls in any order, and no other.
    Any,
    /// The expected calls in their order, with any others before, between and after them.
    Contained,
}

/// Where an answer's citations stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CitationSource {
    /// Path in the parsed answer to a document's id, or to a list of them.
    Field(String),
    /// A regular expression whose one group is a document's id, wherever it matches in the text.
    Pattern(String),
}

/// Documents that an answer must cite.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedDocuments {
    /// None in particular.
    #[default]
    Free,
    /// The whole expected value is an id or a list of them.
    Whole,
    /// They stand at this path in the expected value.
    Field(String),
}

/// Whether the model should refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalRule {
    /// Always or never.
    Fixed(bool),
    /// As `true` or `false` at this path in the expected value says.
    Field(String),
}

/// A part of a weighted mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// The grader.
    pub grader: String,
    /// How much its score counts, above 0; only the proportion to the others matters.
    pub weight: f64,
}

/// A tool call that is expected.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCall {
    /// The tool.
    pub name: String,
    /// A JSON object; where not given, any arguments will do.
    pub arguments: Option<JsonText>,
}

impl ExpectedCall {
    /// Reads `[{"name": "find_card", "arguments": {"digits": "1234"}}]`.
    ///
    /// # Errors
    ///
    /// Anything else, with what is wrong with it.
    pub fn list(json: &str) -> Result<Vec<Self>, DomainError> {
        let refuse = |why: String| {
            let form = r#"write [{"name": "tool", "arguments": {"field": 1}}]"#;
            DomainError::field("expected tool calls", format!("{why}: {form}"))
        };
        let calls: Vec<Self> = serde_json::from_str(json).map_err(|error| refuse(error.to_string()))?;
        let is_object = |json: &JsonText| json.as_str().starts_with('{');
        match calls.iter().find(|call| !call.arguments.as_ref().is_none_or(is_object)) {
            Some(call) => Err(refuse(format!("the arguments of '{}' are not an object", call.name))),
            None => Ok(calls),
        }
    }
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
            Self::EditDistance { .. } => "edit_distance",
            Self::TokenF1 { .. } => "token_f1",
            Self::ToolCalls { .. } => "tool_calls",
            Self::Citations { .. } => "citations",
            Self::Refusal { .. } => "refusal",
            Self::Latency { .. } => "latency",
            Self::Cost { .. } => "cost",
            Self::Command { .. } => "command",
            Self::AllOf { .. } => "all_of",
            Self::AnyOf { .. } => "any_of",
            Self::Weighted { .. } => "weighted",
            Self::Not(kind) => kind.as_str(),
            Self::Judge(judge) => judge.question.kind(),
            Self::SemanticSimilarity(_) => "semantic_similarity",
        }
    }

    /// Whether it reads the answer as JSON.
    pub fn reads_json(&self) -> bool {
        match self {
            Self::FieldMatch { .. } | Self::JsonValid | Self::JsonSchema { .. } => true,
            Self::Regex { field, .. }
            | Self::NumericTolerance { field, .. }
            | Self::EditDistance { field, .. }
            | Self::TokenF1 { field, .. } => field.is_some(),
            Self::Citations { source, .. } => matches!(source, CitationSource::Field(_)),
            Self::SemanticSimilarity(similarity) => similarity.field.is_some(),
            Self::Not(kind) => kind.reads_json(),
            Self::ExactMatch { .. }
            | Self::Contains { .. }
            | Self::ToolCalls { .. }
            | Self::Refusal { .. }
            | Self::Latency { .. }
            | Self::Cost { .. }
            | Self::Command { .. }
            | Self::AllOf { .. }
            | Self::AnyOf { .. }
            | Self::Weighted { .. }
            | Self::Judge(_) => false,
        }
    }

    /// What it says without the turning round.
    pub fn unturned(&self) -> &Self {
        let mut kind = self;
        while let Self::Not(inner) = kind {
            kind = inner;
        }
        kind
    }

    /// The judges that it asks.
    pub fn judge(&self) -> Option<&JudgeGrader> {
        match self.unturned() {
            Self::Judge(judge) => Some(judge),
            _ => None,
        }
    }

    /// The embedding model that it asks.
    pub fn embedding_model(&self) -> Option<&EmbeddingModel> {
        match self.unturned() {
            Self::SemanticSimilarity(similarity) => Some(&similarity.model),
            _ => None,
        }
    }
}

/// How good an answer is, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct ScoreValue(f64);

impl ScoreValue {
    /// As bad as can be.
    pub const ZERO: Self = Self(0.0);
    /// As good as can be.
    pub const ONE: Self = Self(1.0);

    /// `None` outside 0 to 1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// What is missing to 1.
    #[must_use]
    pub fn turned(self) -> Self {
        Self(1.0 - self.0)
    }
}

impl TryFrom<f64> for ScoreValue {
    type Error = DomainError;
    fn try_from(value: f64) -> Result<Self, DomainError> {
        Self::new(value).ok_or_else(|| DomainError::field("score", format!("{value} is not between 0 and 1")))
    }
}

impl From<ScoreValue> for f64 {
    fn from(value: ScoreValue) -> Self {
        value.0
    }
}

/// What a grader said of one outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The grader's name.
    pub grader: String,
    /// Whether the answer passed.
    pub passed: bool,
    /// Why, in words a person can act on.
    pub explanation: String,
    /// How good it is, where the grader measures that.
    pub value: Option<ScoreValue>,
    /// The combinations of graders that this one is a part of. An outcome passes by them, and not by their parts.
    pub part_of: Vec<String>,
}

/// How the explanation of a grader begins that gave no verdict, as one whose judge or program failed.
pub const NO_VERDICT: &str = "no verdict";

impl Score {
    /// Whether the grader could tell. If not, the score is failed and blames the grader.
    pub fn gave_verdict(&self) -> bool {
        self.passed || !self.explanation.starts_with(NO_VERDICT)
    }

    /// Whether the outcome passes only if this does.
    pub fn counts(&self) -> bool {
        self.part_of.is_empty()
    }

    /// The grader's name, for a part with what it is a part of.
    pub fn label(&self) -> String {
        if self.counts() {
            self.grader.clone()
        } else {
            format!("{} (part of {})", self.grader, self.part_of.join(", "))
        }
    }
}
