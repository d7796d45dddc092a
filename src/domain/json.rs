//! JSON inside records. It is kept as text: the record codec writes a self-describing value and can never read it back.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::DomainError;

/// Largest whole number that canonical JSON, whose numbers are IEEE doubles, keeps apart from its neighbours.
const INTEGER_MAX: u64 = 1 << 53;

/// Digits that 64 bits hold at least.
const INTEGER_DIGITS: usize = 18;

/// A JSON value of data: an input, an expected answer, a parsed reply. In people's JSON it is embedded as a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonText(String);

impl JsonText {
    /// The compact text of a parsed value, with the order of its keys kept.
    pub fn from_value(value: &Json) -> Self {
        Self(value.to_string())
    }

    /// Parses text; the error names line and column.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let value: Json = serde_json::from_str(text).map_err(|e| DomainError::field("json", e.to_string()))?;
        if let Some(number) = overlong_integer(text) {
            return Err(inexact(number));
        }
        Ok(Self::from_value(&value))
    }

    /// A JSON string.
    pub fn string(text: &str) -> Self {
        Self(Json::from(text).to_string())
    }

    /// The value. Text that was checked on the way in always parses.
    pub fn value(&self) -> Json {
        serde_json::from_str(&self.0).unwrap_or(Json::Null)
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Refuses whole numbers beyond 2^53: two different ones could have the same content hash.
    pub fn check(&self) -> Result<(), DomainError> {
        match large_integer(&self.value()) {
            Some(number) => Err(inexact(&number)),
            None => Ok(()),
        }
    }

    /// What a person reads: the text of a string without quotes, anything else as JSON.
    pub fn plain(&self) -> String {
        match self.value() {
            Json::String(text) => text,
            _ => self.0.clone(),
        }
    }
}

fn inexact(number: &str) -> DomainError {
    DomainError::field(
        number,
        "a whole number beyond 2^53 is not kept exactly: write it as text",
    )
}

/// The first whole number in a JSON text that has more digits than 64 bits hold. Once parsed it is the nearest double
/// and looks like one that was meant.
pub fn overlong_integer(json: &str) -> Option<&str> {
    let mut rest = json;
    while let Some(start) = rest.find(|c: char| c == '"' || c.is_ascii_digit()) {
        let token = rest.get(start..)?;
        let end = if token.starts_with('"') {
            string_end(token)
        } else {
            token
                .find(|c: char| !matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'))
                .unwrap_or(token.len())
        };
        let (token, after) = token.split_at(end);
        if token.len() > INTEGER_DIGITS
            && token.bytes().all(|byte| byte.is_ascii_digit())
            && token.parse::<u64>().is_err()
        {
            return Some(token);
        }
        rest = after;
    }
    None
}

/// Where a text that begins with a JSON string goes on after it.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    let closing = text.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        closes
    });
    closing.map_or(text.len(), |at| at + 2)
}

fn large_integer(value: &Json) -> Option<String> {
    match value {
        Json::Number(number) => {
            let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs))?;
            (size > INTEGER_MAX).then(|| number.to_string())
        }
        Json::Array(items) => items.iter().find_map(large_integer),
        Json::Object(fields) => fields.values().find_map(large_integer),
        _ => None,
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for JsonText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.value().serialize(serializer)
        } else {
            serializer.serialize_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Ok(Self::from_value(&Json::deserialize(deserializer)?))
        } else {
            String::deserialize(deserializer).map(Self)
        }
    }
}

/// JSON that its author wrote and that is hashed as written: a schema, a tool's parameters. The order of properties in
/// a schema changes what models return, so it must change the hash too, and canonical JSON would sort it away.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SourceJson(String);

impl SourceJson {
    /// Keeps the text if it is JSON, without blank space around it.
    pub fn new(text: &str) -> Result<Self, DomainError> {
        let text = text.trim();
        serde_json::from_str::<Json>(text).map_err(|e| DomainError::field("schema", format!("not JSON: {e}")))?;
        Ok(Self(text.to_owned()))
    }

    /// The value, with the order of its keys.
    pub fn value(&self) -> Json {
        serde_json::from_str(&self.0).unwrap_or(Json::Null)
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<SourceJson> for String {
    fn from(source: SourceJson) -> String {
        source.0
    }
}

impl TryFrom<String> for SourceJson {
    type Error = DomainError;
    fn try_from(text: String) -> Result<Self, DomainError> {
        Self::new(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_would_lose_digits_are_refused() {
        for kept in [
            "[9007199254740992]",
            "-9007199254740992",
            "1.5e18",
            "6.02214076e23",
            "123456789012345678901.5",
            r#"{"a\\":"123456789012345678901234567890\""}"#,
        ] {
            assert!(JsonText::parse(kept).unwrap().check().is_ok(), "{kept}");
        }
        for lost in [
            "9007199254740993",
            "[-9007199254740993]",
            "18446744073709551616",
            "{\"a\":123456789012345678901234567890}",
        ] {
            assert!(JsonText::parse(lost).and_then(|json| json.check()).is_err(), "{lost}");
        }
    }
}
