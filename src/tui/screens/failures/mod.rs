//! The failures of a run: in groups, and for the selected one what went in, what was expected, what came, and why.

mod acts;
pub(super) mod case;
mod groups;
mod judging;
#[cfg(test)]
mod judging_tests;
mod keep;
mod steps;
#[cfg(test)]
mod tests;
mod view;
mod walk;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::case::{CaseTexts, View};
use self::groups::{GroupRow, Groups};
use self::judging::Labelling;
use self::keep::KeptCase;
use self::walk::Step;
use super::finder::{Finder, Found};
use super::rerun::{self, RerunStart};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::RunId;
use crate::domain::outcome::OutcomePlace;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::overlays::form::Filled;
use crate::tui::widgets::listing::Listing;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::Table;
use crate::tui::widgets::text_view::TextView;
use crate::workbench::{Answer, CaseRow, CaseView, Fault, Listed, Request, RunDetail, RunTriage};

/// Failures that are loaded at a time; groups are made of these.
const WINDOW_ROWS: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pane {
    Groups,
    View,
    Expected,
    Output,
    Why,
}

impl Pane {
    const ALL: [Self; 5] = [Self::Groups, Self::View, Self::Expected, Self::Output, Self::Why];
}

/// Which failure to select when a window arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Stay,
    First,
    Last,
}

/// The screen.
#[derive(Debug)]
pub struct Failures {
    run: RunId,
    detail: Option<RunDetail>,
    fault: Option<Fault>,
    finder: Finder,
    listed: Listed,
    groups: Groups,
    list: Listing<GroupRow>,
    /// After which place each window so far began; the last one is shown.
    windows: Vec<Option<OutcomePlace>>,
    has_more: bool,
    loaded: bool,
    arrival: Arrival,
    /// The failure whose case is shown.
    current: Option<CaseRow>,
    case: Option<CaseView>,
    texts: CaseTexts,
    view: View,
    /// None until somebody chose: the list where there is room for it, else the case.
    focus: Option<Pane>,
    zoomed: bool,
    scrolls: [TextView; Pane::ALL.len()],
    kept: Option<KeptCase>,
    labelling: Option<Labelling>,
    /// Where the causes lie; none while that is to be counted again.
    triage: Option<RunTriage>,
    rerun: Option<RerunStart>,
}

impl Failures {
    /// The screen of a run's failures.
    pub fn new(run: RunId) -> Self {
        Self {
            run,
            detail: None,
            fault: None,
            finder: Finder::default(),
            listed: Listed::default(),
            groups: Groups::default(),
            list: Listing::default(),
            windows: vec![None],
            has_more: false,
            loaded: false,
            arrival: Arrival::First,
            current: None,
            case: None,
            texts: CaseTexts::default(),
            view: View::default(),
            focus: None,
            zoomed: false,
            scrolls: Default::default(),
            kept: None,
            labelling: None,
            triage: None,
            rerun: None,
        }
    }

    fn window(&self) -> Request {
        Request::Cases {
            run: self.run,
            listed: self.listed,
            after: self.windows.last().copied().flatten(),
            limit: WINDOW_ROWS,
        }
    }

    fn focus(&self, context: &Context) -> Pane {
        let default = if context.size_class.width == WidthClass::Narrow {
            Pane::View
        } else {
            Pane::Groups
        };
        self.focus.unwrap_or(default)
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        let focus = self.focus(context);
        match (command, focus, self.list.selected()) {
            (CommandId::ProblemNext, ..) => return self.go(Step::Next),
            (CommandId::ProblemPrevious, ..) => return self.go(Step::Previous),
            (CommandId::Search, ..) => {
                self.finder.start();
                return Vec::new();
            }
            (
                CommandId::Open | CommandId::MoveLeft | CommandId::MoveRight,
                Pane::Groups,
                Some(GroupRow::Head { name, collapsed, .. }),
            ) => {
                let wants_open = command == CommandId::MoveRight;
                let toggles = command == CommandId::Open || wants_open == *collapsed;
                let name = name.clone();
                if toggles {
                    self.groups.toggle(&name);
                    self.list.set_all(self.groups.list());
                }
                return Vec::new();
            }
            (CommandId::Open, Pane::Groups, _) => {
                self.focus = Some(Pane::View);
                return Vec::new();
            }
            (CommandId::MoveRight, ..) => {
                self.show_view(self.view.next());
                return Vec::new();
            }
            (CommandId::MoveLeft, ..) => {
                self.show_view(self.view.previous());
                return Vec::new();
            }
            (CommandId::PaneNext | CommandId::PanePrevious, ..) => {
                let at = Pane::ALL.iter().position(|pane| *pane == focus).unwrap_or(0);
                let step = if command == CommandId::PaneNext {
                    1
                } else {
                    Pane::ALL.len() - 1
                };
                self.focus = Pane::ALL.get((at + step) % Pane::ALL.len()).copied();
                return Vec::new();
            }
            (CommandId::PaneZoom | CommandId::Open, ..) => {
                self.zoomed = !self.zoomed;
                return Vec::new();
            }
            _ => {}
        }
        if focus == Pane::Groups && self.list.command(command) {
            return self.show_selected();
        }
        if focus != Pane::Groups && self.scroll(focus, command) {
            return Vec::new();
        }
        self.act(command)
    }

    fn show_view(&mut self, view: View) {
        if view != self.view {
            self.view = view;
            if let Some(scroll) = self.scrolls.get_mut(Pane::View as usize) {
                scroll.reset();
            }
        }
    }

    fn text(&self, pane: Pane) -> &Printable {
        match pane {
            Pane::Groups | Pane::View => self.texts.view(self.view),
            Pane::Expected => &self.texts.expected,
            Pane::Output => &self.texts.output,
            Pane::Why => &self.texts.why,
        }
    }

    fn scroll(&mut self, pane: Pane, command: CommandId) -> bool {
        let text = match pane {
            Pane::Groups | Pane::View => self.texts.view(self.view),
            Pane::Expected => &self.texts.expected,
            Pane::Output => &self.texts.output,
            Pane::Why => &self.texts.why,
        };
        self.scrolls
            .get_mut(pane as usize)
            .is_some_and(|scroll| scroll.command(command, text))
    }

    fn answered(&mut self, request: &Request, result: Result<Answer, Fault>) -> Vec<Effect> {
        match (request, result) {
            (Request::RunDetail(_), Ok(Answer::RunDetail(detail))) => self.detail = Some(*detail),
            (Request::Cases { .. }, Ok(Answer::Cases(rows))) if *request == self.window() => {
                return self.take_window(rows);
            }
            (Request::Case { place, .. }, Ok(Answer::Case(case)))
                if self.current.as_ref().is_some_and(|current| current.place == *place) =>
            {
                self.texts = CaseTexts::of(&case);
                self.case = Some(*case);
            }
            (Request::Cases { .. }, Err(fault)) => self.fault = Some(fault),
            (Request::Rerun(_), Ok(Answer::Run(id))) => return rerun::started(id),
            (Request::RunTriage(_), Ok(Answer::RunTriage(triage))) => self.triage = Some(*triage),
            (Request::AddLabel { .. }, Ok(Answer::Labelled(label))) => {
                return self.counted_again(format!("{} is labelled", label.outcome()));
            }
            (Request::AddTriages { category, .. }, Ok(Answer::Triaged(count))) => {
                self.list.clear_marks();
                return self.counted_again(format!("{count} of {} put in: {}", self.run, category.as_str()));
            }
            (Request::DecideOtherCause { .. }, Ok(Answer::Decided(decision))) => {
                let text = format!("{}: {}", decision.id, decision.kind);
                return vec![Effect::Say(Note::info(text))];
            }
            (_, Ok(Answer::Datasets(datasets))) => {
                let own = self.detail.as_ref().map(|detail| &detail.run.dataset);
                return self
                    .kept
                    .as_mut()
                    .map(|kept| kept.open(&datasets, own))
                    .into_iter()
                    .collect();
            }
            (_, Ok(Answer::DatasetChanged(version))) => {
                let note = format!("{} now has it: {} examples", version.id, version.example_count);
                return vec![Effect::Say(Note::info(note))];
            }
            (_, Err(fault)) => return vec![Effect::Say(Note::failure(&fault))],
            _ => {}
        }
        Vec::new()
    }

    /// Says what was done, and counts the causes again.
    fn counted_again(&mut self, done: String) -> Vec<Effect> {
        self.triage = None;
        vec![Effect::Say(Note::info(done)), Effect::Ask(Request::RunTriage(self.run))]
    }

    fn filled(&mut self, filled: &Filled) -> Vec<Effect> {
        if let Some(effects) = self.judged(filled) {
            return effects;
        }
        let rerun = self.rerun.as_mut().and_then(|rerun| rerun.filled(filled));
        rerun
            .or_else(|| self.kept.as_ref().map(|kept| kept.filled(filled)))
            .unwrap_or_default()
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, context: &Context) -> Vec<Effect> {
        let focus = self.focus(context);
        let panes = view::split(area, self.zoomed, focus, context);
        let at = Position::new(mouse.column, mouse.row);
        let hit = Pane::ALL
            .into_iter()
            .find(|pane| panes.of(*pane).is_some_and(|area| area.contains(at)));
        let Some(pane) = hit else {
            return Vec::new();
        };
        self.focus = Some(pane);
        if pane != Pane::Groups {
            if let Some(scroll) = self.scrolls.get_mut(pane as usize) {
                scroll.wheel(mouse);
            }
            return Vec::new();
        }
        match mouse.kind {
            MouseKind::ScrollDown => self.list.command(CommandId::MoveDown),
            MouseKind::ScrollUp => self.list.command(CommandId::MoveUp),
            MouseKind::Press => {
                let area = panes.of(Pane::Groups).unwrap_or_default();
                Table::new(&[])
                    .without_header()
                    .click(&mut self.list, Panel::inner(area), mouse.row)
            }
        };
        self.show_selected()
    }
}

impl Screen for Failures {
    fn place(&self) -> Place {
        Place::Failures(self.run)
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.finder.is_typing() {
            Vec::new()
        } else {
            vec![Scope::Failures]
        }
    }

    fn title(&self) -> String {
        format!("Runs > {} > Failures", self.run)
    }

    fn requests(&self) -> Vec<Request> {
        let mut requests = vec![Request::RunDetail(self.run), self.window()];
        // Counting them takes long in a large run, so it is not done at every change.
        if self.triage.is_none() {
            requests.push(Request::RunTriage(self.run));
        }
        requests.extend(self.current.as_ref().map(|row| Request::Case {
            run: self.run,
            place: row.place,
        }));
        requests
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command, context),
            ScreenEvent::Answered { request, result } => self.answered(&request, result),
            ScreenEvent::Filled(filled) => self.filled(&filled),
            ScreenEvent::Mouse(mouse, area) => self.mouse(mouse, area, context),
            ScreenEvent::Key(key) => {
                let found = self.finder.key(key);
                self.found(found)
            }
            ScreenEvent::Paste(text) => {
                let found = self.finder.paste(&text);
                self.found(found)
            }
            _ => Vec::new(),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        self.draw(frame, area, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        let off = |why: &str| Err(why.to_owned());
        let no_base = self.case.as_ref().is_some_and(|case| case.before.is_none());
        match command {
            CommandId::CaseTriage if !self.current.as_ref().is_some_and(|row| row.has_failed) => {
                off("no failure is shown")
            }
            CommandId::CaseLabel if self.case.is_none() => off("no outcome is shown"),
            CommandId::RunDecide => self.undecidable().map_or(Ok(()), off),
            CommandId::Compare if no_base => off("no finished run of the base is on this dataset; d on Runs picks one"),
            CommandId::ExampleKeep | CommandId::Compare if self.case.is_none() => off("no failure is shown"),
            CommandId::Lineage | CommandId::RunRepeat if self.current.is_none() => off("no failure is shown"),
            CommandId::DraftEdit if self.detail.is_none() => off("the run is not loaded yet"),
            _ => Ok(()),
        }
    }

    fn takes_text(&self) -> bool {
        self.finder.is_typing()
    }

    fn step_back(&mut self) -> bool {
        if self.finder.step_back() {
            self.narrow();
            return true;
        }
        if self.list.clear_marks() {
            return true;
        }
        let was_zoomed = self.zoomed;
        self.zoomed = false;
        was_zoomed
    }

    fn status(&self) -> String {
        let current = self.current.as_ref().map(|row| row.place);
        let at = self.groups.cases().position(|row| Some(row.place) == current);
        let Some(at) = at else {
            return self.groups.heads().join("   ");
        };
        let window = self.groups.cases().count();
        let more = if self.has_more || self.windows.len() > 1 {
            " loaded ones, J and K go on"
        } else {
            ""
        };
        format!(
            "failure {} of {window}{more}   {}",
            at + 1,
            self.groups.heads().join("   ")
        )
    }
}
