//! Asks the steps of a chain one after the other. Each sees what it is given of the input and of earlier steps; one
//! that fails ends the example, with an error that names it.

mod fields;
mod known;
mod parser;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

pub(super) use self::fields::check_fields;
use self::known::Known;
use self::parser::Parser;
use super::EvalError;
use super::ask::Asked;
use super::graders::plain;
use super::pipeline::StepWork;
use super::prompt::{NotSent, PromptAsker};
use super::reuse::Reuse;
use crate::domain::chain::ChainStep;
use crate::domain::example::Example;
use crate::domain::hash::ContentHash;
use crate::domain::json::JsonText;
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, Outcome, OutcomeError, Usage};
use crate::domain::step::StepOutcome;
use crate::domain::value_path::ValuePath;

/// A chain that is ready to be asked.
pub(super) struct ChainAsker {
    first: StepAsker,
    others: Vec<StepAsker>,
    answer: Option<ValuePath>,
}

/// A step that is ready to be asked.
struct StepAsker {
    step: ChainStep,
    content_hash: ContentHash,
    prompt: PromptAsker,
    parser: Parser,
}

impl StepAsker {
    fn new(work: &StepWork, attempts_max: u32, reuse: Option<Arc<Reuse>>) -> Result<Self, EvalError> {
        let fault = |why: String| EvalError::Step {
            step: work.step.name.clone(),
            why,
        };
        Ok(Self {
            prompt: PromptAsker::new(&work.work, attempts_max, reuse).map_err(|error| fault(error.to_string()))?,
            parser: Parser::compile(&work.step.parser).map_err(fault)?,
            step: work.step.clone(),
            content_hash: work.content_hash,
        })
    }

    /// What came of the step, and how long its provider asks to wait where that is long.
    async fn ask(
        &self,
        blank: Outcome,
        example: &Example,
        known: &Known<'_>,
        ends_at: Option<Instant>,
    ) -> (StepOutcome, Option<Duration>) {
        let messages = known
            .inputs(&self.step.inputs)
            .map_err(NotSent)
            .and_then(|input| self.prompt.render_input(input, &example.content.context));
        let asked = match messages {
            Ok(messages) => {
                if let Some(known) = self.prompt.known(&blank, &messages).await {
                    known.into()
                } else {
                    let _permit = self.prompt.enter().await;
                    self.prompt.send(blank, messages, example, ends_at).await
                }
            }
            Err(error) => error.outcome(blank).into(),
        };
        (self.parsed(asked.outcome), asked.wait)
    }

    fn parsed(&self, outcome: Outcome) -> StepOutcome {
        let parsed = match (&outcome.error, &outcome.refusal) {
            (None, None) => self.parser.parse(outcome.text.as_deref().unwrap_or_default()),
            // There is nothing to parse, and the graders say what they make of a refusal.
            _ => Ok(None),
        };
        let (parsed, parse_error) = match parsed {
            Ok(value) => (value, None),
            Err(why) => (None, Some(why)),
        };
        StepOutcome {
            name: self.step.name.clone(),
            version: self.step.version.clone(),
            content_hash: self.content_hash,
            rendered: outcome.rendered,
            tool_calls: outcome.tool_calls,
            raw_response: outcome.raw_response,
            earlier_responses: outcome.earlier_responses,
            text: outcome.text,
            parsed: parsed.as_ref().map(JsonText::from_value),
            parse_error,
            refusal: outcome.refusal,
            finish_reason: outcome.finish_reason,
            resolved_model: outcome.resolved_model,
            system_fingerprint: outcome.system_fingerprint,
            response_id: outcome.response_id,
            usage: outcome.usage,
            latency_ms: outcome.latency_ms,
            attempts: outcome.attempts,
            reused_from: outcome.reused_from,
            cost: outcome.cost,
            error: outcome.error,
        }
    }
}

impl ChainAsker {
    /// Compiles the templates and parsers of all steps.
    pub(super) fn new(
        steps: &[StepWork],
        answer: Option<&ValuePath>,
        attempts_max: u32,
        reuse: Option<&Arc<Reuse>>,
    ) -> Result<Self, EvalError> {
        let Some((first, others)) = steps.split_first() else {
            let (step, why) = (String::new(), "the chain has none".into());
            return Err(EvalError::Step { step, why });
        };
        let asker = |step| StepAsker::new(step, attempts_max, reuse.cloned());
        Ok(Self {
            first: asker(first)?,
            others: others.iter().map(asker).collect::<Result<_, EvalError>>()?,
            answer: answer.cloned(),
        })
    }

    /// The model that gave the answer, or that was asked last.
    pub(super) fn model_of(&self, outcome: &Outcome) -> &ModelConfig {
        let asked = outcome
            .steps
            .last()
            .and_then(|done| self.others.iter().find(|step| step.step.name == done.name));
        asked.unwrap_or(&self.first).prompt.model()
    }

    /// Asks each step whose conditions hold; nothing is graded. All must be done by `ends_at`.
    pub(super) async fn ask(&self, blank: &Outcome, example: &Example, ends_at: Option<Instant>) -> Asked {
        let mut known = Known::new(example.content.input.value());
        let (mut steps, mut wait) = (Vec::new(), None);
        for step in std::iter::once(&self.first).chain(&self.others) {
            if !known.all_hold(&step.step.when) {
                continue;
            }
            let done;
            (done, wait) = step.ask(blank.clone(), example, &known, ends_at).await;
            known.add(&step.step.name, &done);
            let has_failed = done.has_failed();
            steps.push(done);
            if has_failed {
                break;
            }
        }
        let outcome = self.outcome(blank.clone(), steps, &known);
        Asked { outcome, wait }
    }

    /// The outcome of the whole: the fields of the step that gives the answer, and the sums over all.
    fn outcome(&self, blank: Outcome, steps: Vec<StepOutcome>, known: &Known<'_>) -> Outcome {
        let usage = steps.iter().fold(Usage::default(), |sum, step| sum.plus(step.usage));
        let latency_ms = steps
            .iter()
            .fold(0_u64, |sum, step| sum.saturating_add(step.latency_ms));
        let cost: Option<UsdNanos> = steps.iter().map(|step| step.cost).sum();
        let error = error_of(&steps);
        let mut unread = unread_of(&steps);
        let has_end = error.is_none() && unread.is_none();
        let answering = match (&self.answer, has_end) {
            (Some(path), true) => steps.iter().find(|step| step.name == path.origin()),
            _ => steps.last(),
        };
        let (mut text, mut parsed) = match answering {
            Some(step) if has_end => (step.text.clone(), step.parsed.clone()),
            _ => (None, None),
        };
        if let (Some(path), true) = (self.answer.as_ref().filter(|path| path.field().is_some()), has_end) {
            let value = known.at(path);
            unread = value
                .is_none()
                .then(|| format!("the chain's answer: {path} is missing"));
            text = value.as_ref().map(plain);
            parsed = value.as_ref().map(JsonText::from_value);
        } else if self.answer.as_ref().is_some_and(ValuePath::is_text) {
            parsed = None;
        }
        let said = answering.cloned();
        let outcome = Outcome {
            text,
            parsed,
            usage,
            latency_ms,
            cost,
            error,
            steps,
            ..blank
        };
        let outcome = match said {
            Some(step) => outcome.said_by(step),
            None => outcome,
        };
        Outcome {
            parse_error: unread,
            ..outcome
        }
    }
}

/// Why no step goes on from what the last one answered.
fn unread_of(steps: &[StepOutcome]) -> Option<String> {
    let last = steps.last().filter(|last| last.error.is_none())?;
    let why = last.parse_error.as_ref()?;
    Some(format!("step {}: {why}", last.name))
}

/// Why nothing answered; the failing step is the last one.
fn error_of(steps: &[StepOutcome]) -> Option<OutcomeError> {
    let Some(last) = steps.last() else {
        return Some(OutcomeError {
            kind: ErrorKind::Render,
            message: "no step ran: the conditions of none hold".into(),
        });
    };
    let error = last.error.as_ref()?;
    Some(OutcomeError {
        kind: error.kind,
        message: format!("step {}: {}", last.name, error.message),
    })
}

/// The value of what a step gave: what its parser made of it, or its text.
fn value_of(step: &StepOutcome) -> Option<Json> {
    match &step.parsed {
        Some(parsed) => Some(parsed.value()),
        None => step.text.as_deref().map(Json::from),
    }
}
