//! Chain versions in the store, and the runs that tested them.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::chain::ChainVersion;
use crate::domain::ids::{ChainName, ChainVersionId, RunId};

impl Store {
    /// Loads a chain version.
    pub fn chain(&self, id: &ChainVersionId) -> Result<Option<ChainVersion>, StoreError> {
        self.load(&keys::chain(id))
    }

    /// All chain versions by name and number.
    pub fn chains(&self) -> Result<Vec<ChainVersion>, StoreError> {
        self.load_all(&Scan::prefix(keys::CHAINS, NO_LIMIT))
    }

    /// The versions of a chain, newest first.
    pub fn versions_of_chain(&self, name: &ChainName) -> Result<Vec<ChainVersion>, StoreError> {
        self.load_all(&Scan::prefix(keys::chains(name), NO_LIMIT).backward())
    }

    /// A chain's newest version.
    pub fn newest_chain(&self, name: &ChainName) -> Result<Option<ChainVersion>, StoreError> {
        Ok(self.load_all(&Scan::prefix(keys::chains(name), 1).backward())?.pop())
    }

    /// The id that the chain's next version takes.
    pub fn next_chain_id(&self, name: &ChainName) -> Result<ChainVersionId, StoreError> {
        Ok(ChainVersionId {
            name: name.clone(),
            number: self.next_number(&keys::chains(name))?,
        })
    }

    /// Runs that tested a chain version, newest first.
    pub fn runs_of_chain(&self, chain: &ChainVersionId) -> Result<Vec<RunId>, StoreError> {
        self.runs_of_chain_before(chain, None, NO_LIMIT)
    }

    /// Runs that tested a chain version, older than `before` (or the newest), newest first, at most `limit`.
    pub fn runs_of_chain_before(
        &self,
        chain: &ChainVersionId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<RunId>, StoreError> {
        let before = before.map(|id| keys::run_of_chain(chain, id));
        self.marked_runs(keys::runs_of_chain(chain), before, limit)
    }
}

impl Change {
    /// Adds a new chain version.
    pub fn insert_chain(self, chain: &ChainVersion) -> Result<Self, StoreError> {
        self.insert(keys::chain(&chain.id), chain)
    }
}
