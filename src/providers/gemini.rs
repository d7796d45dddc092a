//! The Gemini generateContent format.

mod response;
mod stream;

use serde_json::{Map, Value as Json, json};

use super::wire::{Answer, Assembler, Auth, Conversation, WireFormat, WireRequest};
use super::{ChatRequest, flags};
use crate::domain::json::JsonText;
use crate::domain::model::{ModelConfig, ResponseFormat, ToolChoice};
use crate::domain::outcome::{RenderedMessage, ToolCall};
use crate::domain::prompt::Role;

/// Flags that are fields of the request itself; all others belong to its generation settings.
const TOP_FLAGS: [&str; 3] = ["cachedContent", "labels", "serviceTier"];
/// Fields that would make the answer something else than the one that is recorded.
const FLAGS_REFUSED: [&str; 10] = [
    "candidateCount",
    "contents",
    "generationConfig",
    "responseJsonSchema",
    "responseMimeType",
    "responseSchema",
    "safetySettings",
    "systemInstruction",
    "toolConfig",
    "tools",
];

/// The format.
pub(super) struct GenerateContent;

impl WireFormat for GenerateContent {
    fn request(&self, request: &ChatRequest) -> Result<WireRequest, String> {
        let model = &request.model;
        let streams = flags::streams(model);
        let name = model.name.strip_prefix("models/").unwrap_or(&model.name);
        let method = if streams {
            "streamGenerateContent"
        } else {
            "generateContent"
        };
        Ok(WireRequest {
            path: vec!["models".into(), format!("{name}:{method}")],
            query: streams.then(|| ("alt", "sse".into())).into_iter().collect(),
            auth: Auth::Header("x-goog-api-key"),
            headers: Vec::new(),
            body: body(request).to_string().into_bytes(),
            streams,
        })
    }

    fn read(&self, body: Json) -> Result<Answer, String> {
        response::read(&body)
    }

    fn assembler(&self) -> Box<dyn Assembler> {
        Box::new(stream::Chunks::default())
    }

    fn fault(&self, model: &ModelConfig) -> Option<String> {
        let set = [
            ("temperature", model.temperature.is_some()),
            ("topP", model.top_p.is_some()),
            ("maxOutputTokens", model.max_output_tokens.is_some()),
            ("stopSequences", !model.stop.is_empty()),
            ("seed", model.seed.is_some()),
        ];
        let mut settings = model.safety_settings.iter();
        if let Some(setting) = settings.find(|setting| !setting.value.value().is_string()) {
            return Some(format!(
                "safety setting '{}' is a threshold such as \"BLOCK_ONLY_HIGH\"",
                setting.name
            ));
        }
        flags::fault(model, &FLAGS_REFUSED, &set)
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let seed = model
            .seed
            .map(|_| "the seed is best effort: gemini may answer the same request differently");
        seed.into_iter().map(str::to_owned).collect()
    }

    fn role_notes(&self, roles: &[Role]) -> Vec<String> {
        Conversation::notes("gemini", roles)
    }
}

/// The body. A setting that is `None` is left out: absent is not the same as a default.
fn body(request: &ChatRequest) -> Json {
    let model = &request.model;
    let conversation = Conversation::new(&request.messages);
    let mut contents: Vec<Json> = conversation.turns.iter().map(|message| content(message)).collect();
    for round in &request.rounds {
        contents.push(round.message.value());
        let parts: Vec<Json> = round.calls.iter().map(result).collect();
        contents.push(json!({"role": "user", "parts": parts}));
    }
    let mut body = Map::new();
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("contents", Some(Json::Array(contents)));
    let instructions: Vec<Json> = conversation
        .instructions
        .iter()
        .map(|text| json!({"text": text}))
        .collect();
    set(
        "systemInstruction",
        (!instructions.is_empty()).then(|| json!({"parts": instructions})),
    );
    set("tools", (!model.tools.is_empty()).then(|| tools(model)));
    set(
        "toolConfig",
        (!model.tools.is_empty()).then(|| tool_config(&model.tool_choice)),
    );
    set(
        "safetySettings",
        (!model.safety_settings.is_empty()).then(|| safety_settings(model)),
    );
    let (top, of_generation): (Map<_, _>, Map<_, _>) = flags::sent(model, &[])
        .into_iter()
        .partition(|(name, _)| TOP_FLAGS.contains(&name.as_str()));
    set("generationConfig", generation_config(model, of_generation));
    body.extend(top);
    Json::Object(body)
}

fn content(message: &RenderedMessage) -> Json {
    let role = match message.role {
        Role::Assistant => "model",
        Role::System | Role::Developer | Role::User | Role::Tool => "user",
    };
    json!({"role": role, "parts": [{"text": message.text}]})
}

fn tools(model: &ModelConfig) -> Json {
    let declarations: Vec<Json> = model
        .tools
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "parametersJsonSchema": tool.parameters.value(),
            })
        })
        .collect();
    json!([{"functionDeclarations": declarations}])
}

fn tool_config(choice: &ToolChoice) -> Json {
    let config = match choice {
        ToolChoice::Auto => json!({"mode": "AUTO"}),
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    json!({"functionCallingConfig": config})
}

fn safety_settings(model: &ModelConfig) -> Json {
    let settings = model.safety_settings.iter();
    settings
        .map(|setting| json!({"category": setting.name, "threshold": setting.value.value()}))
        .collect()
}

fn generation_config(model: &ModelConfig, flags: Map<String, Json>) -> Option<Json> {
    let mut config = Map::new();
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            config.insert(name.to_owned(), value);
        }
    };
    set("temperature", model.temperature.map(Json::from));
    set("topP", model.top_p.map(Json::from));
    set("maxOutputTokens", model.max_output_tokens.map(Json::from));
    set("stopSequences", (!model.stop.is_empty()).then(|| json!(model.stop)));
    set("seed", model.seed.map(Json::from));
    set(
        "responseMimeType",
        model.response_format.is_json().then(|| json!("application/json")),
    );
    if let ResponseFormat::JsonSchema(named) = &model.response_format {
        set("responseJsonSchema", Some(named.schema.value()));
    }
    config.extend(flags);
    (!config.is_empty()).then_some(Json::Object(config))
}

/// A result is an object here, so that a plain one gets a name.
fn result(call: &ToolCall) -> Json {
    let response = match call.result.as_ref().map(JsonText::value) {
        Some(Json::Object(fields)) => Json::Object(fields),
        Some(value) => json!({"result": value}),
        None => json!({}),
    };
    let mut function = json!({"name": call.name, "response": response});
    if !call.id.is_empty()
        && let Some(fields) = function.as_object_mut()
    {
        fields.insert("id".into(), json!(call.id));
    }
    json!({"functionResponse": function})
}
