//! The rows of a diff: settings first, then the schema, then the messages; equal stretches folded.

use std::collections::BTreeSet;

use crate::domain::diff::{DiffLine, LineKind, PromptDiff, SettingChange};
use crate::text::Printable;

/// Equal lines that stay beside a change.
const CONTEXT_LINES: usize = 2;
/// Fewer equal lines than this are not worth a fold.
const FOLD_LINES_MIN: usize = 3;

/// Names a fold for as long as the diff is shown: its part, and its first line there.
pub type FoldId = (usize, usize);

/// One row, before it is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row<'a> {
    /// The name of what follows.
    Heading(&'a str),
    /// A setting that differs.
    Setting(&'a SettingChange),
    /// Lines of both sides, or of one.
    Lines {
        /// The older side.
        left: Option<&'a DiffLine>,
        /// The newer side.
        right: Option<&'a DiffLine>,
    },
    /// That many equal lines.
    Folded(FoldId, usize),
    /// That many hidden characters stand in the row above.
    Hidden(usize),
    /// There is no difference.
    Same,
}

impl Row<'_> {
    /// Whether something differs here.
    pub fn is_change(&self) -> bool {
        match self {
            Row::Setting(_) => true,
            Row::Lines { left, right } => [left, right]
                .into_iter()
                .flatten()
                .any(|line| line.kind != LineKind::Equal),
            Row::Heading(_) | Row::Folded(..) | Row::Hidden(_) | Row::Same => false,
        }
    }
}

/// Hidden characters on the new side, folded or not.
pub fn hidden_count(diff: &PromptDiff) -> usize {
    let lines = parts(diff).flat_map(|(_, lines)| lines);
    lines.filter(|line| line.kind != LineKind::Removed).map(hidden).sum()
}

/// All rows in order.
pub fn rows<'a>(diff: &'a PromptDiff, expanded: &BTreeSet<FoldId>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    if !diff.settings.is_empty() {
        rows.push(Row::Heading("settings"));
        rows.extend(diff.settings.iter().map(Row::Setting));
    }
    for (part, (title, lines)) in parts(diff).enumerate() {
        rows.push(Row::Heading(title));
        push_lines(&mut rows, part, lines, expanded);
    }
    let has_change = rows.iter().any(Row::is_change);
    if !has_change {
        rows.insert(0, Row::Same);
    }
    rows
}

/// The first row of each change: a setting, or a run of changed lines.
pub fn changes(rows: &[Row<'_>]) -> Vec<usize> {
    let mut changes = Vec::new();
    let mut in_run = false;
    for (at, row) in rows.iter().enumerate() {
        let is_setting = matches!(row, Row::Setting(_));
        // A remark about a line belongs to its run.
        let goes_on = matches!(row, Row::Hidden(_)) && in_run;
        if is_setting || (row.is_change() && !in_run) {
            changes.push(at);
        }
        in_run = !is_setting && (row.is_change() || goes_on);
    }
    changes
}

fn parts(diff: &PromptDiff) -> impl Iterator<Item = (&str, &[DiffLine])> {
    let changed = |lines: &&[DiffLine]| lines.iter().any(|line| line.kind != LineKind::Equal);
    let schema = Some(diff.schema_lines.as_slice()).filter(changed);
    let messages = diff
        .messages
        .iter()
        .map(|message| (message.role.as_str(), message.lines.as_slice()));
    schema
        .into_iter()
        .map(|lines| ("response schema", lines))
        .chain(messages)
}

fn push_lines<'a>(rows: &mut Vec<Row<'a>>, part: usize, lines: &'a [DiffLine], expanded: &BTreeSet<FoldId>) {
    let mut at = 0;
    for run in lines.chunk_by(|a, b| (a.kind == LineKind::Equal) == (b.kind == LineKind::Equal)) {
        if run.first().is_some_and(|line| line.kind == LineKind::Equal) {
            let before = if at == 0 { 0 } else { CONTEXT_LINES };
            let behind = if at + run.len() == lines.len() {
                0
            } else {
                CONTEXT_LINES
            };
            push_equal(rows, (part, at), run, [before, behind], expanded);
        } else {
            push_changed(rows, run);
        }
        at += run.len();
    }
}

/// Equal lines, folded but for those beside a change. A line with a hidden character is never folded away.
fn push_equal<'a>(
    rows: &mut Vec<Row<'a>>,
    (part, from): FoldId,
    run: &'a [DiffLine],
    [before, behind]: [usize; 2],
    expanded: &BTreeSet<FoldId>,
) {
    let is_kept = |at: usize, line: &DiffLine| at < before || at + behind >= run.len() || hidden(line) > 0;
    let mut at = 0;
    while at < run.len() {
        let rest = run.get(at..).unwrap_or_default();
        let loose = rest
            .iter()
            .enumerate()
            .take_while(|(ahead, line)| !is_kept(at + ahead, line));
        let count = loose.count();
        let id = (part, from + at);
        if count >= FOLD_LINES_MIN && !expanded.contains(&id) {
            rows.push(Row::Folded(id, count));
            at += count;
            continue;
        }
        let shown = count.max(1);
        for line in rest.iter().take(shown) {
            push_row(rows, Some(line), Some(line));
        }
        at += shown;
    }
}

fn push_changed<'a>(rows: &mut Vec<Row<'a>>, run: &'a [DiffLine]) {
    let of = |kind| run.iter().filter(move |line| line.kind == kind);
    let (mut removed, mut added) = (of(LineKind::Removed), of(LineKind::Added));
    loop {
        match (removed.next(), added.next()) {
            (None, None) => break,
            (left, right) => push_row(rows, left, right),
        }
    }
}

fn push_row<'a>(rows: &mut Vec<Row<'a>>, left: Option<&'a DiffLine>, right: Option<&'a DiffLine>) {
    rows.push(Row::Lines { left, right });
    let hidden = right.or(left).map_or(0, hidden);
    if hidden > 0 {
        rows.push(Row::Hidden(hidden));
    }
}

fn hidden(line: &DiffLine) -> usize {
    line.segments
        .iter()
        .map(|segment| Printable::line(&segment.text).marked())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{line, prompt_diff};
    use super::*;
    use crate::domain::diff::MessageDiff;
    use crate::domain::prompt::Role;

    fn shapes(rows: &[Row<'_>]) -> Vec<String> {
        let shape = |row: &Row<'_>| match row {
            Row::Heading(title) => format!("-- {title}"),
            Row::Setting(change) => format!("~ {}", change.name),
            Row::Lines { left, right } => format!(
                "{} {}",
                left.map_or("-".into(), |line| line.old_line.unwrap_or(0).to_string()),
                right.map_or("-".into(), |line| line.new_line.unwrap_or(0).to_string())
            ),
            Row::Folded(id, count) => format!("fold {id:?} {count}"),
            Row::Hidden(count) => format!("hidden {count}"),
            Row::Same => "same".into(),
        };
        rows.iter().map(shape).collect()
    }

    #[test]
    fn settings_come_first_and_equal_lines_are_folded() {
        let diff = prompt_diff();
        let rows = rows(&diff, &BTreeSet::new());
        assert_eq!(
            shapes(&rows),
            [
                "-- settings",
                "~ model.temperature",
                "-- system",
                "fold (0, 0) 5",
                "6 6",
                "7 7",
                "8 8",
                "- 9",
                "hidden 1",
                "9 10",
                "10 11",
                "fold (0, 12) 9",
                "-- user",
                "1 1"
            ]
        );
        assert_eq!(changes(&rows), [1, 6]);
        assert_eq!(hidden_count(&diff), 1);
    }

    #[test]
    fn an_expanded_fold_shows_every_line_once() {
        let diff = prompt_diff();
        let rows = rows(&diff, &BTreeSet::from([(0, 0), (0, 12)]));
        let lines = rows.iter().filter(|row| matches!(row, Row::Lines { .. })).count();
        assert_eq!(lines, 7 + 2 + 11 + 1);
        assert!(!rows.iter().any(|row| matches!(row, Row::Folded(..))));
    }

    #[test]
    fn a_hidden_character_is_never_folded_away() {
        let mut lines: Vec<DiffLine> = (1..=20).map(|n| line(LineKind::Equal, n, n, "same")).collect();
        lines[9] = line(LineKind::Equal, 10, 10, "a\u{202e}b");
        let diff = PromptDiff {
            messages: vec![MessageDiff {
                role: Role::User,
                lines,
            }],
            settings: Vec::new(),
            schema_lines: Vec::new(),
        };
        let shown = shapes(&rows(&diff, &BTreeSet::new()));
        assert_eq!(
            shown,
            [
                "same",
                "-- user",
                "fold (0, 0) 9",
                "10 10",
                "hidden 1",
                "fold (0, 10) 10"
            ]
        );
    }
}
