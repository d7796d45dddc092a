//! File formats: prompt documents, suite files and dataset files, read with every fault named and written back.
//! May use: domain.
//! Must never: reach a provider or the store, decide a rule of the release path, or print.

pub mod dataset_file;
pub mod mark;
pub mod prompt_document;
mod schema;
pub mod suite_file;
mod table;
mod toml_text;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use self::mark::DocumentFaults;

/// Largest text file that is read whole, in bytes: prompts and suites are a thousand times smaller.
pub const TEXT_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why a file could not be read or understood.
#[derive(Debug, thiserror::Error)]
pub enum InterchangeError {
    /// The operating system refused.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is too large to be what it should be.
    #[error("{} is larger than {max_bytes} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        max_bytes: u64,
    },
    /// The file is not text.
    #[error("{} is not UTF-8: the byte at offset {offset}, line {line}, begins no character", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Bytes before the first bad one.
        offset: usize,
        /// The line of the first bad byte, counted from 1.
        line: usize,
    },
    /// A mapping of a dataset's fields cannot be meant.
    #[error("mapping '{part}': {why}")]
    Mapping {
        /// The part of it.
        part: String,
        /// What is wrong with it.
        why: String,
    },
    /// The text has faults, each with its place.
    #[error(transparent)]
    Faults(#[from] DocumentFaults),
}

impl InterchangeError {
    fn read(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        Self::Read { path, source }
    }
}

/// Reads a text file whole. The error of a file that is not UTF-8 names the first bad byte.
pub fn read_utf8(path: &Path) -> Result<String, InterchangeError> {
    let failed = |source| InterchangeError::read(path, source);
    let mut bytes = Vec::new();
    // One byte over the limit tells a file that is too large, also where its size is not known beforehand.
    let mut file = File::open(path).map_err(failed)?.take(TEXT_FILE_BYTES_MAX + 1);
    file.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > TEXT_FILE_BYTES_MAX {
        return Err(InterchangeError::TooLarge {
            path: path.into(),
            max_bytes: TEXT_FILE_BYTES_MAX,
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let newlines = error.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count();
        InterchangeError::NotUtf8 {
            path: path.into(),
            offset,
            line: newlines + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_text_is_named_with_its_first_bad_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompt.md");
        std::fs::write(&path, b"+++\nname\xff").unwrap();
        let error = read_utf8(&path).unwrap_err();
        assert!(
            matches!(error, InterchangeError::NotUtf8 { offset: 8, line: 2, .. }),
            "{error}"
        );
        let absent = read_utf8(&folder.path().join("absent")).unwrap_err();
        assert!(matches!(absent, InterchangeError::Read { .. }), "{absent}");
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        File::create(&path).unwrap().set_len(TEXT_FILE_BYTES_MAX + 1).unwrap();
        assert!(matches!(read_utf8(&path), Err(InterchangeError::TooLarge { .. })));
    }
}
