//! The change under review, cut into the changes that a reviewer goes through one by one.

use std::collections::BTreeSet;

use crate::domain::diff::{self, PromptDiff};
use crate::domain::model::ModelConfig;
use crate::domain::prompt::PromptContent;
use crate::text::Printable;
use crate::tui::screens::diff::layout::{Wrap, lay};
use crate::tui::screens::diff::rows::{Row, changes, rows};
use crate::tui::widgets::diff_view::{DiffRow, Sides};
use crate::workbench::ReviewDetail;

/// A diff and the rows at which its changes begin.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    diff: Option<PromptDiff>,
    row_count: usize,
    starts: Vec<usize>,
}

impl Changes {
    /// The review's change; a first version is compared with nothing.
    pub(super) fn of(detail: &ReviewDetail) -> Self {
        let diff = match &detail.diff {
            Some(view) => view.diff.clone(),
            None => against_nothing(&detail.version.content),
        };
        let (row_count, starts) = {
            let rows = rows(&diff, &BTreeSet::new());
            (rows.len(), changes(&rows))
        };
        Self {
            diff: Some(diff),
            row_count,
            starts,
        }
    }

    /// How many changes there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len()
    }

    /// The last row.
    pub(super) fn last_row(&self) -> usize {
        self.row_count.saturating_sub(1)
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

    /// The lines to draw in a pane of `columns`, with a remark above each change that says whether it was viewed, and
    /// where the cursor is among them.
    pub(super) fn drawn(
        &self,
        cursor: usize,
        sides: Sides,
        viewed: &BTreeSet<usize>,
        columns: u16,
    ) -> (Vec<DiffRow>, usize) {
        let Some(diff) = &self.diff else {
            return (Vec::new(), 0);
        };
        let rows: Vec<Row<'_>> = rows(diff, &BTreeSet::new());
        let mut laid = lay(&rows, sides, Wrap::On, columns);
        let mut drawn_cursor = laid.starts.get(cursor).copied().unwrap_or(0);
        // From the last to the first, so that the places of the ones before stay what they are.
        for (change, row) in self.starts.iter().enumerate().rev() {
            let Some(place) = laid.starts.get(*row) else {
                continue;
            };
            laid.rows.insert(*place, self.remark(change, viewed));
            drawn_cursor += usize::from(*row <= cursor);
        }
        (laid.rows, drawn_cursor)
    }

    fn remark(&self, change: usize, viewed: &BTreeSet<usize>) -> DiffRow {
        let state = if viewed.contains(&change) {
            "[x] viewed"
        } else {
            "[ ] not viewed"
        };
        let text = format!("change {} of {}  {state}", change + 1, self.count());
        DiffRow::Remark(Printable::line(&text))
    }
}

/// A first version beside an empty prompt, so that everything in it is to be viewed.
fn against_nothing(content: &PromptContent) -> PromptDiff {
    let nothing = PromptContent {
        messages: Vec::new(),
        variables: Vec::new(),
        model: ModelConfig::new("", ""),
    };
    let mut diff = diff::diff(&nothing, content);
    for change in &mut diff.settings {
        change.old = None;
    }
    diff
}
