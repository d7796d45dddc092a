//! How the rows and the selected example are drawn.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::columns::cell;
use super::{Dataset, Pane};
use crate::text::{Printable, cut, width};
use crate::tui::command::CommandId;
use crate::tui::layout::WidthClass;
use crate::tui::screens::Context;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::Table;

/// Rows of the example under the list, borders included.
const EXAMPLE_HEIGHT: u16 = 11;
/// The same where there are few rows.
const EXAMPLE_HEIGHT_SHORT: u16 = 5;
/// Columns of the example beside the list on a wide terminal.
const EXAMPLE_COLUMNS: u16 = 54;
/// What can be typed into the filter line, and how it is left.
const FILTER_HELP: &str = "words, field=value, field!=value   enter apply   esc leave";
/// The same where there is little room.
const FILTER_HELP_NARROW: &str = "enter apply  esc leave";

/// Where the parts are.
pub(super) struct Panes {
    pub(super) rows: Rect,
    pub(super) example: Rect,
    filter: Rect,
}

pub(super) fn split(area: Rect, zoomed: bool, context: &Context) -> Panes {
    let [body, filter] = Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(area);
    if zoomed {
        return Panes {
            rows: Rect::default(),
            example: body,
            filter,
        };
    }
    let [rows, example] = match (context.size_class.width, context.size_class.short) {
        (WidthClass::Wide, _) => {
            Layout::horizontal([Constraint::Min(0), Constraint::Length(EXAMPLE_COLUMNS)]).areas(body)
        }
        (_, true) => Layout::vertical([Constraint::Min(0), Constraint::Length(EXAMPLE_HEIGHT_SHORT)]).areas(body),
        (_, false) => Layout::vertical([Constraint::Min(0), Constraint::Length(EXAMPLE_HEIGHT)]).areas(body),
    };
    Panes { rows, example, filter }
}

impl Dataset {
    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let panes = split(area, self.zoomed, context);
        if !self.zoomed {
            self.draw_rows(frame, panes.rows, context);
        }
        self.draw_example(frame, panes.example, context);
        self.draw_filter(frame, panes.filter, context);
    }

    fn draw_rows(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let size = self.version.as_ref().map_or_else(String::new, |version| {
            let excluded = match version.exclusions.len() {
                0 => String::new(),
                count => format!(", {count} excluded"),
            };
            format!("{} examples{excluded}", version.example_count)
        });
        let inner = Panel::new(self.id.to_string())
            .note(size)
            .focused(self.focus == Pane::Rows)
            .draw(frame, area, context.theme);
        let width = context.size_class.width;
        let columns = self.columns.clone().unwrap_or_default();
        let shown = columns.shown(width);
        let table = columns.table(&shown, self.column.min(shown.len().saturating_sub(1)), width);
        let empty = self.empty_text(context);
        Table::new(&table)
            .focus(Focus::when(self.focus == Pane::Rows))
            .empty(&empty)
            .draw(frame, inner, context.theme, &self.list, |row| {
                shown.iter().map(|shown| cell(&row.example.content, shown)).collect()
            });
    }

    fn empty_text(&self, context: &Context) -> String {
        let key = |command| context.keymap.shown(command).unwrap_or_default();
        match (&self.fault, &self.version) {
            (Some(fault), _) if self.filter.is_empty() => format!("{}. {}", fault.what, fault.hint),
            (_, None) => format!("loading {}", self.id),
            (_, Some(_)) if !self.filter.is_empty() => {
                format!("No example matches. {} changes the filter.", key(CommandId::Search))
            }
            (_, Some(_)) => format!(
                "This version has no examples. {} imports a file.",
                key(CommandId::DatasetImport)
            ),
        }
    }

    fn draw_example(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let title = self
            .list
            .selected()
            .map_or_else(String::new, |row| row.example.content.id.to_string());
        let marked = match self.example_text.marked() {
            0 => String::new(),
            count => format!("! {count} hidden characters"),
        };
        let inner = Panel::new(title)
            .note(marked)
            .focused(self.focus == Pane::Example)
            .draw(frame, area, context.theme);
        let inner = Rect::new(
            inner.x.saturating_add(1).min(inner.right()),
            inner.y,
            inner.width.saturating_sub(1),
            inner.height,
        );
        self.example_view
            .draw(frame, inner, context.theme, &self.example_text, context.theme.text);
    }

    /// The filter as it is typed, with its error or what can be typed; otherwise the filter that holds.
    fn draw_filter(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let columns = usize::from(area.width);
        let Some(field) = &self.typing else {
            let total = self.version.as_ref().map_or(0, |version| version.example_count);
            let text = match self.filter.as_str() {
                "" => return,
                filter => format!(" filter {filter}   {} of {total}", self.list.total()),
            };
            let text = Printable::line(&text);
            return frame.render_widget(Line::raw(cut(text.as_str(), columns).into_owned()), area);
        };
        let (help, style) = match &self.fault {
            Some(fault) => (Printable::line(&format!("! {}", fault.what)), theme.fail),
            None if context.size_class.width == WidthClass::Narrow => (Printable::line(FILTER_HELP_NARROW), theme.dim),
            None => (Printable::line(FILTER_HELP), theme.dim),
        };
        let label = " filter ";
        let help = cut(help.as_str(), columns / 2).into_owned();
        let help_columns = u16::try_from(width(&help)).unwrap_or(u16::MAX);
        frame.render_widget(Line::styled(label, theme.focus), area);
        let start = u16::try_from(label.len()).unwrap_or(0);
        let room = area.width.saturating_sub(start + help_columns + 2);
        let at = Rect::new(area.x.saturating_add(start), area.y, room, area.height).intersection(area);
        field.draw(frame, at, theme.text, Focus::Here);
        let right = Rect::new(
            area.right().saturating_sub(help_columns + 1),
            area.y,
            help_columns,
            area.height,
        )
        .intersection(area);
        frame.render_widget(Line::from(Span::styled(help, style)), right);
    }
}
