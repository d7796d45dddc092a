//! The settings of two contents, compared by name.

use crate::domain::model::ModelConfig;
use crate::domain::prompt::PromptContent;

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// Its name, as the prompt document has it: `model.temperature`, `variables.ticket.default`.
    pub name: String,
    /// What it was; `None` where it was not set.
    pub old: Option<String>,
    /// What it is; `None` where it is not set.
    pub new: Option<String>,
}

/// A setting by name, where it is set.
type Named = (String, Option<String>);

pub(super) fn changes(old: &PromptContent, new: &PromptContent) -> Vec<SettingChange> {
    let (old, new) = (named(old), named(new));
    let find = |among: &[Named], name: &str| {
        let found = among.iter().find(|(other, _)| other == name);
        found.and_then(|(_, value)| value.clone())
    };
    let mut names: Vec<&String> = new.iter().map(|(name, _)| name).collect();
    // What is gone stands at the end: it has no place in the order of the new one.
    names.extend(
        old.iter()
            .map(|(name, _)| name)
            .filter(|name| find(&new, name).is_none()),
    );
    let mut changes: Vec<SettingChange> = Vec::new();
    for name in names {
        let (old, new) = (find(&old, name), find(&new, name));
        if old != new && !changes.iter().any(|change| &change.name == name) {
            let name = name.clone();
            changes.push(SettingChange { name, old, new });
        }
    }
    changes
}

/// The settings and variables of a content that are set, in the order of the document: name and value.
pub fn settings(content: &PromptContent) -> Vec<(String, String)> {
    let named = named(content).into_iter();
    named.filter_map(|(name, value)| Some((name, value?))).collect()
}

fn named(content: &PromptContent) -> Vec<Named> {
    let mut named = model(&content.model);
    for variable in &content.variables {
        let name = &variable.name;
        let part = |part: &str, value: Option<&String>| (format!("variables.{name}.{part}"), value.cloned());
        named.push((format!("variables.{name}"), Some("declared".into())));
        named.push(part("description", Some(&variable.description)));
        named.push(part("default", variable.default.as_ref()));
    }
    named
}

fn model(model: &ModelConfig) -> Vec<Named> {
    // No rest pattern: a new field of the config must be thought of here.
    let ModelConfig {
        provider,
        name,
        temperature,
        top_p,
        max_output_tokens,
        stop,
        seed,
        response_format,
        tools,
        tool_choice,
        safety_settings,
        provider_flags,
    } = model;
    let stop: Vec<String> = stop.iter().map(|text| format!("{text:?}")).collect();
    let mut named: Vec<Named> = [
        ("provider", Some(provider.clone())),
        ("name", Some(name.clone())),
        ("temperature", temperature.map(|value| format!("{value:?}"))),
        ("top_p", top_p.map(|value| format!("{value:?}"))),
        ("max_output_tokens", max_output_tokens.map(|value| value.to_string())),
        ("stop", (!stop.is_empty()).then(|| stop.join(", "))),
        ("seed", seed.map(|value| value.to_string())),
        // The schema's text is compared line by line instead.
        ("response_format", Some(response_format.label())),
        ("tool_choice", Some(tool_choice.label().to_owned())),
    ]
    .into_iter()
    .map(|(name, value)| (format!("model.{name}"), value))
    .collect();
    let tool_names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    named.push(("model.tools".into(), (!tools.is_empty()).then(|| tool_names.join(", "))));
    for tool in tools {
        let path = format!("model.tools.{}", tool.name);
        named.push((format!("{path}.description"), Some(tool.description.clone())));
        named.push((format!("{path}.parameters"), Some(tool.parameters.as_str().to_owned())));
    }
    for (group, settings) in [("safety_settings", safety_settings), ("provider_flags", provider_flags)] {
        for setting in settings {
            named.push((
                format!("model.{group}.{}", setting.name),
                Some(setting.value.to_string()),
            ));
        }
    }
    named
}
