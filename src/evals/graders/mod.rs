//! Graders: each looks at what came back for one example and says pass or fail, with an explanation that a person can
//! act on, and perhaps a score.
//!
//! A check returns `Ok(why it passed)` or `Err(Fault)`; the fault's cause later tells where the failure lies, and
//! whether it is a verdict tells what its opposite would say. Combinations of graders look at what their parts found.

mod citations;
mod combination;
mod command;
mod compile;
mod contains;
mod edit_distance;
mod exact;
mod field;
mod finding;
mod graded;
mod json;
mod judge;
mod limits;
mod numeric;
mod observed;
mod pattern;
mod process;
mod refusal;
mod schema;
mod semantic;
mod similarity;
mod token_f1;
mod tool_calls;
mod words;

use std::time::Duration;

use self::combination::{Part, Rule};
use self::finding::{Finding, Pass, turned};
use self::observed::Case;
use crate::domain::combination::order;
use crate::domain::example::ExampleContent;
use crate::domain::grader::Score;
use crate::domain::judgement::Judgement;
use crate::domain::suite::SuiteContent;
use crate::evals::judges::Judges;
use crate::evals::parse::Answer;

pub use finding::Cause;
pub use graded::Graded;
pub use judge::check_prompt;
pub use observed::Observed;
pub(super) use pattern::compile as compile_pattern;
pub use refusal::WITHHELD;
pub(super) use schema::Schema;
pub(super) use words::plain;
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

/// A grader that looks at answers itself, ready to do so.
enum Check {
    Exact(exact::Exact),
    Field(field::Field),
    Json(json::JsonValid),
    Schema(Box<schema::Schema>),
    Pattern(pattern::Pattern),
    Numeric(numeric::Numeric),
    Contains(contains::Contains),
    EditDistance(edit_distance::EditDistance),
    TokenF1(token_f1::TokenF1),
    ToolCalls(tool_calls::ToolCalls),
    Citations(citations::Citations),
    Refusal(refusal::Refusal),
    Latency(limits::Latency),
    Cost(limits::Cost),
    Command(command::Command),
    Judge(judge::Judge),
    Semantic(Box<semantic::Semantic>),
}

impl Check {
    async fn grade(&self, case: &Case<'_>, asked: &mut Asked) -> Finding<Pass> {
        let finding = match self {
            Self::Judge(check) => return check.grade(case, asked).await,
            Self::Semantic(check) => return check.grade(case, asked).await,
            Self::EditDistance(check) => return check.grade(case),
            Self::TokenF1(check) => return check.grade(case),
            Self::Command(check) => return check.grade(case).await,
            Self::Exact(check) => check.grade(case),
            Self::Field(check) => check.grade(case),
            Self::Json(check) => check.grade(case),
            Self::Schema(check) => check.grade(case),
            Self::Pattern(check) => check.grade(case),
            Self::Numeric(check) => check.grade(case),
            Self::Contains(check) => check.grade(case),
            Self::ToolCalls(check) => check.grade(case),
            Self::Citations(check) => check.grade(case),
            Self::Refusal(check) => check.grade(case),
            Self::Latency(check) => check.grade(case),
            Self::Cost(check) => check.grade(case),
        };
        finding.map(Pass::from)
    }
}

/// What a grader does.
enum Body {
    /// It looks at the answer.
    Check(Check),
    /// It looks at what graders at these places found.
    Combination { rule: Rule, parts: Vec<usize> },
}

/// What all graders of a suite said of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Grades {
    /// One score for each grader, in the suite's order; none for a step of a chain that did not run.
    pub scores: Vec<Score>,
    /// What the failed ones blame, the first cause of all. `None` if all passed, parts of combinations aside.
    pub cause: Option<Cause>,
    /// What the models that judge were asked.
    pub asked: Asked,
}

/// What graders asked of models for one answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// Every judgement.
    pub judgements: Vec<Judgement>,
    /// How long a provider asks to wait, where that is longer than a request waits.
    pub wait: Option<Duration>,
}

struct Compiled {
    name: String,
    body: Body,
    /// Whether it says the opposite.
    is_turned: bool,
    /// The combinations that it is a part of.
    part_of: Vec<String>,
    /// The step of a chain that it looks at.
    step: Option<String>,
}

/// A suite's graders, built once for a run.
pub struct Graders {
    compiled: Vec<Compiled>,
    /// Their places, parts before combinations.
    order: Vec<usize>,
    reads_json: bool,
}

impl Graders {
    /// Builds every grader; patterns and schemas are compiled here.
    ///
    /// # Errors
    ///
    /// A pattern or schema is not valid or too large, a schema grader finds no schema, a combination has a part that
    /// does not exist, or a judge is missing, is another one than the suite's, or cannot be shown the answer.
    pub fn compile<'a>(
        suite: &SuiteContent,
        graded: impl Into<Graded<'a>>,
        judges: &Judges,
    ) -> Result<Self, GraderError> {
        let graded = graded.into();
        let graders = &suite.graders;
        let order = order(graders).map_err(|error| GraderError {
            grader: "combinations".into(),
            why: error.to_string(),
        })?;
        let compiled = graders.iter().map(|grader| {
            let compiled = graded
                .prompt_of(grader.step.as_deref())
                .and_then(|prompt| compile::compile(grader, graders, prompt, judges));
            compiled.map_err(|why| GraderError {
                grader: grader.name.clone(),
                why,
            })
        });
        Ok(Self {
            compiled: compiled.collect::<Result<_, GraderError>>()?,
            order,
            reads_json: graded.asks_json() || suite.reads_json(),
        })
    }

    /// Whether answers are kept as JSON too: the prompt asks for it, or a grader or metric reads fields.
    pub fn reads_json(&self) -> bool {
        self.reads_json
    }

    /// Checks that every judge could be shown an answer to this example. That the example lacks an expected value is
    /// its own fault, and no reason not to run.
    ///
    /// # Errors
    ///
    /// A variable of a judge's prompt that nothing fills.
    pub fn check_judges(&self, example: &ExampleContent) -> Result<(), GraderError> {
        let answer = Answer::new("");
        let case = Case::new(Observed::unknown(&answer), example);
        for grader in &self.compiled {
            if let Body::Check(Check::Judge(judge)) = &grader.body {
                judge.check(&case).map_err(|why| GraderError {
                    grader: grader.name.clone(),
                    why,
                })?;
            }
        }
        Ok(())
    }

    /// Lets every grader look at what came back for one example.
    pub async fn grade(&self, observed: Observed<'_>, example: &ExampleContent) -> Grades {
        let case = Case::new(observed, example);
        let mut asked = Asked::default();
        let mut findings: Vec<Option<Finding<Pass>>> = self.compiled.iter().map(|_| None).collect();
        for place in &self.order {
            let grader = &self.compiled[*place];
            let finding = match (&grader.body, &grader.step) {
                (Body::Check(check), None) => check.grade(&case, &mut asked).await,
                (Body::Check(check), Some(step)) => match observed.step(step) {
                    Some(step) => check.grade(&Case::new(step.observed(), example), &mut asked).await,
                    // No route led there, so there is nothing to say.
                    None => continue,
                },
                (Body::Combination { rule, parts }, _) => match self.parts(parts, &findings) {
                    parts if parts.is_empty() => continue,
                    parts => rule.grade(&parts),
                },
            };
            findings[*place] = Some(if grader.is_turned { turned(finding) } else { finding });
        }
        let (mut scores, mut cause) = (Vec::with_capacity(findings.len()), None);
        for (grader, finding) in self.compiled.iter().zip(findings) {
            let Some(finding) = finding else { continue };
            let (passed, explanation, value) = match finding {
                Ok(pass) => (true, pass.explanation, pass.value),
                Err(fault) => {
                    if grader.part_of.is_empty() {
                        cause = Some(cause.map_or(fault.cause, |earlier: Cause| earlier.min(fault.cause)));
                    }
                    (false, fault.explanation, fault.value)
                }
            };
            scores.push(Score {
                grader: grader.name.clone(),
                passed,
                explanation: cut(&explanation, words::EXPLANATION_CHARS_MAX),
                value,
                part_of: grader.part_of.clone(),
            });
        }
        Grades { scores, cause, asked }
    }

    /// What the parts of a combination found.
    fn parts<'a>(&'a self, places: &[usize], findings: &'a [Option<Finding<Pass>>]) -> Vec<Part<'a>> {
        let part = |place: &usize| {
            let finding = findings[*place].as_ref()?;
            let name = self.compiled[*place].name.as_str();
            Some(Part { name, finding })
        };
        places.iter().filter_map(part).collect()
    }
}

#[cfg(test)]
mod command_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wide_tests;
