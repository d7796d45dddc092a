use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::time::Instant;

use super::*;
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, Usage};
use crate::domain::run::AnswerSource;
use crate::providers::Answering;

/// Answers from a list, then fails for good.
struct Scripted(Mutex<VecDeque<Result<ChatReply, ProviderError>>>);

impl Provider for Scripted {
    fn answer<'a>(&'a self, _request: &'a ChatRequest) -> Answering<'a> {
        let next = self.0.lock().unwrap().pop_front();
        Box::pin(async move { next.unwrap_or_else(|| Err(error(Retry::No, None))) })
    }

    fn source(&self) -> AnswerSource {
        AnswerSource::Model
    }

    fn cost(&self, _model_name: &str, _usage: &Usage) -> Option<UsdNanos> {
        None
    }

    fn notes(&self, _model: &ModelConfig) -> Vec<String> {
        Vec::new()
    }
}

fn error(retry: Retry, retry_after: Option<Duration>) -> ProviderError {
    ProviderError {
        status: Some(429),
        retry_after,
        latency_ms: 3,
        ..ProviderError::new(ErrorKind::RateLimited, retry, "slow down")
    }
}

fn reply() -> ChatReply {
    ChatReply {
        raw: "{}".into(),
        text: Some("hi".into()),
        status: Some(200),
        latency_ms: 9,
        ..ChatReply::default()
    }
}

/// The exchange, and how long its pauses were together on a clock that only they move.
async fn run(script: Vec<Result<ChatReply, ProviderError>>, attempts_max: u32) -> (Exchange, Duration) {
    let provider = Scripted(Mutex::new(script.into()));
    let request = ChatRequest::new(ModelConfig::new("openai", "gpt-4.1"), Vec::new());
    let started = Instant::now();
    let exchange = exchange(&provider, &request, attempts_max).await;
    (exchange, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_errors_records_every_attempt() {
    let script = vec![Err(error(Retry::Yes, None)), Err(error(Retry::Yes, None)), Ok(reply())];
    let (exchange, _) = run(script, 4).await;
    assert_eq!(exchange.reply, Ok(reply()));
    let statuses: Vec<_> = exchange
        .attempts
        .iter()
        .map(|a| (a.status, a.error.is_some()))
        .collect();
    assert_eq!(statuses, [(Some(429), true), (Some(429), true), (Some(200), false)]);
    let latencies: Vec<_> = exchange.attempts.iter().map(|a| a.latency_ms).collect();
    assert_eq!(latencies, [3, 3, 9]);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_limited_and_one_is_always_made() {
    for (attempts_max, made) in [(0, 1), (1, 1), (3, 3)] {
        let script = (0..10).map(|_| Err(error(Retry::Yes, None))).collect();
        let (exchange, _) = run(script, attempts_max).await;
        assert_eq!(exchange.attempts.len(), made);
        assert!(exchange.reply.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_tried_once() {
    let (exchange, paused) = run(vec![Err(error(Retry::No, Some(Duration::from_secs(9))))], 4).await;
    assert_eq!((exchange.attempts.len(), paused), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_provider_says_how_long_up_to_a_minute() {
    for (asked_s, paused_s) in [(0, 0), (17, 17), (60, 60), (86_400, 60)] {
        let script = vec![Err(error(Retry::Yes, Some(Duration::from_secs(asked_s)))), Ok(reply())];
        let (exchange, paused) = run(script, 2).await;
        assert_eq!((exchange.attempts.len(), paused), (2, Duration::from_secs(paused_s)));
    }
}

#[test]
fn pauses_have_full_jitter_below_a_doubling_bound() {
    let bounds_ms = [500, 1000, 2000, 4000, 8000, 8000, 8000];
    let mut low = 0;
    for _ in 0..200 {
        let drawn: Vec<Duration> = pauses(8).collect();
        assert_eq!(drawn.len(), bounds_ms.len());
        for (pause, bound_ms) in drawn.iter().zip(bounds_ms) {
            assert!(*pause <= Duration::from_millis(bound_ms), "{pause:?} {bound_ms}");
        }
        low += usize::from(drawn[0] < Duration::from_millis(250));
    }
    // Half of them are expected below the middle; by chance alone none of 200 would not be.
    assert!(low > 0);
    assert_eq!(pauses(0).count(), 0);
}
