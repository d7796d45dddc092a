//! One line of typed text with a cursor.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::{Printable, cut, cut_start, width};
use crate::tui::input::{Key, KeyCode};
use crate::tui::theme::Theme;

/// Longest text, in bytes: a reason or a path, not a document.
const TEXT_BYTES_MAX: usize = 4_096;
/// Changes that can be taken back.
const UNDO_STEPS_MAX: usize = 100;

/// The field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    text: String,
    /// Byte offset, always on a border of graphemes.
    cursor: usize,
    undo: Vec<(String, usize)>,
    /// Whether the next text that is typed stands in place of what is there.
    is_offer: bool,
}

impl Field {
    /// A field that holds `text`, with the cursor behind it.
    pub fn with_text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            cursor: text.len(),
            text,
            undo: Vec::new(),
            is_offer: false,
        }
    }

    /// A field that offers `text`: what is typed first replaces it, and any other key of editing keeps it.
    pub fn offering(text: impl Into<String>) -> Self {
        Self {
            is_offer: true,
            ..Self::with_text(text)
        }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing but blanks was typed.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Takes a key of editing. Whether it was one.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(c) = key.text() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        self.is_offer = false;
        match (key.code, key.modifiers.ctrl) {
            (KeyCode::Backspace, _) => self.remove_back_to(self.before()),
            (KeyCode::Char('w'), true) => self.remove_back_to(self.word_start()),
            (KeyCode::Char('u'), true) => self.remove_back_to(0),
            (KeyCode::Delete, _) => {
                let to = self.behind();
                self.replace(self.cursor, to, "");
            }
            (KeyCode::Left, _) => self.cursor = self.before(),
            (KeyCode::Right, _) => self.cursor = self.behind(),
            (KeyCode::Home, _) => self.cursor = 0,
            (KeyCode::End, _) | (KeyCode::Char('e'), true) => self.cursor = self.text.len(),
            (KeyCode::Char('z' | '_'), true) => self.undo(),
            _ => return false,
        }
        true
    }

    /// Inserts pasted text as one step; line breaks become spaces, other control characters go.
    pub fn paste(&mut self, text: &str) {
        let one_line: String = text
            .trim_end_matches('\n')
            .chars()
            .map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        self.insert(&one_line);
    }

    /// Draws the field, scrolled so that the cursor is in view; with the focus it puts the terminal's cursor there.
    pub fn draw(&self, frame: &mut Frame, area: Rect, style: Style, focus: Focus) {
        let columns = usize::from(area.width);
        if columns == 0 || area.height == 0 {
            return;
        }
        let (before, behind) = self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""));
        let (before, behind) = (Printable::line(before), Printable::line(behind));
        // One column stays for the cursor.
        let shown = cut_start(before.as_str(), columns - 1);
        let at = width(&shown);
        let rest = cut(behind.as_str(), columns - at);
        frame.render_widget(Line::styled(format!("{shown}{rest}"), style), area);
        if focus == Focus::Here {
            let x = area.x.saturating_add(u16::try_from(at).unwrap_or(u16::MAX));
            frame.set_cursor_position(Position::new(x, area.y));
        }
    }

    /// Draws the field between brackets, as dialogs show it: `[ text   ]`.
    pub fn draw_boxed(&self, frame: &mut Frame, area: Rect, theme: &Theme, focus: Focus) {
        let style = if focus == Focus::Here { theme.focus } else { theme.text };
        if area.width < 5 {
            return self.draw(frame, area, style, focus);
        }
        frame.render_widget(Line::styled("[", style), area);
        let close = Rect::new(area.right() - 1, area.y, 1, area.height);
        frame.render_widget(Line::styled("]", style), close);
        let inner = Rect::new(area.x + 2, area.y, area.width - 4, area.height);
        self.draw(frame, inner, theme.text, focus);
    }

    fn insert(&mut self, text: &str) {
        if std::mem::take(&mut self.is_offer) {
            self.cursor = self.text.len();
            self.remove_back_to(0);
        }
        if !text.is_empty() && self.text.len().saturating_add(text.len()) <= TEXT_BYTES_MAX {
            let at = self.cursor;
            self.replace(at, at, text);
            self.cursor = at + text.len();
        }
    }

    fn remove_back_to(&mut self, from: usize) {
        let to = self.cursor;
        self.replace(from, to, "");
        self.cursor = from;
    }

    fn replace(&mut self, from: usize, to: usize, with: &str) {
        if from == to && with.is_empty() {
            return;
        }
        if self.undo.len() == UNDO_STEPS_MAX {
            self.undo.remove(0);
        }
        self.undo.push((self.text.clone(), self.cursor));
        self.text.replace_range(from..to, with);
    }

    fn undo(&mut self) {
        if let Some((text, cursor)) = self.undo.pop() {
            self.text = text;
            self.cursor = cursor;
        }
    }

    fn before(&self) -> usize {
        let (before, _) = self.text.split_at_checked(self.cursor).unwrap_or_default();
        before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn behind(&self) -> usize {
        let (_, behind) = self.text.split_at_checked(self.cursor).unwrap_or_default();
        self.cursor + behind.graphemes(true).next().map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let (before, _) = self.text.split_at_checked(self.cursor).unwrap_or_default();
        let word = before.trim_end();
        word.rfind(char::is_whitespace).map_or(0, |at| {
            at + word
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        })
    }
}

/// Whether what is drawn has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Keys go here.
    Here,
    /// Keys go elsewhere.
    Elsewhere,
}

impl Focus {
    /// From a comparison: `Focus::when(self.focus == pane)`.
    pub fn when(here: bool) -> Self {
        if here { Focus::Here } else { Focus::Elsewhere }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(field: &mut Field, keys: &[Key]) {
        for key in keys {
            field.key(*key);
        }
    }

    #[test]
    fn edits_at_the_cursor_by_grapheme() {
        let mut field = Field::with_text("e\u{301}a漢");
        let back = Key::plain(KeyCode::Backspace);
        typed(&mut field, &[Key::plain(KeyCode::Left), back]);
        assert_eq!(field.text(), "e\u{301}漢");
        typed(&mut field, &[back]);
        assert_eq!(field.text(), "漢", "a letter goes with its accent");
        typed(&mut field, &[back, back, Key::char('x')]);
        assert_eq!(field.text(), "x漢");
        typed(&mut field, &[Key::plain(KeyCode::Delete), Key::plain(KeyCode::Delete)]);
        assert_eq!(field.text(), "x");
        assert!(!field.key(Key::plain(KeyCode::Enter)), "not its key");
    }

    #[test]
    fn a_paste_is_one_step() {
        let mut field = Field::with_text("why: ");
        field.paste("one\ntwo\u{1b}[201~\n");
        assert_eq!(field.text(), "why: one two[201~");
        field.key(Key::ctrl('z'));
        assert_eq!(field.text(), "why: ");
        field.paste(&"x".repeat(TEXT_BYTES_MAX));
        assert_eq!(field.text(), "why: ", "too long to take");
    }

    #[test]
    fn deletes_a_word() {
        let mut field = Field::with_text("one  two  ");
        field.key(Key::ctrl('w'));
        assert_eq!(field.text(), "one  ");
        field.key(Key::ctrl('w'));
        field.key(Key::ctrl('w'));
        assert_eq!(field.text(), "");
    }

    #[test]
    fn an_offer_is_replaced_by_typing_and_kept_by_editing() {
        let typed = |keys: &[Key]| {
            let mut field = Field::offering("1");
            for key in keys {
                field.key(*key);
            }
            field.text().to_owned()
        };
        let (three, end) = (Key::char('3'), Key::plain(KeyCode::End));
        assert_eq!(typed(&[three, three]), "33");
        assert_eq!(typed(&[end, three]), "13");
        assert_eq!(typed(&[]), "1");
    }
}
