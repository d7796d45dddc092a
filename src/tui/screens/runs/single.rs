//! One run alone on the screen.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::acts::{self, RunActs, RunFacts};
use super::pane::{Framing, RunPane};
use crate::domain::ids::RunId;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::screens::{Context, Place, Screen, ScreenEvent};
use crate::workbench::Request;

/// The screen.
#[derive(Debug)]
pub struct SingleRun {
    pane: RunPane,
    acts: RunActs,
}

impl SingleRun {
    /// The screen of a run.
    pub fn new(id: RunId) -> Self {
        Self {
            pane: RunPane::new(id),
            acts: RunActs::default(),
        }
    }

    fn facts(&self) -> Option<RunFacts<'_>> {
        self.pane.detail().map(Into::into)
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        if self.pane.scroll.command(command) {
            return Vec::new();
        }
        match command {
            CommandId::Open => match acts::availability(command, self.facts()) {
                Ok(()) => vec![Effect::Open(Place::Failures(self.pane.id()))],
                Err(why) => vec![Effect::Say(Note::info(why))],
            },
            CommandId::PaneZoom | CommandId::MoveLeft => vec![Effect::Back],
            CommandId::CopyAll => vec![Effect::Copy(self.pane.text(context))],
            CommandId::CopyPlain => vec![Effect::ShowPlain {
                title: self.pane.id().to_string(),
                text: self.pane.text(context),
            }],
            command => match self.pane.detail() {
                Some(detail) => self.acts.command(command, detail.into()),
                None => Vec::new(),
            },
        }
    }
}

impl Screen for SingleRun {
    fn place(&self) -> Place {
        Place::Run(self.pane.id())
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Runs]
    }

    fn title(&self) -> String {
        format!("Runs > {}", self.pane.id())
    }

    fn requests(&self) -> Vec<Request> {
        self.pane.requests()
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        if let Some(effects) = self.acts.event(&event) {
            return effects;
        }
        let mut effects = self.pane.event(&event);
        match event {
            ScreenEvent::Command(command) => effects.extend(self.command(command, context)),
            ScreenEvent::Mouse(mouse, _) => {
                self.pane.scroll.wheel(mouse);
            }
            ScreenEvent::Answered {
                request,
                result: Err(fault),
            } if !matches!(request, Request::RunDetail(_)) => effects.push(Effect::Say(Note::failure(&fault))),
            _ => {}
        }
        effects
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        self.pane.draw(frame, area, Framing::Alone, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::Follow => Err("the newest failures are always in view here".into()),
            command => acts::availability(command, self.facts()),
        }
    }

    fn status(&self) -> String {
        let Some(facts) = self.facts() else {
            return String::new();
        };
        format!(
            "{}: {} saved of {}",
            facts.run.id,
            facts.saved,
            facts.run.outcome_count()
        )
    }

    fn watches(&self) -> Vec<RunId> {
        self.pane.watches()
    }
}
