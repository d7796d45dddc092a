//! An engine with somebody who looks at each call before it is carried out.

use std::sync::Arc;

use pegbox::store::engine::{
    AuditRow, Batch, Compaction, Engine, EngineError, EngineReport, EngineStats, Entry, PastCommit, Pending, Room,
    Scan, Space, Watch,
};

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Records are read.
    Read,
    /// A batch is committed.
    Submit,
}

type Before = dyn Fn(Call) -> Result<(), EngineError> + Send + Sync;

/// The engine. What `before` refuses is not carried out.
pub struct Watched {
    store: Arc<dyn Engine>,
    before: Box<Before>,
}

impl Watched {
    /// Looks at each call of `store`.
    pub fn over(
        store: Arc<dyn Engine>,
        before: impl Fn(Call) -> Result<(), EngineError> + Send + Sync + 'static,
    ) -> Arc<dyn Engine> {
        let before = Box::new(before);
        Arc::new(Self { store, before })
    }
}

impl Engine for Watched {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        (self.before)(Call::Read)?;
        self.store.get(key)
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, EngineError> {
        (self.before)(Call::Read)?;
        self.store.scan(scan)
    }

    fn count(&self, prefix: &[u8]) -> Result<u64, EngineError> {
        (self.before)(Call::Read)?;
        self.store.count(prefix)
    }

    fn submit(&self, batch: Batch) -> Pending {
        match (self.before)(Call::Submit) {
            Ok(()) => self.store.submit(batch),
            Err(refused) => Pending::settled(Err(refused)),
        }
    }

    fn audit_page(&self, from_sequence: u64, limit: usize) -> Result<Vec<AuditRow>, EngineError> {
        self.store.audit_page(from_sequence, limit)
    }

    fn history(&self, from_sequence: u64, limit: usize) -> Result<Vec<PastCommit>, EngineError> {
        self.store.history(from_sequence, limit)
    }

    fn spaces(&self) -> Result<Vec<Space>, EngineError> {
        self.store.spaces()
    }

    fn compact(&self, watch: Watch<'_>) -> Result<Compaction, EngineError> {
        self.store.compact(watch)
    }

    fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.store.changes()
    }

    fn stats(&self) -> Result<EngineStats, EngineError> {
        self.store.stats()
    }

    fn room(&self) -> Result<Room, EngineError> {
        self.store.room()
    }

    fn verify(&self) -> Result<EngineReport, EngineError> {
        self.store.verify()
    }
}
