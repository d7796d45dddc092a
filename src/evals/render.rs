//! Fills a prompt's messages from an example.
//!
//! What a template sees:
//! - each field of an object input as a variable of its name, and the whole as `input`;
//! - a plain input as `input`, and also as the prompt's only variable without a default, where there is just one;
//! - `documents`, a list of `{id, version, text}` from the example's context;
//! - declared defaults for what the input does not have.
//!
//! A field of the input that is named `input` or `documents` hides the other meaning.

use std::collections::BTreeSet;
use std::fmt;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::{Map, Value as Json, json};

use crate::domain::example::{ExampleContent, ExampleContext};
use crate::domain::outcome::RenderedMessage;
use crate::domain::prompt::{MessageTemplate, PromptContent, Role, Variable};

/// Work that one message may cost: about one unit for each instruction and for each 64 bytes written, so at most
/// some 12 MB of text. A template that loops without end stops in milliseconds.
const FUEL_MAX: u64 = 200_000;
/// Nesting of blocks and macros: far more than a person writes, far less than a stack holds.
const RECURSION_MAX: usize = 100;

/// Why a message could not be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderError {
    /// Which message, counted from 1.
    pub message: usize,
    /// Who speaks in it.
    pub role: Role,
    /// The line in the message, counted from 1, where it is known.
    pub line: Option<usize>,
    /// The variable that is not defined, where that is the cause.
    pub variable: Option<String>,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} ({})", self.message, self.role)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.why)
    }
}

impl std::error::Error for RenderError {}

impl RenderError {
    fn new(index: usize, role: Role, error: &minijinja::Error) -> Self {
        let variable = (error.kind() == ErrorKind::UndefinedError)
            .then(|| quoted(error.detail().unwrap_or_default()))
            .flatten();
        let why = match (&variable, error.kind()) {
            (Some(name), _) => format!("variable '{name}' is not defined"),
            (None, ErrorKind::OutOfFuel) => "it loops too often or writes too much text".into(),
            (None, kind) => error.detail().map_or_else(|| kind.to_string(), ToOwned::to_owned),
        };
        Self {
            message: index + 1,
            role,
            line: error.line(),
            variable,
            why,
        }
    }
}

/// The name between the first two backticks, as the engine writes it: "`tone` is undefined".
fn quoted(detail: &str) -> Option<String> {
    detail.split('`').nth(1).map(ToOwned::to_owned)
}

/// A prompt whose messages are compiled, to be filled from many examples.
pub struct Renderer {
    environment: Environment<'static>,
    roles: Vec<Role>,
    variables: Vec<Variable>,
}

impl Renderer {
    /// Compiles every message; the error names the first that is no valid template.
    pub fn new(prompt: &PromptContent) -> Result<Self, RenderError> {
        let mut environment = strict_environment();
        for (index, message) in prompt.messages.iter().enumerate() {
            environment
                .add_template_owned(index.to_string(), message.text.clone())
                .map_err(|error| RenderError::new(index, message.role, &error))?;
        }
        Ok(Self {
            environment,
            roles: prompt
                .messages
                .iter()
                .map(|MessageTemplate { role, .. }| *role)
                .collect(),
            variables: prompt.variables.clone(),
        })
    }

    /// Fills every message from one example.
    pub fn render(&self, example: &ExampleContent) -> Result<Vec<RenderedMessage>, RenderError> {
        self.render_input(example.input.value(), &example.context)
    }

    /// Fills every message from an input and what is around it.
    pub fn render_input(&self, input: Json, around: &ExampleContext) -> Result<Vec<RenderedMessage>, RenderError> {
        self.fill(self.context(input, around))
    }

    /// Fills every message from one example and further values. These, `input` and `documents` mean what they say
    /// whatever the fields of the input are called.
    pub fn render_with(
        &self,
        example: &ExampleContent,
        values: Map<String, Json>,
    ) -> Result<Vec<RenderedMessage>, RenderError> {
        let mut context = self.context(example.input.value(), &example.context);
        context.insert("documents".into(), documents(&example.context));
        context.insert("input".into(), example.input.value());
        context.extend(values);
        self.fill(context)
    }

    /// The variables that the messages use and do not set themselves, whether or not the prompt declares them.
    pub fn used_variables(&self) -> BTreeSet<String> {
        let templates = self.environment.templates();
        templates
            .flat_map(|(_, template)| template.undeclared_variables(false))
            .collect()
    }

    fn fill(&self, context: Map<String, Json>) -> Result<Vec<RenderedMessage>, RenderError> {
        let context = Value::from(minijinja::value::Serde(context));
        let messages = self.roles.iter().enumerate().map(|(index, &role)| {
            self.environment
                .get_template(&index.to_string())
                .and_then(|template| template.render(context.clone()))
                .map(|text| RenderedMessage { role, text })
                .map_err(|error| RenderError::new(index, role, &error))
        });
        messages.collect()
    }

    /// What the templates see.
    fn context(&self, input: Json, around: &ExampleContext) -> Map<String, Json> {
        let mut context = Map::new();
        for variable in &self.variables {
            if let Some(default) = &variable.default {
                context.insert(variable.name.clone(), Json::from(default.as_str()));
            }
        }
        context.insert("documents".into(), documents(around));
        context.insert("input".into(), input.clone());
        if let Json::Object(fields) = input {
            context.extend(fields);
        } else if let Some(name) = self.only_variable() {
            context.insert(name.to_owned(), input);
        }
        context
    }

    /// The variable that a plain input fills: the only one without a default.
    fn only_variable(&self) -> Option<&str> {
        let mut required = self.variables.iter().filter(|variable| variable.default.is_none());
        let first = required.next()?;
        required.next().is_none().then_some(first.name.as_str())
    }
}

fn documents(around: &ExampleContext) -> Json {
    let documents = around.documents.iter();
    documents
        .map(|document| json!({ "id": document.id, "version": document.version, "text": document.text }))
        .collect()
}

/// The one set of rules by which templates are filled. They are part of what a version's hash stands for: another
/// rule for blank space would send other text under the same hash.
fn strict_environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax
        .keep_trailing_newline(true)
        .trim_blocks(false)
        .lstrip_blocks(false);
    if let Ok(syntax) = syntax.build() {
        environment.set_syntax(syntax);
    }
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(write_value);
    // The engine's own `tojson` writes for HTML pages: `<` would reach the model as `\u003c`.
    environment.add_filter("tojson", |value: Value| to_json(&value));
    environment.set_fuel(Some(FUEL_MAX));
    environment.set_recursion_limit(RECURSION_MAX);
    // Without it an undefined variable has no name in the error of a release build.
    environment.set_debug(true);
    environment
}

/// Texts as they are, everything else as JSON. The engine sorts the keys of objects, so equal content, which has
/// equal hashes whatever the order of its keys, is sent as equal text.
fn write_value(out: &mut Output, _state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    if value.is_undefined() {
        return Ok(());
    }
    let written = match value.as_str() {
        Some(text) => out.write_str(text),
        None => out.write_str(&to_json(value)?),
    };
    written.map_err(|error| minijinja::Error::new(ErrorKind::WriteFailure, error.to_string()))
}

fn to_json(value: &Value) -> Result<String, minijinja::Error> {
    serde_json::to_string(value).map_err(|error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::example::Document;
    use crate::domain::ids::ExampleId;
    use crate::domain::json::JsonText;
    use crate::domain::model::ModelConfig;
    use crate::evals::graders;

    type Variables<'a> = &'a [(&'a str, Option<&'a str>)];
    /// Template, variables, input, and the text that comes out.
    type Row = (&'static str, Variables<'static>, &'static str, &'static str);

    fn prompt(templates: &[&str], variables: Variables) -> PromptContent {
        let roles = [Role::System, Role::User, Role::Assistant];
        PromptContent {
            messages: templates
                .iter()
                .zip(roles)
                .map(|(text, role)| MessageTemplate {
                    role,
                    text: (*text).into(),
                })
                .collect(),
            variables: variables
                .iter()
                .map(|(name, default)| Variable {
                    name: (*name).into(),
                    description: String::new(),
                    default: default.map(Into::into),
                })
                .collect(),
            model: ModelConfig::new("simulated", "sim-1"),
        }
    }

    fn example(input: &str) -> ExampleContent {
        ExampleContent {
            id: ExampleId::new("t-1").unwrap(),
            input: JsonText::parse(input).unwrap(),
            expected: None,
            labels: Vec::new(),
            metadata: std::collections::BTreeMap::new(),
            context: ExampleContext {
                documents: vec![Document {
                    id: "refunds".into(),
                    version: "3".into(),
                    text: "30 days".into(),
                }],
                tool_results: Vec::new(),
            },
        }
    }

    fn filled(template: &str, variables: Variables, input: &str) -> Result<String, String> {
        let renderer = Renderer::new(&prompt(&[template], variables)).map_err(|e| e.to_string())?;
        let messages = renderer.render(&example(input)).map_err(|e| e.to_string())?;
        Ok(messages[0].text.clone())
    }

    #[test]
    fn inputs_become_variables() {
        let cases: [Row; 12] = [
            (
                "{{ ticket }}",
                &[("ticket", None)],
                r#"{"ticket":"a <b> & 'c'"}"#,
                "a <b> & 'c'",
            ),
            ("{{ ticket }}", &[("ticket", None)], r#""plain""#, "plain"),
            ("{{ input }}", &[], r#""plain""#, "plain"),
            ("{{ input.a }}", &[], r#"{"a":1}"#, "1"),
            (
                "{{ input }}",
                &[],
                r#"{"b":[1,null,"x"],"a":true}"#,
                r#"{"a":true,"b":[1,null,"x"]}"#,
            ),
            ("{{ a }}{{ b }}", &[("b", Some("-"))], r#"{"a":0.5}"#, "0.5-"),
            ("{{ b }}", &[("a", None), ("b", Some("-"))], r#"{"b":"given"}"#, "given"),
            ("{{ a|tojson }}", &[], r#"{"a":"<é>\n"}"#, r#""<é>\n""#),
            (
                "{% for d in documents %}[{{ d.id }} v{{ d.version }}: {{ d.text }}]{% endfor %}",
                &[],
                "1",
                "[refunds v3: 30 days]",
            ),
            ("{{ documents }}", &[], r#"{"documents":"mine"}"#, "mine"),
            ("a\n{% if true %}\n  b\n{% endif %}\n", &[], "1", "a\n\n  b\n\n"),
            ("{{ input }}", &[], r#""{{ secret }}""#, "{{ secret }}"),
        ];
        for (template, variables, input, text) in cases {
            assert_eq!(filled(template, variables, input).as_deref(), Ok(text), "{template}");
        }
    }

    #[test]
    fn two_open_variables_take_no_plain_input() {
        let error = filled("{{ a }}", &[("a", None), ("b", None)], r#""plain""#).unwrap_err();
        assert_eq!(error, "message 1 (system), line 1: variable 'a' is not defined");
    }

    #[test]
    fn an_error_names_message_line_and_variable() {
        let renderer = Renderer::new(&prompt(&["ok", "one\ntwo\n{{ tone }}"], &[])).unwrap();
        let error = renderer.render(&example("1")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "message 2 (user), line 3: variable 'tone' is not defined"
        );
        assert_eq!(error.variable.as_deref(), Some("tone"));
        for (template, name) in [
            ("{{ input.plan }}", "input.plan"),
            ("{{ input.plan.name }}", "input.plan"),
            ("{{ tone|upper }}", "tone"),
            ("{% if tone %}x{% endif %}", "tone"),
            ("{% for t in tones %}x{% endfor %}", "tones"),
        ] {
            let error = filled(template, &[], r#"{"a":1}"#).unwrap_err();
            assert_eq!(
                error,
                format!("message 1 (system), line 1: variable '{name}' is not defined")
            );
        }
    }

    #[test]
    fn broken_and_endless_templates_are_errors() {
        let broken = filled("a\n{% if %}", &[], "1").unwrap_err();
        assert!(broken.starts_with("message 1 (system), line 2: "), "{broken}");
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}";
        let error = filled(endless, &[], "1").unwrap_err();
        assert!(error.ends_with("it loops too often or writes too much text"), "{error}");
        for template in [
            "{{ 'x' * 100000000 }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            &format!("{{{{ {}", "(".repeat(5000)),
        ] {
            assert!(filled(template, &[], "1").is_err(), "{}", graders::cut(template, 40));
        }
        assert!(filled("{% include 'other' %}", &[], "1").is_err());
    }
}
