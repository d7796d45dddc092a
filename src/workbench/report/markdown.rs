//! A report as Markdown. What comes from models and data is text there, and no markup: no link, no table, no HTML.

use std::fmt::Write as _;

use super::page::{Block, Cell, Page, line, lines, numbers};

/// Columns of a bar.
const BAR_COLUMNS: usize = 20;
/// Backticks of a code block at least.
const FENCE_MIN: usize = 3;

impl Page {
    /// The report as Markdown (`CommonMark` with tables).
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", escaped(&self.title));
        for block in &self.blocks {
            out.push('\n');
            print(&mut out, block);
        }
        out
    }
}

/// Writing to a String cannot fail.
fn print(out: &mut String, block: &Block) {
    match block {
        Block::Heading(level, text) => {
            let _ = writeln!(out, "{} {}", "#".repeat(usize::from(*level)), escaped(text));
        }
        Block::Paragraph(text) => {
            let _ = writeln!(out, "{}", escaped(text));
        }
        Block::Notice(text) => {
            let _ = writeln!(out, "> **{}**", escaped(text));
        }
        Block::Facts(facts) => {
            let _ = writeln!(out, "| | |\n| --- | --- |");
            for (name, value) in facts {
                let _ = writeln!(out, "| {name} | {} |", escaped(value));
            }
        }
        Block::Table { headings, rows } => {
            let headings: Vec<String> = headings.iter().map(|heading| escaped(heading)).collect();
            let _ = writeln!(
                out,
                "| {} |\n|{}",
                headings.join(" | "),
                " --- |".repeat(headings.len())
            );
            for row in rows {
                let cells: Vec<String> = row.iter().map(cell).collect();
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
        Block::Text { title, text } => {
            let text = lines(text);
            let fence = fence_for(&text);
            let _ = writeln!(out, "{title}:\n\n{fence}text\n{text}\n{fence}");
        }
        Block::Command(command) => {
            let command = lines(command);
            let fence = fence_for(&command);
            let _ = writeln!(out, "{fence}sh\n{command}\n{fence}");
        }
    }
}

/// More backticks than the text has anywhere in a row.
fn fence_for(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(FENCE_MIN.max(longest + 1))
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escaped(text),
        Cell::Bar { value, interval } => bar(*value, *interval),
    }
}

/// `[----=====O==---] 0.31 to 0.80`: the interval as `=`, the value as `O`.
fn bar(value: f64, interval: Option<(f64, f64)>) -> String {
    let at = |share: f64| column(share, BAR_COLUMNS);
    let (low, high) = interval.map_or((at(value), at(value)), |(low, high)| (at(low), at(high)));
    let drawn: String = (0..BAR_COLUMNS)
        .map(|column| match column {
            _ if column == at(value) => 'O',
            _ if (low..=high).contains(&column) => '=',
            _ => '-',
        })
        .collect();
    format!("`[{drawn}]`{}", numbers(interval))
}

/// The column of a share between 0 and 1; the nearest one for others.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share from 0 to 1 of a few columns"
)]
fn column(share: f64, columns: usize) -> usize {
    let last = columns.saturating_sub(1);
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    (share * last as f64).round() as usize
}

/// Text that Markdown takes for nothing else. It never stands at the start of a line that could be a list or a heading.
pub(super) fn escaped(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Inside a word it is no emphasis.
            '_' if is_word(before) && is_word(next) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => out.extend(['\\', c]),
            // What would be made a link of its own.
            ':' if next == Some('/') => out.extend(['\\', c]),
            '.' if ends_with_www(&out) => out.extend(['\\', c]),
            '@' if is_address(rest.clone()) => out.push_str("&#64;"),
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// Whether what follows an `@` may be the end of a mail address.
fn is_address(rest: impl Iterator<Item = char>) -> bool {
    rest.take_while(|c| !c.is_whitespace()).any(|c| c == '.')
}

fn ends_with_www(text: &str) -> bool {
    let start = text.len().saturating_sub(3);
    text.get(start..).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}
