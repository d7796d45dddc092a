//! Servers that refuse for a while, or for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;

use crate::desk::Desk;
use crate::support::server::{Answer, Server};

/// A server that answers so at first, and well from then on.
fn failing_at_first(times: usize, status: u16) -> Server {
    let seen = AtomicUsize::new(0);
    Server::start(move |_| match seen.fetch_add(1, Ordering::SeqCst) {
        seen if seen < times => Answer::new(status, "{\"error\":{\"message\":\"not now\"}}"),
        _ => Answer::chat("yes"),
    })
}

#[test]
fn a_429_without_retry_after_is_waited_out() {
    let server = failing_at_first(3, 429);
    let desk = Desk::new(1);
    let said = desk.asks(&server.base_url(), &["--attempts", "6"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let outcome = desk.outcome(1, 0);
    let of_attempts = |name: &str| -> Vec<Value> {
        let attempts = outcome["attempts"].as_array().unwrap();
        attempts.iter().map(|attempt| attempt[name].clone()).collect()
    };
    assert_eq!(of_attempts("status"), [429, 429, 429, 200]);
    let kinds: Vec<_> = of_attempts("error").iter().map(|error| error["kind"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "rate_limited".into(),
            "rate_limited".into(),
            "rate_limited".into(),
            Value::Null
        ]
    );
    assert_eq!(of_attempts("waited_ms")[0], 0);
    assert!(
        of_attempts("cost")[..3].iter().all(|cost| cost == 0),
        "what is refused costs nothing"
    );
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_server_that_fails_for_a_while_costs_time_and_no_example() {
    let server = failing_at_first(12, 500);
    let desk = Desk::new(6);
    let said = desk.asks(&server.base_url(), &["--attempts", "20"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert_eq!(server.requests().len(), 12 + 6);
    let shown = desk.does(&["run", "show", "run_1"]);
    assert!(shown.stdout.contains("6 passed, 0 failed, 0 errors"), "{shown:#?}");
}

#[test]
fn a_dead_server_is_not_stormed_and_what_failed_can_be_run_again() {
    const EXAMPLES: usize = 150;
    /// Retries that a run has while nothing is answered.
    const RETRIES: usize = 100;
    let is_dead = Arc::new(AtomicBool::new(true));
    let of_script = Arc::clone(&is_dead);
    let server = Server::start(move |_| {
        if of_script.load(Ordering::SeqCst) {
            Answer::new(500, "")
        } else {
            Answer::chat("yes")
        }
    });
    let desk = Desk::new(EXAMPLES);
    let in_flight = EXAMPLES.to_string();
    let fault = desk.fails(&server.base_url(), &["--attempts", "5", "--concurrency", &in_flight]);
    assert_eq!(fault.kind, "server");
    assert_eq!(server.requests().len(), EXAMPLES + RETRIES);
    is_dead.store(false, Ordering::SeqCst);
    let rerun = desk.says(&["run", "rerun", "run_1", "--failed"]);
    assert!(rerun.stdout.contains("150 passed, 0 failed, 0 errors"), "{rerun:#?}");
    assert_eq!(server.requests().len(), 2 * EXAMPLES + RETRIES);
}
