//! One run as a pane shows it: live while it goes on, its results and gate after the end.

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::super::figures::source_label;
use super::super::lines::{Scroll, text_of};
use super::super::{Context, ScreenEvent};
use super::{ended, live};
use crate::domain::ids::RunId;
use crate::domain::progress::RunProgress;
use crate::domain::run::{Run, RunState};
use crate::domain::suite::Threshold;
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::panel::Panel;
use crate::workbench::{Answer, Fault, Request, RunDetail};

/// Rows of the charts with their borders: five for the six latency bars would hide one.
const CHARTS_HEIGHT: u16 = 8;
/// Rows of the one chart that a narrow terminal has.
const CHART_HEIGHT_NARROW: u16 = 5;
/// Rows that the newest failures get at least, borders included.
const FAILURES_HEIGHT_MIN: u16 = 4;

/// What is known of one run.
#[derive(Debug)]
pub(super) struct RunPane {
    id: RunId,
    detail: Option<RunDetail>,
    fault: Option<Fault>,
    thresholds: Vec<Threshold>,
    pub(super) scroll: Scroll,
    // The width of the last draw, so that copied text is broken as it is shown.
    columns: Cell<usize>,
}

/// Where the pane stands, and so whether it has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Beside the list, without the focus.
    Beside,
    /// Beside the list, with the focus.
    Focused,
    /// Alone on the screen.
    Alone,
}

impl RunPane {
    pub(super) fn new(id: RunId) -> Self {
        Self {
            id,
            detail: None,
            fault: None,
            thresholds: Vec::new(),
            scroll: Scroll::default(),
            columns: Cell::new(0),
        }
    }

    pub(super) fn id(&self) -> RunId {
        self.id
    }

    pub(super) fn detail(&self) -> Option<&RunDetail> {
        self.detail.as_ref()
    }

    /// The suite's thresholds stand beside the metrics while the gate is not settled.
    pub(super) fn requests(&self) -> Vec<Request> {
        vec![Request::RunDetail(self.id), Request::Suites]
    }

    pub(super) fn watches(&self) -> Vec<RunId> {
        let is_running = self
            .detail
            .as_ref()
            .is_some_and(|detail| detail.progress.state == RunState::Running);
        is_running.then_some(self.id).into_iter().collect()
    }

    /// Takes an answer or progress about this run; others are not its own.
    pub(super) fn event(&mut self, event: &ScreenEvent) -> Vec<Effect> {
        match event {
            ScreenEvent::Answered {
                request: Request::RunDetail(id),
                result,
            } if *id == self.id => match result {
                Ok(Answer::RunDetail(detail)) => {
                    self.detail = Some((**detail).clone());
                    self.fault = None;
                }
                Ok(_) => {}
                Err(fault) => self.fault = Some(fault.clone()),
            },
            ScreenEvent::Answered {
                result: Ok(Answer::Suites(suites)),
                ..
            } => {
                let suite = self.detail.as_ref().map(|detail| &detail.run.suite);
                let found = suites.iter().find(|version| Some(&version.id) == suite);
                if let Some(found) = found {
                    found.content.thresholds.clone_into(&mut self.thresholds);
                }
            }
            ScreenEvent::Progress(progress) if progress.run == self.id => return self.progress(progress),
            _ => {}
        }
        Vec::new()
    }

    fn progress(&mut self, progress: &RunProgress) -> Vec<Effect> {
        let Some(detail) = &mut self.detail else {
            return Vec::new();
        };
        detail.progress = progress.clone();
        let has_ended = progress.state != RunState::Running && detail.end.is_none();
        // The gate is in the run's end, which progress does not carry.
        has_ended
            .then_some(Effect::Ask(Request::RunDetail(self.id)))
            .into_iter()
            .collect()
    }

    /// What the pane says, as text.
    pub(super) fn text(&self, context: &Context) -> String {
        let columns = self.columns.get().max(40);
        match &self.detail {
            Some(detail) => text_of(&self.head(detail, columns, context)),
            None => String::new(),
        }
    }

    fn head(&self, detail: &RunDetail, columns: usize, context: &Context) -> Vec<Line<'static>> {
        match &detail.end {
            Some(end) => ended::lines(detail, end, columns, context),
            None => live::lines(detail, &self.thresholds, columns, context),
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, framing: Framing, context: &Context) {
        let Some(detail) = &self.detail else {
            let inner = Panel::new(self.id.to_string())
                .focused(framing != Framing::Beside)
                .draw(frame, area, context.theme);
            let text = self
                .fault
                .as_ref()
                .map_or_else(|| format!("loading {}", self.id), |fault| fault.what.clone());
            let lines = super::super::lines::wrapped_outside(&text, usize::from(inner.width), 0, context.theme.dim);
            return self.scroll.draw(frame, inner, context.theme, lines);
        };
        let columns = usize::from(area.width.saturating_sub(4));
        self.columns.set(columns);
        let head = self.head(detail, columns, context);
        let [head_area, charts_area, failures_area] = split(detail, head.len(), area, context);
        let inner = Panel::new(title(&detail.run).trim_end())
            .note(format!("on {}", detail.run.dataset))
            .focused(framing != Framing::Beside)
            .draw(frame, head_area, context.theme);
        self.scroll.draw(frame, indented(inner), context.theme, head);
        live::draw_charts(frame, charts_area, &detail.progress, context);
        live::draw_failures(frame, failures_area, &detail.progress, context);
    }
}

/// The area without a column of space at each side.
fn indented(area: Rect) -> Rect {
    Rect::new(
        area.x.saturating_add(1).min(area.right()),
        area.y,
        area.width.saturating_sub(2),
        area.height,
    )
}

/// Head, charts and newest failures. Charts go first where there is little room, then failures.
fn split(detail: &RunDetail, head_lines: usize, area: Rect, context: &Context) -> [Rect; 3] {
    let wanted = u16::try_from(head_lines).unwrap_or(u16::MAX).saturating_add(2);
    let progress = &detail.progress;
    let has_ended = detail.end.is_some();
    // After the end the gate says more than the newest failures, which Enter shows anyway.
    let gate_fills = has_ended && wanted + FAILURES_HEIGHT_MIN > area.height;
    let has_failures = !gate_fills && (!has_ended || !progress.recent_failures.is_empty());
    let failures_min = if has_failures { FAILURES_HEIGHT_MIN } else { 0 };
    let charts = match context.size_class.width {
        WidthClass::Narrow => CHART_HEIGHT_NARROW,
        WidthClass::Normal | WidthClass::Wide => CHARTS_HEIGHT,
    };
    let has_charts = !progress.score_points.is_empty() && !context.size_class.short;
    let charts = if has_charts && wanted + charts + failures_min <= area.height {
        charts
    } else {
        0
    };
    let head = if has_failures {
        Constraint::Length(wanted.min(area.height.saturating_sub(charts + failures_min)))
    } else {
        Constraint::Min(0)
    };
    let rest = if has_failures {
        Constraint::Min(0)
    } else {
        Constraint::Length(0)
    };
    Layout::vertical([head, Constraint::Length(charts), rest]).areas(area)
}

/// The label of simulated results stands in the title, which is never cut in favour of the note.
fn title(run: &Run) -> String {
    format!("{}  {}  {}", run.id.0, run.subject.label(), source_label(run.answers))
}
