//! How a review looks at each size.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::evidence::{MetricRow, Weight, comparison_lines};
use super::judging::ViewedCount;
use super::{Pane, QueueRow, Reviews, ViewedOf};
use crate::domain::promotion::Environment;
use crate::domain::review::ReviewState;
use crate::domain::time::Timestamp;
use crate::text::{Printable, cut_start};
use crate::tui::layout::{WIDE_FROM, WidthClass};
use crate::tui::screens::Context;
use crate::tui::screens::figures::{VERDICT_COLUMNS, verdict_cell, verdict_sign, verdict_style, verdict_word};
use crate::tui::screens::panes::{Areas, draw_lines, draw_sentence, line};
use crate::tui::widgets::diff_view::DiffView;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::ReviewDetail;

/// Columns of the queue beside the change.
const QUEUE_COLUMNS: u16 = 32;
/// Columns of the queue where there are three columns: room for `support_triage_v11`.
const QUEUE_COLUMNS_WIDE: u16 = 38;
/// Most columns of the evidence: longer lines are hard to read.
const EVIDENCE_COLUMNS_MAX: u16 = 90;
/// Columns of the evidence where it has a column of its own.
const EVIDENCE_COLUMNS: u16 = 68;
/// Rows of the evidence below the change.
const EVIDENCE_ROWS: u16 = 14;
/// Rows of the strip below the change in a narrow terminal.
const STRIP_ROWS: u16 = 8;
/// From this width inside the pane the queue has columns of its own for who and when.
const QUEUE_WIDE: u16 = 60;
/// From this width inside the pane the evidence shows the base's number too.
const BASE_FROM: u16 = 66;
/// Rows of what is said about the selected metric.
const NOTE_ROWS: u16 = 2;

impl Reviews {
    /// Which panes are seen, and where.
    pub(super) fn areas(&self, area: Rect, context: &Context) -> Areas<Pane> {
        let class = context.size_class;
        if self.zoomed {
            return vec![(self.focus, area)];
        }
        match class.width {
            WidthClass::Narrow if self.focus == Pane::Change && !class.short => {
                let [change, strip] =
                    Layout::vertical([Constraint::Fill(1), Constraint::Length(STRIP_ROWS)]).areas(area);
                vec![(Pane::Change, change), (Pane::Evidence, strip)]
            }
            WidthClass::Narrow => vec![(self.focus, area)],
            WidthClass::Normal => {
                let [left, right] =
                    Layout::horizontal([Constraint::Length(QUEUE_COLUMNS), Constraint::Fill(1)]).areas(area);
                let [queue, checks] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(3)]).areas(left);
                let [change, evidence] =
                    Layout::vertical([Constraint::Fill(1), Constraint::Length(EVIDENCE_ROWS)]).areas(right);
                vec![
                    (Pane::Queue, queue),
                    (Pane::Checks, checks),
                    (Pane::Change, change),
                    (Pane::Evidence, evidence),
                ]
            }
            WidthClass::Wide => {
                // What is beyond the least width of three columns goes to the evidence and the change.
                let beyond = area.width.saturating_sub(WIDE_FROM) / 2;
                let [left, middle, right] = Layout::horizontal([
                    Constraint::Length(QUEUE_COLUMNS_WIDE),
                    Constraint::Fill(1),
                    Constraint::Length((EVIDENCE_COLUMNS + beyond).min(EVIDENCE_COLUMNS_MAX)),
                ])
                .areas(area);
                let [evidence, checks] = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(right);
                vec![
                    (Pane::Queue, left),
                    (Pane::Change, middle),
                    (Pane::Evidence, evidence),
                    (Pane::Checks, checks),
                ]
            }
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let is_strip = context.size_class.width == WidthClass::Narrow && self.focus == Pane::Change;
        for (pane, area) in self.areas(area, context) {
            match pane {
                Pane::Queue => self.draw_queue(frame, area, context),
                Pane::Change => self.draw_change(frame, area, context),
                Pane::Evidence if is_strip => self.draw_strip(frame, area, context),
                Pane::Evidence => self.draw_evidence(frame, area, context),
                Pane::Checks => self.draw_checks(frame, area, context),
            }
        }
    }

    fn panel(&self, pane: Pane, title: impl AsRef<str>) -> Panel {
        Panel::new(title).focused(self.focus == pane)
    }

    fn draw_queue(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let waiting = self
            .queue
            .rows()
            .iter()
            .filter(|row| row.0.state.awaits_approval())
            .count();
        let panel = self
            .panel(Pane::Queue, "Queue")
            .note(format!("{waiting} open of {}", self.queue.total()));
        let inner = panel.draw(frame, area, theme);
        if let Some(text) = self.queue_loaded.absence() {
            return draw_sentence(frame, inner, &text, theme.dim);
        }
        let is_wide = inner.width >= QUEUE_WIDE;
        let columns = [
            Column::share("version", 1),
            Column::fixed("for", if is_wide { 10 } else { 4 }),
            Column::fixed("by", if is_wide { 10 } else { 0 }),
            Column::number("age", if is_wide { 6 } else { 0 }),
            Column::fixed("gate", if is_wide { VERDICT_COLUMNS } else { 0 }),
            Column::fixed("state", if is_wide { 11 } else { 8 }),
        ];
        let subject_columns = usize::from(inner.width.saturating_sub(if is_wide { 0 } else { 2 + 4 + 8 + 3 }));
        let cells = |row: &QueueRow| {
            let review = &row.0.review;
            let environment = match review.environment {
                other if is_wide => other.as_str(),
                Environment::Staging => "stag",
                other => other.short(),
            };
            let style = if is_waiting(row.0.state) { theme.text } else { theme.dim };
            // Why stands in the evidence.
            let state = if row.0.caveats.stale.is_empty() {
                TableCell::new(state_word(row.0.state), style)
            } else {
                TableCell::new(format!("! {}", state_word(row.0.state)), theme.warn)
            };
            vec![
                TableCell::new(cut_start(&review.version.to_string(), subject_columns), style),
                TableCell::new(environment, style),
                TableCell::new(review.requested_by.as_str(), style),
                TableCell::new(review.requested_at.ago_text(context.now), theme.dim),
                verdict_cell(row.0.verdict, VERDICT_COLUMNS, theme),
                state,
            ]
        };
        Table::new(&columns)
            .focus(Focus::when(self.focus == Pane::Queue))
            .empty("No review yet. V on Runs asks for one.")
            .draw(frame, inner, theme, &self.queue, cells);
    }

    /// What a pane of the detail says where there is none. Whether there is one.
    fn draw_absence(&self, frame: &mut Frame, area: Rect, context: &Context) -> bool {
        let text = if self.queue_loaded.ready().is_some() && self.queue.total() == 0 {
            Some("No review yet. V on Runs asks for one.".into())
        } else {
            self.detail.absence()
        };
        if let Some(text) = &text {
            draw_sentence(frame, area, text, context.theme.dim);
        }
        text.is_some()
    }

    fn draw_change(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let Some(detail) = self.shown() else {
            let inner = self.panel(Pane::Change, "Change").draw(frame, area, context.theme);
            self.draw_absence(frame, inner, context);
            return;
        };
        let new = detail.review.version.to_string();
        let old = detail.diff.as_ref().map_or("nothing", |view| view.old.as_str());
        let viewed = self.viewed.changes(&ViewedOf::of(detail));
        let (rows, cursor) = self.changes.drawn(self.row, self.sides, &viewed, area.width);
        let view = DiffView {
            rows: &rows,
            cursor,
            sides: self.sides,
        };
        view.draw(
            frame,
            area,
            context.theme,
            [old, &new],
            Focus::when(self.focus == Pane::Change),
        );
    }

    fn draw_checks(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let title = match self.shown() {
            Some(detail) if !is_open(detail.state) => format!("Review, {}", detail.state.as_str()),
            _ => "Before approval".into(),
        };
        let inner = self.panel(Pane::Checks, title).draw(frame, area, context.theme);
        if !self.draw_absence(frame, inner, context) {
            let text = self.checks_text(context.now);
            self.checks.draw(frame, inner, context.theme, &text, context.theme.text);
        }
    }

    fn draw_evidence(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let panel = self.panel(Pane::Evidence, self.evidence_title());
        let inner = panel.draw(frame, area, theme);
        let Some(detail) = self.shown() else {
            self.draw_absence(frame, inner, context);
            return;
        };
        let above: Vec<Line> = weighted_lines(detail, context);
        let note = self
            .metrics
            .selected()
            .map(|row| format!("{}: {}", row.label, row.note));
        let [top, table, bottom] = Layout::vertical([
            Constraint::Length(u16::try_from(above.len()).unwrap_or(u16::MAX)),
            Constraint::Fill(1),
            Constraint::Length(if note.is_some() { NOTE_ROWS } else { 0 }),
        ])
        .areas(inner);
        draw_lines(frame, top, above);
        self.draw_metrics(frame, table, context);
        draw_sentence(frame, bottom, &note.unwrap_or_default(), theme.dim);
    }

    fn evidence_title(&self) -> String {
        match self.shown().map(|detail| (detail.run.id, detail.comparison.as_ref())) {
            Some((run, Some(comparison))) => format!("Evidence  {run} against {}", comparison.base),
            Some((run, None)) => format!("Evidence  {run}"),
            None => "Evidence".into(),
        }
    }

    fn draw_metrics(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let has_base = self.shown().is_some_and(|detail| detail.comparison.is_some());
        let base_columns = if has_base && area.width >= BASE_FROM { 6 } else { 0 };
        let is_wide = area.width >= BASE_FROM + 10;
        let rows = self.metrics.rows().iter();
        let counts = rows.map(|row| row.counts.len()).max().unwrap_or(0);
        let columns = [
            Column::share("metric", 1),
            Column::number(if base_columns > 0 { "base" } else { "" }, base_columns),
            Column::number("new", 6),
            Column::number("k/n", u16::try_from(counts).unwrap_or(u16::MAX)),
            Column::fixed("95% interval", 12),
            Column::fixed("must be", 7),
            Column::fixed("gate", if is_wide { 11 } else { 4 }),
        ];
        let cells = |row: &MetricRow| {
            let verdict = if is_wide {
                verdict_word(row.verdict)
            } else {
                verdict_sign(row.verdict)
            };
            vec![
                TableCell::plain(&row.label),
                TableCell::plain(&row.base),
                TableCell::plain(&row.candidate),
                TableCell::plain(&row.counts),
                TableCell::plain(&row.interval),
                TableCell::plain(&row.threshold),
                TableCell::new(verdict, verdict_style(row.verdict, theme)),
            ]
        };
        Table::new(&columns)
            .focus(Focus::when(self.focus == Pane::Evidence))
            .empty("The run has not ended: no metrics yet.")
            .draw(frame, area, theme, &self.metrics, cells);
    }

    /// The evidence and the checks in a few lines, what stands in the way first.
    fn draw_strip(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let title = match self.shown() {
            Some(detail) => strip_title(detail, context.now),
            None => "Before approval".into(),
        };
        let inner = Panel::new(title).note("tab").draw(frame, area, theme);
        let Some(detail) = self.shown() else {
            self.draw_absence(frame, inner, context);
            return;
        };
        let mut lines = weighted_lines(detail, context);
        let failing = self
            .metrics
            .rows()
            .iter()
            .filter(|row| row.threshold_holds() == Some(false));
        lines.extend(failing.map(|row| {
            let text = format!(
                "[!] {} {} ({}) must be {}: {}",
                row.label,
                row.candidate,
                row.counts,
                row.threshold,
                verdict_word(row.verdict)
            );
            line(text, verdict_style(row.verdict, theme))
        }));
        let holding = detail.checks.iter().filter(|check| check.fault.is_none()).count();
        let viewed = self.viewed_count(detail);
        // The approvals are those of others too, and no check of whoever looks.
        let approvals = detail.approvals.as_ref().map_or_else(String::new, |check| {
            let asked = check.title.split(',').next().unwrap_or_default();
            format!("{} {}   ", tick(check.fault.is_none()), one_line(asked))
        });
        let summary = format!(
            "{} {holding} of {} checks hold   {approvals}{} {} of {} changes viewed",
            tick(holding == detail.checks.len()),
            detail.checks.len(),
            tick(viewed.is_whole()),
            viewed.viewed,
            viewed.total
        );
        lines.push(line(summary, theme.text));
        draw_lines(frame, inner, lines);
    }
}

impl MetricRow {
    /// Whether the gate lets it pass; none where it does not gate.
    fn threshold_holds(&self) -> Option<bool> {
        self.verdict
            .map(|verdict| verdict == crate::domain::gate::Verdict::Pass)
    }
}

/// Which review it is, and on which runs it rests: what the panes that are not seen would say.
fn strip_title(detail: &ReviewDetail, now: Timestamp) -> String {
    let review = &detail.review;
    let runs = match &detail.comparison {
        Some(comparison) => format!("{} against {}", detail.run.id, comparison.base),
        None => detail.run.id.to_string(),
    };
    format!(
        "{} for {}, {} {}   {runs}",
        review.id,
        review.environment.as_str(),
        review.requested_by,
        review.requested_at.ago_text(now)
    )
}

fn weighted_lines(detail: &ReviewDetail, context: &Context) -> Vec<Line<'static>> {
    let theme = context.theme;
    let style = |weight| match weight {
        Weight::Warning => theme.warn,
        Weight::Plain => theme.text,
    };
    let lines = comparison_lines(detail).into_iter();
    lines.map(|(weight, text)| line(text, style(weight))).collect()
}

fn is_open(state: ReviewState) -> bool {
    state.awaits_approval() || state == ReviewState::Paused
}

fn is_waiting(state: ReviewState) -> bool {
    is_open(state) || state == ReviewState::Approved
}

/// A state in eight columns.
fn state_word(state: ReviewState) -> &'static str {
    match state {
        ReviewState::NotAPromptProblem => "other",
        ReviewState::PartlyApproved => "partly",
        other => other.as_str(),
    }
}

fn tick(holds: bool) -> &'static str {
    if holds { "[x]" } else { "[ ]" }
}

/// What must hold, what the author says, and what was decided so far. Goes through the sanitizer as a whole.
pub(super) fn checks_text(detail: &ReviewDetail, viewed: ViewedCount, now: Timestamp) -> String {
    let review = &detail.review;
    let mut lines: Vec<String> = detail
        .checks
        .iter()
        .chain(&detail.approvals)
        .map(|check| match &check.fault {
            None => format!("[x] {}", one_line(&check.title)),
            Some(fault) => format!("[!] {}: {}", one_line(&check.title), one_line(fault)),
        })
        .collect();
    lines.push(format!(
        "{} {} of {} changes viewed",
        tick(viewed.is_whole()),
        viewed.viewed,
        viewed.total
    ));
    let (promotion, replaced) = &detail.promotion;
    let reason = &detail.version.reason;
    lines.extend([
        String::new(),
        format!("{} for {}", review.id, review.environment.as_str()),
        format!(
            "asked by {} {} ago: {}",
            review.requested_by,
            review.requested_at.ago_text(now),
            one_line(&review.note)
        ),
        format!(
            "made by {}, {}: {}",
            detail.version.author,
            reason.kind,
            one_line(reason.text.as_str())
        ),
        format!(
            "would be {promotion}, replaces {}",
            replaced
                .as_ref()
                .map_or("nothing".into(), |replaced| replaced.id.to_string())
        ),
        String::new(),
        if detail.decisions.is_empty() {
            "Nothing decided yet.".into()
        } else {
            "Decided so far:".into()
        },
    ]);
    lines.extend(detail.decisions.iter().rev().map(|decision| {
        format!(
            "{} by {}, {} ago ({}): {}",
            decision.kind,
            decision.actor,
            decision.decided_at.ago_text(now),
            decision.decided_at,
            one_line(decision.reason.as_str())
        )
    }));
    lines.join("\n")
}

/// Foreign text on one line of a text of several: it must not look like the lines around it.
fn one_line(text: &str) -> Printable {
    Printable::line(text)
}
