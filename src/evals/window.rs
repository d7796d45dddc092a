//! The window of requests in flight: filled while there is something to send and nothing speaks against it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use super::ask::{Asked, Asker};
use super::caps::Leave;
use super::pipeline::{Order, OutcomeSink, StoreFault};
use super::standing::Standing;
use super::upcoming::{Due, Upcoming};
use crate::domain::example::Example;
use crate::domain::hash::ContentHash;
use crate::domain::judgement::Judgement;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Outcome;
use crate::domain::run::RunState;
use crate::providers::limiter::{Limiter, Permit};

/// Shortest time between two progresses: people read no faster, and summing up costs time.
const PROGRESS_PERIOD: Duration = Duration::from_millis(200);

/// Why nothing more is sent.
#[derive(Debug)]
pub(super) enum Stop {
    /// There is nothing left to send, or its owner ordered so.
    NothingToSend,
    /// A cap was reached, or the provider wants to be left alone: which, in a sentence.
    Pause(String),
    /// No possible rest could change what the gate says.
    Decided,
}

/// Why the window is not filled further for now.
enum Hold {
    /// It is full, or what is in flight has to tell first whether there is room for more.
    Full,
    /// The endpoint takes no more.
    Slowed,
    /// Nothing more comes.
    Over(Stop),
    /// The store failed.
    Fault(StoreFault),
}

/// What was saved of one example.
struct Saved {
    outcome: Outcome,
    example: Arc<Example>,
    hash: ContentHash,
}

/// What became of one example.
struct Done {
    /// `None` where it is put off: it took nothing yet, and a resume asks it again.
    saved: Option<Saved>,
    /// Why the provider is not to be asked further.
    closed: Option<String>,
}

type InFlight = JoinSet<Result<Done, StoreFault>>;

/// What every request needs.
pub(super) struct Window {
    asker: Arc<Asker>,
    sink: Arc<dyn OutcomeSink>,
    limiter: Option<Arc<Limiter>>,
}

impl Window {
    pub(super) fn new(asker: Arc<Asker>, sink: Arc<dyn OutcomeSink>, limiter: Option<Arc<Limiter>>) -> Self {
        Self { asker, sink, limiter }
    }

    /// Keeps requests in flight until there is nothing more to send or something says stop; then waits for those in
    /// flight. The first fault is returned after they are done.
    pub(super) async fn send_all(
        &self,
        upcoming: &mut Upcoming,
        standing: &mut Standing<'_>,
        orders: &mut watch::Receiver<Order>,
    ) -> Result<Stop, StoreFault> {
        let mut in_flight = InFlight::new();
        let (mut fault, mut closed) = (None, None);
        let mut ticks = interval(PROGRESS_PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut has_owner = true;
        loop {
            let hold = match (&fault, &closed, *orders.borrow_and_update()) {
                (None, None, Order::GoOn) => None,
                (None, Some(why), Order::GoOn) => Some(Hold::Over(Stop::Pause(String::clone(why)))),
                _ => Some(Hold::Over(Stop::NothingToSend)),
            };
            let hold = match hold {
                Some(hold) => hold,
                None => self.fill(&mut in_flight, upcoming, standing).await,
            };
            match hold {
                Hold::Fault(error) => fault = Some(error),
                Hold::Over(stop) if in_flight.is_empty() => return fault.map_or(Ok(stop), Err),
                Hold::Slowed | Hold::Full | Hold::Over(_) => {
                    let is_slowed = matches!(hold, Hold::Slowed);
                    tokio::select! {
                        Some(done) = in_flight.join_next() => match done {
                            Ok(Ok(done)) => {
                                closed = closed.or(done.closed);
                                if let Some(Saved { outcome, example, hash }) = done.saved {
                                    standing.push_new(&outcome, &example.content, hash);
                                }
                            }
                            Ok(Err(error)) => fault = fault.or(Some(error)),
                            Err(error) => fault = fault.or(Some(stopped_text(error).into())),
                        },
                        // Without an owner there is nobody left who could order anything.
                        changed = orders.changed(), if has_owner => has_owner = changed.is_ok(),
                        () = freed(self.limiter.as_deref()), if is_slowed => {}
                        _ = ticks.tick() => standing.publish(RunState::Running, in_flight.len()),
                    }
                }
            }
        }
    }

    /// Sends until something holds it.
    async fn fill(&self, in_flight: &mut InFlight, upcoming: &mut Upcoming, standing: &mut Standing<'_>) -> Hold {
        loop {
            if standing.is_decided() {
                return Hold::Over(Stop::Decided);
            }
            if in_flight.len() >= standing.concurrency() {
                return Hold::Full;
            }
            match standing.leave(in_flight.len()) {
                Leave::Send => {}
                Leave::Wait => return Hold::Full,
                Leave::Stop(reason) => return Hold::Over(Stop::Pause(reason)),
            }
            if let Some(why) = self.sink.why_full() {
                return Hold::Over(Stop::Pause(why));
            }
            let permit = match self.limiter.as_ref().map(Limiter::try_enter) {
                Some(None) => return Hold::Slowed,
                Some(Some(permit)) => Some(permit),
                None => None,
            };
            match upcoming.next().await {
                Ok(Some(due)) => {
                    in_flight.spawn(ask_and_save(
                        Arc::clone(&self.asker),
                        Arc::clone(&self.sink),
                        due,
                        permit,
                    ));
                }
                Ok(None) => return Hold::Over(Stop::NothingToSend),
                Err(error) => return Hold::Fault(error),
            }
        }
    }
}

async fn freed(limiter: Option<&Limiter>) {
    if let Some(limiter) = limiter {
        limiter.freed().await;
    }
}

/// Makes the outcome, a panic on the way included, and saves it, unless the provider put it off.
async fn ask_and_save(
    asker: Arc<Asker>,
    sink: Arc<dyn OutcomeSink>,
    due: Due,
    permit: Option<Permit>,
) -> Result<Done, StoreFault> {
    let Due { place, example } = due;
    let Asked { outcome, wait } = match caught(asker.ask(place, &example, permit)).await {
        Ok(asked) => asked,
        Err(panic) => asker.broken(place, &example, panic_text(&*panic)).into(),
    };
    let closed = wait.map(closed_text);
    // What has cost something is kept, so that it is counted.
    let took_nothing = outcome.cost == Some(UsdNanos::default()) && outcome.judgements.iter().all(costs_nothing);
    if closed.is_some() && took_nothing {
        return Ok(Done { saved: None, closed });
    }
    let hash = outcome.content_hash()?;
    sink.append(&outcome).await?;
    let saved = Some(Saved { outcome, example, hash });
    Ok(Done { saved, closed })
}

fn costs_nothing(judgement: &Judgement) -> bool {
    judgement.cost == Some(UsdNanos::default())
}

fn closed_text(wait: Duration) -> String {
    let minutes = wait.as_secs().div_ceil(60);
    format!("the provider asks to wait {minutes} min, longer than a run waits by itself")
}

/// What a future comes to, or what it panicked with; after a panic it is not touched again.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

pub(super) fn stopped_text(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => panic_text(&*panic),
        Err(_) => "the task was stopped from outside".into(),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a fault in pegbox, please report it: {}", text.unwrap_or("no message"))
}
