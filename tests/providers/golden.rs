//! The request that each format makes of one rich prompt, whole: a changed byte here is another request to a model.

use pegbox::domain::json::{JsonText, SourceJson};
use pegbox::domain::model::{ModelConfig, NamedSchema, ResponseFormat, Setting, Tool, ToolChoice};
use pegbox::domain::outcome::{RenderedMessage, ToolCall};
use pegbox::domain::prompt::Role;
use pegbox::providers::{ChatRequest, ToolRound};
use serde_json::{Value as Json, json};

use super::support::server::{Answer, Received, Server};
use super::{connected, key_of};

fn setting(name: &str, value: &str) -> Setting {
    Setting {
        name: name.into(),
        value: JsonText::parse(value).unwrap(),
    }
}

/// Every setting, and one round of tool use with the model's own message `own`.
fn rich(provider: &str, flags: Vec<Setting>, own: &str) -> ChatRequest {
    let mut model = ModelConfig::new(provider, "model-1");
    model.temperature = Some(0.5);
    model.top_p = Some(0.9);
    model.max_output_tokens = Some(64);
    model.stop = vec!["END".into()];
    model.seed = Some(7);
    model.response_format = ResponseFormat::JsonSchema(NamedSchema {
        name: "reply".into(),
        version: 1,
        schema: SourceJson::new(r#"{"type":"object"}"#).unwrap(),
    });
    model.tools = vec![Tool {
        name: "get_weather".into(),
        description: "the weather".into(),
        parameters: SourceJson::new(r#"{"type":"object","properties":{"city":{"type":"string"}}}"#).unwrap(),
    }];
    model.tool_choice = ToolChoice::Named("get_weather".into());
    model.provider_flags = flags;
    let messages = [
        (Role::System, "Be brief."),
        (Role::Developer, "Use tools."),
        (Role::User, "Weather?"),
        (Role::Assistant, "Where?"),
        (Role::User, "Paris."),
    ];
    let messages = messages.map(|(role, text)| RenderedMessage {
        role,
        text: text.into(),
    });
    let mut request = ChatRequest::new(model, messages.into());
    request.rounds = vec![ToolRound {
        message: JsonText::parse(own).unwrap(),
        calls: vec![ToolCall {
            id: "c1".into(),
            name: "get_weather".into(),
            arguments: r#"{"city":"Paris"}"#.into(),
            result: Some(JsonText::parse(r#"{"degrees":18}"#).unwrap()),
            round: 0,
        }],
    }];
    request
}

/// The request as it arrived; the answer, which is none, does not matter.
async fn arrived(request: &ChatRequest) -> Received {
    let server = Server::queue([Answer::new(200, "{}")]);
    let provider = connected(&request.model.provider, &server.base_url());
    drop(provider.answer(request).await);
    server.requests().pop().unwrap()
}

const CHAT_CALL: &str = r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
    "function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}}]}"#;

fn chat_body(system_role: &str, limit: &str) -> Json {
    let mut body = json!({
        "model": "model-1",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": system_role, "content": "Use tools."},
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": "Where?"},
            {"role": "user", "content": "Paris."},
            serde_json::from_str::<Json>(CHAT_CALL).unwrap(),
            {"role": "tool", "tool_call_id": "c1", "content": "{\"degrees\":18}"},
        ],
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "seed": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "strict": true, "schema": {"type": "object"}},
        },
        "tools": [{"type": "function", "function": {
            "name": "get_weather",
            "description": "the weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        }}],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
        "reasoning_effort": "low",
    });
    body[limit] = json!(64);
    body
}

#[tokio::test]
async fn servers_of_the_chat_format_differ_by_settings() {
    let effort = || setting("reasoning_effort", "\"low\"");
    let version = || setting("api_version", "\"2025-04-01\"");
    for (provider, flags, target, header, role, limit) in [
        (
            "openai",
            vec![effort()],
            "POST /v1/chat/completions",
            "authorization",
            "developer",
            "max_tokens",
        ),
        (
            "openrouter",
            vec![effort()],
            "POST /v1/chat/completions",
            "authorization",
            "developer",
            "max_tokens",
        ),
        (
            "vllm",
            vec![effort()],
            "POST /v1/chat/completions",
            "authorization",
            "system",
            "max_tokens",
        ),
        (
            "llamacpp",
            vec![effort()],
            "POST /v1/chat/completions",
            "authorization",
            "system",
            "max_tokens",
        ),
        (
            "azure",
            vec![effort(), version()],
            "POST /v1/chat/completions?api-version=2025-04-01",
            "api-key",
            "developer",
            "max_completion_tokens",
        ),
    ] {
        let received = arrived(&rich(provider, flags, CHAT_CALL)).await;
        assert_eq!(received.target, target);
        assert_eq!(received.body, chat_body(role, limit), "{provider}");
        let key = key_of(provider);
        let expected = if header == "api-key" {
            key
        } else {
            format!("Bearer {key}")
        };
        assert_eq!(received.header(header), Some(expected.as_str()), "{provider}");
    }
}

#[tokio::test]
async fn azure_has_its_own_paths_below_a_bare_host() {
    for (flags, target) in [
        (vec![], "POST /openai/v1/chat/completions"),
        (
            vec![setting("api_version", "\"2025-04-01\"")],
            "POST /openai/deployments/model-1/chat/completions?api-version=2025-04-01",
        ),
    ] {
        let server = Server::queue([Answer::new(200, "{}")]);
        let host = server.base_url().replace("/v1", "");
        let request = rich("azure", flags, CHAT_CALL);
        drop(connected("azure", &host).answer(&request).await);
        assert_eq!(server.requests()[0].target, target);
    }
}

#[tokio::test]
async fn openai_responses() {
    let own = r#"[{"type":"reasoning","id":"rs_1"},{"type":"function_call","call_id":"c1",
        "name":"get_weather","arguments":"{}"}]"#;
    let flags = vec![setting("store", "true"), setting("text", "{\"verbosity\":\"low\"}")];
    let received = arrived(&rich("openai_responses", flags, own)).await;
    assert_eq!(received.target, "POST /v1/responses");
    assert_eq!(
        received.body,
        json!({
            "model": "model-1",
            "input": [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": "Use tools."},
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": "Where?"},
                {"role": "user", "content": "Paris."},
                {"type": "reasoning", "id": "rs_1"},
                {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": "{\"degrees\":18}"},
            ],
            "temperature": 0.5,
            "top_p": 0.9,
            "max_output_tokens": 64,
            "text": {
                "verbosity": "low",
                "format": {"type": "json_schema", "name": "reply", "strict": true, "schema": {"type": "object"}},
            },
            "tools": [{
                "type": "function",
                "name": "get_weather",
                "description": "the weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
                "strict": false,
            }],
            "tool_choice": {"type": "function", "name": "get_weather"},
            "store": true,
        })
    );
    // What the provider does not keep cannot be named by its id.
    let received = arrived(&rich("openai_responses", vec![setting("store", "false")], own)).await;
    assert_eq!(received.body["input"][5]["type"], "function_call");
}

#[tokio::test]
async fn anthropic() {
    let own = r#"[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"tool_use","id":"c1",
        "name":"get_weather","input":{"city":"Paris"}}]"#;
    let flags = vec![
        setting("anthropic_beta", "\"a,b\""),
        setting("output_config", "{\"effort\":\"low\"}"),
        setting("thinking", "{\"type\":\"adaptive\"}"),
    ];
    let received = arrived(&rich("anthropic", flags, own)).await;
    assert_eq!(received.target, "POST /v1/messages");
    assert_eq!(received.header("x-api-key"), Some(key_of("anthropic").as_str()));
    assert_eq!(received.header("authorization"), None);
    assert_eq!(received.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(received.header("anthropic-beta"), Some("a,b"));
    assert_eq!(
        received.body,
        json!({
            "model": "model-1",
            "max_tokens": 64,
            "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Use tools."}],
            "messages": [
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": "Where?"},
                {"role": "user", "content": "Paris."},
                {"role": "assistant", "content": serde_json::from_str::<Json>(own).unwrap()},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": "{\"degrees\":18}"},
                ]},
            ],
            "temperature": 0.5,
            "top_p": 0.9,
            "stop_sequences": ["END"],
            "tools": [{
                "name": "get_weather",
                "description": "the weather",
                "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
            }],
            "tool_choice": {"type": "tool", "name": "get_weather"},
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
            "thinking": {"type": "adaptive"},
        })
    );
    let newer = rich("anthropic", vec![setting("anthropic_version", "\"2026-10-21\"")], own);
    let received = arrived(&newer).await;
    assert_eq!(received.header("anthropic-version"), Some("2026-10-21"));
    assert_eq!(
        received.header("authorization"),
        Some(format!("Bearer {}", key_of("anthropic")).as_str())
    );
}

#[tokio::test]
async fn gemini() {
    let own = r#"{"role":"model","parts":[{"functionCall":{"name":"get_weather","args":{"city":"Paris"}},
        "thoughtSignature":"s"}]}"#;
    let flags = vec![setting("topK", "40"), setting("labels", "{\"team\":\"a\"}")];
    let mut request = rich("gemini", flags, own);
    request.model.safety_settings = vec![setting("HARM_CATEGORY_HARASSMENT", "\"BLOCK_NONE\"")];
    let received = arrived(&request).await;
    assert_eq!(received.target, "POST /v1/models/model-1:generateContent");
    assert_eq!(received.header("x-goog-api-key"), Some(key_of("gemini").as_str()));
    assert_eq!(
        received.body,
        json!({
            "contents": [
                {"role": "user", "parts": [{"text": "Weather?"}]},
                {"role": "model", "parts": [{"text": "Where?"}]},
                {"role": "user", "parts": [{"text": "Paris."}]},
                serde_json::from_str::<Json>(own).unwrap(),
                {"role": "user", "parts": [{"functionResponse": {
                    "name": "get_weather", "response": {"degrees": 18}, "id": "c1",
                }}]},
            ],
            "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Use tools."}]},
            "tools": [{"functionDeclarations": [{
                "name": "get_weather",
                "description": "the weather",
                "parametersJsonSchema": {"type": "object", "properties": {"city": {"type": "string"}}},
            }]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}},
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "generationConfig": {
                "temperature": 0.5,
                "topP": 0.9,
                "maxOutputTokens": 64,
                "stopSequences": ["END"],
                "seed": 7,
                "responseMimeType": "application/json",
                "responseJsonSchema": {"type": "object"},
                "topK": 40,
            },
            "labels": {"team": "a"},
        })
    );
    request.model.provider_flags = vec![setting("stream", "true")];
    assert_eq!(
        arrived(&request).await.target,
        "POST /v1/models/model-1:streamGenerateContent?alt=sse"
    );
}

#[tokio::test]
async fn ollama() {
    let own = r#"{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_weather",
        "arguments":{"city":"Paris"}}}]}"#;
    let flags = vec![setting("num_ctx", "8192"), setting("think", "false")];
    let received = arrived(&rich("ollama", flags, own)).await;
    assert_eq!(received.target, "POST /v1/api/chat");
    assert_eq!(
        received.body,
        json!({
            "model": "model-1",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "system", "content": "Use tools."},
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": "Where?"},
                {"role": "user", "content": "Paris."},
                serde_json::from_str::<Json>(own).unwrap(),
                {"role": "tool", "tool_name": "get_weather", "content": "{\"degrees\":18}", "tool_call_id": "c1"},
            ],
            "tools": [{"type": "function", "function": {
                "name": "get_weather",
                "description": "the weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
            }}],
            "format": {"type": "object"},
            "stream": false,
            "options": {
                "temperature": 0.5, "top_p": 0.9, "seed": 7, "num_predict": 64, "stop": ["END"], "num_ctx": 8192,
            },
            "think": false,
        })
    );
}

#[test]
fn what_a_provider_lacks_is_said_before_the_run() {
    for (provider, parts) in [
        ("openai", vec!["tool_choice holds for the first answer"]),
        (
            "openai_responses",
            vec!["seed is not sent", "stop is not sent", "openai keeps requests"],
        ),
        ("anthropic", vec!["seed is not sent"]),
        ("gemini", vec!["the seed is best effort"]),
        ("ollama", vec!["tool_choice is not sent", "num_ctx"]),
        ("azure", vec!["the seed is best effort"]),
        ("openrouter", vec!["leaves out settings"]),
        ("vllm", vec![]),
        ("llamacpp", vec!["cache_prompt"]),
        ("command", vec!["decides what the settings mean"]),
    ] {
        let url = if provider == "command" {
            "model --fast"
        } else {
            "http://127.0.0.1:1/v1"
        };
        let request = rich(provider, vec![], "[]");
        let notes = connected(provider, url).notes(&request.model);
        for part in parts {
            assert!(
                notes.iter().any(|note| note.contains(part)),
                "{provider}: {part} in {notes:?}"
            );
        }
        let mut model = request.model.clone();
        model.safety_settings = vec![setting("HARM_CATEGORY_HARASSMENT", "\"BLOCK_NONE\"")];
        let notes = connected(provider, url).notes(&model);
        let says_unsent = notes
            .iter()
            .any(|note| note.contains("'HARM_CATEGORY_HARASSMENT' is not sent"));
        assert_eq!(
            says_unsent,
            !matches!(provider, "gemini" | "command"),
            "{provider}: {notes:?}"
        );
    }
    let mut model = ModelConfig::new("anthropic", "m");
    model.response_format = ResponseFormat::JsonObject;
    model.temperature = Some(1.5);
    let notes = connected("anthropic", "http://127.0.0.1:1/v1").notes(&model).join("\n");
    for part in ["4096 is sent", "json_object is not sent", "temperature above 1"] {
        assert!(notes.contains(part), "{notes}");
    }
}

#[test]
fn what_becomes_of_roles_is_said_too() {
    for (provider, roles, part) in [
        ("anthropic", vec![Role::System], "the instructions are sent as one"),
        ("gemini", vec![Role::User, Role::System], "are sent before all messages"),
        ("gemini", vec![Role::User, Role::Tool], "gets them as the user's"),
        ("vllm", vec![Role::Developer, Role::User], "sent as system"),
        ("ollama", vec![Role::Developer, Role::User], "sent as system"),
    ] {
        let notes = connected(provider, "http://127.0.0.1:1/v1").role_notes(&roles);
        assert!(notes.len() == 1 && notes[0].contains(part), "{provider}: {notes:?}");
    }
    for provider in ["openai", "openai_responses", "anthropic", "gemini", "ollama", "vllm"] {
        let notes = connected(provider, "http://127.0.0.1:1/v1").role_notes(&[Role::System, Role::User]);
        assert_eq!(notes, Vec::<String>::new(), "{provider}");
    }
}
