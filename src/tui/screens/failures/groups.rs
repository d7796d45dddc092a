//! Outcomes in groups: by the grader that failed first, by where the cause lies, or by slice.

use std::collections::BTreeSet;

use crate::domain::outcome::OutcomePlace;
use crate::tui::screens::finder::Finder;
use crate::tui::widgets::listing::HasId;
use crate::workbench::CaseRow;

/// By what outcomes are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Grouping {
    /// The grader that failed first, or the kind of error.
    #[default]
    Grader,
    /// Where the cause lies.
    Category,
    /// The slices.
    Slice,
}

impl Grouping {
    /// All groupings, in the order in which the form offers them.
    pub(super) const ALL: [Self; 3] = [Self::Grader, Self::Category, Self::Slice];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Grader => "grader",
            Self::Category => "category",
            Self::Slice => "slice",
        }
    }

    fn group_of(self, row: &CaseRow) -> String {
        match self {
            Self::Grader => grader_of(&row.line.why).to_owned(),
            Self::Category => match &row.cause {
                Some(cause) => cause.category.as_str().to_owned(),
                None if row.has_failed => "unknown".to_owned(),
                None => row.line.why.clone(),
            },
            Self::Slice if row.slices.is_empty() => "no slice".to_owned(),
            Self::Slice => row.slices.join(", "),
        }
    }
}

/// A row of the list: a group's head or a failure in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GroupRow {
    /// The head.
    Head {
        name: String,
        count: usize,
        /// How many passed in the base's run.
        new: usize,
        collapsed: bool,
    },
    /// A failure.
    Case(CaseRow),
}

/// What identifies a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GroupRowId {
    Head(String),
    Case(OutcomePlace),
}

impl HasId for GroupRow {
    type Id = GroupRowId;
    fn id(&self) -> GroupRowId {
        match self {
            Self::Head { name, .. } => GroupRowId::Head(name.clone()),
            Self::Case(row) => GroupRowId::Case(row.place),
        }
    }
}

/// The failures that are loaded, by group; groups stand in the order of their size.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub(super) grouping: Grouping,
    loaded: Vec<CaseRow>,
    shown: Vec<(String, Vec<CaseRow>)>,
    collapsed: BTreeSet<String>,
}

impl Groups {
    /// Takes other failures, those with the finder's words.
    pub(super) fn set(&mut self, rows: Vec<CaseRow>, finder: &Finder) {
        self.loaded = rows;
        self.narrow(finder);
    }

    /// Shows the loaded ones that have the finder's words in their id, explanation, category or slices, or `new`.
    pub(super) fn narrow(&mut self, finder: &Finder) {
        self.shown.clear();
        for row in &self.loaded {
            let new = if row.passed_before == Some(true) { "new" } else { "" };
            let category = row.cause.as_ref().map_or("", |cause| cause.category.as_str());
            let words = format!(
                "{} {} {new} {category} {}",
                row.line.example,
                row.line.why,
                row.slices.join(" ")
            );
            if !finder.matches(&words) {
                continue;
            }
            let name = self.grouping.group_of(row);
            match self.shown.iter_mut().find(|(known, _)| *known == name) {
                Some((_, group)) => group.push(row.clone()),
                None => self.shown.push((name, vec![row.clone()])),
            }
        }
        self.shown.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    }

    /// Opens a closed group or closes an open one.
    pub(super) fn toggle(&mut self, name: &str) {
        if !self.collapsed.remove(name) {
            self.collapsed.insert(name.to_owned());
        }
    }

    /// The rows of the list.
    pub(super) fn list(&self) -> Vec<GroupRow> {
        let mut list = Vec::new();
        for (name, rows) in &self.shown {
            let collapsed = self.collapsed.contains(name);
            list.push(GroupRow::Head {
                name: name.clone(),
                count: rows.len(),
                new: newly_failing(rows),
                collapsed,
            });
            if !collapsed {
                list.extend(rows.iter().cloned().map(GroupRow::Case));
            }
        }
        list
    }

    /// All failures in the order of the list, those of closed groups too.
    pub(super) fn cases(&self) -> impl Iterator<Item = &CaseRow> {
        self.shown.iter().flat_map(|(_, rows)| rows)
    }

    /// The failures of a group.
    pub(super) fn in_group(&self, name: &str) -> Vec<OutcomePlace> {
        let group = self.shown.iter().find(|(known, _)| known == name);
        group.map_or_else(Vec::new, |(_, rows)| rows.iter().map(|row| row.place).collect())
    }

    /// Opens the group that a failure is in.
    pub(super) fn reveal(&mut self, place: OutcomePlace) {
        let holds = |rows: &[CaseRow]| rows.iter().any(|row| row.place == place);
        if let Some((name, _)) = self.shown.iter().find(|(_, rows)| holds(rows)) {
            self.collapsed.remove(name);
        }
    }

    /// Each group in a few words: `route 9 (2 new)`.
    pub(super) fn heads(&self) -> Vec<String> {
        let head = |(name, rows): &(String, Vec<CaseRow>)| match newly_failing(rows) {
            0 => format!("{name} {}", rows.len()),
            new => format!("{name} {} ({new} new)", rows.len()),
        };
        self.shown.iter().map(head).collect()
    }
}

/// How many passed in the base's run.
fn newly_failing(rows: &[CaseRow]) -> usize {
    rows.iter().filter(|row| row.passed_before == Some(true)).count()
}

/// The grader, or the kind of error, before the colon of an explanation.
fn grader_of(why: &str) -> &str {
    why.split_once(": ").map_or(why, |(grader, _)| grader)
}

/// The explanation without the grader, which the group's head says.
pub(super) fn explanation(why: &str) -> &str {
    why.split_once(": ").map_or(why, |(_, explanation)| explanation)
}
