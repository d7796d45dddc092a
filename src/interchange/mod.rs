//! File formats: prompt documents, suite files, chain files, dataset files and files of public keys, read with every
//! fault named and written back.
//! May use: domain, text.
//! Must never: reach a provider or the store, decide a rule of the release path, or print.

pub mod chain_file;
pub mod dataset_file;
pub mod format;
pub mod mark;
pub mod prompt_document;
pub mod public_key;
mod schema;
pub mod suite_file;
mod table;
mod toml_text;
mod yaml;

use std::io;
use std::path::PathBuf;

use self::mark::DocumentFaults;

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
    /// The file is none that holds rows as text.
    #[error("{} is {what}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// What makes it readable.
        hint: &'static str,
    },
    /// A mapping of a dataset's fields cannot be meant.
    #[error("mapping '{part}': {why}")]
    Mapping {
        /// The part of it.
        part: String,
        /// What is wrong with it.
        why: String,
    },
    /// A line of a file of public keys cannot be used.
    #[error("line {line}: {why}")]
    Key {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The text has faults, each with its place.
    #[error(transparent)]
    Faults(#[from] DocumentFaults),
}

impl InterchangeError {
    /// What to do; begins with a verb.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "check the path",
            Self::Foreign { hint, .. } => hint,
            Self::Mapping { .. } => "write the mapping as part=field,part=field; --dry-run shows what it gives",
            Self::Key { .. } => "give a public key as ssh-keygen makes it, such as ~/.ssh/id_ed25519.pub",
            Self::Faults(_) => "correct the file and try again",
        }
    }

    fn read(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        Self::Read { path, source }
    }
}
