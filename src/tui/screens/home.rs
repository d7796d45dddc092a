//! Home: what needs the user, what runs, what is unhealthy.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::{Context, Place, Screen, ScreenEvent};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::widgets::panel::Panel;
use crate::workbench::{Answer, Request};

/// The panes that take the focus, in the order of Tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    NeedsYou,
    ActiveRuns,
    Prompts,
}

impl Pane {
    fn next(self) -> Self {
        match self {
            Pane::NeedsYou => Pane::ActiveRuns,
            Pane::ActiveRuns => Pane::Prompts,
            Pane::Prompts => Pane::NeedsYou,
        }
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Home {
    focus: Pane,
    status: Option<Answer>,
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

    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(CommandId::PaneNext) => self.focus = self.focus.next(),
            ScreenEvent::Command(CommandId::PanePrevious) => self.focus = self.focus.next().next(),
            ScreenEvent::Answered { result: Ok(answer), .. } => self.status = Some(answer),
            ScreenEvent::Answered { result: Err(fault), .. } => return vec![Effect::Say(Note::failure(&fault))],
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let halves = |area| Layout::horizontal([Constraint::Fill(1); 2]).areas::<2>(area);
        let panes: [(Pane, &str, Rect); 3] = if context.size_class.width == WidthClass::Narrow {
            let [top, middle, bottom] = Layout::vertical([Constraint::Fill(1); 3]).areas(area);
            [
                (Pane::NeedsYou, "Needs you", top),
                (Pane::ActiveRuns, "Active runs", middle),
                (Pane::Prompts, "Prompts", bottom),
            ]
        } else {
            let [top, bottom] = Layout::vertical([Constraint::Fill(1); 2]).areas(area);
            let [left, right] = halves(top);
            [
                (Pane::NeedsYou, "Needs you", left),
                (Pane::ActiveRuns, "Active runs", right),
                (Pane::Prompts, "Prompts", bottom),
            ]
        };
        for (pane, title, area) in panes {
            let inner = Panel::new(title)
                .focused(self.focus == pane)
                .draw(frame, area, context.theme);
            let text = match (&self.status, pane) {
                (None, _) => "loading",
                (Some(_), Pane::NeedsYou) => "Nothing waits for you.",
                (Some(_), Pane::ActiveRuns) => "No run is active. r starts one.",
                (Some(_), Pane::Prompts) => "No prompt yet. a makes one. pegbox demo fills a sample store.",
            };
            frame.render_widget(Line::styled(text, context.theme.dim), inner);
        }
    }
}
