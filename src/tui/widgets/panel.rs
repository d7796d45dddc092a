//! A pane with a border: title left, a word right; the focused one has double lines (`=` in ASCII).

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::Line;
use ratatui::widgets::Block;

use crate::text::{Printable, cut, width};
use crate::tui::theme::Theme;

/// What stands in a pane's border.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    title: Printable,
    note: Printable,
    focused: bool,
}

/// Columns of the top border that no title covers: corners, and a line and a space on both sides.
const BORDER_COLUMNS: usize = 6;

impl Panel {
    /// A pane with a title.
    pub fn new(title: impl AsRef<str>) -> Self {
        Self {
            title: Printable::line(title.as_ref()),
            ..Self::default()
        }
    }

    /// A word on the right of the top border, such as a count or an order.
    #[must_use]
    pub fn note(mut self, note: impl AsRef<str>) -> Self {
        self.note = Printable::line(note.as_ref());
        self
    }

    /// Whether it has the focus.
    #[must_use]
    pub fn focused(mut self, focused: bool) -> Self {
        self.focused = focused;
        self
    }

    /// Where its content goes, without drawing.
    pub fn inner(area: Rect) -> Rect {
        Block::bordered().inner(area)
    }

    /// Draws the border and gives the area inside.
    pub fn draw(&self, frame: &mut Frame, area: Rect, theme: &Theme) -> Rect {
        let (border, style) = if self.focused {
            (theme.glyphs.focus_border, theme.focus)
        } else {
            (theme.glyphs.border, theme.title)
        };
        let room = usize::from(area.width).saturating_sub(BORDER_COLUMNS);
        let title = cut(self.title.as_str(), room);
        let left = room.saturating_sub(width(&title));
        let mut block = Block::bordered().border_set(border);
        if !title.is_empty() {
            let spaced = format!("{} {title} ", border.horizontal_top);
            block = block.title_top(Line::styled(spaced, style));
        }
        let note = cut(self.note.as_str(), left.saturating_sub(3));
        if !note.is_empty() {
            let spaced = format!(" {note} {}", border.horizontal_top);
            block = block.title_top(Line::styled(spaced, theme.text).alignment(Alignment::Right));
        }
        let inner = block.inner(area);
        frame.render_widget(block, area);
        inner
    }
}
