//! How the editor is laid out and drawn.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::text::{Line, Span};

use super::autosave::LastSave;
use super::text_pane::{Caret, TextPane};
use super::{Editor, Loading, Mode, Pane, Search};
use crate::text::{Printable, cut, width};
use crate::tui::layout::WidthClass;
use crate::tui::screens::Context;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::text_view::TextView;

/// Rows of the strip that stands for the side panes where there is no room for them, with its border.
const STRIP_ROWS: u16 = 5;
/// Columns of the third column.
const SIDE_COLUMNS: u16 = 60;

/// Where the panes are. A pane that has no room is not drawn.
struct Areas {
    text: Rect,
    model: Rect,
    tried: Rect,
    strip: Rect,
}

impl Areas {
    fn of(area: Rect, context: &Context, focus: Pane, is_zoomed: bool) -> Self {
        let none = Rect::new(area.x, area.y, 0, 0);
        let mut areas = Self {
            text: none,
            model: none,
            tried: none,
            strip: none,
        };
        match (context.size_class.width, focus) {
            _ if is_zoomed => *areas.pane(focus) = area,
            (WidthClass::Narrow, Pane::Text) if context.size_class.short => areas.text = area,
            (WidthClass::Narrow, Pane::Text) => {
                let rows = [Constraint::Min(0), Constraint::Length(STRIP_ROWS)];
                [areas.text, areas.strip] = Layout::vertical(rows).areas(area);
            }
            (WidthClass::Narrow, _) => {
                let [text, side] = Layout::vertical([Constraint::Fill(1); 2]).areas(area);
                areas.text = text;
                *areas.pane(focus) = side;
            }
            (WidthClass::Normal, _) => {
                let [text, below] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(1)]).areas(area);
                areas.text = text;
                [areas.model, areas.tried] = Layout::horizontal([Constraint::Fill(1); 2]).areas(below);
            }
            (WidthClass::Wide, _) => {
                let columns = [Constraint::Min(0), Constraint::Length(SIDE_COLUMNS)];
                let [text, side] = Layout::horizontal(columns).areas(area);
                areas.text = text;
                [areas.model, areas.tried] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(2)]).areas(side);
            }
        }
        areas
    }

    fn pane(&mut self, pane: Pane) -> &mut Rect {
        match pane {
            Pane::Text => &mut self.text,
            Pane::Model => &mut self.model,
            Pane::Try => &mut self.tried,
        }
    }
}

impl Editor {
    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let areas = Areas::of(area, context, self.focus, self.is_zoomed);
        self.draw_text(frame, areas.text, context);
        for (pane, area) in [(Pane::Model, areas.model), (Pane::Try, areas.tried)] {
            if area.height > 0 {
                self.draw_side(frame, area, context, pane);
            }
        }
        if areas.strip.height > 0 {
            self.draw_strip(frame, areas.strip, context);
        }
    }

    /// Where the text itself is drawn.
    pub(super) fn text_area(&self, area: Rect, context: &Context) -> Rect {
        let areas = Areas::of(area, context, self.focus, self.is_zoomed);
        split_off_last_row(Panel::inner(areas.text)).0
    }

    /// The prompt and what its draft began from.
    pub(super) fn heading(&self) -> String {
        match &self.base {
            Some(base) => format!("{}  draft on v{}", self.prompt, base.number),
            None => format!("{}  first draft", self.prompt),
        }
    }

    fn draw_text(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let (line, column) = self.document.cursor();
        let mode = match self.mode {
            Mode::Normal => "NORMAL",
            Mode::Insert => "INSERT",
        };
        // The status line can be covered by a note; that text is not kept must not be.
        let warning = match self.save.last() {
            LastSave::NotKept(_) => "NOT KEPT  ",
            _ => "",
        };
        let inner = Panel::new(self.heading())
            .note(format!("{warning}{mode}  L{}:{}", line + 1, column + 1))
            .focused(self.focus == Pane::Text)
            .draw(frame, area, theme);
        let (text_area, last_row) = split_off_last_row(inner);
        match &self.loading {
            Loading::Waiting => frame.render_widget(Line::styled("loading the draft", theme.dim), text_area),
            Loading::Failed(why) => {
                let text = Printable::line(&format!("The draft cannot be opened: {why}"));
                frame.render_widget(Line::from(theme.spans(&text, theme.fail)), text_area);
            }
            Loading::Ready => {
                let pane = TextPane {
                    document: &self.document,
                    marks: &self.marks,
                    query: &self.search.query,
                    caret: self.caret(),
                    viewport: &self.viewport,
                };
                pane.draw(frame, text_area, theme);
                self.draw_last_row(frame, last_row, context);
            }
        }
    }

    fn caret(&self) -> Caret {
        match (self.focus, &self.search.field, self.mode) {
            (Pane::Text, None, Mode::Insert) => Caret::Typing,
            (Pane::Text, None, Mode::Normal) => Caret::Block,
            _ => Caret::Hidden,
        }
    }

    /// The row under the text: the search, else the mark nearest to the cursor.
    fn draw_last_row(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        if let Some(field) = &self.search.field {
            let [sign, rest] = Layout::horizontal([Constraint::Length(2), Constraint::Min(0)]).areas(area);
            frame.render_widget(Line::styled("/ ", theme.key), sign);
            return field.draw(frame, rest, theme.text, Focus::Here);
        }
        let counts = self.marks.counts();
        let right = format!("{} ", counted(counts));
        let room = usize::from(area.width).saturating_sub(width(&right) + 1);
        let (text, style) = match (search_line(&self.search), self.marks.near(self.document.cursor().0)) {
            (Some(found), _) => (found, theme.text),
            (None, Some(mark)) if mark.is_error() => (format!("x L{} {}", mark.line() + 1, mark.message()), theme.fail),
            (None, Some(mark)) => (format!("! L{} {}", mark.line() + 1, mark.message()), theme.warn),
            (None, None) => (String::new(), theme.text),
        };
        let text = Printable::line(&text);
        let shown = cut(text.as_str(), room);
        let blank = room.saturating_sub(width(&shown)) + 1;
        let spans = [
            Span::styled(shown, style),
            Span::raw(" ".repeat(blank)),
            Span::styled(right, theme.dim),
        ];
        frame.render_widget(Line::from_iter(spans), area);
    }

    fn draw_side(&self, frame: &mut Frame, area: Rect, context: &Context, pane: Pane) {
        let is_focused = self.focus == pane;
        let (title, text) = match pane {
            Pane::Try => (self.tried.title(), self.tried.lines().join("\n")),
            _ => ("Model and variables".to_owned(), self.model_text()),
        };
        let inner = beside_border(Panel::new(title).focused(is_focused).draw(frame, area, context.theme));
        let text = Printable::block(&text);
        let unscrolled = TextView::default();
        let view = if is_focused { &self.side_view } else { &unscrolled };
        view.draw(frame, inner, context.theme, &text, context.theme.text);
    }

    fn draw_strip(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let (title, variables) = match &self.summary {
            Ok(summary) => (summary.model_line(), variables_line(&summary.variables)),
            Err(why) => ("the settings cannot be read".to_owned(), why.clone()),
        };
        let inner = beside_border(Panel::new(title).note("tab: model, try").draw(frame, area, theme));
        let tried = format!("{}: {}", self.tried.title().to_lowercase(), self.tried.verdict_line());
        let lines = [variables, tried, self.tried.answer_line()];
        for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
            let text = Printable::line(line);
            let shown = cut(text.as_str(), usize::from(inner.width)).into_owned();
            frame.render_widget(Line::styled(shown, theme.text), Rect::new(inner.x, y, inner.width, 1));
        }
    }

    /// The text of the side pane that has the focus.
    pub(super) fn side_text(&self) -> Printable {
        let text = match self.focus {
            Pane::Try => self.tried.lines().join("\n"),
            Pane::Model | Pane::Text => self.model_text(),
        };
        Printable::block(&text)
    }

    fn model_text(&self) -> String {
        let summary = match &self.summary {
            Ok(summary) => summary,
            Err(why) => return format!("The settings cannot be read: {why}"),
        };
        let characters: usize = self.document.lines().iter().map(|line| line.chars().count()).sum();
        let mut lines = vec![
            summary.model_line(),
            format!(
                "{} messages, {characters} characters with the settings",
                summary.messages
            ),
        ];
        let name_columns = summary.variables.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        lines.extend(summary.variables.iter().map(|(name, default)| {
            let value = default
                .as_ref()
                .map_or_else(|| "from the example".to_owned(), |text| format!("{text:?}"));
            format!("{name:name_columns$}  {value}")
        }));
        lines.join("\n")
    }
}

/// A blank column keeps text from sticking to the border.
fn beside_border(inner: Rect) -> Rect {
    inner.inner(Margin::new(1, 0))
}

fn split_off_last_row(inner: Rect) -> (Rect, Rect) {
    let [text, last] = Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(inner);
    (text, last)
}

fn counted((errors, warnings): (usize, usize)) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    format!(
        "{errors} error{}, {warnings} warning{}",
        plural(errors),
        plural(warnings)
    )
}

fn search_line(search: &Search) -> Option<String> {
    if search.query.is_empty() {
        return None;
    }
    Some(match search.found {
        Some((at, count)) => format!("/{}  {at} of {count}", search.query),
        None => format!("/{}  not found", search.query),
    })
}

fn variables_line(variables: &[(String, Option<String>)]) -> String {
    let words = variables.iter().map(|(name, default)| match default {
        Some(default) => format!("{name}={default:?}"),
        None => name.clone(),
    });
    if variables.is_empty() {
        "no variables".into()
    } else {
        format!("variables  {}", words.collect::<Vec<_>>().join("  "))
    }
}
