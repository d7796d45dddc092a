//! How groups and the case are drawn.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::groups::{GroupRow, Grouping, explanation};
use super::judging::causes_line;
use super::{Failures, Pane};
use crate::text::{Printable, cut};
use crate::tui::command::CommandId;
use crate::tui::layout::{WIDE_FROM, WidthClass};
use crate::tui::screens::figures::source_label;
use crate::tui::screens::lines::facts;
use crate::tui::screens::{Context, run_figures};
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{CaseRow, Listed};

/// Columns of the groups beside the case.
const GROUPS_COLUMNS: u16 = 42;
/// The same on a wide terminal.
const GROUPS_COLUMNS_WIDE: u16 = 62;
/// Columns of an example's id, or of a group's name.
const NAME_COLUMNS: u16 = 13;
/// The same where the names are slices.
const SLICE_COLUMNS: u16 = 24;
/// Columns of the sign that people labelled it.
const LABEL_COLUMNS: u16 = 2;
/// Rows of the reasons, borders included.
const WHY_HEIGHT: u16 = 7;
/// Shares of the view and of what was expected and came: most inputs are short, and the answer is what one looks for.
const VIEW_SHARE: [u16; 2] = [4, 5];

/// Where the panes are; those that are not shown have no place.
pub(super) struct Panes {
    pub(super) strip: Rect,
    areas: [Option<Rect>; Pane::ALL.len()],
}

impl Panes {
    pub(super) fn of(&self, pane: Pane) -> Option<Rect> {
        self.areas.get(pane as usize).copied().flatten()
    }

    fn alone(strip: Rect, pane: Pane, area: Rect) -> Self {
        let areas = Pane::ALL.map(|other| (other == pane).then_some(area));
        Self { strip, areas }
    }
}

pub(super) fn split(area: Rect, zoomed: bool, focus: Pane, context: &Context) -> Panes {
    let [strip, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let narrow = context.size_class.width == WidthClass::Narrow;
    if zoomed || (narrow && focus == Pane::Groups) {
        return Panes::alone(strip, focus, body);
    }
    let groups_columns = match context.size_class.width {
        WidthClass::Narrow => 0,
        WidthClass::Normal => GROUPS_COLUMNS,
        WidthClass::Wide => GROUPS_COLUMNS_WIDE + area.width.saturating_sub(WIDE_FROM) / 4,
    };
    let [groups, case] = Layout::horizontal([Constraint::Length(groups_columns), Constraint::Min(0)]).areas(body);
    let why_height = WHY_HEIGHT.min(case.height / 3);
    let [view_share, middle_share] = VIEW_SHARE;
    let [view, middle, why] = Layout::vertical([
        Constraint::Fill(view_share),
        Constraint::Fill(middle_share),
        Constraint::Length(why_height),
    ])
    .areas(case);
    let [expected, output] = Layout::horizontal([Constraint::Fill(2), Constraint::Fill(3)]).areas(middle);
    Panes {
        strip,
        areas: [
            (!narrow).then_some(groups),
            Some(view),
            Some(expected),
            Some(output),
            Some(why),
        ],
    }
}

fn list_title(listed: Listed) -> &'static str {
    match listed {
        Listed::Failed => "Failures",
        Listed::Passed => "Passed",
        Listed::Sample => "Sample",
        Listed::Labelled => "Labelled",
        Listed::All => "Outcomes",
    }
}

/// What stands in a list without outcomes.
fn nothing(listed: Listed) -> &'static str {
    match listed {
        Listed::Failed => "Nothing failed so far. esc: back.",
        _ => "Nothing is in this list. o: another list.",
    }
}

/// The cells of a group's head, or of an outcome.
fn cells(row: &GroupRow, theme: &Theme) -> Vec<TableCell> {
    match row {
        GroupRow::Head {
            name,
            count,
            new,
            collapsed,
        } => {
            let sign = if *collapsed { '+' } else { '-' };
            let count = match new {
                0 => count.to_string(),
                new => format!("{count} ({new} new)"),
            };
            vec![
                TableCell::new(format!("{sign} {name}"), theme.title),
                TableCell::new(count, theme.title),
            ]
        }
        GroupRow::Case(row) => {
            let is_new = row.passed_before == Some(true);
            vec![
                TableCell::plain(format!("  {}", row.label())),
                TableCell::plain(explanation(&row.line.why)),
                TableCell::new(if is_new { "new" } else { "" }, theme.warn),
                TableCell::new(label_sign(row), theme.key),
                TableCell::new(row_latency(row), theme.dim),
            ]
        }
    }
}

/// How long the answer took, where it was asked for.
fn row_latency(row: &CaseRow) -> String {
    match row.reused_from {
        Some(_) => "reused".into(),
        None => run_figures::latency(row.line.latency_ms),
    }
}

/// Whether people labelled it, and against the graders.
fn label_sign(row: &CaseRow) -> &'static str {
    if row.labels.iter().any(|label| label.is_override) {
        "!="
    } else if row.labels.is_empty() {
        ""
    } else {
        "ok"
    }
}

impl Failures {
    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let focus = self.focus(context);
        let panes = split(area, self.zoomed, focus, context);
        if self.finder.is_shown() {
            self.finder.draw(frame, panes.strip, context);
        } else {
            self.draw_strip(frame, panes.strip, context);
        }
        if let Some(area) = panes.of(Pane::Groups) {
            self.draw_groups(frame, area, focus, context);
        }
        for pane in [Pane::View, Pane::Expected, Pane::Output, Pane::Why] {
            if let Some(area) = panes.of(pane) {
                self.draw_text(frame, area, pane, focus, context);
            }
        }
    }

    fn draw_strip(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let columns = usize::from(area.width.saturating_sub(1));
        let mut parts = vec![format!("{} failures", self.run)];
        if let Some(detail) = &self.detail {
            let totals = &detail.progress.totals;
            parts = vec![
                format!("{} {}", self.run, detail.run.subject.label()),
                format!("{} of {} fail", totals.failed + totals.errored, totals.saved),
            ];
            parts.push(source_label(detail.run.answers).to_owned());
            parts.extend(self.triage.iter().flat_map(causes_line));
        }
        let text = Printable::line(&facts(&parts, columns));
        frame.render_widget(Line::styled(format!(" {}", text.as_str()), context.theme.title), area);
    }

    fn draw_groups(&self, frame: &mut Frame, area: Rect, focus: Pane, context: &Context) {
        let theme = context.theme;
        let next = context.keymap.shown(CommandId::ProblemNext).unwrap_or_default();
        let inner = Panel::new(list_title(self.listed))
            .note(format!("by {}, {next} next", self.groups.grouping.title()))
            .focused(focus == Pane::Groups)
            .draw(frame, area, theme);
        let empty = match (&self.fault, self.loaded) {
            (Some(fault), _) => format!("{}. {}", fault.what, fault.hint),
            (None, false) => "loading failures".into(),
            (None, true) if self.finder.is_shown() => "No failure has these words. esc: all.".into(),
            (None, true) => nothing(self.listed).into(),
        };
        let columns = self.columns(context);
        Table::new(&columns)
            .without_header()
            .focus(Focus::when(focus == Pane::Groups))
            .empty(&empty)
            .draw(frame, inner, theme, &self.list, |row| cells(row, theme));
    }

    fn columns(&self, context: &Context) -> [Column; 5] {
        let latency_columns = match context.size_class.width {
            WidthClass::Wide => 6,
            WidthClass::Narrow | WidthClass::Normal => 0,
        };
        let name_columns = match self.groups.grouping {
            Grouping::Grader | Grouping::Category => NAME_COLUMNS,
            Grouping::Slice => SLICE_COLUMNS,
        };
        let is_labelled = |row: &CaseRow| !row.labels.is_empty();
        let label_columns = if self.groups.cases().any(is_labelled) {
            LABEL_COLUMNS
        } else {
            0
        };
        [
            Column::fixed("", name_columns),
            Column::share("", 1),
            Column::fixed("", 3),
            Column::fixed("", label_columns),
            Column::number("", latency_columns),
        ]
    }

    fn draw_text(&self, frame: &mut Frame, area: Rect, pane: Pane, focus: Pane, context: &Context) {
        let theme = context.theme;
        let example = self.current.as_ref().map_or_else(String::new, CaseRow::label);
        let case = self.case.as_ref();
        let text = self.text(pane);
        let marked = match text.marked() {
            0 => String::new(),
            count => format!("! {count} hidden"),
        };
        let (title, note) = match pane {
            Pane::Groups => (String::new(), String::new()),
            Pane::View => (example, self.view.bar()),
            Pane::Expected => ("Expected".into(), marked),
            Pane::Output => {
                let version = self.detail.as_ref().and_then(|detail| detail.run.subject.version());
                let number = version.map_or_else(String::new, |version| format!("v{}", version.number));
                let latency = case.map_or_else(String::new, |case| run_figures::latency(case.outcome.latency_ms));
                let is_reused = case.is_some_and(|case| case.outcome.reused_from().next().is_some());
                let reused = if is_reused { " reused" } else { "" };
                (format!("Output {number}"), format!("{marked} {latency}{reused}"))
            }
            Pane::Why => {
                let model = case.and_then(|case| case.outcome.resolved_model.clone());
                ("Why".into(), model.unwrap_or_default())
            }
        };
        let inner = Panel::new(title)
            .note(note.trim())
            .focused(focus == pane)
            .draw(frame, area, theme);
        let inner = Rect::new(
            inner.x.saturating_add(1).min(inner.right()),
            inner.y,
            inner.width.saturating_sub(2),
            inner.height,
        );
        if case.is_none() && pane == Pane::View {
            let text = match (&self.current, self.loaded) {
                (Some(_), _) => "loading the case",
                (None, false) => "loading failures",
                (None, true) => nothing(self.listed),
            };
            let text = cut(text, usize::from(inner.width));
            return frame.render_widget(Line::styled(text.into_owned(), theme.dim), inner);
        }
        if let Some(scroll) = self.scrolls.get(pane as usize) {
            scroll.draw(frame, inner, theme, text, theme.text);
        }
    }
}
