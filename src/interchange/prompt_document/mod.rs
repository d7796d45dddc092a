//! The prompt document: the one text form of a prompt, for drafts, editors, import and export. Settings in TOML between
//! two `+++` lines, then each message under a line such as `-- system --`.
//!
//! The text of a message is the lines below its role line. Blank lines at its two ends are layout and do not count; one
//! that does count is written as a backslash. A line that only looks like a role line gets a backslash in front too:
//! `\-- user --`. Lines end with `\n`; `\r\n` is read as that. [`parse()`] of [`print()`] gives the same content.

mod body;
mod check;
mod print;
mod settings;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::mark::{DocumentFaults, LintMark, Marks};
use super::table::{Table, parse_toml};
use crate::domain::prompt::PromptContent;

pub use self::check::used_variables;
pub use self::print::print;

/// The line around the settings.
const FENCE: &str = "+++";

/// Reads a document; the error names every fault with its line.
pub fn parse(source: &str) -> Result<PromptContent, DocumentFaults> {
    let mut marks = Marks::default();
    match read(source, &mut marks) {
        Some(content) if !marks.has_errors() => Ok(content),
        _ => Err(marks.into_faults()),
    }
}

/// Every error and warning of a document, by line.
pub fn lint(source: &str) -> Vec<LintMark> {
    let mut marks = Marks::default();
    read(source, &mut marks);
    marks.into_sorted()
}

/// A document to begin a new prompt with; it parses.
pub fn blank(prompt_name: &str) -> String {
    format!(
        r#"{FENCE}
[model]
provider = "simulated"
name = "triage-sim-1"
temperature = 0.0
max_output_tokens = 400

[[variables]]
name = "input"
description = "what {prompt_name} is asked"
{FENCE}
-- system --
You answer in one short paragraph.

-- user --
{{{{ input }}}}
"#
    )
}

/// The document cut at its fences.
struct Parts<'s> {
    settings: &'s str,
    /// The line on which the settings begin.
    settings_line: u32,
    /// Lines below the settings.
    body: &'s str,
    /// The line on which the body begins.
    body_line: u32,
}

fn read(source: &str, marks: &mut Marks) -> Option<PromptContent> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let source: Cow<'_, str> = if source.contains("\r\n") {
        source.replace("\r\n", "\n").into()
    } else {
        source.into()
    };
    check::mark_hidden_characters(&source, marks);
    let parts = split(&source, marks)?;
    let settings = parse_toml(parts.settings, parts.settings_line, marks).map(|entries| {
        let root = Table::new("", Some(parts.settings_line), &entries);
        settings::read(root, marks)
    });
    let messages = body::read(parts.body, parts.body_line, marks);
    let declared = settings.as_ref().map(|(_, variables)| variables.as_slice());
    check::mark_templates(&messages, declared, marks);
    let (model, variables) = settings?;
    let model = model?;
    if let Err(error) = model.check() {
        marks.domain_error(&error);
    }
    let content = PromptContent {
        messages: messages.into_iter().filter_map(body::Placed::into_template).collect(),
        variables,
        model,
    };
    if let Err(error) = content.check() {
        marks.domain_error(&error);
    }
    Some(content)
}

fn split<'s>(source: &'s str, marks: &mut Marks) -> Option<Parts<'s>> {
    let mut offset = 0;
    let mut settings: Option<(usize, u32)> = None;
    for (number, line) in (1u32..).zip(source.split_inclusive('\n')) {
        let is_fence = line.trim_end() == FENCE;
        let end = offset + line.len();
        match settings {
            None if is_fence => settings = Some((end, number + 1)),
            None if line.trim().is_empty() => {}
            None => {
                let message = format!("the settings are missing: begin the document with a line '{FENCE}'");
                marks.error(Some(number), message);
                return None;
            }
            Some((start, settings_line)) if is_fence => {
                return Some(Parts {
                    settings: source.get(start..offset)?,
                    settings_line,
                    body: source.get(end..)?,
                    body_line: number + 1,
                });
            }
            Some(_) => {}
        }
        offset = end;
    }
    let message = match settings {
        None => format!("the document is empty: begin it with a line '{FENCE}'"),
        Some(_) => format!("the settings do not end: a second line '{FENCE}' is missing"),
    };
    marks.error(Some(settings.map_or(1, |(_, line)| line - 1)), message);
    None
}
