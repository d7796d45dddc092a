//! A report as parts that know no format: each printer escapes what it prints, in one place.

use crate::text::Printable;

/// A report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// Its parts, in order.
    pub blocks: Vec<Block>,
}

/// A part.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading of the level 2 or 3.
    Heading(u8, String),
    /// A paragraph.
    Paragraph(String),
    /// A sentence that must not be missed.
    Notice(String),
    /// Names with their values.
    Facts(Vec<(&'static str, String)>),
    /// Rows under headings.
    Table {
        /// The headings.
        headings: Vec<String>,
        /// The rows, a cell for each heading.
        rows: Vec<Vec<Cell>>,
    },
    /// A text of several lines, as it came.
    Text {
        /// What it is.
        title: &'static str,
        /// The text.
        text: String,
    },
    /// A command.
    Command(String),
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// A share between 0 and 1 with its interval, drawn.
    Bar {
        /// The share.
        value: f64,
        /// Its interval.
        interval: Option<(f64, f64)>,
    },
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Page {
    /// Adds a part.
    pub(super) fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// Begins a chapter.
    pub(super) fn chapter(&mut self, title: &str) {
        self.push(Block::Heading(2, title.to_owned()));
    }

    /// Begins a part of a chapter.
    pub(super) fn section(&mut self, title: impl Into<String>) {
        self.push(Block::Heading(3, title.into()));
    }

    /// Adds a paragraph.
    pub(super) fn paragraph(&mut self, text: impl Into<String>) {
        self.push(Block::Paragraph(text.into()));
    }

    /// Adds a table, unless it has no rows.
    pub(super) fn table<const N: usize>(&mut self, headings: [&str; N], rows: Vec<[Cell; N]>) {
        if !rows.is_empty() {
            self.push(Block::Table {
                headings: headings.map(str::to_owned).to_vec(),
                rows: rows.into_iter().map(|row| row.to_vec()).collect(),
            });
        }
    }
}

/// An interval in words, to stand behind its drawing.
pub(super) fn numbers(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(String::new, |(low, high)| format!(" {low:.3} to {high:.3}"))
}

/// A line of text that does nothing: no control, bidi, or invisible character.
pub(super) fn line(text: &str) -> String {
    Printable::line(text).as_str().to_owned()
}

/// Lines of text that do nothing.
pub(super) fn lines(text: &str) -> String {
    Printable::block(text).as_str().to_owned()
}
