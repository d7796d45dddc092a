//! Writes values as TOML text.

use std::fmt::Write;

use serde_json::Value as Json;

/// Nesting of a JSON value that is still written as TOML; TOML readers stop early at deep nesting.
const DEPTH_MAX: usize = 16;

/// A string between double quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Text over several lines between `'''`, where a literal string can hold it; else a string on one line.
pub(super) fn block(text: &str) -> String {
    let is_literal = !text.contains("'''") && text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control());
    if is_literal {
        format!("'''\n{text}\n'''")
    } else {
        quoted(text)
    }
}

/// A key, quoted where it must be.
pub(super) fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_bare { name.to_owned() } else { quoted(name) }
}

/// A list of strings on one line.
pub(super) fn texts(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A number; the shortest text that reads back as the same one.
pub(super) fn number(value: f64) -> String {
    format!("{value:?}")
}

/// A JSON value. What TOML cannot hold (null, numbers above 2^63, deep nesting) is written as `{ json = ".." }`.
pub(super) fn json(value: &Json) -> String {
    plain_json(value, 0).unwrap_or_else(|| format!("{{ json = {} }}", quoted(&value.to_string())))
}

fn plain_json(value: &Json, depth: usize) -> Option<String> {
    if depth > DEPTH_MAX {
        return None;
    }
    match value {
        Json::Null => None,
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(value) if value.is_f64() => value.as_f64().map(number),
        Json::Number(value) => value.as_i64().map(|value| value.to_string()),
        Json::String(text) => Some(quoted(text)),
        Json::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| plain_json(item, depth + 1)).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        // A lone `json` key would read back as the value that it names.
        Json::Object(fields) if fields.len() == 1 && fields.contains_key("json") => None,
        Json::Object(fields) => {
            let fields: Option<Vec<String>> = fields
                .iter()
                .map(|(name, value)| Some(format!("{} = {}", key(name), plain_json(value, depth + 1)?)))
                .collect();
            let fields = fields?;
            Some(if fields.is_empty() {
                "{}".into()
            } else {
                format!("{{ {} }}", fields.join(", "))
            })
        }
    }
}
