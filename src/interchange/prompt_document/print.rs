//! Writes a prompt as a document.

use std::fmt::Write;

use crate::domain::model::{ModelConfig, ResponseFormat, Setting, ToolChoice};
use crate::domain::prompt::{PromptContent, Variable};

use super::super::toml_text::{block, json, key, number, quoted, texts};
use super::FENCE;
use super::body::{is_blank, role_word, without_backslashes};

/// The document of a content. Settings that are left to the provider are left out.
pub fn print(content: &PromptContent) -> String {
    let mut out = format!("{FENCE}\n");
    push_model(&mut out, &content.model);
    for variable in &content.variables {
        push_variable(&mut out, variable);
    }
    line(&mut out, FENCE);
    for (index, message) in content.messages.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        line(&mut out, &format!("-- {} --", message.role));
        push_text(&mut out, &message.text);
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn pair(out: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{} = {value}", key(name));
}

fn push_model(out: &mut String, model: &ModelConfig) {
    line(out, "[model]");
    pair(out, "provider", &quoted(&model.provider));
    pair(out, "name", &quoted(&model.name));
    let optional = [
        ("temperature", model.temperature.map(number)),
        ("top_p", model.top_p.map(number)),
        ("max_output_tokens", model.max_output_tokens.map(|n| n.to_string())),
        ("seed", model.seed.map(|n| n.to_string())),
        ("stop", (!model.stop.is_empty()).then(|| texts(&model.stop))),
        ("tool_choice", tool_choice(&model.tool_choice)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            pair(out, name, &value);
        }
    }
    push_response_format(out, &model.response_format);
    for tool in &model.tools {
        line(out, "\n[[model.tools]]");
        pair(out, "name", &quoted(&tool.name));
        pair(out, "description", &quoted(&tool.description));
        pair(out, "parameters", &block(tool.parameters.as_str()));
    }
    push_named_values(out, "safety_settings", &model.safety_settings);
    push_named_values(out, "provider_flags", &model.provider_flags);
}

fn tool_choice(choice: &ToolChoice) -> Option<String> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::Named(name) if ["auto", "none", "required"].contains(&name.as_str()) => {
            Some(format!("{{ tool = {} }}", quoted(name)))
        }
        choice => Some(quoted(choice.label())),
    }
}

fn push_response_format(out: &mut String, format: &ResponseFormat) {
    match format {
        ResponseFormat::Text => {}
        ResponseFormat::JsonObject => {
            line(out, "\n[model.response_format]");
            pair(out, "type", &quoted("json_object"));
        }
        ResponseFormat::JsonSchema(schema) => {
            line(out, "\n[model.response_format]");
            pair(out, "type", &quoted("json_schema"));
            pair(out, "name", &quoted(&schema.name));
            pair(out, "version", &schema.version.to_string());
            pair(out, "schema", &block(schema.schema.as_str()));
        }
    }
}

fn push_named_values(out: &mut String, name: &str, settings: &[Setting]) {
    if settings.is_empty() {
        return;
    }
    line(out, &format!("\n[model.{name}]"));
    for setting in settings {
        pair(out, &setting.name, &json(&setting.value.value()));
    }
}

fn push_variable(out: &mut String, variable: &Variable) {
    line(out, "\n[[variables]]");
    pair(out, "name", &quoted(&variable.name));
    pair(out, "description", &quoted(&variable.description));
    if let Some(default) = &variable.default {
        pair(out, "default", &quoted(default));
    }
}

/// Writes the lines of a message, each that would be read as something else behind a backslash.
fn push_text(out: &mut String, text: &str) {
    let end = text.split('\n').count() - 1;
    for (index, text_line) in text.split('\n').enumerate() {
        let core = without_backslashes(text_line);
        let is_layout = (index == 0 || index == end) && is_blank(core);
        if is_layout || role_word(core).is_some() {
            out.push('\\');
        }
        line(out, text_line);
    }
}
