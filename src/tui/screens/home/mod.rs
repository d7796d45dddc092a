//! Home: what needs the user, what runs, what there is, what is unhealthy.

mod rows;
mod view;

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::rows::{ActiveRow, NeedRow, PromptRow};
use super::figures::source_label;
use super::loaded::Loaded;
use super::panes::{mouse_on_list, offered, pane_at};
use super::run_start::{RunStart, RunWish};
use super::{Context, Place, Screen, ScreenEvent, Tab};
use crate::domain::ids::{PromptName, RunId};
use crate::domain::progress::RunProgress;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::Mouse;
use crate::tui::msg::Note;
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::tui::widgets::listing::{HasId, Listing};
use crate::workbench::{Answer, Need, Request, RunSummary, Status};

/// Names the form for a new prompt.
const NEW_PROMPT: &str = "new prompt";

/// The panes. The last two show facts and take no focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    NeedsYou,
    ActiveRuns,
    Prompts,
    RecentRuns,
    Health,
}

impl Pane {
    fn next(self) -> Self {
        match self {
            Pane::NeedsYou => Pane::ActiveRuns,
            Pane::ActiveRuns => Pane::Prompts,
            _ => Pane::NeedsYou,
        }
    }

    fn takes_focus(self) -> bool {
        !matches!(self, Pane::RecentRuns | Pane::Health)
    }
}

/// What Home shows beside its lists.
#[derive(Debug, Clone, PartialEq)]
struct Facts {
    recent: Vec<RunSummary>,
    audit_entries: u64,
}

/// The screen.
#[derive(Debug, Default)]
pub struct Home {
    focus: Pane,
    zoomed: bool,
    facts: Loaded<Facts>,
    needs: Listing<NeedRow>,
    active: Listing<ActiveRow>,
    prompts: Listing<PromptRow>,
    start: RunStart,
}

impl Home {
    fn take_status(&mut self, status: Status) -> Vec<Effect> {
        let waiting = status.needs.iter().filter(|need| matches!(need, Need::Review { .. }));
        let count = Effect::Count(Tab::Review, waiting.count());
        let recent = status.recent;
        self.needs.set_all(status.needs.into_iter().map(NeedRow).collect());
        let active = status.active.into_iter().map(|progress| {
            let run = recent.iter().find(|summary| summary.run.id == progress.run);
            ActiveRow {
                subject: run.map(|summary| summary.run.subject.label()).unwrap_or_default(),
                source: run.map_or("", |summary| source_label(summary.run.answers)),
                progress,
            }
        });
        self.active.set_all(active.collect());
        self.prompts
            .set_all(status.prompts.into_iter().map(PromptRow).collect());
        self.facts = Loaded::Ready(Facts {
            recent,
            audit_entries: status.audit_entries,
        });
        vec![count]
    }

    fn answered(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Status(status) => self.take_status(*status),
            Answer::PromptCreated(prompt) => vec![Effect::Open(Place::Editor(prompt.name))],
            Answer::Run(run) => vec![
                Effect::Say(Note::info(format!("{run} started"))),
                Effect::Open(Place::Run(run)),
            ],
            other => self.start.answered(&other),
        }
    }

    /// A run moved on. Its subject is known already: only the numbers are new.
    fn take_progress(&mut self, progress: RunProgress) {
        let mut rows: Vec<ActiveRow> = self.active.rows().to_vec();
        if let Some(row) = rows.iter_mut().find(|row| row.progress.run == progress.run) {
            row.progress = progress;
        }
        self.active.set_all(rows);
    }

    fn command(&mut self, command: CommandId) -> Vec<Effect> {
        match command {
            CommandId::PaneNext => self.focus = self.focus.next(),
            CommandId::PanePrevious => self.focus = self.focus.next().next(),
            CommandId::PaneZoom => self.zoomed = !self.zoomed,
            CommandId::Open => return self.open(),
            CommandId::RunStart => return self.start_run(),
            CommandId::PromptNew => return vec![Effect::Fill(new_prompt_form())],
            CommandId::CopyId => return self.copy_id(),
            _ => {
                self.move_in_focus(command);
            }
        }
        Vec::new()
    }

    fn move_in_focus(&mut self, command: CommandId) -> bool {
        match self.focus {
            Pane::NeedsYou => self.needs.command(command),
            Pane::ActiveRuns => self.active.command(command),
            Pane::Prompts => self.prompts.command(command),
            Pane::RecentRuns | Pane::Health => false,
        }
    }

    /// Opens what is selected: what a need is about, a run, a prompt.
    fn open(&self) -> Vec<Effect> {
        let place = match self.focus {
            Pane::NeedsYou => self.needs.selected().map(|row| rows::place_of(&row.0)),
            Pane::ActiveRuns => self.active.selected().map(|row| Place::Run(row.progress.run)),
            Pane::Prompts => self
                .prompts
                .selected()
                .map(|row| Place::Editor(row.0.prompt.name.clone())),
            Pane::RecentRuns | Pane::Health => None,
        };
        place.map(Effect::Open).into_iter().collect()
    }

    /// Begins a run of what is selected: an untested version, or a version of the selected prompt.
    fn start_run(&mut self) -> Vec<Effect> {
        let mut wish = RunWish::default();
        match self.focus {
            Pane::NeedsYou => {
                if let Some(Need::Untested { version, .. }) = self.needs.selected().map(|row| &row.0) {
                    wish.subject = Some(version.clone().into());
                }
            }
            Pane::Prompts => wish.prompt = self.prompts.selected().map(HasId::id),
            Pane::ActiveRuns | Pane::RecentRuns | Pane::Health => {}
        }
        self.start.begin(wish)
    }

    fn copy_id(&self) -> Vec<Effect> {
        let id = match self.focus {
            Pane::NeedsYou => self.needs.selected().map(HasId::id),
            Pane::ActiveRuns => self.active.selected().map(|row| row.progress.run.to_string()),
            Pane::Prompts => self.prompts.selected().map(|row| row.0.prompt.name.to_string()),
            Pane::RecentRuns | Pane::Health => None,
        };
        id.map(Effect::Copy).into_iter().collect()
    }

    fn mouse(&mut self, mouse: Mouse, body: Rect, context: &Context) {
        let Some((pane, area)) = pane_at(&self.areas(body, context), mouse) else {
            return;
        };
        if pane.takes_focus() {
            self.focus = pane;
        }
        match pane {
            Pane::NeedsYou => mouse_on_list(&mut self.needs, mouse, area),
            Pane::Prompts => mouse_on_list(&mut self.prompts, mouse, area),
            // A run takes more than a line in some layouts: a press only brings the focus.
            Pane::ActiveRuns | Pane::RecentRuns | Pane::Health => {}
        }
    }
}

fn new_prompt_form() -> Form {
    Form {
        tag: NEW_PROMPT,
        title: "New prompt".into(),
        notes: Vec::new(),
        fields: vec![
            FormField::text("name", "Name, as in support_triage").required(),
            FormField::text("description", "What it is for, in a sentence").required(),
        ],
        button: "Make it".into(),
        more: None,
    }
}

/// Asks for the prompt that the form names.
fn create_prompt(filled: &Filled) -> Vec<Effect> {
    match PromptName::new(filled.text("name")) {
        Ok(name) => vec![Effect::Ask(Request::CreatePrompt {
            name,
            description: filled.text("description").to_owned(),
        })],
        Err(error) => vec![Effect::Say(Note::warning(error.to_string()))],
    }
}

impl Screen for Home {
    fn place(&self) -> Place {
        Place::Home
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Home]
    }

    fn title(&self) -> String {
        "Home".into()
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Status]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command),
            ScreenEvent::Mouse(mouse, body) => self.mouse(mouse, body, context),
            ScreenEvent::Progress(progress) => self.take_progress(*progress),
            ScreenEvent::Filled(filled) if filled.tag == NEW_PROMPT => return create_prompt(&filled),
            ScreenEvent::Filled(filled) => return self.start.filled(&filled).unwrap_or_default(),
            ScreenEvent::Chosen(chosen) => return self.start.chosen(&chosen).unwrap_or_default(),
            ScreenEvent::Answered { result: Ok(answer), .. } => return self.answered(answer),
            ScreenEvent::Answered {
                request,
                result: Err(fault),
            } => {
                let note = Note::failure(&fault);
                if request == Request::Status {
                    self.facts.fail(fault);
                }
                return vec![Effect::Say(note)];
            }
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        self.draw(frame, area, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::Open | CommandId::CopyId => {
                let (total, what) = match self.focus {
                    Pane::ActiveRuns => (self.active.total(), "no run is active"),
                    Pane::Prompts => (self.prompts.total(), "there is no prompt yet"),
                    _ => (self.needs.total(), "nothing waits for you"),
                };
                if total == 0 { Err(what.into()) } else { Ok(()) }
            }
            CommandId::Search => Err("Home is short: the lists behind 2 to 6 can be searched".into()),
            _ => offered(
                command,
                &[CommandId::PaneNext, CommandId::PanePrevious, CommandId::PaneZoom],
            ),
        }
    }

    fn step_back(&mut self) -> bool {
        std::mem::take(&mut self.zoomed)
    }

    fn status(&self) -> String {
        match &self.facts {
            Loaded::Ready(_) => format!(
                "{} waiting for you, {} runs active",
                self.needs.total(),
                self.active.total()
            ),
            Loaded::Loading | Loaded::Failed(_) => String::new(),
        }
    }

    fn watches(&self) -> Vec<RunId> {
        self.active.rows().iter().map(|row| row.progress.run).collect()
    }
}
