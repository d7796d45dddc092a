//! Guesses a mapping from the names of fields, as public datasets use them.

use serde_json::{Map, Value as Json};

use super::mapping::{ALL_FIELDS, FieldPath, Mapping, ValueMapping};
use super::rows::Row;

/// Names of the id, the most telling one first, as all lists here.
const ID: [&str; 4] = ["id", "_id", "uuid", "example_id"];
const INPUT: [&str; 13] = [
    "input",
    "inputs",
    "question",
    "prompt",
    "text",
    "query",
    "utterance",
    "ticket",
    "message",
    "instruction",
    "sentence",
    "problem",
    "body",
];
const EXPECTED: [&str; 11] = [
    "expected",
    "expected_output",
    "answer",
    "label",
    "category",
    "intent",
    "output",
    "target",
    "ideal",
    "reference",
    "solution",
];
const LABELS: [&str; 2] = ["labels", "tags"];
const METADATA: [&str; 2] = ["metadata", "meta"];
const CONTEXT: [&str; 2] = ["context", "documents"];

/// A column of the sampled rows.
struct Column<'r> {
    name: &'r str,
    values: Vec<&'r Json>,
    is_taken: bool,
}

impl Column<'_> {
    fn is_scalar(&self) -> bool {
        self.values.iter().all(|value| !value.is_array() && !value.is_object())
    }
}

/// The names of all fields of the rows, in the order in which they first stand.
pub(super) fn columns(rows: &[Row]) -> Vec<String> {
    sampled(rows).into_iter().map(|column| column.name.to_owned()).collect()
}

fn sampled(rows: &[Row]) -> Vec<Column<'_>> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (name, value) in rows.iter().flat_map(|row| &row.fields) {
        let place = *places.entry(name).or_insert_with(|| {
            columns.push(Column {
                name,
                values: Vec::new(),
                is_taken: false,
            });
            columns.len() - 1
        });
        if let Some(column) = columns.get_mut(place) {
            column.values.push(value);
        }
    }
    columns
}

/// Takes the column with the first of the names, whatever its case.
fn take<'r>(columns: &mut [Column<'r>], names: &[&str], fits: impl Fn(&Column<'r>) -> bool) -> Option<&'r str> {
    for name in names {
        let is_meant = |column: &&mut Column<'_>| !column.is_taken && column.name.eq_ignore_ascii_case(name);
        if let Some(column) = columns.iter_mut().filter(is_meant).find(|column| fits(column)) {
            column.is_taken = true;
            return Some(column.name);
        }
    }
    None
}

/// The mapping that the names of the fields suggest.
pub fn guess(rows: &[Row]) -> Mapping {
    let mut columns = sampled(rows);
    let any = |_: &Column<'_>| true;
    let id = take(&mut columns, &ID, Column::is_scalar);
    let expected = take(&mut columns, &EXPECTED, any);
    let labels = take(&mut columns, &LABELS, any);
    let context = take(&mut columns, &CONTEXT, any);
    let is_object = |column: &Column<'_>| column.values.iter().all(|value| value.is_object());
    let metadata_object = take(&mut columns, &METADATA, is_object);
    let input = take(&mut columns, &INPUT, any).unwrap_or_else(|| first_text(&mut columns));
    let mut metadata: Vec<(String, FieldPath)> = metadata_object
        .map(|name| (ALL_FIELDS.to_owned(), FieldPath::new(name)))
        .into_iter()
        .collect();
    let rest = columns.iter().filter(|column| !column.is_taken && column.is_scalar());
    metadata.extend(rest.map(|column| (column.name.to_owned(), FieldPath::new(column.name))));
    Mapping {
        id: id.map(FieldPath::new),
        input: ValueMapping::Whole(FieldPath::new(input)),
        expected: expected.map(|name| ValueMapping::Whole(FieldPath::new(name))),
        labels: labels.map(FieldPath::new),
        metadata,
        context: context.map(FieldPath::new),
    }
}

/// The first column of text that nothing else took; `input` where there is none, so that the fault names it.
fn first_text<'r>(columns: &mut [Column<'r>]) -> &'r str {
    let is_text = |column: &&mut Column<'_>| !column.is_taken && column.values.iter().any(|value| value.is_string());
    match columns.iter_mut().find(is_text) {
        Some(column) => {
            column.is_taken = true;
            column.name
        }
        None => "input",
    }
}

/// The names of a row's fields, for a fault that must say what is there instead.
pub(super) fn names(fields: &Map<String, Json>) -> String {
    const NAMED_MAX: usize = 8;
    let mut names: Vec<&str> = fields.keys().take(NAMED_MAX).map(String::as_str).collect();
    if fields.len() > NAMED_MAX {
        names.push("..");
    }
    names.join(", ")
}
