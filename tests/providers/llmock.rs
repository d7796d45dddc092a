//! A third party judges our retries: `llmock` 0.2.2, a Python package, injects faults and says what a client did wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use pegbox::domain::outcome::ErrorKind;
use pegbox::providers::{Patience, Retry, RetryBudget, exchange};

use super::{connected, provider, request};

/// A running `llmock`; it is ended when dropped.
struct Llmock {
    child: Child,
    address: SocketAddr,
}

impl Llmock {
    fn start(binary: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut child = Command::new(binary)
            .args(["serve", "--host", "127.0.0.1", "--port", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("PEGBOX_LLMOCK names {binary}, which does not start: {e}"));
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains("Uvicorn running")),
            "llmock ended at once"
        );
        // Read on, so that it never waits for room in the pipe.
        std::thread::spawn(move || lines.count());
        Self { child, address }
    }

    /// The body of the reply to a request of its control interface.
    fn control(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} /_llmock/{path} HTTP/1.1\r\nhost: llmock\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 20"), "{reply}");
        reply
    }
}

impl Drop for Llmock {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn llmock_finds_no_fault_with_our_retries() {
    let Ok(binary) = std::env::var("PEGBOX_LLMOCK") else {
        println!("SKIPPED: PEGBOX_LLMOCK is not set; set it to the llmock program of PyPI llmock 0.2.2");
        return;
    };
    let llmock = Llmock::start(&binary);
    let provider = provider(&format!("http://{}/v1", llmock.address));
    let request = request("gpt-4.1", "Where is my parcel?");

    let answered = exchange(&*provider, &request, Patience::of(4, &RetryBudget::default())).await;
    assert_eq!(answered.attempts.len(), 1);
    let reply = answered.reply.unwrap();
    assert!(reply.text.is_some_and(|text| !text.is_empty()));
    assert_eq!(reply.resolved_model.as_deref(), Some("gpt-4.1"));

    llmock.control(
        "POST",
        "scenario",
        r#"{"behaviors":[{"type":"fail","status":429,"retry_after":1,"times":1},
            {"type":"fail","status":503,"times":1}]}"#,
    );
    let retried = exchange(&*provider, &request, Patience::of(4, &RetryBudget::default())).await;
    assert!(retried.reply.is_ok(), "{:?}", retried.reply);
    let statuses: Vec<_> = retried.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(429), Some(503), Some(200)]);

    llmock.control(
        "POST",
        "scenario",
        r#"{"behaviors":[{"type":"fail","status":400,"times":1}]}"#,
    );
    let refused = exchange(&*provider, &request, Patience::of(4, &RetryBudget::default())).await;
    assert_eq!(refused.attempts.len(), 1);
    let error = refused.reply.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::BadRequest, Retry::No));

    let verdict = llmock.control("GET", "verdict?format=text", "");
    assert!(verdict.contains("5 attempt(s), 3 fault(s) injected"), "{verdict}");
    assert!(!verdict.contains("FAIL") && !verdict.contains("WARN"), "{verdict}");
}

#[tokio::test]
async fn llmock_finds_no_fault_with_our_streams() {
    let Ok(binary) = std::env::var("PEGBOX_LLMOCK") else {
        println!("SKIPPED: PEGBOX_LLMOCK is not set; set it to the llmock program of PyPI llmock 0.2.2");
        return;
    };
    let llmock = Llmock::start(&binary);
    let mut request = request("gpt-4.1", "Where is my parcel?");
    request.model.provider_flags = vec![pegbox::domain::model::Setting {
        name: "stream".into(),
        value: pegbox::domain::json::JsonText::parse("true").unwrap(),
    }];
    for (name, path) in [
        ("openai", "/v1"),
        ("anthropic", "/anthropic/v1"),
        ("gemini", "/gemini/v1beta"),
    ] {
        let provider = connected(name, &format!("http://{}{path}", llmock.address));
        for fault in ["truncate", "disconnect"] {
            llmock.control(
                "POST",
                "scenario",
                &format!(r#"{{"behaviors":[{{"type":"stream_fault","kind":"{fault}","after_chunks":2,"times":1}}]}}"#),
            );
            let exchange = exchange(&*provider, &request, Patience::of(4, &RetryBudget::default())).await;
            let reply = exchange.reply.unwrap();
            assert!(reply.text.is_some_and(|text| !text.is_empty()), "{name} {fault}");
            assert!(reply.time_to_first_token_ms.is_some(), "{name} {fault}");
            assert_eq!(exchange.attempts.len(), 2, "{name} {fault}");
        }
    }
    let verdict = llmock.control("GET", "verdict?format=text", "");
    assert!(verdict.contains("12 attempt(s), 6 fault(s) injected"), "{verdict}");
    assert!(!verdict.contains("FAIL") && !verdict.contains("WARN"), "{verdict}");
}
