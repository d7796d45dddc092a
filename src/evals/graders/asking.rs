//! What the models that judge one answer share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::domain::answer::{JudgeRequest, Judged};
use crate::domain::judgement::Judgement;
use crate::evals::judges::JudgeModel;
use crate::evals::reuse::Reuse;
use crate::providers::{ChatRequest, Exchange};

/// What is asked of models about one answer, by all its graders at once.
pub(super) struct Asking<'a> {
    /// Requests that the run still may have in flight.
    places: &'a Semaphore,
    /// How long a provider asks to wait, where that is longer than a request waits.
    wait: Mutex<Option<Duration>>,
    /// What need not be asked again.
    reuse: Option<&'a Reuse>,
    /// What is judged.
    judged: Option<Judged>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(places: &'a Semaphore, reuse: Option<&'a Reuse>, judged: Option<Judged>) -> Self {
        Self {
            places,
            wait: Mutex::default(),
            reuse,
            judged,
        }
    }

    /// Asks a model when there is a place for it. A provider that asks to be left alone is not asked the rest: `None`.
    pub(super) async fn ask(&self, model: &JudgeModel, request: &ChatRequest) -> Option<Exchange> {
        let exchange = model.ask(request, self.places, || self.wait().is_none()).await?;
        if let Some(asked) = exchange.asked_long() {
            // Whoever panicked while it was held left a whole value.
            let mut wait = self.wait.lock().unwrap_or_else(PoisonError::into_inner);
            *wait = wait.or(Some(asked));
        }
        Some(exchange)
    }

    /// The judgement of an earlier run that answers this request, where the run may use one and there is one.
    /// The request comes of what is judged.
    pub(super) async fn known<'r>(&self, request: impl FnOnce(Judged) -> JudgeRequest<'r>) -> Option<Judgement> {
        let (reuse, judged) = (self.reuse?, self.judged?);
        reuse.judgement(&request(judged)).await
    }

    /// How long a provider asked to wait.
    pub(super) fn wait(&self) -> Option<Duration> {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
