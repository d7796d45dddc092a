//! A list that one narrows by typing words, above what is known of its selected row.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::finder::{Finder, Found};
use super::loaded::Loaded;
use super::panes::{draw_sentence, mouse_on_list, offered};
use super::{Context, ScreenEvent};
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;

/// The words, and the rows that have them.
#[derive(Debug)]
pub(super) struct FoundList<T: HasId> {
    pub(super) finder: Finder,
    loaded: Loaded<()>,
    pub(super) rows: Listing<T>,
    /// Rows of the detail, borders included.
    detail_rows: u16,
}

/// What stands in the detail: its title, and sentences where a row is selected.
pub(super) type Sentences = (String, Option<String>);

impl<T: HasId> FoundList<T> {
    /// Before anything is loaded.
    pub(super) fn new(finder: Finder, detail_rows: u16) -> Self {
        Self {
            finder,
            loaded: Loaded::Loading,
            rows: Listing::default(),
            detail_rows,
        }
    }

    pub(super) fn selected(&self) -> Option<&T> {
        self.rows.selected()
    }

    pub(super) fn answered(&mut self, rows: Vec<T>) {
        self.loaded = Loaded::Ready(());
        self.rows.set_all(rows);
    }

    /// Takes what is typed, clicked, and refused. Whether the words are others now, and what else is to be done.
    pub(super) fn event(&mut self, event: ScreenEvent) -> (Found, Vec<Effect>) {
        match event {
            ScreenEvent::Key(key) => return (self.finder.key(key), Vec::new()),
            ScreenEvent::Paste(text) => return (self.finder.paste(&text), Vec::new()),
            ScreenEvent::Mouse(mouse, body) => {
                let [list, _] = self.areas(body);
                if list.contains((mouse.column, mouse.row).into()) {
                    // The line with the words stands above the list.
                    mouse_on_list(&mut self.rows, mouse, Rect { y: list.y + 1, ..list });
                }
            }
            ScreenEvent::Answered { result: Err(fault), .. } => {
                let note = Note::failure(&fault);
                self.loaded.fail(fault);
                return (Found::Same, vec![Effect::Say(note)]);
            }
            _ => {}
        }
        (Found::Same, Vec::new())
    }

    /// Whether there is something for a command, or why not: no row is selected, or the selected one opens nothing.
    pub(super) fn availability(
        &self,
        command: CommandId,
        none_selected: &str,
        opens: impl FnOnce(&T) -> bool,
        opens_nothing: &str,
    ) -> Result<(), String> {
        let Some(selected) = self.selected() else {
            return match command {
                CommandId::Open | CommandId::CopyId | CommandId::CopyValue => Err(none_selected.into()),
                _ => offered(command, &TAKEN),
            };
        };
        if command == CommandId::Open && !opens(selected) {
            return Err(opens_nothing.into());
        }
        offered(command, &TAKEN)
    }

    /// One step back, but only out of the field: the words stay, since another step leaves the screen.
    pub(super) fn step_back(&mut self) -> bool {
        self.finder.is_typing() && self.finder.step_back()
    }

    fn areas(&self, area: Rect) -> [Rect; 2] {
        Layout::vertical([Constraint::Fill(1), Constraint::Length(self.detail_rows)]).areas(area)
    }

    /// Draws all of it; `draw_rows` draws the rows, once they are there.
    pub(super) fn draw(
        &self,
        frame: &mut Frame,
        area: Rect,
        context: &Context,
        list: Panel,
        draw_rows: impl FnOnce(&mut Frame, Rect),
        (title, sentences): Sentences,
    ) {
        let theme = context.theme;
        let [upper, lower] = self.areas(area);
        let inner = list.focused(true).draw(frame, upper, theme);
        let [find, table] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
        self.finder.draw(frame, find, context);
        match self.loaded.absence() {
            Some(text) => draw_sentence(frame, table, &text, theme.dim),
            None => draw_rows(frame, table),
        }
        let inner = Panel::new(title).draw(frame, lower, theme);
        if let Some(text) = sentences {
            draw_sentence(frame, inner, &text, theme.text);
        }
    }
}

/// The commands that such a list takes, of those that only some screens have.
const TAKEN: [CommandId; 3] = [CommandId::Search, CommandId::CopyValue, CommandId::CopyPlain];
