//! Writes a chain as TOML.

use std::fmt::Write;

use crate::domain::chain::{ChainStep, StepParser, StepValue};
use crate::domain::condition::{Condition, Test};
use crate::domain::json::JsonText;

use super::super::toml_text::{json, key, number, quoted, texts};
use super::ChainFile;

/// Writing to a string cannot fail, so what it returns says nothing.
macro_rules! line {
    ($out:expr, $($part:tt)*) => {{ let _ = writeln!($out, $($part)*); }};
}

pub(super) fn print(chain: &ChainFile) -> String {
    let mut out = String::new();
    line!(out, "name = {}", quoted(chain.name.as_str()));
    line!(out, "description = {}", quoted(&chain.content.description));
    if let Some(answer) = &chain.content.answer {
        line!(out, "answer = {}", quoted(answer.as_str()));
    }
    for step in &chain.content.steps {
        push_step(&mut out, step);
    }
    out
}

fn push_step(out: &mut String, step: &ChainStep) {
    line!(out, "\n[[steps]]\nname = {}", quoted(&step.name));
    line!(out, "version = {}", quoted(&step.version.to_string()));
    if let Some(tools) = &step.tools {
        line!(out, "tools = {}", texts(tools));
    }
    if !step.when.is_empty() {
        let conditions: Vec<String> = step.when.iter().map(condition).collect();
        line!(out, "when = [{}]", conditions.join(", "));
    }
    match &step.parser {
        StepParser::Text => {}
        StepParser::Json { schema: None } => line!(out, "parser = \"json\""),
        StepParser::Json { schema: Some(schema) } => {
            line!(
                out,
                "parser = {{ kind = \"json\", schema = {} }}",
                quoted(schema.as_str())
            );
        }
        StepParser::Regex { pattern } => line!(out, "parser = {{ kind = \"regex\", pattern = {} }}", quoted(pattern)),
        StepParser::Choice { labels } => line!(out, "parser = {{ kind = \"choice\", labels = {} }}", texts(labels)),
    }
    if !step.inputs.is_empty() {
        line!(out, "\n[steps.inputs]");
    }
    for input in &step.inputs {
        line!(out, "{} = {}", key(&input.variable), value(&input.value));
    }
}

fn text(value: &JsonText) -> String {
    json(&value.value())
}

fn value(value: &StepValue) -> String {
    match value {
        StepValue::From { path, default: None } => quoted(path.as_str()),
        StepValue::From {
            path,
            default: Some(default),
        } => format!("{{ from = {}, default = {} }}", quoted(path.as_str()), text(default)),
        StepValue::Literal(literal) => format!("{{ value = {} }}", text(literal)),
    }
}

fn condition(condition: &Condition) -> String {
    let test = match &condition.test {
        Test::Equals(value) => format!("equals = {}", text(value)),
        Test::NotEquals(value) => format!("not_equals = {}", text(value)),
        Test::OneOf(values) => {
            let values: Vec<String> = values.iter().map(text).collect();
            format!("one_of = [{}]", values.join(", "))
        }
        Test::Exists => "exists = true".into(),
        Test::Missing => "exists = false".into(),
        Test::AtLeast(bound) => format!("at_least = {}", number(*bound)),
        Test::AtMost(bound) => format!("at_most = {}", number(*bound)),
        Test::Above(bound) => format!("above = {}", number(*bound)),
        Test::Below(bound) => format!("below = {}", number(*bound)),
    };
    format!("{{ path = {}, {test} }}", quoted(condition.path.as_str()))
}
