//! What can be said of the messages of a document before they are filled: template syntax, variables, hidden
//! characters.

use std::collections::BTreeSet;

use minijinja::Environment;

use crate::domain::prompt::{PromptContent, Variable};

use super::super::mark::Marks;
use super::body::Placed;

/// Names that every template sees without a declaration: the whole input, and the context's documents.
const IMPLICIT: [&str; 2] = ["input", "documents"];

/// The variables that the messages of a prompt use, whether or not they are declared.
pub fn used_variables(prompt: &PromptContent) -> BTreeSet<String> {
    let environment = Environment::new();
    let globals: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    let messages = prompt.messages.iter();
    let templates = messages.filter_map(|message| environment.template_from_str(&message.text).ok());
    let used = templates.flat_map(|template| template.undeclared_variables(false));
    used.filter(|name| !globals.contains(name.as_str())).collect()
}

/// Marks templates that do not compile, and variables that are used without a declaration or declared without use.
pub(super) fn mark_templates(messages: &[Placed], declared: Option<&[Variable]>, marks: &mut Marks) {
    let environment = Environment::new();
    let globals: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    let mut used = BTreeSet::new();
    let mut all_compile = true;
    for message in messages {
        let template = match environment.template_from_str(&message.text) {
            Ok(template) => template,
            Err(error) => {
                all_compile = false;
                let line = u32::try_from(error.line().unwrap_or(1)).unwrap_or(1);
                let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
                marks.error(
                    Some(message.text_line + line.saturating_sub(1)),
                    format!("template: {what}"),
                );
                continue;
            }
        };
        for name in template.undeclared_variables(false) {
            let is_known = |declared: &[Variable]| declared.iter().any(|variable| variable.name == name);
            let is_free = globals.contains(name.as_str()) || IMPLICIT.contains(&name.as_str());
            if !is_free && declared.is_some_and(|declared| !is_known(declared)) {
                let line = message.text_line + line_of_use(&message.text, &name);
                marks.error(
                    Some(line),
                    format!("variable '{name}' is not declared: add it under [[variables]]"),
                );
            }
            used.insert(name);
        }
    }
    if all_compile {
        mark_unused(declared.unwrap_or_default(), &used, marks);
    }
}

fn mark_unused(declared: &[Variable], used: &BTreeSet<String>, marks: &mut Marks) {
    for variable in declared.iter().filter(|variable| !used.contains(&variable.name)) {
        let line = marks.line_of("variables.name", &variable.name);
        marks.warning(
            line,
            format!("variable '{}' is declared but no message uses it", variable.name),
        );
    }
}

/// Lines above the first one that uses `name` in a tag; the engine tells names, not places.
fn line_of_use(text: &str, name: &str) -> u32 {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let uses = |line: &str| line.split(|c| !is_name(c)).any(|word| word == name);
    let in_tag = |line: &str| {
        let tags = line.split_once("{{").or_else(|| line.split_once("{%"));
        tags.is_some_and(|(_, tag)| uses(tag))
    };
    let index = text
        .split('\n')
        .position(in_tag)
        .or_else(|| text.split('\n').position(uses));
    u32::try_from(index.unwrap_or(0)).unwrap_or(0)
}

/// Whether a person cannot see the character: controls, zero-width, direction and tag characters.
fn is_hidden(c: char) -> bool {
    let is_control = c.is_control() && !matches!(c, '\n' | '\t');
    is_control
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Marks each line that holds characters which a person cannot see.
pub(super) fn mark_hidden_characters(source: &str, marks: &mut Marks) {
    for (number, line) in (1u32..).zip(source.split('\n')) {
        let mut hidden = line.chars().filter(|c| is_hidden(*c));
        if let Some(first) = hidden.next() {
            let more = match hidden.count() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            marks.warning(
                Some(number),
                format!("hidden character U+{:04X}{more}", u32::from(first)),
            );
        }
    }
}
