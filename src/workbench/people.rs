//! Who may act in this store.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::people::People;
use crate::domain::person::{Person, PersonChange, PersonEdit};
use crate::domain::person_key::PersonKey;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::interchange::public_key;
use crate::store::Change;

/// Reads a file of public keys; as authorities, certificates that they signed count, and not they.
pub fn read_public_keys(text: &str, are_authorities: bool) -> Result<Vec<PersonKey>, WorkbenchError> {
    Ok(public_key::read(text, are_authorities)?)
}

/// Commits that are looked through for the last act of each person.
const ACTS_LOOKED_AT: usize = 2_000;

/// A person in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonSummary {
    /// The person.
    pub person: Person,
    /// What they did last, of what was done of late, and when.
    pub last_act: Option<(String, Timestamp)>,
}

impl Workbench {
    /// Everybody who was ever added, by name, each with what they did last.
    pub fn person_summaries(&self) -> Result<Vec<PersonSummary>, WorkbenchError> {
        let first = self.stats()?.commits.saturating_sub(ACTS_LOOKED_AT as u64) + 1;
        let mut acts = HashMap::new();
        for (_, _, entry) in self.audit_page(first, ACTS_LOOKED_AT)? {
            acts.insert(entry.actor, (entry.action, Timestamp(entry.at_ms)));
        }
        let summary = |person: &Person| PersonSummary {
            last_act: acts.get(person.name.as_str()).cloned(),
            person: person.clone(),
        };
        Ok(self.people()?.all().iter().map(summary).collect())
    }

    /// Everybody who was ever added, by name.
    pub fn people(&self) -> Result<People, WorkbenchError> {
        Ok(People::new(self.store.people()?))
    }

    /// One of them.
    pub fn person(&self, name: &Actor) -> Result<Person, WorkbenchError> {
        found(self.store.person(name)?, "person", name)
    }

    /// Who is known by a key, by its SHA-256 fingerprint; nobody who was removed.
    pub fn person_of_key(&self, fingerprint: &str) -> Result<Option<Person>, WorkbenchError> {
        Ok(self.people()?.of_key(fingerprint).cloned())
    }

    /// Adds a person, or lets one in again who was removed, with these roles, keys and accounts and no others.
    pub fn add_person(
        &self,
        actor: &Actor,
        name: &Actor,
        first: PersonChange,
        reason: &str,
    ) -> Result<Person, WorkbenchError> {
        self.edit_people(actor, Action::PersonAdd, name, reason, |known, edit| {
            if known.is_some_and(Person::is_active) {
                return Err(WorkbenchError::refused(
                    format!("{name} is there already"),
                    format!("change them with pegbox user change {name}"),
                ));
            }
            Ok(Person::new(name.clone(), first, edit)?)
        })
    }

    /// Changes a person's roles, keys and accounts.
    pub fn change_person(
        &self,
        actor: &Actor,
        name: &Actor,
        change: PersonChange,
        reason: &str,
    ) -> Result<Person, WorkbenchError> {
        self.edit_people(actor, Action::PersonChange, name, reason, |known, edit| {
            Ok(active(known, name)?.clone().changed(change, edit)?)
        })
    }

    /// Lets a person in no more. Their record stays, since others name them.
    pub fn remove_person(&self, actor: &Actor, name: &Actor, reason: &str) -> Result<Person, WorkbenchError> {
        self.edit_people(actor, Action::PersonRemove, name, reason, |known, edit| {
            Ok(active(known, name)?.clone().removed(edit))
        })
    }

    /// Makes a person's next record of the known one, and keeps it where it fits to the others. One change at a time:
    /// what must hold between people is read from all their records.
    fn edit_people(
        &self,
        actor: &Actor,
        action: Action,
        name: &Actor,
        reason: &str,
        next: impl FnOnce(Option<&Person>, PersonEdit) -> Result<Person, WorkbenchError>,
    ) -> Result<Person, WorkbenchError> {
        let edit = PersonEdit {
            by: actor.clone(),
            at: self.now(),
            reason: Reason::new(reason)?,
        };
        let audit = self.audit(actor, action, name, edit.reason.as_str())?;
        let _alone = self.changing_people();
        let people = self.people()?;
        let known = people.find(name);
        let next = next(known, edit)?;
        people
            .check(&next)
            .map_err(|rule| WorkbenchError::refused(rule.to_string(), "see who is listed with pegbox user list"))?;
        Change::new(audit).put_person(&next, known)?.commit(&self.store)?;
        Ok(next)
    }

    /// Held while people or the policy change: what must hold is read from more than the record that changes.
    pub(super) fn changing_people(&self) -> MutexGuard<'_, ()> {
        self.changing_people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A person who is let in, or an error that says that they are not.
fn active<'a>(known: Option<&'a Person>, name: &Actor) -> Result<&'a Person, WorkbenchError> {
    let person = found(known, "person", name)?;
    if person.is_active() {
        return Ok(person);
    }
    Err(WorkbenchError::refused(
        format!("{name} was removed by {} at {}", person.changed_by, person.changed_at),
        format!("let them in again with pegbox user add {name}"),
    ))
}
