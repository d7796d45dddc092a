//! A list above what is known of its selected row, as several screens show their things.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::Context;
use super::loaded::Loaded;
use super::panes::{draw_sentence, mouse_on_list};
use crate::text::Printable;
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::input::Mouse;
use crate::tui::msg::Note;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::text_view::TextView;
use crate::workbench::Fault;

/// Rows of the list and of the detail below it: their shares of all rows.
const SHARES: [u16; 2] = [2, 3];
/// The same where the list is what one reads.
const LONG_LIST_SHARES: [u16; 2] = [2, 1];

/// The rows, and how far the detail of the selected one is scrolled.
#[derive(Debug)]
pub(super) struct ListAndDetail<T: HasId> {
    loaded: Loaded<()>,
    pub(super) rows: Listing<T>,
    detail: TextView,
    shares: [u16; 2],
}

/// What stands in the detail.
pub(super) struct Detail {
    pub(super) title: String,
    /// `None` where no row is selected.
    pub(super) text: Option<Printable>,
}

impl<T: HasId> Default for ListAndDetail<T> {
    fn default() -> Self {
        Self {
            loaded: Loaded::Loading,
            rows: Listing::default(),
            detail: TextView::default(),
            shares: SHARES,
        }
    }
}

impl<T: HasId> ListAndDetail<T> {
    /// One whose list takes most of the rows.
    pub(super) fn with_long_list() -> Self {
        Self {
            shares: LONG_LIST_SHARES,
            ..Self::default()
        }
    }

    /// Whether the rows are there.
    pub(super) fn is_ready(&self) -> bool {
        self.loaded.ready().is_some()
    }

    pub(super) fn selected(&self) -> Option<&T> {
        self.rows.selected()
    }

    /// Takes a command that moves; the detail of another row begins at its first line.
    pub(super) fn command(&mut self, command: CommandId) {
        if self.rows.command(command) {
            self.detail.reset();
        }
    }

    pub(super) fn mouse(&mut self, mouse: Mouse, body: Rect) {
        let [list, detail] = self.areas(body);
        if list.contains((mouse.column, mouse.row).into()) {
            mouse_on_list(&mut self.rows, mouse, list);
        } else if detail.contains((mouse.column, mouse.row).into()) {
            self.detail.wheel(mouse);
        }
    }

    pub(super) fn answered(&mut self, rows: Vec<T>) {
        self.rows.set_all(rows);
        self.loaded = Loaded::Ready(());
    }

    /// What the workbench would not give is said; rows that were there stay.
    pub(super) fn failed(&mut self, fault: Fault) -> Vec<Effect> {
        let note = Note::failure(&fault);
        self.loaded.fail(fault);
        vec![Effect::Say(note)]
    }

    fn areas(&self, area: Rect) -> [Rect; 2] {
        Layout::vertical(self.shares.map(Constraint::Fill)).areas(area)
    }

    /// Draws both; `draw_rows` draws the rows into the panel of the list, once they are there.
    pub(super) fn draw(
        &self,
        frame: &mut Frame,
        area: Rect,
        context: &Context,
        list: Panel,
        draw_rows: impl FnOnce(&mut Frame, Rect),
        detail: Detail,
    ) {
        let theme = context.theme;
        let [upper, lower] = self.areas(area);
        let inner = list.focused(true).draw(frame, upper, theme);
        match self.loaded.absence() {
            Some(text) => draw_sentence(frame, inner, &text, theme.dim),
            None => draw_rows(frame, inner),
        }
        let inner = Panel::new(detail.title).draw(frame, lower, theme);
        if let Some(text) = &detail.text {
            self.detail.draw(frame, inner, theme, text, theme.text);
        }
    }
}

/// Takes a command that copies or shows the text of the selected thing.
pub(super) fn copied(command: CommandId, title: String, text: Option<String>) -> Option<Effect> {
    match command {
        CommandId::CopyAll => text.map(Effect::Copy),
        CommandId::CopyPlain => text.map(|text| Effect::ShowPlain { title, text }),
        _ => None,
    }
}
