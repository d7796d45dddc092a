//! Who else is here, as the app tells it: on the right of the status line, and in full by a command.

use ratatui::style::Style;

use super::App;
use crate::text::width;
use crate::workbench::{Doing, Presence};

/// The least columns worth to say who is here in.
const COLUMNS_MIN: usize = 12;

/// What the right of the status line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Company {
    pub(super) text: String,
    pub(super) style: Style,
    /// Whether it goes before what the screen says of itself: somebody is at the very thing that is shown.
    pub(super) comes_first: bool,
}

impl App {
    /// What the person is at, as others are told.
    pub fn doing(&self) -> Option<Doing> {
        self.visible().map(|open| open.screen.doing())
    }

    /// Who else is here, where it matters on the visible screen, in at most so many columns.
    pub(super) fn company(&self, columns: usize) -> Option<Company> {
        let here = self.doing()?;
        let beside = match &here {
            Doing::Editing(_) => Some(("has", "have", "this draft open too", self.theme.warn)),
            Doing::Reviewing(_) => Some(("reads", "read", "it too", self.theme.text)),
            Doing::Looking(_) | Doing::Waiting(_) => None,
        };
        if let Some((one, many, what, style)) = beside {
            let mut names: Vec<String> = Vec::new();
            for other in self.others.iter().filter(|other| other.doing == here) {
                let name = self.name_of(other);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let verb = match names.as_slice() {
                [] => return None,
                [name] if name != YOU_ELSEWHERE => one,
                _ => many,
            };
            return Some(Company {
                text: format!("{} {verb} {what}", names.join(", ")),
                style,
                comes_first: true,
            });
        }
        if self.tab != super::Tab::Home || columns < COLUMNS_MIN {
            return None;
        }
        Some(Company {
            text: self.here_text(columns)?,
            style: self.theme.dim,
            comes_first: false,
        })
    }

    /// `here: anna editing support_triage, ben in Review`; as many as there is room for, then how many more.
    fn here_text(&self, columns: usize) -> Option<String> {
        let said = |other: &Presence| format!("{} {}", self.name_of(other), other.doing.phrase());
        let all: Vec<String> = self.others.iter().map(said).collect();
        let text = |shown: usize| {
            let mut parts = all.get(..shown).unwrap_or_default().to_vec();
            match all.len().saturating_sub(shown) {
                0 => {}
                more if shown == 0 => parts.push(format!("{more} more")),
                more => parts.push(format!("+{more}")),
            }
            format!("here: {}", parts.join(", "))
        };
        if all.is_empty() {
            return None;
        }
        (0..=all.len()).rev().map(text).find(|text| width(text) <= columns)
    }

    fn name_of(&self, other: &Presence) -> String {
        if other.name == self.session.user {
            YOU_ELSEWHERE.to_owned()
        } else {
            other.name.to_string()
        }
    }

    /// Everybody, one a line, for whoever asks.
    pub(super) fn everybody(&self) -> String {
        let mut lines = vec![format!("{}  here, at this terminal", self.session.user)];
        lines.extend(self.others.iter().map(|other| {
            let place = if other.place.is_empty() {
                "an unknown place"
            } else {
                &other.place
            };
            let since = other.since.clock_text();
            format!("{}  {}, from {place}, since {since}", other.name, other.doing.phrase())
        }));
        lines.join("\n")
    }
}

/// The person themselves, in another terminal.
const YOU_ELSEWHERE: &str = "you elsewhere";
