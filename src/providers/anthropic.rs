//! The Anthropic Messages format.

mod response;
mod stream;

use serde_json::{Map, Value as Json, json};

use super::wire::{Answer, Assembler, Auth, Conversation, WireFormat, WireRequest, plain_messages};
use super::{ChatRequest, flags};
use crate::domain::json::JsonText;
use crate::domain::model::{ModelConfig, ResponseFormat, Tool, ToolChoice};
use crate::domain::outcome::ToolCall;
use crate::domain::prompt::Role;

/// The flag that names the version of the API.
const API_VERSION: &str = "anthropic_version";
/// The flag that names beta features, with commas between them.
const BETA: &str = "anthropic_beta";
const FLAGS_READ_HERE: [&str; 3] = [API_VERSION, BETA, OUTPUT_CONFIG];
/// A field that a flag and the response format fill together.
const OUTPUT_CONFIG: &str = "output_config";
/// The version that takes sampling settings, and the key in its own header.
const OLDEST_VERSION: &str = "2023-06-01";
/// The API wants a limit of every request.
const MAX_TOKENS_DEFAULT: u32 = 4096;
/// Highest temperature that it takes.
const TEMPERATURE_MAX: f64 = 1.0;
/// Fields that would make the answer something else than the one that is recorded.
const FLAGS_REFUSED: [&str; 5] = ["messages", "model", "system", "tool_choice", "tools"];

/// The format; the version of the API is a flag of the prompt.
pub(super) struct Messages;

impl WireFormat for Messages {
    fn request(&self, request: &ChatRequest) -> Result<WireRequest, String> {
        let model = &request.model;
        let version = version(model);
        let mut headers = Vec::new();
        if let Some(beta) = flags::text(model, BETA) {
            headers.push(("anthropic-beta", beta));
        }
        let auth = match version.as_str() {
            OLDEST_VERSION => Auth::Header("x-api-key"),
            _ => Auth::Bearer,
        };
        headers.push(("anthropic-version", version));
        Ok(WireRequest {
            path: vec!["messages".into()],
            query: Vec::new(),
            auth,
            headers,
            body: body(request).to_string().into_bytes(),
            streams: flags::streams(model),
        })
    }

    fn read(&self, body: Json) -> Result<Answer, String> {
        response::read(&body)
    }

    fn assembler(&self) -> Box<dyn Assembler> {
        Box::new(stream::MessageEvents::default())
    }

    fn fault(&self, model: &ModelConfig) -> Option<String> {
        let set = [
            ("temperature", model.temperature.is_some()),
            ("top_p", model.top_p.is_some()),
            ("max_tokens", model.max_output_tokens.is_some()),
            ("stop_sequences", !model.stop.is_empty()),
        ];
        let config = flags::value(model, OUTPUT_CONFIG);
        if config.is_some_and(|config| config.as_object().is_none_or(|fields| fields.contains_key("format"))) {
            return Some(
                "provider flag 'output_config' is an object without 'format', which is the prompt's own".into(),
            );
        }
        flags::fault(model, &FLAGS_REFUSED, &set).or_else(|| flags::text_fault(model, &[API_VERSION, BETA]))
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let mut notes = flags::unsent(model, "anthropic", &["seed", "safety_settings"]);
        if model.max_output_tokens.is_none() && flags::value(model, "max_tokens").is_none() {
            notes.push(format!(
                "anthropic wants a limit of output tokens: {MAX_TOKENS_DEFAULT} is sent, since max_output_tokens is \
                 not set"
            ));
        }
        if model.response_format == ResponseFormat::JsonObject {
            notes.push(
                "response format json_object is not sent: anthropic has only schemas, so the prompt must ask for JSON"
                    .into(),
            );
        }
        let version = version(model);
        if version != OLDEST_VERSION && (model.temperature.is_some() || model.top_p.is_some()) {
            notes.push(format!(
                "anthropic's API version {version} refuses temperature and top_p"
            ));
        } else if let Some(temperature) = model.temperature.filter(|temperature| *temperature > TEMPERATURE_MAX) {
            notes.push(format!(
                "anthropic refuses a temperature above 1: {temperature} is sent as it is"
            ));
        }
        notes
    }

    fn role_notes(&self, roles: &[Role]) -> Vec<String> {
        Conversation::notes("anthropic", roles)
    }
}

fn version(model: &ModelConfig) -> String {
    flags::text(model, API_VERSION).unwrap_or_else(|| OLDEST_VERSION.into())
}

/// The body. A setting that is `None` is left out: absent is not the same as a default.
fn body(request: &ChatRequest) -> Json {
    let model = &request.model;
    let conversation = Conversation::new(&request.messages);
    let mut messages = plain_messages(conversation.turns.iter().copied(), role);
    for round in &request.rounds {
        messages.push(json!({"role": "assistant", "content": round.message.value()}));
        let results: Vec<Json> = round.calls.iter().map(result).collect();
        messages.push(json!({"role": "user", "content": results}));
    }
    let mut body = Map::new();
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("model", Some(json!(model.name)));
    // A flag may set it too, which goes in below.
    let limit = model.max_output_tokens.unwrap_or(MAX_TOKENS_DEFAULT);
    set("max_tokens", Some(json!(limit)));
    set("system", system(&conversation.instructions));
    set("messages", Some(Json::Array(messages)));
    set("temperature", model.temperature.map(Json::from));
    set("top_p", model.top_p.map(Json::from));
    set("stop_sequences", (!model.stop.is_empty()).then(|| json!(model.stop)));
    set("tools", (!model.tools.is_empty()).then(|| tools(model)));
    set(
        "tool_choice",
        (!model.tools.is_empty()).then(|| tool_choice(&model.tool_choice)),
    );
    set(OUTPUT_CONFIG, output_config(model));
    set("stream", flags::streams(model).then_some(Json::Bool(true)));
    body.extend(flags::sent(model, &FLAGS_READ_HERE));
    Json::Object(body)
}

/// Only the person and the model speak here.
fn role(role: Role) -> &'static str {
    match role {
        Role::Assistant => "assistant",
        Role::System | Role::Developer | Role::User | Role::Tool => "user",
    }
}

/// One text, or a block for each where there are several, so that none runs into another.
fn system(instructions: &[&str]) -> Option<Json> {
    match instructions {
        [] => None,
        [one] => Some(json!(one)),
        several => Some(
            several
                .iter()
                .map(|text| json!({"type": "text", "text": text}))
                .collect(),
        ),
    }
}

fn tools(model: &ModelConfig) -> Json {
    let tool = |tool: &Tool| {
        json!({
            "name": tool.name,
            "description": tool.description,
            "input_schema": tool.parameters.value(),
        })
    };
    model.tools.iter().map(tool).collect()
}

fn tool_choice(choice: &ToolChoice) -> Json {
    match choice {
        ToolChoice::Auto => json!({"type": "auto"}),
        ToolChoice::None => json!({"type": "none"}),
        ToolChoice::Required => json!({"type": "any"}),
        ToolChoice::Named(name) => json!({"type": "tool", "name": name}),
    }
}

fn output_config(model: &ModelConfig) -> Option<Json> {
    let flag = flags::value(model, OUTPUT_CONFIG);
    let ResponseFormat::JsonSchema(named) = &model.response_format else {
        return flag;
    };
    let mut config = flag.unwrap_or_else(|| json!({}));
    if let Some(fields) = config.as_object_mut() {
        let format = json!({"type": "json_schema", "schema": named.schema.value()});
        fields.insert("format".into(), format);
    }
    Some(config)
}

fn result(call: &ToolCall) -> Json {
    let content = call.result.as_ref().map(JsonText::plain).unwrap_or_default();
    json!({"type": "tool_result", "tool_use_id": call.id, "content": content})
}
