//! The request body of `POST /chat/completions`.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::domain::json::JsonText;
use crate::domain::model::{ModelConfig, ResponseFormat, ToolChoice};
use crate::domain::outcome::ToolCall;
use crate::domain::prompt::Role;
use crate::providers::{ChatRequest, flags};

/// Fields that would make the answer something else than the one that is recorded.
const FLAGS_REFUSED: [&str; 7] = [
    "messages",
    "model",
    "n",
    "response_format",
    "stream_options",
    "tool_choice",
    "tools",
];

/// The field that limits generated tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenLimitField {
    /// `max_completion_tokens`: `OpenAI` itself; its reasoning models refuse the older name.
    MaxCompletionTokens,
    /// `max_tokens`: servers that speak the format; many of them ignore the newer name.
    MaxTokens,
}

/// Whether a server knows the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeveloperRole {
    Known,
    /// It is sent as `system`.
    Unknown,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Json>,
    #[serde(flatten)]
    flags: Map<String, Json>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Message<'a> {
    /// One of the prompt.
    Plain { role: &'static str, content: &'a str },
    /// The model's own, as it came.
    Own(Json),
    /// What a tool answered.
    Result {
        role: &'static str,
        tool_call_id: &'a str,
        content: String,
    },
}

/// The messages of the prompt and the rounds of tool use after them.
fn messages(request: &ChatRequest, developer: DeveloperRole) -> Vec<Message<'_>> {
    let mut messages: Vec<Message<'_>> = request
        .messages
        .iter()
        .map(|message| Message::Plain {
            role: match (message.role, developer) {
                (Role::Developer, DeveloperRole::Unknown) => Role::System.as_str(),
                (role, _) => role.as_str(),
            },
            content: &message.text,
        })
        .collect();
    for round in &request.rounds {
        messages.push(Message::Own(round.message.value()));
        messages.extend(round.calls.iter().map(result));
    }
    messages
}

fn result(call: &ToolCall) -> Message<'_> {
    Message::Result {
        role: "tool",
        tool_call_id: &call.id,
        content: call.result.as_ref().map(JsonText::plain).unwrap_or_default(),
    }
}

/// The body as bytes. A setting that is `None` is left out: absent is not the same as a default.
pub(super) fn body(
    request: &ChatRequest,
    limit_field: TokenLimitField,
    developer: DeveloperRole,
    read_here: &[&str],
) -> serde_json::Result<Vec<u8>> {
    let model = &request.model;
    let limit = |field| model.max_output_tokens.filter(|_| limit_field == field);
    let streams = flags::streams(model);
    serde_json::to_vec(&Body {
        model: &model.name,
        messages: messages(request, developer),
        temperature: model.temperature,
        top_p: model.top_p,
        max_completion_tokens: limit(TokenLimitField::MaxCompletionTokens),
        max_tokens: limit(TokenLimitField::MaxTokens),
        stop: &model.stop,
        seed: model.seed,
        response_format: response_format(&model.response_format),
        tools: tools(model),
        tool_choice: tool_choice(model),
        stream: streams.then_some(true),
        stream_options: streams.then(|| json!({"include_usage": true})),
        flags: flags::sent(model, read_here),
    })
}

/// What is wrong with a provider flag that a setting contradicts, or that would make the answer unreadable.
pub(super) fn flag_fault(model: &ModelConfig) -> Option<String> {
    let set = [
        ("temperature", model.temperature.is_some()),
        ("top_p", model.top_p.is_some()),
        ("max_tokens", model.max_output_tokens.is_some()),
        ("max_completion_tokens", model.max_output_tokens.is_some()),
        ("stop", !model.stop.is_empty()),
        ("seed", model.seed.is_some()),
    ];
    flags::fault(model, &FLAGS_REFUSED, &set)
}

fn response_format(format: &ResponseFormat) -> Option<Json> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(json!({"type": "json_object"})),
        ResponseFormat::JsonSchema(named) => Some(json!({
            "type": "json_schema",
            "json_schema": {"name": named.name, "strict": true, "schema": named.schema.value()},
        })),
    }
}

fn tools(model: &ModelConfig) -> Vec<Json> {
    model
        .tools
        .iter()
        .map(|tool| {
            json!({
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters.value(),
                },
            })
        })
        .collect()
}

/// Sent even where it is `auto`, since servers differ in their default; never without tools, which `OpenAI` refuses.
fn tool_choice(model: &ModelConfig) -> Option<Json> {
    (!model.tools.is_empty()).then(|| match &model.tool_choice {
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
        choice => json!(choice.label()),
    })
}

#[cfg(test)]
mod tests;
