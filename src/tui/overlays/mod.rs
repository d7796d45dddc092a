//! What lies over a screen and takes every key while it is open.

pub mod choose;
pub mod dialog;
pub mod form;
pub mod help;
pub mod palette;
mod picker;
pub mod plain;
mod sheet;

use std::fmt;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::command::CommandId;
use super::input::{Key, KeyCode, Mouse, MouseKind};
use super::screens::Context;
use super::theme::Theme;
use choose::Chosen;
use dialog::Confirmed;
use form::Filled;

/// What a key did to an overlay.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It stays open.
    Stay,
    /// It closes and nothing happens.
    Close,
    /// It closes with this.
    Done(Outcome),
}

/// What an overlay was closed with.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Run a command.
    Run(CommandId),
    /// A dialog was confirmed.
    Confirmed(Confirmed),
    /// An entry was picked.
    Chosen(Chosen),
    /// A form was sent.
    Filled(Filled),
}

/// An overlay. No key reaches what is under it.
pub trait Overlay: fmt::Debug + Send {
    /// Takes a key.
    fn key(&mut self, key: Key) -> Step;

    /// Takes a paste; one without a field drops it and says so.
    fn paste(&mut self, text: &str) -> Result<(), &'static str>;

    /// Takes the mouse over where [`Overlay::view`] draws with the same areas. Without rows to click the wheel moves.
    fn mouse(&mut self, mouse: Mouse, area: Rect, footer: Rect, theme: &Theme) -> Step {
        let _ = (area, footer, theme);
        match mouse.kind {
            MouseKind::ScrollDown => self.key(Key::plain(KeyCode::Down)),
            MouseKind::ScrollUp => self.key(Key::plain(KeyCode::Up)),
            MouseKind::Press => Step::Stay,
        }
    }

    /// Draws over `area`, the screen's body. `footer` is the last row of the terminal.
    fn view(&self, frame: &mut Frame, area: Rect, footer: Rect, context: &Context);

    /// What its keys are, for the footer row; none where it draws that row itself.
    fn footer(&self) -> Option<String>;

    /// What it was sent with was refused: says why. Whether it comes back with what was typed, to be sent again.
    fn refused(&mut self, why: &str) -> bool {
        let _ = why;
        false
    }

    /// Whether it ignores keys that came before it was first drawn, since they were meant for something else.
    fn waits_for_frame(&self) -> bool {
        false
    }
}
