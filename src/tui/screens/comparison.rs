//! Two runs, example by example: how they differ, what was fixed, what broke, what the metrics say.

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::figures::{measure_text, source_label};
use super::lines::{Scroll, outside, text_of, wrapped_outside};
use super::runs::acts::{self, RunActs, RunFacts};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{ExampleId, OutcomeId, RunId};
use crate::domain::metric::Measure;
use crate::text::pad;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, Comparison, Fault, Group, MetricDelta, Request, RunDetail};

/// Columns of the examples beside the summary.
const FLIPS_COLUMNS: u16 = 36;
/// Columns of a metric's name.
const NAME_COLUMNS: usize = 22;

/// What became of an example from the base to the candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flip {
    Broken,
    Fixed,
    StillFailing,
}

impl Flip {
    fn word(self) -> &'static str {
        match self {
            Self::Broken => "- broken",
            Self::Fixed => "+ fixed",
            Self::StillFailing => "x still failing",
        }
    }

    fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Broken => theme.removed,
            Self::Fixed => theme.added,
            Self::StillFailing => theme.text,
        }
    }
}

#[derive(Debug, Clone)]
struct FlipRow {
    flip: Flip,
    example: ExampleId,
}

impl HasId for FlipRow {
    type Id = ExampleId;
    fn id(&self) -> ExampleId {
        self.example.clone()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Flips,
    Summary,
}

/// The screen.
#[derive(Debug)]
pub struct RunComparison {
    base: RunId,
    candidate: RunId,
    comparison: Option<Comparison>,
    detail: Option<RunDetail>,
    fault: Option<Fault>,
    flips: Listing<FlipRow>,
    focus: Pane,
    scroll: Scroll,
    acts: RunActs,
}

impl RunComparison {
    /// The screen of a candidate run against a base run.
    pub fn new(base: RunId, candidate: RunId) -> Self {
        Self {
            base,
            candidate,
            comparison: None,
            detail: None,
            fault: None,
            flips: Listing::default(),
            focus: Pane::default(),
            scroll: Scroll::default(),
            acts: RunActs::default(),
        }
    }

    fn take(&mut self, comparison: Comparison) {
        let rows = |flip, group: &Group| {
            let rows = group.examples.iter().cloned();
            rows.map(|example| FlipRow { flip, example }).collect::<Vec<_>>()
        };
        let mut all = rows(Flip::Broken, &comparison.broken);
        all.extend(rows(Flip::Fixed, &comparison.fixed));
        all.extend(rows(Flip::StillFailing, &comparison.still_failing));
        self.flips.set_all(all);
        self.comparison = Some(comparison);
        self.fault = None;
    }

    fn facts(&self) -> Option<RunFacts<'_>> {
        self.detail.as_ref().map(Into::into)
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        let moved = match self.focus {
            Pane::Flips => self.flips.command(command),
            Pane::Summary => self.scroll.command(command),
        };
        if moved {
            return Vec::new();
        }
        match command {
            CommandId::PaneNext | CommandId::PanePrevious => {
                self.focus = match self.focus {
                    Pane::Flips => Pane::Summary,
                    Pane::Summary => Pane::Flips,
                };
                Vec::new()
            }
            CommandId::Open => vec![Effect::Open(Place::Failures(self.candidate))],
            CommandId::Lineage | CommandId::CopyId => {
                let Some(row) = self.flips.selected() else {
                    return Vec::new();
                };
                let id = OutcomeId {
                    run: self.candidate,
                    example: row.example.clone(),
                };
                if command == CommandId::CopyId {
                    return vec![Effect::Copy(id.to_string())];
                }
                vec![Effect::Open(Place::Lineage(id.to_string()))]
            }
            CommandId::CopyCommand => vec![Effect::Copy(format!(
                "pegbox run compare {} {}",
                self.base, self.candidate
            ))],
            CommandId::CopyAll => vec![Effect::Copy(text_of(&self.summary(100, context)))],
            CommandId::CopyPlain => vec![Effect::ShowPlain {
                title: self.title(),
                text: text_of(&self.summary(100, context)),
            }],
            command => match &self.detail {
                Some(detail) => self.acts.command(command, detail.into()),
                None => Vec::new(),
            },
        }
    }

    fn answered(&mut self, request: &Request, result: Result<Answer, Fault>) -> Vec<Effect> {
        match (request, result) {
            (Request::CompareRuns { .. }, Ok(Answer::Comparison(comparison))) => self.take(*comparison),
            (Request::CompareRuns { .. }, Err(fault)) => self.fault = Some(fault),
            (Request::RunDetail(_), Ok(Answer::RunDetail(detail))) => self.detail = Some(*detail),
            (_, Err(fault)) => return vec![Effect::Say(Note::failure(&fault))],
            _ => {}
        }
        Vec::new()
    }

    /// Differences first: they say whether the rest can be compared at all.
    fn summary(&self, columns: usize, context: &Context) -> Vec<Line<'static>> {
        let theme = context.theme;
        let Some(comparison) = &self.comparison else {
            let text = match &self.fault {
                Some(fault) => format!("{}\n{}", fault.what, fault.hint),
                None => "comparing".into(),
            };
            return wrapped_outside(&text, columns, 0, theme.dim);
        };
        let mut lines = Vec::new();
        if comparison.differences.is_empty() {
            lines.push(Line::raw("same dataset, suite and model"));
        } else {
            lines.push(Line::styled("! read first: the runs differ in", theme.warn));
            for difference in &comparison.differences {
                lines.extend(wrapped_outside(difference, columns, 2, theme.warn));
            }
        }
        lines.push(Line::raw(""));
        lines.push(counts(comparison, theme));
        lines.push(Line::raw(""));
        let head = format!(
            "{} {:>8} {:>8} {:>8}",
            pad("metric", NAME_COLUMNS),
            self.base.to_string(),
            self.candidate.to_string(),
            "change"
        );
        lines.push(Line::styled(head, theme.dim));
        for change in &comparison.metrics {
            lines.push(metric_line(change, theme));
        }
        lines.push(Line::raw(""));
        lines.extend(wrapped_outside(
            &p_value_text(comparison.p_value),
            columns,
            0,
            theme.text,
        ));
        lines
    }

    fn draw_flips(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let inner = Panel::new("Examples")
            .note(format!("{} of interest", self.flips.total()))
            .focused(self.focus == Pane::Flips)
            .draw(frame, area, context.theme);
        let empty = if self.comparison.is_some() {
            "Every example passes in both."
        } else {
            "comparing"
        };
        let columns = [Column::fixed("became", 16), Column::share("example", 1)];
        Table::new(&columns)
            .focus(Focus::when(self.focus == Pane::Flips))
            .empty(empty)
            .draw(frame, inner, context.theme, &self.flips, |row| {
                vec![
                    TableCell::new(row.flip.word(), row.flip.style(context.theme)),
                    TableCell::plain(row.example.as_str()),
                ]
            });
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, context: &Context) {
        let [summary, flips] = split(area, context);
        let at = Position::new(mouse.column, mouse.row);
        if summary.contains(at) {
            self.focus = Pane::Summary;
            self.scroll.wheel(mouse);
        } else if flips.contains(at) {
            self.focus = Pane::Flips;
            match mouse.kind {
                MouseKind::ScrollDown => self.flips.command(CommandId::MoveDown),
                MouseKind::ScrollUp => self.flips.command(CommandId::MoveUp),
                MouseKind::Press => Table::new(&[]).click(&mut self.flips, Panel::inner(flips), mouse.row),
            };
        }
    }
}

impl Screen for RunComparison {
    fn place(&self) -> Place {
        Place::Comparison {
            base: self.base,
            candidate: self.candidate,
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Comparison]
    }

    fn title(&self) -> String {
        format!("Runs > {} against {}", self.candidate, self.base)
    }

    fn requests(&self) -> Vec<Request> {
        vec![
            Request::CompareRuns {
                base: self.base,
                candidate: self.candidate,
            },
            Request::RunDetail(self.candidate),
        ]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        if let Some(effects) = self.acts.event(&event) {
            return effects;
        }
        match event {
            ScreenEvent::Command(command) => self.command(command, context),
            ScreenEvent::Answered { request, result } => self.answered(&request, result),
            ScreenEvent::Mouse(mouse, area) => {
                self.mouse(mouse, area, context);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let [summary, flips] = split(area, context);
        let source = self.detail.as_ref().map(|detail| source_label(detail.run.answers));
        let title = match &self.comparison {
            Some(comparison) => format!(
                "{} {} against {} {}",
                comparison.candidate, comparison.candidate_subject, comparison.base, comparison.base_subject
            ),
            None => self.title(),
        };
        let inner = Panel::new(title)
            .note(source.unwrap_or_default())
            .focused(self.focus == Pane::Summary)
            .draw(frame, summary, context.theme);
        let inner = Rect::new(
            inner.x.saturating_add(1).min(inner.right()),
            inner.y,
            inner.width.saturating_sub(2),
            inner.height,
        );
        let lines = self.summary(usize::from(inner.width), context);
        self.scroll.draw(frame, inner, context.theme, lines);
        self.draw_flips(frame, flips, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::Lineage if self.flips.selected().is_none() => Err("no example is selected".into()),
            CommandId::Lineage => Ok(()),
            CommandId::Search => Err("examples stand by what became of them".into()),
            command => acts::availability(command, self.facts()),
        }
    }

    fn status(&self) -> String {
        let Some(comparison) = &self.comparison else {
            return String::new();
        };
        format!(
            "{} fixed, {} broken, {} still failing, {} right in both",
            comparison.fixed.count,
            comparison.broken.count,
            comparison.still_failing.count,
            comparison.both_right.count
        )
    }
}

/// The summary, and the examples beside it or below.
fn split(area: Rect, context: &Context) -> [Rect; 2] {
    match context.size_class.width {
        WidthClass::Narrow => Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(area),
        WidthClass::Normal | WidthClass::Wide => {
            Layout::horizontal([Constraint::Min(0), Constraint::Length(FLIPS_COLUMNS)]).areas(area)
        }
    }
}

/// What became of the examples, with its sign, in one line.
fn counts(comparison: &Comparison, theme: &Theme) -> Line<'static> {
    let of = |flip: Flip, group: &Group| Span::styled(format!("{} {}   ", flip.word(), group.count), flip.style(theme));
    Line::from(vec![
        of(Flip::Broken, &comparison.broken),
        of(Flip::Fixed, &comparison.fixed),
        of(Flip::StillFailing, &comparison.still_failing),
        Span::raw(format!("right in both {}", comparison.both_right.count)),
    ])
}

fn metric_line(change: &MetricDelta, theme: &Theme) -> Line<'static> {
    let delta = match change.delta {
        Some(delta) if delta > 0.0 => format!("+{}", unsigned(delta, change.candidate)),
        Some(delta) if delta < 0.0 => format!("-{}", unsigned(-delta, change.candidate)),
        Some(_) => "same".into(),
        None => "--".into(),
    };
    let mut spans = outside(&pad(&change.metric, NAME_COLUMNS), NAME_COLUMNS, theme.text, theme);
    spans.push(Span::raw(format!(
        " {:>8} {:>8} {delta:>8}",
        measure_text(change.base),
        measure_text(change.candidate),
    )));
    Line::from(spans)
}

/// The size of a change, in the unit of what was measured: points of a percentage, or the number itself.
fn unsigned(change: f64, measure: Measure) -> String {
    match measure {
        Measure::Rate { .. } => format!("{:.1}", change * 100.0),
        Measure::Value { count, .. } => measure_text(Measure::Value { value: change, count }),
        Measure::Undefined => String::new(),
    }
}

fn p_value_text(p_value: Option<f64>) -> String {
    match p_value {
        None => "p value: none, since no example flipped".into(),
        Some(p) => format!(
            "p {p:.3}: so uneven flips, or more so, come in {:.1} of 100 pairs of equally good versions",
            p * 100.0
        ),
    }
}
