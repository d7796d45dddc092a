//! Suites in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::ids::{SuiteName, SuiteVersionId};
use crate::domain::suite::SuiteVersion;

impl Store {
    /// Loads a suite version.
    pub fn suite(&self, id: &SuiteVersionId) -> Result<Option<SuiteVersion>, StoreError> {
        self.load(&keys::suite(id))
    }

    /// All suite versions, by name and number.
    pub fn suites(&self) -> Result<Vec<SuiteVersion>, StoreError> {
        self.load_all(&Scan::prefix(keys::SUITES, NO_LIMIT))
    }

    /// A suite's newest version.
    pub fn newest_suite(&self, name: &SuiteName) -> Result<Option<SuiteVersion>, StoreError> {
        Ok(self
            .load_all(&Scan::prefix(keys::suites(name), 1).backward())?
            .into_iter()
            .next())
    }

    /// What is wrong with the judges that a suite version names.
    pub(super) fn judge_fault(&self, suite: &SuiteVersion) -> Result<Option<String>, StoreError> {
        for judge in suite.content.judges() {
            match self.version(&judge.version)? {
                Some(version) if version.content_hash == judge.content_hash => {}
                Some(_) => return Ok(Some(format!("its judge {} has other content", judge.version))),
                None => return Ok(Some(format!("its judge {} is missing", judge.version))),
            }
        }
        Ok(None)
    }

    /// The id that the suite's next version takes.
    pub fn next_suite_id(&self, name: &SuiteName) -> Result<SuiteVersionId, StoreError> {
        Ok(SuiteVersionId {
            name: name.clone(),
            number: self.next_number(&keys::suites(name))?,
        })
    }
}

impl Change {
    /// Adds a new suite version.
    pub fn insert_suite(self, suite: &SuiteVersion) -> Result<Self, StoreError> {
        self.insert(keys::suite(&suite.id), suite)
    }
}
