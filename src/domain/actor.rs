//! Who did something.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DomainError;

/// Longest actor name, in bytes.
const ACTOR_BYTES_MAX: usize = 64;

/// The name of a person (or a service) that acts: recorded on every version, decision and audit entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Actor(String);

impl Actor {
    /// Checks the name: letters, digits and `.-_@`, at most 64 bytes.
    pub fn new(name: impl Into<String>) -> Result<Self, DomainError> {
        let name = name.into();
        let ok = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if name.is_empty() || name.len() > ACTOR_BYTES_MAX || !name.chars().all(ok) {
            return Err(DomainError::BadName {
                what: "user name",
                given: name,
                why: "use letters, digits, dots, dashes and underscores".into(),
            });
        }
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> String {
        actor.0
    }
}

impl TryFrom<String> for Actor {
    type Error = DomainError;
    fn try_from(name: String) -> Result<Self, DomainError> {
        Self::new(name)
    }
}
