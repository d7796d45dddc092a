//! Stores to test with.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pegbox::domain::origin::Origin;
use pegbox::store::embedded::{EmbeddedEngine, Sizes};
use pegbox::store::engine::{AuditEntry, Batch, Compaction, Engine};

/// Small enough that a few commits fill a segment, and that hundreds of stores cost the disk little.
pub const SMALL: Sizes = Sizes {
    segment_bytes: 2_048,
    ballast_bytes: 4_096,
    index_changes: 7,
};

pub fn audit(subject: &str) -> AuditEntry {
    AuditEntry {
        at_ms: 1_780_000_000_000,
        actor: "ann".into(),
        action: "test.put".into(),
        subject: subject.into(),
        reason: "to see it".into(),
        origin: Origin::default(),
    }
}

pub fn batch(subject: &str) -> Batch {
    Batch::new(audit(subject))
}

pub fn open(dir: &Path) -> EmbeddedEngine {
    EmbeddedEngine::open_with(dir, SMALL).expect("the store opens")
}

pub fn put(engine: &dyn Engine, key: &str, value: &str) {
    engine.commit(batch(key).put(key, value)).expect("the commit is taken");
}

/// Compacts, and says what that did.
pub fn compact(engine: &dyn Engine) -> Compaction {
    engine.compact(&mut |_| {}).expect("it is compacted")
}

pub fn text(engine: &dyn Engine, key: &str) -> Option<String> {
    let value = engine.get(key.as_bytes()).expect("the key can be read");
    value.map(|value| String::from_utf8(value).expect("text was stored"))
}

pub fn segment(dir: &Path, number: u32) -> PathBuf {
    dir.join("journal").join(format!("{number:08}.seg"))
}

pub fn len(path: &Path) -> u64 {
    fs::metadata(path).expect("the file is there").len()
}

/// Copies a whole store.
pub fn copy_store(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folders are made");
    for entry in fs::read_dir(from).expect("files are listed") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_store(&path, &target);
        } else {
            fs::copy(&path, target).expect("a file is copied");
        }
    }
}

/// Flips one bit of a file in place.
pub fn flip(path: &Path, offset: u64) {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("the file opens");
    let mut byte = [0];
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.read_exact(&mut byte))
        .expect("the byte is there");
    byte[0] ^= 0x10;
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.write_all(&byte))
        .expect("the byte is written");
}

/// Copies a store without its index and its seal, as a process that was killed left one before there were seals.
pub fn copy_journal(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("journal")).expect("folders are made");
    let format = fs::read_to_string(from.join("FORMAT")).expect("the format is read");
    let unsealed = if from.join("seal").exists() { "2\n" } else { &format };
    fs::write(to.join("FORMAT"), unsealed).expect("the format is copied");
    for entry in fs::read_dir(from.join("journal")).expect("segments are listed") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        fs::copy(&path, to.join("journal").join(name)).expect("a segment is copied");
    }
}
