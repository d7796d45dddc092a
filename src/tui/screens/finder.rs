//! The line in which one types what a list is to be narrowed to.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Context;
use super::panes::line;
use crate::tui::input::{Key, KeyCode};
use crate::tui::widgets::field::{Field, Focus};

/// Columns of the sign before the words.
const SIGN_COLUMNS: u16 = 2;

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The words are others now.
    Changed,
    /// Nothing that the list has to know.
    Same,
}

/// The words, and whether they are being typed.
#[derive(Debug, Clone, Default)]
pub struct Finder {
    field: Field,
    typing: bool,
}

impl Finder {
    /// With the focus from the start.
    pub fn typing() -> Self {
        Self {
            typing: true,
            ..Self::default()
        }
    }

    /// Takes the focus.
    pub fn start(&mut self) {
        self.typing = true;
    }

    /// Whether keys are its text.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.field.text()
    }

    /// Takes a key; Enter, Esc and the arrows out of it leave it.
    pub fn key(&mut self, key: Key) -> Found {
        if matches!(key.code, KeyCode::Enter | KeyCode::Esc | KeyCode::Up | KeyCode::Down) {
            self.typing = false;
            return Found::Same;
        }
        let before = self.field.text().to_owned();
        self.field.key(key);
        self.changed_from(&before)
    }

    /// Takes a paste.
    pub fn paste(&mut self, text: &str) -> Found {
        let before = self.field.text().to_owned();
        self.field.paste(text);
        self.changed_from(&before)
    }

    fn changed_from(&self, before: &str) -> Found {
        if self.field.text() == before {
            Found::Same
        } else {
            Found::Changed
        }
    }

    /// One step back: out of the field, then without its words. Whether there was one.
    pub fn step_back(&mut self) -> bool {
        if std::mem::take(&mut self.typing) {
            return true;
        }
        let had_words = !self.field.is_blank();
        self.field = Field::default();
        had_words
    }

    /// Whether a text has every word, whatever its case.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let words = self.field.text().to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    }

    /// Whether it takes a line: while there is something in it, or to be typed.
    pub fn is_shown(&self) -> bool {
        self.typing || !self.field.is_blank()
    }

    /// Draws it into one line.
    pub fn draw(&self, frame: &mut Frame, area: Rect, context: &Context) {
        if area.width <= SIGN_COLUMNS || area.height == 0 {
            return;
        }
        frame.render_widget(line("/", context.theme.key), Rect { height: 1, ..area });
        let field = Rect::new(area.x + SIGN_COLUMNS, area.y, area.width - SIGN_COLUMNS, 1);
        self.field
            .draw(frame, field, context.theme.text, Focus::when(self.typing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrows_by_every_word_and_goes_back_in_steps() {
        let mut finder = Finder::typing();
        for c in "Re ben".chars() {
            finder.key(Key::char(c));
        }
        assert!(finder.matches("rejected by BEN") && !finder.matches("rejected by mei"));
        assert_eq!(finder.key(Key::plain(KeyCode::Enter)), Found::Same);
        assert!(!finder.is_typing() && finder.is_shown());
        assert!(finder.step_back() && !finder.is_shown());
        assert!(!finder.step_back());
        assert_eq!(finder.paste("two\nwords"), Found::Changed);
        assert_eq!(finder.text(), "two words");
    }
}
