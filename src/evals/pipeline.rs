//! Carries a run out: page of examples, requests, outcomes on disk, sums. Memory grows with the number of requests in
//! flight and with one page of examples, not with the dataset.
//!
//! An outcome counts only when the sink says that it is on disk. So a process that dies at any moment leaves a run
//! that goes on where it stopped: what is saved is counted again and never sent again.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use super::EvalError;
use super::ask::Asker;
use super::graders::BaseAnswer;
use super::judges::Judges;
use super::standing::Standing;
use super::upcoming::{Upcoming, blocking};
use super::window::{Stop, Window};
use crate::domain::alias::Alias;
use crate::domain::answer::KnownAnswer;
use crate::domain::chain::ChainStep;
use crate::domain::example::Example;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::outcome::{Outcome, OutcomePlace};
use crate::domain::progress::RunProgress;
use crate::domain::prompt::PromptContent;
use crate::domain::quarantine::Quarantine;
use crate::domain::run::{Caps, EndState, Run, RunEnd, RunState};
use crate::domain::suite::SuiteContent;
use crate::domain::time::Timestamp;
use crate::domain::value_path::ValuePath;
use crate::providers::Provider;
use crate::providers::limiter::Limiter;

/// Most requests in flight of one run, whatever its settings say: each holds a connection.
pub const CONCURRENCY_MAX: u32 = 1_024;

/// A clock that comes in as a value.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// What went wrong in the store behind a feed or a sink.
pub type StoreFault = Box<dyn std::error::Error + Send + Sync>;
/// An outcome on its way to the disk.
pub type Appending<'a> = Pin<Box<dyn Future<Output = Result<(), StoreFault>> + Send + 'a>>;

/// An example with its place in the dataset version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its place, from 0.
    pub index: u64,
    /// The example.
    pub example: Example,
}

/// Where a run's examples and its saved outcomes come from, a page at a time. Called where blocking is allowed.
pub trait ExampleFeed: Send + Sync {
    /// How many pages of examples there are.
    fn page_count(&self) -> u64;

    /// The examples of one page, counted from 0.
    fn page(&self, page: u64) -> Result<Vec<Placed>, StoreFault>;

    /// The outcomes that the examples of this page already have, in any order.
    fn saved(&self, page: u64) -> Result<Vec<Outcome>, StoreFault>;

    /// What an earlier run got to this very request to a model, where the run may use it.
    fn answer(&self, _request: &ContentHash, _model: &Alias) -> Result<Option<KnownAnswer>, StoreFault> {
        Ok(None)
    }

    /// What the base's run answered to an example in this repeat.
    fn base_answer(&self, _example: &Example, _repeat: u32) -> Result<BaseAnswer, StoreFault> {
        Ok(Err("there is no run of a base to compare with".into()))
    }
}

/// Where outcomes go.
pub trait OutcomeSink: Send + Sync {
    /// Saves an outcome; resolves when it would survive a power cut.
    fn append<'a>(&'a self, outcome: &'a Outcome) -> Appending<'a>;

    /// Why no further request is to be sent, since its answer might find no room; what is in flight still does.
    fn why_full(&self) -> Option<String> {
        None
    }
}

/// What the owner of a run wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Go on to the end.
    #[default]
    GoOn,
    /// Send nothing new, save what is in flight, and leave the rest for a resume.
    Pause,
    /// The same, and end the run for good.
    Cancel,
}

/// What a run is compared with.
pub enum Base {
    /// A run of its base version over the same examples, with the same checks.
    Run {
        /// The run.
        run: RunId,
        /// Its examples and outcomes.
        outcomes: Arc<dyn ExampleFeed>,
    },
    /// None that can be compared.
    Nothing {
        /// Why, and what to do about it.
        why: String,
    },
}

/// Finds what a run is compared with, when it has come to its end. Called where blocking is allowed.
pub type FindBase = Arc<dyn Fn() -> Result<Base, StoreFault> + Send + Sync>;

/// A prompt with who answers it.
#[derive(Clone)]
pub struct PromptWork {
    /// The content of its version.
    pub prompt: PromptContent,
    /// Who answers.
    pub provider: Arc<dyn Provider>,
    /// How many requests the endpoint takes at once; `None` where the number is fixed.
    pub limiter: Option<Arc<Limiter>>,
}

/// A step of a chain with who answers it.
#[derive(Clone)]
pub struct StepWork {
    /// The step.
    pub step: ChainStep,
    /// The hash of its prompt's content.
    pub content_hash: ContentHash,
    /// Its prompt, with the tools that the step may call.
    pub work: PromptWork,
}

/// What a job asks for each example.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a run has one, and the common one is the large one"
)]
pub enum Work {
    /// One prompt.
    Prompt(PromptWork),
    /// The steps of a chain, one after the other.
    Chain {
        /// The steps in order; at least one.
        steps: Vec<StepWork>,
        /// Where the answer stands; the last step that ran gives it where not given.
        answer: Option<ValuePath>,
    },
}

impl Work {
    /// How many requests the endpoint takes at once, where there is one endpoint. The steps of a chain look at those of
    /// their own endpoints before each request.
    pub fn limiter(&self) -> Option<&Arc<Limiter>> {
        match self {
            Self::Prompt(work) => work.limiter.as_ref(),
            Self::Chain { .. } => None,
        }
    }
}

/// Everything that a run needs.
pub struct Job {
    /// The run as it was recorded.
    pub run: Run,
    /// What it asks.
    pub work: Work,
    /// The content of its suite version.
    pub suite: SuiteContent,
    /// The models that its graders ask.
    pub judges: Judges,
    /// What the run may use up, as it holds now.
    pub caps: Caps,
    /// When it was started, and each time that it went on.
    pub began_at: Vec<Timestamp>,
    /// Where its examples come from.
    pub feed: Arc<dyn ExampleFeed>,
    /// What its gate compares it with.
    pub find_base: FindBase,
    /// Examples that do not count in its gate.
    pub quarantined: Vec<Quarantine>,
    /// The clock.
    pub now: Now,
}

/// How far a run came.
#[derive(Debug, Clone, PartialEq)]
pub enum Execution {
    /// To its end: every example has its outcome, or it was cancelled. The end is not saved yet.
    Ended(Box<RunEnd>),
    /// It was paused; a resume goes on.
    Paused {
        /// Outcomes on disk.
        saved: u64,
        /// Which cap was reached, or that the provider asks for a long wait; `None` where it was ordered.
        reason: Option<String>,
    },
}

/// Carries a run out, or goes on with one that was interrupted.
///
/// The last progress of a run that was paused says interrupted: whoever saves the pause says that it is paused.
/// The last progress of a run that came to its end still says running, since its end is not on disk yet: whoever saves
/// the end says that it finished.
///
/// # Errors
///
/// The prompt or the suite cannot be compiled, which is found before anything is sent; or the store failed, and then
/// requests in flight are still finished and saved where possible, and the error says how many outcomes are kept.
pub async fn execute(
    job: Job,
    sink: Arc<dyn OutcomeSink>,
    progress: &watch::Sender<RunProgress>,
    mut orders: watch::Receiver<Order>,
) -> Result<Execution, EvalError> {
    let asker = Arc::new(Asker::new(&job)?);
    let mut standing = Standing::new(&job, progress);
    let mut upcoming = match Upcoming::after_saved(&job, &mut standing).await {
        Ok(upcoming) => upcoming,
        Err(fault) => return Err(standing.stopped(fault)),
    };
    standing.publish(RunState::Running, 0);
    let window = Window::new(asker, sink, job.work.limiter().cloned());
    let stop = match window.send_all(&mut upcoming, &mut standing, &mut orders).await {
        Ok(stop) => stop,
        Err(fault) => return Err(standing.stopped(fault)),
    };
    let saved = standing.totals().saved;
    let state = match (stop, *orders.borrow()) {
        _ if saved == job.run.outcome_count() => EndState::Finished,
        (Stop::Decided, _) => EndState::Decided,
        (_, Order::Cancel) => EndState::Cancelled,
        (Stop::Pause(reason), _) => {
            standing.publish(RunState::Interrupted, 0);
            let reason = Some(reason);
            return Ok(Execution::Paused { saved, reason });
        }
        (_, Order::Pause) => {
            standing.publish(RunState::Interrupted, 0);
            return Ok(Execution::Paused { saved, reason: None });
        }
        (_, Order::GoOn) => {
            let given = format!("the dataset gives {saved} of {} outcomes", job.run.outcome_count());
            return Err(standing.stopped(given.into()));
        }
    };
    standing.publish(RunState::Running, 0);
    let closing = standing.closing(&job, state);
    match blocking(move || closing.run_end()).await {
        Ok(end) => Ok(Execution::Ended(Box::new(end))),
        Err(source) => Err(EvalError::Store { saved, source }),
    }
}

/// Compiles the templates and graders of a job and shows its judges the first example, so that a fault is found before
/// the run is recorded.
///
/// # Errors
///
/// What cannot be compiled, or what a judge would not see.
pub fn check(job: &Job) -> Result<(), EvalError> {
    let asker = Asker::new(job)?;
    if job.judges.prompts.is_empty() {
        return Ok(());
    }
    let examples = job
        .feed
        .page(0)
        .map_err(|source| EvalError::Store { saved: 0, source })?;
    match examples.first() {
        Some(first) => Ok(asker.check_judges(&first.example.content)?),
        None => Ok(()),
    }
}

/// Asks one example and grades the answer. Nothing is saved.
///
/// # Errors
///
/// The prompt or the suite cannot be compiled. A failed request is an outcome with an error.
pub async fn ask_once(job: &Job, index: u64, example: &Example) -> Result<Outcome, EvalError> {
    let asked = Asker::new(job)?.ask(OutcomePlace::first(index), example, None).await;
    Ok(asked.outcome)
}
