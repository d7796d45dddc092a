//! Where the host of a store is found: its lock, its socket, its log.
//!
//! All of it is in `host/` in the store's folder, which only the owner may enter. The socket alone may be elsewhere: in
//! `XDG_RUNTIME_DIR` where there is one, since a store may lie on a disk that has no sockets, or in the system's
//! temporary folder where its path would be longer than a socket's may be. The lock file says where. A host that lets
//! in other accounts has it beside the store, see [`super::shared`].

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::getuid;
use serde::{Deserialize, Serialize};

use super::shared::{self, Group};
use super::ssh::SshPlace;
use super::wire::PROTOCOL;
use crate::domain::hash::ContentHash;

/// Longest path of a socket that every Unix takes, in bytes.
const SOCKET_PATH_BYTES_MAX: usize = 100;
/// So much of the hash of a store's path tells its socket from others.
const HASH_CHARS: usize = 16;
/// How often, and after what pause, the turn to start a host is tried to be had: a quarter of a minute in all.
const TURN_TRIES: u32 = 300;
const TURN_AGAIN: Duration = Duration::from_millis(50);
/// Largest lock file that is read.
const LOCK_BYTES_MAX: u64 = 64 << 10;

/// Why a host cannot be set up or found.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another one is there.
    #[error("{0}")]
    Taken(String),
    /// Others could get in.
    #[error("{0}")]
    NotPrivate(String),
    /// A group cannot be let in.
    #[error("{what}")]
    NotShared {
        /// Why.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The system refuses.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

pub(super) fn failed(what: &str, path: &Path, source: io::Error) -> HomeError {
    HomeError::Io {
        what: format!("{what} {}", path.display()),
        source,
    }
}

/// What a running host says of itself in its lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: i32,
    /// Its version.
    pub version: String,
    /// What it speaks on its socket.
    pub protocol: u32,
    /// Its socket.
    pub socket: PathBuf,
    /// Where it is reached over SSH, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<SshPlace>,
    /// The group whose members it lets in beside its own account, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether it was started in the background, by a guest that found none.
    #[serde(default)]
    pub detached: bool,
}

impl Running {
    /// This process, at a socket.
    pub fn at(socket: &Path) -> Self {
        Self {
            pid: std::process::id().cast_signed(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            socket: socket.to_owned(),
            ssh: None,
            group: None,
            detached: false,
        }
    }
}

/// Whether a store has a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It has none.
    Nobody,
    /// The folder is closed to this account.
    Hidden,
    /// One is starting, or stopping.
    NotReady,
    /// It is there.
    Running(Running),
}

/// The host's folder of one store.
#[derive(Debug, Clone)]
pub struct Home {
    store: PathBuf,
}

impl Home {
    /// That of a store's folder.
    pub fn of(store: &Path) -> Self {
        Self {
            store: store.to_owned(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> PathBuf {
        self.store.join("host")
    }

    /// The log.
    pub fn log(&self) -> PathBuf {
        self.folder().join("log")
    }

    /// The private key by which the host is known over SSH.
    pub fn ssh_host_key(&self) -> PathBuf {
        self.folder().join("ssh_host_key")
    }

    fn lock(&self) -> PathBuf {
        self.folder().join("lock")
    }

    /// Whether a host is there. A lock file that nobody holds is left over from one that died.
    ///
    /// # Errors
    /// The lock file cannot be read.
    pub fn find(&self) -> Result<Found, HomeError> {
        let path = self.lock();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nobody),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(Found::Hidden),
            Err(error) => return Err(failed("cannot open", &path, error)),
        };
        match file.try_lock_shared() {
            Ok(()) => return Ok(Found::Nobody),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed("cannot lock", &path, error)),
        }
        Ok(read_lock(&file).map_or(Found::NotReady, Found::Running))
    }

    /// Makes the folder, or finds that it is fit.
    ///
    /// # Errors
    /// It is open to others.
    pub fn make(&self) -> Result<(), HomeError> {
        make_private(&self.folder())
    }

    /// Makes the folder, and takes the place of the host for as long as the claim is held.
    ///
    /// # Errors
    /// A host is there already, or the folder is open to others.
    pub fn claim(&self) -> Result<Claim, HomeError> {
        self.make()?;
        let path = self.lock();
        let file = open_lock(&path).map_err(|error| failed("cannot open", &path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HomeError::Taken(self.taken())),
            Err(TryLockError::Error(error)) => return Err(failed("cannot lock", &path, error)),
        }
        let claim = Claim {
            home: self.clone(),
            left: read_lock(&file),
            file,
        };
        claim.write(b"")?;
        Ok(claim)
    }

    /// Waits for the turn to start a host, so that of many who find none one starts it. A folder for the turns that
    /// cannot be had costs nothing but a host that starts in vain.
    pub fn turn_to_start(&self) -> Option<Turn> {
        let file = open_lock(&self.socket_in_private_folder().ok()?.with_extension("start")).ok()?;
        for _ in 0..TURN_TRIES {
            match file.try_lock() {
                Ok(()) => return Some(Turn { _file: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(TURN_AGAIN),
                Err(TryLockError::Error(_)) => return None,
            }
        }
        None
    }

    fn taken(&self) -> String {
        let store = self.store.display();
        match self.find() {
            Ok(Found::Running(Running { pid, version, .. })) => {
                format!("{store} has a host already: process {pid}, pegbox {version}")
            }
            _ => format!("{store} has a host already, which is starting or stopping"),
        }
    }

    /// Where the socket goes.
    fn socket(&self) -> Result<PathBuf, HomeError> {
        let folder = self.folder();
        let path = fs::canonicalize(&folder).map_err(|error| failed("cannot find", &folder, error))?;
        let beside = path.join("socket");
        if runtime_folder().is_none() && fits(&beside) {
            return Ok(beside);
        }
        self.socket_in_private_folder()
    }

    /// Where the socket goes when it does not lie beside the store's files. Its name is of the store's path.
    fn socket_in_private_folder(&self) -> Result<PathBuf, HomeError> {
        let store = fs::canonicalize(&self.store).or_else(|_| std::path::absolute(&self.store));
        let path = store
            .map_err(|error| failed("cannot find", &self.store, error))?
            .join("host");
        let hash = ContentHash::of_bytes(path.as_os_str().as_encoded_bytes()).to_string();
        let name: String = hash.chars().take(HASH_CHARS).collect();
        let name = format!("{name}.sock");
        if let Some(socket) = runtime_folder()
            .map(|folder| folder.join(&name))
            .filter(|socket| fits(socket))
        {
            make_private(socket.parent().unwrap_or(&socket))?;
            return Ok(socket);
        }
        let temporary = std::env::temp_dir().join(format!("pegbox-{}", getuid().as_raw()));
        make_private(&temporary)?;
        Ok(temporary.join(name))
    }
}

/// Our folder where the system keeps what lives as long as the person is logged in.
fn runtime_folder() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)?;
    (runtime.is_absolute() && runtime.is_dir()).then(|| runtime.join("pegbox"))
}

/// Opens a file that is locked, and makes it where it is missing.
fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path)
}

/// What a host has written into its lock file, if it has.
fn read_lock(mut file: &File) -> Option<Running> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(LOCK_BYTES_MAX).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The turn to start a host, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _file: File,
}

/// Whether a path is short enough for a socket.
pub(super) fn fits(socket: &Path) -> bool {
    socket.as_os_str().len() <= SOCKET_PATH_BYTES_MAX
}

/// The place of the host, held until it is dropped or the process ends in any way.
#[derive(Debug)]
pub struct Claim {
    home: Home,
    file: File,
    /// What the host before left in the lock file: only one that was killed, or whose machine stopped, leaves anything.
    pub left: Option<Running>,
}

impl Claim {
    /// Binds the socket; one that a dead host left is replaced. It takes its name only when nobody but the owner, and
    /// the group where there is one, can reach it.
    ///
    /// # Errors
    /// The system refuses.
    pub fn bind(&self, group: Option<&Group>) -> Result<(tokio::net::UnixListener, PathBuf), HomeError> {
        let socket = if let Some(group) = group {
            shared::make(&self.home.store, group)?
        } else {
            // What a host that was killed has left of its way in for others.
            shared::remove(&self.home.store);
            self.home.socket()?
        };
        let fresh = socket.with_extension(std::process::id().to_string());
        let cannot = |error| failed("cannot make the socket", &socket, error);
        let listener = match tokio::net::UnixListener::bind(&fresh) {
            // Left by a process with our number that died between the two steps.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                fs::remove_file(&fresh).map_err(cannot)?;
                tokio::net::UnixListener::bind(&fresh)
            }
            bound => bound,
        };
        let listener = listener.map_err(cannot)?;
        match group {
            Some(group) => shared::give(&fresh, group, 0o660)?,
            None => fs::set_permissions(&fresh, PermissionsExt::from_mode(0o600)).map_err(cannot)?,
        }
        fs::rename(&fresh, &socket).map_err(cannot)?;
        Ok((listener, socket))
    }

    /// Tells everybody where the host is.
    ///
    /// # Errors
    /// The system refuses.
    pub fn publish(&self, running: &Running) -> Result<(), HomeError> {
        let text = serde_json::to_vec(running).map_err(io::Error::from);
        let text = text.map_err(|error| failed("cannot write", &self.home.lock(), error))?;
        self.write(&text)
    }

    /// Takes the place anew where somebody has removed the lock file, such as whoever cleans up. Whether it was so.
    ///
    /// # Errors
    /// The folder is gone, or another host has taken the place.
    pub fn mend(&mut self) -> Result<bool, HomeError> {
        let path = self.home.lock();
        if fs::metadata(&path).is_ok_and(|found| is_same(&found, &self.file)) {
            return Ok(false);
        }
        self.file = self.home.claim()?.file;
        Ok(true)
    }

    /// Says that the host takes no more guests, and takes the socket away.
    pub fn withdraw(&self, socket: &Path) {
        // Nobody is harmed by a socket that is left: a lock that nobody holds says that there is no host.
        let _ = self.write(b"");
        let _ = fs::remove_file(socket);
        shared::remove(&self.home.store);
    }

    fn write(&self, text: &[u8]) -> Result<(), HomeError> {
        let mut file = &self.file;
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text));
        written.map_err(|error| failed("cannot write", &self.home.lock(), error))
    }
}

/// Whether a path still leads to the file that is open.
fn is_same(found: &fs::Metadata, file: &File) -> bool {
    file.metadata()
        .is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
}

/// Makes a folder that only the owner may enter, or finds that it is one.
///
/// # Errors
/// It belongs to somebody else, is open to others, or is no folder.
fn make_private(folder: &Path) -> Result<(), HomeError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed("cannot make the folder", folder, error)),
    }
    let found = fs::symlink_metadata(folder).map_err(|error| failed("cannot look at", folder, error))?;
    let shown = folder.display();
    let why = if !found.is_dir() {
        "is no folder".to_owned()
    } else if found.uid() != getuid().as_raw() {
        format!("belongs to the account number {}", found.uid())
    } else if found.mode() & 0o077 != 0 {
        format!("is open to others (mode {:o})", found.mode() & 0o777)
    } else {
        return Ok(());
    };
    Err(HomeError::NotPrivate(format!("{shown} {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_nobody_holds_is_no_host() {
        let store = tempfile::tempdir().unwrap();
        let home = Home::of(store.path());
        assert_eq!(home.find().unwrap(), Found::Nobody);
        let claim = home.claim().unwrap();
        assert_eq!(home.find().unwrap(), Found::NotReady);
        let running = Running::at(Path::new("/run/s"));
        claim.publish(&running).unwrap();
        assert_eq!(home.find().unwrap(), Found::Running(running));
        let refused = home.claim().unwrap_err().to_string();
        assert!(refused.contains("has a host already: process "), "{refused}");
        claim.withdraw(Path::new("/run/s"));
        drop(claim);
        assert_eq!(home.find().unwrap(), Found::Nobody);
        assert_eq!(home.claim().unwrap().left, None);
    }

    #[test]
    fn a_host_that_was_killed_leaves_what_it_was() {
        let store = tempfile::tempdir().unwrap();
        let home = Home::of(store.path());
        let running = Running::at(Path::new("/run/s"));
        home.claim().unwrap().publish(&running).unwrap();
        assert_eq!(home.claim().unwrap().left, Some(running));
        assert_eq!(home.claim().unwrap().left, None, "it is told once");
    }

    #[test]
    fn a_removed_lock_file_is_made_again_unless_another_host_was_faster() {
        let store = tempfile::tempdir().unwrap();
        let home = Home::of(store.path());
        let mut claim = home.claim().unwrap();
        assert!(!claim.mend().unwrap(), "nothing is wrong");
        fs::remove_dir_all(home.folder()).unwrap();
        assert!(claim.mend().unwrap());
        assert_eq!(home.find().unwrap(), Found::NotReady, "it is held again");
        fs::remove_file(home.folder().join("lock")).unwrap();
        let _other = home.claim().unwrap();
        assert!(matches!(claim.mend(), Err(HomeError::Taken(_))));
        fs::remove_dir_all(store.path()).unwrap();
        assert!(matches!(claim.mend(), Err(HomeError::Io { .. })));
    }

    #[test]
    fn one_at_a_time_starts_a_host() {
        let store = tempfile::tempdir().unwrap();
        let turn = Home::of(store.path()).turn_to_start();
        assert!(turn.is_some());
        drop(turn);
        assert!(Home::of(&store.path().join("not there yet")).turn_to_start().is_some());
    }

    #[test]
    fn a_folder_that_is_open_to_others_is_refused() {
        let store = tempfile::tempdir().unwrap();
        let home = Home::of(store.path());
        DirBuilder::new().mode(0o755).create(home.folder()).unwrap();
        let open = home.claim().unwrap_err().to_string();
        assert!(open.ends_with("is open to others (mode 755)"), "{open}");
        fs::remove_dir(home.folder()).unwrap();
        std::os::unix::fs::symlink(store.path(), home.folder()).unwrap();
        assert!(home.claim().unwrap_err().to_string().ends_with("is no folder"));
    }
}
