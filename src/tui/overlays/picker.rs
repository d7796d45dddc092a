//! A list found by typing: what the palette and the lists of choices have in common.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::sheet::Sheet;
use crate::text::{Printable, cut, width};
use crate::tui::input::{Key, KeyCode, Mouse, MouseKind};
use crate::tui::theme::Theme;
use crate::tui::widgets::field::{Field, Focus};

/// Rows of the box beside the entries: the field, a rule, the count.
const OTHER_ROWS: u16 = 3;
/// Rows above the entries: the field and the rule.
const ROWS_ABOVE: u16 = 2;
/// Most entries in view.
const ENTRIES_IN_VIEW_MAX: u16 = 16;

/// An entry as it is shown and searched.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) text: Printable,
    pub(super) note: Printable,
    pub(super) off: Option<Printable>,
}

/// The list with its field.
#[derive(Debug)]
pub(super) struct Picker {
    items: Vec<Item>,
    field: Field,
    /// Indexes of the items that match, the best first.
    matching: Vec<usize>,
    cursor: usize,
}

/// What a key did to a picker.
pub(super) enum Picked {
    Nothing,
    Close,
    /// The item of this index.
    Item(usize),
}

impl Picker {
    pub(super) fn new(items: Vec<Item>) -> Self {
        Self {
            matching: (0..items.len()).collect(),
            items,
            field: Field::default(),
            cursor: 0,
        }
    }

    pub(super) fn key(&mut self, key: Key) -> Picked {
        let page = usize::from(ENTRIES_IN_VIEW_MAX) / 2;
        match key.code {
            KeyCode::Esc => return Picked::Close,
            KeyCode::Enter => {
                let picked = self.matching.get(self.cursor).copied();
                let on = picked.filter(|at| self.items.get(*at).is_some_and(|item| item.off.is_none()));
                return on.map_or(Picked::Nothing, Picked::Item);
            }
            KeyCode::Down => self.cursor += 1,
            KeyCode::Up => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::PageDown => self.cursor += page,
            KeyCode::PageUp => self.cursor = self.cursor.saturating_sub(page),
            _ => {
                if self.field.key(key) {
                    self.find();
                }
            }
        }
        self.cursor = self.cursor.min(self.matching.len().saturating_sub(1));
        Picked::Nothing
    }

    pub(super) fn mouse(&mut self, mouse: Mouse, area: Rect) -> Picked {
        match mouse.kind {
            MouseKind::ScrollDown => return self.key(Key::plain(KeyCode::Down)),
            MouseKind::ScrollUp => return self.key(Key::plain(KeyCode::Up)),
            MouseKind::Press => {}
        }
        let inner = Sheet::new("", area).inside(self.rows_wanted());
        let (top, entries) = self.in_view(inner);
        let line = mouse
            .row
            .checked_sub(inner.y + ROWS_ABOVE)
            .filter(|line| *line < entries);
        let is_inside = inner.contains(Position::new(mouse.column, mouse.row));
        let at = line.filter(|_| is_inside).map(|line| top + usize::from(line));
        match at.filter(|at| *at < self.matching.len()) {
            Some(at) => {
                self.cursor = at;
                self.key(Key::plain(KeyCode::Enter))
            }
            None => Picked::Nothing,
        }
    }

    fn rows_wanted(&self) -> u16 {
        let entries = u16::try_from(self.items.len()).unwrap_or(u16::MAX);
        entries.clamp(1, ENTRIES_IN_VIEW_MAX) + OTHER_ROWS
    }

    /// The first entry in view, and how many there is room for.
    fn in_view(&self, inner: Rect) -> (usize, u16) {
        let entries = inner.height.saturating_sub(OTHER_ROWS);
        ((self.cursor + 1).saturating_sub(usize::from(entries)), entries)
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.field.paste(text);
        self.find();
    }

    fn find(&mut self) {
        let pattern = Pattern::parse(self.field.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut chars = Vec::new();
        let mut scored: Vec<(u32, usize)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                let searched = format!("{} {}", item.text, item.note);
                let score = pattern.score(Utf32Str::new(&searched, &mut chars), &mut matcher)?;
                Some((score, at))
            })
            .collect();
        // Among equals the order of the list stays.
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.matching = scored.into_iter().map(|(_, at)| at).collect();
        self.cursor = 0;
    }

    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, title: &str, theme: &Theme) {
        let inner = Sheet::new(title, area).open(frame, theme, self.rows_wanted());
        let row = |y: u16| Rect::new(inner.x, inner.y + y, inner.width, 1).intersection(inner);
        let (top, entries) = self.in_view(inner);
        self.field.draw_boxed(frame, row(0), theme, Focus::Here);
        let rule = theme.glyphs.rule.repeat(usize::from(inner.width));
        frame.render_widget(Line::styled(rule, theme.dim), row(1));
        let shown = self.matching.iter().enumerate().skip(top);
        for ((at, item), y) in shown.zip(0..entries) {
            if let Some(item) = self.items.get(*item) {
                let line = entry_line(item, at == self.cursor, usize::from(inner.width), theme);
                frame.render_widget(line, row(ROWS_ABOVE + y));
            }
        }
        let count = format!("{} of {}", self.matching.len(), self.items.len());
        frame.render_widget(Line::styled(count, theme.dim), row(ROWS_ABOVE + entries));
    }
}

fn entry_line<'a>(item: &'a Item, is_selected: bool, columns: usize, theme: &Theme) -> Line<'a> {
    let sign = if is_selected { "> " } else { "  " };
    let note = match &item.off {
        Some(why) => format!("off: {why}"),
        None => item.note.to_string(),
    };
    let text = cut(item.text.as_str(), columns.saturating_sub(sign.len()));
    let room = columns.saturating_sub(sign.len() + width(&text));
    let note = cut(&note, room.saturating_sub(2)).into_owned();
    let blank = " ".repeat(room.saturating_sub(width(&note)));
    let style = if item.off.is_some() { theme.dim } else { theme.text };
    let line = Line::from(vec![
        Span::styled(sign, theme.text),
        Span::styled(text, style),
        Span::raw(blank),
        Span::styled(note, theme.dim),
    ]);
    if is_selected {
        line.patch_style(theme.selected)
    } else {
        line
    }
}
