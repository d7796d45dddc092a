//! Why something was done. A decision without a concrete reason is no record of a decision.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DomainError;

/// Shortest reason, in characters: long enough to name a thing.
const REASON_CHARS_MIN: usize = 10;
/// Longest reason, in bytes.
const REASON_BYTES_MAX: usize = 4_000;
/// Replies that fill the field and say nothing.
const EMPTY_PHRASES: &[&str] = &[
    "looks good",
    "looks good to me",
    "looks fine",
    "as discussed",
    "see above",
    "no reason",
];

/// A concrete reason: at least two words and ten characters, and not a phrase that fits every decision. Words are
/// counted in ASCII text only: many languages put no space between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Reason(String);

impl Reason {
    /// Checks that the text says something.
    pub fn new(text: &str) -> Result<Self, DomainError> {
        let text = text.trim();
        let fault = |why: &str| Err(DomainError::field("reason", why));
        if text.is_empty() {
            return fault(
                "a reason is needed, of two words or more and ten characters: say what decided it, for example the \
                 metric, the failure or the request",
            );
        }
        if text.len() > REASON_BYTES_MAX {
            return fault("longer than 4,000 bytes: link to the long form");
        }
        let bare = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let is_one_word = text.is_ascii() && text.split_whitespace().count() < 2;
        if text.chars().count() < REASON_CHARS_MIN || is_one_word || EMPTY_PHRASES.contains(&bare.as_str()) {
            return fault(
                "not concrete: say in two words or more, and ten characters, what decided it, for example the metric, \
                 the failure or the request",
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> String {
        reason.0
    }
}

impl TryFrom<String> for Reason {
    type Error = DomainError;
    fn try_from(text: String) -> Result<Self, DomainError> {
        Self::new(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something() {
        for text in [
            "",
            "  ",
            "ok",
            "lgtm",
            "Looks good to me!",
            "looksgoodtome",
            "as discussed.",
        ] {
            assert!(Reason::new(text).is_err(), "{text}");
        }
        for text in [
            "escalation recall is 35/35 now",
            "billing disputes were missed",
            "請求書の紛争が見落とされていた",
        ] {
            assert!(Reason::new(text).is_ok(), "{text}");
        }
    }
}
