//! A text to read: wrapped or scrolled sideways, of any length, only the lines in view made.

use std::cell::Cell;
use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::text::{Printable, cut, wrapped};
use crate::tui::command::CommandId;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::theme::Theme;

/// Columns that one step sideways moves by.
const SIDE_STEP: usize = 8;
/// Lines that one step of the wheel moves by.
const WHEEL_LINES: usize = 3;

/// Whether long lines are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrap {
    /// They are.
    #[default]
    On,
    /// They go on to the right.
    Off,
}

/// Where a text view stands. The text itself stays with the screen.
#[derive(Debug, Clone, Default)]
pub struct TextView {
    wrap: Wrap,
    top: Cell<usize>,
    left: usize,
    find: String,
    // Only drawing knows the size; it leaves here what the next movement starts from.
    size: Cell<(usize, usize)>,
}

impl TextView {
    /// Back to the start, for another text.
    pub fn reset(&mut self) {
        self.top.set(0);
        self.left = 0;
    }

    /// Whether lines are wrapped.
    pub fn wrap(&self) -> Wrap {
        self.wrap
    }

    /// What is searched for; empty for nothing.
    pub fn find(&self) -> &str {
        &self.find
    }

    /// Takes a command that scrolls, wraps or goes to a match. Whether it was one.
    pub fn command(&mut self, command: CommandId, text: &Printable) -> bool {
        let (_, height) = self.size.get();
        let top = self.top.get();
        let half = height.div_ceil(2).max(1);
        match command {
            CommandId::MoveDown => self.top.set(top.saturating_add(1)),
            CommandId::MoveUp => self.top.set(top.saturating_sub(1)),
            CommandId::PageDown => self.top.set(top.saturating_add(height.max(1))),
            CommandId::PageUp => self.top.set(top.saturating_sub(height.max(1))),
            CommandId::HalfDown => self.top.set(top.saturating_add(half)),
            CommandId::HalfUp => self.top.set(top.saturating_sub(half)),
            CommandId::First => self.top.set(0),
            CommandId::Last => self.top.set(usize::MAX),
            CommandId::MoveLeft if self.wrap == Wrap::Off => self.left = self.left.saturating_sub(SIDE_STEP),
            CommandId::MoveRight if self.wrap == Wrap::Off => self.left = self.left.saturating_add(SIDE_STEP),
            CommandId::Wrap => {
                self.wrap = if self.wrap == Wrap::On { Wrap::Off } else { Wrap::On };
                self.left = 0;
            }
            CommandId::MatchNext => return self.go_to_match(text, Way::Down),
            CommandId::MatchPrevious => return self.go_to_match(text, Way::Up),
            _ => return false,
        }
        true
    }

    /// Takes the wheel. Whether it was turned.
    pub fn wheel(&mut self, mouse: Mouse) -> bool {
        let top = self.top.get();
        match mouse.kind {
            MouseKind::ScrollDown => self.top.set(top.saturating_add(WHEEL_LINES)),
            MouseKind::ScrollUp => self.top.set(top.saturating_sub(WHEEL_LINES)),
            MouseKind::Press => return false,
        }
        true
    }

    /// Searches for a text, whatever its case, and goes to the first match from here on. Whether there is one.
    pub fn search(&mut self, needle: &str, text: &Printable) -> bool {
        needle.to_lowercase().clone_into(&mut self.find);
        let here = self.top.get().checked_sub(1);
        self.find.is_empty() || self.go_from(here, text, Way::Down)
    }

    /// Where the matches are: `3 of 17` counts lines; none without a search.
    pub fn matches(&self, text: &Printable) -> Option<(usize, usize)> {
        if self.find.is_empty() {
            return None;
        }
        let lines = self.match_lines(text);
        let here = lines.iter().filter(|line| **line <= self.top.get()).count();
        Some((here.max(usize::from(!lines.is_empty())), lines.len()))
    }

    fn go_to_match(&mut self, text: &Printable, way: Way) -> bool {
        !self.find.is_empty() && self.go_from(Some(self.top.get()), text, way)
    }

    /// Past the last match it goes round.
    fn go_from(&mut self, here: Option<usize>, text: &Printable, way: Way) -> bool {
        let lines = self.match_lines(text);
        let next = match way {
            Way::Down => lines
                .iter()
                .find(|line| here.is_none_or(|here| **line > here))
                .or(lines.first()),
            Way::Up => lines
                .iter()
                .rev()
                .find(|line| here.is_some_and(|here| **line < here))
                .or(lines.last()),
        };
        if let Some(line) = next {
            self.top.set(*line);
        }
        next.is_some()
    }

    fn match_lines(&self, text: &Printable) -> Vec<usize> {
        let (width, _) = self.size.get();
        self.lines(text, width)
            .enumerate()
            .filter(|(_, range)| {
                let line = text.as_str().get(range.clone()).unwrap_or_default();
                line.to_lowercase().contains(&self.find)
            })
            .map(|(at, _)| at)
            .collect()
    }

    fn lines<'a>(&self, text: &'a Printable, width: usize) -> Box<dyn Iterator<Item = Range<usize>> + 'a> {
        match self.wrap {
            Wrap::On => Box::new(wrapped(text.as_str(), width)),
            Wrap::Off => {
                let mut at = 0;
                Box::new(text.as_str().split('\n').map(move |line| {
                    let range = at..at + line.len();
                    at = range.end + 1;
                    range
                }))
            }
        }
    }

    /// Draws the lines in view. A scroll position past the end stops at the last screenful.
    pub fn draw(&self, frame: &mut Frame, area: Rect, theme: &Theme, text: &Printable, style: Style) {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        self.size.set((width, height));
        if width == 0 || height == 0 {
            return;
        }
        let mut in_view: Vec<Range<usize>> = self.lines(text, width).skip(self.top.get()).take(height).collect();
        if in_view.len() < height && self.top.get() > 0 {
            let count = self.lines(text, width).count();
            self.top.set(self.top.get().min(count.saturating_sub(height)));
            in_view = self.lines(text, width).skip(self.top.get()).take(height).collect();
        }
        for (range, y) in in_view.into_iter().zip(area.y..) {
            let line = self.line(text, range, width, theme, style);
            frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
        }
    }

    fn line<'a>(
        &self,
        text: &'a Printable,
        range: Range<usize>,
        width: usize,
        theme: &Theme,
        style: Style,
    ) -> Line<'a> {
        let whole = text.as_str().get(range.clone()).unwrap_or_default();
        if self.wrap == Wrap::Off {
            let shifted: String = skip_columns(whole, self.left);
            return Line::styled(cut(&shifted, width).into_owned(), style);
        }
        let found = self.found_in(whole);
        let mut spans = Vec::new();
        for segment in text.segments_in(range) {
            let base = if segment.is_mark {
                style.patch(theme.hidden)
            } else {
                style
            };
            if found.is_empty() {
                spans.push(Span::styled(segment.text, base));
            } else {
                spans.extend(highlighted(segment.text, &self.find, base, base.patch(theme.found)));
            }
        }
        Line::from(spans)
    }

    fn found_in(&self, line: &str) -> &str {
        if !self.find.is_empty() && line.to_lowercase().contains(&self.find) {
            &self.find
        } else {
            ""
        }
    }
}

#[derive(Clone, Copy)]
enum Way {
    Down,
    Up,
}

/// The text from a column on; a wide character on the border goes.
fn skip_columns(text: &str, columns: usize) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let mut left = columns;
    text.graphemes(true)
        .skip_while(|cluster| {
            let skip = left > 0;
            left = left.saturating_sub(crate::text::width(cluster));
            skip
        })
        .collect()
}

/// The text as spans with each match styled. Case is compared without changing lengths: only where lower-casing keeps
/// every byte in place.
fn highlighted<'a>(text: &'a str, needle: &str, plain: Style, found: Style) -> Vec<Span<'a>> {
    let lower = text.to_lowercase();
    if lower.len() != text.len() {
        return vec![Span::styled(text, plain)];
    }
    let mut spans = Vec::new();
    let mut at = 0;
    for (start, matched) in lower.match_indices(needle) {
        let end = start + matched.len();
        if let (Some(before), Some(hit)) = (text.get(at..start), text.get(start..end)) {
            spans.push(Span::styled(before, plain));
            spans.push(Span::styled(hit, found));
            at = end;
        }
    }
    spans.push(Span::styled(text.get(at..).unwrap_or_default(), plain));
    spans
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::tui::screens::testing::{grid, with_context};

    fn drawn(view: &TextView, text: &Printable, width: u16, height: u16) -> String {
        with_context(80, 24, |context| {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal
                .draw(|frame| view.draw(frame, frame.area(), context.theme, text, context.theme.text))
                .unwrap();
            grid(terminal.backend())
        })
    }

    #[test]
    fn wraps_scrolls_and_stops_at_the_end() {
        let text = Printable::block("one two three\nfour \u{1b}[2J five");
        let mut view = TextView::default();
        assert_eq!(drawn(&view, &text, 9, 3), "one two\nthree\nfour\n");
        view.command(CommandId::Last, &text);
        assert_eq!(drawn(&view, &text, 9, 3), "four\n<1B>[2J\nfive\n");
        view.command(CommandId::MoveUp, &text);
        assert_eq!(drawn(&view, &text, 9, 3), "three\nfour\n<1B>[2J\n");
    }

    #[test]
    fn goes_sideways_without_wrap() {
        let text = Printable::block("0123456789abcdef\nshort");
        let mut view = TextView::default();
        view.command(CommandId::Wrap, &text);
        assert_eq!(drawn(&view, &text, 6, 2), "01234~\nshort\n");
        view.command(CommandId::MoveRight, &text);
        assert_eq!(drawn(&view, &text, 6, 2), "89abc~\n\n");
    }

    #[test]
    fn finds_and_goes_round() {
        let text = Printable::block("a refund\nb\nRefunds\nc\nd");
        let mut view = TextView::default();
        drawn(&view, &text, 20, 2);
        assert!(view.search("refund", &text));
        assert_eq!(view.matches(&text), Some((1, 2)));
        assert!(view.command(CommandId::MatchNext, &text));
        assert_eq!(drawn(&view, &text, 20, 2), "Refunds\nc\n");
        assert!(view.command(CommandId::MatchNext, &text));
        assert_eq!(drawn(&view, &text, 20, 2), "a refund\nb\n");
        assert!(!view.search("nothing", &text));
    }

    #[test]
    fn draws_into_any_area() {
        let text = Printable::block("漢字 text that is long\n\n\u{202e}x");
        for (width, height) in [(0, 0), (1, 0), (0, 1), (1, 1), (2, 2), (3, 1)] {
            drawn(&TextView::default(), &text, width, height);
        }
    }
}
