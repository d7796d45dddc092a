use serde_json::{Value as Json, json};

use super::*;
use crate::domain::json::{JsonText, SourceJson};
use crate::domain::model::{NamedSchema, Setting, Tool};
use crate::domain::outcome::RenderedMessage;
use crate::providers::ToolRound;

fn request(model: ModelConfig) -> ChatRequest {
    let messages = Role::ALL.map(|role| RenderedMessage {
        role,
        text: format!("as {role}"),
    });
    ChatRequest::new(model, messages.into())
}

fn sent(model: ModelConfig, field: TokenLimitField) -> Json {
    serde_json::from_slice(&body(&request(model), field, DeveloperRole::Known, &[]).unwrap()).unwrap()
}

fn setting(name: &str, value: &str) -> Setting {
    Setting {
        name: name.into(),
        value: JsonText::parse(value).unwrap(),
    }
}

#[test]
fn what_is_not_set_is_not_sent() {
    let body = sent(ModelConfig::new("openai", "gpt-4.1"), TokenLimitField::MaxTokens);
    let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["model", "messages"]);
    assert_eq!(
        body["messages"][1],
        json!({"role": "developer", "content": "as developer"})
    );
    assert_eq!(body["messages"][4]["role"], "tool");
}

#[test]
fn every_setting_has_its_field() {
    let mut model = ModelConfig::new("openai", "gpt-4.1");
    model.temperature = Some(0.2);
    model.top_p = Some(0.9);
    model.max_output_tokens = Some(64);
    model.stop = vec!["END".into()];
    model.seed = Some(7);
    model.provider_flags = vec![setting("reasoning_effort", "\"low\""), setting("cache_prompt", "false")];
    model.safety_settings = vec![setting("harassment", "\"block\"")];
    let body = sent(model.clone(), TokenLimitField::MaxTokens);
    for (name, value) in [
        ("temperature", json!(0.2)),
        ("top_p", json!(0.9)),
        ("max_tokens", json!(64)),
        ("stop", json!(["END"])),
        ("seed", json!(7)),
        ("reasoning_effort", json!("low")),
        ("cache_prompt", json!(false)),
        ("harassment", Json::Null),
        ("max_completion_tokens", Json::Null),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    let body = sent(model, TokenLimitField::MaxCompletionTokens);
    assert_eq!(
        (&body["max_completion_tokens"], &body["max_tokens"]),
        (&json!(64), &Json::Null)
    );
}

#[test]
fn a_schema_is_strict_and_keeps_the_order_of_its_properties() {
    let source = r#"{"type":"object","properties":{"zeta":{"type":"string"},"alpha":{"type":"string"}}}"#;
    let mut model = ModelConfig::new("openai", "gpt-4.1");
    model.response_format = ResponseFormat::JsonSchema(NamedSchema {
        name: "triage_reply".into(),
        version: 3,
        schema: SourceJson::new(source).unwrap(),
    });
    let format = &sent(model.clone(), TokenLimitField::MaxTokens)["response_format"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(format["json_schema"]["name"], "triage_reply");
    assert_eq!(format["json_schema"]["strict"], true);
    assert_eq!(format["json_schema"]["schema"].to_string(), source);

    model.response_format = ResponseFormat::JsonObject;
    let body = sent(model, TokenLimitField::MaxTokens);
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
}

#[test]
fn tools_and_their_choice_are_sent_together() {
    let mut model = ModelConfig::new("openai", "gpt-4.1");
    model.tools = vec![Tool {
        name: "find_order".into(),
        description: "finds an order".into(),
        parameters: SourceJson::new(r#"{"type":"object"}"#).unwrap(),
    }];
    for (choice, expected) in [
        (ToolChoice::Auto, json!("auto")),
        (ToolChoice::None, json!("none")),
        (ToolChoice::Required, json!("required")),
        (
            ToolChoice::Named("find_order".into()),
            json!({"type": "function", "function": {"name": "find_order"}}),
        ),
    ] {
        model.tool_choice = choice;
        let body = sent(model.clone(), TokenLimitField::MaxTokens);
        assert_eq!(body["tool_choice"], expected);
        assert_eq!(body["tools"][0]["function"]["name"], "find_order");
    }
    model.tools.clear();
    model.tool_choice = ToolChoice::None;
    assert_eq!(sent(model, TokenLimitField::MaxTokens)["tool_choice"], Json::Null);
}

#[test]
fn a_flag_may_not_contradict_a_setting() {
    let mut model = ModelConfig::new("openai", "gpt-4.1");
    model.temperature = Some(1.0);
    for (flag, is_fault) in [
        ("stream", false),
        ("stream_options", true),
        ("messages", true),
        ("temperature", true),
        ("top_p", false),
        ("reasoning_effort", false),
    ] {
        model.provider_flags = vec![setting(flag, "true")];
        let fault = flag_fault(&model);
        assert_eq!(fault.is_some(), is_fault, "{flag}");
        assert!(fault.is_none_or(|text| text.contains(flag)));
    }
}

#[test]
fn a_stream_is_asked_for_with_its_usage() {
    let mut model = ModelConfig::new("openai", "gpt-4.1");
    model.provider_flags = vec![setting("stream", "true")];
    let body = sent(model.clone(), TokenLimitField::MaxTokens);
    assert_eq!(
        (&body["stream"], &body["stream_options"]),
        (&json!(true), &json!({"include_usage": true}))
    );
    model.provider_flags = vec![setting("stream", "false")];
    assert_eq!(sent(model.clone(), TokenLimitField::MaxTokens)["stream"], Json::Null);
    model.provider_flags = vec![setting("stream", "1")];
    assert_eq!(flag_fault(&model).unwrap(), "provider flag 'stream' is true or false");
}

#[test]
fn a_round_goes_back_as_it_came_with_its_results() {
    let mut request = request(ModelConfig::new("vllm", "m"));
    let own =
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{}"}}]}"#;
    request.rounds = vec![ToolRound {
        message: JsonText::parse(own).unwrap(),
        calls: vec![ToolCall {
            id: "c1".into(),
            name: "f".into(),
            arguments: "{}".into(),
            result: Some(JsonText::string("18 degrees")),
            round: 0,
        }],
    }];
    let bytes = body(&request, TokenLimitField::MaxTokens, DeveloperRole::Unknown, &[]).unwrap();
    let sent: Json = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(sent["messages"][1]["role"], "system");
    assert_eq!(sent["messages"][5], serde_json::from_str::<Json>(own).unwrap());
    assert_eq!(
        sent["messages"][6],
        json!({"role": "tool", "tool_call_id": "c1", "content": "18 degrees"})
    );
}
