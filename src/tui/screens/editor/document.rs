//! The text that is edited: a text area with undo by word-sized steps, line commands and a search.

use std::collections::VecDeque;

use tui_textarea::{CursorMove, TextArea};

use crate::tui::input::{Key, KeyCode};

/// Steps of undo: a long session of edits.
const STEPS_MAX: usize = 2_000;
/// Single edits that those steps are made of; a typed word is one step of several edits.
const EDITS_MAX: usize = 40_000;
/// Spaces that Tab inserts.
const TAB_SPACES: u8 = 2;

/// What a step of undo takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepKind {
    /// Letters of one word, with the blanks behind it.
    Word { ended: bool },
    /// Characters deleted one after another.
    Erased,
    /// Anything else: a paste, a line, a break.
    Whole,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    edits: usize,
    kind: StepKind,
}

/// A text with a cursor. Positions are line and column in characters, both from 0.
#[derive(Debug, Clone)]
pub struct Document {
    area: TextArea<'static>,
    done: VecDeque<Step>,
    undone: Vec<Step>,
    /// The cursor moved since the last edit, so that the next edit begins a step.
    moved: bool,
    kept_line: Option<String>,
    revision: u64,
}

impl Document {
    /// A document with its cursor at the start.
    pub fn new(source: &str) -> Self {
        let mut area = TextArea::new(source.split('\n').map(str::to_owned).collect());
        area.set_max_histories(EDITS_MAX);
        area.set_tab_length(TAB_SPACES);
        Self {
            area,
            done: VecDeque::new(),
            undone: Vec::new(),
            moved: true,
            kept_line: None,
            revision: 0,
        }
    }

    /// The whole text.
    pub fn source(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Its lines; at least one.
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Line and column of the cursor.
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    /// Counts changes of the text, undo and redo too.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes a key of typing. Whether it was one.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(c) = key.text() {
            self.type_char(c);
            return true;
        }
        let ctrl = key.modifiers.ctrl;
        match key.code {
            KeyCode::Enter => {
                self.area.insert_newline();
                self.record(1, StepKind::Whole);
            }
            KeyCode::Tab if !key.modifiers.shift => {
                let edits = usize::from(self.area.insert_tab());
                self.record(edits, StepKind::Whole);
            }
            KeyCode::Backspace => {
                let edits = usize::from(self.area.delete_char());
                self.record(edits, StepKind::Erased);
            }
            KeyCode::Delete => self.delete_char(),
            KeyCode::Char('w') if ctrl => {
                let edits = usize::from(self.area.delete_word());
                self.record(edits, StepKind::Whole);
            }
            KeyCode::Left => self.go(CursorMove::Back),
            KeyCode::Right => self.go(CursorMove::Forward),
            KeyCode::Up => self.go(CursorMove::Up),
            KeyCode::Down => self.go(CursorMove::Down),
            KeyCode::Home => self.go(CursorMove::Head),
            KeyCode::End => self.go(CursorMove::End),
            _ => return false,
        }
        true
    }

    /// Inserts text as one step.
    pub fn paste(&mut self, text: &str) {
        let edits = usize::from(!text.is_empty() && self.area.insert_str(text));
        self.record(edits, StepKind::Whole);
    }

    /// Replaces the whole text as one step, as after an external editor. The cursor stays near where it was.
    pub fn replace(&mut self, source: &str) {
        let (line, column) = self.cursor();
        let edits = usize::from(self.area.clear()) + usize::from(!source.is_empty() && self.area.insert_str(source));
        self.moved = true;
        self.record(edits, StepKind::Whole);
        self.jump(line, column);
    }

    /// Deletes the character under the cursor.
    pub fn delete_char(&mut self) {
        let edits = usize::from(self.area.delete_next_char());
        self.record(edits, StepKind::Erased);
    }

    /// Deletes the cursor's line and keeps it for [`Document::put_line`].
    pub fn delete_line(&mut self) {
        self.copy_line();
        let (line, _) = self.cursor();
        let count = self.lines().len();
        if line + 1 < count {
            self.area.move_cursor(CursorMove::Head);
            self.area.start_selection();
            self.area.move_cursor(CursorMove::Down);
        } else if line > 0 {
            // The last line goes with the break before it.
            self.area.move_cursor(CursorMove::End);
            self.area.start_selection();
            self.area.move_cursor(CursorMove::Up);
            self.area.move_cursor(CursorMove::End);
        } else {
            self.area.move_cursor(CursorMove::Head);
            self.area.start_selection();
            self.area.move_cursor(CursorMove::End);
        }
        let edits = usize::from(self.area.cut());
        self.area.move_cursor(CursorMove::Head);
        self.record(edits, StepKind::Whole);
    }

    /// Keeps the cursor's line for [`Document::put_line`].
    pub fn copy_line(&mut self) {
        self.kept_line = self.lines().get(self.cursor().0).cloned();
    }

    /// Puts the kept line below the cursor's. Whether there was one.
    pub fn put_line(&mut self) -> bool {
        let Some(line) = self.kept_line.clone() else {
            return false;
        };
        self.area.move_cursor(CursorMove::End);
        self.paste(&format!("\n{line}"));
        self.area.move_cursor(CursorMove::Head);
        true
    }

    /// Starts a line below the cursor's, or above it, and goes there.
    pub fn open_line(&mut self, side: Side) {
        match side {
            Side::Below => self.area.move_cursor(CursorMove::End),
            Side::Above => self.area.move_cursor(CursorMove::Head),
        }
        self.area.insert_newline();
        if side == Side::Above {
            self.area.move_cursor(CursorMove::Up);
        }
        self.record(1, StepKind::Whole);
    }

    /// Takes back the last step. Whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.done.pop_back() else {
            return false;
        };
        for _ in 0..step.edits {
            self.area.undo();
        }
        self.undone.push(step);
        self.stepped();
        true
    }

    /// Makes the step again that was taken back last. Whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.undone.pop() else {
            return false;
        };
        for _ in 0..step.edits {
            self.area.redo();
        }
        self.done.push_back(step);
        self.stepped();
        true
    }

    /// Moves the cursor.
    pub fn go(&mut self, to: CursorMove) {
        self.area.move_cursor(to);
        self.moved = true;
    }

    /// Moves the cursor up by lines, or down where `lines` is positive.
    pub fn go_lines(&mut self, lines: isize) {
        let (line, column) = self.cursor();
        self.jump(line.saturating_add_signed(lines), column);
    }

    /// Moves the cursor to a line and column, or as near as there is text.
    pub fn jump(&mut self, line: usize, column: usize) {
        let last = self.lines().len().saturating_sub(1);
        let near = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
        self.go(CursorMove::Jump(near(line.min(last)), near(column)));
    }

    /// Goes to the next place of `query` behind the cursor, or the one before it; goes round at the ends.
    /// Gives which match it is, from 1, and how many there are.
    pub fn find(&mut self, query: &str, direction: Direction) -> Option<(usize, usize)> {
        let places: Vec<(usize, usize)> = self
            .lines()
            .iter()
            .enumerate()
            .flat_map(|(line, text)| match_columns(text, query).into_iter().map(move |column| (line, column)))
            .collect();
        let cursor = self.cursor();
        let found = match direction {
            Direction::Forward => places.iter().position(|place| *place > cursor).unwrap_or(0),
            Direction::Backward => {
                let before = places.iter().rposition(|place| *place < cursor);
                before.unwrap_or(places.len().saturating_sub(1))
            }
        };
        let (line, column) = *places.get(found)?;
        self.jump(line, column);
        Some((found + 1, places.len()))
    }

    fn type_char(&mut self, c: char) {
        self.area.insert_char(c);
        let joins = match self.done.back() {
            Some(Step {
                kind: StepKind::Word { ended },
                ..
            }) => !ended || c.is_whitespace(),
            _ => false,
        };
        if !joins {
            self.moved = true;
        }
        let ended = c.is_whitespace();
        self.record(1, StepKind::Word { ended });
    }

    /// Adds edits to the last step where they continue it, or begins one.
    fn record(&mut self, edits: usize, kind: StepKind) {
        if edits == 0 {
            return;
        }
        let continues = |last: StepKind| {
            matches!(
                (last, kind),
                (StepKind::Word { .. }, StepKind::Word { .. }) | (StepKind::Erased, StepKind::Erased)
            )
        };
        match self.done.back_mut() {
            Some(last) if !self.moved && continues(last.kind) => {
                last.edits += edits;
                last.kind = kind;
            }
            _ => {
                if self.done.len() == STEPS_MAX {
                    self.done.pop_front();
                }
                self.done.push_back(Step { edits, kind });
            }
        }
        self.undone.clear();
        self.moved = false;
        self.revision += 1;
    }

    fn stepped(&mut self) {
        self.moved = true;
        self.revision += 1;
    }
}

/// Where a line is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Below the cursor's line.
    Below,
    /// Above it.
    Above,
}

/// Which way a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the end.
    Forward,
    /// Towards the start.
    Backward,
}

/// The columns at which `query` stands in a line, whatever its case.
pub fn match_columns(line: &str, query: &str) -> Vec<usize> {
    let folded = |text: &str| -> Vec<char> { text.chars().filter_map(|c| c.to_lowercase().next()).collect() };
    let query = folded(query);
    if query.is_empty() {
        return Vec::new();
    }
    let line = folded(line);
    line.windows(query.len())
        .enumerate()
        .filter(|(_, window)| *window == query)
        .map(|(column, _)| column)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(document: &mut Document, text: &str) {
        for c in text.chars() {
            document.key(Key::char(c));
        }
    }

    #[test]
    fn undo_takes_back_words_and_redo_brings_them() {
        let mut document = Document::new("");
        typed(&mut document, "one two  three");
        document.key(Key::plain(KeyCode::Enter));
        typed(&mut document, "x");
        let mut seen = Vec::new();
        while document.undo() {
            seen.push(document.source());
        }
        assert_eq!(seen, ["one two  three\n", "one two  three", "one two  ", "one ", ""]);
        while document.redo() {}
        assert_eq!(document.source(), "one two  three\nx");
        document.undo();
        typed(&mut document, "y");
        assert!(!document.redo(), "a change ends what could be made again");
    }

    #[test]
    fn a_paste_is_one_step() {
        let mut document = Document::new("ab");
        document.go(CursorMove::End);
        document.paste("\none\ntwo");
        assert_eq!(document.source(), "ab\none\ntwo");
        document.paste("");
        assert!(document.undo());
        assert_eq!(document.source(), "ab");
        assert!(!document.undo());
    }

    #[test]
    fn a_thousand_steps_can_be_taken_back() {
        let mut document = Document::new("");
        for _ in 0..600 {
            typed(&mut document, "word");
            document.key(Key::plain(KeyCode::Enter));
        }
        let mut steps = 0;
        while document.undo() {
            steps += 1;
        }
        assert_eq!((steps, document.source().as_str()), (1_200, ""));
    }

    #[test]
    fn lines_are_deleted_kept_and_put() {
        for (at, left, cursor) in [(0, "b\nc", (0, 0)), (1, "a\nc", (1, 0)), (2, "a\nb", (1, 0))] {
            let mut document = Document::new("a\nb\nc");
            document.jump(at, 1);
            document.delete_line();
            assert_eq!(
                (document.source().as_str(), document.cursor()),
                (left, cursor),
                "line {at}"
            );
            assert!(document.undo() && !document.undo(), "one step");
            assert_eq!(document.source(), "a\nb\nc");
        }
        let mut document = Document::new("only");
        assert!(!document.put_line());
        document.delete_line();
        assert_eq!(document.source(), "");
        document.put_line();
        assert_eq!((document.source().as_str(), document.cursor()), ("\nonly", (1, 0)));
    }

    #[test]
    fn keeps_every_byte_that_it_does_not_change() {
        for source in ["", "\n", "a\n", "a\r\nb\u{202e}\t\r\n\n"] {
            assert_eq!(Document::new(source).source(), source);
        }
        let mut document = Document::new("a\nb\nc");
        document.jump(2, 0);
        document.replace("x\ny");
        assert_eq!((document.source().as_str(), document.cursor()), ("x\ny", (1, 0)));
        assert!(document.undo());
        assert_eq!(document.source(), "a\nb\nc");
    }

    #[test]
    fn finds_whatever_the_case_and_goes_round() {
        let mut document = Document::new("Route one\nroute\nno ROUTE");
        assert_eq!(document.find("route", Direction::Forward), Some((2, 3)));
        assert_eq!(document.find("route", Direction::Forward), Some((3, 3)));
        assert_eq!(document.find("route", Direction::Forward), Some((1, 3)));
        assert_eq!(document.find("route", Direction::Backward), Some((3, 3)));
        assert_eq!(document.cursor(), (2, 3));
        assert_eq!(document.find("fee", Direction::Forward), None);
        assert_eq!(document.find("", Direction::Forward), None);
    }
}
