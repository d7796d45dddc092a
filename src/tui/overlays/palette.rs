//! The command palette: every command, found by typing, with its key, or why it is off.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::picker::{Item, Picked, Picker};
use super::{Outcome, Overlay, Step};
use crate::text::Printable;
use crate::tui::command::CommandId;
use crate::tui::input::{Key, Mouse};
use crate::tui::keymap::Keymap;
use crate::tui::screens::Context;
use crate::tui::theme::Theme;

/// The palette while it is open.
#[derive(Debug)]
pub struct Palette {
    commands: Vec<CommandId>,
    picker: Picker,
}

impl Palette {
    /// Opens the palette over `commands`, each with the reason why it is off, if it is.
    pub fn new(commands: Vec<(CommandId, Result<(), String>)>, keymap: &Keymap) -> Self {
        let items = commands.iter().map(|(id, availability)| {
            let command = id.command();
            let keys = keymap.shown(*id).unwrap_or_default();
            Item {
                text: Printable::line(command.title),
                note: Printable::line(&format!("{}  {keys:>5}", command.name)),
                off: availability.as_ref().err().map(|why| Printable::line(why)),
            }
        });
        Self {
            picker: Picker::new(items.collect()),
            commands: commands.into_iter().map(|(id, _)| id).collect(),
        }
    }
}

impl Palette {
    fn step(&self, picked: &Picked) -> Step {
        match picked {
            Picked::Nothing => Step::Stay,
            Picked::Close => Step::Close,
            Picked::Item(at) => match self.commands.get(*at) {
                Some(command) => Step::Done(Outcome::Run(*command)),
                None => Step::Stay,
            },
        }
    }
}

impl Overlay for Palette {
    fn key(&mut self, key: Key) -> Step {
        let picked = self.picker.key(key);
        self.step(&picked)
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, _footer: Rect, _theme: &Theme) -> Step {
        let picked = self.picker.mouse(mouse, area);
        self.step(&picked)
    }

    fn paste(&mut self, text: &str) -> Result<(), &'static str> {
        self.picker.paste(text);
        Ok(())
    }

    fn view(&self, frame: &mut Frame, area: Rect, _footer: Rect, context: &Context) {
        self.picker.draw(frame, area, "Command", context.theme);
    }

    fn footer(&self) -> Option<String> {
        Some("type to find   up/down move   enter run it   esc close".into())
    }
}
