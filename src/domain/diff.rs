//! What changed between two prompt contents, as data.

use super::prompt::Role;

/// Whether a line is in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// In both.
    Equal,
    /// Only in the new.
    Added,
    /// Only in the old.
    Removed,
}
/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its text.
    pub text: String,
    /// Whether it changed.
    pub changed: bool,
}
/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// Kind.
    pub kind: LineKind,
    /// From 1.
    pub old_line: Option<u32>,
    /// From 1.
    pub new_line: Option<u32>,
    /// Text pieces.
    pub segments: Vec<Segment>,
}
/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// Name.
    pub name: String,
    /// Old.
    pub old: Option<String>,
    /// New.
    pub new: Option<String>,
}
/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDiff {
    /// Role.
    pub role: Role,
    /// Lines.
    pub lines: Vec<DiffLine>,
}
/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromptDiff {
    /// Settings that differ.
    pub settings: Vec<SettingChange>,
    /// The response schema's lines; empty where equal.
    pub schema_lines: Vec<DiffLine>,
    /// Messages.
    pub messages: Vec<MessageDiff>,
    /// Added lines.
    pub added_lines: u32,
    /// Removed lines.
    pub removed_lines: u32,
}
