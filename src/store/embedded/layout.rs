//! The folder of a store: what lies in it, making it, and refusing what is no store.
//!
//! `FORMAT` holds the format number as text and is written last, so that it says "this store was completed".
//! `lock` is held by the process that has the store open. `journal/` is the truth; `index/` may be deleted at any time
//! while no process has the store open. `seal` says how far the journal has come. `ballast` holds nothing, and is
//! given up when the disk is full.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::store::engine::EngineError;

/// The newest format of the folder that this program knows. In 1, no audit entry says from where somebody acted; a
/// program that knows only that takes one that does for damage. In 2, there is no seal; a program that knows only that
/// leaves one behind that is not true any more.
const FORMAT: u32 = 3;
const FORMAT_FILE: &str = "FORMAT";
/// How the name of a file under construction ends.
pub(super) const NEW_SUFFIX: &str = ".new";
/// `FORMAT` under construction.
const FORMAT_FILE_NEW: &str = "FORMAT.new";

/// Says that a folder is a complete backup.
pub(super) const BACKUP_FILE: &str = "BACKUP";

/// Names that an interrupted creation can leave behind.
const OWN_NAMES: [&str; 9] = [
    "lock",
    "journal",
    "index",
    "ballast",
    FORMAT_FILE_NEW,
    IN_USE_FILE,
    "index.in-use.new",
    SEAL_FILE,
    "seal.new",
];
const IN_USE_FILE: &str = "index.in-use";
const SEAL_FILE: &str = "seal";

/// Whether a folder is a store already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A store: its journal must be there.
    Store,
    /// A store of an older format, which all that it holds is of the newest one too.
    OlderStore,
    /// Nothing, or what an interrupted creation left.
    Nothing,
}

/// The folders of one store.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) dir: PathBuf,
}

impl Layout {
    pub(super) fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    pub(super) fn index(&self) -> PathBuf {
        self.dir.join("index")
    }

    /// Where an index that failed is moved before it is removed.
    pub(super) fn index_aside(&self) -> PathBuf {
        self.dir.join("index.aside")
    }

    /// There while the index is in use; see [`in_use`](super::in_use).
    pub(super) fn index_in_use(&self) -> PathBuf {
        self.dir.join(IN_USE_FILE)
    }

    /// Its existence says that the index failed while in use and is to be rebuilt.
    pub(super) fn index_suspect(&self) -> PathBuf {
        self.dir.join("index.suspect")
    }

    /// How often a segment was replaced by a compacted one: an index of another number points into files that are gone.
    fn generation_file(&self) -> PathBuf {
        self.journal().join("generation")
    }

    /// 0 for a store that was never compacted, `None` when the number cannot be read: then no index fits.
    pub(super) fn generation(&self) -> Result<Option<u64>, EngineError> {
        let path = self.generation_file();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(0)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(EngineError::io("read", &path, error)),
        }
    }

    /// Sets the generation, durably.
    pub(super) fn write_generation(&self, generation: u64) -> Result<(), EngineError> {
        write_durably(&self.generation_file(), format!("{generation}\n").as_bytes())
    }

    /// How far the journal has come; see [`seal`](super::seal).
    pub(super) fn seal(&self) -> PathBuf {
        self.dir.join(SEAL_FILE)
    }

    /// What recoveries have cut off.
    pub(super) fn set_aside(&self) -> PathBuf {
        self.dir.join("set-aside")
    }

    /// Bytes that are given up when the disk is full.
    pub(super) fn ballast(&self) -> PathBuf {
        self.dir.join("ballast")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// Looks at the folder, and makes it when it is absent. Nothing in it is changed.
    ///
    /// # Errors
    /// [`EngineError::NotAStore`] when something else lives there, [`EngineError::NewerFormat`].
    pub(super) fn inspect(&self) -> Result<Found, EngineError> {
        create_dir(&self.dir)?;
        let path = self.dir.join(FORMAT_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => self.check_format(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.check_unused(),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => self.check_format(""),
            Err(error) => Err(EngineError::io("read", &path, error)),
        }
    }

    /// An error unless a completed store that this program can read lies here. Nothing is made.
    pub(super) fn require_store(&self) -> Result<(), EngineError> {
        if self.dir.join(FORMAT_FILE).is_file() {
            self.inspect().map(drop)
        } else {
            Err(self.not_a_store("it has no FORMAT file".into()))
        }
    }

    fn check_format(&self, text: &str) -> Result<Found, EngineError> {
        // Nothing but what is written is taken for it.
        let number = text.strip_suffix('\n').and_then(|number| number.parse::<u32>().ok());
        match number.ok_or(()) {
            Ok(FORMAT) => Ok(Found::Store),
            Ok(1..FORMAT) => Ok(Found::OlderStore),
            Ok(found) if found > FORMAT => Err(EngineError::NewerFormat {
                found,
                supported: FORMAT,
            }),
            _ => Err(self.not_a_store("its FORMAT file holds no format number".into())),
        }
    }

    fn check_unused(&self) -> Result<Found, EngineError> {
        for entry in fs::read_dir(&self.dir).map_err(|error| EngineError::io("list", &self.dir, error))? {
            let name = entry
                .map_err(|error| EngineError::io("list", &self.dir, error))?
                .file_name();
            if name == BACKUP_FILE {
                return Err(self.not_a_store("it is a backup, and becomes one with `pegbox store restore`".into()));
            }
            if !OWN_NAMES.iter().any(|own| name == *own) {
                let name = name.to_string_lossy().escape_debug().to_string();
                return Err(self.not_a_store(format!("it has no FORMAT file, and holds {name}")));
            }
        }
        Ok(Found::Nothing)
    }

    fn not_a_store(&self, what: String) -> EngineError {
        EngineError::NotAStore {
            dir: self.dir.clone(),
            what,
        }
    }

    /// Declares the store complete, and of the newest format.
    pub(super) fn write_format(&self) -> Result<(), EngineError> {
        write_durably(&self.dir.join(FORMAT_FILE), format!("{FORMAT}\n").as_bytes())?;
        if let Some(parent) = self.dir.parent() {
            // The store's own entry. A folder above that we may pass through but not open is the owner's business.
            let _ = sync_dir(if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            });
        }
        Ok(())
    }
}

/// Creates a folder and those above it, readable by the owner only: prompts and datasets are nobody else's business.
pub(super) fn create_dir(dir: &Path) -> Result<(), EngineError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| EngineError::io("create", dir, error))
}

/// Writes a file whole: after a crash it has its old or its new content.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), EngineError> {
    let mut new = path.as_os_str().to_owned();
    new.push(NEW_SUFFIX);
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    if let Err(error) = written {
        let _ = fs::remove_file(&new);
        return Err(EngineError::io("write", path, error));
    }
    path.parent().map_or(Ok(()), sync_dir)
}

/// Makes a file's directory entry durable. Only Unix has and needs a call for it.
pub(super) fn sync_dir(dir: &Path) -> Result<(), EngineError> {
    if cfg!(unix) {
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| EngineError::io("sync", dir, error))?;
    }
    Ok(())
}
