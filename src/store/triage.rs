//! Where people say that the causes of failures lie, in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::ids::RunId;
use crate::domain::outcome::OutcomePlace;
use crate::domain::triage::Triage;

impl Store {
    /// All triages of a run's outcomes, in order of place, of each the oldest first.
    pub fn triages(&self, run: RunId) -> Result<Vec<Triage>, StoreError> {
        self.load_all(&Scan::prefix(keys::triages(run), NO_LIMIT))
    }

    /// The number that the next triage of an outcome takes.
    pub fn next_triage(&self, run: RunId, place: OutcomePlace) -> Result<u32, StoreError> {
        self.next_number(&keys::triages_at(run, place))
    }
}

impl Change {
    /// Adds a triage of an outcome.
    pub fn insert_triage(self, triage: &Triage) -> Result<Self, StoreError> {
        self.insert(keys::triage(triage.run, triage.place, triage.number), triage)
    }
}
