//! The one place that writes to standard output and standard error.
//!
//! Text for people goes through the sanitizer, so nothing in a ticket or an answer acts on a terminal. JSON keeps every
//! character's value, with those that would act written as escapes.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};

use serde_json::{Value, json};

use super::exit::{CliError, Exit, Failure};
use crate::host::caller::Streams;
use crate::text::{Printable, pad, width};
use crate::workbench::Advance;

/// Columns between the columns of a table.
const GAP: &str = "  ";

/// What a command prints on success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Tables and sentences.
    Plain,
    /// One JSON document.
    Json,
}

/// What a command has to say: the same facts for people and for machines.
#[derive(Debug)]
pub struct Reply {
    /// For machines.
    pub document: Value,
    /// For people.
    pub text: Plain,
    /// How the process ends where nothing failed.
    pub exit: Exit,
    /// What is wrong in spite of the answer.
    pub failure: Option<Failure>,
}

impl Reply {
    /// An answer of a command that did what was asked.
    pub fn done(document: Value, text: Plain) -> Self {
        Self {
            document,
            text,
            exit: Exit::Done,
            failure: None,
        }
    }
}

/// Text for people, harmless from the moment it is added.
#[derive(Debug, Default)]
pub struct Plain(String);

impl Plain {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One sentence.
    pub fn of(text: impl Display) -> Self {
        Self::new().line(text)
    }

    /// Adds a line.
    #[must_use]
    pub fn line(mut self, text: impl Display) -> Self {
        self.push_line(Printable::line(&text.to_string()).as_str());
        self
    }

    /// Adds an empty line.
    #[must_use]
    pub fn blank(mut self) -> Self {
        self.0.push('\n');
        self
    }

    /// Adds text of several lines.
    #[must_use]
    pub fn block(mut self, text: &str) -> Self {
        let printable = Printable::block(text);
        self.push_line(printable.as_str().trim_end_matches('\n'));
        self
    }

    /// Adds names with their values, the values under each other.
    #[must_use]
    pub fn fields<'n>(mut self, fields: impl IntoIterator<Item = (&'n str, String)>) -> Self {
        let fields: Vec<(&str, String)> = fields.into_iter().collect();
        let columns = fields.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        for (name, value) in fields {
            let value = Printable::line(&value);
            self.push_line(&format!("{}{GAP}{value}", pad(name, columns)));
        }
        self
    }

    /// Adds a table, or a sentence where it has no rows.
    #[must_use]
    pub fn table(mut self, table: &Table, or_else: &str) -> Self {
        if table.rows.is_empty() {
            return self.line(or_else);
        }
        let columns = table.columns();
        let headings = table.headings.iter().cloned();
        self.push_cells(headings, &columns);
        for row in &table.rows {
            self.push_cells(row.iter().cloned(), &columns);
        }
        self
    }

    fn push_cells(&mut self, cells: impl Iterator<Item = String>, columns: &[usize]) {
        let padded: Vec<String> = cells.zip(columns).map(|(cell, columns)| pad(&cell, *columns)).collect();
        self.push_line(&padded.join(GAP));
    }

    fn push_line(&mut self, harmless: &str) {
        self.0.push_str(harmless.trim_end_matches(' '));
        self.0.push('\n');
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Rows under headings.
#[derive(Debug)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(headings: [&'static str; N]) -> Self {
        Self {
            headings: headings.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    /// Counts of pairs: a row and a column for each class, and a text in the corner.
    pub fn square(corner: &str, classes: &[String], counts: &[Vec<u64>]) -> Self {
        let mut table = Self::with_columns(std::iter::once(corner.to_owned()).chain(classes.iter().cloned()));
        for (class, counts) in classes.iter().zip(counts) {
            table.row_of(std::iter::once(class.clone()).chain(counts.iter().map(u64::to_string)));
        }
        table
    }

    /// A table with a column for each of these, which come from data.
    pub fn with_columns(headings: impl IntoIterator<Item = String>) -> Self {
        let harmless = |heading: String| Printable::line(&heading).as_str().to_owned();
        Self {
            headings: headings.into_iter().map(harmless).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, one cell for each heading.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.row_of(cells);
    }

    /// Adds a row of a table whose columns come from data.
    pub fn row_of(&mut self, cells: impl IntoIterator<Item = String>) {
        let harmless = |cell: String| Printable::line(&cell).as_str().to_owned();
        self.rows.push(cells.into_iter().map(harmless).collect());
    }

    /// How wide each column is.
    fn columns(&self) -> Vec<usize> {
        let widest = |(index, heading): (usize, &String)| {
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            cells.map(|cell| width(cell)).fold(width(heading), usize::max)
        };
        self.headings.iter().enumerate().map(widest).collect()
    }
}

/// What stands in a cell that has no value.
pub const NO_VALUE: &str = "-";

/// The value as text, or the sign for none.
pub fn or_none<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| NO_VALUE.to_owned(), |value| value.to_string())
}

/// A number with its noun, as in `1 grader` and `2 graders`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Standard output and standard error of whoever gave the command.
pub struct Out {
    streams: Streams,
    format: Format,
    /// Columns of the progress line that stands on the terminal.
    progress_columns: usize,
}

impl Out {
    /// Output in a format to whoever gave the command.
    pub fn new(format: Format, streams: Streams) -> Self {
        Self {
            streams,
            format,
            progress_columns: 0,
        }
    }

    /// Whether people or machines read.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Prints an answer and, after it, what is wrong in spite of it.
    pub fn reply(&mut self, reply: &Reply) -> Result<Exit, CliError> {
        match self.format {
            Format::Plain => self.text(&reply.text)?,
            Format::Json if reply.document.is_null() => {}
            Format::Json => self.write_json(&reply.document)?,
        }
        self.streams.stdout.flush()?;
        match &reply.failure {
            Some(failure) => {
                self.failure(failure)?;
                Ok(failure.exit)
            }
            None => Ok(reply.exit),
        }
    }

    /// Whether standard output is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.streams.is_stdout_terminal
    }

    /// Standard output, for what is no text.
    pub fn bytes(&mut self) -> &mut dyn Write {
        &mut *self.streams.stdout
    }

    /// Prints text of an answer that comes in parts.
    pub fn text(&mut self, text: &Plain) -> io::Result<()> {
        self.streams.stdout.write_all(text.as_str().as_bytes())?;
        self.streams.stdout.flush()
    }

    fn write_json(&mut self, document: &Value) -> io::Result<()> {
        let text = serde_json::to_string_pretty(document)?;
        writeln!(self.streams.stdout, "{}", with_escapes(&text))
    }

    /// Prints one JSON document on a line of its own.
    pub fn json_line(&mut self, document: &Value) -> io::Result<()> {
        writeln!(self.streams.stdout, "{}", with_escapes(&document.to_string()))
    }

    /// Prints a file's text as it is, so that it can be stored; on a terminal, harmless.
    fn file_text(&mut self, text: &str) -> io::Result<()> {
        if self.streams.is_stdout_terminal {
            self.streams
                .stdout
                .write_all(Printable::block(text).as_str().as_bytes())?;
        } else {
            self.streams.stdout.write_all(text.as_bytes())?;
        }
        self.streams.stdout.flush()
    }

    /// Prints a file's text, or a document that holds it.
    pub fn file(&mut self, text: &str, document: &Value) -> Result<Exit, CliError> {
        match self.format {
            Format::Plain => self.file_text(text)?,
            Format::Json => self.write_json(document)?,
        }
        Ok(Exit::Done)
    }

    /// Says on standard error what goes on. Nobody depends on it, so a closed standard error stops no work.
    pub fn note(&mut self, text: &str) {
        let _ = self.end_progress();
        let _ = writeln!(self.streams.stderr, "{}", Printable::line(text));
    }

    /// Whether a progress line is drawn over the one before.
    pub fn redraws_progress(&self) -> bool {
        self.streams.is_stderr_terminal
    }

    /// Shows where a run stands: in place on a terminal, else as a note.
    pub fn progress(&mut self, text: &str) {
        if !self.streams.is_stderr_terminal {
            return self.note(text);
        }
        let text = Printable::line(text);
        let columns = width(text.as_str());
        let _ = write!(
            self.streams.stderr,
            "\r{}",
            pad(text.as_str(), columns.max(self.progress_columns))
        );
        let _ = self.streams.stderr.flush();
        self.progress_columns = columns;
    }

    /// Shows how far something long has come.
    pub fn advance(&mut self, Advance { what, done, total }: &Advance) {
        let percent = done.saturating_mul(100) / (*total).max(1);
        self.progress(&format!(
            "{what}: {}% of {} MB",
            percent.min(100),
            total.div_ceil(1 << 20)
        ));
    }

    /// Ends the line of the progress, so that what follows does not stand in it.
    fn end_progress(&mut self) -> io::Result<()> {
        if self.progress_columns > 0 {
            self.progress_columns = 0;
            writeln!(self.streams.stderr)?;
        }
        Ok(())
    }

    /// Says what failed, why, and what to do.
    pub fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        self.end_progress()?;
        let Failure { exit, what, hint } = failure;
        match self.format {
            Format::Plain => {
                let (what, hint) = (Printable::block(what), Printable::line(hint));
                write!(self.streams.stderr, "error: {what}\nhint: {hint}\n")
            }
            Format::Json => {
                let document = json!({ "error": { "kind": exit.kind(), "what": what, "hint": hint } });
                writeln!(self.streams.stderr, "{}", with_escapes(&document.to_string()))
            }
        }
    }

    /// Prints what the argument parser has to say: help, version, or what is wrong with the arguments.
    pub fn arguments(&mut self, error: &clap::Error) -> io::Result<()> {
        let text = Printable::block(&error.render().to_string());
        if !error.use_stderr() {
            self.streams.stdout.write_all(text.as_str().as_bytes())?;
            return self.streams.stdout.flush();
        }
        if self.format == Format::Plain {
            return self.streams.stderr.write_all(text.as_str().as_bytes());
        }
        let what = text.as_str().trim_start_matches("error: ");
        let what = what.split("\n\n").next().unwrap_or(what);
        self.failure(&Failure {
            exit: Exit::Usage,
            what: what.split_whitespace().collect::<Vec<_>>().join(" "),
            hint: "see pegbox --help".into(),
        })
    }
}

/// JSON text with every character that a terminal might act on as `\u` escapes. Such characters stand only inside
/// strings, so the document stays the same.
fn with_escapes(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        let harmless = c == '\n' || matches!(c, ' '..='~') || Printable::line(c.encode_utf8(&mut [0; 4])).marked() == 0;
        if harmless {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_a_terminal() {
        let hostile = "a\u{1b}[31mb\u{9b}2J\u{202e}c\u{7f}";
        let mut table = Table::new(["id", "text"]);
        table.row(["1".into(), hostile.into()]);
        let text = Plain::of(hostile)
            .block(hostile)
            .table(&table, "")
            .fields([("text", hostile.into())]);
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.as_str().chars().any(acts), "{text:?}");

        let document = json!({ "text": hostile, "face": "😀 é" });
        let json = with_escapes(&serde_json::to_string_pretty(&document).unwrap());
        assert!(!json.chars().any(acts), "{json}");
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), document);
    }

    #[test]
    fn one_thing_is_no_plural() {
        assert_eq!(
            [0, 1, 2].map(|count| counted(count, "row")),
            ["0 rows", "1 row", "2 rows"]
        );
    }

    #[test]
    fn tables_are_aligned_by_columns_of_the_terminal() {
        let mut table = Table::new(["id", "name", "state"]);
        table.row(["run_1".into(), "日本".into(), "running".into()]);
        table.row(["run_12".into(), "é".into(), String::new()]);
        let text = Plain::new().table(&table, "none");
        assert_eq!(text.as_str(), "id      name  state\nrun_1   日本  running\nrun_12  é\n");
        assert_eq!(
            Plain::new().table(&Table::new(["id"]), "none yet").as_str(),
            "none yet\n"
        );
    }
}
