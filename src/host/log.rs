//! The host's log: one line for each guest that comes and goes, and what it wanted. No content, no key, no argument.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::clock;
use crate::text::Printable;

/// Largest log; then it is put aside, in the place of the one before.
const LOG_BYTES_MAX: u64 = 4 << 20;

/// A bounded log in a file that only the owner can read.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: Mutex<File>,
}

impl Log {
    /// Goes on with a log, or begins it.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(open(path)?),
        })
    }

    /// Writes a line with the time before it. A log that cannot be written stops nothing.
    pub fn line(&self, text: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = file.metadata().is_ok_and(|found| found.len() >= LOG_BYTES_MAX);
        if is_full
            && fs::rename(&self.path, self.path.with_extension("old")).is_ok()
            && let Ok(fresh) = open(&self.path)
        {
            *file = fresh;
        }
        let _ = writeln!(file, "{} {}", clock::now(), Printable::line(text));
    }
}

/// Opens a log's file to add to it.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = Log::open(&path).unwrap();
        log.line("a\nb\u{1b}[31m");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!((text.lines().count(), text.contains('\u{1b}')), (1, false), "{text:?}");
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(LOG_BYTES_MAX)
            .unwrap();
        log.line("later");
        assert!(fs::read_to_string(&path).unwrap().ends_with(" later\n"));
        assert_eq!(fs::metadata(path.with_extension("old")).unwrap().len(), LOG_BYTES_MAX);
    }
}
