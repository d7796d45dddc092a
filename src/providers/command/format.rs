//! The lines that go to the program and come back.

use serde_json::{Map, Value as Json, json};

use crate::domain::json::JsonText;
use crate::domain::model::{ModelConfig, ResponseFormat, Setting};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ToolCall, Usage};
use crate::domain::prompt::Role;
use crate::providers::wire::{arguments, count, plain_messages, text};
use crate::providers::{ChatReply, ChatRequest, Retry};

/// The request as one line. Settings that are not set are left out.
pub(super) fn request_line(number: u64, request: &ChatRequest) -> String {
    let messages = plain_messages(&request.messages, Role::as_str);
    let rounds: Vec<Json> = request
        .rounds
        .iter()
        .map(|round| {
            let calls: Vec<Json> = round.calls.iter().map(call).collect();
            json!({"message": round.message.value(), "tool_calls": calls})
        })
        .collect();
    let model = settings(&request.model);
    let mut line = json!({"request": number, "model": model, "messages": messages, "rounds": rounds}).to_string();
    line.push('\n');
    line
}

fn call(call: &ToolCall) -> Json {
    let result = call.result.as_ref().map(JsonText::value);
    json!({"id": call.id, "name": call.name, "arguments": call.arguments, "result": result})
}

fn settings(model: &ModelConfig) -> Json {
    let mut settings = Map::new();
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            settings.insert(name.to_owned(), value);
        }
    };
    set("name", Some(json!(model.name)));
    set("temperature", model.temperature.map(Json::from));
    set("top_p", model.top_p.map(Json::from));
    set("max_output_tokens", model.max_output_tokens.map(Json::from));
    set("stop", (!model.stop.is_empty()).then(|| json!(model.stop)));
    set("seed", model.seed.map(Json::from));
    set("response_format", response_format(&model.response_format));
    if !model.tools.is_empty() {
        set("tools", Some(tools(model)));
        set("tool_choice", Some(json!(model.tool_choice.label())));
    }
    set("safety_settings", named(&model.safety_settings));
    set("provider_flags", named(&model.provider_flags));
    Json::Object(settings)
}

fn response_format(format: &ResponseFormat) -> Option<Json> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(json!({"type": "json_object"})),
        ResponseFormat::JsonSchema(named) => Some(json!({
            "type": "json_schema",
            "name": named.name,
            "schema": named.schema.value(),
        })),
    }
}

fn tools(model: &ModelConfig) -> Json {
    let tools = model.tools.iter();
    tools
        .map(|tool| json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters.value()}))
        .collect()
}

fn named(settings: &[Setting]) -> Option<Json> {
    let values = settings
        .iter()
        .map(|setting| (setting.name.clone(), setting.value.value()));
    (!settings.is_empty()).then(|| Json::Object(values.collect()))
}

/// Reads an answer to the request of this number, which it may repeat. The error says why there is none, and where the
/// program itself says so, whether another try helps.
pub(super) fn read_answer(line: &str, number: u64) -> Result<ChatReply, (String, Option<Retry>)> {
    let body: Json = serde_json::from_str(line).map_err(|error| (format!("its answer is not JSON: {error}"), None))?;
    if let Json::String(text) = body {
        return Ok(ChatReply {
            text: Some(text),
            ..ChatReply::default()
        });
    }
    if body
        .get("request")
        .is_some_and(|repeated| repeated.as_u64() != Some(number))
    {
        return Err((format!("it answers request {}, not {number}", body["request"]), None));
    }
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        let said = text(error, "/message").or_else(|| error.as_str().map(str::to_owned));
        let retry = if error["retry"] == true { Retry::Yes } else { Retry::No };
        return Err((said.unwrap_or_else(|| error.to_string()), Some(retry)));
    }
    let calls: Vec<ToolCall> = body["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(tool_call)
        .collect();
    let reply = ChatReply {
        text: text(&body, "/text"),
        refusal: text(&body, "/refusal"),
        message: (!calls.is_empty()).then(|| JsonText::from_value(&body)),
        tool_calls: calls,
        finish_reason: text(&body, "/finish_reason"),
        resolved_model: text(&body, "/model"),
        system_fingerprint: text(&body, "/system_fingerprint"),
        response_id: text(&body, "/id"),
        usage: Usage {
            input_tokens: count(&body, "/usage/input_tokens"),
            cached_tokens: count(&body, "/usage/cached_tokens"),
            cache_write_tokens: count(&body, "/usage/cache_write_tokens"),
            output_tokens: count(&body, "/usage/output_tokens"),
            reasoning_tokens: count(&body, "/usage/reasoning_tokens"),
        },
        cost: count(&body, "/cost_nanos").map(UsdNanos),
        ..ChatReply::default()
    };
    if reply.text.is_none() && reply.refusal.is_none() && reply.tool_calls.is_empty() {
        return Err(("its answer has no text, tool_calls, refusal or error".into(), None));
    }
    Ok(reply)
}

fn tool_call(call: &Json) -> ToolCall {
    ToolCall {
        id: text(call, "/id").unwrap_or_default(),
        name: text(call, "/name").unwrap_or_default(),
        arguments: arguments(call.get("arguments")),
        result: None,
        round: 0,
    }
}
