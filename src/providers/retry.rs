//! Tries again what may pass: exponential pauses with full jitter, unless the provider says how long to wait.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};

use super::{ChatReply, ChatRequest, Provider, ProviderError, Retry};
use crate::domain::outcome::{Attempt, OutcomeError, Usage};

/// Upper end of the first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Upper end of any pause of ours: longer ones make a run look stuck.
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// Longest wait that a provider can ask for: the window of common rate limits.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// What became of a request after all its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The answer, or the error of the last attempt.
    pub reply: Result<ChatReply, ProviderError>,
    /// Every attempt, the last one included.
    pub attempts: Vec<Attempt>,
}

/// Makes attempts until one is answered, one fails for good, or `attempts_max` are made; the first is always made.
pub async fn exchange(provider: &dyn Provider, request: &ChatRequest, attempts_max: u32) -> Exchange {
    let mut attempts = Vec::new();
    let attempt = || provider.answer(request);
    let reply = attempt
        .retry(pauses(attempts_max))
        .when(|error: &ProviderError| error.retry == Retry::Yes)
        .adjust(|error, pause| pause.map(|ours| asked_pause(error).unwrap_or(ours)))
        .notify(|error, _| attempts.push(failed(error)))
        .await;
    attempts.push(match &reply {
        Ok(reply) => Attempt {
            latency_ms: reply.latency_ms,
            status: reply.status,
            error: None,
            usage: reply.usage,
            cost: None,
            waited_ms: 0,
        },
        Err(error) => failed(error),
    });
    Exchange { reply, attempts }
}

fn asked_pause(error: &ProviderError) -> Option<Duration> {
    error.retry_after.map(|asked| asked.min(RETRY_AFTER_MAX))
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

fn failed(error: &ProviderError) -> Attempt {
    Attempt {
        latency_ms: error.latency_ms,
        status: error.status,
        error: Some(OutcomeError {
            kind: error.kind,
            message: error.message.clone(),
        }),
        usage: Usage::default(),
        cost: None,
        waited_ms: 0,
    }
}

#[cfg(test)]
mod tests;
