//! Takes the answers and judgements of earlier runs instead of asking again.

use std::sync::Arc;

use super::pipeline::{ExampleFeed, Job};
use super::upcoming::blocking;
use crate::domain::DomainError;
use crate::domain::alias::Alias;
use crate::domain::answer::{ExactRequest, JudgeRequest, KnownAnswer};
use crate::domain::hash::ContentHash;
use crate::domain::judgement::Judgement;
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{Outcome, RenderedMessage, Usage};
use crate::domain::run::RunSettings;

/// What a run may use again.
pub(super) struct Reuse {
    feed: Arc<dyn ExampleFeed>,
    settings: RunSettings,
}

impl Reuse {
    /// `None` for a run that asks everything anew.
    pub(super) fn of(job: &Job) -> Option<Arc<Self>> {
        job.run.settings.reuses_answers.then(|| {
            Arc::new(Self {
                feed: Arc::clone(&job.feed),
                settings: job.run.settings.clone(),
            })
        })
    }

    /// The ungraded outcome of `asked` with the stored answer to the same request; `None` where there is none, or none
    /// that can be read: then it is asked.
    pub(super) async fn answer(
        &self,
        asked: &Outcome,
        model: &ModelConfig,
        messages: &[RenderedMessage],
    ) -> Option<Outcome> {
        let endpoint = self.settings.endpoint_of(&model.provider);
        let request = ExactRequest::new(endpoint, model, messages, asked).hash();
        match self.find(request, Alias::new(model, endpoint)).await? {
            KnownAnswer::Answer(stored) if stored.rendered == messages => Some(taken(asked, *stored)),
            _ => None,
        }
    }

    /// The stored judgement that answers the same request, at no cost; `None` as above.
    pub(super) async fn judgement(&self, request: &JudgeRequest<'_>) -> Option<Judgement> {
        let alias = Alias::new(request.model, request.endpoint);
        match self.find(request.hash(), alias).await? {
            KnownAnswer::Judgement(stored) if stored.rendered == request.messages => Some(Judgement {
                passed: None,
                usage: Usage::default(),
                cost: Some(UsdNanos::default()),
                ..*stored
            }),
            _ => None,
        }
    }

    async fn find(&self, request: Result<ContentHash, DomainError>, alias: Alias) -> Option<KnownAnswer> {
        let (feed, request) = (Arc::clone(&self.feed), request.ok()?);
        blocking(move || feed.answer(&request, &alias)).await.ok()?
    }
}

/// What describes the answer is kept; what asking for it took is nothing, since nothing was asked.
fn taken(asked: &Outcome, stored: Outcome) -> Outcome {
    Outcome {
        run: asked.run,
        index: asked.index,
        repeat: asked.repeat,
        example: asked.example.clone(),
        example_hash: asked.example_hash,
        documents: asked.documents.clone(),
        usage: Usage::default(),
        attempts: Vec::new(),
        cost: Some(UsdNanos::default()),
        parsed: None,
        parse_error: None,
        scores: Vec::new(),
        judgements: Vec::new(),
        failure_category: None,
        finished_at: asked.finished_at,
        ..stored
    }
}
