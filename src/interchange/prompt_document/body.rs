//! The messages of a prompt document.

use crate::domain::prompt::{MessageTemplate, Role};
use crate::text::nearest;

use super::super::mark::Marks;

/// A message with its lines in the document.
pub(super) struct Placed {
    /// `None` where the role line names no role; the fault is marked.
    role: Option<Role>,
    pub(super) text: String,
    /// The first line of `text`.
    pub(super) text_line: u32,
    role_line: u32,
}

impl Placed {
    pub(super) fn into_template(self) -> Option<MessageTemplate> {
        Some(MessageTemplate {
            role: self.role?,
            text: self.text,
        })
    }
}

/// The word of a role line, whether or not it is a role.
pub(super) fn role_word(line: &str) -> Option<&str> {
    let word = line.trim_end().strip_prefix("-- ")?.strip_suffix(" --")?.trim();
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    is_word.then_some(word)
}

/// The line without the backslashes at its start.
pub(super) fn without_backslashes(line: &str) -> &str {
    line.trim_start_matches('\\')
}

pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// Reads the lines below the settings, of which the first is `first_line` of the document.
pub(super) fn read(body: &str, first_line: u32, marks: &mut Marks) -> Vec<Placed> {
    let mut messages: Vec<(Placed, Vec<&str>)> = Vec::new();
    let mut is_stray_marked = false;
    for (number, line) in (first_line..).zip(body.split('\n')) {
        if let Some(word) = role_word(line) {
            let message = Placed {
                role: read_role(word, number, marks),
                text: String::new(),
                text_line: number + 1,
                role_line: number,
            };
            messages.push((message, Vec::new()));
            continue;
        }
        mark_almost_role(line, number, marks);
        match messages.last_mut() {
            Some((_, lines)) => lines.push(unescaped_role_line(line)),
            None if !is_stray_marked && !is_blank(line) => {
                marks.error(
                    Some(number),
                    "text before the first role line: write '-- system --' above it",
                );
                is_stray_marked = true;
            }
            None => {}
        }
    }
    if messages.is_empty() {
        let message = "messages: there is none: begin one with a line '-- system --'";
        marks.error(Some(first_line), message);
    }
    let messages = (1..).zip(messages);
    messages
        .map(|(number, (message, lines))| with_text(message, &lines, number, marks))
        .collect()
}

fn read_role(word: &str, line: u32, marks: &mut Marks) -> Option<Role> {
    let role = word.parse().ok();
    if role.is_none() {
        let words = Role::ALL.map(Role::as_str);
        let near = nearest(&word.to_ascii_lowercase(), &words).map_or_else(
            || format!("use {}", words.join(", ")),
            |near| format!("did you mean '{near}'?"),
        );
        let message = format!("unknown role '{word}': {near} (text of a message is written '\\-- {word} --')");
        marks.error(Some(line), message);
    }
    role
}

/// A line such as `--user--` is text, but hardly meant so.
fn mark_almost_role(line: &str, number: u32, marks: &mut Marks) {
    let word = line.trim().strip_prefix("--").and_then(|rest| rest.strip_suffix("--"));
    let word = word.map(|word| word.trim().to_ascii_lowercase());
    if let Some(role) = word.and_then(|word| word.parse::<Role>().ok()) {
        let message = format!("this is read as text: a role line is written '-- {role} --'");
        marks.warning(Some(number), message);
    }
}

fn unescaped_role_line(line: &str) -> &str {
    match line.strip_prefix('\\') {
        Some(rest) if role_word(without_backslashes(rest)).is_some() => rest,
        _ => line,
    }
}

/// Takes the layout off both ends of the lines.
fn with_text(mut message: Placed, lines: &[&str], number: usize, marks: &mut Marks) -> Placed {
    let above = lines.iter().take_while(|line| is_blank(line)).count();
    let below = lines.iter().rev().take_while(|line| is_blank(line)).count();
    let mut lines = lines.get(above..lines.len() - below).unwrap_or_default().to_vec();
    let end = lines.len().saturating_sub(1);
    for (index, line) in lines.iter_mut().enumerate() {
        if (index == 0 || index == end)
            && let Some(rest) = line.strip_prefix('\\')
            && is_blank(without_backslashes(rest))
        {
            *line = rest;
        }
    }
    message.text = lines.join("\n");
    message.text_line += u32::try_from(above).unwrap_or(u32::MAX);
    let name = message.role.map_or("unknown role", Role::as_str);
    let place = format!("message {number} ({name})");
    if is_blank(&message.text) {
        marks.error(Some(message.role_line), format!("{place}: it is empty"));
    }
    marks.place(place, "", Some(message.role_line));
    message
}
