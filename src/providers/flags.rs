//! Provider flags: further request fields that go out as they are, apart from a few that pegbox reads itself.

use serde_json::{Map, Value as Json};

use crate::domain::model::{ModelConfig, ToolChoice};

/// The flag that asks for an answer in pieces, so that the time to the first one is measured.
pub(super) const STREAM: &str = "stream";

/// The value of a flag.
pub(super) fn value(model: &ModelConfig, name: &str) -> Option<Json> {
    let flag = model.provider_flags.iter().find(|flag| flag.name == name)?;
    Some(flag.value.value())
}

/// The value of a flag that is text.
pub(super) fn text(model: &ModelConfig, name: &str) -> Option<String> {
    Some(value(model, name)?.as_str()?.to_owned())
}

/// Whether the answer is to come in pieces.
pub(super) fn streams(model: &ModelConfig) -> bool {
    value(model, STREAM) == Some(Json::Bool(true))
}

/// The flags that go out, without `stream` and those that the format reads itself.
pub(super) fn sent(model: &ModelConfig, read_here: &[&str]) -> Map<String, Json> {
    let flags = model.provider_flags.iter();
    flags
        .filter(|flag| flag.name != STREAM && !read_here.contains(&flag.name.as_str()))
        .map(|flag| (flag.name.clone(), flag.value.value()))
        .collect()
}

/// What is wrong with a flag that a setting contradicts, or that would make the answer unreadable. `refused` are fields
/// that decide how answers are read; `settings` are fields with whether the prompt's own settings fill them.
pub(super) fn fault(model: &ModelConfig, refused: &[&str], settings: &[(&str, bool)]) -> Option<String> {
    if value(model, STREAM).is_some_and(|value| !value.is_boolean()) {
        return Some("provider flag 'stream' is true or false".into());
    }
    let is_set = |name: &str| settings.iter().any(|(setting, is_set)| *is_set && *setting == name);
    let mut names = model.provider_flags.iter().map(|flag| flag.name.as_str());
    let name = names.find(|name| refused.contains(name) || is_set(name))?;
    Some(format!(
        "provider flag '{name}' cannot be sent: the prompt's own settings, or how answers are read, decide that field"
    ))
}

/// What is wrong with a flag that must be text.
pub(super) fn text_fault(model: &ModelConfig, names: &[&str]) -> Option<String> {
    let is_bad = |name: &&&str| value(model, name).is_some_and(|value| !value.is_string());
    let name = names.iter().find(is_bad)?;
    Some(format!("provider flag '{name}' is a text"))
}

/// Says of settings that are not sent why not, where they are set.
pub(super) fn unsent(model: &ModelConfig, provider: &str, names: &[&str]) -> Vec<String> {
    let is_set = |name: &str| match name {
        "temperature" => model.temperature.is_some(),
        "top_p" => model.top_p.is_some(),
        "seed" => model.seed.is_some(),
        "stop" => !model.stop.is_empty(),
        "tool_choice" => {
            !model.tools.is_empty() && matches!(model.tool_choice, ToolChoice::Required | ToolChoice::Named(_))
        }
        _ => false,
    };
    let mut notes: Vec<String> = names
        .iter()
        .filter(|name| is_set(name))
        .map(|name| format!("{name} is not sent: {provider} has no such setting"))
        .collect();
    if names.contains(&"safety_settings") {
        notes.extend(model.safety_settings.iter().map(|setting| {
            format!(
                "safety setting '{}' is not sent: {provider} has no such field",
                setting.name
            )
        }));
    }
    notes
}

/// What a forced choice of tool means once results went back.
pub(super) fn choice_note(model: &ModelConfig) -> Option<String> {
    let is_forced = matches!(model.tool_choice, ToolChoice::Required | ToolChoice::Named(_));
    is_forced.then(|| {
        "tool_choice holds for the first answer; after canned results went back the model may answer in words"
            .to_owned()
    })
}
