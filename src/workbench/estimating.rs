//! What a run would take, before it is started. An estimate says what it rests on, and what is unknown stays unknown.

use super::connecting::{check_repeats, check_settings};
use super::estimating_judges::JudgingEstimate;
use super::running::eval_error;
use super::{StartRun, Tested, Workbench, WorkbenchError};
use crate::domain::dataset::DatasetVersion;
use crate::domain::example::ExampleContent;
use crate::domain::ids::PromptName;
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{RenderedMessage, Usage};
use crate::domain::prompt::PromptContent;
use crate::domain::run::{Run, RunEnd};
use crate::evals::render::Renderer;
use crate::providers::Provider;

/// Newest runs in which an earlier one of the same prompt is looked for.
const RUNS_LOOKED_AT: usize = 100;
/// Examples that are rendered where no run tells.
pub(super) const EXAMPLES_RENDERED: u64 = 50;
/// Of English text and the common tokenizers; a guess.
pub(super) const CHARS_PER_TOKEN: u64 = 4;
/// Where an example says nothing of the answer; a guess.
pub(super) const OUTPUT_TOKENS_GUESS: u64 = 100;

/// What a run would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEstimate {
    /// Outcomes, each at least one request.
    pub outcomes: u64,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens generated.
    pub output_tokens: u64,
    /// Money; `None` where the price is unknown.
    pub cost: Option<UsdNanos>,
    /// Time, in milliseconds; `None` where no earlier run tells.
    pub elapsed_ms: Option<u64>,
    /// What its judges would take besides; `None` where it has none.
    pub judging: Option<JudgingEstimate>,
    /// What all this rests on.
    pub basis: String,
}

/// What outcomes took together.
pub(super) struct Sample {
    pub(super) outcomes: u64,
    pub(super) usage: Usage,
    /// Time, in milliseconds, times the requests in flight.
    pub(super) work_ms: Option<u64>,
    pub(super) basis: String,
}

impl Workbench {
    /// What a run would take.
    /// Refused where the run would be.
    pub fn estimate_run(&self, start: &StartRun) -> Result<RunEstimate, WorkbenchError> {
        check_settings(&start.settings)?;
        check_repeats(start.settings.repeats, &self.suite(&start.suite)?.content)?;
        match self.tested(&start.subject)? {
            Tested::Prompt { content, origin, .. } => self.estimate_content(&origin.prompt, &content, start),
            Tested::Chain(chain, versions) => self.estimate_chain(start, &chain, &versions),
        }
    }

    /// What a run would take that sends another prompt than the version's own, such as a variant's.
    pub(super) fn estimate_content(
        &self,
        prompt: &PromptName,
        content: &PromptContent,
        start: &StartRun,
    ) -> Result<RunEstimate, WorkbenchError> {
        let dataset = self.dataset(&start.dataset)?;
        let provider = self.connect(&content.model, &start.settings)?;
        let sample = match self.earlier_sample(prompt, &content.model, &*provider)? {
            Some(sample) => sample,
            None => self.rendered_sample(content, &dataset)?,
        };
        let outcomes = dataset.example_count.saturating_mul(u64::from(start.settings.repeats));
        let scaled = |sum: u64| share(sum, outcomes, sample.outcomes);
        let usage = Usage {
            input_tokens: sample.usage.input_tokens.map(scaled),
            output_tokens: sample.usage.output_tokens.map(scaled),
            ..Usage::default()
        };
        let in_flight = u64::from(start.settings.concurrency).min(outcomes).max(1);
        Ok(RunEstimate {
            outcomes,
            input_tokens: usage.input_tokens.unwrap_or(0),
            output_tokens: usage.output_tokens.unwrap_or(0),
            cost: provider.cost(&content.model.name, &usage),
            elapsed_ms: sample.work_ms.map(|work_ms| scaled(work_ms).div_ceil(in_flight)),
            judging: self.estimate_judging(start, &content.model.provider, &dataset, outcomes)?,
            basis: sample.basis,
        })
    }

    /// What the newest run of the prompt with the same model took.
    pub(super) fn earlier_sample(
        &self,
        prompt: &PromptName,
        model: &ModelConfig,
        provider: &dyn Provider,
    ) -> Result<Option<Sample>, WorkbenchError> {
        for run in self.store.runs(None, RUNS_LOOKED_AT)? {
            if run.subject.version_or_origin().is_none_or(|id| &id.prompt != prompt) {
                continue;
            }
            let Some(end) = self.store.run_end(run.id)? else {
                continue;
            };
            let tested = self.content_of(&run.subject)?.model;
            let same_model = tested.name == model.name && tested.provider == model.provider;
            let answered = end.totals.saved - end.totals.errored.min(end.totals.saved);
            if !same_model || run.answers != provider.source() || answered == 0 || end.totals.reused > 0 {
                continue;
            }
            let was_paused = !self.store.run_steps(run.id)?.is_empty();
            return Ok(Some(sample_of(&run, &end, answered, was_paused)));
        }
        Ok(None)
    }

    /// What the first examples say, rendered.
    fn rendered_sample(&self, content: &PromptContent, dataset: &DatasetVersion) -> Result<Sample, WorkbenchError> {
        let renderer = Renderer::new(content).map_err(|error| eval_error(&error.into()))?;
        let (mut outcomes, mut input, mut output) = (0, 0, 0);
        for place in 0..dataset.example_count.min(EXAMPLES_RENDERED) {
            let example = self.example_at(dataset, place)?;
            let Ok(messages) = renderer.render(&example.content) else {
                continue;
            };
            outcomes += 1;
            input += tokens(
                messages
                    .iter()
                    .map(|message: &RenderedMessage| message.text.chars().count())
                    .sum(),
            );
            output += expected_tokens(&example.content);
        }
        let most = content.model.max_output_tokens.map(u64::from);
        Ok(Sample {
            outcomes,
            usage: Usage {
                input_tokens: Some(input),
                output_tokens: Some(most.map_or(output, |most| output.min(most.saturating_mul(outcomes)))),
                ..Usage::default()
            },
            work_ms: None,
            basis: format!(
                "a guess from {outcomes} rendered examples at {CHARS_PER_TOKEN} characters a token, answers as long as \
                 expected"
            ),
        })
    }
}

pub(super) fn sample_of(run: &Run, end: &RunEnd, answered: u64, was_paused: bool) -> Sample {
    let totals = &end.totals;
    let in_flight = u64::from(run.settings.concurrency).min(totals.saved).max(1);
    let took_ms = end.ended_at.since_ms(run.started_at);
    Sample {
        outcomes: answered,
        usage: Usage {
            input_tokens: Some(totals.input_tokens),
            output_tokens: Some(totals.output_tokens),
            ..Usage::default()
        },
        work_ms: (!was_paused).then(|| took_ms.saturating_mul(in_flight)),
        basis: format!("what {answered} outcomes of {} took in {}", run.subject.label(), run.id),
    }
}

/// Tokens of an answer as long as the expected one.
pub(super) fn expected_tokens(example: &ExampleContent) -> u64 {
    let expected = example.expected.as_ref();
    expected.map_or(OUTPUT_TOKENS_GUESS, |expected| {
        tokens(expected.as_str().chars().count())
    })
}

pub(super) fn tokens(chars: usize) -> u64 {
    (chars as u64).div_ceil(CHARS_PER_TOKEN)
}

/// `sum` of `of` parts, for `parts` of them.
pub(super) fn share(sum: u64, parts: u64, of: u64) -> u64 {
    let product = u128::from(sum) * u128::from(parts);
    product
        .checked_div(u128::from(of))
        .and_then(|share| u64::try_from(share).ok())
        .unwrap_or(0)
}
