//! Two runs, example by example: how they differ, what was fixed, what broke, what the metrics say.

mod flip;
#[cfg(test)]
mod tests;
mod views;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Line;

use self::flip::Flip;
use self::views::View;
use super::figures::source_label;
use super::lines::{Scroll, text_of, wrapped_outside};
use super::runs::acts::{self, RunActs, RunFacts};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{ExampleId, OutcomeId, RunId};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, CaseView, Comparison, Fault, Group, Request, RunDetail};

/// Columns of the examples beside the summary.
const FLIPS_COLUMNS: u16 = 36;
/// Columns of the text that is copied.
const COPIED_COLUMNS: usize = 100;

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
    Views,
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
    view: View,
    /// The outcomes of the example whose case is shown, the base's first.
    case: Option<(CaseView, CaseView)>,
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
            view: View::default(),
            case: None,
            scroll: Scroll::default(),
            acts: RunActs::default(),
        }
    }

    fn take(&mut self, comparison: Comparison) {
        let rows = |flip, group: &Group| {
            let rows = group.examples.iter().cloned();
            rows.map(|example| FlipRow { flip, example }).collect::<Vec<_>>()
        };
        let result = &comparison.result;
        let mut all = rows(Flip::Broken, &result.broken);
        all.extend(rows(Flip::Fixed, &result.fixed));
        all.extend(rows(Flip::StillFailing, &result.still_failing));
        all.extend(rows(Flip::Otherwise, &result.answered_otherwise));
        self.flips.set_all(all);
        self.comparison = Some(comparison);
        self.fault = None;
    }

    fn show(&mut self, view: View) -> Vec<Effect> {
        self.view = view;
        self.scroll.reset();
        if view == View::Case {
            self.ask_case()
        } else {
            Vec::new()
        }
    }

    /// Asks for the case of the selected example; until it comes none is shown.
    fn ask_case(&mut self) -> Vec<Effect> {
        self.case = None;
        let ask = |row: &FlipRow| {
            Effect::Ask(Request::CompareCase {
                base: self.base,
                candidate: self.candidate,
                example: row.example.clone(),
            })
        };
        self.flips.selected().map(ask).into_iter().collect()
    }

    /// What the view shows.
    fn lines(&self, columns: usize, context: &Context) -> Vec<Line<'static>> {
        let Some(comparison) = &self.comparison else {
            let text = match &self.fault {
                Some(fault) => format!("{}\n{}", fault.what, fault.hint),
                None => "comparing".into(),
            };
            return wrapped_outside(&text, columns, 0, context.theme.dim);
        };
        match self.view {
            View::Summary => views::summary(comparison, columns, context.theme),
            View::Slices => views::slices(comparison, columns, context.theme),
            View::Prompt => views::prompt(comparison, columns, context.theme),
            View::Case => views::case(self.case.as_ref(), columns, context.theme),
        }
    }

    fn facts(&self) -> Option<RunFacts<'_>> {
        self.detail.as_ref().map(Into::into)
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        let moved = match self.focus {
            Pane::Flips => self.flips.command(command),
            Pane::Views => self.scroll.command(command),
        };
        if moved {
            return match (self.focus, self.view) {
                (Pane::Flips, View::Case) => self.ask_case(),
                _ => Vec::new(),
            };
        }
        match command {
            CommandId::MoveLeft | CommandId::MoveRight => {
                let view = if command == CommandId::MoveRight {
                    self.view.next()
                } else {
                    self.view.previous()
                };
                self.show(view)
            }
            CommandId::PaneNext | CommandId::PanePrevious => {
                self.focus = match self.focus {
                    Pane::Flips => Pane::Views,
                    Pane::Views => Pane::Flips,
                };
                Vec::new()
            }
            CommandId::Open => self.show(View::Case),
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
            CommandId::CopyAll => vec![Effect::Copy(text_of(&self.lines(COPIED_COLUMNS, context)))],
            CommandId::CopyPlain => vec![Effect::ShowPlain {
                title: self.title(),
                text: text_of(&self.lines(COPIED_COLUMNS, context)),
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
            (Request::CompareCase { example, .. }, Ok(Answer::ComparedCase(case)))
                if self.flips.selected().is_some_and(|row| &row.example == example) =>
            {
                self.case = Some(*case);
                self.scroll.reset();
            }
            (Request::RunDetail(_), Ok(Answer::RunDetail(detail))) => self.detail = Some(*detail),
            (_, Err(fault)) => return vec![Effect::Say(Note::failure(&fault))],
            _ => {}
        }
        Vec::new()
    }

    fn draw_flips(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let inner = Panel::new("Examples")
            .note(format!("{} of interest", self.flips.total()))
            .focused(self.focus == Pane::Flips)
            .draw(frame, area, context.theme);
        let empty = if self.comparison.is_some() {
            "Every example passes in both, with the same answer."
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
            self.focus = Pane::Views;
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
        let source = self
            .detail
            .as_ref()
            .map_or("", |detail| source_label(detail.run.answers));
        let title = match &self.comparison {
            Some(comparison) => format!(
                "{} {} against {} {}",
                comparison.candidate, comparison.candidate_subject, comparison.base, comparison.base_subject
            ),
            None => self.title(),
        };
        let inner =
            Panel::new(title)
                .note(source)
                .focused(self.focus == Pane::Views)
                .draw(frame, summary, context.theme);
        let inner = Rect::new(
            inner.x.saturating_add(1).min(inner.right()),
            inner.y,
            inner.width.saturating_sub(2),
            inner.height,
        );
        let lines = self.lines(usize::from(inner.width), context);
        let [bar, inner] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(inner);
        frame.render_widget(Line::styled(self.view.bar(), context.theme.dim), bar);
        self.scroll.draw(frame, inner, context.theme, lines);
        self.draw_flips(frame, flips, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::Lineage | CommandId::Open if self.flips.selected().is_none() => {
                Err("no example is selected".into())
            }
            CommandId::Lineage | CommandId::Open => Ok(()),
            CommandId::Search => Err("examples stand by what became of them".into()),
            command => acts::availability(command, self.facts()),
        }
    }

    fn status(&self) -> String {
        let Some(comparison) = self.comparison.as_ref().map(|comparison| &comparison.result) else {
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
