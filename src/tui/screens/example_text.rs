//! An example as a person reads it.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::domain::example::{Example, ExampleContent, ExampleSource};
use crate::domain::json::JsonText;

/// Fields of an object one below the other; anything else as it is.
pub(super) fn json_text(json: &JsonText) -> String {
    let Json::Object(fields) = json.value() else {
        return indented(json);
    };
    let lines = fields.iter().map(|(name, value)| match value {
        Json::String(text) if text.contains('\n') => format!("{name}:\n{text}"),
        Json::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same in one line, for a cell of a table: the values alone where there is one field.
pub(super) fn json_cell(json: &JsonText) -> String {
    let Json::Object(fields) = json.value() else {
        return json.plain();
    };
    let shown = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    if fields.len() == 1 {
        return fields.values().map(shown).collect();
    }
    let parts = fields.iter().map(|(name, value)| format!("{name}={}", shown(value)));
    parts.collect::<Vec<_>>().join(" ")
}

/// JSON with a line for each field; text without its quotes.
pub(super) fn indented(json: &JsonText) -> String {
    match json.value() {
        Json::String(text) => text,
        value => serde_json::to_string_pretty(&value).unwrap_or_else(|_| json.to_string()),
    }
}

/// Labels and metadata in a line: `labels vip   topic=billing   language=de`.
pub(super) fn facts_line(content: &ExampleContent) -> String {
    let mut facts = Vec::new();
    if !content.labels.is_empty() {
        facts.push(format!("labels {}", content.labels.join(", ")));
    }
    facts.extend(content.metadata.iter().map(|(name, value)| format!("{name}={value}")));
    facts.join("   ")
}

/// Documents and canned tool results; empty where there are none.
pub(super) fn context_text(content: &ExampleContent) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    for document in &content.context.documents {
        let _ = writeln!(
            out,
            "document {} {}\n{}\n",
            document.id, document.version, document.text
        );
    }
    for result in &content.context.tool_results {
        let _ = writeln!(out, "tool {} answers\n{}\n", result.tool, indented(&result.result));
    }
    out.trim_end().to_owned()
}

/// Where an example came from.
pub(super) fn source_text(source: &ExampleSource) -> String {
    match source {
        ExampleSource::Imported { file, line } => format!("{file} line {line}"),
        ExampleSource::Edited { from } => format!("edited from content {}", from.short()),
        ExampleSource::FailedCase { run, example } => format!("kept from {run}/{example}"),
        ExampleSource::Labelled { from, run, number, .. } => {
            format!(
                "content {} with the expected value of label {number} in {run}",
                from.short()
            )
        }
    }
}

/// Everything about an example, section by section.
pub(super) fn whole(example: &Example) -> String {
    let content = &example.content;
    let expected = content
        .expected
        .as_ref()
        .map_or("nothing is expected".into(), json_text);
    let mut out = format!("{}\n\nexpected\n{expected}\n", json_text(&content.input));
    let facts = facts_line(content);
    let context = context_text(content);
    for (title, text) in [("labels and metadata", &facts), ("context", &context)] {
        if !text.is_empty() {
            let _ = write!(out, "\n{title}\n{text}\n");
        }
    }
    let _ = write!(
        out,
        "\nsource\n{}   content {}",
        source_text(&example.source),
        example.content_hash.short()
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_read_field_by_field() {
        let json = |text| JsonText::parse(text).unwrap();
        let both = json(r#"{"route":"billing","escalate":true}"#);
        assert_eq!(json_text(&both), "route: billing\nescalate: true");
        assert_eq!(json_cell(&both), "route=billing escalate=true");
        assert_eq!(json_cell(&json(r#"{"ticket":"Hello"}"#)), "Hello");
        assert_eq!(json_text(&json(r#""plain""#)), "plain");
        assert_eq!(json_text(&json(r#"{"a":"x\ny"}"#)), "a:\nx\ny");
    }
}
