//! What a grader sees: what came back for one example, and the example itself.

use serde_json::Value as Json;

use super::finding::Fault;
use super::words;
use crate::domain::answer::Judged;
use crate::domain::example::ExampleContent;
use crate::domain::ids::RunId;
use crate::domain::json::JsonText;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{Outcome, ToolCall};
use crate::domain::step::StepOutcome;
use crate::evals::parse::Answer;
use crate::evals::path;

/// What came back for one example.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// The model's text, and what it is as JSON.
    pub answer: &'a Answer,
    /// The tools that it called, over all turns.
    pub tool_calls: &'a [ToolCall],
    /// What it refused with.
    pub refusal: Option<&'a str>,
    /// Why generation ended, in the provider's word.
    pub finish_reason: Option<&'a str>,
    /// Time of all turns together, in milliseconds.
    pub latency_ms: u64,
    /// What all tries cost; `None` where that is unknown.
    pub cost: Option<UsdNanos>,
    /// The run whose answer it is, or that of a step of it, where nothing was asked.
    pub reused_from: Option<RunId>,
    /// What a judge of it judges; `None` where it is no answer of a run.
    pub judged: Option<Judged>,
    /// What the steps of a chain did.
    pub steps: &'a [StepOutcome],
    /// Why a chain came to no end that can be read, although its steps answered.
    pub unread: Option<&'a str>,
    /// What the base's run answered; `None` where nobody looked for it.
    pub base: Option<&'a BaseAnswer>,
}

/// What the run of the base version answered to the same example; the error says why there is nothing to compare with.
pub type BaseAnswer = Result<AnswerOfBase, String>;

/// An answer of the base's run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerOfBase {
    /// The run.
    pub run: RunId,
    /// Its text.
    pub text: String,
}

/// What came back for one step of a chain.
pub(super) struct ObservedStep<'a> {
    step: &'a StepOutcome,
    answer: Answer,
}

impl ObservedStep<'_> {
    /// What a grader of this step sees.
    pub(super) fn observed(&self) -> Observed<'_> {
        let step = self.step;
        Observed {
            answer: &self.answer,
            tool_calls: &step.tool_calls,
            refusal: step.refusal.as_deref(),
            finish_reason: step.finish_reason.as_deref(),
            latency_ms: step.latency_ms,
            cost: step.cost,
            reused_from: step.reused_from,
            judged: None,
            steps: &[],
            unread: None,
            base: None,
        }
    }
}

impl<'a> Observed<'a> {
    /// An answer of which nothing else is known.
    pub(super) fn unknown(answer: &'a Answer) -> Self {
        Self {
            answer,
            tool_calls: &[],
            refusal: None,
            finish_reason: None,
            latency_ms: 0,
            cost: None,
            reused_from: None,
            judged: None,
            steps: &[],
            unread: None,
            base: None,
        }
    }

    /// What graders see of an outcome that has this answer.
    pub fn of(outcome: &'a Outcome, answer: &'a Answer) -> Self {
        Self {
            answer,
            tool_calls: &outcome.tool_calls,
            refusal: outcome.refusal.as_deref(),
            finish_reason: outcome.finish_reason.as_deref(),
            latency_ms: outcome.latency_ms,
            cost: outcome.cost,
            reused_from: outcome.reused_from().next(),
            judged: Some(outcome.into()),
            steps: &outcome.steps,
            unread: outcome.unread(),
            base: None,
        }
    }

    /// The same, with what the base's run answered.
    pub(crate) fn against(self, base: Option<&'a BaseAnswer>) -> Self {
        Self { base, ..self }
    }

    /// The step of this name, where it ran.
    pub(super) fn step(&self, name: &str) -> Option<ObservedStep<'a>> {
        let step = self.steps.iter().find(|step| step.name == name)?;
        let text = step.text.clone().unwrap_or_default();
        let answer = Answer::read(text, step.parsed.as_ref().map(JsonText::value));
        Some(ObservedStep { step, answer })
    }
}

/// What came back, beside what was expected.
pub(super) struct Case<'a> {
    pub(super) observed: Observed<'a>,
    pub(super) example: &'a ExampleContent,
    expected: Option<Json>,
}

impl<'a> Case<'a> {
    pub(super) fn new(observed: Observed<'a>, example: &'a ExampleContent) -> Self {
        Self {
            observed,
            example,
            expected: example.expected.as_ref().map(crate::domain::json::JsonText::value),
        }
    }

    /// The answer's text.
    pub(super) fn text(&self) -> &'a str {
        &self.observed.answer.text
    }

    /// The expected value; its absence is the label's fault, not the answer's.
    pub(super) fn expected(&self) -> Result<&Json, Fault> {
        self.expected
            .as_ref()
            .ok_or_else(|| Fault::label("the example has no expected value: a label problem"))
    }

    /// The answer of the base's run; that there is none says nothing about this one.
    pub(super) fn base(&self) -> Result<&'a AnswerOfBase, Fault> {
        match self.observed.base {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(why)) => Err(Fault::grader(why)),
            None => Err(Fault::grader("there is no run of a base to compare with")),
        }
    }

    pub(super) fn parsed(&self) -> Result<&'a Json, Fault> {
        let parsed = self.observed.answer.parsed.as_ref();
        parsed.map_err(|error| Fault::parse(error.as_str()))
    }

    /// A field of the answer, or the fault with the fields that are there.
    pub(super) fn answer_field(&self, field: &str) -> Result<&'a Json, Fault> {
        let parsed = self.parsed()?;
        path::at(parsed, field).ok_or_else(|| {
            let there = words::field_names(parsed);
            Fault::nothing_there(format!("the answer has no field '{field}'; it {there}"))
        })
    }

    /// The text of the answer or of one of its fields; a field that is no text as JSON.
    pub(super) fn text_at(&self, field: Option<&str>) -> Result<String, Fault> {
        Ok(match field {
            None => self.text().to_owned(),
            Some(field) => words::plain(self.answer_field(field)?),
        })
    }

    /// A field of the expected value. An expected value that is no object stands for the field itself, so that a
    /// table with one column of labels can be graded by field.
    pub(super) fn expected_field(&self, field: &str, renamed: Option<&str>) -> Result<&Json, Fault> {
        let expected = self.expected()?;
        if renamed.is_none() && !expected.is_object() {
            return Ok(expected);
        }
        let field = renamed.unwrap_or(field);
        path::at(expected, field).ok_or_else(|| {
            Fault::label(format!(
                "the example has no expected value for '{field}': a label problem"
            ))
        })
    }

    /// The expected value, or what stands in it at the path of the answer's field or at its own.
    pub(super) fn expected_at(&self, field: Option<&str>, renamed: Option<&str>) -> Result<&Json, Fault> {
        match renamed.or(field) {
            Some(either) => self.expected_field(either, renamed),
            None => self.expected(),
        }
    }
}
