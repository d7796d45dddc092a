//! Checks of stored answers.

use super::Verification;
use crate::domain::answer::{AnswerPart, ExactRequest, JudgeRequest, StoredAnswer};
use crate::domain::hash::ContentHash;
use crate::domain::judgement::{JudgedBy, Judgement};
use crate::domain::outcome::{Outcome, RenderedMessage};
use crate::domain::prompt::PromptContent;
use crate::domain::run::{Run, Subject};
use crate::domain::step::StepOutcome;
use crate::store::keys;
use crate::store::records::StoreError;

impl Verification<'_> {
    /// A stored answer is one to the very request that it lies under.
    pub(super) fn answer(&self, key: &str, answer: &StoredAnswer) -> Result<Option<String>, StoreError> {
        let (run, place) = (answer.run, answer.place());
        let (Some(of), Some(outcome)) = (self.store.run(run)?, self.store.outcome(run, place)?) else {
            return Ok(Some(format!("the outcome at {} of {run} is missing", place.index)));
        };
        let asked = match &answer.part {
            AnswerPart::Whole => {
                let Some(content) = self.store.content_of(&of.subject)? else {
                    return Ok(Some(format!("{} is missing", of.subject.label())));
                };
                Some(request(&of, &content, &outcome.rendered, &outcome)?)
            }
            AnswerPart::Step(at) => match part(&outcome.steps, *at) {
                Some(step) => self.step_request(&of, step, &outcome)?,
                None => None,
            },
            AnswerPart::Judgement { at, endpoint } => match part(&outcome.judgements, *at) {
                Some(judgement) => self.judge_request(endpoint.as_deref(), judgement, &outcome)?,
                None => None,
            },
        };
        let Some(asked) = asked else {
            return Ok(Some(format!(
                "the outcome at {} of {run} has no such answer",
                place.index
            )));
        };
        Ok((key != keys::answer(&asked))
            .then(|| format!("the outcome at {} of {run} answers another request", place.index)))
    }

    /// `None` where the chain has no such step, or its prompt is missing.
    fn step_request(
        &self,
        run: &Run,
        step: &StepOutcome,
        outcome: &Outcome,
    ) -> Result<Option<ContentHash>, StoreError> {
        let Subject::Chain { chain, .. } = &run.subject else {
            return Ok(None);
        };
        let steps = self.store.chain(chain)?.map(|chain| chain.content.steps);
        let known = steps.into_iter().flatten().find(|known| known.name == step.name);
        let (Some(known), Some(version)) = (known, self.store.version(&step.version)?) else {
            return Ok(None);
        };
        let content = version.content.with_tools(known.tools.as_deref());
        request(run, &content, &step.rendered, outcome).map(Some)
    }

    /// `None` where no judge said it, or its prompt is missing.
    fn judge_request(
        &self,
        endpoint: Option<&str>,
        judgement: &Judgement,
        outcome: &Outcome,
    ) -> Result<Option<ContentHash>, StoreError> {
        let JudgedBy::Prompt(judge) = &judgement.judge else {
            return Ok(None);
        };
        let Some(version) = self.store.version(&judge.version)? else {
            return Ok(None);
        };
        let request = JudgeRequest::of(endpoint, &version.content.model, judgement, outcome.into());
        Ok(Some(request.hash()?))
    }
}

fn request(
    run: &Run,
    content: &PromptContent,
    messages: &[RenderedMessage],
    outcome: &Outcome,
) -> Result<ContentHash, StoreError> {
    let endpoint = run.settings.endpoint_of(&content.model.provider);
    Ok(ExactRequest::new(endpoint, &content.model, messages, outcome).hash()?)
}

fn part<T>(parts: &[T], at: u32) -> Option<&T> {
    parts.get(usize::try_from(at).ok()?)
}
