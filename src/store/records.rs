//! The typed store: records in, records out, over any engine.

use std::sync::Arc;

use super::engine::{AuditEntry, Batch, CommitReceipt, Engine, EngineError, Pending, Scan};
use super::envelope::{self, EnvelopeError, Record};
use super::keys;
use crate::domain::DomainError;
use crate::domain::policy::Policy;

/// Most entries of a scan that are held in memory at once, beside what was made of them.
const ENTRIES_PER_PAGE: usize = 10_000;
/// The limit of a scan that reads to the end.
pub(super) const NO_LIMIT: usize = usize::MAX;

/// Most tries for a free number: each lost one means that somebody else got theirs.
const NUMBER_TRIES_MAX: u32 = 32;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine below failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A stored record cannot be read.
    #[error("could not read {key}: {source}")]
    Unreadable {
        /// Its key.
        key: String,
        /// What is wrong with its bytes.
        source: EnvelopeError,
    },
    /// A record cannot be written.
    #[error("could not write {key}: {source}")]
    Unwritable {
        /// Its key.
        key: String,
        /// What is wrong with it.
        source: EnvelopeError,
    },
    /// A record cannot be exported.
    #[error("could not export {key}: {what}")]
    NotExported {
        /// Its key.
        key: String,
        /// Why.
        what: String,
    },
    /// The store was changed while it was exported.
    #[error("the store was changed while it was exported: nothing was exported")]
    ChangedMeanwhile,
    /// An export cannot be imported.
    #[error("could not import {file}{}: {what}; nothing was imported", at_line(*line))]
    NotImported {
        /// The file in the export.
        file: String,
        /// The line in it, from 1; 0 for the file as a whole.
        line: u64,
        /// What is wrong there.
        what: String,
    },
    /// A stored record breaks its own rules.
    #[error(transparent)]
    Domain(#[from] DomainError),
}

fn at_line(line: u64) -> String {
    if line == 0 {
        String::new()
    } else {
        format!(", line {line}")
    }
}

/// Records over an engine. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
}

impl Store {
    /// Records over this engine.
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine }
    }

    /// The engine below, for its statistics and its verification.
    pub fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    /// Loads the record under a key.
    pub(super) fn load<R: Record>(&self, key: &str) -> Result<Option<R>, StoreError> {
        self.engine
            .get(key.as_bytes())?
            .map(|bytes| decode(key, &bytes))
            .transpose()
    }

    /// Loads the records of a scan, in its order.
    pub(super) fn load_all<R: Record>(&self, scan: &Scan) -> Result<Vec<R>, StoreError> {
        self.map_entries(scan, |key, bytes| decode(key, bytes))
    }

    /// Loads the records of a scan with the last parts of their keys.
    pub(super) fn load_with_tails<R: Record>(&self, scan: &Scan) -> Result<Vec<(String, R)>, StoreError> {
        self.map_entries(scan, |key, bytes| Ok((tail(key).to_owned(), decode(key, bytes)?)))
    }

    /// The last parts of the keys of a scan, without their records' content.
    pub(super) fn key_tails(&self, scan: &Scan) -> Result<Vec<String>, StoreError> {
        self.map_entries(scan, |key, _| Ok(tail(key).to_owned()))
    }

    /// What each entry of a scan is made into. The scan is read in pages, up to its own limit: none stops short.
    fn map_entries<T>(
        &self,
        scan: &Scan,
        make: impl Fn(&str, &[u8]) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut made = Vec::new();
        let mut scan = scan.clone();
        let limit = scan.limit;
        loop {
            scan.limit = ENTRIES_PER_PAGE.min(limit - made.len());
            let page = self.engine.scan(&scan)?;
            for (key, bytes) in &page {
                made.push(make(&String::from_utf8_lossy(key), bytes)?);
            }
            match page.into_iter().next_back() {
                Some((last, _)) if made.len() < limit => scan = scan.after(last),
                _ => return Ok(made),
            }
        }
    }

    /// One more than the number at the end of the last key under a prefix; 1 where there is none.
    pub(super) fn next_number(&self, prefix: &str) -> Result<u32, StoreError> {
        let last = self.key_tails(&Scan::prefix(prefix, 1).backward())?;
        let number: u32 = last.first().and_then(|digits| digits.parse().ok()).unwrap_or(0);
        Ok(number.saturating_add(1))
    }

    /// Commits a change that takes the next free number, and builds it anew where somebody else took that number first.
    ///
    /// # Errors
    /// What `build` says, and why the change was not committed.
    pub fn commit_numbered<T, E: From<StoreError>>(
        &self,
        mut build: impl FnMut() -> Result<(Change, T), E>,
    ) -> Result<T, E> {
        let mut tries = 1;
        loop {
            let (change, built) = build()?;
            match change.commit(self) {
                Ok(_) => return Ok(built),
                Err(StoreError::Engine(EngineError::Conflict { .. })) if tries < NUMBER_TRIES_MAX => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The store's policy; the strict one where none was set.
    pub fn policy(&self) -> Result<Policy, StoreError> {
        Ok(self.load(keys::POLICY)?.unwrap_or_default())
    }
}

/// The part of a key after its last slash.
fn tail(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn decode<R: Record>(key: &str, bytes: &[u8]) -> Result<R, StoreError> {
    envelope::decode(bytes).map_err(|source| StoreError::Unreadable {
        key: key.to_owned(),
        source,
    })
}

/// One atomic change of records, with the audit entry that says who and why.
///
/// Immutable records have only `insert_…` methods, which refuse a key that is taken: no code path overwrites one.
pub struct Change {
    batch: Batch,
}

impl Change {
    /// An empty change.
    pub fn new(audit: AuditEntry) -> Self {
        Self {
            batch: Batch::new(audit),
        }
    }

    /// Adds a record under a key that must be free.
    pub(super) fn insert<R: Record>(mut self, key: String, record: &R) -> Result<Self, StoreError> {
        let bytes = encode(&key, record)?;
        self.batch = self.batch.insert(key, bytes);
        Ok(self)
    }

    /// Sets a record, whatever was there.
    pub(super) fn put<R: Record>(mut self, key: String, record: &R) -> Result<Self, StoreError> {
        let bytes = encode(&key, record)?;
        self.batch = self.batch.put(key, bytes);
        Ok(self)
    }

    /// Removes a record.
    pub(super) fn delete(mut self, key: String) -> Self {
        self.batch = self.batch.delete(key);
        self
    }

    /// Requires that a record is still what was read.
    pub(super) fn expect<R: Record>(mut self, key: String, record: &R) -> Result<Self, StoreError> {
        let bytes = encode(&key, record)?;
        self.batch = self.batch.expect_equals(key, bytes);
        Ok(self)
    }

    /// Requires that a key is free.
    pub(super) fn expect_absent(mut self, key: String) -> Self {
        self.batch = self.batch.expect_absent(key);
        self
    }

    /// Both as one change, with the audit entry of this one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.batch.preconditions.extend(other.batch.preconditions);
        self.batch.ops.extend(other.batch.ops);
        self
    }

    /// Bytes of its keys and records.
    pub fn bytes(&self) -> usize {
        self.batch.bytes()
    }

    /// Sets the store's policy.
    pub fn put_policy(self, policy: &Policy) -> Result<Self, StoreError> {
        self.put(keys::POLICY.to_owned(), policy)
    }

    /// Commits, and blocks until it is durable.
    pub fn commit(self, store: &Store) -> Result<CommitReceipt, StoreError> {
        Ok(store.engine.commit(self.batch)?)
    }

    /// Hands the change over; it is durable when the returned value resolves.
    pub fn submit(self, store: &Store) -> Pending {
        store.engine.submit(self.batch)
    }
}

fn encode<R: Record>(key: &str, record: &R) -> Result<Vec<u8>, StoreError> {
    envelope::encode(record).map_err(|source| StoreError::Unwritable {
        key: key.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RunId;
    use crate::domain::origin::Origin;
    use crate::store::memory::MemoryEngine;

    #[test]
    fn a_list_longer_than_a_page_is_whole() {
        let store = Store::new(Arc::new(MemoryEngine::new()));
        let count = u32::try_from(ENTRIES_PER_PAGE).unwrap() * 2 + 1;
        let mut change = Change::new(AuditEntry {
            at_ms: 0,
            actor: "anna".into(),
            action: "test.put".into(),
            subject: String::new(),
            reason: String::new(),
            origin: Origin::default(),
        });
        for from in 1..=count {
            change = change.put_reused(RunId(count + 1), RunId(from)).unwrap();
        }
        change.commit(&store).unwrap();
        let newest_first: Vec<RunId> = (1..=count).rev().map(RunId).collect();
        assert_eq!(store.reused_from(RunId(count + 1)).unwrap(), newest_first);
        let scan = Scan::prefix(keys::reused(RunId(count + 1)), ENTRIES_PER_PAGE + 1);
        assert_eq!(store.key_tails(&scan).unwrap().len(), ENTRIES_PER_PAGE + 1);
    }
}
