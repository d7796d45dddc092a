//! People in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::actor::Actor;
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
