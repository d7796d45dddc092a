//! Chain versions in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::chain::ChainVersion;
use crate::domain::ids::ChainVersionId;

impl Store {
    /// Loads a chain version.
    pub fn chain(&self, id: &ChainVersionId) -> Result<Option<ChainVersion>, StoreError> {
        self.load(&keys::chain(id))
    }

    /// All chain versions by name and number.
    pub fn chains(&self) -> Result<Vec<ChainVersion>, StoreError> {
        self.load_all(&Scan::prefix(keys::CHAINS, NO_LIMIT))
    }
}

impl Change {
    /// Adds a new chain version.
    pub fn insert_chain(self, chain: &ChainVersion) -> Result<Self, StoreError> {
        self.insert(keys::chain(&chain.id), chain)
    }
}
