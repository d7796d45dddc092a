//! Takes the answer of an earlier run instead of asking again.

use std::sync::Arc;

use super::pipeline::{ExampleFeed, Job};
use super::upcoming::blocking;
use crate::domain::answer::ExactRequest;
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{Outcome, RenderedMessage, Usage};
use crate::domain::run::RunSettings;

/// The answers that a run may use again.
pub(super) struct Reuse {
    feed: Arc<dyn ExampleFeed>,
    settings: RunSettings,
}

impl Reuse {
    /// `None` for a run that asks everything anew.
    pub(super) fn of(job: &Job) -> Option<Self> {
        job.run.settings.reuses_answers.then(|| Self {
            feed: Arc::clone(&job.feed),
            settings: job.run.settings.clone(),
        })
    }

    /// The ungraded outcome of `asked` with the stored answer to the same request; `None` where there is none, or none
    /// that can be read: then it is asked.
    pub(super) async fn find(
        &self,
        asked: &Outcome,
        model: &ModelConfig,
        messages: &[RenderedMessage],
    ) -> Option<Outcome> {
        let request = ExactRequest::new(self.settings.endpoint_of(&model.provider), model, messages, asked)
            .hash()
            .ok()?;
        let feed = Arc::clone(&self.feed);
        let stored = blocking(move || feed.answer(&request)).await.ok()??;
        (stored.rendered == messages).then(|| taken(asked, stored))
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
        reused_from: Some(stored.reused_from.unwrap_or(stored.run)),
        parsed: None,
        parse_error: None,
        scores: Vec::new(),
        judgements: Vec::new(),
        failure_category: None,
        finished_at: asked.finished_at,
        ..stored
    }
}
