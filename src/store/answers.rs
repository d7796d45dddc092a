//! Stored answers by the request that they answer, and which runs used answers of others.

use super::engine::Scan;
use super::keys;
use super::record::Mark;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::answer::StoredAnswer;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;

impl Store {
    /// Where the newest answer to a request lies.
    pub fn answer(&self, request: &ContentHash) -> Result<Option<StoredAnswer>, StoreError> {
        self.load(&keys::answer(request))
    }

    /// The runs whose answers a run used, newest first.
    pub fn reused_from(&self, run: RunId) -> Result<Vec<RunId>, StoreError> {
        let tails = self.key_tails(&Scan::prefix(keys::reused(run), NO_LIMIT).backward())?;
        Ok(tails
            .iter()
            .filter_map(|digits| digits.parse().ok().map(RunId))
            .collect())
    }
}

impl Change {
    /// Says where the newest answer to a request lies.
    pub fn put_answer(self, request: &ContentHash, answer: &StoredAnswer) -> Result<Self, StoreError> {
        self.put(keys::answer(request), answer)
    }

    /// Says that a run used an answer of another.
    pub fn put_reused(self, run: RunId, from: RunId) -> Result<Self, StoreError> {
        self.put(keys::reused_from(run, from), &Mark)
    }
}
