//! The body of a reply that is an answer. Unknown fields are ignored: every server adds its own.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::domain::json::JsonText;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ToolCall, Usage};
use crate::providers::ChatReply;
use crate::providers::price::Bill;
use crate::providers::wire::{self, Answer, count};

#[derive(Deserialize)]
struct Body {
    id: Option<String>,
    model: Option<String>,
    system_fingerprint: Option<String>,
    service_tier: Option<String>,
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Json,
}

#[derive(Deserialize)]
struct Choice {
    message: Json,
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

/// Reads an answer; the error says what is missing.
pub(super) fn read(body: Json) -> Result<Answer, String> {
    let body: Body = serde_json::from_value(body).map_err(|error| format!("not a chat completion: {error}"))?;
    let choices = body.choices.ok_or("it has no choices")?;
    let choice = choices.into_iter().next().ok_or("its choices are empty")?;
    let message = Message::deserialize(&choice.message).map_err(|error| format!("not a chat completion: {error}"))?;
    let calls = message.tool_calls.unwrap_or_default();
    let reply = ChatReply {
        text: message.content.map(content_text).transpose()?.flatten(),
        message: (!calls.is_empty()).then(|| own_message(choice.message)),
        tool_calls: calls.into_iter().map(tool_call).collect(),
        refusal: message.refusal,
        finish_reason: choice.finish_reason,
        resolved_model: body.model,
        system_fingerprint: body.system_fingerprint,
        response_id: body.id,
        usage: usage(&body.usage),
        ..ChatReply::default()
    };
    let bill = Bill {
        tier: body.service_tier,
        reported: body.usage.get("cost").and_then(reported_cost),
        ..Bill::default()
    };
    Ok(Answer { reply, bill })
}

/// The message to be sent back. Fields that are null say nothing, and some servers refuse them; `content` may be.
fn own_message(mut message: Json) -> JsonText {
    if let Some(fields) = message.as_object_mut() {
        fields.retain(|name, value| name == "content" || !value.is_null());
        fields.insert("role".into(), Json::from("assistant"));
    }
    JsonText::from_value(&message)
}

/// `OpenRouter` says in dollars what it charged.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be within the range just above"
)]
fn reported_cost(cost: &Json) -> Option<UsdNanos> {
    let nanos = (cost.as_f64()? * 1e9).round();
    (0.0..1e15).contains(&nanos).then_some(UsdNanos(nanos as u64))
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
        arguments: wire::arguments(call.function.arguments.as_ref()),
        result: None,
        round: 0,
    }
}

fn usage(usage: &Json) -> Usage {
    Usage {
        input_tokens: count(usage, "/prompt_tokens"),
        cached_tokens: count(usage, "/prompt_tokens_details/cached_tokens"),
        cache_write_tokens: count(usage, "/prompt_tokens_details/cache_write_tokens"),
        output_tokens: count(usage, "/completion_tokens"),
        reasoning_tokens: count(usage, "/completion_tokens_details/reasoning_tokens"),
    }
}

#[cfg(test)]
mod tests;
