//! Runs: the list, newest first, and beside it the selected run.

pub(super) mod acts;
mod ended;
mod live;
#[cfg(test)]
mod measured_sample;
mod measures;
mod pane;
mod rows;
pub mod single;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use self::acts::{RunActs, RunFacts};
use self::pane::{Framing, RunPane};
use self::rows::{cells, dataset_columns, list_columns};
use super::finder::{Finder, Found};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::RunId;
use crate::domain::progress::RunProgress;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::{HasId, Listing, PAGE_ROWS};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::Table;
use crate::workbench::{Answer, Fault, Request, RunSummary};

/// Columns of the list where the selected run stands beside it.
const LIST_COLUMNS: u16 = 40;
/// The same on a wide terminal.
const LIST_COLUMNS_WIDE: u16 = 84;
/// Lines of the list that hold no run: its frame, and the heads of its columns.
const LIST_FRAME_LINES: u16 = 3;
impl HasId for RunSummary {
    type Id = RunId;
    fn id(&self) -> RunId {
        self.run.id
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    List,
    Run,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Following {
    #[default]
    Nothing,
    Newest,
}

/// The screen.
#[derive(Debug, Default)]
pub struct Runs {
    list: Listing<RunSummary>,
    /// The number of the newest run.
    newest: u64,
    loaded: bool,
    fault: Option<Fault>,
    shown: Option<RunPane>,
    focus: Pane,
    following: Following,
    finder: Finder,
    acts: RunActs,
}

impl Runs {
    /// Runs are numbered from 1 on, so a row's number gives the run before which a page starts. A number that is not
    /// there shifts what follows it up by a row; no run is left out.
    fn page(&self, from: u64) -> Request {
        if self.finder.is_shown() {
            return Request::FindRuns(self.finder.text().to_owned());
        }
        let before = (from > 0)
            .then(|| u32::try_from(self.newest.saturating_sub(from) + 1).ok())
            .flatten()
            .map(RunId);
        Request::Runs {
            before,
            limit: usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX),
        }
    }

    fn take_found(&mut self, runs: Vec<RunSummary>) -> Vec<Effect> {
        self.fault = None;
        self.loaded = true;
        self.list.set_page(runs.len() as u64, 0, runs);
        self.show_selected()
    }

    /// Asks anew, for other words.
    fn find(&mut self) -> Vec<Effect> {
        self.following = Following::Nothing;
        self.list.select_row(0);
        vec![Effect::Ask(self.page(0))]
    }

    fn take_page(&mut self, before: Option<RunId>, runs: Vec<RunSummary>) {
        let none_before = before.map_or(0, |before| before.0.saturating_sub(1));
        let first = u64::from(runs.first().map_or(none_before, |first| first.run.id.0));
        if before.is_none() {
            self.newest = first;
        }
        let from = self.newest.saturating_sub(first);
        let count = runs.len() as u64;
        // A page that is not full is the last one.
        let total = if count < PAGE_ROWS { from + count } else { self.newest };
        self.list.set_page(total, from, runs);
        self.loaded = true;
        if self.following == Following::Newest {
            self.list.select_row(0);
        }
    }

    /// Shows the selected run, and asks for it where it is another one.
    fn show_selected(&mut self) -> Vec<Effect> {
        let selected = self.list.selected().map(HasId::id);
        if self.shown.as_ref().map(RunPane::id) == selected {
            return Vec::new();
        }
        self.shown = selected.map(RunPane::new);
        let requests = self.shown.as_ref().map(RunPane::requests).unwrap_or_default();
        requests.into_iter().map(Effect::Ask).collect()
    }

    fn facts(&self) -> Option<RunFacts<'_>> {
        let summary = self.list.selected()?;
        let detail = self.shown.as_ref().and_then(RunPane::detail);
        let detail = detail.filter(|detail| detail.run.id == summary.run.id);
        Some(detail.map_or_else(|| summary.into(), Into::into))
    }

    fn moved(&mut self) -> Vec<Effect> {
        self.following = Following::Nothing;
        let more = self.list.page_wanted().filter(|_| !self.finder.is_shown());
        let page = more.map(|from| Effect::Ask(self.page(from)));
        page.into_iter().chain(self.show_selected()).collect()
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        if self.focus == Pane::Run && self.shown.as_ref().is_some_and(|shown| shown.scroll.command(command)) {
            return Vec::new();
        }
        if self.list.command(command) {
            return self.moved();
        }
        let narrow = context.size_class.width == WidthClass::Narrow;
        match command {
            CommandId::Search => {
                self.focus = Pane::List;
                self.finder.start();
                Vec::new()
            }
            CommandId::PaneNext | CommandId::PanePrevious if !narrow => {
                self.focus = if self.focus == Pane::List {
                    Pane::Run
                } else {
                    Pane::List
                };
                Vec::new()
            }
            CommandId::Open if narrow => self.open(Place::Run),
            CommandId::Open => self.open_failures(),
            CommandId::PaneZoom | CommandId::MoveRight => self.open(Place::Run),
            CommandId::Follow => {
                self.following = Following::Newest;
                self.list.select_row(0);
                self.show_selected()
            }
            CommandId::RunStart => {
                let like = self.list.selected().map(|summary| summary.run.clone());
                self.acts.start_like(like.as_ref())
            }
            CommandId::CopyAll | CommandId::CopyPlain => self.copy_text(command, context),
            command => match self.list.selected().cloned() {
                Some(summary) => self.acts.command(command, RunFacts::from(&summary)),
                None => Vec::new(),
            },
        }
    }

    fn open(&self, place: fn(RunId) -> Place) -> Vec<Effect> {
        let selected = self.list.selected().map(HasId::id);
        selected.map(|id| Effect::Open(place(id))).into_iter().collect()
    }

    fn open_failures(&self) -> Vec<Effect> {
        match acts::availability(CommandId::Open, self.facts()) {
            Ok(()) => self.open(Place::Failures),
            Err(why) => vec![Effect::Say(Note::info(why))],
        }
    }

    fn copy_text(&self, command: CommandId, context: &Context) -> Vec<Effect> {
        let Some(shown) = &self.shown else {
            return Vec::new();
        };
        let text = shown.text(context);
        if command == CommandId::CopyAll {
            return vec![Effect::Copy(text)];
        }
        vec![Effect::ShowPlain {
            title: shown.id().to_string(),
            text,
        }]
    }

    fn answered(&mut self, request: &Request, result: Result<Answer, Fault>) -> Vec<Effect> {
        match (request, result) {
            // Answers to words that were typed on since come to nothing.
            (Request::FindRuns(words), Ok(Answer::Runs(runs))) if self.finder.is_shown() => {
                return if words == self.finder.text() {
                    self.take_found(runs)
                } else {
                    Vec::new()
                };
            }
            (Request::FindRuns(_) | Request::Runs { .. }, Ok(_)) if self.finder.is_shown() => {}
            (Request::Runs { before, .. }, Ok(Answer::Runs(runs))) => {
                self.fault = None;
                self.take_page(*before, runs);
                return self.show_selected();
            }
            (Request::Runs { .. } | Request::FindRuns(_), Err(fault)) => self.fault = Some(fault),
            // The pane shows it.
            (Request::RunDetail(_), Err(_)) => {}
            (_, Err(fault)) => return vec![Effect::Say(Note::failure(&fault))],
            _ => {}
        }
        Vec::new()
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, context: &Context) -> Vec<Effect> {
        let [list, run] = split(area, context);
        let at = ratatui::layout::Position::new(mouse.column, mouse.row);
        if run.contains(at) {
            self.focus = Pane::Run;
            if let Some(shown) = &self.shown {
                shown.scroll.wheel(mouse);
            }
            return Vec::new();
        }
        self.focus = Pane::List;
        match mouse.kind {
            MouseKind::ScrollDown => self.list.command(CommandId::MoveDown),
            MouseKind::ScrollUp => self.list.command(CommandId::MoveUp),
            MouseKind::Press => {
                let columns = list_columns(list, context);
                Table::new(&columns).click(&mut self.list, Panel::inner(list), mouse.row)
            }
        };
        self.moved()
    }

    fn progress(&mut self, progress: &RunProgress) {
        // The list shows the same counts as the pane; the row itself comes again with the next page.
        let mut rows = self.list.rows().to_vec();
        let Some(row) = rows.iter_mut().find(|row| row.run.id == progress.run) else {
            return;
        };
        row.state = progress.state;
        row.saved = progress.totals.saved;
        row.failed = progress.totals.failed + progress.totals.errored;
        let newest = self.list.total();
        let from = rows
            .first()
            .map_or(0, |first| newest.saturating_sub(u64::from(first.run.id.0)));
        self.list.set_page(newest, from, rows);
    }

    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        // The selection stays on its run while newer ones come in above it.
        let above = self.list.above(area.height.saturating_sub(LIST_FRAME_LINES));
        let note = match self.following {
            _ if self.finder.is_shown() => "found, newest first".to_owned(),
            Following::Newest => "following the newest".to_owned(),
            Following::Nothing if above > 0 => format!("{above} newer above"),
            Following::Nothing => "newest first".to_owned(),
        };
        let inner = Panel::new("Runs")
            .note(note)
            .focused(self.focus == Pane::List || context.size_class.width == WidthClass::Narrow)
            .draw(frame, area, context.theme);
        let line = u16::from(self.finder.is_shown());
        let [inner, find] = Layout::vertical([Constraint::Fill(1), Constraint::Length(line)]).areas(inner);
        self.finder.draw(frame, find, context);
        let empty = match (&self.fault, self.loaded) {
            (Some(fault), _) => format!("{}. {}", fault.what, fault.hint),
            (None, true) if self.finder.is_shown() => "No run has these words. esc shows all.".into(),
            (None, false) => "loading runs".into(),
            (None, true) => format!(
                "No run yet. {} runs a version on a dataset.",
                context.keymap.shown(CommandId::RunStart).unwrap_or_default()
            ),
        };
        let columns = list_columns(area, context);
        Table::new(&columns)
            .focus(Focus::when(self.focus == Pane::List))
            .empty(&empty)
            .draw(frame, inner, context.theme, &self.list, |summary| {
                cells(summary, dataset_columns(area), context)
            });
    }
}

impl Screen for Runs {
    fn place(&self) -> Place {
        Place::Runs
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.finder.is_typing() {
            Vec::new()
        } else {
            vec![Scope::Runs]
        }
    }

    fn title(&self) -> String {
        "Runs".into()
    }

    fn requests(&self) -> Vec<Request> {
        let from = if self.following == Following::Newest {
            0
        } else {
            self.list.page_start()
        };
        let mut requests = vec![self.page(from)];
        requests.extend(self.shown.iter().flat_map(RunPane::requests));
        requests
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        if let ScreenEvent::Answered {
            request: Request::StartRun(_),
            result: Ok(_),
        } = &event
        {
            self.following = Following::Newest;
        }
        if let Some(effects) = self.acts.event(&event) {
            return effects;
        }
        let mut effects = self.shown.as_mut().map(|shown| shown.event(&event)).unwrap_or_default();
        effects.extend(match event {
            ScreenEvent::Command(command) => self.command(command, context),
            ScreenEvent::Key(key) if self.finder.is_typing() && self.finder.key(key) == Found::Changed => self.find(),
            ScreenEvent::Paste(text) if self.finder.is_typing() && self.finder.paste(&text) == Found::Changed => {
                self.find()
            }
            ScreenEvent::Answered { request, result } => self.answered(&request, result),
            ScreenEvent::Progress(progress) => {
                self.progress(&progress);
                Vec::new()
            }
            ScreenEvent::Mouse(mouse, area) => self.mouse(mouse, area, context),
            _ => Vec::new(),
        });
        effects
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let [list, run] = split(area, context);
        self.draw_list(frame, list, context);
        if run.width == 0 {
            return;
        }
        let framing = if self.focus == Pane::Run {
            Framing::Focused
        } else {
            Framing::Beside
        };
        match &self.shown {
            Some(shown) => shown.draw(frame, run, framing, context),
            None => {
                Panel::new("").draw(frame, run, context.theme);
            }
        }
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            // In the narrow list Enter goes to the run itself, so that it is never off there.
            CommandId::Open if self.list.selected().is_some() => Ok(()),
            command => acts::availability(command, self.facts()),
        }
    }

    fn takes_text(&self) -> bool {
        self.finder.is_typing()
    }

    fn step_back(&mut self) -> bool {
        self.finder.step_back()
    }

    fn status(&self) -> String {
        let Some(facts) = self.facts() else {
            return String::new();
        };
        format!("{}: {} saved, {} failed", facts.run.id, facts.saved, facts.failed)
    }

    fn watches(&self) -> Vec<RunId> {
        self.shown.as_ref().map(RunPane::watches).unwrap_or_default()
    }
}

/// List and run; on a narrow terminal the list alone.
fn split(area: Rect, context: &Context) -> [Rect; 2] {
    let list = match context.size_class.width {
        WidthClass::Narrow => area.width,
        WidthClass::Normal => LIST_COLUMNS,
        WidthClass::Wide => LIST_COLUMNS_WIDE,
    };
    Layout::horizontal([Constraint::Length(list), Constraint::Min(0)]).areas(area)
}
