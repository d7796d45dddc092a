//! Text that commands read: a file, or standard input as `-`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::exit::CliError;
use crate::host::caller::{Caller, Files};
use crate::host::editor::create_private;

/// Largest text file: a prompt or a suite is a few thousand bytes, so a larger file is a mistake.
const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Counts the files that held standard input, so that each has a name of its own.
static INPUT_FILES: AtomicU32 = AtomicU32::new(0);
/// Longest standard input that is kept in a file, so that nobody fills the disk: 1 GB.
const INPUT_BYTES_MAX: u64 = 1 << 30;
/// Bytes of it that are copied at a time.
const COPY_BYTES: usize = 64 << 10;

/// Reads a file of the caller's, or their standard input for `-`, as UTF-8.
pub fn read_text(path: &Path, caller: &mut Caller) -> Result<String, CliError> {
    if path == Path::new("-") {
        return text_of(path, &mut caller.stdin);
    }
    #[cfg(unix)]
    if let Files::Lent(lender) = &caller.files {
        return text_of(path, &mut lender.open(path));
    }
    read_file(&caller.files.locate(path)?)
}

/// Reads a file as UTF-8.
pub fn read_file(path: &Path) -> Result<String, CliError> {
    match File::open(path) {
        Ok(mut file) => text_of(path, &mut file),
        Err(error) => Err(unreadable(path, error)),
    }
}

/// What a file is called in messages.
fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

fn unreadable(path: &Path, error: io::Error) -> CliError {
    let is_stdin = path == Path::new("-");
    if is_stdin && error.kind() == io::ErrorKind::BrokenPipe {
        return CliError::BrokenOff(error);
    }
    let hint = if is_stdin {
        "send less, or name a file"
    } else {
        "check its name and that you may read it"
    };
    CliError::invalid(format!("{} cannot be read: {error}", shown(path)), hint)
}

/// The file that a name means, for what reads it more than once: standard input is put into a file of its own first.
pub fn file_of(path: &Path, caller: &mut Caller) -> Result<InputFile, CliError> {
    if path == Path::new("-") {
        return spooled(path, &mut caller.stdin);
    }
    #[cfg(unix)]
    if let Files::Lent(lender) = &caller.files {
        return spooled(path, &mut lender.open(path));
    }
    let path = caller.files.locate(path)?;
    Ok(InputFile { path, is_ours: false })
}

/// Puts what comes from elsewhere into a file of our own. It is called after `named`, whose end may say what it is.
fn spooled(named: &Path, source: &mut dyn Read) -> Result<InputFile, CliError> {
    let number = INPUT_FILES.fetch_add(1, Ordering::Relaxed);
    let name = format!("pegbox-input-{}-{number}", std::process::id());
    let mut path = std::env::temp_dir().join(name);
    if let Some(end) = named.extension() {
        path.set_extension(end);
    }
    let mut copy = create_private(&path)?;
    let file = InputFile { path, is_ours: true };
    let mut copied = 0;
    let mut bytes = vec![0; COPY_BYTES];
    loop {
        // A copy in one step would not tell what cannot be read from what cannot be written.
        let count = match source.read(&mut bytes) {
            Ok(0) => return Ok(file),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(named, error)),
        };
        copied += count as u64;
        if copied > INPUT_BYTES_MAX {
            return Err(CliError::invalid(
                format!("{} is longer than {} MB", shown(named), INPUT_BYTES_MAX >> 20),
                "split it, or ask whoever owns the store to import it",
            ));
        }
        copy.write_all(bytes.get(..count).unwrap_or_default())?;
    }
}

/// A file to read; one that holds standard input is gone when it is dropped.
pub struct InputFile {
    /// Where it is.
    pub path: PathBuf,
    is_ours: bool,
}

impl Drop for InputFile {
    fn drop(&mut self) {
        if self.is_ours {
            // Left over where even this fails; the system clears its temporary folder.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn text_of(path: &Path, source: &mut dyn Read) -> Result<String, CliError> {
    let name = shown(path);
    let mut bytes = Vec::new();
    source
        .take(TEXT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, error))?;
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        return Err(CliError::invalid(
            format!("{name} is larger than {} MB", TEXT_BYTES_MAX / 1024 / 1024),
            "check that it is the right file",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        CliError::invalid(
            format!("{name} is not UTF-8 text: line {line}, byte {at} of the file"),
            "save it as UTF-8 and try again",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        assert!(read_file(&file).unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&file, b"one\ntwo \xff").unwrap();
        assert!(
            read_file(&file)
                .unwrap_err()
                .to_string()
                .ends_with("line 2, byte 8 of the file")
        );
        std::fs::write(&file, "caf\u{e9}").unwrap();
        assert_eq!(read_file(&file).unwrap(), "caf\u{e9}");
        assert!(read_file(folder.path()).is_err());
    }
}
