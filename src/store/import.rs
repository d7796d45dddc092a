//! Importing an export into an empty store: the same records, the same commits, the same audit chain.
//!
//! Each commit is written again with its audit entry. A change that a later commit replaced or removed goes in by its
//! digest, as compaction leaves it; the last one of each key goes in with its record. So every commit gets the hash
//! that it had, and a record that was edited on the way would give another one, and is refused. With [`Chain::Own`]
//! such records are taken: then the audit texts are those of the export, and the hashes are of this store's own chain.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::advance::{Meter, Watch};
use super::audit_chain;
use super::engine::{AuditEntry, Batch, CommitReceipt, EngineError, Op, Pending, Superseded};
use super::export::{
    AUDIT_FILE, ChangeLine, CommitLine, Exported, FORMAT, LABEL_FILE, LabelFile, RecordLine, record_files,
};
use super::record;
use super::records::{Store, StoreError};
use crate::domain::origin::Origin;

/// Batches on their way to the disk at the same time.
const PENDING_MAX: usize = 64;

/// Which audit chain an import gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// That of the export, hash for hash. What was changed in the export is refused.
    Same,
    /// One of its own, over whatever the export holds now.
    Own,
}

impl Store {
    /// Imports an export. The store must be empty; after an error it holds a part of it, and is to be removed.
    ///
    /// # Errors
    /// [`StoreError::NotImported`] with the file and the line.
    pub fn import(&self, from: &Path, chain: Chain, watch: Watch<'_>) -> Result<Exported, StoreError> {
        if self.engine().stats()?.commits > 0 {
            return Err(not_imported(LABEL_FILE, 0, "the store is not empty"));
        }
        let label = read_label(from)?;
        let records = Records::find(from)?;
        let last = LastChanges::find(from)?;
        let mut import = Import {
            store: self,
            chain,
            records,
            used: 0,
            pending: VecDeque::new(),
        };
        let mut meter = Meter::new("importing", file_bytes(&from.join(AUDIT_FILE))?, watch);
        let mut place = 0;
        let mut commits = 0;
        each_line(&from.join(AUDIT_FILE), |line, _, text| {
            let commit: CommitLine = parse(AUDIT_FILE, line, text)?;
            commits += 1;
            if commit.sequence != commits {
                return Err(not_imported(AUDIT_FILE, line, "a commit is missing before this one"));
            }
            import.commit(line, commit, &mut place, &last)?;
            meter.add(text.len() as u64);
            Ok(())
        })?;
        import.settle(0)?;
        if commits != label.commits || import.records.count() != label.records {
            return Err(not_imported(
                LABEL_FILE,
                0,
                "it counts other records or commits than there are",
            ));
        }
        if import.used != label.records {
            return Err(not_imported(AUDIT_FILE, 0, "there are records that no commit has put"));
        }
        Ok(Exported {
            records: label.records,
            commits,
        })
    }
}

struct Import<'a> {
    store: &'a Store,
    chain: Chain,
    records: Records,
    /// Records that were put.
    used: u64,
    /// Commits on their way, each with its line and the hash that it should get.
    pending: VecDeque<(u64, String, Pending)>,
}

impl Import<'_> {
    fn commit(&mut self, line: u64, commit: CommitLine, place: &mut u64, last: &LastChanges) -> Result<(), StoreError> {
        let mut batch = Batch::new(AuditEntry {
            at_ms: commit.at_ms,
            actor: commit.actor,
            action: commit.action,
            subject: commit.subject,
            reason: commit.reason,
            origin: Origin {
                place: commit.place,
                key: commit.key,
            },
        });
        for change in commit.changes {
            *place += 1;
            batch.ops.push(match change {
                ChangeLine::Delete { key } => Op::Delete(key.into_bytes()),
                ChangeLine::Put { key, bytes, digest } => {
                    let digest = blake3::Hash::from_hex(&digest)
                        .map_err(|error| not_imported(AUDIT_FILE, line, error.to_string()))?;
                    if last.is_last(&key, *place) {
                        self.put(key, digest.as_bytes())?
                    } else {
                        Op::Superseded(Superseded {
                            key: key.into_bytes(),
                            value_bytes: bytes,
                            digest: *digest.as_bytes(),
                        })
                    }
                }
            });
        }
        let pending = self.store.engine().submit(batch);
        self.pending.push_back((line, commit.hash, pending));
        self.settle(PENDING_MAX)
    }

    fn put(&mut self, key: String, digest: &[u8; 32]) -> Result<Op, StoreError> {
        let (file, line, value) = self.records.load(&key)?;
        self.used += 1;
        let op = Op::Put(key.into_bytes(), value);
        if self.chain == Chain::Same && audit_chain::op_digest(&op) != *digest {
            return Err(not_imported(&file, line, "the record is not the one that was exported"));
        }
        Ok(op)
    }

    /// Waits until at most so many commits are on their way.
    fn settle(&mut self, most: usize) -> Result<(), StoreError> {
        while self.pending.len() > most {
            let Some((line, expected, pending)) = self.pending.pop_front() else {
                return Ok(());
            };
            let CommitReceipt { hash, .. } = pending.wait()?;
            if self.chain == Chain::Same && blake3::Hash::from_bytes(hash).to_hex().as_str() != expected {
                return Err(not_imported(
                    AUDIT_FILE,
                    line,
                    "the commit is not the one that was exported",
                ));
            }
        }
        Ok(())
    }
}

/// Half a hash of a key: enough to find its line again, where the whole key is compared.
fn short_hash(key: &str) -> u64 {
    let hash = blake3::hash(key.as_bytes());
    hash.as_bytes()
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Where each record's line lies: a few bytes a record, since an export can be larger than memory.
struct Records {
    files: Vec<(String, BufReader<File>, PathBuf)>,
    /// Hash of the key, number of the file, where the line begins, and its number; sorted.
    lines: Vec<(u64, u32, u64, u64)>,
}

impl Records {
    fn find(from: &Path) -> Result<Self, StoreError> {
        #[derive(Deserialize)]
        struct KeyOnly {
            key: String,
            #[expect(dead_code, reason = "a line without a record is refused")]
            record: IgnoredAny,
        }
        let (mut files, mut lines) = (Vec::new(), Vec::new());
        for (number, path) in (0..).zip(record_files(from)?) {
            let name = file_name(&path);
            each_line(&path, |line, offset, text| {
                let KeyOnly { key, .. } = parse(&name, line, text)?;
                lines.push((short_hash(&key), number, offset, line));
                Ok(())
            })?;
            files.push((name, BufReader::new(open(&path)?), path));
        }
        lines.sort_unstable();
        Ok(Self { files, lines })
    }

    fn count(&self) -> u64 {
        self.lines.len() as u64
    }

    /// The bytes of a record as they lie in a store, and the file and line that it was read from.
    fn load(&mut self, key: &str) -> Result<(String, u64, Vec<u8>), StoreError> {
        let hash = short_hash(key);
        let first = self.lines.partition_point(|(found, ..)| *found < hash);
        let missing = || {
            not_imported(
                AUDIT_FILE,
                0,
                format!("there is no record {key}, which a commit has put"),
            )
        };
        let Some((_, number, offset, line)) = self.lines.get(first).copied().filter(|(found, ..)| *found == hash)
        else {
            return Err(missing());
        };
        let file = usize::try_from(number)
            .ok()
            .and_then(|number| self.files.get_mut(number));
        let Some((name, reader, path)) = file else {
            return Err(missing());
        };
        let mut text = String::new();
        let read = reader
            .seek(SeekFrom::Start(offset))
            .and_then(|_| reader.read_line(&mut text));
        read.map_err(|error| EngineError::io("read", path, error))?;
        let record: RecordLine = parse(name, line, &text)?;
        if record.key != key {
            return Err(missing());
        }
        match record::from_json(&record.plain) {
            Some(Ok(bytes)) => Ok((name.clone(), line, bytes)),
            Some(Err(why)) => Err(not_imported(name, line, why)),
            None => Err(not_imported(
                name,
                line,
                "its type or schema is not known to this version",
            )),
        }
    }
}

/// Which change of each key is the last.
struct LastChanges(Vec<(u64, u64)>);

impl LastChanges {
    fn find(from: &Path) -> Result<Self, StoreError> {
        let (mut changes, mut place) = (Vec::new(), 0);
        each_line(&from.join(AUDIT_FILE), |line, _, text| {
            let commit: CommitLine = parse(AUDIT_FILE, line, text)?;
            for change in commit.changes {
                let (ChangeLine::Put { key, .. } | ChangeLine::Delete { key }) = change;
                place += 1;
                changes.push((short_hash(&key), place));
            }
            Ok(())
        })?;
        changes.sort_unstable_by(|a, b| b.cmp(a));
        changes.dedup_by_key(|(key, _)| *key);
        changes.reverse();
        Ok(Self(changes))
    }

    fn is_last(&self, key: &str, place: u64) -> bool {
        self.0.binary_search(&(short_hash(key), place)).is_ok()
    }
}

fn read_label(from: &Path) -> Result<LabelFile, StoreError> {
    let path = from.join(LABEL_FILE);
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => not_imported(LABEL_FILE, 0, "it is missing: this is no complete export"),
        _ => EngineError::io("read", &path, error).into(),
    })?;
    let label: LabelFile = parse(LABEL_FILE, 0, &text)?;
    if label.pegbox_export != FORMAT {
        let what = format!(
            "the export has format {}: this version reads {FORMAT}",
            label.pegbox_export
        );
        return Err(not_imported(LABEL_FILE, 0, what));
    }
    Ok(label)
}

/// Shows each line with its number, from 1, and where it begins.
fn each_line(path: &Path, mut see: impl FnMut(u64, u64, &str) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut reader = BufReader::new(open(path)?);
    let (mut offset, mut text) = (0, String::new());
    for line in 1.. {
        text.clear();
        let bytes = reader
            .read_line(&mut text)
            .map_err(|error| EngineError::io("read", path, error))?;
        if bytes == 0 {
            break;
        }
        see(line, offset, text.trim_end_matches('\n'))?;
        offset += bytes as u64;
    }
    Ok(())
}

fn open(path: &Path) -> Result<File, EngineError> {
    File::open(path).map_err(|error| EngineError::io("read", path, error))
}

fn file_bytes(path: &Path) -> Result<u64, EngineError> {
    let metadata = fs::metadata(path).map_err(|error| EngineError::io("read", path, error))?;
    Ok(metadata.len())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn parse<T: serde::de::DeserializeOwned>(file: &str, line: u64, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| not_imported(file, line, error.to_string()))
}

fn not_imported(file: &str, line: u64, what: impl Into<String>) -> StoreError {
    StoreError::NotImported {
        file: file.to_owned(),
        line,
        what: what.into(),
    }
}
