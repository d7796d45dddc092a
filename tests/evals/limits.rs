//! Caps, the pace of the provider, and the end of a run that is decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pegbox::domain::gate::Verdict;
use pegbox::domain::money::UsdNanos;
use pegbox::domain::progress::RunProgress;
use pegbox::domain::run::{Caps, EndState, RunEnd, RunState};
use pegbox::domain::time::Timestamp;
use pegbox::evals::pipeline::{Execution, Job, Order};
use pegbox::providers::limiter::Limiter;
use pegbox::providers::{ProviderError, Retry};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::fakes::*;
use crate::{carry_out, finished};

fn capped(caps: Caps, count: u64, model: &Arc<Model>, kept: &Arc<Kept>) -> Job {
    let mut job = job(count, model, kept);
    job.run.settings.concurrency = 16;
    job.caps = caps;
    job
}

/// Where the run paused, and why.
async fn paused(job: Job, kept: &Arc<Kept>) -> (u64, String, RunProgress) {
    let (_owner, orders) = watch::channel(Order::GoOn);
    let (result, last) = carry_out(job, kept, orders).await;
    match result.unwrap() {
        Execution::Paused {
            saved,
            reason: Some(reason),
        } => (saved, reason, last),
        other => panic!("{other:?}"),
    }
}

/// Each answer of these costs 10 and takes 11 tokens.
fn slow(answer: Answer) -> Arc<Model> {
    Arc::new(Model {
        takes: Duration::from_millis(50),
        ..Model::new(answer)
    })
}

#[tokio::test(start_paused = true)]
async fn a_cap_on_cost_is_not_overshot_and_can_be_raised() {
    let (model, kept) = (slow(yes_to_all), Arc::new(Kept::default()));
    let cost = |cost| Caps {
        cost: Some(UsdNanos(cost)),
        ..Caps::default()
    };
    let (saved, reason, last) = paused(capped(cost(1_005), 500, &model, &kept), &kept).await;
    assert_eq!(
        (saved, last.totals.cost),
        (100, UsdNanos(1_000)),
        "the hundred that fit"
    );
    assert!(reason.starts_with("the cap of $0.0000010 is reached"), "{reason}");
    assert_eq!((last.state, last.in_flight), (RunState::Interrupted, 0));
    assert!(
        model.most_in_flight.load(Ordering::SeqCst) == 16,
        "a cap far away slows nothing"
    );
    let (saved, ..) = paused(capped(cost(2_000), 500, &model, &kept), &kept).await;
    assert_eq!(saved, 200);
    let end = finished(capped(cost(5_000), 500, &model, &kept), &kept).await;
    assert_eq!(
        (end.state, model.asked.load(Ordering::SeqCst)),
        (EndState::Finished, 500)
    );
}

#[tokio::test(start_paused = true)]
async fn a_cap_on_tokens_counts_what_is_in_flight() {
    let (model, kept) = (slow(yes_to_all), Arc::new(Kept::default()));
    let caps = Caps {
        tokens: Some(330),
        ..Caps::default()
    };
    let (saved, reason, _) = paused(capped(caps, 500, &model, &kept), &kept).await;
    assert_eq!(saved, 30);
    assert_eq!(reason, "the cap of 330 tokens is reached: 330 are used");
}

#[tokio::test(start_paused = true)]
async fn a_dead_provider_costs_as_many_errors_as_are_allowed() {
    let (model, kept) = (slow(breaks), Arc::new(Kept::default()));
    let caps = Caps {
        errors: Some(5),
        ..Caps::default()
    };
    let (saved, reason, _) = paused(capped(caps, 500, &model, &kept), &kept).await;
    assert_eq!((saved, model.asked.load(Ordering::SeqCst)), (5, 5));
    assert_eq!(reason, "the cap of 5 errors is reached");
}

#[tokio::test(start_paused = true)]
async fn a_cap_on_time_lets_what_is_in_flight_end() {
    let (model, kept) = (slow(yes_to_all), Arc::new(Kept::default()));
    let caps = Caps {
        elapsed_ms: Some(1_000),
        ..Caps::default()
    };
    let mut job = capped(caps, 5_000, &model, &kept);
    // Whatever the clock says meanwhile.
    job.now = Arc::new(|| Timestamp(0));
    let (saved, reason, _) = paused(job, &kept).await;
    assert_eq!(reason, "the cap of 1 s is reached");
    assert_eq!(saved, 16 * 20, "twenty rounds of fifty milliseconds");
}

fn adaptive(count: u64, model: &Arc<Model>, kept: &Arc<Kept>, limiter: &Arc<Limiter>) -> Job {
    let mut job = job(count, model, kept);
    job.run.settings.concurrency = 64;
    job.run.settings.is_adaptive = true;
    prompt_of(&mut job).limiter = Some(Arc::clone(limiter));
    job
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_takes_is_found_out() {
    let (model, kept) = (slow(yes_to_all), Arc::new(Kept::default()));
    let limiter = Arc::new(Limiter::default());
    finished(adaptive(2_000, &model, &kept, &limiter), &kept).await;
    assert_eq!(
        model.most_in_flight.load(Ordering::SeqCst),
        64,
        "up to what the run allows"
    );
}

#[tokio::test(start_paused = true)]
async fn runs_at_one_endpoint_share_its_window() {
    let (model, limiter) = (slow(yes_to_all), Arc::new(Limiter::default()));
    let (one, other) = (Arc::new(Kept::default()), Arc::new(Kept::default()));
    let limited = ProviderError::new(pegbox::domain::outcome::ErrorKind::RateLimited, Retry::Yes, "slow down");
    limiter.failed(Instant::now(), &limited);
    let (first, second) = tokio::join!(
        finished(adaptive(40, &model, &one, &limiter), &one),
        finished(adaptive(40, &model, &other, &limiter), &other)
    );
    assert_eq!((first.totals.passed, second.totals.passed), (40, 40));
    let most = model.most_in_flight.load(Ordering::SeqCst);
    assert!(
        (2..=16).contains(&most),
        "it began with one and grew by one a round: {most}"
    );
}

static REFUSED: AtomicBool = AtomicBool::new(false);

/// Refuses one request and asks to wait.
fn refuses_once(_: &str) -> Result<String, ProviderError> {
    if REFUSED.swap(true, Ordering::SeqCst) {
        return Ok("yes".into());
    }
    Err(ProviderError {
        status: Some(429),
        retry_after: Some(Duration::from_secs(30)),
        ..ProviderError::new(pegbox::domain::outcome::ErrorKind::RateLimited, Retry::Yes, "slow down")
    })
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_the_provider_asks_to_wait_and_the_progress_says_so() {
    let (model, kept) = (slow(refuses_once), Arc::new(Kept::default()));
    let limiter = Arc::new(Limiter::default());
    let job = adaptive(100, &model, &kept, &limiter);
    let (sender, mut progress) = watch::channel(pegbox::evals::progress::beginning(&job.run));
    let notices = tokio::spawn(async move {
        let mut notices = Vec::new();
        while progress.changed().await.is_ok() {
            notices.extend(progress.borrow_and_update().notice.clone());
        }
        notices
    });
    let (_owner, orders) = watch::channel(Order::GoOn);
    let began = Instant::now();
    let sink: Arc<Kept> = Arc::clone(&kept);
    let ended = pegbox::evals::pipeline::execute(job, sink, &sender, orders)
        .await
        .unwrap();
    drop(sender);
    assert!(matches!(ended, Execution::Ended(_)));
    assert!(began.elapsed() >= Duration::from_secs(30));
    let notices = notices.await.unwrap().join("\n");
    assert!(notices.contains("the provider asks to wait 30 s"), "{notices}");
    assert!(
        notices.contains("of 64 in flight by the provider's limits; 1 were sent again later"),
        "{notices}"
    );
    assert_eq!(model.asked.load(Ordering::SeqCst), 101);
}

async fn decided(answer: Answer, count: u64) -> RunEnd {
    let (model, kept) = (Arc::new(Model::new(answer)), Arc::new(Kept::default()));
    let mut job = job(count, &model, &kept);
    job.run.settings.stops_early = true;
    finished(job, &kept).await
}

fn no_to_all(_: &str) -> Result<String, ProviderError> {
    Ok("no".into())
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_where_no_rest_could_change_its_gate() {
    let failed = decided(no_to_all, 100).await;
    assert_eq!(failed.state, EndState::Decided);
    assert!((11..=11 + 8).contains(&failed.totals.saved), "{}", failed.totals.saved);
    let gate = failed.gate.unwrap();
    assert_eq!(gate.verdict, Verdict::Fail);
    let left = 100 - failed.totals.saved;
    let said = format!("; decided early: {left} of 100 were not asked, and no answers to them could change it");
    assert!(gate.reason.ends_with(&said), "{}", gate.reason);

    let passed = decided(yes_to_all, 100).await;
    assert_eq!(passed.gate.unwrap().verdict, Verdict::Pass);
    assert!((90..=97).contains(&passed.totals.saved), "{}", passed.totals.saved);

    let open = decided(nine_of_ten, 100).await;
    assert_eq!(
        (open.state, open.totals.saved),
        (EndState::Finished, 100),
        "ninety of a hundred decide at the end"
    );
}
