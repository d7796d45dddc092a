//! Asks one example and makes an outcome of what comes back, whatever comes back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::EvalError;
use super::category::category;
use super::chain::{ChainAsker, check_fields};
use super::graders::{BaseAnswer, Cause, GraderError, Graders, Observed};
use super::parse::Answer;
use super::pipeline::{CONCURRENCY_MAX, ExampleFeed, Job, Now, Work};
use super::prompt::PromptAsker;
use super::reuse::Reuse;
use super::upcoming::blocking;
use crate::domain::example::{Example, ExampleContent};
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::json::JsonText;
use crate::domain::outcome::{DocumentRef, ErrorKind, Outcome, OutcomeError, OutcomePlace, Usage};
use crate::providers::limiter::Permit;
use crate::providers::retry::Patience;

/// What every example of a run shares.
pub(super) struct Asker {
    run: RunId,
    deadline_ms: Option<u64>,
    asks: Asks,
    graders: Graders,
    /// Where the answers of the base's run come from, where a judge compares with them.
    bases: Option<Arc<dyn ExampleFeed>>,
    /// As many requests as the run may have in flight. Each takes a place when it has one at the limiter.
    places: Arc<Semaphore>,
    now: Now,
}

/// What is asked.
enum Asks {
    Prompt(Box<PromptAsker>),
    Chain(Box<ChainAsker>),
}

/// What came of asking.
pub(super) struct Asked {
    pub(super) outcome: Outcome,
    /// How long the provider asks to wait, where that is longer than a request waits: the error is not the example's.
    pub(super) wait: Option<Duration>,
}

impl From<Outcome> for Asked {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, wait: None }
    }
}

impl Asker {
    /// Compiles templates and graders.
    pub(super) fn new(job: &Job) -> Result<Self, EvalError> {
        let settings = &job.run.settings;
        let in_flight = usize::try_from(settings.concurrency.clamp(1, CONCURRENCY_MAX)).unwrap_or(1);
        let places = Arc::new(Semaphore::new(in_flight));
        let reuse = Reuse::of(job);
        if let Work::Chain { steps, answer } = &job.work {
            check_fields(&job.suite, steps, answer.as_ref())?;
        }
        let graders = Graders::compile(&job.suite, &job.work, &job.judges)?
            .within(Arc::clone(&places))
            .reusing(reuse.clone());
        Ok(Self {
            run: job.run.id,
            deadline_ms: settings.deadline_ms,
            asks: match &job.work {
                Work::Prompt(work) => Asks::Prompt(Box::new(PromptAsker::new(work, settings.attempts_max, reuse)?)),
                Work::Chain { steps, answer } => Asks::Chain(Box::new(ChainAsker::new(
                    steps,
                    answer.as_ref(),
                    settings.attempts_max,
                    reuse.as_ref(),
                )?)),
            },
            bases: graders.asks_base().then(|| Arc::clone(&job.feed)),
            graders,
            places,
            now: Arc::clone(&job.now),
        })
    }

    /// Checks that the judges could be shown an answer to this example.
    pub(super) fn check_judges(&self, example: &ExampleContent) -> Result<(), GraderError> {
        self.graders.check_judges(example)
    }

    /// Renders, asks, parses and grades. The place at the provider is given back before the graders ask any model.
    pub(super) async fn ask(&self, place: OutcomePlace, example: &Example, permit: Option<Permit>) -> Asked {
        let blank = self.unanswered(place, example);
        // It is never closed, and would bound nothing if it were.
        let own = self.places.acquire().await.ok();
        let asked = match &self.asks {
            Asks::Prompt(prompt) => self.ask_prompt(prompt, blank, example).await,
            Asks::Chain(chain) => {
                let ends_at = self.deadline_ms.map(Patience::end_after);
                chain.ask(&blank, example, ends_at).await
            }
        };
        drop((own, permit));
        let graded = self.graded(asked.outcome, example).await;
        Asked {
            wait: asked.wait.or(graded.wait),
            ..graded
        }
    }

    async fn ask_prompt(&self, prompt: &PromptAsker, blank: Outcome, example: &Example) -> Asked {
        let messages = match prompt.render(&example.content) {
            Ok(messages) => messages,
            Err(error) => return error.outcome(blank).into(),
        };
        if let Some(known) = prompt.known(&blank, &messages).await {
            return known.into();
        }
        let ends_at = self.deadline_ms.map(Patience::end_after);
        prompt.send(blank, messages, example, ends_at).await
    }

    /// The outcome of an example whose asking came to an end that no rule foresees.
    pub(super) fn broken(&self, place: OutcomePlace, example: &Example, message: String) -> Outcome {
        let outcome = Outcome {
            error: Some(OutcomeError {
                kind: ErrorKind::BadResponse,
                message,
            }),
            ..self.unanswered(place, example)
        };
        self.finished(outcome, None)
    }

    /// Parses and grades an answer.
    async fn graded(&self, mut outcome: Outcome, example: &Example) -> Asked {
        if outcome.error.is_some() {
            return self.finished(outcome, None).into();
        }
        let base = self.base_answer(example, outcome.repeat).await;
        let text = outcome.text.clone().unwrap_or_default();
        // What a chain's last step made of its answer is what graders see.
        let answer = Answer::read(text, outcome.parsed.as_ref().map(JsonText::value));
        let grades = self
            .graders
            .grade(Observed::of(&outcome, &answer).against(base.as_ref()), &example.content)
            .await;
        outcome.scores = grades.scores;
        outcome.judgements = grades.asked.judgements;
        if self.graders.reads_json() && outcome.parsed.is_none() {
            match answer.parsed {
                Ok(value) => outcome.parsed = Some(JsonText::from_value(&value)),
                Err(error) => outcome.parse_error = Some(error),
            }
        }
        Asked {
            outcome: self.finished(outcome, grades.cause),
            wait: grades.asked.wait,
        }
    }

    /// What a judge compares the answer with. A store that cannot say is no reason to lose the answer.
    async fn base_answer(&self, example: &Example, repeat: u32) -> Option<BaseAnswer> {
        let (feed, example) = (Arc::clone(self.bases.as_ref()?), example.clone());
        let found = blocking(move || feed.base_answer(&example, repeat)).await;
        Some(found.unwrap_or_else(|fault| Err(format!("the base's answer cannot be read: {fault}"))))
    }

    /// Says where a failure lies, and when it was done.
    fn finished(&self, mut outcome: Outcome, cause: Option<Cause>) -> Outcome {
        let model = match &self.asks {
            Asks::Prompt(prompt) => prompt.model(),
            Asks::Chain(chain) => chain.model_of(&outcome),
        };
        outcome.failure_category = category(&outcome, cause, model);
        outcome.finished_at = (self.now)();
        outcome
    }

    /// An outcome that says only which example it is of.
    fn unanswered(&self, place: OutcomePlace, example: &Example) -> Outcome {
        let documents = example.content.context.documents.iter().map(|document| DocumentRef {
            id: document.id.clone(),
            version: document.version.clone(),
            content_hash: ContentHash::of_bytes(document.text.as_bytes()),
        });
        Outcome {
            run: self.run,
            index: place.index,
            repeat: place.repeat,
            example: example.content.id.clone(),
            example_hash: example.content_hash,
            rendered: Vec::new(),
            documents: documents.collect(),
            tool_calls: Vec::new(),
            raw_response: String::new(),
            earlier_responses: Vec::new(),
            text: None,
            parsed: None,
            parse_error: None,
            refusal: None,
            finish_reason: None,
            resolved_model: None,
            system_fingerprint: None,
            response_id: None,
            usage: Usage::default(),
            latency_ms: 0,
            time_to_first_token_ms: None,
            attempts: Vec::new(),
            reused_from: None,
            cost: None,
            error: None,
            scores: Vec::new(),
            judgements: Vec::new(),
            steps: Vec::new(),
            failure_category: None,
            finished_at: (self.now)(),
        }
    }
}
