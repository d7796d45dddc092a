//! Which columns the rows of a dataset have, and what the filter line says for the value in one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::super::example_text::json_cell;
use crate::domain::example::{Example, ExampleContent};
use crate::domain::json::JsonText;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::table::{Column, TableCell};

/// A metadata field with more values than this names examples rather than groups of them.
const GROUP_VALUES_MAX: usize = 24;
/// Columns of an id.
const ID_COLUMNS: u16 = 10;
/// Columns of a metadata field.
const FIELD_COLUMNS: u16 = 16;

/// What a column shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    Id,
    Expected,
    Labels,
    Input,
    Field(String),
}

/// The columns of a dataset version, chosen once from its first rows so that scrolling changes none.
#[derive(Debug, Clone, Default)]
pub(super) struct RowColumns {
    fields: Vec<String>,
    expected_title: String,
    has_expected: bool,
    has_labels: bool,
}

impl RowColumns {
    /// Metadata that groups examples comes first, the finest grouping before the others.
    pub(super) fn of(examples: &[&Example]) -> Self {
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, value) in examples.iter().flat_map(|example| &example.content.metadata) {
            values.entry(name).or_default().insert(value);
        }
        let mut fields: Vec<(&str, usize)> = values.into_iter().map(|(name, values)| (name, values.len())).collect();
        fields.sort_by_key(|(_, count)| match *count {
            1 => GROUP_VALUES_MAX,
            count if count <= GROUP_VALUES_MAX => GROUP_VALUES_MAX - count,
            count => count,
        });
        let first_expected = examples.iter().find_map(|example| example.content.expected.as_ref());
        Self {
            fields: fields.into_iter().map(|(name, _)| name.to_owned()).collect(),
            expected_title: first_expected.map(keys_of).unwrap_or_default(),
            has_expected: first_expected.is_some(),
            has_labels: examples.iter().any(|example| !example.content.labels.is_empty()),
        }
    }

    /// What is shown at a width, from left to right. The input is last: its width may be disputed.
    pub(super) fn shown(&self, width: WidthClass) -> Vec<Shown> {
        let fields = match width {
            WidthClass::Narrow | WidthClass::Normal => 1,
            WidthClass::Wide => 2,
        };
        let mut shown = vec![Shown::Id];
        if self.has_expected {
            shown.push(Shown::Expected);
        }
        if self.has_labels && width == WidthClass::Wide {
            shown.push(Shown::Labels);
        }
        shown.extend(self.fields.iter().take(fields).cloned().map(Shown::Field));
        shown.push(Shown::Input);
        shown
    }

    /// The table's columns; the one under the cursor has its title in brackets.
    pub(super) fn table(&self, shown: &[Shown], cursor: usize, width: WidthClass) -> Vec<Column> {
        let expected_columns = if width == WidthClass::Narrow { 18 } else { 24 };
        shown
            .iter()
            .enumerate()
            .map(|(at, shown)| {
                let title = match shown {
                    Shown::Id => "id",
                    Shown::Expected if self.expected_title.is_empty() => "expected",
                    Shown::Expected => &self.expected_title,
                    Shown::Labels => "labels",
                    Shown::Input => "input",
                    Shown::Field(name) => name,
                };
                let title = if at == cursor {
                    format!("[{title}]")
                } else {
                    title.to_owned()
                };
                match shown {
                    Shown::Id => Column::fixed(title, ID_COLUMNS),
                    Shown::Expected => Column::fixed(title, expected_columns),
                    Shown::Labels | Shown::Field(_) => Column::fixed(title, FIELD_COLUMNS),
                    Shown::Input => Column::share(title, 1),
                }
            })
            .collect()
    }
}

/// The cell of an example in a column.
pub(super) fn cell(content: &ExampleContent, shown: &Shown) -> TableCell {
    TableCell::plain(match shown {
        Shown::Id => content.id.to_string(),
        Shown::Expected => content.expected.as_ref().map_or_else(String::new, values_of),
        Shown::Labels => content.labels.join(", "),
        Shown::Input => json_cell(&content.input),
        Shown::Field(name) => content.metadata.get(name).cloned().unwrap_or_default(),
    })
}

/// What the filter line says to keep (`=`) or drop (`!=`) the value in a column; an error says why it cannot.
pub(super) fn filter_terms(content: &ExampleContent, shown: &Shown, sign: &str) -> Result<String, String> {
    let term = |name: &str, value: &str| {
        if value.contains('"') {
            return Err(format!("{name} has a quote in its value: type words after / instead"));
        }
        let quoted = if value.is_empty() || value.contains(char::is_whitespace) {
            format!("\"{value}\"")
        } else {
            value.to_owned()
        };
        Ok(format!("{name}{sign}{quoted}"))
    };
    match shown {
        Shown::Id => term("id", content.id.as_str()),
        Shown::Field(name) => match content.metadata.get(name) {
            Some(value) => term(name, value),
            None => Err(format!("this example has no {name}")),
        },
        Shown::Labels => match content.labels.first() {
            Some(label) => term("label", label),
            None => Err("this example has no label".into()),
        },
        Shown::Expected => match content.expected.as_ref().map(JsonText::value) {
            None => Err("nothing is expected of this example".into()),
            Some(Json::Object(fields)) => {
                let mut fields = fields.iter();
                match fields.next() {
                    Some((name, value)) => term(&format!("expected.{name}"), &plain(value)),
                    None => Err("the expected value is empty".into()),
                }
            }
            Some(value) => term("expected", &plain(&value)),
        },
        Shown::Input => Err("inputs are too long to compare: type words after / instead".into()),
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn keys_of(expected: &JsonText) -> String {
    match expected.value() {
        Json::Object(fields) => fields.keys().cloned().collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}

/// The values of an object, in the order of the title's names.
fn values_of(expected: &JsonText) -> String {
    match expected.value() {
        Json::Object(fields) => fields.values().map(plain).collect::<Vec<_>>().join(", "),
        _ => expected.plain(),
    }
}
