//! Human labels in the store.

use super::engine::Scan;
use super::keys;
use super::record::Mark;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::ids::{RunId, SuiteName};
use crate::domain::label::HumanLabel;
use crate::domain::outcome::OutcomePlace;

impl Store {
    /// All labels of a run's outcomes, in order of place, of each the oldest first.
    pub fn labels(&self, run: RunId) -> Result<Vec<HumanLabel>, StoreError> {
        self.load_all(&Scan::prefix(keys::labels(run), NO_LIMIT))
    }

    /// All labels of one outcome, oldest first.
    pub fn labels_at(&self, run: RunId, place: OutcomePlace) -> Result<Vec<HumanLabel>, StoreError> {
        self.load_all(&Scan::prefix(keys::labels_at(run, place), NO_LIMIT))
    }

    /// The number that the next label of an outcome takes.
    pub fn next_label(&self, run: RunId, place: OutcomePlace) -> Result<u32, StoreError> {
        self.next_number(&keys::labels_at(run, place))
    }

    /// The runs with labels that some version of a suite graded, oldest first.
    pub fn labelled_runs(&self, suite: &SuiteName) -> Result<Vec<RunId>, StoreError> {
        let tails = self.key_tails(&Scan::prefix(keys::labelled(suite), NO_LIMIT))?;
        Ok(tails
            .iter()
            .filter_map(|digits| digits.parse().ok().map(RunId))
            .collect())
    }
}

impl Change {
    /// Adds a label of an outcome of a run that a version of this suite graded.
    pub fn insert_label(self, label: &HumanLabel, suite: &SuiteName) -> Result<Self, StoreError> {
        self.insert(keys::label(label.run, label.place, label.number), label)?
            .put(keys::labelled_run(suite, label.run), &Mark)
    }
}
