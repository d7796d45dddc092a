//! Traces in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::ids::TraceId;
use crate::domain::time::Timestamp;
use crate::domain::trace::Trace;

/// Traces that are held at a time.
const TRACES_PER_PAGE: usize = 1_000;

impl Store {
    /// Loads a trace.
    pub fn trace(&self, id: &TraceId) -> Result<Option<Trace>, StoreError> {
        self.load(&keys::trace(id))
    }

    /// Traces by id, at most a page of them.
    pub fn traces(&self) -> Result<Vec<Trace>, StoreError> {
        self.load_all(&Scan::prefix(keys::TRACES, NO_LIMIT))
    }

    /// The next traces that began before a moment, in the order of their ids, and the id to go on after; `None` at the
    /// end.
    pub fn traces_before(
        &self,
        moment: Timestamp,
        after: Option<&TraceId>,
    ) -> Result<(Vec<Trace>, Option<TraceId>), StoreError> {
        let scan = Scan::prefix(keys::TRACES, TRACES_PER_PAGE);
        let page: Vec<Trace> = self.load_all(&match after {
            Some(id) => scan.after(keys::trace(id)),
            None => scan,
        })?;
        let last = page.last().map(|trace| trace.id.clone());
        let older = page.into_iter().filter(|trace| trace.started_at < moment);
        Ok((older.collect(), last))
    }
}

impl Change {
    /// Saves a trace, which grows by spans and feedback.
    pub fn put_trace(self, trace: &Trace) -> Result<Self, StoreError> {
        self.put(keys::trace(&trace.id), trace)
    }

    /// Removes a trace, unless it has grown since it was read.
    pub fn remove_trace(self, trace: &Trace) -> Result<Self, StoreError> {
        let key = keys::trace(&trace.id);
        Ok(self.expect(key.clone(), trace)?.delete(key))
    }
}
