//! Replies of real servers are read for what they are, and requests arrive as they should.

use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{ErrorKind, Usage};
use pegbox::domain::run::AnswerSource;
use serde_json::json;

use super::support::server::{Answer, Server};
use super::{KEY, attempt, provider, request};

#[tokio::test]
async fn aimock_answers() {
    let body = include_str!("../fixtures/wire/aimock/chat.body");
    let reply = attempt(Answer::new(200, body)).await.unwrap();
    assert_eq!(reply.raw, body);
    assert_eq!(reply.text.as_deref(), Some(r#"{"route":"billing","urgency":3}"#));
    assert_eq!(reply.finish_reason.as_deref(), Some("stop"));
    assert_eq!(reply.resolved_model.as_deref(), Some("gpt-4.1-2025-04-14"));
    assert_eq!(reply.response_id.as_deref(), Some("chatcmpl-UBvXX5wgPHXUziY3"));
    assert_eq!(reply.status, Some(200));
    let provider = provider("http://127.0.0.1:1/v1");
    assert_eq!(provider.source(), AnswerSource::Model);
    assert_eq!(
        provider.cost("gpt-4.1-2025-04-14", &reply.usage),
        Some(UsdNanos(352_000))
    );
    assert_eq!(provider.cost("smollm2-135m-instruct", &reply.usage), None);
}

#[tokio::test]
async fn aimock_calls_a_tool() {
    let body = include_str!("../fixtures/wire/aimock/chat_tool.body");
    let reply = attempt(Answer::new(200, body)).await.unwrap();
    assert_eq!(reply.text, None);
    assert_eq!(reply.finish_reason.as_deref(), Some("tool_calls"));
    let [call] = &reply.tool_calls[..] else {
        panic!("one call, not {:?}", reply.tool_calls)
    };
    assert_eq!(
        (
            call.id.as_str(),
            call.name.as_str(),
            call.arguments.as_str(),
            &call.result
        ),
        ("call_0vu3qfIK_chgBZvL", "get_weather", r#"{"city":"Paris"}"#, &None)
    );
}

#[tokio::test]
async fn llama_cpp_answers() {
    let usage = |input, output| Usage {
        input_tokens: Some(input),
        cached_tokens: Some(0),
        cache_write_tokens: None,
        output_tokens: Some(output),
        reasoning_tokens: None,
    };
    let schema = include_str!("../fixtures/wire/llamacpp/schema.body");
    let reply = attempt(Answer::new(200, schema)).await.unwrap();
    assert_eq!(
        reply.text.as_deref(),
        Some("{\n  \"route\": \"billing\",\n  \"urgency\": 2\n}")
    );
    assert_eq!((reply.usage, reply.refusal), (usage(50, 27), None));
    assert_eq!(reply.system_fingerprint.as_deref(), Some("b0-unknown"));

    let cut = include_str!("../fixtures/wire/llamacpp/tools.body");
    let reply = attempt(Answer::new(200, cut)).await.unwrap();
    assert_eq!(reply.finish_reason.as_deref(), Some("length"));
    assert_eq!(reply.usage, usage(41, 80));

    let with_logprobs = include_str!("../fixtures/wire/llamacpp/chat.body");
    let reply = attempt(Answer::new(200, with_logprobs)).await.unwrap();
    assert_eq!(reply.text.as_deref(), Some("Billing, shipping, or other."));
}

#[tokio::test]
async fn real_errors_are_read() {
    for (status, body, kind, part) in [
        (
            400,
            include_str!("../fixtures/wire/llamacpp/bad.body"),
            ErrorKind::BadRequest,
            "parse error at line 1",
        ),
        (
            400,
            include_str!("../fixtures/wire/llamacpp/toolong.body"),
            ErrorKind::BadRequest,
            "(exceed_context_size_error)",
        ),
        (
            429,
            include_str!("../fixtures/wire/aimock/chat_429.body"),
            ErrorKind::RateLimited,
            "Rate limit reached for requests (rate_limit_exceeded)",
        ),
        (
            429,
            include_str!("../fixtures/wire/llmock/openai_429.body"),
            ErrorKind::RateLimited,
            "Rate limit exceeded. (rate_limit_exceeded)",
        ),
    ] {
        let error = attempt(Answer::new(status, body)).await.unwrap_err();
        assert_eq!((error.kind, error.status), (kind, Some(status)));
        assert!(error.message.contains(part), "{}", error.message);
        assert_eq!(error.raw.as_deref(), Some(body));
    }
}

#[tokio::test]
async fn a_stream_that_nobody_asked_for_is_no_answer() {
    let body = include_str!("../fixtures/wire/aimock/chat_stream.body");
    let error = attempt(Answer::new(200, body)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
    assert!(error.message.contains("it begins: data: {"), "{}", error.message);
}

#[tokio::test]
async fn a_request_arrives_whole() {
    let server = Server::queue([Answer::chat("hi")]);
    let mut request = request("test-model", "Wo ist mein Päckchen? 📦");
    request.model.max_output_tokens = Some(64);
    let reply = provider(&server.base_url()).answer(&request).await.unwrap();
    assert_eq!(reply.text.as_deref(), Some("hi"));

    let [received] = &server.requests()[..] else {
        panic!("one request")
    };
    assert_eq!(received.target, "POST /v1/chat/completions");
    assert_eq!(received.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert!(
        received
            .header("user-agent")
            .is_some_and(|agent| agent.starts_with("pegbox/"))
    );
    assert_eq!(
        received.body,
        json!({
            "model": "test-model",
            "messages": [{"role": "user", "content": "Wo ist mein Päckchen? 📦"}],
            "max_tokens": 64,
        })
    );
}
