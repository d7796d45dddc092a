//! Every format against a server that others wrote: npm `@copilotkit/aimock` 1.43.0, with a round of tool use in each,
//! whole and streamed.

use pegbox::domain::json::{JsonText, SourceJson};
use pegbox::domain::model::{Setting, Tool};
use pegbox::domain::outcome::{ErrorKind, ToolCall};
use pegbox::providers::{Retry, ToolRound};

use super::mock::Aimock;
use super::{connected, request};

const FIXTURES: &str = r#"{"fixtures":[
    {"match":{"userMessage":"weather","hasToolResult":true},"response":{"content":"It is 18 degrees."}},
    {"match":{"userMessage":"weather","hasToolResult":false},
     "response":{"toolCalls":[{"name":"get_weather","arguments":{"city":"Paris"}}]}},
    {"match":{"userMessage":"RATE429"},
     "response":{"error":{"message":"slow down","type":"rate_limit_error"},"status":429}}]}"#;

#[tokio::test]
async fn aimock_is_asked_in_every_format() {
    let Some(aimock) = Aimock::start(FIXTURES) else { return };
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
