//! Every format against a server that others wrote: npm `@copilotkit/aimock` 1.43.0, with a round of tool use in each,
//! whole and streamed.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use pegbox::domain::json::{JsonText, SourceJson};
use pegbox::domain::model::{Setting, Tool};
use pegbox::domain::outcome::{ErrorKind, ToolCall};
use pegbox::providers::{Retry, ToolRound};

use super::{connected, request};

const FIXTURES: &str = r#"{"fixtures":[
    {"match":{"userMessage":"weather","hasToolResult":true},"response":{"content":"It is 18 degrees."}},
    {"match":{"userMessage":"weather","hasToolResult":false},
     "response":{"toolCalls":[{"name":"get_weather","arguments":{"city":"Paris"}}]}},
    {"match":{"userMessage":"RATE429"},
     "response":{"error":{"message":"slow down","type":"rate_limit_error"},"status":429}}]}"#;

/// A running `aimock`; it is ended when dropped.
struct Aimock {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Aimock {
    fn start(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixtures = folder.path().join("fixtures.json");
        std::fs::write(&fixtures, FIXTURES).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut child = Command::new("node")
            .args([script, "-p", &port.to_string(), "-f"])
            .arg(&fixtures)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("PEGBOX_AIMOCK names {script}, which does not start: {e}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        assert!(lines.any(|line| line.contains("listening")), "aimock ended at once");
        // Read on, so that it never waits for room in the pipe.
        std::thread::spawn(move || lines.count());
        Self {
            child,
            port,
            _folder: folder,
        }
    }
}

impl Drop for Aimock {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn aimock_is_asked_in_every_format() {
    let Ok(script) = std::env::var("PEGBOX_AIMOCK") else {
        println!("SKIPPED: PEGBOX_AIMOCK is not set; set it to dist/cli.js of npm @copilotkit/aimock 1.43.0");
        return;
    };
    let aimock = Aimock::start(&script);
    for (name, path) in [
        ("openai", "/v1"),
        ("openai_responses", "/v1"),
        ("anthropic", ""),
        ("gemini", ""),
        ("ollama", ""),
        ("azure", ""),
        ("openrouter", ""),
        ("vllm", ""),
        ("llamacpp", ""),
    ] {
        let provider = connected(name, &format!("http://127.0.0.1:{}{path}", aimock.port));
        for streams in ["false", "true"] {
            let mut asked = request("gpt-4o", "the weather in Paris");
            asked.model.tools = vec![Tool {
                name: "get_weather".into(),
                description: "the weather".into(),
                parameters: SourceJson::new(r#"{"type":"object","properties":{"city":{"type":"string"}}}"#).unwrap(),
            }];
            asked.model.provider_flags = vec![Setting {
                name: "stream".into(),
                value: JsonText::parse(streams).unwrap(),
            }];
            let reply = provider.answer(&asked).await.unwrap();
            assert_eq!(reply.tool_calls.len(), 1, "{name} {streams}: {}", reply.raw);
            assert_eq!(reply.tool_calls[0].arguments, r#"{"city":"Paris"}"#, "{name} {streams}");
            let with_result = |call: ToolCall| ToolCall {
                result: Some(JsonText::parse(r#"{"degrees":18}"#).unwrap()),
                ..call
            };
            asked.rounds = vec![ToolRound {
                message: reply.message.unwrap(),
                calls: reply.tool_calls.into_iter().map(with_result).collect(),
            }];
            let reply = provider.answer(&asked).await.unwrap();
            assert_eq!(reply.text.as_deref(), Some("It is 18 degrees."), "{name} {streams}");
            assert_eq!(reply.time_to_first_token_ms.is_some(), streams == "true", "{name}");
        }
        let error = provider.answer(&request("gpt-4o", "RATE429")).await.unwrap_err();
        assert_eq!(
            (error.kind, error.retry),
            (ErrorKind::RateLimited, Retry::Yes),
            "{name}"
        );
        assert!(error.retry_after.is_some(), "{name}");
    }
}
