//! What is wrong, or suspicious, at a place of a text.

use std::fmt;

/// Whether a mark stops the text from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot be used as it is.
    Error,
    /// It can, but a person should look.
    Warning,
}

/// One finding, for an editor's margin or a list of faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintMark {
    /// The line, counted from 1; `None` where the format does not tell, as in JSON.
    pub line: Option<u32>,
    /// The column in characters, counted from 1, where it is known.
    pub column: Option<u32>,
    /// Whether it stops the text from being used.
    pub severity: Severity,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for LintMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: ")?,
            (Some(line), None) => write!(f, "line {line}: ")?,
            _ => {}
        }
        f.write_str(&self.message)
    }
}

/// Every error of a text, in the order of its lines; at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines())]
pub struct DocumentFaults(pub Vec<LintMark>);

impl DocumentFaults {
    fn lines(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// A place in a text: where a key was read, and what it said.
struct Place {
    path: String,
    value: String,
    line: Option<u32>,
}

/// Collects marks while a text is read, and remembers where each key stood.
#[derive(Default)]
pub(super) struct Marks {
    marks: Vec<LintMark>,
    places: Vec<Place>,
}

impl Marks {
    pub(super) fn push(&mut self, severity: Severity, line: Option<u32>, message: impl Into<String>) {
        self.marks.push(LintMark {
            line,
            column: None,
            severity,
            message: message.into(),
        });
    }

    pub(super) fn error(&mut self, line: Option<u32>, message: impl Into<String>) {
        self.push(Severity::Error, line, message);
    }

    pub(super) fn warning(&mut self, line: Option<u32>, message: impl Into<String>) {
        self.push(Severity::Warning, line, message);
    }

    pub(super) fn error_at(&mut self, line: u32, column: Option<u32>, message: impl Into<String>) {
        self.marks.push(LintMark {
            line: Some(line),
            column,
            severity: Severity::Error,
            message: message.into(),
        });
    }

    /// Remembers where `path` stood; `value` tells entries of a list apart.
    pub(super) fn place(&mut self, path: String, value: impl Into<String>, line: Option<u32>) {
        self.places.push(Place {
            path,
            value: value.into(),
            line,
        });
    }

    /// The line on which `path` said `value`.
    pub(super) fn line_of(&self, path: &str, value: &str) -> Option<u32> {
        let place = self
            .places
            .iter()
            .find(|place| place.path == path && place.value == value);
        place.and_then(|place| place.line)
    }

    /// Marks a broken rule of the domain at the line where its field stood, unless the reader saw it first.
    pub(super) fn domain_error(&mut self, error: &crate::domain::DomainError) {
        let message = error.to_string();
        if self.marks.iter().any(|mark| mark.message == message) {
            return;
        }
        let (field, why) = message.split_once(": ").unwrap_or((&message, ""));
        let within = |place: &&Place| {
            place
                .path
                .strip_prefix(field)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let named = |place: &&Place| !place.value.is_empty() && why.contains(&format!("'{}'", place.value));
        // The entry that is there twice is the later one.
        let place = self
            .places
            .iter()
            .rev()
            .filter(within)
            .find(named)
            .or_else(|| self.places.iter().find(within));
        let line = place.and_then(|place| place.line);
        self.error(line, message);
    }

    pub(super) fn has_errors(&self) -> bool {
        self.marks.iter().any(|mark| mark.severity == Severity::Error)
    }

    /// All marks by line.
    pub(super) fn into_sorted(mut self) -> Vec<LintMark> {
        self.marks.sort_by_key(|mark| (mark.line, mark.severity, mark.column));
        self.marks
    }

    /// The errors by line, without the warnings.
    pub(super) fn into_faults(self) -> DocumentFaults {
        let mut marks = self.into_sorted();
        marks.retain(|mark| mark.severity == Severity::Error);
        DocumentFaults(marks)
    }
}
