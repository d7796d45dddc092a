//! Ollama's own format, `/api/chat`.

use serde_json::{Map, Value as Json, json};

use super::failure::WireError;
use super::stream::Framing;
use super::wire::{
    Answer, Assembler, Auth, Piece, WireFormat, WireRequest, append, arguments, count, plain_messages, text,
};
use super::{ChatReply, ChatRequest, flags};
use crate::domain::json::JsonText;
use crate::domain::model::{ModelConfig, ResponseFormat, ToolChoice};
use crate::domain::outcome::{ToolCall, Usage};
use crate::domain::prompt::Role;

/// Flags that are fields of the request itself; all others belong to its options.
const TOP_FLAGS: [&str; 6] = ["keep_alive", "logprobs", "shift", "think", "top_logprobs", "truncate"];
/// Fields that would make the answer something else than the one that is recorded.
const FLAGS_REFUSED: [&str; 5] = ["format", "messages", "model", "options", "tools"];
/// The option that says how many tokens a prompt and its answer may have together.
const CONTEXT_TOKENS: &str = "num_ctx";

/// The format.
pub(super) struct Chat;

impl WireFormat for Chat {
    fn request(&self, request: &ChatRequest) -> Result<WireRequest, String> {
        Ok(WireRequest {
            path: vec!["api".into(), "chat".into()],
            query: Vec::new(),
            auth: Auth::Bearer,
            headers: Vec::new(),
            body: body(request).to_string().into_bytes(),
            streams: flags::streams(&request.model),
        })
    }

    fn read(&self, body: Json) -> Result<Answer, String> {
        read(&body)
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn assembler(&self) -> Box<dyn Assembler> {
        Box::new(Lines::default())
    }

    fn fault(&self, model: &ModelConfig) -> Option<String> {
        let set = [
            ("temperature", model.temperature.is_some()),
            ("top_p", model.top_p.is_some()),
            ("num_predict", model.max_output_tokens.is_some()),
            ("stop", !model.stop.is_empty()),
            ("seed", model.seed.is_some()),
        ];
        flags::fault(model, &FLAGS_REFUSED, &set)
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let mut notes = flags::unsent(model, "ollama", &["tool_choice", "safety_settings"]);
        if flags::value(model, CONTEXT_TOKENS).is_none() {
            notes.push(
                "ollama cuts long prompts without a word: the provider flag num_ctx says how long they may be".into(),
            );
        }
        if model.tool_choice == ToolChoice::None && !model.tools.is_empty() {
            notes.push("tool_choice none: ollama has no such setting, so the tools are not sent".into());
        }
        notes
    }

    fn role_notes(&self, roles: &[Role]) -> Vec<String> {
        let has_developer = roles.contains(&Role::Developer);
        let note = "ollama knows no developer role: it is sent as system";
        has_developer.then(|| note.to_owned()).into_iter().collect()
    }
}

/// The body. A setting that is `None` is left out: absent is not the same as a default.
fn body(request: &ChatRequest) -> Json {
    let model = &request.model;
    let mut messages = plain_messages(&request.messages, role);
    for round in &request.rounds {
        messages.push(round.message.value());
        messages.extend(round.calls.iter().map(result));
    }
    let mut body = Map::new();
    body.insert("model".into(), json!(model.name));
    body.insert("messages".into(), Json::Array(messages));
    if !model.tools.is_empty() && model.tool_choice != ToolChoice::None {
        body.insert("tools".into(), tools(model));
    }
    match &model.response_format {
        ResponseFormat::Text => {}
        ResponseFormat::JsonObject => drop(body.insert("format".into(), json!("json"))),
        ResponseFormat::JsonSchema(named) => drop(body.insert("format".into(), named.schema.value())),
    }
    // It streams where nothing is said.
    body.insert("stream".into(), json!(flags::streams(model)));
    let (top, of_options): (Map<_, _>, Map<_, _>) = flags::sent(model, &[])
        .into_iter()
        .partition(|(name, _)| TOP_FLAGS.contains(&name.as_str()));
    let options = options(model, of_options);
    if !options.is_empty() {
        body.insert("options".into(), Json::Object(options));
    }
    body.extend(top);
    Json::Object(body)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Developer => Role::System.as_str(),
        role => role.as_str(),
    }
}

fn tools(model: &ModelConfig) -> Json {
    let tools = model.tools.iter();
    tools
        .map(|tool| {
            let function =
                json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters.value()});
            json!({"type": "function", "function": function})
        })
        .collect()
}

fn options(model: &ModelConfig, flags: Map<String, Json>) -> Map<String, Json> {
    let set = [
        ("temperature", model.temperature.map(Json::from)),
        ("top_p", model.top_p.map(Json::from)),
        ("seed", model.seed.map(Json::from)),
        ("num_predict", model.max_output_tokens.map(Json::from)),
        ("stop", (!model.stop.is_empty()).then(|| json!(model.stop))),
    ];
    let set = set
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    set.chain(flags).collect()
}

fn result(call: &ToolCall) -> Json {
    let content = call.result.as_ref().map(JsonText::plain).unwrap_or_default();
    let mut message = json!({"role": "tool", "tool_name": call.name, "content": content});
    // Newer servers give calls an id and want it again.
    if !call.id.is_empty()
        && let Some(fields) = message.as_object_mut()
    {
        fields.insert("tool_call_id".into(), json!(call.id));
    }
    message
}

fn read(body: &Json) -> Result<Answer, String> {
    let message = &body["message"];
    if !message.is_object() {
        return Err("not a chat answer: it has no message".into());
    }
    let calls = message.get("tool_calls").and_then(Json::as_array);
    let calls: Vec<ToolCall> = calls.into_iter().flatten().map(tool_call).collect();
    // An answer of calls alone has an empty text.
    let text_of_message = text(message, "/content").filter(|text| calls.is_empty() || !text.is_empty());
    let reply = ChatReply {
        text: text_of_message,
        message: (!calls.is_empty()).then(|| JsonText::from_value(message)),
        tool_calls: calls,
        finish_reason: text(body, "/done_reason"),
        resolved_model: text(body, "/model"),
        usage: Usage {
            input_tokens: count(body, "/prompt_eval_count"),
            cached_tokens: None,
            cache_write_tokens: None,
            output_tokens: count(body, "/eval_count"),
            reasoning_tokens: None,
        },
        ..ChatReply::default()
    };
    Ok(Answer {
        reply,
        ..Answer::default()
    })
}

fn tool_call(call: &Json) -> ToolCall {
    ToolCall {
        id: text(call, "/id").unwrap_or_default(),
        name: text(call, "/function/name").unwrap_or_default(),
        arguments: arguments(call.pointer("/function/arguments")),
        result: None,
        round: 0,
    }
}

/// Lines of a streamed answer, put together.
#[derive(Default)]
struct Lines {
    /// Fields beside the message, the last of each name.
    fields: Map<String, Json>,
    message: Option<Json>,
    calls: Vec<Json>,
}

impl Assembler for Lines {
    fn push(&mut self, event: Json) -> Result<Piece, WireError> {
        let Json::Object(mut fields) = event else {
            return Ok(Piece::Other);
        };
        let piece = fields.remove("message").unwrap_or_default();
        self.fields.extend(fields);
        if !piece.is_object() {
            return Ok(Piece::Other);
        }
        let message = self
            .message
            .get_or_insert_with(|| json!({"role": "assistant", "content": ""}));
        let mut is_token = false;
        for name in ["content", "thinking"] {
            if let Some(text) = piece[name].as_str().filter(|text| !text.is_empty()) {
                append(message, name, text);
                is_token |= name == "content";
            }
        }
        if let Some(calls) = piece["tool_calls"].as_array() {
            self.calls.extend(calls.iter().cloned());
            is_token = true;
        }
        Ok(if is_token { Piece::Token } else { Piece::Other })
    }

    fn finish(self: Box<Self>) -> (Json, bool) {
        let mut body = self.fields;
        let is_whole = body.get("done") == Some(&Json::Bool(true));
        if let Some(mut message) = self.message {
            if let Some(fields) = message.as_object_mut()
                && !self.calls.is_empty()
            {
                fields.insert("tool_calls".into(), Json::Array(self.calls));
            }
            body.insert("message".into(), message);
        }
        (Json::Object(body), is_whole)
    }
}
