//! A diff drawn as rows: unified, or two sides. What changed inside a line stands in brackets as well as in a style.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::field::Focus;
use super::panel::Panel;
use crate::text::{Printable, cut, width};
use crate::tui::theme::Theme;

/// Columns of a line number.
const NUMBER_COLUMNS: usize = 4;

/// A stretch of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffSegment {
    /// The text, made harmless.
    pub text: Printable,
    /// Whether it is what changed inside a changed line.
    pub changed: bool,
}

/// What kind of line it is on its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// The same on both sides.
    Equal,
    /// Only on the right.
    Added,
    /// Only on the left.
    Removed,
    /// A changed setting, before the text: one line for both sides in the unified view.
    Setting,
    /// The name of what follows, such as `system`.
    Heading,
}

/// A line on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// Its number on its side; none for headings and settings.
    pub number: Option<u32>,
    /// What kind of line it is.
    pub kind: LineKind,
    /// Its text in stretches.
    pub segments: Vec<DiffSegment>,
}

/// One row: what stands side by side. In the unified view the left line comes above the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffRow {
    /// Lines of both sides, or of one; equal lines are given on both.
    Lines {
        /// The older side.
        left: Option<DiffLine>,
        /// The newer side.
        right: Option<DiffLine>,
    },
    /// That many equal lines, folded.
    Folded(usize),
    /// A remark across both sides, such as a hidden character.
    Remark(Printable),
}

/// How the sides are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// One below the other.
    Unified,
    /// Beside each other.
    Split,
}

/// One drawn line: a row, or one of the two lines of a row in the unified view.
#[derive(Debug, Clone, Copy)]
enum Drawn<'a> {
    One(&'a DiffLine),
    Equal(&'a DiffLine, &'a DiffLine),
    Folded(usize),
    Remark(&'a Printable),
}

/// The lines of the unified view with the row each belongs to: removed lines of a stretch come before its added ones.
fn unified(rows: &[DiffRow]) -> Vec<(usize, Drawn<'_>)> {
    let mut out = Vec::with_capacity(rows.len());
    let mut waiting: Vec<(usize, Drawn<'_>)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match row {
            DiffRow::Lines {
                left: Some(left),
                right: Some(right),
            } if left.kind == right.kind => {
                out.append(&mut waiting);
                out.push((at, Drawn::Equal(left, right)));
            }
            DiffRow::Lines { left, right } => {
                out.extend(left.iter().map(|line| (at, Drawn::One(line))));
                waiting.extend(right.iter().map(|line| (at, Drawn::One(line))));
            }
            DiffRow::Folded(count) => {
                out.append(&mut waiting);
                out.push((at, Drawn::Folded(*count)));
            }
            DiffRow::Remark(text) => {
                out.append(&mut waiting);
                out.push((at, Drawn::Remark(text)));
            }
        }
    }
    out.append(&mut waiting);
    out
}

/// A diff on its way to the screen.
#[derive(Debug)]
pub struct DiffView<'a> {
    /// All rows.
    pub rows: &'a [DiffRow],
    /// The row with the sign `>`; the view scrolls so that it is seen, a third from the top.
    pub cursor: usize,
    /// How the sides are shown.
    pub sides: Sides,
}

impl DiffView<'_> {
    /// Draws the unified form into `area`, without a border.
    fn draw_unified(&self, frame: &mut Frame, area: Rect, theme: &Theme) {
        let lines = unified(self.rows);
        let at = lines.iter().position(|(row, _)| *row >= self.cursor).unwrap_or(0);
        let top = top_line(at, lines.len(), area.height);
        for ((row, drawn), y) in lines.iter().skip(top).zip(area.y..area.bottom()) {
            let mut spans = vec![sign(*row == self.cursor)];
            match drawn {
                Drawn::One(line) => {
                    let is_right = line.kind == LineKind::Added;
                    let (left, right) = if is_right {
                        (None, line.number)
                    } else {
                        (line.number, None)
                    };
                    spans.push(numbers(&[left, right], theme));
                    spans.extend(line_spans(line, theme));
                }
                Drawn::Equal(left, right) => {
                    spans.push(numbers(&[left.number, right.number], theme));
                    if left.kind == LineKind::Setting && left.segments != right.segments {
                        spans.extend(line_spans(left, theme));
                        spans.push(Span::raw(" -> "));
                        spans.extend(line_spans(right, theme).into_iter().skip(1));
                    } else {
                        spans.extend(line_spans(right, theme));
                    }
                }
                Drawn::Folded(count) => spans.push(folded(*count, 2 * NUMBER_COLUMNS + 2, theme)),
                Drawn::Remark(text) => spans.extend(remark(text, 2 * NUMBER_COLUMNS + 2, theme)),
            }
            draw_line(frame, spans, Rect::new(area.x, y, area.width, 1));
        }
    }

    /// Draws one side into `area`, without a border.
    fn draw_side(&self, frame: &mut Frame, area: Rect, theme: &Theme, side: Side) {
        let top = top_line(self.cursor, self.rows.len(), area.height);
        let rows = self.rows.iter().enumerate().skip(top);
        for ((at, row), y) in rows.zip(area.y..area.bottom()) {
            let mut spans = vec![sign(at == self.cursor && side == Side::Right)];
            match (row, side) {
                (DiffRow::Lines { left: Some(line), .. }, Side::Left)
                | (DiffRow::Lines { right: Some(line), .. }, Side::Right) => {
                    spans.push(numbers(&[line.number], theme));
                    spans.extend(line_spans(line, theme));
                }
                (DiffRow::Lines { .. }, _) => {
                    let dots = ". ".repeat(usize::from(area.width).saturating_sub(NUMBER_COLUMNS + 4) / 2);
                    spans.push(Span::styled(format!("{:NUMBER_COLUMNS$}   {dots}", ""), theme.dim));
                }
                (DiffRow::Folded(count), _) => spans.push(folded(*count, NUMBER_COLUMNS + 1, theme)),
                (DiffRow::Remark(text), Side::Right) => spans.extend(remark(text, NUMBER_COLUMNS + 1, theme)),
                (DiffRow::Remark(_), Side::Left) => {}
            }
            draw_line(frame, spans, Rect::new(area.x, y, area.width, 1));
        }
    }

    /// Draws the diff with its panes: `titles` are those of the older and the newer side.
    pub fn draw(&self, frame: &mut Frame, area: Rect, theme: &Theme, titles: [&str; 2], focus: Focus) {
        let focused = focus == Focus::Here;
        match self.sides {
            Sides::Unified => {
                let title = format!("{} -> {}", titles[0], titles[1]);
                let inner = Panel::new(title)
                    .note("unified")
                    .focused(focused)
                    .draw(frame, area, theme);
                self.draw_unified(frame, inner, theme);
            }
            Sides::Split => {
                let half = area.width / 2;
                let left = Rect { width: half, ..area };
                let right = Rect {
                    x: area.x + half,
                    width: area.width - half,
                    ..area
                };
                let inner = Panel::new(titles[0]).draw(frame, left, theme);
                self.draw_side(frame, inner, theme, Side::Left);
                let inner = Panel::new(titles[1]).focused(focused).draw(frame, right, theme);
                self.draw_side(frame, inner, theme, Side::Right);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The first line in view: the cursor's stands a third from the top, except near both ends.
fn top_line(cursor: usize, lines: usize, height: u16) -> usize {
    let height = usize::from(height);
    cursor.saturating_sub(height / 3).min(lines.saturating_sub(height))
}

fn sign(is_cursor: bool) -> Span<'static> {
    Span::raw(if is_cursor { ">" } else { " " })
}

fn numbers(numbers: &[Option<u32>], theme: &Theme) -> Span<'static> {
    let text: String = numbers
        .iter()
        .map(|number| match number {
            Some(number) => format!("{number:>NUMBER_COLUMNS$} "),
            None => " ".repeat(NUMBER_COLUMNS + 1),
        })
        .collect();
    Span::styled(text, theme.dim)
}

fn folded(count: usize, indent: usize, theme: &Theme) -> Span<'static> {
    Span::styled(format!("{:>indent$} {count} equal lines", "..."), theme.dim)
}

fn remark<'a>(text: &'a Printable, indent: usize, theme: &Theme) -> Vec<Span<'a>> {
    let mut spans = vec![Span::styled(format!("{:indent$}# ", ""), theme.dim)];
    spans.extend(theme.spans(text, theme.warn));
    spans
}

/// The line's sign and text; changed stretches in brackets.
fn line_spans<'a>(line: &'a DiffLine, theme: &Theme) -> Vec<Span<'a>> {
    let (sign, style, word) = match line.kind {
        LineKind::Equal => ("  ", theme.text, theme.text),
        LineKind::Added => ("+ ", theme.added, theme.added_word),
        LineKind::Removed => ("- ", theme.removed, theme.removed_word),
        LineKind::Setting => ("~ ", theme.text, theme.added_word),
        LineKind::Heading => ("-- ", theme.dim, theme.dim),
    };
    // A line that changed as a whole needs no brackets: its sign says so.
    let partly = line.segments.iter().any(|segment| !segment.changed);
    let mut spans = vec![Span::styled(sign, style)];
    for segment in &line.segments {
        let marked = segment.changed && partly;
        let style = if marked { word } else { style };
        if marked {
            spans.push(Span::styled("[", style));
        }
        spans.extend(theme.spans(&segment.text, style));
        if marked {
            spans.push(Span::styled("]", style));
        }
    }
    spans
}

/// Draws a line; where it does not fit, its last cell is `~`.
fn draw_line(frame: &mut Frame, spans: Vec<Span<'_>>, area: Rect) {
    let mut left = usize::from(area.width);
    if spans.iter().map(|span| width(&span.content)).sum::<usize>() <= left {
        frame.render_widget(Line::from(spans), area);
        return;
    }
    let mut shown: Vec<Span<'_>> = Vec::with_capacity(spans.len());
    for span in spans {
        let span_width = width(&span.content);
        if span_width < left {
            left -= span_width;
            shown.push(span);
            continue;
        }
        // More follows, so that even a span that fits exactly is too long by one.
        let longer = format!("{} ", span.content);
        shown.push(Span::styled(cut(&longer, left).into_owned(), span.style));
        break;
    }
    frame.render_widget(Line::from(shown), area);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::tui::screens::testing::{grid, with_context};

    fn line(number: u32, kind: LineKind, parts: &[(&str, bool)]) -> DiffLine {
        DiffLine {
            number: Some(number),
            kind,
            segments: parts
                .iter()
                .map(|(text, changed)| DiffSegment {
                    text: Printable::line(text),
                    changed: *changed,
                })
                .collect(),
        }
    }

    fn rows() -> Vec<DiffRow> {
        let setting = |text, changed| line(1, LineKind::Setting, &[("temperature ", false), (text, changed)]);
        vec![
            DiffRow::Lines {
                left: Some(setting("0.7", true)),
                right: Some(setting("0.2", true)),
            },
            DiffRow::Lines {
                left: Some(line(3, LineKind::Equal, &[("Rules:", false)])),
                right: Some(line(3, LineKind::Equal, &[("Rules:", false)])),
            },
            DiffRow::Lines {
                left: Some(line(
                    4,
                    LineKind::Removed,
                    &[("Refunds within ", false), ("14", true), (" days", false)],
                )),
                right: Some(line(
                    4,
                    LineKind::Added,
                    &[("Refunds within ", false), ("{{days}}", true), (" days", false)],
                )),
            },
            DiffRow::Lines {
                left: None,
                right: Some(line(5, LineKind::Added, &[("<message>\u{200b}", true)])),
            },
            DiffRow::Remark(Printable::line("hidden character")),
            DiffRow::Folded(12),
        ]
    }

    fn drawn(sides: Sides, width: u16, height: u16) -> String {
        let rows = rows();
        with_context(width.max(60), 24, |context| {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            let view = DiffView {
                rows: &rows,
                cursor: 2,
                sides,
            };
            terminal
                .draw(|frame| view.draw(frame, frame.area(), context.theme, ["v13", "v14"], Focus::Here))
                .unwrap();
            grid(terminal.backend())
        })
    }

    #[test]
    fn unified_marks_what_changed_by_signs() {
        insta::assert_snapshot!(drawn(Sides::Unified, 50, 9));
    }

    #[test]
    fn two_sides_keep_their_rows_level() {
        insta::assert_snapshot!(drawn(Sides::Split, 70, 9));
    }

    #[test]
    fn draws_into_any_area() {
        for width in 0..8 {
            for height in 0..4 {
                drawn(Sides::Unified, width, height);
                drawn(Sides::Split, width, height);
            }
        }
    }
}
