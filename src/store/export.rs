//! An export: everything in the store as plain lines of JSON, so that nobody is ever locked in.
//!
//! For each kind of record there is a file of lines, named after the first part of the keys. `audit.jsonl` has a line
//! for each commit: who did what and why, what it changed, and the digests that the audit chain is made of. So an
//! import can write the very same chain again, and notices every record that was changed on the way. `README.md` says
//! all that to whoever finds the folder; `export.json` is written last and says that it is complete.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::advance::{Meter, Watch};
use super::engine::{AuditEntry, EngineError, PastCommit, PastOp, Scan};
use super::record::{self, Plain};
use super::records::{Store, StoreError};
use super::scan::space_of;
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;

/// The format of an export that this program writes and reads.
pub(super) const FORMAT: u32 = 1;
pub(super) const AUDIT_FILE: &str = "audit.jsonl";
pub(super) const LABEL_FILE: &str = "export.json";
const README_FILE: &str = "README.md";
const README: &str = include_str!("../../assets/export/README.md");

/// Records, or commits, read at once.
const LINES_PER_READ: usize = 200;

/// What an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Records.
    pub records: u64,
    /// Commits.
    pub commits: u64,
}

/// A record's line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordLine {
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) plain: Plain,
}

/// A commit's line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CommitLine {
    pub(super) sequence: u64,
    pub(super) hash: String,
    /// For people; `at_ms` counts.
    pub(super) at: String,
    pub(super) at_ms: i64,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) subject: String,
    pub(super) reason: String,
    /// From where, where it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) place: String,
    /// The key that proved who it was, where one did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) key: String,
    pub(super) changes: Vec<ChangeLine>,
}

/// One change of a commit.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChangeLine {
    Put { key: String, bytes: u32, digest: String },
    Delete { key: String },
}

/// What `export.json` holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LabelFile {
    pub(super) pegbox_export: u32,
    pub(super) records: u64,
    pub(super) commits: u64,
    pub(super) hash: String,
}

impl Store {
    /// Exports everything into a folder that is there and empty.
    ///
    /// # Errors
    /// [`StoreError::NotExported`] for a record that cannot be read, [`StoreError::ChangedMeanwhile`]; what the disk
    /// says. The folder is then no complete export, since `export.json` is missing.
    pub fn export(&self, to: &Path, watch: Watch<'_>) -> Result<Exported, StoreError> {
        let stats = self.engine().stats()?;
        let mut meter = Meter::new("exporting", stats.journal_bytes, watch);
        write_file(&to.join(README_FILE), README.as_bytes())?;
        let records = self.export_records(to, &mut meter)?;
        let (commits, hash) = self.export_commits(to, &mut |_| {})?;
        if commits != stats.commits || self.engine().stats()?.commits != commits {
            return Err(StoreError::ChangedMeanwhile);
        }
        let label = LabelFile {
            pegbox_export: FORMAT,
            records,
            commits,
            hash: hex(&hash),
        };
        let text = serde_json::to_string(&label).map_err(|error| not_exported(LABEL_FILE, error.to_string()))?;
        write_file(&to.join(LABEL_FILE), format!("{text}\n").as_bytes())?;
        Ok(Exported { records, commits })
    }

    fn export_records(&self, to: &Path, meter: &mut Meter<'_>) -> Result<u64, StoreError> {
        let mut scan = Scan::prefix("", LINES_PER_READ);
        let (mut records, mut file): (u64, Option<(Vec<u8>, Lines)>) = (0, None);
        loop {
            let entries = self.engine().scan(&scan)?;
            let Some((last, _)) = entries.last() else { break };
            scan = scan.after(last.clone());
            for (key, value) in &entries {
                let (space, line) = (space_of(key).to_vec(), record_line(key, value)?);
                let mut lines = match file.take() {
                    Some((current, lines)) if current == space => lines,
                    other => {
                        if let Some((_, lines)) = other {
                            lines.finish()?;
                        }
                        Lines::create(to.join(format!("{}.jsonl", String::from_utf8_lossy(&space))))?
                    }
                };
                lines.write(&line)?;
                file = Some((space, lines));
                records += 1;
                meter.add((key.len() + value.len()) as u64);
            }
        }
        if let Some((_, lines)) = file {
            lines.finish()?;
        }
        Ok(records)
    }

    /// Writes a line for each commit, and gives the number and the hash of the last.
    pub(super) fn export_commits(&self, to: &Path, watch: Watch<'_>) -> Result<(u64, [u8; 32]), StoreError> {
        let newest = *self.engine().changes().borrow();
        let mut meter = Meter::new("exporting the audit log", newest, watch);
        let mut lines = Lines::create(to.join(AUDIT_FILE))?;
        let (mut last, mut hash) = (0, super::audit_chain::GENESIS);
        loop {
            let commits = self.engine().history(last + 1, LINES_PER_READ)?;
            let Some(newest) = commits.last() else { break };
            (last, hash) = (newest.receipt.sequence, newest.receipt.hash);
            for commit in &commits {
                lines.write(&commit_line(commit)?)?;
            }
            meter.add(commits.len() as u64);
        }
        lines.finish()?;
        Ok((last, hash))
    }
}

fn record_line(key: &[u8], value: &[u8]) -> Result<String, StoreError> {
    let key = text_of(key)?;
    let plain = match record::to_json(value) {
        Some(plain) => plain.map_err(|error| not_exported(&key, error.to_string()))?,
        None => return Err(not_exported(&key, "its type is not known to this version".into())),
    };
    let line = RecordLine { key, plain };
    serde_json::to_string(&line).map_err(|error| not_exported(&line.key, error.to_string()))
}

fn commit_line(commit: &PastCommit) -> Result<String, StoreError> {
    let AuditEntry {
        at_ms,
        actor,
        action,
        subject,
        reason,
        origin: Origin { place, key },
    } = commit.audit.clone();
    let change = |op: &PastOp| {
        let key = text_of(&op.key)?;
        Ok(match op.value_bytes {
            Some(bytes) => ChangeLine::Put {
                key,
                bytes,
                digest: hex(&op.digest),
            },
            None => ChangeLine::Delete { key },
        })
    };
    let line = CommitLine {
        sequence: commit.receipt.sequence,
        hash: hex(&commit.receipt.hash),
        at: Timestamp(at_ms).to_string(),
        at_ms,
        actor,
        action,
        subject,
        reason,
        place,
        key,
        changes: commit.ops.iter().map(change).collect::<Result<_, StoreError>>()?,
    };
    serde_json::to_string(&line).map_err(|error| not_exported(AUDIT_FILE, error.to_string()))
}

fn text_of(key: &[u8]) -> Result<String, StoreError> {
    let text = String::from_utf8(key.to_vec());
    text.map_err(|_bytes| not_exported(&key.escape_ascii().to_string(), "its key is no text".into()))
}

fn not_exported(key: &str, what: String) -> StoreError {
    StoreError::NotExported {
        key: key.to_owned(),
        what,
    }
}

pub(super) fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), EngineError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| EngineError::io("write", path, error))
}

/// A file of lines.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    fn create(path: PathBuf) -> Result<Self, EngineError> {
        match File::create(&path) {
            Ok(file) => Ok(Self {
                file: BufWriter::new(file),
                path,
            }),
            Err(error) => Err(EngineError::io("create", &path, error)),
        }
    }

    fn write(&mut self, line: &str) -> Result<(), EngineError> {
        let written = self
            .file
            .write_all(line.as_bytes())
            .and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|error| EngineError::io("write", &self.path, error))
    }

    fn finish(self) -> Result<(), EngineError> {
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all())
            .map_err(|error| EngineError::io("write", &self.path, error))
    }
}

/// The files of records in an export, by name.
pub(super) fn record_files(from: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(from).map_err(|error| EngineError::io("list", from, error))? {
        let path = entry.map_err(|error| EngineError::io("list", from, error))?.path();
        let is_audit = path.file_name().is_some_and(|name| name == AUDIT_FILE);
        if path.extension().is_some_and(|extension| extension == "jsonl") && !is_audit {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
