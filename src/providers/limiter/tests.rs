use super::*;

fn limiter() -> Arc<Limiter> {
    Arc::new(Limiter::default())
}

/// As many places as there are.
fn fill(limiter: &Arc<Limiter>) -> Vec<Permit> {
    std::iter::from_fn(|| limiter.try_enter()).collect()
}

/// All in flight are answered, and the window is filled anew.
fn round(limiter: &Arc<Limiter>, permits: Vec<Permit>) -> Vec<Permit> {
    for permit in permits {
        limiter.answered(&RateLimits::default());
        drop(permit);
    }
    fill(limiter)
}

fn refusal(retry_after_s: Option<u64>) -> ProviderError {
    ProviderError {
        status: Some(429),
        retry_after: retry_after_s.map(Duration::from_secs),
        ..ProviderError::new(ErrorKind::RateLimited, Retry::Yes, "slow down")
    }
}

#[tokio::test(start_paused = true)]
async fn it_grows_fast_until_the_first_refusal_and_by_one_a_round_after_it() {
    let limiter = limiter();
    let permits = fill(&limiter);
    assert_eq!(permits.len(), 8);
    let grown = round(&limiter, permits);
    assert!(grown.len() > 10, "{}", grown.len());
    let before = grown.len();
    limiter.failed(Instant::now(), &refusal(None));
    drop(grown);
    let permits = fill(&limiter);
    assert_eq!(permits.len(), before / 2);
    let permits = round(&limiter, permits);
    let next = round(&limiter, permits);
    assert!((before / 2..=before / 2 + 2).contains(&next.len()), "{}", next.len());
    assert_eq!(limiter.pace().slowed, Some(Slowed::ByLimit));
}

#[tokio::test(start_paused = true)]
async fn a_round_of_refusals_halves_it_once() {
    let limiter = limiter();
    let permits = fill(&limiter);
    let sent_at = Instant::now();
    tokio::time::advance(Duration::from_millis(50)).await;
    for permit in permits {
        limiter.failed(sent_at, &refusal(None));
        drop(permit);
    }
    assert_eq!(limiter.pace().window, 4);
    limiter.failed(Instant::now(), &refusal(None));
    assert_eq!(
        limiter.pace().window,
        1,
        "one of a later round, with nothing else in flight"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_the_provider_asks_to_wait() {
    let limiter = limiter();
    limiter.failed(Instant::now(), &refusal(Some(20)));
    assert!(limiter.try_enter().is_none());
    let before = Instant::now();
    limiter.freed().await;
    assert_eq!(before.elapsed(), Duration::from_secs(20));
    assert!(limiter.try_enter().is_some());

    let used_up = RateLimits {
        requests_left: Some(0),
        tokens_left: Some(900),
        resets_in: Some(Duration::from_secs(7)),
    };
    limiter.answered(&used_up);
    assert_eq!(limiter.pace().opens_in, Some(Duration::from_secs(7)));
    let before = Instant::now();
    limiter.opened(None).await;
    assert_eq!(before.elapsed(), Duration::from_secs(7));
    limiter.answered(&RateLimits {
        requests_left: Some(1),
        ..used_up
    });
    assert_eq!(limiter.pace().opens_in, None);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_provider_ends_with_the_time_of_the_example() {
    let limiter = limiter();
    limiter.failed(Instant::now(), &refusal(Some(20)));
    let before = Instant::now();
    limiter.opened(Some(before + Duration::from_secs(3))).await;
    assert_eq!(before.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_wrong_itself_slows_nothing_down() {
    let limiter = limiter();
    for kind in [ErrorKind::BadRequest, ErrorKind::Auth, ErrorKind::BadResponse] {
        limiter.failed(Instant::now(), &ProviderError::new(kind, Retry::No, "no"));
    }
    assert_eq!(limiter.pace().window, 8);
    limiter.failed(
        Instant::now(),
        &ProviderError::new(ErrorKind::Server, Retry::Yes, "HTTP 503"),
    );
    assert_eq!(limiter.pace().slowed, Some(Slowed::ByFailures));
}

#[tokio::test(start_paused = true)]
async fn runs_at_one_endpoint_share_its_places() {
    let limiters = Limiters::default();
    let (one, same) = (limiters.of("openai", None), limiters.of("openai", None));
    let other = limiters.of("openai", Some("http://127.0.0.1:1/v1"));
    let mut permits = fill(&one);
    assert!(same.try_enter().is_none());
    assert!(other.try_enter().is_some());
    let waiting = tokio::spawn(async move { same.freed().await });
    tokio::task::yield_now().await;
    permits.pop();
    waiting.await.unwrap();
}

#[test]
fn one_endpoint_has_one_limiter_however_it_is_written() {
    let limiters = Limiters::default();
    let one = limiters.of("openai", Some("https://host.example/v1"));
    for same in [
        "https://host.example/v1/",
        "https://HOST.example:443/v1",
        " https://host.example/v1 ",
    ] {
        assert!(Arc::ptr_eq(&one, &limiters.of("openai", Some(same))), "{same}");
    }
    for other in [
        "http://host.example/v1",
        "https://host.example",
        "https://host.example:8443/v1",
        "https://host.example/V1",
        "my-program --flag",
    ] {
        assert!(!Arc::ptr_eq(&one, &limiters.of("openai", Some(other))), "{other}");
    }
    assert!(!Arc::ptr_eq(
        &one,
        &limiters.of("azure", Some("https://host.example/v1"))
    ));
}
