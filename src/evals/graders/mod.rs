//! Graders: each looks at one answer and says pass or fail, with an explanation that a person can act on.
//!
//! A grader returns `Ok(why it passed)` or `Err(Fault)`; the fault's cause later tells where the failure lies.

mod contains;
mod exact;
mod field;
mod json;
mod numeric;
mod pattern;
mod schema;
mod words;

use serde_json::Value as Json;

use crate::domain::example::ExampleContent;
use crate::domain::grader::{Grader, GraderKind, Score};
use crate::domain::prompt::PromptContent;
use crate::domain::suite::SuiteContent;
use crate::evals::parse::Answer;

pub use words::{cut, same};

/// Why a grader cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("grader {grader}: {why}")]
pub struct GraderError {
    /// The grader's name.
    pub grader: String,
    /// What is wrong with it.
    pub why: String,
}

/// What a failed check blames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The example has nothing to compare with.
    Label,
    /// The answer could not be parsed.
    Parse,
    /// The answer is well formed and wrong.
    Answer,
}

/// A failed check.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    cause: Cause,
    explanation: String,
}

impl Fault {
    fn answer(explanation: impl Into<String>) -> Self {
        Self {
            cause: Cause::Answer,
            explanation: explanation.into(),
        }
    }

    fn parse(explanation: impl Into<String>) -> Self {
        Self {
            cause: Cause::Parse,
            explanation: explanation.into(),
        }
    }

    fn label(explanation: impl Into<String>) -> Self {
        Self {
            cause: Cause::Label,
            explanation: explanation.into(),
        }
    }
}

type Finding = Result<String, Fault>;

/// One answer beside what was expected.
struct Case<'a> {
    answer: &'a Answer,
    expected: Option<Json>,
}

impl Case<'_> {
    /// The expected value; its absence is the label's fault, not the answer's.
    fn expected(&self) -> Result<&Json, Fault> {
        self.expected
            .as_ref()
            .ok_or_else(|| Fault::label("the example has no expected value: a label problem"))
    }

    fn parsed(&self) -> Result<&Json, Fault> {
        self.answer
            .parsed
            .as_ref()
            .map_err(|error| Fault::parse(error.as_str()))
    }

    /// A field of the answer, or the fault with the fields that are there.
    fn answer_field(&self, field: &str) -> Result<&Json, Fault> {
        let parsed = self.parsed()?;
        super::path::at(parsed, field).ok_or_else(|| {
            let there = words::field_names(parsed);
            Fault::answer(format!("the answer has no field '{field}'; it {there}"))
        })
    }

    /// A field of the expected value. An expected value that is no object stands for the field itself, so that a
    /// table with one column of labels can be graded by field.
    fn expected_field(&self, field: &str, renamed: Option<&str>) -> Result<&Json, Fault> {
        let expected = self.expected()?;
        if renamed.is_none() && !expected.is_object() {
            return Ok(expected);
        }
        let field = renamed.unwrap_or(field);
        super::path::at(expected, field).ok_or_else(|| {
            Fault::label(format!(
                "the example has no expected value for '{field}': a label problem"
            ))
        })
    }
}

/// A grader, ready to look at answers.
enum Check {
    Exact(exact::Exact),
    Field(field::Field),
    Json(json::JsonValid),
    Schema(Box<schema::Schema>),
    Pattern(pattern::Pattern),
    Numeric(numeric::Numeric),
    Contains(contains::Contains),
}

impl Check {
    fn compile(grader: &Grader, prompt: &PromptContent) -> Result<Self, String> {
        Ok(match &grader.kind {
            GraderKind::ExactMatch { case } => Self::Exact(exact::Exact { case: *case }),
            GraderKind::FieldMatch { field, expected_field } => Self::Field(field::Field {
                field: field.clone(),
                expected_field: expected_field.clone(),
            }),
            GraderKind::JsonValid => Self::Json(json::JsonValid),
            GraderKind::JsonSchema { schema } => Self::Schema(Box::new(schema::Schema::compile(
                schema.as_ref(),
                &prompt.model.response_format,
            )?)),
            GraderKind::Regex { pattern, field } => Self::Pattern(pattern::Pattern::compile(pattern, field.clone())?),
            GraderKind::NumericTolerance {
                field,
                expected_field,
                absolute,
                relative,
            } => Self::Numeric(numeric::Numeric {
                field: field.clone(),
                expected_field: expected_field.clone(),
                absolute: *absolute,
                relative: *relative,
            }),
            GraderKind::Contains { text, case } => Self::Contains(contains::Contains {
                text: text.clone(),
                case: *case,
            }),
        })
    }

    fn grade(&self, case: &Case) -> Finding {
        match self {
            Self::Exact(check) => check.grade(case),
            Self::Field(check) => check.grade(case),
            Self::Json(check) => check.grade(case),
            Self::Schema(check) => check.grade(case),
            Self::Pattern(check) => check.grade(case),
            Self::Numeric(check) => check.grade(case),
            Self::Contains(check) => check.grade(case),
        }
    }
}

/// What all graders of a suite said of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grades {
    /// One score for each grader, in the suite's order.
    pub scores: Vec<Score>,
    /// What the failed ones blame: the label before the parser before the answer. `None` if all passed.
    pub cause: Option<Cause>,
}

/// A suite's graders, built once for a run.
pub struct Graders {
    checks: Vec<(String, Check)>,
    reads_json: bool,
}

impl Graders {
    /// Builds every grader; patterns and schemas are compiled here.
    ///
    /// # Errors
    ///
    /// A pattern or schema is not valid or too large, or a schema grader finds no schema.
    pub fn compile(suite: &SuiteContent, prompt: &PromptContent) -> Result<Self, GraderError> {
        let checks = suite.graders.iter().map(|grader| {
            let check = Check::compile(grader, prompt).map_err(|why| GraderError {
                grader: grader.name.clone(),
                why,
            })?;
            Ok((grader.name.clone(), check))
        });
        Ok(Self {
            checks: checks.collect::<Result<_, GraderError>>()?,
            reads_json: prompt.model.response_format.is_json() || suite.reads_json(),
        })
    }

    /// Whether answers are kept as JSON too: the prompt asks for it, or a grader or metric reads fields.
    pub fn reads_json(&self) -> bool {
        self.reads_json
    }

    /// Lets every grader look at one answer.
    pub fn grade(&self, answer: &Answer, example: &ExampleContent) -> Grades {
        let case = Case {
            answer,
            expected: example.expected.as_ref().map(crate::domain::json::JsonText::value),
        };
        let mut cause = None;
        let scores = self.checks.iter().map(|(name, check)| {
            let (passed, explanation) = match check.grade(&case) {
                Ok(why) => (true, why),
                Err(fault) => {
                    cause = Some(cause.map_or(fault.cause, |earlier: Cause| earlier.min(fault.cause)));
                    (false, fault.explanation)
                }
            };
            Score {
                grader: name.clone(),
                passed,
                explanation: cut(&explanation, words::EXPLANATION_CHARS_MAX),
            }
        });
        let scores = scores.collect();
        Grades { scores, cause }
    }
}

#[cfg(test)]
mod tests;
