//! Graders: each looks at what came back for one example and says pass or fail, with an explanation that a person can
//! act on, and perhaps a score.
//!
//! A check returns `Ok(why it passed)` or `Err(Fault)`; the fault's cause later tells where the failure lies, and
//! whether it is a verdict tells what its opposite would say. Combinations of graders look at what their parts found.

mod asking;
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

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use self::asking::Asking;
use self::combination::{Part, Rule};
use self::finding::{Fault, Finding, Pass, turned};
use self::observed::Case;
use crate::domain::combination::order;
use crate::domain::example::ExampleContent;
use crate::domain::grader::Score;
use crate::domain::ids::RunId;
use crate::domain::judgement::Judgement;
use crate::domain::suite::SuiteContent;
use crate::evals::judges::Judges;
use crate::evals::parse::Answer;
use crate::evals::reuse::Reuse;
use crate::evals::together::together;

pub use finding::Cause;
pub use graded::Graded;
pub use judge::check_prompt;
pub use observed::{AnswerOfBase, BaseAnswer, Observed};
pub(super) use pattern::compile as compile_pattern;
pub use refusal::WITHHELD;
pub(super) use schema::Schema;
pub use words::cut;
pub(super) use words::plain;

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
    /// What it found, with what the models that it asked said.
    async fn grade(&self, case: &Case<'_>, asking: &Asking<'_>) -> (Finding<Pass>, Vec<Judgement>) {
        let plain = |finding: Finding| finding.map(Pass::from);
        let finding = match self {
            Self::Judge(check) => return check.grade(case, asking).await,
            Self::Semantic(check) => return check.grade(case, asking).await,
            Self::Command(check) => check.grade(case).await,
            Self::EditDistance(check) => check.grade(case),
            Self::TokenF1(check) => check.grade(case),
            Self::Exact(check) => plain(check.grade(case)),
            Self::Field(check) => plain(check.grade(case)),
            Self::Json(check) => plain(check.grade(case)),
            Self::Schema(check) => plain(check.grade(case)),
            Self::Pattern(check) => plain(check.grade(case)),
            Self::Numeric(check) => plain(check.grade(case)),
            Self::Contains(check) => plain(check.grade(case)),
            Self::ToolCalls(check) => plain(check.grade(case)),
            Self::Citations(check) => plain(check.grade(case)),
            Self::Refusal(check) => plain(check.grade(case)),
            Self::Latency(check) => plain(check.grade(case)),
            Self::Cost(check) => plain(check.grade(case)),
        };
        (finding, Vec::new())
    }

    /// Whether a model says what it finds.
    fn asks(&self) -> bool {
        matches!(self, Self::Judge(_) | Self::Semantic(_))
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

/// What graders found, by their places.
type Findings = Vec<Option<Finding<Pass>>>;

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

impl Compiled {
    /// What looks, where it is no combination: by asking a model, or itself.
    fn check(&self) -> Option<&Check> {
        match &self.body {
            Body::Check(check) => Some(check),
            Body::Combination { .. } => None,
        }
    }

    /// What it finds by itself; `None` for a combination, and where no route led to its step. Where a chain broke off
    /// at an answer that a parser rejected, graders of the steps that ran look at those, and all others fail.
    async fn look(&self, case: &Case<'_>, asking: &Asking<'_>) -> Option<(Finding<Pass>, Vec<Judgement>)> {
        let check = self.check()?;
        let step = self.step.as_deref().map(|step| case.observed.step(step));
        let (finding, said) = match (step, case.observed.unread) {
            (Some(Some(step)), _) => check.grade(&Case::new(step.observed(), case.example), asking).await,
            (None | Some(None), Some(unread)) => (Err(Fault::parse(unread)), Vec::new()),
            (None, None) => check.grade(case, asking).await,
            (Some(None), None) => return None,
        };
        Some((self.signed(finding), said))
    }

    /// A finding, or its opposite where the grader says that.
    fn signed(&self, finding: Finding<Pass>) -> Finding<Pass> {
        if self.is_turned { turned(finding) } else { finding }
    }
}

/// A suite's graders, built once for a run.
pub struct Graders {
    compiled: Vec<Compiled>,
    /// Requests that may be in flight.
    places: Arc<Semaphore>,
    /// What need not be asked again.
    reuse: Option<Arc<Reuse>>,
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
            places: Arc::new(Semaphore::new(1)),
            reuse: None,
            order,
            reads_json: graded.asks_json() || suite.reads_json(),
        })
    }

    /// The same, with places for requests that they share with the answers of their run.
    #[must_use]
    pub fn within(self, places: Arc<Semaphore>) -> Self {
        Self { places, ..self }
    }

    /// The same, with what earlier runs asked and this one may use again.
    #[must_use]
    pub(super) fn reusing(self, reuse: Option<Arc<Reuse>>) -> Self {
        Self { reuse, ..self }
    }

    /// Whether a judge compares with the answer of the base's run.
    pub fn asks_base(&self) -> bool {
        let asks = |check: &Check| matches!(check, Check::Judge(judge) if judge.asks_base());
        self.compiled.iter().filter_map(Compiled::check).any(asks)
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
        // Whether there is a base is each example's own matter, too.
        let base = Ok(AnswerOfBase {
            run: RunId(0),
            text: String::new(),
        });
        let case = Case::new(Observed::unknown(&answer).against(Some(&base)), example);
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
        let asking = Asking::new(&self.places, self.reuse.as_deref(), observed.judged);
        let (findings, judgements) = self.findings(&case, &asking).await;
        let asked = Asked {
            judgements,
            wait: asking.wait(),
        };
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

    /// What each grader found, by its place; none of a step that did not run. Models are asked all at once; a local
    /// program may want the machine for itself.
    async fn findings(&self, case: &Case<'_>, asking: &Asking<'_>) -> (Findings, Vec<Judgement>) {
        let asks = |place: &usize| self.compiled[*place].check().is_some_and(Check::asks);
        let (models, others): (Vec<usize>, Vec<usize>) = self.order.iter().partition(|place| asks(place));
        let said = together(models.iter().map(|place| self.compiled[*place].look(case, asking))).await;
        let mut findings: Findings = self.compiled.iter().map(|_| None).collect();
        let mut judgements = Vec::new();
        for (place, said) in models.into_iter().zip(said) {
            if let Some((finding, said)) = said {
                findings[place] = Some(finding);
                judgements.extend(said);
            }
        }
        for place in others {
            let grader = &self.compiled[place];
            findings[place] = match &grader.body {
                Body::Check(_) => grader.look(case, asking).await.map(|(finding, _)| finding),
                Body::Combination { rule, parts } => match self.parts(parts, &findings) {
                    parts if parts.is_empty() => None,
                    parts => Some(grader.signed(rule.grade(&parts))),
                },
            };
        }
        (findings, judgements)
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
