//! Who may act in this store.

use super::{Workbench, WorkbenchError};
use crate::domain::person::{Person, Standing};

impl Workbench {
    /// Everybody who was ever added, by name.
    pub fn people(&self) -> Result<Vec<Person>, WorkbenchError> {
        Ok(self.store.people()?)
    }

    /// Who is known by a key, by its SHA-256 fingerprint; nobody who was removed.
    pub fn person_of_key(&self, fingerprint: &str) -> Result<Option<Person>, WorkbenchError> {
        let is_theirs = |person: &Person| {
            person.standing == Standing::Active && person.keys.iter().any(|key| key.fingerprint == fingerprint)
        };
        Ok(self.people()?.into_iter().find(is_theirs))
    }
}
