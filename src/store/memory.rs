//! An engine that keeps everything in memory and nothing on disk: for tests, and for read-only rescue.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use super::audit_chain;
use super::engine::{
    AuditRow, Batch, CommitReceipt, Compaction, Direction, Engine, EngineError, EngineReport, EngineStats, Entry, Op,
    PastCommit, PastOp, Pending, Precondition, Room, Scan, Space, Watch,
};
use super::scan::space_of;

/// Ordered bytes in memory. Forgets everything when dropped; otherwise it keeps the promises of [`Engine`], and for the
/// same batches it computes the same chain as the embedded engine.
#[derive(Debug)]
pub struct MemoryEngine {
    state: RwLock<State>,
    sequence: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    audit: Vec<AuditRow>,
    /// What each commit changed.
    ops: Vec<Vec<PastOp>>,
}

impl State {
    fn check(&self, precondition: &Precondition) -> Result<(), EngineError> {
        let (key, holds) = match precondition {
            Precondition::Absent(key) => (key, !self.entries.contains_key(key)),
            Precondition::Equals(key, value) => (key, self.entries.get(key) == Some(value)),
        };
        if holds {
            Ok(())
        } else {
            Err(EngineError::Conflict { key: key.clone() })
        }
    }

    fn apply(&mut self, batch: Batch) -> Result<CommitReceipt, EngineError> {
        batch.check_limits()?;
        batch
            .preconditions
            .iter()
            .try_for_each(|precondition| self.check(precondition))?;
        let (sequence, previous) = self
            .audit
            .last()
            .map_or((0, audit_chain::GENESIS), |(sequence, hash, _)| (*sequence, *hash));
        let sequence = sequence + 1;
        let digests: Vec<_> = batch.ops.iter().map(audit_chain::op_digest).collect();
        let past = |(op, digest): (&Op, &[u8; 32])| {
            let (key, value_bytes) = match op {
                Op::Put(key, value) => (key, Some(u32::try_from(value.len()).unwrap_or(u32::MAX))),
                Op::Delete(key) => (key, None),
                Op::Superseded(past) => (&past.key, Some(past.value_bytes)),
            };
            PastOp {
                key: key.clone(),
                value_bytes,
                digest: *digest,
            }
        };
        self.ops.push(batch.ops.iter().zip(&digests).map(past).collect());
        let hash = audit_chain::commit_hash(&previous, sequence, &digests, &batch.audit);
        for op in batch.ops {
            match op {
                Op::Put(key, value) => self.entries.insert(key, value),
                Op::Delete(key) => self.entries.remove(&key),
                Op::Superseded(_) => None,
            };
        }
        self.audit.push((sequence, hash, batch.audit));
        Ok(CommitReceipt { sequence, hash })
    }
}

impl MemoryEngine {
    /// An empty store.
    pub fn new() -> Self {
        Self {
            state: RwLock::default(),
            sequence: watch::Sender::new(0),
        }
    }

    /// A panic while the lock was held cannot leave a batch half applied, so the state stays good.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.read().entries.get(key).cloned())
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, EngineError> {
        let state = self.read();
        let Some(range) = scan.range() else {
            return Ok(Vec::new());
        };
        let entries = state
            .entries
            .range(range)
            .map(|(key, value)| (key.clone(), value.clone()));
        Ok(match scan.direction {
            Direction::Forward => entries.take(scan.limit).collect(),
            Direction::Backward => entries.rev().take(scan.limit).collect(),
        })
    }

    fn count(&self, prefix: &[u8]) -> Result<u64, EngineError> {
        let range = Scan::prefix(prefix, 0).range();
        Ok(range.map_or(0, |range| self.read().entries.range(range).count() as u64))
    }

    fn submit(&self, batch: Batch) -> Pending {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let result = state.apply(batch);
        if let Ok(receipt) = &result {
            self.sequence.send_replace(receipt.sequence);
        }
        Pending::settled(result)
    }

    fn audit_page(&self, from_sequence: u64, limit: usize) -> Result<Vec<AuditRow>, EngineError> {
        let skipped = usize::try_from(from_sequence.saturating_sub(1)).unwrap_or(usize::MAX);
        Ok(self.read().audit.iter().skip(skipped).take(limit).cloned().collect())
    }

    fn history(&self, from_sequence: u64, limit: usize) -> Result<Vec<PastCommit>, EngineError> {
        let state = self.read();
        let skipped = usize::try_from(from_sequence.saturating_sub(1)).unwrap_or(usize::MAX);
        let commits = state.audit.iter().zip(&state.ops).skip(skipped).take(limit);
        let past = |((sequence, hash, audit), ops): (&AuditRow, &Vec<PastOp>)| PastCommit {
            receipt: CommitReceipt {
                sequence: *sequence,
                hash: *hash,
            },
            audit: audit.clone(),
            ops: ops.clone(),
        };
        Ok(commits.map(past).collect())
    }

    fn spaces(&self) -> Result<Vec<Space>, EngineError> {
        let mut spaces: Vec<Space> = Vec::new();
        for (key, value) in &self.read().entries {
            let (name, bytes) = (space_of(key), (key.len() + value.len()) as u64);
            match spaces.last_mut() {
                Some(space) if space.name == name => {
                    space.keys += 1;
                    space.bytes += bytes;
                }
                _ => spaces.push(Space {
                    name: name.to_vec(),
                    keys: 1,
                    bytes,
                }),
            }
        }
        Ok(spaces)
    }

    /// Superseded values are gone already.
    fn compact(&self, _watch: Watch<'_>) -> Result<Compaction, EngineError> {
        Ok(Compaction::default())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.sequence.subscribe()
    }

    fn stats(&self) -> Result<EngineStats, EngineError> {
        let state = self.read();
        let bytes: usize = state.entries.iter().map(|(key, value)| key.len() + value.len()).sum();
        Ok(EngineStats {
            journal_bytes: bytes as u64,
            segments: 0,
            commits: state.audit.len() as u64,
            keys: state.entries.len() as u64,
            index_bytes: 0,
        })
    }

    fn room(&self) -> Result<Room, EngineError> {
        Ok(Room::NoLimitKnown)
    }

    fn verify(&self) -> Result<EngineReport, EngineError> {
        let state = self.read();
        let (commits, keys) = (state.audit.len() as u64, state.entries.len() as u64);
        Ok(EngineReport {
            commits,
            keys,
            ..EngineReport::default()
        })
    }
}
