//! The socket for other accounts of this machine: in a folder beside the store's, which itself stays closed to them.
//!
//! Whoever can name the store can name that folder, `STORE.host`, without having entered anything. Its group may pass
//! through it and use the socket, and neither can list nor change it. Since anybody might make a folder of that name
//! where none is, a guest believes only a host that runs as the account to which the store belongs, or as root.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::process::getuid;

use super::accounts::{account_name, group_name, group_number, shown_account};
use super::guest::GuestError;
use super::home::{HomeError, failed, fits};

/// What the folder's name has behind the store's.
const SUFFIX: &str = ".host";
/// The account that may change every file.
const ROOT: u32 = 0;

/// A group of this machine whose members reach a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// As it was given.
    pub name: String,
    number: u32,
}

impl FromStr for Group {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(Self {
            name: name.to_owned(),
            number: group_number(name)?,
        })
    }
}

/// The folder of a store's socket for others.
pub fn folder(store: &Path) -> PathBuf {
    let path = fs::canonicalize(store).or_else(|_| std::path::absolute(store));
    let mut path = path.unwrap_or_else(|_| store.to_owned()).into_os_string();
    path.push(SUFFIX);
    path.into()
}

/// A store's socket for others.
fn socket(store: &Path) -> PathBuf {
    folder(store).join("socket")
}

/// Makes the folder for a group, and says where the socket goes.
///
/// # Errors
/// It belongs to somebody else, or this account may not make it or give it to the group.
pub(super) fn make(store: &Path, group: &Group) -> Result<PathBuf, HomeError> {
    let folder = folder(store);
    let socket = folder.join("socket");
    if !fits(&socket) {
        return Err(HomeError::NotShared {
            what: format!("{} is too long a path for a socket", socket.display()),
            hint: "put the store where its path is shorter".into(),
        });
    }
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(not_shared(&folder, group, &format!("cannot be made: {error}"))),
    }
    let found = fs::symlink_metadata(&folder).map_err(|error| failed("cannot look at", &folder, error))?;
    if !found.is_dir() {
        return Err(not_shared(&folder, group, "is no folder"));
    }
    if found.uid() != getuid().as_raw() {
        let why = format!("belongs to the account {}", shown_account(found.uid()));
        return Err(not_shared(&folder, group, &why));
    }
    give(&folder, group, 0o710)?;
    Ok(socket)
}

/// Why a file of ours cannot be for a group, and what root is to do.
fn not_shared(path: &Path, group: &Group, why: &str) -> HomeError {
    let own = called(getuid().as_raw());
    HomeError::NotShared {
        what: format!("{} {why}", path.display()),
        hint: format!(
            "have root make it: usermod -aG {} {own}, and install -d -o {own} -g {} -m 710 FOLDER",
            group.name, group.name
        ),
    }
}

/// Gives a file of ours to a group.
///
/// # Errors
/// The account is no member of it.
pub(super) fn give(path: &Path, group: &Group, mode: u32) -> Result<(), HomeError> {
    let refused = |error: io::Error| {
        if error.kind() == io::ErrorKind::PermissionDenied {
            let why = format!(
                "cannot be given to the group {}, of which this account is no member",
                group.name
            );
            not_shared(path, group, &why)
        } else {
            failed("cannot give to the group", path, error)
        }
    };
    chown(path, None, Some(group.number)).map_err(refused)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(refused)
}

/// Takes the socket and its folder away, where there is nothing else in it. A folder that root made for this account
/// stays, since only root may remove it.
pub(super) fn remove(store: &Path) {
    // Nobody is harmed by what is left: a socket without a host answers nobody.
    let _ = fs::remove_file(socket(store));
    let _ = fs::remove_dir(folder(store));
}

/// Connects to the host of a store whose folder is closed to this account. Gives the account beside root as which that
/// host must run.
///
/// # Errors
/// There is no such host, or it lets this account not in.
pub(super) fn connect(store: &Path) -> Result<(UnixStream, u32), GuestError> {
    let owner = fs::metadata(store)
        .map_err(|error| failed("cannot look at", store, error))?
        .uid();
    let socket = socket(store);
    let own = shown_account(getuid().as_raw());
    match UnixStream::connect(&socket) {
        Ok(stream) => Ok((stream, owner)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(GuestError::Closed {
            what: format!(
                "the host of {} lets in {}, and you are {own}",
                store.display(),
                members(store)
            ),
            hint: "ask root to make you a member (usermod -aG GROUP LOGIN), then log in again".into(),
        }),
        Err(_) => Err(GuestError::Closed {
            what: format!(
                "{} belongs to the account {}, you are {own}, and no host lets you in at {}",
                store.display(),
                shown_account(owner),
                socket.display()
            ),
            hint: format!(
                "ask {} to start one that does: pegbox host --group GROUP",
                called(owner)
            ),
        }),
    }
}

/// The account that a store belongs to.
fn owner_of(store: &Path) -> Result<u32, GuestError> {
    let found = fs::metadata(store).map_err(|error| GuestError::Closed {
        what: format!(
            "{} cannot be reached by the account {}: {error}",
            store.display(),
            shown_account(getuid().as_raw())
        ),
        hint: "ask whoever keeps the store to put it where a group may pass, such as below /srv".into(),
    })?;
    Ok(found.uid())
}

/// For whom the folder is.
fn members(store: &Path) -> String {
    match fs::metadata(folder(store)).map(|found| found.gid()) {
        Ok(number) => format!(
            "members of the group {}",
            group_name(number).unwrap_or_else(|| number.to_string())
        ),
        Err(_) => "members of a group".to_owned(),
    }
}

/// Why a store's host is not this account's to look at and to stop.
pub(super) fn not_yours(store: &Path) -> GuestError {
    let owner = match owner_of(store) {
        Ok(owner) => owner,
        Err(error) => return error,
    };
    GuestError::Closed {
        what: format!(
            "the host of {} is that of the account {}, which alone looks at it and stops it",
            store.display(),
            shown_account(owner)
        ),
        hint: format!("see who is there with pegbox who; ask {} for all else", called(owner)),
    }
}

/// Checks that the process behind a socket for others is the one that is meant.
///
/// # Errors
/// It is that of an account to which the store does not belong.
pub(super) fn check_host(found: u32, owner: u32) -> Result<(), GuestError> {
    if found == owner || found == ROOT {
        return Ok(());
    }
    Err(GuestError::Closed {
        what: format!(
            "what answers for the host is a process of the account {}, and the store belongs to the account {}",
            shown_account(found),
            shown_account(owner)
        ),
        hint: format!("tell {}: it is no host of theirs", called(owner)),
    })
}

fn called(account: u32) -> String {
    account_name(account).unwrap_or_else(|| format!("account {account}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_beside_the_store_however_it_is_named() {
        let place = tempfile::tempdir().unwrap();
        let place = fs::canonicalize(place.path()).unwrap();
        let store = place.join("prompts");
        let beside = place.join("prompts.host");
        assert_eq!(folder(&store), beside, "before it is there");
        fs::create_dir(&store).unwrap();
        std::os::unix::fs::symlink(&store, place.join("link")).unwrap();
        for named in ["prompts", "prompts/", "prompts/../prompts", "link"] {
            assert_eq!(folder(&place.join(named)), beside, "{named}");
        }
    }

    #[test]
    fn only_the_owner_of_the_store_or_root_is_believed() {
        assert!(check_host(4_001, 4_001).is_ok());
        assert!(check_host(ROOT, 4_001).is_ok());
        let refused = check_host(4_002, 4_001).unwrap_err().to_string();
        assert!(refused.contains("a process of the account number 4002"), "{refused}");
    }
}
