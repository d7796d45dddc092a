//! Traces in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::ids::TraceId;
use crate::domain::trace::Trace;

impl Store {
    /// Loads a trace.
    pub fn trace(&self, id: &TraceId) -> Result<Option<Trace>, StoreError> {
        self.load(&keys::trace(id))
    }

    /// Traces by id, at most a page of them.
    pub fn traces(&self) -> Result<Vec<Trace>, StoreError> {
        self.load_all(&Scan::prefix(keys::TRACES, NO_LIMIT))
    }
}

impl Change {
    /// Saves a trace, which grows by spans and feedback.
    pub fn put_trace(self, trace: &Trace) -> Result<Self, StoreError> {
        self.put(keys::trace(&trace.id), trace)
    }
}
