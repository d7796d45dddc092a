//! The box in the middle that dialogs and forms are drawn into: lines that may be cut, then rows that may not.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Clear;

use crate::text::{cut, width};
use crate::tui::input::Mouse;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::{Field, Focus};
use crate::tui::widgets::panel::Panel;

/// Widest box, in columns: longer lines are hard to read.
const COLUMNS_MAX: u16 = 72;
/// Border and a space on both sides.
const FRAME_COLUMNS: u16 = 4;
/// Border above and below.
const FRAME_ROWS: u16 = 2;

/// One row of controls.
#[derive(Debug)]
pub(super) enum Row<'a> {
    /// Text.
    Text(Line<'a>),
    /// A field behind its label.
    Field {
        label: std::borrow::Cow<'a, str>,
        field: &'a Field,
        focus: Focus,
    },
}

/// Where the box may be and what it is called.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    title: &'a str,
    area: Rect,
}

impl<'a> Sheet<'a> {
    /// A box inside `area`.
    pub(super) fn new(title: &'a str, area: Rect) -> Self {
        Self { title, area }
    }

    /// Columns for lines.
    pub(super) fn columns(&self) -> usize {
        usize::from(self.area.width.min(COLUMNS_MAX).saturating_sub(FRAME_COLUMNS))
    }

    /// Draws the box, as high as it needs to be: as many `lines` as there is room for, then all `rows`; where even
    /// those do not fit, the ones around the focused field.
    pub(super) fn draw(&self, frame: &mut Frame, theme: &Theme, lines: Vec<Line<'_>>, rows: Vec<Row<'_>>) {
        let needed = lines.len() + rows.len() + usize::from(!lines.is_empty());
        let inner = self.open(frame, theme, u16::try_from(needed).unwrap_or(u16::MAX));
        let for_lines = usize::from(inner.height).saturating_sub(rows.len());
        let (first_y, skipped) = placed(inner, lines.len(), &rows);
        for (line, y) in lines.into_iter().take(for_lines).zip(inner.y..inner.bottom()) {
            frame.render_widget(line, Rect::new(inner.x, y, inner.width, 1));
        }
        for (row, y) in rows.into_iter().skip(skipped).zip(first_y..inner.bottom()) {
            draw_row(frame, Rect::new(inner.x, y, inner.width, 1), row, theme);
        }
    }

    /// The index of the row under the mouse, where [`Sheet::draw`] draws it behind so many lines.
    pub(super) fn row_under(&self, mouse: Mouse, lines: usize, rows: &[Row<'_>]) -> Option<usize> {
        let needed = lines + rows.len() + usize::from(lines > 0);
        let inner = self.inside(u16::try_from(needed).unwrap_or(u16::MAX));
        let (first_y, skipped) = placed(inner, lines, rows);
        if !inner.contains(Position::new(mouse.column, mouse.row)) {
            return None;
        }
        let at = usize::from(mouse.row.checked_sub(first_y)?) + skipped;
        (at < rows.len()).then_some(at)
    }

    /// Clears and draws the border of a box with room for `rows`, in the middle; gives the inside.
    pub(super) fn open(&self, frame: &mut Frame, theme: &Theme, rows: u16) -> Rect {
        let area = self.outside(rows);
        frame.render_widget(Clear, area);
        Panel::new(self.title).focused(true).draw(frame, area, theme);
        self.inside(rows)
    }

    fn outside(&self, rows: u16) -> Rect {
        let width = self.area.width.min(COLUMNS_MAX);
        let height = rows.saturating_add(FRAME_ROWS).min(self.area.height);
        Rect::new(
            self.area.x + (self.area.width - width) / 2,
            self.area.y + (self.area.height - height) / 2,
            width,
            height,
        )
    }

    /// Where the content of a box with room for `rows` stands.
    pub(super) fn inside(&self, rows: u16) -> Rect {
        let inner = Panel::inner(self.outside(rows));
        Rect {
            x: inner.x + inner.width.min(1),
            width: inner.width.saturating_sub(2),
            ..inner
        }
    }
}

/// Where the first row that is drawn stands, and how many before it are not: those around the focused field are.
fn placed(inner: Rect, lines: usize, rows: &[Row<'_>]) -> (u16, usize) {
    let room = usize::from(inner.height);
    let for_lines = lines.min(room.saturating_sub(rows.len()));
    let below_lines = inner.y + u16::try_from(for_lines).unwrap_or(u16::MAX);
    // A free line before the controls, where there is one to spare.
    let from_bottom = inner
        .bottom()
        .saturating_sub(u16::try_from(rows.len()).unwrap_or(u16::MAX));
    let focused = rows
        .iter()
        .position(|row| matches!(row, Row::Field { focus: Focus::Here, .. }));
    let skipped = focused.map_or(0, |at| (at + 1).saturating_sub(room));
    (below_lines.max(from_bottom), skipped)
}

fn draw_row(frame: &mut Frame, area: Rect, row: Row<'_>, theme: &Theme) {
    match row {
        Row::Text(line) => frame.render_widget(line, area),
        Row::Field { label, field, focus } => {
            let label = cut(&label, usize::from(area.width / 2)).into_owned();
            let taken = u16::try_from(width(&label)).unwrap_or(0) + u16::from(!label.is_empty());
            frame.render_widget(Line::raw(label), area);
            let rest = Rect::new(area.x + taken, area.y, area.width.saturating_sub(taken), area.height);
            field.draw_boxed(frame, rest, theme, focus);
        }
    }
}
