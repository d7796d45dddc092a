//! Whether the disk has room for what is about to begin. A run that was not begun costs nothing; one that stops on a
//! full disk has paid for answers that it cannot keep.

use super::{Workbench, WorkbenchError};
use crate::store::engine::Room;
use crate::store::{Store, StoreError};

/// What stays free for everybody's edits, reviews and releases, and for the index, which grows before it shrinks.
const FLOOR_BYTES: u64 = 64 * MEGABYTE_BYTES;

/// Estimate for one outcome: its messages, response and scores, a few kilobytes, its commit and its places in the
/// index.
pub(super) const OUTCOME_BYTES: u64 = 8 * 1024;

/// Estimate for one imported example on top of its bytes in the file: its keys, its commit and its place in the index.
pub(super) const EXAMPLE_BYTES: u64 = 1024;

const MEGABYTE_BYTES: u64 = 1024 * 1024;

/// Why a run sends nothing more: what is to stay free is reached, and the answers in flight still fit into it.
pub(super) fn why_full(store: &Store) -> Option<String> {
    match store.engine().room() {
        Ok(Room::Bytes(free)) if free < FLOOR_BYTES => Some(format!(
            "the disk of the store has {} MB free, where {} MB are to stay free: free some space on it",
            free / MEGABYTE_BYTES,
            FLOOR_BYTES / MEGABYTE_BYTES
        )),
        // A disk that does not say is asked by writing.
        Ok(Room::Bytes(_) | Room::NoLimitKnown) | Err(_) => None,
    }
}

impl Workbench {
    /// Refuses what would not fit on the store's disk.
    ///
    /// # Errors
    /// [`WorkbenchError::Refused`] with what is free and what it takes.
    pub(super) fn check_room(&self, what: &str, bytes: u64) -> Result<(), WorkbenchError> {
        let needed = bytes.saturating_add(FLOOR_BYTES);
        match self.store.engine().room().map_err(StoreError::from)? {
            Room::Bytes(free) if free < needed => Err(WorkbenchError::refused(
                format!(
                    "the disk of the store has {} MB free, and {what} takes about {} MB where {} MB are to stay free",
                    free / MEGABYTE_BYTES,
                    bytes.div_ceil(MEGABYTE_BYTES),
                    FLOOR_BYTES / MEGABYTE_BYTES,
                ),
                "free some space on that disk, or choose a store on a larger one with --store",
            )),
            Room::Bytes(_) | Room::NoLimitKnown => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::sync::watch;

    use super::*;
    use crate::domain::action::Action;
    use crate::domain::actor::Actor;
    use crate::domain::ids::{DatasetName, RunId};
    use crate::domain::run::{Caps, Run, RunSettings, RuntimeContext};
    use crate::store::Change;
    use crate::store::engine::{
        AuditRow, Batch, Compaction, Engine, EngineError, EngineReport, EngineStats, Entry, PastCommit, Pending, Scan,
        Space, Watch,
    };
    use crate::store::memory::MemoryEngine;
    use crate::workbench::{FaultKind, ImportRequest, StartRun};

    /// An engine in memory that says what is free.
    struct Disk {
        memory: MemoryEngine,
        free_bytes: AtomicU64,
        /// What each commit takes of them.
        taken_bytes: AtomicU64,
    }

    impl Engine for Disk {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
            self.memory.get(key)
        }
        fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, EngineError> {
            self.memory.scan(scan)
        }
        fn count(&self, prefix: &[u8]) -> Result<u64, EngineError> {
            self.memory.count(prefix)
        }
        fn submit(&self, batch: Batch) -> Pending {
            let taken = self.taken_bytes.load(Ordering::Relaxed);
            self.free_bytes.fetch_sub(taken, Ordering::Relaxed);
            self.memory.submit(batch)
        }
        fn audit_page(&self, from_sequence: u64, limit: usize) -> Result<Vec<AuditRow>, EngineError> {
            self.memory.audit_page(from_sequence, limit)
        }
        fn history(&self, from_sequence: u64, limit: usize) -> Result<Vec<PastCommit>, EngineError> {
            self.memory.history(from_sequence, limit)
        }
        fn spaces(&self) -> Result<Vec<Space>, EngineError> {
            self.memory.spaces()
        }
        fn compact(&self, watch: Watch<'_>) -> Result<Compaction, EngineError> {
            self.memory.compact(watch)
        }
        fn changes(&self) -> watch::Receiver<u64> {
            self.memory.changes()
        }
        fn stats(&self) -> Result<EngineStats, EngineError> {
            self.memory.stats()
        }
        fn room(&self) -> Result<Room, EngineError> {
            Ok(Room::Bytes(self.free_bytes.load(Ordering::Relaxed)))
        }
        fn verify(&self) -> Result<EngineReport, EngineError> {
            self.memory.verify()
        }
    }

    fn refusal<T: std::fmt::Debug>(result: Result<T, WorkbenchError>) -> String {
        let error = result.expect_err("there is no room");
        assert_eq!(error.kind(), FaultKind::Refused, "{error}");
        assert!(error.hint().starts_with("free some space"), "{}", error.hint());
        error.to_string()
    }

    /// A store on such a disk, with the demo in it.
    struct Place {
        runtime: tokio::runtime::Runtime,
        disk: Arc<Disk>,
        workbench: Workbench,
        newest: Run,
    }

    impl Place {
        fn new() -> Self {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            let disk = Arc::new(Disk {
                memory: MemoryEngine::new(),
                free_bytes: AtomicU64::new(u64::MAX),
                taken_bytes: AtomicU64::new(0),
            });
            Workbench::build_demo(Arc::clone(&disk) as _, runtime.handle().clone()).expect("the demo");
            let workbench = Workbench::over(
                Arc::clone(&disk) as _,
                std::sync::Arc::new(|| crate::domain::time::Timestamp(0)),
                runtime.handle().clone(),
            );
            let newest = workbench.runs(None, 1).expect("runs").remove(0).run;
            Self {
                runtime,
                disk,
                workbench,
                newest,
            }
        }

        /// Records a run like the newest that nobody works on, with four requests in flight.
        fn interrupted(&self) -> Run {
            let run = Run {
                id: RunId(self.newest.id.0 + 1),
                settings: RunSettings {
                    concurrency: 4,
                    ..RunSettings::default()
                },
                ..self.newest.clone()
            };
            let audit = self.workbench.audit(&anna(), Action::RunStart, &run.id, "");
            let change = Change::new(audit.expect("everybody may")).insert_run(&run);
            let recorded = change.and_then(|change| change.commit(&self.workbench.store));
            recorded.expect("a run that nobody works on");
            run
        }

        fn has_free(&self, bytes: u64) {
            self.disk.free_bytes.store(bytes, Ordering::Relaxed);
        }
    }

    fn anna() -> Actor {
        Actor::new("anna").expect("a name")
    }

    #[test]
    fn nothing_long_begins_on_a_disk_that_is_nearly_full() {
        let place = Place::new();
        let (workbench, newest) = (&place.workbench, &place.newest);
        let start = StartRun {
            subject: (&newest.subject).into(),
            dataset: newest.dataset.clone(),
            suite: newest.suite.clone(),
            base: None,
            environment: None,
            context: RuntimeContext::default(),
            settings: RunSettings::default(),
        };
        let interrupted = place.interrupted();
        let import = ImportRequest {
            path: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/data/gsm8k.jsonl")),
            name: DatasetName::new("maths").expect("a name"),
            label: None,
            mapping: String::new(),
            reason: "to see it refused".into(),
        };

        place.has_free(FLOOR_BYTES);
        let text = refusal(workbench.start_run(&anna(), &start));
        assert!(text.contains("has 64 MB free, and a run of"), "{text}");
        let resume = || workbench.resume_run(&anna(), interrupted.id, Caps::default());
        refusal(resume());
        refusal(workbench.import_dataset(&anna(), &import));
        let name = DatasetName::new("maths").expect("a name");
        assert_eq!(workbench.store.dataset_versions(&name).expect("versions"), []);

        let enough = FLOOR_BYTES + OUTCOME_BYTES * interrupted.example_count;
        place.has_free(enough - 1);
        refusal(resume());
        place.has_free(enough);
        resume().expect("it fits exactly");
        workbench.wait_run(interrupted.id).expect("it ends");
    }

    #[test]
    fn a_run_stops_before_the_floor_is_used_up_and_goes_on_when_there_is_room() {
        let place = Place::new();
        let workbench = &place.workbench;
        let interrupted = place.interrupted();
        let resume = || workbench.resume_run(&anna(), interrupted.id, Caps::default());
        place.has_free(FLOOR_BYTES + 20 * MEGABYTE_BYTES);
        place.disk.taken_bytes.store(MEGABYTE_BYTES, Ordering::Relaxed);
        resume().expect("it begins");
        workbench.wait_run(interrupted.id).expect_err("it pauses");
        let progress = workbench.progress(interrupted.id).expect("a run");
        let why = progress.notice.unwrap_or_default();
        assert!(why.contains("MB free, where 64 MB are to stay free"), "{why}");
        let saved = progress.totals.saved;
        assert!(saved > 0 && saved < interrupted.outcome_count(), "{saved}");

        place.disk.taken_bytes.store(0, Ordering::Relaxed);
        place.has_free(u64::MAX);
        resume().expect("there is room again");
        let end = workbench.wait_run(interrupted.id).expect("it ends");
        assert_eq!(end.totals.saved, interrupted.outcome_count());
        drop(place.runtime);
    }
}
