//! Reads the entries of a chain file.

use regex::RegexBuilder;
use serde_json::Value as Json;

use super::super::mark::Marks;
use super::super::prompt_document::used_variables;
use super::super::schema;
use super::super::table::{Entry, Node, NodeValue, Table};
use super::fit::{Misfit, each_misfit};
use super::{ChainFile, FindPrompt};
use crate::domain::chain::{ChainContent, ChainStep, StepInput, StepParser, StepValue};
use crate::domain::condition::{Condition, Test};
use crate::domain::json::JsonText;
use crate::domain::prompt::PromptContent;
use crate::domain::value_path::ValuePath;
use crate::text::nearest;

/// The parsers, as files name them.
const PARSERS: [&str; 4] = ["text", "json", "regex", "choice"];
/// Compiled size of a pattern, in bytes, as the graders have it.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// `None` where the file has no name or an entry lacks a part; the fault is marked.
pub(super) fn read(mut root: Table<'_>, find_prompt: FindPrompt<'_>, marks: &mut Marks) -> Option<ChainFile> {
    let name = parsed(&mut root, "name", marks);
    let description = root.string("description", marks).unwrap_or_default();
    let answer = root.has("answer").then(|| parsed(&mut root, "answer", marks)).flatten();
    let steps = root.tables("steps", marks);
    let steps = steps
        .into_iter()
        .filter_map(|table| read_step(table, find_prompt, marks))
        .collect();
    root.finish(marks);
    let content = ChainContent {
        description,
        steps,
        answer,
    };
    Some(ChainFile { name: name?, content })
}

/// A string that must be there and be well formed.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    table: &mut Table<'_>,
    key: &'static str,
    marks: &mut Marks,
) -> Option<T> {
    let text = table.required(key, marks)?;
    match text.value.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            marks.error(text.line, format!("{}: {error}", table.path(key)));
            None
        }
    }
}

fn read_step(mut table: Table<'_>, find_prompt: FindPrompt<'_>, marks: &mut Marks) -> Option<ChainStep> {
    let name = table.required("name", marks)?;
    marks.place("steps.name".into(), name.value, name.line);
    table.place = format!("step {}", name.value);
    marks.place(table.place.clone(), name.value, name.line);
    let version = parsed(&mut table, "version", marks);
    let lines = Lines {
        step: name.line,
        inputs: table.entries("inputs", marks),
    };
    let entries = lines.inputs.iter();
    let mut inputs: Vec<StepInput> = entries.filter_map(|entry| read_input(entry, &table, marks)).collect();
    // Their order means nothing, so that it makes no other chain.
    inputs.sort_by(|one, other| one.variable.cmp(&other.variable));
    let when = table.tables("when", marks);
    let when = when.into_iter().flat_map(|rule| read_conditions(rule, marks)).collect();
    let parser = read_parser(&mut table, marks);
    let tools = table.has("tools").then(|| table.texts("tools", marks));
    let step = ChainStep {
        name: name.value.to_owned(),
        version: version?,
        inputs,
        when,
        parser: parser?,
        tools,
    };
    if let Some(prompt) = find_prompt(&step.version) {
        mark_misfits(&step, &prompt, &table, &lines, marks);
    } else {
        let line = marks.line_of(&table.path("version"), &step.version.to_string());
        marks.error(line, format!("{}: there is no {}", table.path("version"), step.version));
    }
    table.finish(marks);
    Some(step)
}

/// Where the parts of a step stand.
struct Lines<'n> {
    step: Option<u32>,
    inputs: &'n [Entry],
}

fn mark_misfits(step: &ChainStep, prompt: &PromptContent, table: &Table<'_>, lines: &Lines<'_>, marks: &mut Marks) {
    let used = used_variables(prompt);
    for misfit in each_misfit(step, prompt, &used) {
        let line = match misfit {
            Misfit::Unknown(name) => {
                let entry = lines.inputs.iter().find(|entry| entry.key == name);
                entry.and_then(|entry| entry.node.line)
            }
            Misfit::Unmapped(_) | Misfit::NoTool(_) => lines.step,
        };
        marks.error(line, format!("{}: {}", table.place, misfit.text(step)));
    }
}

fn read_input(entry: &Entry, step: &Table<'_>, marks: &mut Marks) -> Option<StepInput> {
    let place = format!("{}.{}", step.path("inputs"), entry.key);
    marks.place(step.place.clone(), entry.key.as_str(), entry.node.line);
    let value = match &entry.node.value {
        NodeValue::Text(text) => StepValue::From {
            path: path_of(text, &place, entry.node.line, marks)?,
            default: None,
        },
        NodeValue::Table(entries) => read_value(Table::new(place, entry.node.line, entries), marks)?,
        _ => StepValue::Literal(json_of(&entry.node, &place, marks)?),
    };
    Some(StepInput {
        variable: entry.key.clone(),
        value,
    })
}

/// `{ value = .. }`, or `{ from = "..", default = .. }`.
fn read_value(mut table: Table<'_>, marks: &mut Marks) -> Option<StepValue> {
    let json = |key, table: &mut Table<'_>, marks: &mut Marks| {
        let node = table.node(key, marks)?;
        json_of(node, &table.path(key), marks)
    };
    let value = if table.has("value") {
        json("value", &mut table, marks).map(StepValue::Literal)
    } else {
        let path = parsed(&mut table, "from", marks);
        let default = json("default", &mut table, marks);
        path.map(|path| StepValue::From { path, default })
    };
    table.finish(marks);
    value
}

fn path_of(text: &str, place: &str, line: Option<u32>, marks: &mut Marks) -> Option<ValuePath> {
    match text.parse() {
        Ok(path) => Some(path),
        Err(error) => {
            marks.error(
                line,
                format!("{place}: {error}; a text that is meant as it is: {{ value = \"..\" }}"),
            );
            None
        }
    }
}

fn json_of(node: &Node, place: &str, marks: &mut Marks) -> Option<JsonText> {
    let json = node.json().and_then(|value: Json| {
        let text = JsonText::from_value(&value);
        text.check().map(|()| text).map_err(|error| error.to_string())
    });
    match json {
        Ok(text) => Some(text),
        Err(why) => {
            marks.error(node.line, format!("{place}: {why}"));
            None
        }
    }
}

/// One condition for each test of the entry.
fn read_conditions(mut table: Table<'_>, marks: &mut Marks) -> Vec<Condition> {
    let path: Option<ValuePath> = parsed(&mut table, "path", marks);
    let mut tests = Vec::new();
    for (key, test) in [
        ("equals", Test::Equals as fn(JsonText) -> Test),
        ("not_equals", Test::NotEquals),
    ] {
        let value = table
            .node(key, marks)
            .and_then(|node| json_of(node, &table.path(key), marks));
        tests.extend(value.map(test));
    }
    if let Some(node) = table.node("one_of", marks) {
        let place = table.path("one_of");
        match &node.value {
            NodeValue::List(items) => {
                let values = items.iter().filter_map(|item| json_of(item, &place, marks)).collect();
                tests.push(Test::OneOf(values));
            }
            _ => marks.error(node.line, format!("{place}: must be a list of values")),
        }
    }
    tests.extend(
        table
            .bool("exists", marks)
            .map(|exists| if exists { Test::Exists } else { Test::Missing }),
    );
    for (key, test) in [
        ("at_least", Test::AtLeast as fn(f64) -> Test),
        ("at_most", Test::AtMost),
        ("above", Test::Above),
        ("below", Test::Below),
    ] {
        tests.extend(table.number(key, marks).map(test));
    }
    let (place, line, has_test) = (table.place.clone(), table.line, !tests.is_empty());
    table.finish(marks);
    if !has_test {
        let tests = "equals, not_equals, one_of, exists, at_least, at_most, above, below";
        marks.error(line, format!("{place}: it tests nothing: give one of {tests}"));
    }
    let Some(path) = path else { return Vec::new() };
    let condition = |test| Condition {
        path: path.clone(),
        test,
    };
    tests.into_iter().map(condition).collect()
}

/// `parser = "json"`, or a table with more to say; text where nothing is said.
fn read_parser(table: &mut Table<'_>, marks: &mut Marks) -> Option<StepParser> {
    let place = table.path("parser");
    match table.node("parser", marks) {
        None => Some(StepParser::Text),
        Some(Node {
            value: NodeValue::Text(kind),
            line,
        }) => parser_of(kind, Table::new(place, *line, &[]), marks),
        Some(Node {
            value: NodeValue::Table(entries),
            line,
        }) => {
            let mut table = Table::new(place, *line, entries);
            let kind = table.required("kind", marks)?;
            parser_of(kind.value, table, marks)
        }
        Some(node) => {
            marks.error(node.line, format!("{place}: must be a string or a table"));
            None
        }
    }
}

fn parser_of(kind: &str, mut table: Table<'_>, marks: &mut Marks) -> Option<StepParser> {
    let parser = match kind {
        "text" => Some(StepParser::Text),
        "json" => match table
            .text("schema", marks)
            .map(|text| (text.line, schema::parse(text.value)))
        {
            None => Some(StepParser::Json { schema: None }),
            Some((_, Ok(schema))) => Some(StepParser::Json { schema: Some(schema) }),
            Some((line, Err(why))) => {
                marks.error(line, format!("{}: {why}", table.path("schema")));
                None
            }
        },
        "regex" => table.required("pattern", marks).and_then(|text| {
            let compiled = RegexBuilder::new(text.value).size_limit(PATTERN_BYTES_MAX).build();
            if let Err(error) = &compiled {
                let why = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
                marks.error(text.line, format!("{}: {why}", table.path("pattern")));
            }
            let pattern = text.value.to_owned();
            compiled.is_ok().then_some(StepParser::Regex { pattern })
        }),
        "choice" => Some(StepParser::Choice {
            labels: table.texts("labels", marks),
        }),
        other => {
            let hint = nearest(other, &PARSERS).map_or_else(
                || format!("use {}", PARSERS.join(", ")),
                |near| format!("did you mean '{near}'?"),
            );
            marks.error(table.line, format!("{}: '{other}' is unknown: {hint}", table.place));
            return None;
        }
    };
    table.finish(marks);
    parser
}
