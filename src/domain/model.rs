//! Everything about a request but its messages: part of a version, so that "the same prompt with other settings" is
//! another version.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::json::{JsonText, SourceJson};

/// Highest temperature that any provider takes.
const TEMPERATURE_MAX: f64 = 2.0;
/// Most stop sequences that the common providers take.
const STOP_SEQUENCES_MAX: usize = 4;
/// Largest seed: canonical JSON keeps whole numbers only up to 2^53.
const SEED_MAX: u64 = 1 << 53;

/// Which model answers, and how it is asked to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// The wire format and endpoint family: `openai`, `simulated`.
    pub provider: String,
    /// The model's name as the provider knows it; an alias is resolved in each outcome.
    pub name: String,
    /// Sampling temperature, 0 to 2; `None` leaves it to the provider.
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1; `None` leaves it to the provider.
    pub top_p: Option<f64>,
    /// Limit of generated tokens; `None` leaves it to the provider.
    pub max_output_tokens: Option<u32>,
    /// Texts that end the answer, at most four.
    pub stop: Vec<String>,
    /// Best-effort determinism where the provider offers it.
    pub seed: Option<u64>,
    /// What shape the answer must have.
    pub response_format: ResponseFormat,
    /// Functions that the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must, may, or may not call one.
    pub tool_choice: ToolChoice,
    /// Provider-side safety settings, by name.
    pub safety_settings: Vec<Setting>,
    /// Further request fields of this provider, by name: sent as they are.
    pub provider_flags: Vec<Setting>,
}

/// What shape the answer must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Free text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that a schema describes.
    JsonSchema(NamedSchema),
}

impl ResponseFormat {
    /// The name in records and files: `text`, `json_object`, or the schema with its version, `triage_reply v3`.
    pub fn label(&self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::JsonObject => "json_object".into(),
            Self::JsonSchema(schema) => format!("{} v{}", schema.name, schema.version),
        }
    }

    /// Whether the answer is to be JSON.
    pub fn is_json(&self) -> bool {
        !matches!(self, Self::Text)
    }
}

/// A response schema with its name and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSchema {
    /// 1 to 64 letters, digits, `_` and `-`, as providers want it.
    pub name: String,
    /// Counts from 1; a changed schema needs a new number for people to see.
    pub version: u32,
    /// The JSON Schema as its author wrote it.
    pub schema: SourceJson,
}

/// A function that the model may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// The function's name.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments as its author wrote it.
    pub parameters: SourceJson,
}

/// Whether the model must, may, or may not call a tool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No calls.
    None,
    /// At least one call.
    Required,
    /// This tool.
    Named(String),
}

impl ToolChoice {
    /// The name in files and on screens: `auto`, `none`, `required` or the tool's name.
    pub fn label(&self) -> &str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Required => "required",
            Self::Named(name) => name,
        }
    }
}

/// A named value of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The field's name.
    pub name: String,
    /// Its value.
    pub value: JsonText,
}

/// Whether `name` is one that providers take for schemas and tools.
fn is_wire_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn check_settings(group: &str, settings: &[Setting]) -> Result<(), DomainError> {
    for (index, setting) in settings.iter().enumerate() {
        let fault = |why: String| Err(DomainError::field(format!("model.{group}.{}", setting.name), why));
        if settings.iter().take(index).any(|earlier| earlier.name == setting.name) {
            return fault("it is there twice".into());
        }
        if let Err(error) = setting.value.check() {
            return fault(error.to_string());
        }
    }
    Ok(())
}

impl ModelConfig {
    /// A config that leaves everything but provider and model to the provider.
    pub fn new(provider: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            name: name.into(),
            temperature: None,
            top_p: None,
            max_output_tokens: None,
            stop: Vec::new(),
            seed: None,
            response_format: ResponseFormat::Text,
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
            safety_settings: Vec::new(),
            provider_flags: Vec::new(),
        }
    }

    /// Checks ranges and names. That a schema is a valid JSON Schema is checked where a schema library is at hand.
    pub fn check(&self) -> Result<(), DomainError> {
        let fault = |field: &str, why: String| Err(DomainError::field(format!("model.{field}"), why));
        if self.provider.is_empty() {
            return fault("provider", "it is empty".into());
        }
        if self.name.is_empty() {
            return fault("name", "it is empty".into());
        }
        if let Some(t) = self.temperature
            && !(0.0..=TEMPERATURE_MAX).contains(&t)
        {
            return fault("temperature", format!("{t} is not between 0 and {TEMPERATURE_MAX}"));
        }
        if let Some(p) = self.top_p
            && !(0.0..=1.0).contains(&p)
        {
            return fault("top_p", format!("{p} is not between 0 and 1"));
        }
        if self.max_output_tokens == Some(0) {
            return fault("max_output_tokens", "it is 0: nothing could be answered".into());
        }
        if self.stop.len() > STOP_SEQUENCES_MAX {
            return fault(
                "stop",
                format!("{} sequences, at most {STOP_SEQUENCES_MAX}", self.stop.len()),
            );
        }
        if self.seed.is_some_and(|seed| seed > SEED_MAX) {
            return fault("seed", format!("larger than {SEED_MAX}"));
        }
        check_settings("safety_settings", &self.safety_settings)?;
        check_settings("provider_flags", &self.provider_flags)?;
        self.check_names()
    }

    fn check_names(&self) -> Result<(), DomainError> {
        let rule = "use 1 to 64 letters, digits, _ and -";
        if let ResponseFormat::JsonSchema(schema) = &self.response_format
            && !is_wire_name(&schema.name)
        {
            return Err(DomainError::field(
                "model.response_format.name",
                format!("'{}': {rule}", schema.name),
            ));
        }
        for (index, tool) in self.tools.iter().enumerate() {
            if !is_wire_name(&tool.name) {
                return Err(DomainError::field(
                    "model.tools.name",
                    format!("'{}': {rule}", tool.name),
                ));
            }
            if self.tools.iter().take(index).any(|earlier| earlier.name == tool.name) {
                return Err(DomainError::field(
                    "model.tools",
                    format!("'{}' is there twice", tool.name),
                ));
            }
        }
        match &self.tool_choice {
            ToolChoice::Named(name) if !self.tools.iter().any(|tool| &tool.name == name) => Err(DomainError::field(
                "model.tool_choice",
                format!("no tool is named '{name}'"),
            )),
            ToolChoice::Required if self.tools.is_empty() => Err(DomainError::field(
                "model.tool_choice",
                "a call is required but there are no tools",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(value: &str) -> Setting {
        Setting {
            name: "a".into(),
            value: JsonText::parse(value).unwrap(),
        }
    }

    #[test]
    fn settings_have_ranges() {
        type Edit = fn(&mut ModelConfig);
        let faults: [(&str, Edit); 10] = [
            ("model.temperature", |m| m.temperature = Some(2.1)),
            ("model.temperature", |m| m.temperature = Some(f64::NAN)),
            ("model.top_p", |m| m.top_p = Some(-0.1)),
            ("model.max_output_tokens", |m| m.max_output_tokens = Some(0)),
            ("model.stop", |m| m.stop = vec![String::new(); 5]),
            ("model.seed", |m| m.seed = Some(u64::MAX)),
            ("model.tool_choice", |m| {
                m.tool_choice = ToolChoice::Named("absent".into());
            }),
            ("model.name", |m| m.name = String::new()),
            ("model.safety_settings.a", |m| {
                m.safety_settings = vec![setting("1"), setting("2")];
            }),
            ("model.provider_flags.a", |m| {
                m.provider_flags = vec![setting("[9007199254740993]")];
            }),
        ];
        for (field, edit) in faults {
            let mut model = ModelConfig::new("openai", "gpt-4.1");
            assert_eq!(model.check(), Ok(()));
            edit(&mut model);
            assert!(model.check().unwrap_err().to_string().starts_with(field), "{field}");
        }
    }
}
