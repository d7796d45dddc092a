//! How screens close and the session ends, without losing what was typed.

use super::{App, Open};
use crate::tui::command::CommandId;
use crate::tui::effect::Order;
use crate::tui::overlays::dialog::{Dialog, OpenDialog};
use crate::tui::screens::{ScreenId, Tab, UnsavedText};
use crate::workbench::Fault;

/// What waits until every text that was typed is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Ending the session.
    Quit,
    /// Going to the first screen of the tab.
    ToFirst,
}

impl App {
    /// Leaves the visible screen; from a tab's first screen to Home. Whether there was a step back.
    pub(super) fn leave(&mut self) -> bool {
        if self.stack().len() > 1 {
            if let Some(open) = self.stack_mut().pop() {
                self.closed(open);
            }
            self.shown();
            true
        } else if self.tab == Tab::Home {
            false
        } else {
            self.go_to(Tab::Home);
            true
        }
    }

    /// Takes one screen away, wherever it is, as [`Effect::Back`](crate::tui::effect::Effect::Back) asks: the visible
    /// one may be another.
    pub(super) fn close(&mut self, id: ScreenId) {
        if self.visible().is_some_and(|open| open.id == id) {
            self.leave();
            return;
        }
        for stack in &mut self.stacks {
            // A tab's first screen stays: there is nothing under it.
            if let Some(at) = stack.iter().skip(1).position(|open| open.id == id) {
                let open = stack.remove(at + 1);
                return self.closed(open);
            }
        }
    }

    fn closed(&mut self, mut open: Open) {
        let last = open.screen.close();
        self.apply_last(open.id, last);
    }

    pub(super) fn quit(&mut self) {
        if !self.keeps_first(Leaving::Quit) {
            self.quit_now();
        }
    }

    pub(super) fn quit_now(&mut self) {
        let mut last = Vec::new();
        for open in self.stacks.iter_mut().flatten() {
            last.push((open.id, open.screen.close()));
        }
        for (id, effects) in last {
            self.apply_last(id, effects);
        }
        self.orders.push(Order::Quit);
    }

    /// All text that was typed and is not stored.
    pub fn unsaved_texts(&self) -> Vec<UnsavedText> {
        let open = self.stacks.iter().flatten();
        open.filter_map(|open| open.screen.unsaved_text()).collect()
    }

    /// Asks for the saves of what was typed, and stays as it is.
    pub(super) fn keep(&mut self) {
        let unsaved = self.stacks.iter_mut().flatten().filter(|open| open.screen.is_unsaved());
        let last: Vec<_> = unsaved.map(|open| (open.id, open.screen.close())).collect();
        for (id, effects) in last {
            self.apply_last(id, effects);
        }
    }

    /// Asks for the saves that must go first; `leaving` then happens with their answers. Whether there are any.
    pub(super) fn keeps_first(&mut self, leaving: Leaving) -> bool {
        let mut last = Vec::new();
        let (stacks, stay) = match leaving {
            Leaving::Quit => (&mut self.stacks[..], 0),
            Leaving::ToFirst => (&mut self.stacks[self.tab as usize..=self.tab as usize], 1),
        };
        for stack in stacks {
            for open in stack.iter_mut().skip(stay).filter(|open| open.screen.is_unsaved()) {
                last.push((open.id, open.screen.close()));
            }
        }
        self.leaving = (!last.is_empty()).then_some(leaving);
        for (id, effects) in last {
            self.apply_last(id, effects);
        }
        self.leaving.is_some()
    }

    /// A save was answered: goes on with what waits for it, or stays and says what would be lost.
    pub(super) fn go_on_leaving(&mut self, saved: ScreenId, fault: Option<&Fault>) {
        let Some(leaving) = self.leaving else {
            return;
        };
        let is_unsaved = |open: &Open| open.id == saved && open.screen.is_unsaved();
        match (fault, leaving) {
            (Some(fault), Leaving::Quit) if self.stacks.iter().flatten().any(is_unsaved) => {
                self.leaving = None;
                let question = format!("NOT kept: {}. Quit and lose what was typed?", fault.what);
                let question = Dialog::question(CommandId::DraftDrop, question);
                self.lay(Box::new(OpenDialog::new(question)), None);
            }
            (Some(_), Leaving::ToFirst) if self.stacks.iter().flatten().any(is_unsaved) => self.leaving = None,
            (_, Leaving::Quit) => self.quit(),
            (_, Leaving::ToFirst) => self.go_to_first(self.tab),
        }
    }
}
