//! Carries a run out: page of examples, requests, outcomes on disk, sums. Memory grows with the number of requests in
//! flight and with one page of examples, not with the dataset.
//!
//! An outcome counts only when the sink says that it is on disk. So a process that dies at any moment leaves a run
//! that goes on where it stopped: what is saved is counted again and never sent again.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use super::EvalError;
use super::ask::Asker;
use super::gate::settle;
use super::metrics::Tally;
use super::progress::Meter;
use crate::domain::example::{Example, ExampleContent};
use crate::domain::hash::ContentHash;
use crate::domain::outcome::Outcome;
use crate::domain::progress::RunProgress;
use crate::domain::prompt::PromptContent;
use crate::domain::run::{EndState, Run, RunEnd, RunState};
use crate::domain::suite::SuiteContent;
use crate::domain::time::Timestamp;
use crate::providers::Provider;

/// Most requests in flight, whatever the settings say: more than any provider takes from one key.
pub const CONCURRENCY_MAX: u32 = 256;
/// Shortest time between two progresses: people read no faster, and summing up costs time.
const PROGRESS_PERIOD: Duration = Duration::from_millis(200);

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

    /// The outcome of an earlier run that holds an answer to this very request, where the run may use it.
    fn answer(&self, _request: &ContentHash) -> Result<Option<Outcome>, StoreFault> {
        Ok(None)
    }
}

/// Where outcomes go.
pub trait OutcomeSink: Send + Sync {
    /// Saves an outcome; resolves when it would survive a power cut.
    fn append<'a>(&'a self, outcome: &'a Outcome) -> Appending<'a>;

    /// The hash over all outcomes of the run in order of place. Called once, at the end, where blocking is allowed.
    fn outcomes_hash(&self) -> Result<ContentHash, StoreFault>;
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

/// Everything that a run needs.
pub struct Job {
    /// The run as it was recorded.
    pub run: Run,
    /// The content of its version.
    pub prompt: PromptContent,
    /// The content of its suite version.
    pub suite: SuiteContent,
    /// Who answers.
    pub provider: Arc<dyn Provider>,
    /// Where its examples come from.
    pub feed: Arc<dyn ExampleFeed>,
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
    },
}

/// Carries a run out, or goes on with one that was interrupted.
///
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
    if let Err(fault) = send_all(&asker, &sink, &mut upcoming, &mut standing, &mut orders).await {
        return Err(standing.stopped(fault));
    }
    let totals = standing.tally.totals();
    let order = *orders.borrow();
    let state = match order {
        _ if totals.saved == job.run.example_count => EndState::Finished,
        Order::Cancel => EndState::Cancelled,
        Order::Pause => {
            standing.publish(RunState::Interrupted, 0);
            return Ok(Execution::Paused { saved: totals.saved });
        }
        Order::GoOn => {
            let given = format!(
                "the dataset gives {} of {} examples",
                totals.saved, job.run.example_count
            );
            return Err(standing.stopped(given.into()));
        }
    };
    match blocking(move || sink.outcomes_hash()).await {
        Ok(outcomes_hash) => {
            standing.publish(RunState::Running, 0);
            Ok(Execution::Ended(Box::new(standing.end(&job, state, outcomes_hash))))
        }
        Err(fault) => Err(standing.stopped(fault)),
    }
}

/// Compiles the templates and graders of a job, so that a fault is found before the run is recorded.
///
/// # Errors
///
/// What cannot be compiled.
pub fn check(job: &Job) -> Result<(), EvalError> {
    Asker::new(job).map(drop)
}

/// Asks one example and grades the answer. Nothing is saved.
///
/// # Errors
///
/// The prompt or the suite cannot be compiled. A failed request is an outcome with an error.
pub async fn ask_once(job: &Job, index: u64, example: &Example) -> Result<Outcome, EvalError> {
    Ok(Asker::new(job)?.ask(index, example).await)
}

/// Keeps requests in flight until there is nothing more to send or an order or a fault says stop; then waits for those
/// in flight. The first fault is returned after they are done.
async fn send_all(
    asker: &Arc<Asker>,
    sink: &Arc<dyn OutcomeSink>,
    upcoming: &mut Upcoming,
    standing: &mut Standing<'_>,
    orders: &mut watch::Receiver<Order>,
) -> Result<(), StoreFault> {
    let mut in_flight = JoinSet::new();
    let mut fault = None;
    let mut ticks = interval(PROGRESS_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_owner = true;
    loop {
        let goes_on = *orders.borrow_and_update() == Order::GoOn;
        while goes_on && fault.is_none() && in_flight.len() < standing.concurrency() {
            match upcoming.next().await {
                Ok(Some(placed)) => {
                    in_flight.spawn(ask_and_save(Arc::clone(asker), Arc::clone(sink), placed));
                }
                Ok(None) => break,
                Err(error) => fault = Some(error),
            }
        }
        if in_flight.is_empty() {
            return fault.map_or(Ok(()), Err);
        }
        tokio::select! {
            Some(done) = in_flight.join_next() => match done {
                Ok(Ok((outcome, example))) => standing.push_new(&outcome, &example.content),
                Ok(Err(error)) => fault = fault.or(Some(error)),
                Err(error) => fault = fault.or(Some(panic_text(error).into())),
            },
            // Without an owner there is nobody left who could order anything.
            changed = orders.changed(), if has_owner => has_owner = changed.is_ok(),
            _ = ticks.tick() => standing.publish(RunState::Running, in_flight.len()),
        }
    }
}

/// Makes the outcome in a task of its own, so that a panic in it becomes an outcome too, and saves it.
async fn ask_and_save(
    asker: Arc<Asker>,
    sink: Arc<dyn OutcomeSink>,
    placed: Placed,
) -> Result<(Outcome, Arc<Example>), StoreFault> {
    let Placed { index, example } = placed;
    let example = Arc::new(example);
    let mut asking = JoinSet::new();
    let (inner_asker, inner_example) = (Arc::clone(&asker), Arc::clone(&example));
    asking.spawn(async move { inner_asker.ask(index, &inner_example).await });
    let outcome = match asking.join_next().await {
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => asker.broken(index, &example, panic_text(error)),
        None => asker.broken(index, &example, "it was not asked".into()),
    };
    sink.append(&outcome).await?;
    Ok((outcome, example))
}

fn panic_text(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else {
        return "the task was stopped from outside".into();
    };
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a fault in pegbox, please report it: {}", text.unwrap_or("no message"))
}

/// Runs what reads the disk where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreFault> + Send + 'static,
) -> Result<T, StoreFault> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(panic_text(error).into()))
}

/// The examples that are still to be sent, a page at a time.
struct Upcoming {
    feed: Arc<dyn ExampleFeed>,
    next_page: u64,
    page: VecDeque<Placed>,
    /// For each place, whether its outcome is saved or on its way: one byte an example.
    is_taken: Vec<bool>,
}

impl Upcoming {
    /// Counts what is saved, and leaves it out of what comes.
    async fn after_saved(job: &Job, standing: &mut Standing<'_>) -> Result<Self, StoreFault> {
        let mut upcoming = Self {
            feed: Arc::clone(&job.feed),
            next_page: 0,
            page: VecDeque::new(),
            is_taken: vec![false; usize::try_from(job.run.place_end())?],
        };
        for page in 0..job.feed.page_count() {
            let feed = Arc::clone(&job.feed);
            let (saved, examples) = blocking(move || {
                let saved = feed.saved(page)?;
                let examples = if saved.is_empty() { Vec::new() } else { feed.page(page)? };
                let examples: HashMap<u64, Example> = examples.into_iter().map(|p| (p.index, p.example)).collect();
                Ok((saved, examples))
            })
            .await?;
            for outcome in saved {
                let Some(example) = examples.get(&outcome.index) else {
                    return Err(format!("outcome {} has no example in the dataset", outcome.index).into());
                };
                if upcoming.take(outcome.index)? {
                    standing.push(&outcome, &example.content);
                }
            }
        }
        Ok(upcoming)
    }

    async fn next(&mut self) -> Result<Option<Placed>, StoreFault> {
        loop {
            while let Some(placed) = self.page.pop_front() {
                if self.take(placed.index)? {
                    return Ok(Some(placed));
                }
            }
            if self.next_page >= self.feed.page_count() {
                return Ok(None);
            }
            let (feed, page) = (Arc::clone(&self.feed), self.next_page);
            self.page = blocking(move || feed.page(page)).await?.into();
            self.next_page += 1;
        }
    }

    /// Takes a place; false if it was taken before.
    fn take(&mut self, index: u64) -> Result<bool, StoreFault> {
        let place = usize::try_from(index)
            .ok()
            .and_then(|index| self.is_taken.get_mut(index));
        match place {
            Some(is_taken) => Ok(!std::mem::replace(is_taken, true)),
            None => Err(format!("the dataset has a place {index} that the run does not count").into()),
        }
    }
}

/// What is known of the run so far.
struct Standing<'a> {
    tally: Tally,
    meter: Meter,
    concurrency: u32,
    now: Now,
    progress: &'a watch::Sender<RunProgress>,
}

impl<'a> Standing<'a> {
    fn new(job: &Job, progress: &'a watch::Sender<RunProgress>) -> Self {
        let concurrency = job.run.settings.concurrency.clamp(1, CONCURRENCY_MAX);
        Self {
            tally: Tally::new(&job.suite),
            meter: Meter::new(&job.run, concurrency, (job.now)()),
            concurrency,
            now: Arc::clone(&job.now),
            progress,
        }
    }

    fn concurrency(&self) -> usize {
        usize::try_from(self.concurrency).unwrap_or(usize::MAX)
    }

    fn push(&mut self, outcome: &Outcome, example: &ExampleContent) {
        self.tally.push(outcome, example);
        self.meter.push(outcome, &self.tally.totals());
    }

    fn push_new(&mut self, outcome: &Outcome, example: &ExampleContent) {
        self.tally.push(outcome, example);
        self.meter.push_new(outcome, &self.tally.totals());
    }

    fn publish(&self, state: RunState, in_flight: usize) {
        self.progress
            .send_replace(self.meter.progress(&self.tally, state, in_flight, (self.now)()));
    }

    fn stopped(&self, source: StoreFault) -> EvalError {
        self.publish(RunState::Interrupted, 0);
        EvalError::Store {
            saved: self.tally.totals().saved,
            source,
        }
    }

    fn end(&self, job: &Job, state: EndState, outcomes_hash: ContentHash) -> RunEnd {
        let results = self.tally.results();
        RunEnd {
            run: job.run.id,
            state,
            totals: self.tally.totals(),
            gate: (state == EndState::Finished).then(|| settle(&job.suite, &results)),
            results,
            outcomes_hash,
            resolved_models: self.tally.resolved_models(),
            ended_at: (self.now)(),
        }
    }
}
