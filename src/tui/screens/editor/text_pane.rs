//! The text of the editor, drawn: line numbers, marks, soft wrap, role lines and settings set off, a soft cursor.

use std::cell::Cell;
use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::document::{Document, match_columns};
use super::marks::Marks;
use super::summary::{is_fence, role_of};
use crate::text::{Printable, width, wrapped};
use crate::tui::theme::Theme;

/// Columns between the line number and the text.
const GAP: usize = 1;
/// Fewest digits of line numbers, so that the text does not move sideways before line 1,000.
const DIGITS_MIN: usize = 3;

/// A row of the screen: which line of the document, and which of the rows that it wraps into.
type Place = (usize, usize);

/// Where the view stands. Only drawing knows the size of the pane; it leaves here what the next movement and the next
/// draw start from.
#[derive(Debug, Clone, Default)]
pub struct Viewport {
    top: Cell<Place>,
    height: Cell<u16>,
    columns: Cell<usize>,
}

impl Viewport {
    /// Rows of text that were in view when it was last drawn.
    pub fn height(&self) -> u16 {
        self.height.get().max(1)
    }

    /// Puts a line at the top, as far as the cursor stays in view.
    pub fn show_from(&self, line: usize) {
        self.top.set((line, 0));
    }

    /// The line of the document that is drawn `row` rows below the first.
    pub fn line_at(&self, document: &Document, row: u16) -> usize {
        let (top, hidden_rows) = self.top.get();
        let mut left = usize::from(row) + hidden_rows;
        for (at, line) in document.lines().iter().enumerate().skip(top) {
            let count = rows(&Printable::block(line), self.columns.get()).len();
            if left < count {
                return at;
            }
            left -= count;
        }
        document.lines().len().saturating_sub(1)
    }
}

/// How the cursor is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caret {
    /// The terminal's own, where text goes in: input methods compose there.
    Typing,
    /// A reversed cell.
    Block,
    /// Not at all: another pane has the focus.
    Hidden,
}

/// The text on its way to the screen.
#[derive(Debug)]
pub struct TextPane<'a> {
    /// The text.
    pub document: &'a Document,
    /// What is wrong with it.
    pub marks: &'a Marks,
    /// What is searched for; empty for nothing.
    pub query: &'a str,
    /// How the cursor is shown.
    pub caret: Caret,
    /// Where the view stands.
    pub viewport: &'a Viewport,
}

/// What a line of the document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Fence,
    Setting,
    Role,
    Text,
}

impl TextPane<'_> {
    /// Draws the rows around the cursor.
    pub fn draw(&self, frame: &mut Frame, area: Rect, theme: &Theme) {
        let gutter = self.gutter_columns();
        // One column stays free for a cursor behind the last character.
        let columns = usize::from(area.width).saturating_sub(gutter + 1);
        self.viewport.height.set(area.height);
        self.viewport.columns.set(columns);
        if columns == 0 || area.height == 0 {
            return;
        }
        let cursor = self.cursor_place(columns);
        let top = self.top(cursor.place, columns, usize::from(area.height));
        self.viewport.top.set(top);
        let parts = self.parts();
        let mut y = area.y;
        let mut skip = top.1;
        for (at, line) in self.document.lines().iter().enumerate().skip(top.0) {
            let text = Printable::block(line);
            let part = parts.get(at).copied().unwrap_or(Part::Text);
            for (row, range) in rows(&text, columns).into_iter().enumerate().skip(skip) {
                if y >= area.bottom() {
                    return;
                }
                let row_area = Rect::new(area.x, y, area.width, 1);
                let mut spans = vec![self.gutter(at, row, theme)];
                spans.extend(self.row_spans(&text, range.clone(), line, part, theme));
                if let Some(rule) = rule_behind(part, row, &text, columns, theme) {
                    spans.push(rule);
                }
                frame.render_widget(Line::from(spans), row_area);
                if (at, row) == cursor.place {
                    self.draw_caret(frame, row_area, gutter + cursor.column, theme);
                }
                y += 1;
            }
            skip = 0;
        }
    }

    fn gutter_columns(&self) -> usize {
        // The sign of a mark and a blank stand before the number.
        2 + self.digits() + GAP
    }

    fn digits(&self) -> usize {
        self.document.lines().len().to_string().len().max(DIGITS_MIN)
    }

    fn gutter(&self, line: usize, row: usize, theme: &Theme) -> Span<'static> {
        let digits = self.digits();
        if row > 0 {
            return Span::raw(" ".repeat(self.gutter_columns()));
        }
        let number = line + 1;
        let (sign, style) = match self.marks.worst_on(line) {
            Some(mark) if mark.is_error() => ("x", theme.fail),
            Some(_) => ("!", theme.warn),
            None => (" ", theme.dim),
        };
        Span::styled(format!("{sign} {number:>digits$}{:GAP$}", ""), style)
    }

    fn row_spans<'t>(
        &self,
        text: &'t Printable,
        range: Range<usize>,
        line: &str,
        part: Part,
        theme: &Theme,
    ) -> Vec<Span<'t>> {
        let base = match part {
            Part::Role | Part::Fence => theme.title,
            Part::Setting => theme.dim,
            Part::Text => theme.text,
        };
        let mut styled = vec![(range.clone(), base)];
        if part == Part::Text {
            for variable in variables(text.as_str()) {
                styled.push((variable, theme.key));
            }
        }
        for found in found_in(line, self.query) {
            styled.push((found, theme.found));
        }
        let mut borders: Vec<usize> = styled.iter().flat_map(|(range, _)| [range.start, range.end]).collect();
        borders.retain(|border| range.contains(border) || *border == range.end);
        borders.sort_unstable();
        borders.dedup();
        let mut spans = Vec::new();
        for pair in borders.windows(2) {
            let &[start, end] = pair else { continue };
            let over = styled
                .iter()
                .filter(|(range, _)| range.start <= start && end <= range.end);
            let style = over.fold(Style::new(), |style, (_, next)| style.patch(*next));
            spans.extend(text.segments_in(start..end).map(|segment| {
                let mark = if segment.is_mark { theme.hidden } else { Style::new() };
                Span::styled(segment.text, style.patch(mark))
            }));
        }
        spans
    }

    fn draw_caret(&self, frame: &mut Frame, row: Rect, column: usize, theme: &Theme) {
        let x = row
            .x
            .saturating_add(u16::try_from(column).unwrap_or(u16::MAX))
            .min(row.right() - 1);
        match self.caret {
            Caret::Typing => frame.set_cursor_position(Position::new(x, row.y)),
            Caret::Block => frame.buffer_mut().set_style(Rect::new(x, row.y, 1, 1), theme.selected),
            Caret::Hidden => {}
        }
    }

    fn cursor_place(&self, columns: usize) -> CursorPlace {
        let (at, column) = self.document.cursor();
        let line = self.document.lines().get(at).map_or("", String::as_str);
        let text = Printable::block(line);
        let before: String = line.chars().take(column).collect();
        let offset = Printable::block(&before).as_str().len();
        let rows = rows(&text, columns);
        let row = rows.iter().rposition(|range| range.start <= offset).unwrap_or(0);
        let start = rows.get(row).map_or(0, |range| range.start);
        let shown = text.as_str().get(start..offset).unwrap_or_default();
        CursorPlace {
            place: (at, row),
            // Blanks that a break swallowed are behind the last column.
            column: width(shown).min(columns),
        }
    }

    /// The first row in view, moved from where it was only as far as the cursor needs.
    fn top(&self, cursor: Place, columns: usize, height: usize) -> Place {
        let top = self.viewport.top.get().min(cursor);
        let lines = self.document.lines();
        let rows_of = |line: usize| {
            lines
                .get(line)
                .map_or(1, |line| rows(&Printable::block(line), columns).len())
        };
        // Walks up from the cursor to the highest row from which it is still in view.
        let (mut line, mut row) = cursor;
        let mut above = height.saturating_sub(1);
        while above > 0 && (line, row) > top {
            if row > above {
                row -= above;
                above = 0;
            } else if row > 0 {
                above -= row;
                row = 0;
            } else {
                line -= 1;
                row = rows_of(line).saturating_sub(1);
                above -= 1;
            }
        }
        top.max((line, row))
    }

    fn parts(&self) -> Vec<Part> {
        let mut fences = 0;
        let part_of = |line: &String| match fences {
            0 | 1 if is_fence(line) => {
                fences += 1;
                Part::Fence
            }
            1 => Part::Setting,
            _ if role_of(line).is_some() => Part::Role,
            _ => Part::Text,
        };
        self.document.lines().iter().map(part_of).collect()
    }
}

struct CursorPlace {
    place: Place,
    column: usize,
}

/// The rows that a line wraps into, as byte ranges; at least one.
fn rows(text: &Printable, columns: usize) -> Vec<Range<usize>> {
    let mut rows: Vec<Range<usize>> = wrapped(text.as_str(), columns).collect();
    if rows.is_empty() {
        rows.push(0..0);
    }
    rows
}

/// The rule that sets role lines and the settings off, up to the end of the row.
fn rule_behind(part: Part, row: usize, text: &Printable, columns: usize, theme: &Theme) -> Option<Span<'static>> {
    let is_set_off = matches!(part, Part::Role | Part::Fence) && row == 0;
    let room = columns.saturating_sub(width(text.as_str()) + 1);
    (is_set_off && room > 0).then(|| Span::styled(format!(" {}", theme.glyphs.rule.repeat(room)), theme.dim))
}

/// Where `{{ variables }}` stand.
fn variables(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find("{{")).map(|at| from + at) {
        let Some(end) = text
            .get(open..)
            .and_then(|rest| rest.find("}}"))
            .map(|at| open + at + 2)
        else {
            break;
        };
        out.push(open..end);
        from = end;
    }
    out
}

/// Where the search's matches stand in the line as it is shown.
fn found_in(line: &str, query: &str) -> Vec<Range<usize>> {
    let shown_up_to = |column: usize| {
        let before: String = line.chars().take(column).collect();
        Printable::block(&before).as_str().len()
    };
    let chars = query.chars().count();
    match_columns(line, query)
        .into_iter()
        .map(|column| shown_up_to(column)..shown_up_to(column + chars))
        .collect()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::tui::screens::testing::{grid, with_context};

    const TEXT: &str = "+++\n[model]\n+++\n-- system --\nYou answer {{ company }} and a long line that wraps at a word.\n\
                        \n</message>\u{200b}\tx\n-- user --\n{{ input }}";

    fn drawn(document: &Document, viewport: &Viewport, columns: u16, height: u16) -> String {
        with_context(80, 24, |context| {
            let mut terminal = Terminal::new(TestBackend::new(columns, height)).unwrap();
            let pane = TextPane {
                document,
                marks: &Marks::default(),
                query: "",
                caret: Caret::Typing,
                viewport,
            };
            terminal
                .draw(|frame| pane.draw(frame, frame.area(), context.theme))
                .unwrap();
            grid(terminal.backend())
        })
    }

    #[test]
    fn sets_role_lines_and_settings_off_and_wraps_the_rest() {
        let document = Document::new(TEXT);
        insta::assert_snapshot!(drawn(&document, &Viewport::default(), 40, 11));
    }

    #[test]
    fn the_cursor_stays_in_view_and_the_text_moves_only_as_far_as_needed() {
        let mut document = Document::new(&(1..=100).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"));
        let viewport = Viewport::default();
        let mut first_lines = Vec::new();
        for line in [0, 4, 5, 99, 97, 50, 52, 0] {
            document.jump(line, 0);
            drawn(&document, &viewport, 20, 5);
            first_lines.push(viewport.line_at(&document, 0));
        }
        assert_eq!(first_lines, [0, 0, 1, 95, 95, 50, 50, 0]);
    }

    #[test]
    fn a_wrapped_line_scrolls_by_rows() {
        let mut document = Document::new(&"word ".repeat(40));
        let viewport = Viewport::default();
        document.jump(0, 199);
        let shown = drawn(&document, &viewport, 27, 3);
        assert_eq!(viewport.top.get(), (0, 7));
        assert_eq!(shown.lines().next(), Some("      word word word word"));
    }

    #[test]
    fn draws_into_any_area() {
        let mut document = Document::new(TEXT);
        document.jump(6, 3);
        for (columns, height) in [(0, 0), (1, 1), (6, 1), (7, 2), (8, 1), (9, 3), (300, 1)] {
            drawn(&document, &Viewport::default(), columns, height);
        }
    }
}
