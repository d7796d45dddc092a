//! Makes an example of a row, and a line of an example.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::domain::example::{Document, Example, ExampleContent, ExampleContext, ExampleSource, ToolResult};
use crate::domain::ids::ExampleId;
use crate::domain::json::JsonText;

use super::guess::names;
use super::mapping::{ALL_FIELDS, FieldPath, Mapping, ValueMapping};
use super::rows::Row;

/// Names under which datasets keep the text of a document.
const DOCUMENT_TEXT: [&str; 4] = ["text", "content", "page_content", "body"];

/// The example of a row; `number` counts rows from 1 and names those without an id. The error says why there is none.
pub(super) fn example(row: &Row, number: u64, mapping: &Mapping, file: &str) -> Result<Example, String> {
    let fields = &row.fields;
    let input = value(&mapping.input, fields)?;
    if is_nothing(&input) {
        return Err("the input is empty".into());
    }
    let expected = match &mapping.expected {
        Some(mapping) => Some(value(mapping, fields)?).filter(|value| !is_nothing(value)),
        None => None,
    };
    let content = ExampleContent {
        id: id(mapping.id.as_ref().and_then(|path| path.find(fields)), number)?,
        input: JsonText::from_value(&input),
        expected: expected.as_ref().map(JsonText::from_value),
        labels: labels(mapping.labels.as_ref().and_then(|path| path.find(fields))),
        metadata: metadata(&mapping.metadata, fields),
        context: context(mapping.context.as_ref().and_then(|path| path.find(fields)))?,
    };
    let results = content.context.tool_results.iter().map(|result| &result.result);
    for value in std::iter::once(&content.input).chain(&content.expected).chain(results) {
        value.check().map_err(|error| error.to_string())?;
    }
    let source = ExampleSource::Imported {
        file: file.into(),
        line: row.line,
    };
    Example::new(content, source).map_err(|error| error.to_string())
}

/// Whether there is a value at all: no null, no blank text.
fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn field<'r>(path: &FieldPath, fields: &'r Map<String, Json>) -> Result<&'r Json, String> {
    let missing = || format!("the field '{path}' is missing; the row has: {}", names(fields));
    path.find(fields).ok_or_else(missing)
}

fn value(mapping: &ValueMapping, fields: &Map<String, Json>) -> Result<Json, String> {
    match mapping {
        ValueMapping::Whole(path) => field(path, fields).cloned(),
        ValueMapping::Fields(parts) => {
            let part = |(name, path): &(String, FieldPath)| Ok((name.clone(), field(path, fields)?.clone()));
            let object: Result<Map<String, Json>, String> = parts.iter().map(part).collect();
            object.map(Json::Object)
        }
    }
}

fn id(value: Option<&Json>, number: u64) -> Result<ExampleId, String> {
    let text = value.and_then(plain).unwrap_or_else(|| format!("row-{number:06}"));
    ExampleId::new(text.trim()).map_err(|error| error.to_string())
}

/// A value as plain text; `None` for null and blank text.
fn plain(value: &Json) -> Option<String> {
    match value {
        value if is_nothing(value) => None,
        Json::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

fn labels(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::Array(items)) => items.iter().filter_map(plain).collect(),
        Some(Json::String(text)) => {
            let labels = text.split([',', ';', '|']).map(str::trim);
            labels.filter(|label| !label.is_empty()).map(str::to_owned).collect()
        }
        Some(value) => plain(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn metadata(mapping: &[(String, FieldPath)], fields: &Map<String, Json>) -> BTreeMap<String, String> {
    let mut metadata = BTreeMap::new();
    for (name, path) in mapping {
        match path.find(fields) {
            Some(Json::Object(parts)) if name == ALL_FIELDS => {
                let parts = parts
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), plain(value)?)));
                metadata.extend(parts);
            }
            Some(value) => metadata.extend(plain(value).map(|text| (name.clone(), text))),
            None => {}
        }
    }
    metadata
}

fn context(value: Option<&Json>) -> Result<ExampleContext, String> {
    match value {
        None | Some(Json::Null) => Ok(ExampleContext::default()),
        Some(Json::Object(fields)) if fields.contains_key("documents") || fields.contains_key("tool_results") => {
            Ok(ExampleContext {
                documents: documents(fields.get("documents").unwrap_or(&Json::Null))?,
                tool_results: tool_results(fields.get("tool_results").unwrap_or(&Json::Null))?,
            })
        }
        Some(value) => Ok(ExampleContext {
            documents: documents(value)?,
            tool_results: Vec::new(),
        }),
    }
}

/// A list of documents or texts; anything else is one document.
fn documents(value: &Json) -> Result<Vec<Document>, String> {
    match value {
        value if is_nothing(value) => Ok(Vec::new()),
        Json::Array(items) => items
            .iter()
            .zip(1..)
            .map(|(item, number)| document(item, number))
            .collect(),
        value => Ok(vec![document(value, 1)?]),
    }
}

fn document(value: &Json, number: usize) -> Result<Document, String> {
    let unnamed = || format!("doc-{number}");
    match value {
        Json::String(text) => Ok(Document {
            id: unnamed(),
            version: String::new(),
            text: text.clone(),
        }),
        Json::Object(fields) => {
            let text = DOCUMENT_TEXT.iter().find_map(|name| fields.get(*name)?.as_str());
            Ok(Document {
                id: fields.get("id").and_then(plain).unwrap_or_else(unnamed),
                version: fields.get("version").and_then(plain).unwrap_or_default(),
                text: text
                    .ok_or_else(|| format!("document {number} of the context has no text"))?
                    .to_owned(),
            })
        }
        _ => Err(format!(
            "document {number} of the context is neither text nor an object"
        )),
    }
}

fn tool_results(value: &Json) -> Result<Vec<ToolResult>, String> {
    let items = match value {
        Json::Null => return Ok(Vec::new()),
        Json::Array(items) => items,
        _ => return Err("the tool results of the context are no list".into()),
    };
    let read = |item: &Json| {
        let mut keys = item.as_object().into_iter().flat_map(serde_json::Map::keys);
        if let Some(other) = keys.find(|key| !matches!(key.as_str(), "tool" | "result")) {
            return Err(format!(
                "a tool result of the context has '{other}', which nothing reads: the results of a tool are given one \
                 after another, whatever its arguments"
            ));
        }
        let tool = item.get("tool").and_then(Json::as_str);
        let tool = tool.ok_or("a tool result of the context has no 'tool'")?;
        Ok(ToolResult {
            tool: tool.to_owned(),
            result: JsonText::from_value(item.get("result").unwrap_or(&Json::Null)),
        })
    };
    items.iter().map(read).collect()
}

/// One line of JSON Lines, without its end, from which [`super::import`] with a guessed mapping makes the same content.
pub fn print_jsonl(example: &Example) -> String {
    let ExampleContent {
        id,
        input,
        expected,
        labels,
        metadata,
        context,
    } = &example.content;
    // Every key stands in every line, so that a guess from the first lines holds for all.
    json!({
        "id": id,
        "input": input,
        "expected": expected,
        "labels": labels,
        "metadata": metadata,
        "context": context,
    })
    .to_string()
}
