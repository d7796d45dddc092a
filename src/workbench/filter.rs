//! The filter line of the data browser: words, and `field=value` terms that must all hold.

use super::WorkbenchError;
use crate::domain::example::ExampleContent;

/// One term of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    /// The example's text contains it, whatever its case.
    Word(String),
    /// A field has this value.
    Is { field: String, value: String },
    /// A field has another value, or is missing.
    IsNot { field: String, value: String },
}

/// A parsed filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter(Vec<Term>);

impl Filter {
    /// Reads words and terms; quotes keep blanks together: `topic="billing dispute" refund`.
    pub(super) fn parse(text: &str) -> Result<Self, WorkbenchError> {
        let mut terms = Vec::new();
        for part in split_quoted(text)? {
            let term = if let Some((field, value)) = part.split_once("!=") {
                Term::IsNot {
                    field: field.to_owned(),
                    value: value.to_owned(),
                }
            } else if let Some((field, value)) = part.split_once('=') {
                Term::Is {
                    field: field.to_owned(),
                    value: value.to_owned(),
                }
            } else {
                Term::Word(part.to_lowercase())
            };
            terms.push(term);
        }
        Ok(Self(terms))
    }

    /// Whether there is nothing to filter.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every term holds.
    pub(super) fn accepts(&self, example: &ExampleContent) -> bool {
        self.0.iter().all(|term| match term {
            Term::Word(word) => mentions(example, word),
            Term::Is { field, value } => field_of(example, field).is_some_and(|found| &found == value),
            Term::IsNot { field, value } => field_of(example, field).is_none_or(|found| &found != value),
        })
    }
}

fn mentions(example: &ExampleContent, word: &str) -> bool {
    let expected = example.expected.as_ref().map(ToString::to_string).unwrap_or_default();
    [example.id.as_str(), example.input.as_str(), expected.as_str()]
        .into_iter()
        .chain(example.labels.iter().map(String::as_str))
        .chain(example.metadata.values().map(String::as_str))
        .any(|text| text.to_lowercase().contains(word))
}

/// A named value: `id`, a metadata field, a field of the expected value, `label` for any label.
fn field_of(example: &ExampleContent, field: &str) -> Option<String> {
    if field == "id" {
        return Some(example.id.to_string());
    }
    if field == "label" {
        return example.labels.first().cloned();
    }
    if let Some(value) = example.metadata.get(field) {
        return Some(value.clone());
    }
    let expected = example.expected.as_ref()?;
    let name = field.strip_prefix("expected.").unwrap_or(field);
    if name == "expected" {
        return Some(expected.plain());
    }
    let value = expected.value();
    Some(match value.get(name)? {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn split_quoted(text: &str) -> Result<Vec<String>, WorkbenchError> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut in_quotes = false;
    for c in text.chars() {
        match c {
            '"' => in_quotes = !in_quotes,
            c if c.is_whitespace() && !in_quotes => {
                if !part.is_empty() {
                    parts.push(std::mem::take(&mut part));
                }
            }
            c => part.push(c),
        }
    }
    if in_quotes {
        return Err(WorkbenchError::invalid(
            "the filter has a quote without an end",
            "close it with a second one",
        ));
    }
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::example::ExampleContext;
    use crate::domain::ids::ExampleId;
    use crate::domain::json::JsonText;

    #[test]
    fn every_term_must_hold() {
        let example = ExampleContent {
            id: ExampleId::new("t-1").unwrap(),
            input: JsonText::parse(r#"{"ticket":"Please REFUND me"}"#).unwrap(),
            expected: Some(JsonText::parse(r#"{"route":"billing","escalate":true}"#).unwrap()),
            labels: vec!["hard".into()],
            metadata: BTreeMap::from([("topic".to_owned(), "billing dispute".to_owned())]),
            context: ExampleContext::default(),
        };
        let cases = [
            ("", true),
            ("refund", true),
            ("refund lawyer", false),
            ("topic=\"billing dispute\"", true),
            ("topic=billing", false),
            ("topic!=billing", true),
            ("route=billing escalate=true", true),
            ("expected.route!=billing", false),
            ("absent=1", false),
            ("absent!=1", true),
            ("id=t-1 label=hard", true),
        ];
        for (text, accepted) in cases {
            assert_eq!(Filter::parse(text).unwrap().accepts(&example), accepted, "{text}");
        }
        assert!(Filter::parse("\"open").is_err());
    }
}
