//! People in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::people::People;
use crate::domain::person::Person;

impl Store {
    /// Everybody who was ever added, by name.
    pub fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.load_all(&Scan::prefix(keys::PEOPLE, NO_LIMIT))
    }

    /// One person.
    pub fn person(&self, name: &Actor) -> Result<Option<Person>, StoreError> {
        self.load(&keys::person(name))
    }

    /// Checks that somebody may do something, by the people as they are now.
    ///
    /// # Errors
    /// [`crate::domain::DomainError::NotPermitted`], or that the people cannot be read.
    pub fn permit(&self, actor: &Actor, action: Action) -> Result<(), StoreError> {
        // Whoever asks mostly may, and their own record says so: the others' are read for a refusal, or to find that
        // nobody is listed.
        if action.is_open_to_all() || self.person(actor)?.is_some_and(|person| action.is_open_to(&person)) {
            return Ok(());
        }
        Ok(People::new(self.people()?).permit(actor, action)?)
    }
}

impl Change {
    /// Sets a person's record to `next`, if it still is `known`.
    pub fn put_person(self, next: &Person, known: Option<&Person>) -> Result<Self, StoreError> {
        let key = keys::person(&next.name);
        match known {
            Some(known) => self.expect(key.clone(), known)?.put(key, next),
            None => self.insert(key, next),
        }
    }
}
