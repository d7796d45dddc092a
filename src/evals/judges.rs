//! The models that a suite's graders ask, ready to be asked: they share retries, pace and time limits with the requests
//! for answers, by the same code.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::domain::alias::Alias;
use crate::domain::ids::VersionId;
use crate::domain::judge::{EmbeddingModel, Judge};
use crate::domain::judgement::JudgedBy;
use crate::domain::model::ModelConfig;
use crate::domain::run::{AnswerSource, RunSettings};
use crate::domain::version::PromptVersion;
use crate::providers::limiter::{Limiter, Permit};
use crate::providers::retry::{Exchange, Patience, RetryBudget, exchange};
use crate::providers::{ChatRequest, Provider};

/// A model that graders ask.
#[derive(Clone)]
pub struct JudgeModel {
    provider: Arc<dyn Provider>,
    endpoint: Option<String>,
    limiter: Option<Arc<Limiter>>,
    attempts_max: u32,
    deadline_ms: Option<u64>,
    retries: Arc<RetryBudget>,
}

impl fmt::Debug for JudgeModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JudgeModel")
            .field("endpoint", &self.provider.endpoint())
            .finish_non_exhaustive()
    }
}

impl JudgeModel {
    /// A model behind this provider, asked as the settings of the run say; `limiter` where its pace is followed.
    pub fn new(provider: Arc<dyn Provider>, limiter: Option<Arc<Limiter>>, settings: &RunSettings) -> Self {
        Self {
            // As runs write down where they ask, so that one name at one place is one alias.
            endpoint: settings.base_url.clone().or_else(|| provider.endpoint()),
            provider,
            limiter,
            attempts_max: settings.attempts_max,
            deadline_ms: settings.deadline_ms,
            retries: Arc::default(),
        }
    }

    /// Who answers.
    pub fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// Whether a model answers, the simulated one, or a cassette.
    pub fn source(&self) -> AnswerSource {
        self.provider.source()
    }

    /// Where it is asked, without secrets.
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Asks until there is an answer or patience is at its end; `None` where it is not wanted any more when its turn
    /// comes. Whoever asks must hold no place at any limiter: two runs, each of which holds the place that the other
    /// one waits for, would wait for ever. For the same reason the place at the limiter comes before the run's own,
    /// here and where answers are asked for.
    pub(super) async fn ask(
        &self,
        request: &ChatRequest,
        places: &Semaphore,
        is_wanted: impl Fn() -> bool,
    ) -> Option<Exchange> {
        let _place = match &self.limiter {
            Some(limiter) => Some(place(limiter).await),
            None => None,
        };
        // It is never closed, and would bound nothing if it were.
        let _own = places.acquire().await.ok();
        if !is_wanted() {
            return None;
        }
        let patience = Patience {
            attempts_max: self.attempts_max,
            ends_at: self.deadline_ms.map(Patience::end_after),
            budget: &self.retries,
            limiter: self.limiter.as_deref(),
        };
        Some(exchange(&*self.provider, request, patience).await)
    }
}

async fn place(limiter: &Arc<Limiter>) -> Permit {
    loop {
        if let Some(place) = limiter.try_enter() {
            return place;
        }
        limiter.freed().await;
    }
}

/// A judge of a suite with its model.
#[derive(Debug, Clone)]
pub struct ReadyJudge {
    /// The prompt version.
    pub version: PromptVersion,
    /// Who answers.
    pub model: JudgeModel,
}

/// All models that the graders of a suite ask.
#[derive(Debug, Clone, Default)]
pub struct Judges {
    /// The judges, by the version that the suite names.
    pub prompts: HashMap<VersionId, ReadyJudge>,
    /// The models that turn texts into vectors.
    pub embeddings: HashMap<EmbeddingModel, JudgeModel>,
}

impl Judges {
    /// What each asks for, where a model answers: the simulated one and a cassette rest on no alias.
    pub fn aliases(&self) -> Vec<(JudgedBy, Alias)> {
        let prompts = self.prompts.values().map(|ready| {
            let pin = Judge {
                version: ready.version.id.clone(),
                content_hash: ready.version.content_hash,
            };
            (JudgedBy::Prompt(pin), &ready.model, ready.version.content.model.clone())
        });
        let embeddings = self.embeddings.iter().map(|(embedding, model)| {
            let config = ModelConfig::new(embedding.provider.as_str(), embedding.name.as_str());
            (JudgedBy::Embeddings(embedding.clone()), model, config)
        });
        let asked = prompts.chain(embeddings);
        let of_models = asked.filter(|(_, model, _)| model.source() == AnswerSource::Model);
        of_models
            .map(|(judge, model, config)| (judge, Alias::new(&config, model.endpoint.as_deref())))
            .collect()
    }

    /// Whether no grader asks any.
    pub fn is_empty(&self) -> bool {
        self.prompts.is_empty() && self.embeddings.is_empty()
    }
}
