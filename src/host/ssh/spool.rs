//! Standard input of a command over SSH, kept in a file until the command reads it.
//!
//! The protocol has no way to hold one channel back without holding back the whole connection, and with it the output
//! that the client may be waiting for. So what comes is taken at once, up to a limit, and the disk holds it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Largest standard input of one command, in bytes.
pub const INPUT_BYTES_MAX: u64 = 256 << 20;
/// All that waits for commands of this host, in bytes.
const ALL_BYTES_MAX: u64 = 1 << 30;

/// Where input waits.
#[derive(Debug)]
pub struct Spools {
    folder: PathBuf,
    used: AtomicU64,
    made: AtomicU64,
}

impl Spools {
    /// In files of this folder, which have no name once they are open.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            used: AtomicU64::new(0),
            made: AtomicU64::new(0),
        }
    }

    fn file(&self) -> io::Result<File> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("input-{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        fs::remove_file(&path)?;
        Ok(file)
    }
}

#[derive(Debug)]
struct State {
    spools: Arc<Spools>,
    /// `None` until something came.
    file: Option<File>,
    written: u64,
    read: u64,
    end: Option<End>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// All is there.
    Complete,
    /// The rest will not come, and why.
    Broken(String),
    /// The rest is not taken, and why.
    Refused(String),
}

impl Drop for State {
    fn drop(&mut self) {
        self.spools.used.fetch_sub(self.written, Ordering::Relaxed);
    }
}

impl State {
    fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        let count = bytes.len() as u64;
        if self.written + count > INPUT_BYTES_MAX {
            return Err(format!("standard input is larger than {} MiB", INPUT_BYTES_MAX >> 20));
        }
        let used = self.spools.used.fetch_add(count, Ordering::Relaxed);
        let written = if used + count > ALL_BYTES_MAX {
            Err("the host holds too much standard input of others".to_owned())
        } else {
            self.write(bytes)
                .map_err(|error| format!("the host cannot keep standard input: {error}"))
        };
        match written {
            Ok(()) => self.written += count,
            Err(_) => {
                self.spools.used.fetch_sub(count, Ordering::Relaxed);
            }
        }
        written
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.spools.file()?),
        };
        file.write_all_at(bytes, self.written)
    }
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// The end that what comes goes into. Dropped before its end, it breaks the input off.
#[derive(Debug)]
pub struct SpoolWriter(Shared);

/// The end that the command reads. Blocks.
#[derive(Debug)]
pub struct SpoolReader(Shared);

/// A new input.
pub fn spool(spools: &Arc<Spools>) -> (SpoolWriter, SpoolReader) {
    let state = State {
        spools: Arc::clone(spools),
        file: None,
        written: 0,
        read: 0,
        end: None,
    };
    let shared = Arc::new((Mutex::new(state), Condvar::new()));
    (SpoolWriter(Arc::clone(&shared)), SpoolReader(shared))
}

impl SpoolWriter {
    /// Takes what came. What is too much breaks the input off.
    pub fn push(&self, bytes: &[u8]) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.end.is_none()
            && let Err(why) = state.push(bytes)
        {
            state.end = Some(End::Refused(why));
        }
        changed.notify_all();
    }

    /// All has come.
    pub fn complete(&self) {
        self.end(End::Complete);
    }

    /// The rest is not waited for, and why.
    pub fn break_off(&self, why: &str) {
        self.end(End::Broken(why.to_owned()));
    }

    fn end(&self, end: End) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.end.get_or_insert(end);
        changed.notify_all();
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        self.break_off("the line is gone");
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let has_nothing = |state: &mut State| state.read == state.written && state.end.is_none();
        let mut state = changed
            .wait_while(state, has_nothing)
            .unwrap_or_else(PoisonError::into_inner);
        match (&state.file, &state.end) {
            (Some(file), _) if state.read < state.written => {
                let count = file.read_at(buffer, state.read)?;
                state.read += count as u64;
                Ok(count)
            }
            (_, Some(End::Broken(why))) => Err(io::Error::new(io::ErrorKind::BrokenPipe, why.clone())),
            (_, Some(End::Refused(why))) => Err(io::Error::other(why.clone())),
            _ => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spools() -> (tempfile::TempDir, Arc<Spools>) {
        let folder = tempfile::tempdir().unwrap();
        let spools = Arc::new(Spools::new(folder.path()));
        (folder, spools)
    }

    #[test]
    fn what_came_is_read_whole_and_leaves_no_file() {
        let (folder, spools) = spools();
        let (writer, mut reader) = spool(&spools);
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        writer.push(b"one ");
        writer.push(b"two");
        writer.complete();
        drop(writer);
        assert_eq!(reading.join().unwrap().unwrap(), "one two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(spools.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn half_an_input_is_no_input() {
        let (_folder, spools) = spools();
        let (writer, mut reader) = spool(&spools);
        writer.push(b"half");
        drop(writer);
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "the line is gone");
    }

    #[test]
    fn what_ended_is_not_broken_off() {
        let (_folder, spools) = spools();
        let (writer, mut reader) = spool(&spools);
        writer.push(b"whole");
        writer.complete();
        writer.break_off("the host stops");
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "whole");
        let (writer, mut reader) = spool(&spools);
        writer.push(b"half");
        writer.break_off("the host stops");
        writer.push(b"more");
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "the host stops");
    }

    #[test]
    fn too_much_is_broken_off() {
        let (_folder, spools) = spools();
        let (writer, mut reader) = spool(&spools);
        spools.used.store(ALL_BYTES_MAX - 3, Ordering::Relaxed);
        writer.push(b"abc");
        writer.push(b"d");
        writer.push(b"");
        let mut buffer = [0; 8];
        assert_eq!(reader.read(&mut buffer).unwrap(), 3);
        assert!(reader.read(&mut buffer).unwrap_err().to_string().contains("too much"));
        {
            let mut state = reader.0.0.lock().unwrap();
            assert!(state.push(&[0; 2]).unwrap_err().contains("too much"));
            state.written = INPUT_BYTES_MAX;
            let larger = state.push(b"x").unwrap_err();
            assert_eq!(larger, "standard input is larger than 256 MiB");
            state.written = 3;
        }
        drop((writer, reader));
        assert_eq!(spools.used.load(Ordering::Relaxed), ALL_BYTES_MAX - 3);
    }
}
