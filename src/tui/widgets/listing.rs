//! A window on a long list: how many rows there are, the few that are loaded, and what is selected, by id.

use std::cell::Cell;
use std::fmt::Debug;
use std::ops::Range;

use crate::tui::command::CommandId;

/// Rows asked for at a time: a few screens.
pub const PAGE_ROWS: u64 = 200;
/// Rows left before the loaded ones end when the next page is asked for.
const PAGE_AHEAD: u64 = 50;
/// Rows to move by before the first draw has told how many are in view.
const HEIGHT_AT_FIRST: u64 = 10;

/// A row that keeps its identity when the list changes.
pub trait HasId {
    /// What identifies it.
    type Id: Clone + PartialEq + Debug;

    /// Its identity.
    fn id(&self) -> Self::Id;
}

/// The state of a list on a screen.
#[derive(Debug, Clone)]
pub struct Listing<T: HasId> {
    total: u64,
    from: u64,
    rows: Vec<T>,
    cursor: u64,
    selected: Option<T::Id>,
    marked: Vec<T::Id>,
    // Only drawing knows how many rows fit; it leaves here what the next movement and the next draw start from.
    top: Cell<u64>,
    height: Cell<u64>,
}

impl<T: HasId> Default for Listing<T> {
    fn default() -> Self {
        Self {
            total: 0,
            from: 0,
            rows: Vec::new(),
            cursor: 0,
            selected: None,
            marked: Vec::new(),
            top: Cell::new(0),
            height: Cell::new(HEIGHT_AT_FIRST),
        }
    }
}

impl<T: HasId> Listing<T> {
    /// Takes a page: `rows` are the ones from number `from`, of `total` in all. The selection stays on its id; where
    /// that is gone, on its row.
    pub fn set_page(&mut self, total: u64, from: u64, rows: Vec<T>) {
        self.total = total;
        self.from = from;
        self.rows = rows;
        let place = self
            .selected
            .as_ref()
            .and_then(|id| self.rows.iter().position(|row| row.id() == *id));
        if let Some(place) = place {
            let moved_to = from.saturating_add(place as u64);
            // The selected row stays at its height on the screen.
            let above = self.cursor.saturating_sub(self.top.get());
            self.top.set(moved_to.saturating_sub(above));
            self.cursor = moved_to;
        }
        self.select_row(self.cursor);
    }

    /// Takes a list that is whole.
    pub fn set_all(&mut self, rows: Vec<T>) {
        self.set_page(rows.len() as u64, 0, rows);
    }

    /// How many rows there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The loaded rows.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The selected row, where it is loaded.
    pub fn selected(&self) -> Option<&T> {
        self.row(self.cursor)
    }

    /// The number of the selected row, from 0.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Selects the loaded row with this id. Whether there is one.
    pub fn select(&mut self, id: &T::Id) -> bool {
        let place = self.rows.iter().position(|row| row.id() == *id);
        if let Some(place) = place {
            self.select_row(self.from + place as u64);
        }
        place.is_some()
    }

    /// Selects by number, as near as there are rows.
    pub fn select_row(&mut self, row: u64) {
        self.cursor = row.min(self.total.saturating_sub(1));
        // While the row is not loaded the old id must not pull the cursor back.
        self.selected = self.row(self.cursor).map(HasId::id);
    }

    /// Takes a command that moves. Whether it was one.
    pub fn command(&mut self, command: CommandId) -> bool {
        let page = self.height.get().max(1);
        let row = match command {
            CommandId::MoveDown => self.cursor.saturating_add(1),
            CommandId::MoveUp => self.cursor.saturating_sub(1),
            CommandId::PageDown => self.cursor.saturating_add(page),
            CommandId::PageUp => self.cursor.saturating_sub(page),
            CommandId::HalfDown => self.cursor.saturating_add(page.div_ceil(2)),
            CommandId::HalfUp => self.cursor.saturating_sub(page.div_ceil(2)),
            CommandId::First => 0,
            CommandId::Last => u64::MAX,
            _ => return false,
        };
        self.select_row(row);
        true
    }

    /// Where the next page should start, if the rows around the selection are not loaded.
    pub fn page_wanted(&self) -> Option<u64> {
        let loaded = self.from..self.from.saturating_add(self.rows.len() as u64);
        let first = self.cursor.saturating_sub(PAGE_AHEAD.min(self.cursor));
        let last = self.cursor.saturating_add(PAGE_AHEAD).min(self.total.saturating_sub(1));
        let missing = self.total > 0 && (!loaded.contains(&first) || !loaded.contains(&last));
        missing.then(|| self.page_start())
    }

    /// Where the page around the selection starts: for the first request, and for asking again after a change.
    pub fn page_start(&self) -> u64 {
        self.cursor.saturating_sub(PAGE_ROWS / 2)
    }

    /// Marks the selected row, or takes its mark away.
    pub fn toggle_mark(&mut self) {
        if let Some(id) = self.selected().map(HasId::id) {
            match self.marked.iter().position(|marked| *marked == id) {
                Some(at) => {
                    self.marked.swap_remove(at);
                }
                None => self.marked.push(id),
            }
        }
    }

    /// The marked ids.
    pub fn marked(&self) -> &[T::Id] {
        &self.marked
    }

    /// Takes all marks away. Whether there were any.
    pub fn clear_marks(&mut self) -> bool {
        let any = !self.marked.is_empty();
        self.marked.clear();
        any
    }

    /// Selects the row that is drawn `line` lines below the list's first. Whether there is one.
    pub fn click(&mut self, line: u16) -> bool {
        let row = self.top.get().saturating_add(u64::from(line));
        let hit = row < self.total && u64::from(line) < self.height.get();
        if hit {
            self.select_row(row);
        }
        hit
    }

    /// The numbers of the rows to draw in `height` lines, with the selected one in view.
    pub(super) fn in_view(&self, height: u16) -> Range<u64> {
        let height = u64::from(height);
        self.height.set(height);
        let lowest_top = self.cursor.saturating_add(1).saturating_sub(height);
        let last_top = self.total.saturating_sub(height);
        let top = self
            .top
            .get()
            .clamp(lowest_top, self.cursor.max(lowest_top))
            .min(last_top.max(lowest_top));
        self.top.set(top);
        top..top.saturating_add(height).min(self.total)
    }

    /// How many rows are out of sight above those that `height` lines show.
    pub fn above(&self, height: u16) -> u64 {
        self.in_view(height).start
    }

    /// A row by number, where it is loaded.
    pub(super) fn row(&self, number: u64) -> Option<&T> {
        let at = usize::try_from(number.checked_sub(self.from)?).ok()?;
        self.rows.get(at)
    }

    pub(super) fn is_marked(&self, row: &T) -> bool {
        !self.marked.is_empty() && self.marked.contains(&row.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl HasId for u32 {
        type Id = u32;
        fn id(&self) -> u32 {
            *self
        }
    }

    #[test]
    fn the_selection_is_an_id() {
        let mut list = Listing::default();
        list.set_all(vec![10_u32, 20, 30]);
        list.command(CommandId::MoveDown);
        assert_eq!(list.selected(), Some(&20));
        list.set_all(vec![5, 7, 10, 20, 30]);
        assert_eq!((list.selected(), list.cursor()), (Some(&20), 3), "rows came in above");
        list.set_all(vec![5]);
        assert_eq!(list.selected(), Some(&5), "its row is gone: the nearest");
        list.set_all(vec![]);
        assert_eq!((list.selected(), list.cursor()), (None, 0));
    }

    #[test]
    fn a_million_rows_are_a_window() {
        let mut list = Listing::default();
        list.set_page(1_000_000, 0, (0..200_u32).collect());
        assert_eq!(list.page_wanted(), None);
        assert_eq!(list.in_view(30), 0..30);
        list.command(CommandId::Last);
        assert_eq!(list.in_view(30), 999_970..1_000_000);
        assert_eq!(list.selected(), None, "not loaded yet");
        let start = list.page_wanted().unwrap();
        list.set_page(1_000_000, start, (u32::try_from(start).unwrap()..1_000_000).collect());
        assert_eq!((list.selected(), list.page_wanted()), (Some(&999_999), None));
    }

    #[test]
    fn scrolls_only_as_far_as_needed_in_any_height() {
        let mut list = Listing::default();
        list.set_all((0..100_u32).collect());
        assert_eq!(list.in_view(10), 0..10);
        list.select_row(9);
        assert_eq!(list.in_view(10), 0..10);
        list.select_row(10);
        assert_eq!(list.in_view(10), 1..11);
        assert_eq!(list.in_view(0).count(), 0);
        assert_eq!(list.in_view(1), 10..11);
        assert_eq!(list.in_view(500), 0..100);
        assert!(list.click(3) && !list.click(200));
        assert_eq!(list.cursor(), 3);
    }

    #[test]
    fn marks_follow_their_ids() {
        let mut list = Listing::default();
        list.set_all(vec![1_u32, 2]);
        list.toggle_mark();
        list.set_all(vec![0, 1, 2]);
        assert_eq!(list.marked(), [1]);
        assert!(list.is_marked(&1) && !list.is_marked(&2));
        assert!(list.clear_marks() && !list.clear_marks());
    }
}
