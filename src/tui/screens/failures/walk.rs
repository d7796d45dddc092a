//! Going from one outcome to the next, over the borders of groups and windows.

use super::case::CaseTexts;
use super::groups::{GroupRow, GroupRowId};
use super::{Arrival, Failures, Found, WINDOW_ROWS};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::widgets::text_view::TextView;
use crate::workbench::{CaseRow, Request};

#[derive(Clone, Copy)]
pub(super) enum Step {
    Next,
    Previous,
}

impl Failures {
    pub(super) fn take_window(&mut self, rows: Vec<CaseRow>) -> Vec<Effect> {
        self.loaded = true;
        self.fault = None;
        self.has_more = rows.len() >= WINDOW_ROWS;
        self.groups.set(rows, &self.finder);
        self.list.set_all(self.groups.list());
        let arrived = match self.arrival {
            Arrival::Stay => None,
            Arrival::First => self.groups.cases().next().cloned(),
            Arrival::Last => self.groups.cases().last().cloned(),
        };
        self.arrival = Arrival::Stay;
        match arrived {
            Some(row) => self.select(&row),
            None => self.show_selected(),
        }
    }

    /// Forgets what is loaded: another list comes.
    pub(super) fn restart(&mut self) {
        self.windows = vec![None];
        self.arrival = Arrival::First;
        self.loaded = false;
        self.has_more = false;
        self.groups.set(Vec::new(), &self.finder);
        self.list.clear_marks();
        self.list.set_all(Vec::new());
        self.forget_case();
        self.current = None;
    }

    fn forget_case(&mut self) {
        self.case = None;
        self.texts = CaseTexts::default();
        self.scrolls.iter_mut().for_each(TextView::reset);
    }

    /// Shows the failures with the words of the finder; the first of them where the present one has them not.
    pub(super) fn narrow(&mut self) -> Vec<Effect> {
        self.groups.narrow(&self.finder);
        let current = self.current.as_ref().map(|row| row.place);
        let has_words = |row: &&CaseRow| Some(row.place) == current;
        let row = self
            .groups
            .cases()
            .find(has_words)
            .or(self.groups.cases().next())
            .cloned();
        let Some(row) = row else {
            self.list.set_all(Vec::new());
            return Vec::new();
        };
        self.select(&row)
    }

    pub(super) fn found(&mut self, found: Found) -> Vec<Effect> {
        match found {
            Found::Changed => self.narrow(),
            Found::Same => Vec::new(),
        }
    }

    pub(super) fn select(&mut self, row: &CaseRow) -> Vec<Effect> {
        self.groups.reveal(row.place);
        self.list.set_all(self.groups.list());
        self.list.select(&GroupRowId::Case(row.place));
        self.show_selected()
    }

    /// Shows the case of the selected failure; on a group's head the one before stays.
    pub(super) fn show_selected(&mut self) -> Vec<Effect> {
        let Some(GroupRow::Case(row)) = self.list.selected() else {
            return Vec::new();
        };
        let (place, row) = (row.place, row.clone());
        let is_shown = self.current.as_ref().is_some_and(|current| current.place == place);
        // What is known of it may be newer.
        self.current = Some(row);
        if is_shown {
            return Vec::new();
        }
        self.forget_case();
        vec![Effect::Ask(Request::Case { run: self.run, place })]
    }

    /// The next or previous failure, over the borders of groups and windows.
    pub(super) fn go(&mut self, step: Step) -> Vec<Effect> {
        let current = self.current.as_ref().map(|row| row.place);
        let cases: Vec<CaseRow> = self.groups.cases().cloned().collect();
        let at = cases.iter().position(|row| Some(row.place) == current);
        let next = match step {
            Step::Next => at.map_or(Some(0), |at| at.checked_add(1)),
            Step::Previous => at.unwrap_or(0).checked_sub(1),
        };
        if let Some(row) = next.and_then(|next| cases.get(next)) {
            return self.select(row);
        }
        match step {
            Step::Next if self.has_more => {
                let last_place = cases.iter().map(|row| row.place).max();
                self.windows.push(last_place);
                self.arrival = Arrival::First;
                vec![Effect::Ask(self.window())]
            }
            Step::Previous if self.windows.len() > 1 => {
                self.windows.pop();
                self.arrival = Arrival::Last;
                vec![Effect::Ask(self.window())]
            }
            Step::Next => self.go_round(cases.first(), "that was the last failure; this is the first"),
            Step::Previous => self.go_round(cases.last(), "that was the first failure; this is the last"),
        }
    }

    fn go_round(&mut self, to: Option<&CaseRow>, note: &str) -> Vec<Effect> {
        let Some(row) = to else {
            return Vec::new();
        };
        let mut effects = self.select(row);
        effects.push(Effect::Say(Note::info(note)));
        effects
    }
}
