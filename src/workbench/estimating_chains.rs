//! What a run of a chain would take, before it is started.

use std::sync::Arc;

use super::estimating::{
    CHARS_PER_TOKEN, EXAMPLES_RENDERED, OUTPUT_TOKENS_GUESS, RunEstimate, sample_of, share, tokens,
};
use super::{StartRun, Workbench, WorkbenchError};
use crate::domain::chain::{ChainStep, ChainVersion, StepValue};
use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::ChainName;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Usage;
use crate::domain::run::{AnswerSource, Run, RunEnd};
use crate::domain::value_path::INPUT;
use crate::domain::version::PromptVersion;
use crate::providers::Provider;

/// What one step would take over all outcomes.
struct StepEstimate {
    usage: Usage,
    cost: Option<UsdNanos>,
    /// Time, in milliseconds, times the requests in flight.
    work_ms: Option<u64>,
    /// The run that tells; `None` for a guess.
    told_by: Option<String>,
}

impl Workbench {
    /// As much as the newest run that any version of the chain had. Where it had none, the sum of its steps: each as
    /// much as its prompt took by itself, or a guess from its template.
    pub(super) fn estimate_chain(
        &self,
        start: &StartRun,
        chain: &ChainVersion,
        versions: &[PromptVersion],
    ) -> Result<RunEstimate, WorkbenchError> {
        let dataset = self.dataset(&start.dataset)?;
        let outcomes = dataset.example_count.saturating_mul(u64::from(start.settings.repeats));
        let mut providers = Vec::new();
        for version in versions {
            providers.push(self.connect(&version.content.model, &start.settings)?);
        }
        let judging = self.estimate_judging(start, &self.tested(&start.subject)?.provider(), &dataset, outcomes)?;
        let in_flight = u64::from(start.settings.concurrency).min(outcomes).max(1);
        let Some((run, end, answered)) = self.earlier_chain_run(&chain.id.name, &providers)? else {
            let input_tokens = self.input_tokens(&dataset)?;
            let steps = chain.content.steps.iter().zip(versions).zip(&providers);
            let steps = steps
                .map(|((step, version), provider)| {
                    self.estimate_step(step, version, &**provider, input_tokens, outcomes)
                })
                .collect::<Result<Vec<_>, _>>()?;
            let sum = |part: fn(&Usage) -> Option<u64>| steps.iter().filter_map(|step| part(&step.usage)).sum();
            let work_ms: Option<u64> = steps.iter().map(|step| step.work_ms).sum();
            return Ok(RunEstimate {
                outcomes,
                input_tokens: sum(|usage| usage.input_tokens),
                output_tokens: sum(|usage| usage.output_tokens),
                cost: steps.iter().map(|step| step.cost).sum(),
                elapsed_ms: work_ms.map(|work_ms| work_ms.div_ceil(in_flight)),
                judging,
                basis: basis(&chain.content.steps, &steps),
            });
        };
        let sample = sample_of(&run, &end, answered, !self.store.run_steps(run.id)?.is_empty());
        let scaled = |sum: u64| share(sum, outcomes, answered);
        Ok(RunEstimate {
            outcomes,
            input_tokens: scaled(end.totals.input_tokens),
            output_tokens: scaled(end.totals.output_tokens),
            cost: (end.totals.cost_unknown == 0).then(|| UsdNanos(scaled(end.totals.cost.0))),
            elapsed_ms: sample.work_ms.map(|work_ms| scaled(work_ms).div_ceil(in_flight)),
            judging,
            basis: sample.basis,
        })
    }

    /// The newest ended run of the newest version that has one, of the same kind of answers, with how many of its
    /// outcomes have an answer.
    fn earlier_chain_run(
        &self,
        chain: &ChainName,
        providers: &[Arc<dyn Provider>],
    ) -> Result<Option<(Run, RunEnd, u64)>, WorkbenchError> {
        let is_simulated = providers
            .iter()
            .all(|provider| provider.source() == AnswerSource::Simulated);
        for version in self.store.versions_of_chain(chain)? {
            for id in self.store.runs_of_chain(&version.id)? {
                let (Some(run), Some(end)) = (self.store.run(id)?, self.store.run_end(id)?) else {
                    continue;
                };
                let answered = end.totals.saved.saturating_sub(end.totals.errored);
                let is_whole = answered > 0 && end.totals.reused == 0;
                if is_whole && (run.answers == AnswerSource::Simulated) == is_simulated {
                    return Ok(Some((run, end, answered)));
                }
            }
        }
        Ok(None)
    }

    /// Tokens of the whole input of an example, on average over the first ones.
    fn input_tokens(&self, dataset: &DatasetVersion) -> Result<u64, WorkbenchError> {
        let looked_at = dataset.example_count.min(EXAMPLES_RENDERED);
        let mut chars = 0;
        for place in 0..looked_at {
            chars += self.example_at(dataset, place)?.content.input.as_str().chars().count();
        }
        Ok(tokens(chars).div_ceil(looked_at.max(1)))
    }

    fn estimate_step(
        &self,
        step: &ChainStep,
        version: &PromptVersion,
        provider: &dyn Provider,
        input_tokens: u64,
        outcomes: u64,
    ) -> Result<StepEstimate, WorkbenchError> {
        let model = &version.content.model;
        let earlier = self.earlier_sample(&version.id.prompt, model, provider)?;
        let usage = match &earlier {
            Some(sample) => {
                let scaled = |sum: u64| share(sum, outcomes, sample.outcomes);
                Usage {
                    input_tokens: sample.usage.input_tokens.map(scaled),
                    output_tokens: sample.usage.output_tokens.map(scaled),
                    ..Usage::default()
                }
            }
            None => guess(step, version, input_tokens, outcomes),
        };
        let work_ms = earlier.as_ref().and_then(|sample| {
            let work_ms = sample.work_ms?;
            Some(share(work_ms, outcomes, sample.outcomes))
        });
        Ok(StepEstimate {
            cost: provider.cost(&model.name, &usage),
            work_ms,
            told_by: earlier.map(|sample| sample.basis),
            usage,
        })
    }
}

/// The template with what is filled in: the example's input where it reads that, an answer where it reads a step.
fn guess(step: &ChainStep, version: &PromptVersion, input_tokens: u64, outcomes: u64) -> Usage {
    let messages = version.content.messages.iter();
    let template = tokens(messages.map(|message| message.text.chars().count()).sum());
    let filled: u64 = step
        .inputs
        .iter()
        .map(|input| match &input.value {
            StepValue::From { path, .. } if path.origin() == INPUT => input_tokens,
            StepValue::From { .. } => OUTPUT_TOKENS_GUESS,
            StepValue::Literal(literal) => tokens(literal.as_str().chars().count()),
        })
        .sum();
    let most = version.content.model.max_output_tokens.map(u64::from);
    let answer = most.map_or(OUTPUT_TOKENS_GUESS, |most| OUTPUT_TOKENS_GUESS.min(most));
    Usage {
        input_tokens: Some(template.saturating_add(filled).saturating_mul(outcomes)),
        output_tokens: Some(answer.saturating_mul(outcomes)),
        ..Usage::default()
    }
}

/// What the steps rest on: `what 40 outcomes of triage_v2 took in run_3 (route); a guess .. (refund, reply); ..`.
fn basis(steps: &[ChainStep], estimates: &[StepEstimate]) -> String {
    let guessed = format!("a guess from the template at {CHARS_PER_TOKEN} characters a token");
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for (step, estimate) in steps.iter().zip(estimates) {
        let told_by = estimate.told_by.as_deref().unwrap_or(&guessed);
        match parts.iter_mut().find(|(known, _)| *known == told_by) {
            Some((_, names)) => names.push(&step.name),
            None => parts.push((told_by, vec![&step.name])),
        }
    }
    let parts = parts
        .iter()
        .map(|(told_by, names)| format!("{told_by} ({})", names.join(", ")));
    let parts: Vec<String> = parts.collect();
    let all = if steps.iter().any(|step| !step.when.is_empty()) {
        "; as if every step ran"
    } else {
        ""
    };
    format!("{}{all}", parts.join("; "))
}
