//! The body of a reply that is an answer. Unknown fields are ignored: every server adds its own.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::domain::outcome::{ToolCall, Usage};
use crate::providers::ChatReply;

#[derive(Deserialize)]
struct Body {
    id: Option<String>,
    model: Option<String>,
    system_fingerprint: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Json>,
    refusal: Option<String>,
    tool_calls: Option<Vec<WireToolCall>>,
}

#[derive(Deserialize)]
struct WireToolCall {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: Option<Json>,
}

/// Negative or fractional counts are read as unknown rather than spoil the answer.
#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<Json>,
    completion_tokens: Option<Json>,
    prompt_tokens_details: Option<InputDetails>,
    completion_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<Json>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<Json>,
}

/// Reads an answer; the error says what is missing. The reply has no status and no latency yet.
pub(super) fn read(raw: String) -> Result<ChatReply, (String, String)> {
    match parse(&raw) {
        Ok(reply) => Ok(ChatReply { raw, ..reply }),
        Err(why) => Err((why, raw)),
    }
}

fn parse(raw: &str) -> Result<ChatReply, String> {
    if raw.trim().is_empty() {
        return Err("it is empty".into());
    }
    let body: Body = serde_json::from_str(raw).map_err(|e| format!("not a chat completion: {e}"))?;
    let choices = body.choices.ok_or("it has no choices")?;
    let choice = choices.into_iter().next().ok_or("its choices are empty")?;
    let message = choice.message;
    Ok(ChatReply {
        raw: String::new(),
        text: message.content.map(content_text).transpose()?.flatten(),
        tool_calls: message
            .tool_calls
            .unwrap_or_default()
            .into_iter()
            .map(tool_call)
            .collect(),
        refusal: message.refusal,
        finish_reason: choice.finish_reason,
        resolved_model: body.model,
        system_fingerprint: body.system_fingerprint,
        response_id: body.id,
        usage: body.usage.map(usage).unwrap_or_default(),
        status: None,
        latency_ms: 0,
    })
}

/// Text, or parts of which the texts count.
fn content_text(content: Json) -> Result<Option<String>, String> {
    match content {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text)),
        Json::Array(parts) => Ok(Some(
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        )),
        other => Err(format!("its content is neither text nor parts but {other}")),
    }
}

fn tool_call(call: WireToolCall) -> ToolCall {
    ToolCall {
        id: call.id.unwrap_or_default(),
        name: call.function.name,
        arguments: match call.function.arguments {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(text)) => text,
            Some(value) => value.to_string(),
        },
        result: None,
        round: 0,
    }
}

fn usage(usage: WireUsage) -> Usage {
    let count = |value: Option<Json>| value.and_then(|value| value.as_u64());
    Usage {
        input_tokens: count(usage.prompt_tokens),
        cached_tokens: usage
            .prompt_tokens_details
            .and_then(|details| count(details.cached_tokens)),
        output_tokens: count(usage.completion_tokens),
        reasoning_tokens: usage
            .completion_tokens_details
            .and_then(|details| count(details.reasoning_tokens)),
    }
}

#[cfg(test)]
mod tests;
