//! Quarantines of flaky examples in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::ids::SuiteName;
use crate::domain::quarantine::Quarantine;

impl Store {
    /// All decisions about a suite's examples, oldest first.
    pub fn quarantines(&self, suite: &SuiteName) -> Result<Vec<Quarantine>, StoreError> {
        self.load_all(&Scan::prefix(keys::quarantines(suite), NO_LIMIT))
    }

    /// The number that the next decision about a suite takes.
    pub fn next_quarantine(&self, suite: &SuiteName) -> Result<u32, StoreError> {
        self.next_number(&keys::quarantines(suite))
    }
}

impl Change {
    /// Adds a decision about a suite's example.
    pub fn insert_quarantine(self, quarantine: &Quarantine) -> Result<Self, StoreError> {
        self.insert(keys::quarantine(&quarantine.suite, quarantine.number), quarantine)
    }
}
