//! The settings of a prompt document: model and variables.

use crate::domain::json::{JsonText, SourceJson};
use crate::domain::model::{ModelConfig, NamedSchema, ResponseFormat, Setting, Tool, ToolChoice};
use crate::domain::prompt::Variable;
use crate::text::nearest;

use super::super::mark::Marks;
use super::super::schema;
use super::super::table::{Entry, NodeValue, Table};

/// Reads both; the model is `None` where a part that it cannot do without is missing or faulty.
pub(super) fn read(mut root: Table<'_>, marks: &mut Marks) -> (Option<ModelConfig>, Vec<Variable>) {
    if !root.has("model") {
        marks.error(root.line, "model: it is missing: write [model] with provider and name");
    }
    let model = root.table("model", marks).and_then(|table| read_model(table, marks));
    let variables = root.tables("variables", marks);
    let variables = variables
        .into_iter()
        .filter_map(|table| read_variable(table, marks))
        .collect();
    root.finish(marks);
    (model, variables)
}

fn read_variable(mut table: Table<'_>, marks: &mut Marks) -> Option<Variable> {
    let name = table.required("name", marks).map(|text| text.value.to_owned());
    let description = table.string("description", marks).unwrap_or_default();
    let default = table.string("default", marks);
    table.finish(marks);
    Some(Variable {
        name: name?,
        description,
        default,
    })
}

fn read_model(mut table: Table<'_>, marks: &mut Marks) -> Option<ModelConfig> {
    let provider = table.required("provider", marks);
    let name = table.required("name", marks);
    let mut model = ModelConfig::new(
        provider.map_or("", |text| text.value),
        name.map_or("", |text| text.value),
    );
    model.temperature = table.number("temperature", marks);
    model.top_p = table.number("top_p", marks);
    model.max_output_tokens = table.whole("max_output_tokens", marks);
    model.stop = table.texts("stop", marks);
    model.seed = table.whole("seed", marks);
    let response_format = table.table("response_format", marks);
    model.response_format = match response_format {
        Some(format) => read_response_format(format, marks)?,
        None => ResponseFormat::Text,
    };
    let tools = table.tables("tools", marks);
    model.tools = tools.into_iter().filter_map(|tool| read_tool(tool, marks)).collect();
    model.tool_choice = read_tool_choice(&mut table, marks);
    model.safety_settings = read_named_values(&mut table, "safety_settings", marks);
    model.provider_flags = read_named_values(&mut table, "provider_flags", marks);
    table.finish(marks);
    (provider.is_some() && name.is_some()).then_some(model)
}

fn read_response_format(mut table: Table<'_>, marks: &mut Marks) -> Option<ResponseFormat> {
    let kinds = ["text", "json_object", "json_schema"];
    let kind = table.required("type", marks)?;
    let format = match kind.value {
        "text" => Some(ResponseFormat::Text),
        "json_object" => Some(ResponseFormat::JsonObject),
        "json_schema" => {
            let name = table.required("name", marks);
            let version = table.whole("version", marks).unwrap_or(1);
            let schema = read_schema(&mut table, "schema", marks);
            name.zip(schema).map(|(name, schema)| {
                ResponseFormat::JsonSchema(NamedSchema {
                    name: name.value.to_owned(),
                    version,
                    schema,
                })
            })
        }
        other => {
            let hint = nearest(other, &kinds).map_or_else(
                || format!("use {}", kinds.join(", ")),
                |near| format!("did you mean '{near}'?"),
            );
            marks.error(
                kind.line,
                format!("{}: unknown type '{other}': {hint}", table.path("type")),
            );
            return None;
        }
    };
    table.finish(marks);
    format
}

fn read_tool(mut table: Table<'_>, marks: &mut Marks) -> Option<Tool> {
    let name = table.required("name", marks);
    let description = table.string("description", marks).unwrap_or_default();
    let parameters = read_schema(&mut table, "parameters", marks);
    table.finish(marks);
    Some(Tool {
        name: name?.value.to_owned(),
        description,
        parameters: parameters?,
    })
}

fn read_schema(table: &mut Table<'_>, key: &'static str, marks: &mut Marks) -> Option<SourceJson> {
    let text = table.required(key, marks)?;
    match schema::parse(text.value) {
        Ok(schema) => Some(schema),
        Err(why) => {
            marks.error(text.line, format!("{}: {why}", table.path(key)));
            None
        }
    }
}

/// A word, or `{ tool = "name" }` for a tool that is named like one of the words.
fn read_tool_choice(table: &mut Table<'_>, marks: &mut Marks) -> ToolChoice {
    let is_word = matches!(
        table.node("tool_choice", marks).map(|node| &node.value),
        None | Some(NodeValue::Text(_))
    );
    if !is_word {
        let Some(mut choice) = table.table("tool_choice", marks) else {
            return ToolChoice::Auto;
        };
        let name = choice.required("tool", marks);
        choice.finish(marks);
        return name.map_or(ToolChoice::Auto, |name| ToolChoice::Named(name.value.to_owned()));
    }
    match table.text("tool_choice", marks).map(|text| text.value) {
        None | Some("auto") => ToolChoice::Auto,
        Some("none") => ToolChoice::None,
        Some("required") => ToolChoice::Required,
        Some(name) => ToolChoice::Named(name.to_owned()),
    }
}

fn read_named_values(table: &mut Table<'_>, key: &'static str, marks: &mut Marks) -> Vec<Setting> {
    let mut settings = Vec::new();
    for Entry { key: name, node } in table.entries(key, marks) {
        match node.json() {
            Ok(value) => settings.push(Setting {
                name: name.clone(),
                value: JsonText::from_value(&value),
            }),
            Err(why) => marks.error(node.line, format!("{}.{name}: {why}", table.path(key))),
        }
    }
    settings
}
