//! Tries again what may pass: exponential pauses with full jitter, unless the provider says how long to wait. Three
//! limits hold it: attempts and time for one example, and a budget of retries over the whole run.

mod budget;

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::{Instant, sleep, timeout_at};

pub use budget::RetryBudget;

use super::limiter::Limiter;
use super::{ChatReply, ChatRequest, Provider, ProviderError, Retry};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{Attempt, ErrorKind, OutcomeError};

/// Upper end of the first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Upper end of any pause of ours: longer ones make a run look stuck.
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// Longest wait that a provider can ask for and get: the window of common rate limits. Who asks for more is not asked
/// again before somebody resumes the run.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// A time that no request lives to see, in place of one that the clock cannot say.
const FAR_AWAY: Duration = Duration::from_secs(365 * 24 * 3600);

/// What became of a request after all its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The answer, or the error of the last attempt.
    pub reply: Result<ChatReply, ProviderError>,
    /// Every attempt, the last one included.
    pub attempts: Vec<Attempt>,
}

impl Exchange {
    /// How long the provider asks to wait, where that is longer than a request waits.
    pub fn asked_long(&self) -> Option<Duration> {
        let error = self.reply.as_ref().err()?;
        asks_long(error).filter(|_| error.retry == Retry::Yes)
    }
}

/// How long a request is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience<'a> {
    /// Attempts at most; the first is always made.
    pub attempts_max: u32,
    /// When the last attempt must have ended; `None` for no limit.
    pub ends_at: Option<Instant>,
    /// What all requests of the run may try again.
    pub budget: &'a RetryBudget,
    /// How many requests the endpoint takes at once, where that is followed.
    pub limiter: Option<&'a Limiter>,
}

impl<'a> Patience<'a> {
    /// So many attempts, without any other limit than the budget.
    pub fn of(attempts_max: u32, budget: &'a RetryBudget) -> Self {
        Self {
            attempts_max,
            ends_at: None,
            budget,
            limiter: None,
        }
    }

    /// The moment so many milliseconds from now.
    pub fn end_after(deadline_ms: u64) -> Instant {
        let now = Instant::now();
        // Beyond what the clock can say is as good as far away.
        now.checked_add(Duration::from_millis(deadline_ms))
            .unwrap_or(now + FAR_AWAY)
    }

    /// The pause before another attempt, or why there is none; `None` where nothing needs to be said.
    fn pause(&self, error: &ProviderError, ours: Option<Duration>) -> Result<Duration, Option<&'static str>> {
        let Some(ours) = ours.filter(|_| error.retry == Retry::Yes) else {
            return Err(None);
        };
        if asks_long(error).is_some() {
            return Err(Some(
                "not tried again: the provider asks to wait longer than a request waits",
            ));
        }
        let pause = error.retry_after.unwrap_or(ours);
        if self.ends_at.is_some_and(|end| Instant::now() + pause >= end) {
            return Err(Some("no time is left for another try"));
        }
        // Who limits requests is alive and says when to come back; the budget is against hammering what is not.
        if error.kind != ErrorKind::RateLimited && !self.budget.take() {
            return Err(Some("not tried again: too many requests of this run have failed"));
        }
        Ok(pause)
    }
}

/// Makes attempts until one is answered, one fails for good, or patience is at its end.
pub async fn exchange(provider: &dyn Provider, request: &ChatRequest, patience: Patience<'_>) -> Exchange {
    let mut attempts = Vec::new();
    let mut pauses = pauses(patience.attempts_max);
    let mut waited = Duration::ZERO;
    loop {
        if let Some(limiter) = patience.limiter {
            limiter.opened(patience.ends_at).await;
        }
        let sent_at = Instant::now();
        let reply = answer_in_time(provider, request, patience.ends_at).await;
        if let Some(limiter) = patience.limiter {
            match &reply {
                Ok(reply) => limiter.answered(&reply.rate_limits),
                Err(error) => limiter.failed(sent_at, error),
            }
        }
        attempts.push(attempt(provider, request, &reply, waited));
        let mut error = match reply {
            Ok(reply) => {
                patience.budget.give();
                return Exchange {
                    reply: Ok(reply),
                    attempts,
                };
            }
            Err(error) => error,
        };
        match patience.pause(&error, pauses.next()) {
            Ok(pause) => {
                waited = pause;
                sleep(pause).await;
            }
            Err(why) => {
                if let Some(why) = why {
                    error.message = format!("{}; {why}", error.message);
                }
                return Exchange {
                    reply: Err(error),
                    attempts,
                };
            }
        }
    }
}

async fn answer_in_time(
    provider: &dyn Provider,
    request: &ChatRequest,
    ends_at: Option<Instant>,
) -> Result<ChatReply, ProviderError> {
    let Some(ends_at) = ends_at else {
        return provider.answer(request).await;
    };
    let sent_at = Instant::now();
    timeout_at(ends_at, provider.answer(request)).await.unwrap_or_else(|_| {
        Err(ProviderError {
            latency_ms: u64::try_from(sent_at.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..ProviderError::new(ErrorKind::Timeout, Retry::No, "the time for this example is over")
        })
    })
}

fn asks_long(error: &ProviderError) -> Option<Duration> {
    error.retry_after.filter(|asked| *asked > RETRY_AFTER_MAX)
}

/// Pauses between attempts, each from nothing up to its exponential bound. The crate adds its jitter to the bound;
/// without the bound it is the full jitter that spreads clients best.
fn pauses(attempts_max: u32) -> impl Iterator<Item = Duration> + Send + Sync + Unpin {
    let retries = usize::try_from(attempts_max.saturating_sub(1)).unwrap_or(usize::MAX);
    let bounds = ExponentialBuilder::new()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(PAUSE_MAX)
        .with_max_times(retries);
    let bounds_and_jitter = bounds.with_jitter().build();
    bounds
        .build()
        .zip(bounds_and_jitter)
        .map(|(bound, with_jitter)| with_jitter.saturating_sub(bound))
}

fn attempt(
    provider: &dyn Provider,
    request: &ChatRequest,
    reply: &Result<ChatReply, ProviderError>,
    waited: Duration,
) -> Attempt {
    let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
    match reply {
        Ok(reply) => Attempt {
            latency_ms: reply.latency_ms,
            status: reply.status,
            error: None,
            usage: reply.usage,
            cost: reply.cost,
            waited_ms,
        },
        Err(error) => Attempt {
            latency_ms: error.latency_ms,
            status: error.status,
            error: Some(OutcomeError {
                kind: error.kind,
                message: error.message.clone(),
            }),
            usage: *error.usage,
            cost: if error.may_be_charged {
                provider.cost(&request.model.name, &error.usage)
            } else {
                Some(UsdNanos::default())
            },
            waited_ms,
        },
    }
}

#[cfg(test)]
mod tests;
