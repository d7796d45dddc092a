//! The key by which the host is known to those who come over SSH.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;

use crate::host::home::HomeError;

/// Reads the host's key, or makes it where there is none.
///
/// # Errors
/// It is no key, others can read it, or the system refuses.
pub fn open(path: &Path) -> Result<PrivateKey, HomeError> {
    let failed = |what: &str, source: io::Error| HomeError::Io {
        what: format!("{what} {}", path.display()),
        source,
    };
    if !fs::exists(path).map_err(|error| failed("cannot look at", error))? {
        make(path).map_err(|error| failed("cannot make the host key", error))?;
    }
    let found = fs::metadata(path).map_err(|error| failed("cannot look at", error))?;
    if found.mode() & 0o077 != 0 {
        let mode = found.mode() & 0o777;
        return Err(HomeError::NotPrivate(format!(
            "the host key {} is open to others (mode {mode:o})",
            path.display()
        )));
    }
    let text = fs::read(path).map_err(|error| failed("cannot read", error))?;
    PrivateKey::from_openssh(text).map_err(|error| failed("no key is in", io::Error::other(error.to_string())))
}

/// Writes a new key under another name first, so that half a key is never found.
fn make(path: &Path) -> io::Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    let key = PrivateKey::new(Ed25519Keypair::from_seed(&seed).into(), "pegbox host").map_err(io::Error::other)?;
    let text = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use russh::keys::HashAlg;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_the_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ssh_host_key");
        let print = |key: &PrivateKey| key.fingerprint(HashAlg::Sha256).to_string();
        let made = print(&open(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(print(&open(&path).unwrap()), made);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(open(&path).unwrap_err().to_string().ends_with("(mode 640)"));
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        fs::write(&path, "no key").unwrap();
        assert!(open(&path).unwrap_err().to_string().starts_with("no key is in "));
        fs::remove_file(&path).unwrap();
        assert_ne!(print(&open(&path).unwrap()), made);
    }
}
