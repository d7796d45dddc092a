//! The roster: who is here now, and what they are at. It lives in the memory of the process that has the store open,
//! and is one for all doors of a workbench.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::Workbench;
use crate::domain::actor::Actor;
use crate::domain::ids::{PromptName, ReviewId, RunId};
use crate::domain::time::Timestamp;

/// What somebody is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Looks at a screen, by its title.
    Looking(String),
    /// Has the draft of a prompt open in the editor.
    Editing(PromptName),
    /// Reads a review.
    Reviewing(ReviewId),
    /// Waits for a run, by its number.
    Waiting(RunId),
}

impl Doing {
    /// As it follows a name: `editing support_triage`.
    pub fn phrase(&self) -> String {
        match self {
            Self::Looking(screen) => format!("in {screen}"),
            Self::Editing(prompt) => format!("editing {prompt}"),
            Self::Reviewing(review) => format!("reading {review}"),
            Self::Waiting(run) => format!("waiting for {run}"),
        }
    }
}

/// One who is here: a session of screens, or a command that takes its time. Somebody with two terminals is here twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Tells it from every other of this process.
    pub number: u64,
    /// Who.
    pub name: Actor,
    /// From where, as the audit log would say it; empty where it is not known.
    pub place: String,
    /// Since when.
    pub since: Timestamp,
    /// What they are at.
    pub doing: Doing,
}

/// Who is here, in the order of their coming.
#[derive(Debug)]
pub(super) struct Roster {
    present: watch::Sender<Present>,
}

/// Everybody who is here.
#[derive(Debug, Clone, Default)]
struct Present {
    list: Vec<Presence>,
    next_number: u64,
}

impl Default for Roster {
    fn default() -> Self {
        Self {
            present: watch::Sender::new(Present::default()),
        }
    }
}

/// A place in the roster: whoever drops it is gone, in whatever way they ended.
#[derive(Debug)]
pub struct Attendance {
    present: watch::Sender<Present>,
    number: u64,
}

impl Attendance {
    /// Says what one is at now. Nobody is told of what they know.
    pub fn now_at(&self, doing: Doing) {
        self.present.send_if_modified(|present| {
            let own = present.list.iter_mut().find(|presence| presence.number == self.number);
            match own.filter(|own| own.doing != doing) {
                Some(own) => {
                    own.doing = doing;
                    true
                }
                None => false,
            }
        });
    }

    /// Alone, in a roster of one's own.
    #[cfg(test)]
    pub(crate) fn alone(name: &Actor) -> Self {
        Roster::default().enter(name, "", Timestamp(0), Doing::Looking(String::new()))
    }

    /// Watches the others.
    pub fn others(&self) -> Others {
        let mut present = self.present.subscribe();
        present.mark_changed();
        Others {
            present,
            number: self.number,
        }
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.present.send_modify(|present| {
            present.list.retain(|presence| presence.number != self.number);
        });
    }
}

/// A view of everybody in the roster but one.
#[derive(Debug)]
pub struct Others {
    present: watch::Receiver<Present>,
    number: u64,
}

impl Others {
    /// The others, when they have changed; the first time at once. `None` when the workbench is gone.
    pub async fn next(&mut self) -> Option<Vec<Presence>> {
        self.present.changed().await.ok()?;
        let present = self.present.borrow_and_update();
        let others = present.list.iter().filter(|presence| presence.number != self.number);
        Some(others.cloned().collect())
    }
}

impl Roster {
    fn enter(&self, name: &Actor, place: &str, since: Timestamp, doing: Doing) -> Attendance {
        let mut number = 0;
        self.present.send_modify(|present| {
            number = present.next_number;
            present.next_number += 1;
            present.list.push(Presence {
                number,
                name: name.clone(),
                place: place.to_owned(),
                since,
                doing,
            });
        });
        Attendance {
            present: self.present.clone(),
            number,
        }
    }
}

impl Workbench {
    /// Enters somebody who acts through this door into the roster.
    pub fn attend(&self, name: &Actor, doing: Doing) -> Attendance {
        self.roster.enter(name, &self.origin.place, self.now(), doing)
    }

    /// Who is here.
    pub fn present(&self) -> Vec<Presence> {
        self.roster.present.borrow().list.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(roster: &Roster, name: &str, doing: Doing) -> Attendance {
        roster.enter(&Actor::new(name).unwrap(), "", Timestamp(0), doing)
    }

    #[tokio::test]
    async fn others_are_told_of_every_change_and_of_no_other() {
        let roster = Roster::default();
        let anna = enter(&roster, "anna", Doing::Looking("Home".into()));
        let mut seen_by_anna = anna.others();
        assert_eq!(seen_by_anna.next().await, Some(Vec::new()));
        let ben = enter(&roster, "ben", Doing::Looking("Home".into()));
        let phrases = |others: Option<Vec<Presence>>| -> Vec<String> {
            let said = |presence: &Presence| format!("{} {}", presence.name, presence.doing.phrase());
            others.unwrap().iter().map(said).collect()
        };
        assert_eq!(phrases(seen_by_anna.next().await), ["ben in Home"]);
        ben.now_at(Doing::Editing(PromptName::new("router").unwrap()));
        assert_eq!(phrases(seen_by_anna.next().await), ["ben editing router"]);
        ben.now_at(Doing::Editing(PromptName::new("router").unwrap()));
        assert!(!seen_by_anna.present.has_changed().unwrap(), "nothing new was told");
        drop(ben);
        assert_eq!(phrases(seen_by_anna.next().await), [""; 0]);
    }

    #[test]
    fn whoever_panics_is_gone() {
        let roster = Roster::default();
        let attendance = enter(&roster, "anna", Doing::Waiting(RunId(1)));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _here = attendance;
            panic!("out of cheese");
        }));
        assert!(panicked.is_err());
        assert!(roster.present.borrow().list.is_empty());
    }
}
