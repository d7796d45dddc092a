//! Where a value stands in what a chain knows when a step begins.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;

/// What paths into the example's input begin with.
pub const INPUT: &str = "input";
/// After a step's name: the whole text of its answer, whatever its parser made of it.
const TEXT: &str = "text";
/// Longest path, in bytes.
const PATH_BYTES_MAX: usize = 500;

/// A place: `input.ticket`, `route.topic`, `route` for all that the step's parser gave, `draft.text` for the text of
/// its answer. A field that is itself named `text` is `draft[text]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ValuePath(String);

impl ValuePath {
    /// `input`, or the name of a step.
    pub fn origin(&self) -> &str {
        self.0.split(['.', '[']).next().unwrap_or_default()
    }

    /// What stands after it, without the dot between them; `None` for the whole.
    fn rest(&self) -> Option<&str> {
        let rest = self.0.strip_prefix(self.origin())?;
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        (!rest.is_empty()).then_some(rest)
    }

    /// Whether it means the text of a step's answer.
    pub fn is_text(&self) -> bool {
        self.origin() != INPUT && self.rest() == Some(TEXT)
    }

    /// The dotted path within what the origin gives; `None` where all of it is meant.
    pub fn field(&self) -> Option<&str> {
        self.rest().filter(|_| !self.is_text())
    }

    /// Whether it leads to the same place as `other`, or further into it.
    pub fn is_within(&self, other: &Self) -> bool {
        let rest = self.0.strip_prefix(&other.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// The path as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ValuePath {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let path = Self(text.to_owned());
        let is_whole = !path.origin().is_empty() && !text.ends_with('.') && !text.contains("..");
        if is_whole && text.len() <= PATH_BYTES_MAX && !text.chars().any(char::is_control) {
            return Ok(path);
        }
        Err(DomainError::BadName {
            what: "path",
            given: text.into(),
            why: "write input.FIELD, STEP.FIELD or STEP.text".into(),
        })
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ValuePath> for String {
    fn from(path: ValuePath) -> String {
        path.0
    }
}

impl TryFrom<String> for ValuePath {
    type Error = DomainError;
    fn try_from(text: String) -> Result<Self, DomainError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_an_origin_and_a_field() {
        for (text, origin, is_text, field) in [
            ("input", "input", false, None),
            ("input.ticket", "input", false, Some("ticket")),
            ("input.text", "input", false, Some("text")),
            ("route", "route", false, None),
            ("route.topic.0", "route", false, Some("topic.0")),
            ("route[0].a", "route", false, Some("[0].a")),
            ("draft.text", "draft", true, None),
            ("draft[text]", "draft", false, Some("[text]")),
        ] {
            let path: ValuePath = text.parse().unwrap();
            assert_eq!(
                (path.origin(), path.is_text(), path.field()),
                (origin, is_text, field),
                "{text}"
            );
        }
        for text in ["", ".a", "a.", "a..b", "[0]", "a\n"] {
            assert!(text.parse::<ValuePath>().is_err(), "{text}");
        }
    }
}
