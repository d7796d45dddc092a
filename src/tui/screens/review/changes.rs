//! The change under review as rows of a diff, cut into the changes that a reviewer goes through one by one.

use std::collections::BTreeSet;

use crate::domain::diff::{self, DiffLine, LineKind, PromptDiff, Segment, SettingChange};
use crate::domain::model::ModelConfig;
use crate::domain::prompt::PromptContent;
use crate::text::Printable;
use crate::tui::widgets::diff_view::{self, DiffRow, DiffSegment, Sides};
use crate::workbench::ReviewDetail;

/// Equal lines shown above and below a change.
const CONTEXT_LINES: usize = 3;

/// A diff in rows, and the row at which each change begins.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    pub(super) rows: Vec<DiffRow>,
    starts: Vec<usize>,
}

impl Changes {
    /// The rows of the review's change; a first version is compared with nothing.
    pub(super) fn of(detail: &ReviewDetail, sides: Sides, viewed: &BTreeSet<usize>) -> Self {
        let mut changes = Self::default();
        match &detail.diff {
            Some(view) => changes.push_diff(&view.diff, sides),
            None => changes.push_diff(&against_nothing(&detail.version.content), sides),
        }
        changes.number(viewed);
        changes
    }

    /// How many changes there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len()
    }

    /// The change that a row belongs to: the last one that begins at it or above.
    pub(super) fn at(&self, row: usize) -> Option<usize> {
        self.starts
            .iter()
            .rposition(|start| *start <= row)
            .or((!self.starts.is_empty()).then_some(0))
    }

    /// The row at which a change begins.
    pub(super) fn start(&self, change: usize) -> Option<usize> {
        self.starts.get(change).copied()
    }

    /// The start of the next change below a row.
    pub(super) fn next_below(&self, row: usize) -> Option<usize> {
        self.starts.iter().find(|start| **start > row).copied()
    }

    /// The start of the nearest change above a row.
    pub(super) fn next_above(&self, row: usize) -> Option<usize> {
        self.starts.iter().rev().find(|start| **start < row).copied()
    }

    fn push_diff(&mut self, diff: &PromptDiff, sides: Sides) {
        if !diff.settings.is_empty() {
            self.push_heading("settings");
            self.begin_change();
            self.rows
                .extend(diff.settings.iter().map(|change| setting(change, sides)));
        }
        if diff.schema_lines.iter().any(is_changed) {
            self.push_heading("response schema");
            self.push_lines(&diff.schema_lines);
        }
        for message in &diff.messages {
            self.push_heading(message.role.as_str());
            self.push_lines(&message.lines);
        }
    }

    fn push_heading(&mut self, title: &str) {
        let heading = diff_view::DiffLine {
            number: None,
            kind: diff_view::LineKind::Heading,
            segments: vec![segment(&format!("{title} --"), false)],
        };
        self.rows.push(DiffRow::Lines {
            left: Some(heading.clone()),
            right: Some(heading),
        });
    }

    /// Leaves a row for the remark that [`Changes::number`] writes once it knows how many there are.
    fn begin_change(&mut self) {
        self.starts.push(self.rows.len());
        self.rows.push(DiffRow::Remark(Printable::default()));
    }

    fn push_lines(&mut self, lines: &[DiffLine]) {
        let mut rest = lines;
        let mut is_first = true;
        while !rest.is_empty() {
            let equal = rest.iter().take_while(|line| !is_changed(line)).count();
            let (before, after) = rest.split_at(equal);
            self.push_equal(before, !is_first, !after.is_empty());
            is_first = false;
            let changed = after.iter().take_while(|line| is_changed(line)).count();
            let (block, behind) = after.split_at(changed);
            if !block.is_empty() {
                self.begin_change();
                self.push_block(block);
            }
            rest = behind;
        }
    }

    /// Equal lines, folded but for those beside a change.
    fn push_equal(&mut self, lines: &[DiffLine], is_below_change: bool, is_above_change: bool) {
        let head = if is_below_change { CONTEXT_LINES } else { 0 };
        let tail = if is_above_change { CONTEXT_LINES } else { 0 };
        let folded = lines.len().saturating_sub(head + tail);
        // A fold takes a row itself.
        let folded = if folded > 1 { folded } else { 0 };
        for (at, line) in lines.iter().enumerate() {
            if folded > 0 && at == head {
                self.rows.push(DiffRow::Folded(folded));
            }
            if folded == 0 || at < head || at >= head + folded {
                self.rows.push(DiffRow::Lines {
                    left: Some(numbered(line, line.old_line, diff_view::LineKind::Equal)),
                    right: Some(numbered(line, line.new_line, diff_view::LineKind::Equal)),
                });
            }
        }
    }

    /// Changed lines, removed ones beside the added ones that take their place.
    fn push_block(&mut self, lines: &[DiffLine]) {
        let of = |kind| lines.iter().filter(move |line| line.kind == kind);
        let removed: Vec<_> = of(LineKind::Removed)
            .map(|line| numbered(line, line.old_line, diff_view::LineKind::Removed))
            .collect();
        let added: Vec<_> = of(LineKind::Added)
            .map(|line| numbered(line, line.new_line, diff_view::LineKind::Added))
            .collect();
        let hidden: usize = added
            .iter()
            .flat_map(|line| &line.segments)
            .map(|segment| segment.text.marked())
            .sum();
        for at in 0..removed.len().max(added.len()) {
            self.rows.push(DiffRow::Lines {
                left: removed.get(at).cloned(),
                right: added.get(at).cloned(),
            });
        }
        if hidden > 0 {
            let text = format!("! hidden characters in new lines: {hidden}");
            self.rows.push(DiffRow::Remark(Printable::line(&text)));
        }
    }

    fn number(&mut self, viewed: &BTreeSet<usize>) {
        let total = self.starts.len();
        for (at, start) in self.starts.iter().enumerate() {
            let sign = if viewed.contains(&at) {
                "[x] viewed"
            } else {
                "[ ] not viewed"
            };
            if let Some(row) = self.rows.get_mut(*start) {
                *row = DiffRow::Remark(Printable::line(&format!("change {} of {total}  {sign}", at + 1)));
            }
        }
    }
}

/// A first version beside an empty prompt, so that everything in it is to be viewed.
fn against_nothing(content: &PromptContent) -> PromptDiff {
    let nothing = PromptContent {
        messages: Vec::new(),
        variables: Vec::new(),
        model: ModelConfig::new("", ""),
    };
    diff::diff(&nothing, content)
}

fn is_changed(line: &DiffLine) -> bool {
    line.kind != LineKind::Equal
}

fn segment(text: &str, changed: bool) -> DiffSegment {
    DiffSegment {
        text: Printable::line(text),
        changed,
    }
}

fn numbered(line: &DiffLine, number: Option<u32>, kind: diff_view::LineKind) -> diff_view::DiffLine {
    let segments = line.segments.iter();
    diff_view::DiffLine {
        number,
        kind,
        segments: segments
            .map(|Segment { text, changed }| segment(text, *changed))
            .collect(),
    }
}

/// A setting: one line for both sides where they stand below each other, its name on each where they stand beside.
fn setting(change: &SettingChange, sides: Sides) -> DiffRow {
    let value = |value: &Option<String>| match value.as_deref() {
        None | Some("") => "(not set)".to_owned(),
        Some(value) => value.to_owned(),
    };
    let name = || segment(&format!("{} ", change.name), false);
    let line = |segments| diff_view::DiffLine {
        number: None,
        kind: diff_view::LineKind::Setting,
        segments,
    };
    let left = line(vec![name(), segment(&value(&change.old), true)]);
    let new = segment(&value(&change.new), true);
    let right = match sides {
        Sides::Unified => line(vec![new]),
        Sides::Split => line(vec![name(), new]),
    };
    DiffRow::Lines {
        left: Some(left),
        right: Some(right),
    }
}
