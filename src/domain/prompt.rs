//! A prompt: its name, its messages and variables. The settings beside them are in [`super::model`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::ids::PromptName;
use super::model::ModelConfig;
use super::time::Timestamp;

/// Most messages in one prompt.
const MESSAGES_MAX: usize = 200;
/// Longest message template, in bytes.
const MESSAGE_BYTES_MAX: usize = 1_000_000;

/// A prompt's entry in the store: grows by versions, is never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The name that all its ids begin with.
    pub name: PromptName,
    /// What it is for, in a sentence.
    pub description: String,
    /// Who answers for it.
    pub owner: Actor,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions of the application.
    System,
    /// Instructions of the application, in the newer `OpenAI` word.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
}

impl Role {
    /// All roles, in the order in which files explain them.
    pub const ALL: [Self; 5] = [Self::System, Self::Developer, Self::User, Self::Assistant, Self::Tool];

    /// The word in files and requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = DomainError;
    fn from_str(word: &str) -> Result<Self, DomainError> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| DomainError::BadName {
                what: "role",
                given: word.into(),
                why: "use system, developer, user, assistant or tool".into(),
            })
    }
}

/// One message of a prompt: a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTemplate {
    /// Who speaks.
    pub role: Role,
    /// The text, with `{{ variables }}`.
    pub text: String,
}

/// A variable that the messages use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name in templates.
    pub name: String,
    /// What goes in, for the next author.
    pub description: String,
    /// What it is where an example has no such input; without one, a missing input is an error.
    pub default: Option<String>,
}

/// The content of a version: what is hashed, sent and compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptContent {
    /// The messages in order.
    pub messages: Vec<MessageTemplate>,
    /// The declared variables.
    pub variables: Vec<Variable>,
    /// The settings.
    pub model: ModelConfig,
}

impl PromptContent {
    /// The same with only those of its tools that are named; with all where none are given.
    #[must_use]
    pub fn with_tools(mut self, names: Option<&[String]>) -> Self {
        if let Some(names) = names {
            self.model.tools.retain(|tool| names.contains(&tool.name));
        }
        self
    }

    /// Checks what can be known without a template engine.
    pub fn check(&self) -> Result<(), DomainError> {
        if self.messages.is_empty() {
            return Err(DomainError::field(
                "messages",
                "there is none: begin one with a line '-- system --'",
            ));
        }
        if self.messages.len() > MESSAGES_MAX {
            return Err(DomainError::field("messages", format!("more than {MESSAGES_MAX}")));
        }
        for (index, message) in self.messages.iter().enumerate() {
            if message.text.trim().is_empty() {
                let place = format!("message {} ({})", index + 1, message.role);
                return Err(DomainError::field(place, "it is empty"));
            }
            if message.text.len() > MESSAGE_BYTES_MAX {
                let place = format!("message {} ({})", index + 1, message.role);
                return Err(DomainError::field(
                    place,
                    format!("longer than {MESSAGE_BYTES_MAX} bytes"),
                ));
            }
        }
        for (index, variable) in self.variables.iter().enumerate() {
            let mut chars = variable.name.chars();
            let begins_well = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if !begins_well || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
                let why = format!("'{}': use letters, digits and underscores", variable.name);
                return Err(DomainError::field("variables.name", why));
            }
            if self
                .variables
                .iter()
                .take(index)
                .any(|earlier| earlier.name == variable.name)
            {
                return Err(DomainError::field(
                    "variables",
                    format!("'{}' is there twice", variable.name),
                ));
            }
        }
        self.model.check()
    }
}
