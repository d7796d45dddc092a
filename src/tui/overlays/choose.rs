//! A list to pick one entry from, found by typing.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::picker::{Item, Picked, Picker};
use super::{Outcome, Overlay, Step};
use crate::text::Printable;
use crate::tui::input::{Key, Mouse};
use crate::tui::screens::Context;
use crate::tui::theme::Theme;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What comes back when it is picked.
    pub id: String,
    /// What is shown and searched.
    pub text: String,
    /// More about it, shown dim.
    pub note: String,
    /// Why it cannot be picked.
    pub off: Option<String>,
}

impl Entry {
    /// An entry whose id is its text.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            text: id.clone(),
            id,
            note: String::new(),
            off: None,
        }
    }

    /// The same with more about it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// A list that a screen asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Which question of the screen this is; comes back with the answer.
    pub tag: &'static str,
    /// The question.
    pub title: String,
    /// What can be picked.
    pub entries: Vec<Entry>,
}

/// What was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// [`Choice::tag`].
    pub tag: &'static str,
    /// [`Entry::id`].
    pub id: String,
}

/// The list while it is open.
#[derive(Debug)]
pub struct OpenChoice {
    choice: Choice,
    picker: Picker,
}

impl OpenChoice {
    /// Opens a list.
    pub fn new(choice: Choice) -> Self {
        let items = choice.entries.iter().map(|entry| Item {
            text: Printable::line(&entry.text),
            note: Printable::line(&entry.note),
            off: entry.off.as_deref().map(Printable::line),
        });
        Self {
            picker: Picker::new(items.collect()),
            choice,
        }
    }
}

impl OpenChoice {
    fn step(&self, picked: &Picked) -> Step {
        match picked {
            Picked::Nothing => Step::Stay,
            Picked::Close => Step::Close,
            Picked::Item(at) => match self.choice.entries.get(*at) {
                Some(entry) => Step::Done(Outcome::Chosen(Chosen {
                    tag: self.choice.tag,
                    id: entry.id.clone(),
                })),
                None => Step::Stay,
            },
        }
    }
}

impl Overlay for OpenChoice {
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
        self.picker.draw(frame, area, &self.choice.title, context.theme);
    }

    fn footer(&self) -> Option<String> {
        Some("type to find   up/down move   enter pick   esc stop".into())
    }
}
