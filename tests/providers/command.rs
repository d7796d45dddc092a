//! A local program as a provider: every way in which one can answer and misbehave.
#![cfg(unix)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pegbox::domain::outcome::ErrorKind;
use pegbox::providers::{self, Endpoint, Environment, Provider, Retry, Secret};

use super::{endpoint, environment, request};

/// A program that runs this shell script.
fn program(script: &str, time_limit: Duration) -> Arc<dyn Provider> {
    let endpoint = Endpoint {
        timeout: time_limit,
        ..endpoint(&format!("sh -c '{script}'"))
    };
    providers::connect_in(&environment(), "command", &endpoint).unwrap()
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn one_line_in_one_line_out_by_one_process() {
    let script = "n=0; while read -r line; do n=$((n+1)); \
                  printf \"{\\\"text\\\":\\\"$n\\\",\\\"model\\\":\\\"mine\\\",\
                  \\\"usage\\\":{\\\"input_tokens\\\":3}}\\n\"; done";
    let provider = program(script, LONG);
    for expected in ["1", "2", "3"] {
        let reply = provider.answer(&request("m", "x")).await.unwrap();
        assert_eq!(reply.text.as_deref(), Some(expected));
        assert_eq!(
            (reply.resolved_model.as_deref(), reply.usage.input_tokens),
            (Some("mine"), Some(3))
        );
        assert_eq!((reply.cost, reply.status), (None, None));
    }
}

#[tokio::test]
async fn the_request_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request");
    let script = format!(
        "read -r line; printf \"%s\" \"$line\" > {}; echo \"\\\"ok\\\"\"",
        file.display()
    );
    let mut request = request("m", "zwei\nZeilen 📦");
    request.model.temperature = Some(0.5);
    let reply = program(&script, LONG).answer(&request).await.unwrap();
    assert_eq!(reply.text.as_deref(), Some("ok"));
    let line: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let expected = serde_json::json!({
        "request": 1,
        "model": {"name": "m", "temperature": 0.5},
        "messages": [{"role": "user", "content": "zwei\nZeilen 📦"}],
        "rounds": [],
    });
    assert_eq!(line, expected);
}

#[tokio::test]
async fn requests_in_flight_have_processes_of_their_own() {
    // Each waits until the other has begun, so one after the other would never end.
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let script = format!(
        "read -r line; touch {place}/$$; while [ $(ls {place} | wc -l) -lt 2 ]; do sleep 0.01; done; \
         echo \"{{\\\"text\\\":\\\"a\\\"}}\""
    );
    let provider = program(&script, LONG);
    let request = request("m", "x");
    let (one, other) = tokio::join!(provider.answer(&request), provider.answer(&request));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_that_says_why() {
    for (script, kind, retry, part) in [
        (
            "read -r line; echo Loading model",
            ErrorKind::BadResponse,
            Retry::No,
            "not JSON",
        ),
        ("read -r line; echo {}", ErrorKind::BadResponse, Retry::No, "no text"),
        (
            "read -r line; echo \"{\\\"request\\\":7,\\\"text\\\":\\\"x\\\"}\"",
            ErrorKind::BadResponse,
            Retry::No,
            "it answers request 7, not 1",
        ),
        (
            "echo no such model >&2; exit 3",
            ErrorKind::Server,
            Retry::Yes,
            "exit status: 3: no such model",
        ),
        (
            "read -r line; echo \"{\\\"error\\\":{\\\"message\\\":\\\"busy\\\",\\\"retry\\\":true}}\"",
            ErrorKind::Server,
            Retry::Yes,
            "busy",
        ),
        (
            "read -r line; echo \"{\\\"error\\\":\\\"no\\\"}\"",
            ErrorKind::Server,
            Retry::No,
            "no",
        ),
    ] {
        let error = program(script, LONG).answer(&request("m", "x")).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (kind, retry), "{script}: {}", error.message);
        assert!(error.message.contains(part), "{}", error.message);
    }
    let missing = providers::connect_in(&environment(), "command", &endpoint("/no/such/program")).unwrap();
    let error = missing.answer(&request("m", "x")).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Connect, Retry::No));
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let error = program("yes | tr -d \"\\n\"", LONG)
        .answer(&request("m", "x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
    assert!(error.raw.is_some_and(|raw| raw.len() == 64 * 1024));
}

#[tokio::test]
async fn a_program_that_talks_out_of_turn_is_not_asked_again() {
    let provider = program(
        // In one write, so that both are there at once.
        "while read -r line; do printf \"\\\"$$\\\"\\n\\\"stray\\\"\\n\"; done",
        LONG,
    );
    let first = provider.answer(&request("m", "x")).await.unwrap().text;
    let second = provider.answer(&request("m", "x")).await.unwrap().text;
    assert!(
        first != second && second.as_deref() != Some("stray"),
        "{first:?} {second:?}"
    );
}

/// Waits until no process of this number runs; the kernel takes a moment.
fn is_gone(process: &str) -> bool {
    (0..1000).any(|_| {
        std::thread::yield_now();
        let state = std::fs::read_to_string(Path::new("/proc").join(process).join("stat")).unwrap_or_default();
        // A dead process whose parent has not looked yet is gone all the same.
        state.is_empty() || state.contains(") Z ") || std::process::Command::new("true").status().is_err()
    })
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_that_hangs_is_ended_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("child");
    let script = format!("sleep 600 & echo $! > {}; read -r line; wait", file.display());
    let error = program(&script, Duration::from_secs(2))
        .answer(&request("m", "x"))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Timeout, Retry::Yes));
    assert!(is_gone(std::fs::read_to_string(file).unwrap().trim()));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_processes_end_with_the_provider() {
    let provider = program("sleep 600 & while read -r line; do echo \"\\\"$!\\\"\"; done", LONG);
    let child = provider.answer(&request("m", "x")).await.unwrap().text.unwrap();
    assert!(Path::new("/proc").join(&child).exists());
    drop(provider);
    assert!(is_gone(&child));
}

#[tokio::test]
async fn keys_do_not_come_back_from_a_program() {
    let key = "sk-test-0123456789abcdef";
    let environment = Environment::default().with_key("OPENAI_API_KEY", Secret::new(key).unwrap());
    let Err(error) = providers::connect_in(&environment, "command", &endpoint(&format!("model --key {key}"))) else {
        panic!("a key would be recorded with the run")
    };
    assert!(!format!("{error:?}").contains(key));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer");
    std::fs::write(&file, format!("\"the key is {key}\"\n")).unwrap();
    let line = format!("sh -c 'read -r line; cat {}'", file.display());
    let echoing = providers::connect_in(&environment, "command", &endpoint(&line)).unwrap();
    let reply = echoing.answer(&request("m", "x")).await.unwrap();
    assert_eq!(reply.text.as_deref(), Some("the key is ***"));
    assert!(!format!("{reply:?}").contains(key));
}
