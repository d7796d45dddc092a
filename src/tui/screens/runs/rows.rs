//! A run as a row of the list.

use ratatui::layout::Rect;

use crate::domain::run::RunState;
use crate::text::cut_start;
use crate::tui::layout::WidthClass;
use crate::tui::screens::Context;
use crate::tui::screens::figures::{short_label, verdict_sign, verdict_style, verdict_word};
use crate::tui::theme::Theme;
use crate::tui::widgets::gauge::percent;
use crate::tui::widgets::table::{Column, TableCell};
use crate::workbench::RunSummary;

/// Columns of the subject beside the run, so that its version stays in view.
const SUBJECT_COLUMNS: u16 = 18;
/// Columns of a run's state or gate in the whole list.
const STATE_COLUMNS: u16 = 12;
/// Columns of how many failed of those that are saved: `1204/10000`.
const FAILED_COLUMNS: u16 = 10;

/// Columns of the whole list without the dataset: borders, sign, the other columns and the gaps between all.
const OTHER_COLUMNS: u16 = 4 + 4 + SUBJECT_COLUMNS + FAILED_COLUMNS + STATE_COLUMNS + 4;

/// The columns of the list in such an area.
pub(super) fn list_columns(area: Rect, context: &Context) -> Vec<Column> {
    match context.size_class.width {
        WidthClass::Normal => vec![
            Column::number("id", 4),
            Column::fixed("subject", SUBJECT_COLUMNS),
            Column::share("state", 1),
        ],
        WidthClass::Narrow | WidthClass::Wide => vec![
            Column::number("id", 4),
            Column::fixed("subject", SUBJECT_COLUMNS),
            Column::fixed("dataset", dataset_columns(area)),
            Column::number("failed", FAILED_COLUMNS),
            Column::fixed("state", STATE_COLUMNS),
        ],
    }
}

/// What the other columns of the whole list leave to the dataset. Its start is cut, since its label tells more.
pub(super) fn dataset_columns(area: Rect) -> u16 {
    area.width.saturating_sub(OTHER_COLUMNS).max(8)
}

/// Where a run stands in a word: its gate where there is one, how far it is where it runs.
fn standing(summary: &RunSummary, theme: &Theme) -> TableCell {
    match (&summary.verdict, summary.state) {
        (Some((verdict, _)), _) => {
            let caveat = match short_label(summary.run.answers) {
                "" if !summary.caveats.stale.is_empty() => "stale",
                "" if summary.caveats.reused_counts().is_some() => "reused",
                label => label,
            };
            let verdict = Some(*verdict);
            let whole = format!("{} {caveat}", verdict_word(verdict));
            let text = if whole.len() > usize::from(STATE_COLUMNS) {
                format!("{} {caveat}", verdict_sign(verdict))
            } else {
                whole
            };
            TableCell::new(text.trim_end(), verdict_style(verdict, theme))
        }
        (None, RunState::Running) => {
            let share = percent(summary.saved, summary.run.outcome_count());
            TableCell::new(format!("{share}%"), theme.running)
        }
        (None, RunState::Finished | RunState::Decided) => TableCell::new("no gate", theme.dim),
        (None, RunState::Interrupted | RunState::Paused) => TableCell::new(summary.state.as_str(), theme.warn),
        (None, RunState::Cancelled) => TableCell::new("cancelled", theme.dim),
    }
}

/// The cells of a run, for those columns.
pub(super) fn cells(summary: &RunSummary, dataset_columns: u16, context: &Context) -> Vec<TableCell> {
    let run = &summary.run;
    let subject = run.subject.label();
    let mut cells = vec![
        TableCell::plain(run.id.0.to_string()),
        TableCell::plain(cut_start(&subject, usize::from(SUBJECT_COLUMNS))),
    ];
    if context.size_class.width != WidthClass::Normal {
        cells.extend([
            TableCell::plain(cut_start(&run.dataset.to_string(), usize::from(dataset_columns))),
            TableCell::plain(format!("{}/{}", summary.failed, summary.saved)),
        ]);
    }
    cells.push(standing(summary, context.theme));
    cells
}
