//! Lines of a pane: text from outside made printable, and how far they are scrolled.

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::text::{Printable, cut, width, wrap_lines};
use crate::tui::command::CommandId;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::theme::Theme;

/// Lines that one step of the wheel moves by.
const WHEEL_LINES: usize = 3;

/// Text from outside in at most `columns`, with the sanitizer's marks standing out where nothing was cut.
pub(super) fn outside(text: &str, columns: usize, style: Style, theme: &Theme) -> Vec<Span<'static>> {
    let text = Printable::line(text);
    let shown = cut(text.as_str(), columns);
    if shown.len() < text.as_str().len() {
        return vec![Span::styled(shown.into_owned(), style)];
    }
    text.segments()
        .map(|segment| {
            let style = if segment.is_mark {
                style.patch(theme.hidden)
            } else {
                style
            };
            Span::styled(segment.text.to_owned(), style)
        })
        .collect()
}

/// Text from outside as lines of at most `columns`, each behind `indent` spaces.
pub(super) fn wrapped_outside(text: &str, columns: usize, indent: usize, style: Style) -> Vec<Line<'static>> {
    let text = Printable::block(text);
    wrap_lines(text.as_str(), columns.saturating_sub(indent))
        .into_iter()
        .map(|line| Line::styled(format!("{}{line}", " ".repeat(indent)), style))
        .collect()
}

/// A line with `left` at its start and `right` at its end; the right one goes where both do not fit.
pub(super) fn both_ends(left: &str, right: &str, columns: usize) -> String {
    let left = cut(left, columns);
    let gap = columns.saturating_sub(width(&left) + width(right));
    if gap == 0 {
        return left.into_owned();
    }
    format!("{left}{}{right}", " ".repeat(gap))
}

/// The words that fit into `columns`, three spaces apart; the last ones go first.
pub(super) fn facts<S: AsRef<str>>(facts: &[S], columns: usize) -> String {
    let mut line = String::new();
    for fact in facts.iter().map(AsRef::as_ref).filter(|fact| !fact.is_empty()) {
        let gap = if line.is_empty() { "" } else { "   " };
        if width(&line) + gap.len() + width(fact) > columns {
            break;
        }
        line.push_str(gap);
        line.push_str(fact);
    }
    line
}

/// The text of lines, for the clipboard.
pub(super) fn text_of(lines: &[Line]) -> String {
    let rows: Vec<String> = lines
        .iter()
        .map(|line| line.to_string().trim_end().to_owned())
        .collect();
    rows.join("\n")
}

/// How far lines are scrolled.
#[derive(Debug, Clone, Default)]
pub(super) struct Scroll {
    top: Cell<usize>,
    // Only drawing knows the height; it leaves here what the next movement starts from.
    height: Cell<usize>,
}

impl Scroll {
    /// Back to the start, for other lines.
    pub(super) fn reset(&self) {
        self.top.set(0);
    }

    /// Takes a command that moves. Whether it was one.
    pub(super) fn command(&self, command: CommandId) -> bool {
        let (top, page) = (self.top.get(), self.height.get().max(1));
        self.top.set(match command {
            CommandId::MoveDown => top.saturating_add(1),
            CommandId::MoveUp => top.saturating_sub(1),
            CommandId::PageDown => top.saturating_add(page),
            CommandId::PageUp => top.saturating_sub(page),
            CommandId::HalfDown => top.saturating_add(page.div_ceil(2)),
            CommandId::HalfUp => top.saturating_sub(page.div_ceil(2)),
            CommandId::First => 0,
            CommandId::Last => usize::MAX,
            _ => return false,
        });
        true
    }

    /// Takes the wheel. Whether it was turned.
    pub(super) fn wheel(&self, mouse: Mouse) -> bool {
        let top = self.top.get();
        match mouse.kind {
            MouseKind::ScrollDown => self.top.set(top.saturating_add(WHEEL_LINES)),
            MouseKind::ScrollUp => self.top.set(top.saturating_sub(WHEEL_LINES)),
            MouseKind::Press => return false,
        }
        true
    }

    /// Draws the lines in view; the last line of the area says how many are below.
    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, theme: &Theme, lines: Vec<Line<'static>>) {
        let height = usize::from(area.height);
        self.height.set(height);
        let last_top = lines.len().saturating_sub(height);
        self.top.set(self.top.get().min(last_top));
        let below = last_top - self.top.get();
        let in_view = lines.into_iter().skip(self.top.get());
        for (line, y) in in_view.zip(area.y..area.bottom()) {
            frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
        }
        if below > 0 && height > 1 {
            let row = Rect::new(area.x, area.bottom() - 1, area.width, 1);
            let text = format!("~ {} more lines", below + 1);
            frame.render_widget(
                Line::styled(crate::text::pad(&text, usize::from(area.width)), theme.dim),
                row,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_fall_off_the_end() {
        assert_eq!(facts(&["ok 1", "", "fail 2", "error 3"], 20), "ok 1   fail 2");
        assert_eq!(facts(&["ok 1", "fail 2"], 3), "");
    }

    #[test]
    fn both_ends_keeps_the_left_one() {
        assert_eq!(both_ends("ab", "cd", 6), "ab  cd");
        assert_eq!(both_ends("ab", "cd", 4), "ab");
        assert_eq!(both_ends("abcdef", "cd", 4), "abc~");
    }
}
