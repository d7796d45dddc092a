//! What a run of a chain would take, before it is started.

use super::estimating::{CHARS_PER_TOKEN, OUTPUT_TOKENS_GUESS, RunEstimate, sample_of, share, tokens};
use super::{StartRun, Workbench, WorkbenchError};
use crate::domain::chain::ChainVersion;
use crate::domain::ids::ChainName;
use crate::domain::money::UsdNanos;
use crate::domain::run::{Run, RunEnd};
use crate::domain::version::PromptVersion;

impl Workbench {
    /// As much as the newest run that any version of the chain had; a guess where it had none.
    pub(super) fn estimate_chain(
        &self,
        start: &StartRun,
        chain: &ChainVersion,
        versions: &[PromptVersion],
    ) -> Result<RunEstimate, WorkbenchError> {
        let dataset = self.dataset(&start.dataset)?;
        let outcomes = dataset.example_count.saturating_mul(u64::from(start.settings.repeats));
        let messages = versions.iter().flat_map(|version| &version.content.messages);
        let chars = messages.map(|message| message.text.chars().count()).sum();
        let steps = versions.len() as u64;
        let guess = RunEstimate {
            outcomes,
            input_tokens: tokens(chars).saturating_mul(outcomes),
            output_tokens: OUTPUT_TOKENS_GUESS.saturating_mul(steps).saturating_mul(outcomes),
            cost: None,
            elapsed_ms: None,
            judging: self.estimate_judging(start, &self.tested(&start.subject)?.provider(), &dataset, outcomes)?,
            basis: format!(
                "a guess from the templates of all {steps} steps at {CHARS_PER_TOKEN} characters a token, without what \
                 is filled in"
            ),
        };
        let Some((run, end, answered)) = self.earlier_chain_run(&chain.id.name)? else {
            return Ok(guess);
        };
        let sample = sample_of(&run, &end, answered, !self.store.run_steps(run.id)?.is_empty());
        let scaled = |sum: u64| share(sum, outcomes, answered);
        let in_flight = u64::from(start.settings.concurrency).min(outcomes).max(1);
        Ok(RunEstimate {
            input_tokens: scaled(end.totals.input_tokens),
            output_tokens: scaled(end.totals.output_tokens),
            cost: (end.totals.cost_unknown == 0).then(|| UsdNanos(scaled(end.totals.cost.0))),
            elapsed_ms: sample.work_ms.map(|work_ms| scaled(work_ms).div_ceil(in_flight)),
            basis: sample.basis,
            ..guess
        })
    }

    /// The newest ended run of the newest version that has one, with how many of its outcomes have an answer.
    fn earlier_chain_run(&self, chain: &ChainName) -> Result<Option<(Run, RunEnd, u64)>, WorkbenchError> {
        for version in self.store.versions_of_chain(chain)? {
            for id in self.store.runs_of_chain(&version.id)? {
                let (Some(run), Some(end)) = (self.store.run(id)?, self.store.run_end(id)?) else {
                    continue;
                };
                let answered = end.totals.saved.saturating_sub(end.totals.errored);
                if answered > 0 {
                    return Ok(Some((run, end, answered)));
                }
            }
        }
        Ok(None)
    }
}
