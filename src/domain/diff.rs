//! What changed between two prompt contents, as data: no colours, no layout.

mod blame;
mod hunks;
mod lines;
mod settings;
mod text;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::model::ResponseFormat;
use super::prompt::{MessageTemplate, PromptContent, Role};

pub use self::blame::{Blame, blame};
pub use self::hunks::{Hunk, Hunks, SettingHunk};
pub use self::lines::{DiffLine, LineKind, Segment, side_by_side};
pub use self::settings::{SettingChange, settings};
pub use self::text::unified_text;

/// What changed between two contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptDiff {
    /// Settings and variables that differ, in the order of the document.
    pub settings: Vec<SettingChange>,
    /// The response schema's lines, where either content has one.
    pub schema_lines: Vec<DiffLine>,
    /// Every message of both, in order.
    pub messages: Vec<MessageDiff>,
}

/// A message of either content, or of both. One that only one has consists of added or of removed lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDiff {
    /// Who speaks in it.
    pub role: Role,
    /// The lines of both, in order.
    pub lines: Vec<DiffLine>,
}

/// How much changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffCounts {
    /// Lines of messages and schema that only the new content has.
    pub added_lines: usize,
    /// Lines of messages and schema that only the old content has.
    pub removed_lines: usize,
    /// Settings and variables that differ.
    pub settings: usize,
}

impl PromptDiff {
    /// How much changed.
    pub fn counts(&self) -> DiffCounts {
        let lines = || {
            self.messages
                .iter()
                .flat_map(|message| &message.lines)
                .chain(&self.schema_lines)
        };
        DiffCounts {
            added_lines: lines().filter(|line| line.kind == LineKind::Added).count(),
            removed_lines: lines().filter(|line| line.kind == LineKind::Removed).count(),
            settings: self.settings.len(),
        }
    }

    /// Whether both contents say the same.
    pub fn is_empty(&self) -> bool {
        self.counts() == DiffCounts::default()
    }
}

/// Compares two contents.
pub fn diff(old: &PromptContent, new: &PromptContent) -> PromptDiff {
    PromptDiff {
        settings: self::settings::changes(old, new),
        schema_lines: lines::diff(schema(old), schema(new)),
        messages: messages(&old.messages, &new.messages),
    }
}

fn schema(content: &PromptContent) -> Option<&str> {
    match &content.model.response_format {
        ResponseFormat::JsonSchema(schema) => Some(schema.schema.as_str()),
        _ => None,
    }
}

/// Pairs equal messages first; between those, messages of the same role in order.
fn messages(old: &[MessageTemplate], new: &[MessageTemplate]) -> Vec<MessageDiff> {
    let key = |message: &MessageTemplate| (message.role.as_str(), message.text.clone());
    let (old_keys, new_keys): (Vec<_>, Vec<_>) = (old.iter().map(key).collect(), new.iter().map(key).collect());
    let ops = capture_diff_slices(Algorithm::Myers, &old_keys, &new_keys);
    let mut diffs = Vec::new();
    for op in merged(&ops) {
        match op {
            Part::Equal(range) => diffs.extend(new.get(range).unwrap_or_default().iter().map(|message| {
                let text = Some(message.text.as_str());
                message_diff(message.role, text, text)
            })),
            Part::Changed(old_range, new_range) => {
                let old = old.get(old_range).unwrap_or_default();
                let new = new.get(new_range).unwrap_or_default();
                diffs.extend(by_role(old, new));
            }
        }
    }
    diffs
}

/// Neighbouring messages: the same in both, or not.
enum Part {
    Equal(std::ops::Range<usize>),
    Changed(std::ops::Range<usize>, std::ops::Range<usize>),
}

/// Joins what was removed with what was added beside it, so that the two can be paired.
fn merged(ops: &[DiffOp]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for op in ops {
        match (op, parts.last_mut()) {
            (DiffOp::Equal { .. }, _) => parts.push(Part::Equal(op.new_range())),
            (_, Some(Part::Changed(old, new))) => {
                old.end = op.old_range().end.max(old.end);
                new.end = op.new_range().end.max(new.end);
            }
            _ => parts.push(Part::Changed(op.old_range(), op.new_range())),
        }
    }
    parts
}

fn by_role(old: &[MessageTemplate], new: &[MessageTemplate]) -> Vec<MessageDiff> {
    let roles = |messages: &[MessageTemplate]| messages.iter().map(|message| message.role).collect::<Vec<_>>();
    let removed = |message: &MessageTemplate| message_diff(message.role, Some(&message.text), None);
    let added = |message: &MessageTemplate| message_diff(message.role, None, Some(&message.text));
    let mut diffs = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &roles(old), &roles(new)) {
        let old = old.get(op.old_range()).unwrap_or_default();
        let new = new.get(op.new_range()).unwrap_or_default();
        if matches!(op, DiffOp::Equal { .. }) {
            let pairs = old.iter().zip(new);
            diffs.extend(pairs.map(|(old, new)| message_diff(new.role, Some(&old.text), Some(&new.text))));
        } else {
            diffs.extend(old.iter().map(removed));
            diffs.extend(new.iter().map(added));
        }
    }
    diffs
}

fn message_diff(role: Role, old: Option<&str>, new: Option<&str>) -> MessageDiff {
    let lines = lines::diff(old, new);
    MessageDiff { role, lines }
}

#[cfg(test)]
mod tests;
