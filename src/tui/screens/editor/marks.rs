//! What is wrong with the draft, by line, as the workbench found it when the draft was last saved.

use super::document::Direction;
use crate::workbench::{LintMark, Severity};

/// The marks of a document in the order of its lines.
#[derive(Debug, Clone, Default)]
pub struct Marks(Vec<Mark>);

/// One mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(LintMark);

impl Mark {
    /// Whether no version can be made while it stands.
    pub fn is_error(&self) -> bool {
        self.0.severity == Severity::Error
    }

    /// Its line from 0; the first for a mark of the whole document.
    pub fn line(&self) -> usize {
        self.0
            .line
            .map_or(0, |line| usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX))
    }

    /// Its column from 0, where it has one.
    pub fn column(&self) -> usize {
        self.0.column.map_or(0, |column| {
            usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX)
        })
    }

    /// What is wrong, and what would be right.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl Marks {
    /// The marks of an answer.
    pub fn new(marks: Vec<LintMark>) -> Self {
        let mut marks: Vec<Mark> = marks.into_iter().map(Mark).collect();
        marks.sort_by_key(|mark| (mark.line(), !mark.is_error(), mark.column()));
        Self(marks)
    }

    /// How many errors and how many warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.0.iter().filter(|mark| mark.is_error()).count();
        (errors, self.0.len() - errors)
    }

    /// The first error.
    pub fn first_error(&self) -> Option<&Mark> {
        self.0.iter().find(|mark| mark.is_error())
    }

    /// The worst mark on a line.
    pub fn worst_on(&self, line: usize) -> Option<&Mark> {
        // Errors are sorted before warnings of the same line.
        self.0.iter().find(|mark| mark.line() == line)
    }

    /// The mark to show while the cursor is on a line: one of that line, else the first.
    pub fn near(&self, line: usize) -> Option<&Mark> {
        self.worst_on(line).or(self.0.first())
    }

    /// The first mark behind a place, or the one before it; goes round at the ends.
    pub fn next_from(&self, place: (usize, usize), direction: Direction) -> Option<&Mark> {
        let at = |mark: &&Mark| (mark.line(), mark.column());
        match direction {
            Direction::Forward => self.0.iter().find(|mark| at(mark) > place).or(self.0.first()),
            Direction::Backward => self.0.iter().rev().find(|mark| at(mark) < place).or(self.0.last()),
        }
    }
}

/// Marks of tests: line from 1, whether it is an error, the message.
#[cfg(test)]
pub fn lint_mark(line: u32, is_error: bool, message: &str) -> LintMark {
    LintMark {
        line: Some(line),
        column: None,
        severity: if is_error { Severity::Error } else { Severity::Warning },
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_walked_round_and_errors_come_first_on_their_line() {
        let marks = Marks::new(vec![
            lint_mark(9, false, "unused"),
            lint_mark(4, false, "hidden"),
            lint_mark(4, true, "unknown"),
        ]);
        assert_eq!(marks.counts(), (1, 2));
        assert_eq!(marks.worst_on(3).map(Mark::message), Some("unknown"));
        assert_eq!(marks.worst_on(4), None);
        assert_eq!(marks.near(0).map(Mark::message), Some("unknown"));
        let walk = |place, direction| marks.next_from(place, direction).map(Mark::line);
        assert_eq!(walk((3, 0), Direction::Forward), Some(8));
        assert_eq!(walk((8, 0), Direction::Forward), Some(3), "goes round");
        assert_eq!(walk((3, 0), Direction::Backward), Some(8), "goes round");
        assert_eq!(Marks::default().next_from((0, 0), Direction::Forward), None);
    }
}
