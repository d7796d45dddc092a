//! The `OpenAI` Responses format.

mod response;
mod stream;

use serde_json::{Map, Value as Json, json};

use super::wire::{Answer, Assembler, Auth, WireFormat, WireRequest, plain_messages};
use super::{ChatRequest, ToolRound, flags};
use crate::domain::json::JsonText;
use crate::domain::model::{ModelConfig, ResponseFormat, Tool, ToolChoice};
use crate::domain::outcome::ToolCall;
use crate::domain::prompt::Role;

/// The provider's name in prompts.
const NAME: &str = "openai_responses";
/// The flag that says whether the provider keeps what it was sent.
const STORE: &str = "store";
/// A field that a flag and the response format fill together.
const TEXT: &str = "text";
/// Fields that would make the answer something else than the one that is recorded.
const FLAGS_REFUSED: [&str; 10] = [
    "background",
    "conversation",
    "input",
    "instructions",
    "model",
    "previous_response_id",
    "prompt",
    "stream_options",
    "tool_choice",
    "tools",
];

/// The format.
pub(super) struct Responses;

impl WireFormat for Responses {
    fn request(&self, request: &ChatRequest) -> Result<WireRequest, String> {
        Ok(WireRequest {
            path: vec!["responses".into()],
            query: Vec::new(),
            auth: Auth::Bearer,
            headers: Vec::new(),
            body: body(request).to_string().into_bytes(),
            streams: flags::streams(&request.model),
        })
    }

    fn read(&self, body: Json) -> Result<Answer, String> {
        response::read(&body)
    }

    fn assembler(&self) -> Box<dyn Assembler> {
        Box::new(stream::Events::default())
    }

    fn fault(&self, model: &ModelConfig) -> Option<String> {
        let set = [
            ("temperature", model.temperature.is_some()),
            ("top_p", model.top_p.is_some()),
            ("max_output_tokens", model.max_output_tokens.is_some()),
        ];
        let text = flags::value(model, TEXT);
        if text.is_some_and(|text| text.as_object().is_none_or(|fields| fields.contains_key("format"))) {
            return Some("provider flag 'text' is an object without 'format', which is the prompt's own".into());
        }
        flags::fault(model, &FLAGS_REFUSED, &set)
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let mut notes = flags::unsent(model, NAME, &["seed", "stop", "safety_settings"]);
        if flags::value(model, STORE).is_none() {
            notes.push("openai keeps requests and answers of this API unless the provider flag store is false".into());
        }
        notes
    }

    fn role_notes(&self, roles: &[Role]) -> Vec<String> {
        let has_result = roles.contains(&Role::Tool);
        let note = "messages of the role tool answer no call here: openai_responses gets them as the user's";
        has_result.then(|| note.to_owned()).into_iter().collect()
    }
}

/// The body. A setting that is `None` is left out: absent is not the same as a default.
fn body(request: &ChatRequest) -> Json {
    let model = &request.model;
    let mut input = plain_messages(&request.messages, role);
    let keeps = flags::value(model, STORE) != Some(Json::Bool(false));
    for round in &request.rounds {
        input.extend(own_items(round, keeps));
        input.extend(round.calls.iter().map(result));
    }
    let mut body = Map::new();
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("model", Some(json!(model.name)));
    set("input", Some(Json::Array(input)));
    set("temperature", model.temperature.map(Json::from));
    set("top_p", model.top_p.map(Json::from));
    set("max_output_tokens", model.max_output_tokens.map(Json::from));
    set(TEXT, text(model));
    set(
        "tools",
        (!model.tools.is_empty()).then(|| model.tools.iter().map(tool).collect()),
    );
    set(
        "tool_choice",
        (!model.tools.is_empty()).then(|| tool_choice(&model.tool_choice)),
    );
    set("stream", flags::streams(model).then_some(Json::Bool(true)));
    body.extend(flags::sent(model, &[TEXT]));
    Json::Object(body)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Tool => Role::User.as_str(),
        role => role.as_str(),
    }
}

/// What the model put out, as it came. What the provider did not keep it knows only by its encrypted form.
fn own_items(round: &ToolRound, keeps: bool) -> Vec<Json> {
    let Json::Array(mut items) = round.message.value() else {
        return Vec::new();
    };
    items.retain(|item| keeps || item["type"] != "reasoning" || item["encrypted_content"].is_string());
    items
}

fn result(call: &ToolCall) -> Json {
    let output = call.result.as_ref().map(JsonText::plain).unwrap_or_default();
    json!({"type": "function_call_output", "call_id": call.id, "output": output})
}

/// `strict` is on here where nothing is said, other than in Chat Completions.
fn tool(tool: &Tool) -> Json {
    json!({
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters.value(),
        "strict": false,
    })
}

fn tool_choice(choice: &ToolChoice) -> Json {
    match choice {
        ToolChoice::Named(name) => json!({"type": "function", "name": name}),
        choice => json!(choice.label()),
    }
}

fn text(model: &ModelConfig) -> Option<Json> {
    let flag = flags::value(model, TEXT);
    let format = match &model.response_format {
        ResponseFormat::Text => return flag,
        ResponseFormat::JsonObject => json!({"type": "json_object"}),
        ResponseFormat::JsonSchema(named) => json!({
            "type": "json_schema",
            "name": named.name,
            "strict": true,
            "schema": named.schema.value(),
        }),
    };
    let mut text = flag.unwrap_or_else(|| json!({}));
    if let Some(fields) = text.as_object_mut() {
        fields.insert("format".into(), format);
    }
    Some(text)
}
