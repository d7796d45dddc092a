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

    fn cost(&self, model_name: &str, usage: &Usage) -> Option<UsdNanos> {
        (model_name == "gpt-4.1").then_some(UsdNanos(usage.input_tokens?))
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
        usage: Usage {
            input_tokens: Some(7),
            ..Usage::default()
        },
        cost: Some(UsdNanos(7)),
        status: Some(200),
        latency_ms: 9,
        ..ChatReply::default()
    }
}

/// The exchange, and how long its pauses were together on a clock that only they move.
async fn run(script: Vec<Result<ChatReply, ProviderError>>, attempts_max: u32) -> (Exchange, Duration) {
    run_within(script, attempts_max, None, &RetryBudget::default()).await
}

async fn run_within(
    script: Vec<Result<ChatReply, ProviderError>>,
    attempts_max: u32,
    deadline_ms: Option<u64>,
    budget: &RetryBudget,
) -> (Exchange, Duration) {
    let provider = Scripted(Mutex::new(script.into()));
    let request = ChatRequest::new(ModelConfig::new("openai", "gpt-4.1"), Vec::new());
    let started = Instant::now();
    let patience = Patience {
        ends_at: deadline_ms.map(Patience::end_after),
        ..Patience::of(attempts_max, budget)
    };
    let exchange = exchange(&provider, &request, patience).await;
    (exchange, started.elapsed())
}

fn broken_server() -> ProviderError {
    ProviderError::new(ErrorKind::Server, Retry::Yes, "HTTP 500")
}

#[tokio::test(start_paused = true)]
async fn every_attempt_keeps_what_it_cost_and_how_long_it_waited() {
    let unread = ProviderError::new(ErrorKind::Timeout, Retry::Yes, "no answer");
    let asked = error(Retry::Yes, Some(Duration::from_secs(5)));
    let (exchange, _) = run(vec![Err(asked), Err(unread), Ok(reply())], 4).await;
    let kept: Vec<_> = exchange
        .attempts
        .iter()
        .map(|attempt| (attempt.cost, attempt.usage.input_tokens))
        .collect();
    assert_eq!(
        kept,
        [(Some(UsdNanos(0)), None), (None, None), (Some(UsdNanos(7)), Some(7))],
        "a refused request is free, one that nobody answered may have been charged"
    );
    let waited: Vec<_> = exchange.attempts.iter().map(|attempt| attempt.waited_ms).collect();
    assert_eq!(waited[..2], [0, 5_000]);
    assert!(waited[2] <= 1_000, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn no_try_and_no_pause_goes_beyond_the_deadline() {
    let asked = || Err(error(Retry::Yes, Some(Duration::from_secs(20))));
    let budget = RetryBudget::default();
    let (exchange, paused) = run_within(vec![asked(), asked(), asked()], 9, Some(45_000), &budget).await;
    assert_eq!((exchange.attempts.len(), paused), (3, Duration::from_secs(40)));
    let message = exchange.reply.unwrap_err().message;
    assert_eq!(message, "slow down; no time is left for another try");
    assert_eq!(exchange.attempts[2].error.as_ref().unwrap().message, "slow down");
}

/// Never answers.
struct Silent;

impl Provider for Silent {
    fn answer<'a>(&'a self, _request: &'a ChatRequest) -> Answering<'a> {
        Box::pin(std::future::pending())
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

#[tokio::test(start_paused = true)]
async fn a_try_is_cut_off_at_the_deadline() {
    let request = ChatRequest::new(ModelConfig::new("openai", "gpt-4.1"), Vec::new());
    let budget = RetryBudget::default();
    let patience = Patience {
        ends_at: Some(Patience::end_after(2_500)),
        ..Patience::of(3, &budget)
    };
    let exchange = exchange(&Silent, &request, patience).await;
    assert_eq!(exchange.attempts.len(), 1);
    assert_eq!(
        (exchange.attempts[0].latency_ms, exchange.attempts[0].cost),
        (2_500, None)
    );
    assert_eq!(exchange.reply.unwrap_err().kind, ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_dead_provider_gets_no_retries_once_the_budget_is_gone() {
    let budget = RetryBudget::default();
    let mut made = 0;
    for _ in 0..200 {
        let script = (0..4).map(|_| Err(broken_server())).collect();
        made += run_within(script, 4, None, &budget).await.0.attempts.len();
    }
    assert_eq!(
        made,
        200 + 100,
        "one for each example, and the retries of a full budget"
    );
    let (refused, _) = run_within(vec![Err(broken_server())], 4, None, &budget).await;
    let message = refused.reply.unwrap_err().message;
    assert_eq!(
        message,
        "HTTP 500; not tried again: too many requests of this run have failed"
    );
    let limited = vec![Err(error(Retry::Yes, None)), Ok(reply())];
    let (exchange, _) = run_within(limited, 4, None, &budget).await;
    assert!(exchange.reply.is_ok(), "who limits requests lives");
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
    for (asked_s, paused_s) in [(0, 0), (17, 17), (60, 60)] {
        let script = vec![Err(error(Retry::Yes, Some(Duration::from_secs(asked_s)))), Ok(reply())];
        let (exchange, paused) = run(script, 2).await;
        assert_eq!((exchange.attempts.len(), paused), (2, Duration::from_secs(paused_s)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_longer_wait_is_not_waited_and_is_said() {
    let hour = Duration::from_secs(3_600);
    let (exchange, paused) = run(vec![Err(error(Retry::Yes, Some(hour))), Ok(reply())], 4).await;
    assert_eq!((exchange.attempts.len(), paused), (1, Duration::ZERO));
    assert_eq!(exchange.asked_long(), Some(hour));
    let message = exchange.reply.unwrap_err().message;
    assert!(
        message.ends_with("the provider asks to wait longer than a request waits"),
        "{message}"
    );
    for other in [
        Some(error(Retry::Yes, Some(Duration::from_secs(60)))),
        Some(error(Retry::No, Some(hour))),
        None,
    ] {
        let (exchange, _) = run(vec![other.map_or_else(|| Ok(reply()), Err)], 1).await;
        assert_eq!(exchange.asked_long(), None);
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

#[test]
fn no_two_examples_wait_alike() {
    let mut drawn: Vec<Vec<Duration>> = (0..20).map(|_| pauses(6).collect()).collect();
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 20, "a provider that fails would get all retries at once");
}
