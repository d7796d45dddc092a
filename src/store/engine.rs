//! The contract of a store engine: ordered bytes, changed by atomic batches that are durable when acknowledged.
//!
//! Nothing above this trait may know which engine it has; `tests/engine.rs` holds every engine to the same promises.

use tokio::sync::watch;

pub use super::advance::{Advance, Watch};
pub use super::error::EngineError;
pub use super::pending::Pending;
pub use super::scan::{Direction, Entry, KeyRange, Scan};
use crate::domain::origin::Origin;

/// The longest key, in bytes: longer ones would make the index split its pages badly.
pub const KEY_BYTES_MAX: usize = 400;

/// The largest value, in bytes: a response with its documents fits many times over, a mistaken upload does not.
pub const VALUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The largest batch, in bytes of keys and values together: a batch is held in memory until it is on disk.
pub const BATCH_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The longest text of an audit entry, in bytes, all its fields together.
pub const AUDIT_BYTES_MAX: usize = 64 * 1024;

/// One atomic change: preconditions, then operations, and the audit entry that says who and why.
///
/// The preconditions are checked against the state before the batch; the operations apply in order, so that of
/// several on one key the last one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Who changes what, and why.
    pub audit: AuditEntry,
    /// What must hold for the batch to be applied at all.
    pub preconditions: Vec<Precondition>,
    /// What is changed, in order.
    pub ops: Vec<Op>,
}

impl Batch {
    /// An empty batch. Committed as it is, it leaves an audit entry and nothing else.
    pub fn new(audit: AuditEntry) -> Self {
        Self {
            audit,
            preconditions: Vec::new(),
            ops: Vec::new(),
        }
    }

    /// Puts a value under a key that must not exist yet.
    #[must_use]
    pub fn insert(self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        let key = key.into();
        self.expect_absent(key.clone()).put(key, value)
    }

    /// Puts a value, whether or not the key exists.
    #[must_use]
    pub fn put(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.ops.push(Op::Put(key.into(), value.into()));
        self
    }

    /// Removes a key, if it exists.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.ops.push(Op::Delete(key.into()));
        self
    }

    /// Requires that the key does not exist.
    #[must_use]
    pub fn expect_absent(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.preconditions.push(Precondition::Absent(key.into()));
        self
    }

    /// Requires that the key holds exactly this value.
    #[must_use]
    pub fn expect_equals(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.preconditions.push(Precondition::Equals(key.into(), value.into()));
        self
    }

    /// Checks the batch against the limits of this module.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`] with the first limit that is exceeded.
    pub fn check_limits(&self) -> Result<(), EngineError> {
        let AuditEntry {
            at_ms: _,
            actor,
            action,
            subject,
            reason,
            origin,
        } = &self.audit;
        let texts = [actor, action, subject, reason, &origin.place, &origin.key];
        let audit_bytes = texts.into_iter().map(String::len).sum();
        within("an audit entry", audit_bytes, AUDIT_BYTES_MAX)?;
        for precondition in &self.preconditions {
            let (Precondition::Absent(key) | Precondition::Equals(key, _)) = precondition;
            within("a key", key.len(), KEY_BYTES_MAX)?;
        }
        for op in &self.ops {
            let (key, value_bytes) = op.key_and_value_bytes();
            within("a key", key.len(), KEY_BYTES_MAX)?;
            within("a value", value_bytes, VALUE_BYTES_MAX)?;
        }
        within("a batch", self.bytes(), BATCH_BYTES_MAX)
    }

    /// Bytes of keys and values together.
    pub fn bytes(&self) -> usize {
        let sizes = self.ops.iter().map(|op| {
            let (key, value_bytes) = op.key_and_value_bytes();
            key.len() + value_bytes
        });
        sizes.fold(0, usize::saturating_add)
    }
}

fn within(what: &'static str, bytes: usize, limit: usize) -> Result<(), EngineError> {
    if bytes > limit {
        return Err(EngineError::TooLarge {
            what,
            bytes: bytes as u64,
            limit: limit as u64,
        });
    }
    Ok(())
}

/// Who changed what, when, and why. One entry belongs to each commit and is covered by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, in milliseconds since 1970 UTC, by the caller's clock.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// The command's id, such as `release.promote`.
    pub action: String,
    /// What it was done to, by its readable name.
    pub subject: String,
    /// Why, in the actor's words.
    pub reason: String,
    /// From where, and by which key.
    pub origin: Origin,
}

/// What must hold before a batch is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The key does not exist.
    Absent(Vec<u8>),
    /// The key holds exactly this value.
    Equals(Vec<u8>, Vec<u8>),
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Sets the key to the value.
    Put(Vec<u8>, Vec<u8>),
    /// Removes the key, if it exists.
    Delete(Vec<u8>),
    /// Takes the place of a put in a history that is written again: no key changes, and the chain is the same as if the
    /// value had been put. A later op of the same history must put or remove the key; [`Engine::verify`] looks for it.
    Superseded(Superseded),
}

impl Op {
    /// Its key, and the bytes of the value that it holds.
    fn key_and_value_bytes(&self) -> (&[u8], usize) {
        match self {
            Self::Put(key, value) => (key, value.len()),
            Self::Delete(key) | Self::Superseded(Superseded { key, .. }) => (key, 0),
        }
    }
}

/// A value that was put once, is no longer the key's value, and is not kept any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superseded {
    /// The key that it was put under.
    pub key: Vec<u8>,
    /// How long it was.
    pub value_bytes: u32,
    /// The digest by which its put stands in the audit chain.
    pub digest: [u8; 32],
}

/// One change as the history tells it: what was done to which key, without the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastOp {
    /// The key.
    pub key: Vec<u8>,
    /// The length of the value that was put; `None` where the key was removed.
    pub value_bytes: Option<u32>,
    /// The digest by which the change stands in the audit chain.
    pub digest: [u8; 32],
}

/// One commit as the history tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCommit {
    /// Its place in the chain.
    pub receipt: CommitReceipt,
    /// Who did it, and why.
    pub audit: AuditEntry,
    /// What it changed, in order.
    pub ops: Vec<PastOp>,
}

/// Proof of a durable commit: its place in the audit chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitReceipt {
    /// 1 for the first commit of a store, then without gaps.
    pub sequence: u64,
    /// The chain hash, which covers this commit and, through the hash before it, every earlier one.
    pub hash: [u8; 32],
}

/// One commit as the audit log shows it: sequence, chain hash, and who did what and why.
pub type AuditRow = (u64, [u8; 32], AuditEntry);

/// How much more a store can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// So many bytes are free on its disk.
    Bytes(u64),
    /// Nothing limits it, or nobody can tell.
    NoLimitKnown,
}

/// What a store holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineStats {
    /// Bytes of the journal, or of keys and values where there is none.
    pub journal_bytes: u64,
    /// Segment files of the journal.
    pub segments: u64,
    /// Commits since the store began.
    pub commits: u64,
    /// Keys that exist now.
    pub keys: u64,
    /// Bytes of the index on disk.
    pub index_bytes: u64,
}

/// What lies under one first part of the keys, such as `outcome` for all `outcome/...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// The keys' bytes up to the first slash.
    pub name: Vec<u8>,
    /// Keys that begin so.
    pub keys: u64,
    /// What they and their values take, in bytes.
    pub bytes: u64,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compaction {
    /// Segments that were written anew.
    pub segments: u64,
    /// Values that were dropped: later commits had replaced or removed them.
    pub values: u64,
    /// Bytes that the journal became smaller by.
    pub freed_bytes: u64,
}

/// What [`Engine::verify`] walked over and what it found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineReport {
    /// Segments read.
    pub segments: u64,
    /// Commits whose place in the chain was checked.
    pub commits: u64,
    /// Frames whose checksum was checked.
    pub frames: u64,
    /// Keys compared between journal and index.
    pub keys: u64,
    /// What is wrong; empty when the journal and the index are sound.
    pub findings: Vec<Finding>,
    /// What is wrong with the seal, or with the journal by what the seal says of it.
    pub seal: Option<String>,
}

impl EngineReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty() && self.seal.is_none()
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The number of the journal's segment.
    pub segment: u32,
    /// Bytes from the start of that segment.
    pub offset: u64,
    /// The commit that it is in, as far as the sound ones before it tell.
    pub commit: Option<u64>,
    /// What is wrong there.
    pub what: String,
}

impl Finding {
    /// The file that it is in, under the store's folder.
    pub fn file(&self) -> String {
        format!("journal/{:08}.seg", self.segment)
    }
}

/// Ordered bytes, changed by atomic batches, with an audit chain over all of them.
pub trait Engine: Send + Sync {
    /// Loads the value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Reads entries in key order. The result is one moment's state: no batch is seen in part.
    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, EngineError>;

    /// Counts the keys with a prefix. Takes time in proportion to the count.
    fn count(&self, prefix: &[u8]) -> Result<u64, EngineError>;

    /// Hands a batch over. It is durable, and visible to every reader, when the returned value resolves to a receipt.
    fn submit(&self, batch: Batch) -> Pending;

    /// Commits a batch and blocks until it is durable.
    fn commit(&self, batch: Batch) -> Result<CommitReceipt, EngineError> {
        self.submit(batch).wait()
    }

    /// Reads the audit log in ascending order, from a sequence number on, at most `limit` entries.
    fn audit_page(&self, from_sequence: u64, limit: usize) -> Result<Vec<AuditRow>, EngineError>;

    /// Reads the history in ascending order, from a sequence number on, at most `limit` commits.
    fn history(&self, from_sequence: u64, limit: usize) -> Result<Vec<PastCommit>, EngineError>;

    /// What lies under each first part of the keys, in their order. Takes time in proportion to the keys.
    fn spaces(&self) -> Result<Vec<Space>, EngineError>;

    /// Drops values that later commits have replaced or removed. What is stored and the audit chain stay as they are.
    ///
    /// # Errors
    /// Whatever it fails with, nothing is lost: it can be repeated.
    fn compact(&self, watch: Watch<'_>) -> Result<Compaction, EngineError>;

    /// The sequence number of the latest commit, and a signal at each new one. Slow watchers skip, and never block.
    fn changes(&self) -> watch::Receiver<u64>;

    /// What the store holds, in numbers. Counts keys, so it takes time in proportion to them.
    fn stats(&self) -> Result<EngineStats, EngineError>;

    /// How much more it can take. Ask before something long is begun: it is better not begun than stopped half-way.
    fn room(&self) -> Result<Room, EngineError>;

    /// Checks everything: checksums, the hash chain, and that index and journal agree.
    ///
    /// # Errors
    /// Only for what prevents looking, such as an unreadable folder. What is wrong is in the report.
    fn verify(&self) -> Result<EngineReport, EngineError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit() -> AuditEntry {
        AuditEntry {
            at_ms: 0,
            actor: "ann".into(),
            action: "test.put".into(),
            subject: "s".into(),
            reason: "because".into(),
            origin: Origin::default(),
        }
    }

    #[test]
    fn limits_name_what_is_too_large() {
        let long_key = vec![b'k'; KEY_BYTES_MAX + 1];
        let cases = [
            (Batch::new(audit()).put(long_key.clone(), "v"), "a key"),
            (Batch::new(audit()).delete(long_key.clone()), "a key"),
            (Batch::new(audit()).expect_absent(long_key), "a key"),
            (Batch::new(audit()).put("k", vec![0; VALUE_BYTES_MAX + 1]), "a value"),
            (
                Batch::new(AuditEntry {
                    reason: "x".repeat(AUDIT_BYTES_MAX),
                    ..audit()
                }),
                "an audit entry",
            ),
        ];
        for (batch, expected) in cases {
            match batch.check_limits() {
                Err(EngineError::TooLarge { what, .. }) => assert_eq!(what, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
        assert!(
            Batch::new(audit())
                .put(vec![b'k'; KEY_BYTES_MAX], "v")
                .check_limits()
                .is_ok()
        );
    }
}
