//! Hosts that are not who they say, elsewhere, or nowhere; and a model name that changes its meaning.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::desk::{Desk, KEY};
use crate::support::server::{Answer, Server};

#[test]
fn a_redirect_to_another_host_gets_neither_key_nor_prompt() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(|_| Answer::chat("yes"));
        // Another host by name, too: not only another port.
        let location = elsewhere.base_url().replace("127.0.0.1", "localhost") + "/chat/completions";
        let leads_to = location.clone();
        let server = Server::start(move |_| Answer::new(status, "").with_header("location", &leads_to));
        let fault = Desk::new(1).fails(&server.base_url(), &["--attempts", "3"]);
        fault.assert_is("bad_response", 1, &[&location, "set the base URL to where it leads"]);
        assert_eq!(server.requests().len(), 1);
        assert!(server.requests()[0].header("authorization").unwrap().contains(KEY));
        assert!(elsewhere.requests().is_empty(), "{:?}", elsewhere.requests());
    }
}

#[test]
fn a_name_that_does_not_resolve_is_named() {
    let fault = Desk::new(1).fails("http://no-such-host.invalid/v1", &["--attempts", "2"]);
    fault.assert_is("connect", 2, &["cannot reach http://no-such-host.invalid/v1: "]);
}

#[test]
fn a_name_that_changes_its_model_half_way_is_told_with_both() {
    let seen = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let model = if seen.fetch_add(1, Ordering::SeqCst) < 2 {
            "house-2025"
        } else {
            "house-2026"
        };
        let body = json!({ "model": model, "choices": [{ "message": { "content": "yes" } }] });
        Answer::new(200, body.to_string())
    });
    let desk = Desk::new(4);
    let said = desk.asks(&server.base_url(), &["--concurrency", "1"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let shown = desk.does(&["run", "show", "run_1"]).stdout;
    assert!(shown.contains("house-2025") && shown.contains("house-2026"), "{shown}");
    let record: Value = serde_json::from_str(&desk.does(&["run", "show", "run_1", "--json"]).stdout).unwrap();
    assert_eq!(record["resolved_models"], json!(["house-2025", "house-2026"]));
    let ledger = desk.does(&["model", "show", "house"]).stdout;
    assert!(
        ledger.contains("house-2025") && ledger.contains("house-2026"),
        "{ledger}"
    );
    // Half of it is of a model that nobody gets any more.
    let asked = desk.says(&[
        "review",
        "request",
        "ask_v1",
        "--to",
        "staging",
        "--run",
        "run_1",
        "--reason",
        "all questions are answered",
    ]);
    assert_eq!(asked.code, Some(4), "{asked:#?}");
    assert!(
        asked.stderr.contains("house-2025") || asked.stderr.contains("stale"),
        "{asked:#?}"
    );
}
