//! Rows of a diff as the lines that are drawn: wrapped to the columns there are, for one or for two sides.

use unicode_segmentation::UnicodeSegmentation;

use super::rows::Row;
use crate::domain::diff::{DiffLine, LineKind};
use crate::text::{Printable, width};
use crate::tui::widgets::diff_view::{self, DiffRow, DiffSegment, Sides};

/// Columns of a pane that its text does not get in the unified form: border, sign, two numbers, `+ `.
const UNIFIED_GUTTER: usize = 2 + 1 + 10 + 3;
/// The same of each side in the split form.
const SIDE_GUTTER: usize = 2 + 1 + 5 + 3;
/// Columns of the brackets around changed words.
const BRACKETS: usize = 2;
/// Fewest columns to wrap to; in less, lines are cut.
const COLUMNS_MIN: usize = 12;

/// Whether long lines go on in the next row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrap {
    /// They do.
    #[default]
    On,
    /// They are cut.
    Off,
}

/// What is drawn, and where each row begins in it.
#[derive(Debug, Default)]
pub struct Laid {
    /// The rows to draw.
    pub rows: Vec<DiffRow>,
    /// The index of the first drawn row of each row.
    pub starts: Vec<usize>,
}

/// Lays rows out for a pane (or two beside each other) of `columns` in all.
pub fn lay(rows: &[Row<'_>], sides: Sides, wrap: Wrap, columns: u16) -> Laid {
    let room = match sides {
        Sides::Unified => usize::from(columns).saturating_sub(UNIFIED_GUTTER),
        Sides::Split => usize::from(columns / 2).saturating_sub(SIDE_GUTTER),
    };
    let room = if wrap == Wrap::Off || room < COLUMNS_MIN {
        usize::MAX
    } else {
        room
    };
    let mut laid = Laid::default();
    for row in rows {
        laid.starts.push(laid.rows.len());
        match row {
            Row::Heading(title) => laid.rows.push(both(heading(title))),
            Row::Setting(change) => {
                let old = change.old.as_deref().unwrap_or("not set");
                let new = change.new.as_deref().unwrap_or("not set");
                lay_setting(&mut laid.rows, &change.name, [old, new], sides, room);
            }
            Row::Lines { left, right } => {
                let left = left.map(|line| wrapped(line, line.old_line, room));
                let right = right.map(|line| wrapped(line, line.new_line, room));
                pair(&mut laid.rows, left.unwrap_or_default(), right.unwrap_or_default());
            }
            Row::Folded(_, count) => laid.rows.push(DiffRow::Folded(*count)),
            Row::Hidden(count) => {
                let characters = if *count == 1 { "character" } else { "characters" };
                laid.rows.push(DiffRow::Remark(Printable::line(&format!(
                    "! {count} hidden {characters} in the line above"
                ))));
            }
            Row::Same => laid.rows.push(both(heading("no difference"))),
        }
    }
    laid
}

/// In the unified form `name  old -> new`, where that fits into one line.
fn lay_setting(rows: &mut Vec<DiffRow>, name: &str, [old, new]: [&str; 2], sides: Sides, room: usize) {
    let shown = |text: &str| width(Printable::line(text).as_str());
    let is_short = shown(name) + shown(old) + shown(new) + 6 <= room;
    let line = |kind, value: &str| wrap_pieces(kind, None, &[(&format!("{name}  {value}"), false)], room);
    match sides {
        Sides::Unified if is_short => {
            let right = diff_line(diff_view::LineKind::Setting, None, segments(&[(new, false)]));
            pair(rows, line(diff_view::LineKind::Setting, old), vec![right]);
        }
        Sides::Unified => {
            let left = line(diff_view::LineKind::Removed, old);
            pair(rows, left, line(diff_view::LineKind::Added, new));
        }
        Sides::Split => {
            let left = line(diff_view::LineKind::Setting, old);
            pair(rows, left, line(diff_view::LineKind::Setting, new));
        }
    }
}

fn heading(title: &str) -> diff_view::DiffLine {
    diff_line(diff_view::LineKind::Heading, None, segments(&[(title, false)]))
}

fn both(line: diff_view::DiffLine) -> DiffRow {
    DiffRow::Lines {
        left: Some(line.clone()),
        right: Some(line),
    }
}

fn pair(rows: &mut Vec<DiffRow>, left: Vec<diff_view::DiffLine>, right: Vec<diff_view::DiffLine>) {
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => break,
            (left, right) => rows.push(DiffRow::Lines { left, right }),
        }
    }
}

fn diff_line(kind: diff_view::LineKind, number: Option<u32>, segments: Vec<DiffSegment>) -> diff_view::DiffLine {
    diff_view::DiffLine { number, kind, segments }
}

fn segments(pieces: &[(&str, bool)]) -> Vec<DiffSegment> {
    pieces
        .iter()
        .map(|(text, changed)| DiffSegment {
            text: Printable::line(text),
            changed: *changed,
        })
        .collect()
}

fn wrapped(line: &DiffLine, number: Option<u32>, room: usize) -> Vec<diff_view::DiffLine> {
    let kind = match line.kind {
        LineKind::Equal => diff_view::LineKind::Equal,
        LineKind::Added => diff_view::LineKind::Added,
        LineKind::Removed => diff_view::LineKind::Removed,
    };
    let pieces: Vec<(&str, bool)> = line.segments.iter().map(|it| (it.text.as_str(), it.changed)).collect();
    wrap_pieces(kind, number, &pieces, room)
}

/// A line in as many lines as it needs, broken behind blanks, inside a word only where that is too long. The first has
/// the number.
fn wrap_pieces(
    kind: diff_view::LineKind,
    number: Option<u32>,
    pieces: &[(&str, bool)],
    room: usize,
) -> Vec<diff_view::DiffLine> {
    let mut lines: Vec<Vec<(String, bool)>> = vec![Vec::new()];
    let mut used = 0;
    for (word, changed) in words(pieces, room) {
        let opens = lines
            .last()
            .and_then(|line| line.last())
            .is_none_or(|(_, before)| *before != changed);
        let brackets = if changed && opens { BRACKETS } else { 0 };
        let word_width = width(Printable::line(word).as_str());
        let is_first = lines.last().is_none_or(Vec::is_empty);
        // Blanks at the end of a line may hang over.
        let needed = width(Printable::line(word.trim_end()).as_str()) + brackets;
        if !is_first && used + needed > room {
            lines.push(Vec::new());
            used = 0;
        }
        used = used.saturating_add(word_width + brackets);
        let Some(line) = lines.last_mut() else { continue };
        match line.last_mut() {
            Some((text, before)) if *before == changed => text.push_str(word),
            _ => line.push((word.to_owned(), changed)),
        }
    }
    let is_partly_changed = pieces.iter().any(|(_, changed)| !changed);
    let last = lines.len() - 1;
    let numbers = std::iter::once(number).chain(std::iter::repeat(None));
    let texts = lines.iter().enumerate().zip(numbers);
    texts
        .map(|((at, line), number)| {
            let mut pieces: Vec<(&str, bool)> = line.iter().map(|(text, changed)| (text.as_str(), *changed)).collect();
            if let Some((text, _)) = pieces.last_mut().filter(|_| at < last) {
                // The break stands for the blanks behind it.
                *text = text.trim_end_matches(' ');
            }
            if is_partly_changed {
                // Brackets are left out of a line that changed as a whole; a part of a line is not one.
                pieces.push(("", false));
            }
            diff_line(kind, number, segments(&pieces))
        })
        .collect()
}

/// The words of all pieces, each with the blanks behind it.
fn words<'a>(pieces: &[(&'a str, bool)], room: usize) -> Vec<(&'a str, bool)> {
    let mut out = Vec::new();
    for (text, changed) in pieces {
        for word in text.split_inclusive(' ') {
            out.extend(parts_of(word, room).into_iter().map(|part| (part, *changed)));
        }
    }
    out
}

/// A word, or as many parts of it as it needs lines of its own.
fn parts_of(word: &str, room: usize) -> Vec<&str> {
    let shown = |text: &str| width(Printable::line(text).as_str());
    if shown(word) <= room {
        return vec![word];
    }
    let (mut parts, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, cluster) in word.grapheme_indices(true) {
        let columns = shown(cluster);
        if used + columns > room && at > start {
            parts.extend(word.get(start..at));
            (start, used) = (at, 0);
        }
        used += columns;
    }
    parts.extend(word.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[diff_view::DiffLine]) -> Vec<String> {
        let text = |line: &diff_view::DiffLine| line.segments.iter().map(|it| it.text.as_str()).collect();
        lines.iter().map(text).collect()
    }

    #[test]
    fn long_lines_go_on_and_lose_nothing() {
        let kind = diff_view::LineKind::Added;
        let pieces = [
            ("Refunds within ", false),
            ("{{days}} days", true),
            (" need no proof", false),
        ];
        let lines = wrap_pieces(kind, Some(4), &pieces, 20);
        assert_eq!(texts(&lines), ["Refunds within", "{{days}} days need", "no proof"]);
        assert_eq!(
            lines.iter().map(|line| line.number).collect::<Vec<_>>(),
            [Some(4), None, None]
        );
        let changed: Vec<bool> = lines[1].segments.iter().map(|segment| segment.changed).collect();
        assert_eq!(changed, [true, false, false]);

        let word = "x".repeat(50);
        let lines = wrap_pieces(kind, None, &[("a ", false), (&word, false)], 20);
        assert_eq!(
            texts(&lines).concat(),
            format!("a{word}"),
            "but for the blank at the break"
        );
        assert!(texts(&lines).iter().all(|line| line.len() <= 20));
        assert_eq!(wrap_pieces(kind, Some(1), &[], 20).len(), 1, "an empty line is a line");
    }

    #[test]
    fn a_setting_takes_one_line_where_it_fits() {
        let mut rows = Vec::new();
        lay_setting(&mut rows, "model.temperature", ["0.7", "0.2"], Sides::Unified, 60);
        assert_eq!(rows.len(), 1);
        let long = "x ".repeat(60);
        let mut rows = Vec::new();
        lay_setting(&mut rows, "model.tools", ["none", &long], Sides::Unified, 60);
        assert!(
            rows.len() > 1
                && matches!(&rows[0], DiffRow::Lines { left: Some(line), .. }
            if line.kind == diff_view::LineKind::Removed)
        );
    }
}
