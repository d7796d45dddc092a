//! How many requests an endpoint takes at once. Every adaptive run of the process that asks one endpoint shares its
//! limiter, so that together they stay below what the provider allows.
//!
//! The window begins small and doubles with every round of answers until the provider refuses for the first time; from
//! then on it grows by one a round (additive increase) and is halved by each round with a refusal, a failure or no
//! answer in time (multiplicative decrease). While the provider asks to wait, nothing is sent at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::base_url::BaseUrl;
use super::retry::RETRY_AFTER_MAX;
use super::{ProviderError, RateLimits, Retry};
use crate::domain::outcome::ErrorKind;

/// Requests in flight to an endpoint of which nothing is known yet.
const WINDOW_AT_START: f64 = 8.0;
/// One request must stay in flight, or nothing would ever say that the provider has recovered.
const WINDOW_MIN: f64 = 1.0;
/// Most requests in flight to one endpoint, over all runs.
const WINDOW_MAX: f64 = 4_096.0;

/// What slowed an endpoint down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slowed {
    /// Status 429, or headers that say that nothing is left.
    ByLimit,
    /// Failures of the provider, or of the way to it.
    ByFailures,
}

/// Where a limiter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests that may be in flight.
    pub window: u32,
    /// Why it is not more.
    pub slowed: Option<Slowed>,
    /// How long nothing is sent, because the provider asked for it.
    pub opens_in: Option<Duration>,
}

#[derive(Debug)]
struct State {
    /// Parts of one count up to the next whole.
    window: f64,
    in_flight: u32,
    slowed: Option<Slowed>,
    /// Only a request that was sent after it can halve the window again.
    cut_at: Option<Instant>,
    closed_until: Option<Instant>,
}

impl State {
    fn is_open(&self, now: Instant) -> bool {
        self.closed_until.is_none_or(|until| until <= now) && f64::from(self.in_flight) + 1.0 <= self.window
    }

    fn grow(&mut self) {
        // A window that is not used says nothing about what the provider would take.
        if f64::from(self.in_flight) * 2.0 < self.window {
            return;
        }
        let step = if self.cut_at.is_none() { 1.0 } else { 1.0 / self.window };
        self.window = (self.window + step).min(WINDOW_MAX);
    }

    fn cut(&mut self, sent_at: Instant, now: Instant, slowed: Slowed) {
        if self.cut_at.is_some_and(|cut_at| sent_at < cut_at) {
            return;
        }
        // What was really in flight, where the window was not used up.
        let used = self.window.min(f64::from(self.in_flight.max(1)));
        self.window = (used / 2.0).max(WINDOW_MIN);
        self.cut_at = Some(now);
        self.slowed = Some(slowed);
    }

    /// With nothing left, nothing is sent until the provider's window begins anew.
    fn limit(&mut self, limits: &RateLimits) {
        let is_used_up = limits.requests_left == Some(0) || limits.tokens_left == Some(0);
        if let Some(resets_in) = limits.resets_in.filter(|_| is_used_up) {
            self.slowed = Some(Slowed::ByLimit);
            self.close(Instant::now() + resets_in.min(RETRY_AFTER_MAX));
        }
    }

    fn close(&mut self, until: Instant) {
        self.closed_until = Some(self.closed_until.map_or(until, |other| other.max(until)));
    }
}

/// The limiter of one endpoint.
#[derive(Debug)]
pub struct Limiter {
    state: Mutex<State>,
    changed: Notify,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                window: WINDOW_AT_START,
                in_flight: 0,
                slowed: None,
                cut_at: None,
                closed_until: None,
            }),
            changed: Notify::new(),
        }
    }
}

impl Limiter {
    /// A place for one request, where one is free.
    pub fn try_enter(self: &Arc<Self>) -> Option<Permit> {
        let mut state = self.state();
        if !state.is_open(Instant::now()) {
            return None;
        }
        state.in_flight += 1;
        Some(Permit(Arc::clone(self)))
    }

    /// Waits until a place may be free; another run may still be faster.
    pub async fn freed(&self) {
        loop {
            let changed = self.changed.notified();
            let closed_until = {
                let (state, now) = (self.state(), Instant::now());
                if state.is_open(now) {
                    return;
                }
                state.closed_until.filter(|until| *until > now)
            };
            match closed_until {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// Waits while the provider has asked for it, though not beyond `at_most`.
    pub async fn opened(&self, at_most: Option<Instant>) {
        loop {
            let Some(until) = self.state().closed_until.filter(|until| *until > Instant::now()) else {
                return;
            };
            match at_most {
                Some(end) if end <= until => return sleep_until(end).await,
                _ => sleep_until(until).await,
            }
        }
    }

    /// Takes in that a request was answered, and what the provider still takes.
    pub fn answered(&self, limits: &RateLimits) {
        {
            let mut state = self.state();
            state.grow();
            state.limit(limits);
        }
        self.changed.notify_waiters();
    }

    /// Takes in that a request was not answered. What is wrong with the request itself says nothing about the pace.
    pub fn failed(&self, sent_at: Instant, error: &ProviderError) {
        let slowed = match error.kind {
            ErrorKind::RateLimited if error.retry == Retry::Yes => Slowed::ByLimit,
            ErrorKind::Timeout | ErrorKind::Server | ErrorKind::Connect if error.retry == Retry::Yes => {
                Slowed::ByFailures
            }
            _ => return,
        };
        let now = Instant::now();
        let mut state = self.state();
        state.cut(sent_at, now, slowed);
        state.limit(&error.rate_limits);
        // Who asks for a longer wait pauses the run: what is in flight must not wait for that.
        if let Some(asked) = error.retry_after.filter(|asked| *asked <= RETRY_AFTER_MAX) {
            state.close(now + asked);
        }
    }

    /// Where it stands.
    pub fn pace(&self) -> Pace {
        let (state, now) = (self.state(), Instant::now());
        let opens_in = state.closed_until.and_then(|until| until.checked_duration_since(now));
        Pace {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it lies between its two bounds"
            )]
            window: state.window as u32,
            slowed: state.slowed,
            opens_in: opens_in.filter(|left| !left.is_zero()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere cannot have broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for one request in flight; it is free again when dropped.
#[derive(Debug)]
pub struct Permit(Arc<Limiter>);

impl Drop for Permit {
    fn drop(&mut self) {
        {
            let mut state = self.0.state();
            state.in_flight = state.in_flight.saturating_sub(1);
        }
        self.0.changed.notify_waiters();
    }
}

/// A provider's name and the base URL that it is asked at, in one spelling; `None` where it is the provider's own.
type EndpointKey = (String, Option<String>);

/// The limiters of a process, by endpoint.
#[derive(Debug, Default)]
pub struct Limiters(Mutex<HashMap<EndpointKey, Arc<Limiter>>>);

impl Limiters {
    /// The limiter of a provider's endpoint, the same for all that ask.
    pub fn of(&self, provider: &str, base_url: Option<&str>) -> Arc<Limiter> {
        let key = (provider.to_owned(), base_url.map(one_spelling));
        // An entry is put in whole or not at all.
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(limiters.entry(key).or_default())
    }
}

/// The same for every way to write a URL: whatever the case of its host, with the usual port or without it, with a
/// slash at its end or without one. What is no URL stays as it is.
fn one_spelling(base_url: &str) -> String {
    let url = BaseUrl::parse(base_url).map_or_else(|_| base_url.trim().to_owned(), |url| url.to_string());
    url.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests;
