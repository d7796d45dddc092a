//! How releases look at each size.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Pane, PromptRow, Releases};
use crate::domain::promotion::Promotion;
use crate::tui::layout::WidthClass;
use crate::tui::screens::Context;
use crate::tui::screens::panes::{Areas, draw_sentence};
use crate::tui::screens::release_facts::release_title;
use crate::tui::screens::release_history::draw_releases;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};

/// Rows of the list above its detail, borders included, in a terminal of ordinary height.
const LIST_ROWS: u16 = 9;
/// Columns of a version with its promotion: `v13 prod_v8`.
const PLACE_COLUMNS: u16 = 14;

impl Releases {
    /// Which panes are seen, and where.
    pub(super) fn areas(&self, area: Rect, context: &Context) -> Areas<Pane> {
        let class = context.size_class;
        if self.zoomed || (class.width == WidthClass::Narrow && class.short) {
            return vec![(self.focus, area)];
        }
        if class.width == WidthClass::Wide {
            let [left, right] = Layout::horizontal([Constraint::Fill(1); 2]).areas(area);
            let [list, history] = Layout::vertical([Constraint::Fill(1); 2]).areas(left);
            return vec![
                (Pane::Environments, list),
                (Pane::History, history),
                (Pane::Detail, right),
            ];
        }
        let rows = if class.width == WidthClass::Narrow {
            LIST_ROWS - 2
        } else {
            LIST_ROWS
        };
        let [list, detail] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
        vec![(Pane::Environments, list), (Pane::Detail, detail)]
    }

    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, context: &Context) {
        for (pane, area) in self.areas(area, context) {
            match pane {
                Pane::Environments => self.draw_environments(frame, area, context),
                Pane::Detail => self.draw_detail(frame, area, context),
                Pane::History => self.draw_history(frame, area, context),
            }
        }
    }

    fn draw_environments(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let inner = Panel::new("Environments")
            .note(self.rows.total().to_string())
            .focused(self.focus == Pane::Environments)
            .draw(frame, area, theme);
        if let Some(text) = self.all.absence() {
            return draw_sentence(frame, inner, &text, theme.dim);
        }
        let line = u16::from(self.finder.is_shown());
        let [table, find] = Layout::vertical([Constraint::Fill(1), Constraint::Length(line)]).areas(inner);
        let columns = [
            Column::share("prompt", 1),
            Column::fixed("staging", PLACE_COLUMNS),
            Column::fixed("production", PLACE_COLUMNS),
            Column::number("since", 6),
            Column::fixed("approved", 17),
        ];
        let cells = |row: &PromptRow| {
            let row = &row.0;
            let production = row.production.as_ref().map(|release| &release.promotion);
            let waits = row
                .approved
                .map(|(review, environment)| format!("{review} {}", environment.short()));
            let live = if row.stale.is_empty() {
                TableCell::plain(place_text(production))
            } else {
                TableCell::new(format!("! {}", place_text(production)), theme.warn)
            };
            vec![
                TableCell::plain(row.prompt.as_str()),
                TableCell::plain(place_text(row.staging.as_ref())),
                live,
                TableCell::plain(production.map_or(String::new(), |live| live.promoted_at.ago_text(context.now))),
                TableCell::new(waits.unwrap_or_default(), theme.focus),
            ]
        };
        let empty = if self.finder.is_shown() {
            "No prompt of that name. esc shows all."
        } else {
            "No prompt yet. a on Prompts makes one."
        };
        Table::new(&columns)
            .focus(Focus::when(self.focus == Pane::Environments))
            .empty(empty)
            .draw(frame, table, theme, &self.rows, cells);
        self.finder.draw(frame, find, context);
    }

    fn draw_detail(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let title = match (self.selected(), self.live()) {
            (_, Some(live)) => release_title(live),
            (Some(row), None) => match &row.staging {
                Some(staging) => format!("{} = {}", staging.id, staging.version),
                None => row.prompt.to_string(),
            },
            (None, None) => "Release".into(),
        };
        let inner = Panel::new(title)
            .focused(self.focus == Pane::Detail)
            .draw(frame, area, context.theme);
        let text = self.detail_text(context.now);
        self.detail.draw(frame, inner, context.theme, &text, context.theme.text);
    }

    fn draw_history(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let prompt = self.selected().map(|row| &row.prompt);
        let title = prompt.map_or("History".into(), |prompt| format!("History of {prompt}"));
        let inner = Panel::new(title)
            .focused(self.focus == Pane::History)
            .draw(frame, area, theme);
        if self.history.ready() != prompt {
            return draw_sentence(frame, inner, "H shows its releases.", theme.dim);
        }
        let focus = Focus::when(self.focus == Pane::History);
        draw_releases(frame, inner, context, &self.earlier, focus);
    }
}

/// A version and the promotion that put it there: `v13 prod_v8`.
fn place_text(promotion: Option<&Promotion>) -> String {
    promotion.map_or("--".into(), |promotion| {
        let id = &promotion.id;
        format!(
            "v{} {}_v{}",
            promotion.version.number,
            id.environment.short(),
            id.number
        )
    })
}
