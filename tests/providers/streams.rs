//! Streamed answers come to the same as whole ones, and half of one is an error.

use pegbox::domain::json::JsonText;
use pegbox::domain::model::Setting;
use pegbox::domain::outcome::ErrorKind;
use pegbox::providers::{ChatReply, ChatRequest, ProviderError, Retry};
use serde_json::{Value as Json, json};

use super::support::server::{Answer, Server};
use super::{connected, key_of, request};

fn streamed() -> ChatRequest {
    let mut request = request("model-1", "hello");
    request.model.provider_flags = vec![Setting {
        name: "stream".into(),
        value: JsonText::parse("true").unwrap(),
    }];
    request
}

async fn attempt(provider: &str, answer: Answer) -> Result<ChatReply, ProviderError> {
    let server = Server::queue([answer]);
    connected(provider, &server.base_url()).answer(&streamed()).await
}

const STREAMS: [(&str, &str, &str, &str); 7] = [
    (
        "openai",
        include_str!("../fixtures/wire/aimock/chat_stream.body"),
        "Hi there! How can I help you today?",
        "stop",
    ),
    (
        "llamacpp",
        include_str!("../fixtures/wire/llamacpp/stream.body"),
        "I'm glad you're here",
        "length",
    ),
    (
        "openai_responses",
        include_str!("../fixtures/wire/aimock/responses_stream.body"),
        "Hi there! How can I help you today?",
        "completed",
    ),
    (
        "anthropic",
        include_str!("../fixtures/wire/aimock/anthropic_stream.body"),
        "The answer is 42.",
        "end_turn",
    ),
    (
        "anthropic",
        include_str!("../fixtures/wire/llamacpp/messages_stream.body"),
        "Hello there, welcome to",
        "max_tokens",
    ),
    (
        "gemini",
        include_str!("../fixtures/wire/aimock/gemini_stream.body"),
        "Hi there! How can I help you today?",
        "STOP",
    ),
    (
        "ollama",
        include_str!("../fixtures/wire/aimock/ollama_stream.body"),
        "Hi there! How can I help you today?",
        "stop",
    ),
];

#[tokio::test]
async fn streams_of_other_programs_are_put_together() {
    for (provider, body, text, finish) in STREAMS {
        let reply = attempt(provider, Answer::new(200, body)).await.unwrap();
        assert_eq!(reply.raw, body);
        assert_eq!(reply.text.as_deref(), Some(text), "{provider}");
        assert_eq!(reply.finish_reason.as_deref(), Some(finish), "{provider}");
        let first = reply.time_to_first_token_ms.unwrap();
        assert!(first <= reply.latency_ms, "{first} {}", reply.latency_ms);
    }
}

#[tokio::test]
async fn usage_of_a_stream_is_read() {
    let (_, body, ..) = STREAMS[1];
    let usage = attempt("llamacpp", Answer::new(200, body)).await.unwrap().usage;
    assert_eq!(
        (usage.input_tokens, usage.cached_tokens, usage.output_tokens),
        (Some(32), Some(24), Some(6))
    );
    let (_, body, ..) = STREAMS[4];
    let usage = attempt("anthropic", Answer::new(200, body)).await.unwrap().usage;
    assert_eq!(
        (usage.input_tokens, usage.cached_tokens, usage.output_tokens),
        (Some(32), Some(31), Some(5))
    );
}

/// Where the mark stands that says that the answer is whole: what is cut before it is half an answer.
fn whole_from(provider: &str, body: &str) -> usize {
    let mark = match provider {
        "openai" | "llamacpp" => ["\"finish_reason\":\"stop\"", "\"finish_reason\":\"length\""],
        "openai_responses" => ["event: response.completed", "-"],
        "anthropic" => ["event: message_stop", "-"],
        "gemini" => ["\"finishReason\"", "-"],
        _ => ["\"done\":true", "-"],
    };
    mark.iter().find_map(|mark| body.find(mark)).unwrap()
}

#[tokio::test]
async fn a_stream_that_was_cut_anywhere_is_an_error() {
    for (provider, body, ..) in STREAMS {
        let end = whole_from(provider, body);
        for cut in (1..end).step_by(37).chain([end]) {
            let error = attempt(provider, Answer::new(200, &body.as_bytes()[..cut]))
                .await
                .unwrap_err();
            let said = (error.kind, error.retry);
            // A cut before the first whole event leaves a body that is no stream at all.
            let is_cut = said == (ErrorKind::Connect, Retry::Yes);
            assert!(
                is_cut || said == (ErrorKind::BadResponse, Retry::No) && cut < 400,
                "{provider} {cut} {said:?}"
            );
            assert_eq!(error.raw.as_deref(), body.get(..cut));
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_keeps_what_was_counted() {
    let (_, body, ..) = STREAMS[4];
    let broken = Answer::Broken {
        body: body.as_bytes().to_vec(),
        sent: body.find("event: message_delta").unwrap(),
    };
    let error = attempt("anthropic", broken).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Connect, Retry::Yes));
    assert_eq!(error.usage.input_tokens, Some(32));
}

/// The events as a server sends them.
fn events(events: &[Json]) -> String {
    let events: Vec<String> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    events.concat()
}

#[tokio::test]
async fn an_error_inside_a_stream_is_one() {
    let half = json!({"choices": [{"delta": {"content": "half"}}]});
    let down = json!({"error": {"code": 502, "message": "down"}});
    let busy = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let slow = json!({"type": "error", "code": "rate_limit_exceeded", "message": "slow"});
    let failed = json!({"status": "failed", "output": [], "error": {"code": "server_error", "message": "gone"}});
    let gone = json!({"type": "response.failed", "response": failed});
    for (provider, body, kind, part) in [
        ("openrouter", events(&[half, down]), ErrorKind::Server, "down"),
        ("anthropic", events(&[busy]), ErrorKind::Server, "busy"),
        ("openai_responses", events(&[slow]), ErrorKind::RateLimited, "slow"),
        ("openai_responses", events(&[gone]), ErrorKind::Server, "gone"),
        (
            "ollama",
            "{\"error\":\"an unknown fault\"}\n".into(),
            ErrorKind::Server,
            "an unknown fault",
        ),
    ] {
        let error = attempt(provider, Answer::new(200, body)).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (kind, Retry::Yes), "{provider}");
        assert!(error.message.contains(part), "{}", error.message);
    }
    let garbage = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {oops\n\ndata: [DONE]\n\n";
    let error = attempt("openai", Answer::new(200, garbage)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
}

#[tokio::test]
async fn calls_in_pieces_are_put_together() {
    let delta = |delta: Json| json!({"choices": [{"delta": delta}]});
    let piece = |index: u32, arguments: &str| {
        delta(json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}))
    };
    let first = |index: u32, id: &str, name: &str, arguments: &str| {
        let function = json!({"name": name, "arguments": arguments});
        delta(json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}))
    };
    let chat = events(&[
        delta(json!({"role": "assistant", "content": null})),
        first(0, "c1", "f", ""),
        piece(0, "{\"a\":"),
        first(1, "c2", "g", "{}"),
        piece(0, "1}"),
        json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
    ]);
    let block = |index: u32, id: &str, name: &str| {
        let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
        json!({"type": "content_block_start", "index": index, "content_block": block})
    };
    let input = |json: &str| {
        let delta = json!({"type": "input_json_delta", "partial_json": json});
        json!({"type": "content_block_delta", "index": 0, "delta": delta})
    };
    let anthropic = events(&[
        json!({"type": "message_start", "message": {"id": "m", "content": []}}),
        block(0, "c1", "f"),
        input("{\"a\""),
        input(":1}"),
        block(1, "c2", "g"),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        json!({"type": "message_stop"}),
    ]);
    for (provider, body) in [("openai", chat), ("anthropic", anthropic)] {
        let reply = attempt(provider, Answer::new(200, body)).await.unwrap();
        let calls: Vec<_> = reply
            .tool_calls
            .iter()
            .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str()))
            .collect();
        assert_eq!(calls, [("c1", "f", r#"{"a":1}"#), ("c2", "g", "{}")], "{provider}");
        assert!(!reply.message.unwrap().as_str().contains("index"));
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_read_all_the_same() {
    let reply = attempt("openai", Answer::chat("hi")).await.unwrap();
    assert_eq!(
        (reply.text.as_deref(), reply.time_to_first_token_ms),
        (Some("hi"), None)
    );
    let error = attempt("openai", Answer::new(429, "{}")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
}

#[tokio::test]
async fn a_key_in_pieces_is_not_recorded_either() {
    let key = key_of("openai");
    let (front, back) = key.split_at(9);
    let chunk = |text: &str| format!("data: {}\n\n", json!({"choices": [{"delta": {"content": text}}]}));
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let body = format!("{}{}{end}", chunk(front), chunk(back));
    let reply = attempt("openai", Answer::new(200, body)).await.unwrap();
    assert_eq!(reply.text.as_deref(), Some("***"));
    assert!(!reply.raw.contains(back), "{}", reply.raw);
}
