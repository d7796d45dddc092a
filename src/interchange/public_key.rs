//! Files of public keys: `.pub` files and `authorized_keys` files.

use russh::keys::PublicKey;

use super::InterchangeError;
use crate::domain::person_key::PersonKey;

/// Longest line, in bytes: an RSA key of 16,384 bits has fewer than 3,000.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// The only option of an `authorized_keys` line that means something here.
const AUTHORITY: &str = "cert-authority";
/// How names of algorithms begin.
const ALGORITHMS: [&str; 4] = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"];

/// Reads all keys of a file, each on its line. As authorities, certificates that they signed count, and not they; a
/// line with the option `cert-authority` says so itself.
///
/// # Errors
/// A line that is no public key, or one of a key that proves too little.
pub fn read(text: &str, are_authorities: bool) -> Result<Vec<PersonKey>, InterchangeError> {
    let mut keys: Vec<PersonKey> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = read_line(line, are_authorities).map_err(|why| InterchangeError::Key { line: index + 1, why })?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        let why = "there is no key".to_owned();
        return Err(InterchangeError::Key { line: 1, why });
    }
    Ok(keys)
}

fn read_line(line: &str, is_authority: bool) -> Result<PersonKey, String> {
    if line.starts_with("-----BEGIN") || line.starts_with("PuTTY-User-Key") {
        return Err("this is a private key, which nobody else should have: give the file that ends in .pub".into());
    }
    if line.starts_with("---- BEGIN SSH2 PUBLIC KEY") {
        return Err("this is a key in the form of RFC 4716: turn it with ssh-keygen -i -f FILE".into());
    }
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("longer than {LINE_BYTES_MAX} bytes: no public key is"));
    }
    let (options, key) = match line.split_once(char::is_whitespace) {
        Some((first, rest)) if !ALGORITHMS.iter().any(|start| first.starts_with(start)) => (first, rest.trim_start()),
        _ => ("", line),
    };
    if !matches!(options, "" | AUTHORITY) {
        return Err(format!(
            "it begins neither with an algorithm, such as ssh-ed25519, nor with {AUTHORITY}, the only option that \
             means something here"
        ));
    }
    let key = PublicKey::from_openssh(key).map_err(|error| format!("this is no public key of OpenSSH: {error}"))?;
    if key.key_data().is_certificate() {
        return Err("this is a certificate: give the key that signed it, as --certificate-authority".into());
    }
    PersonKey::new(&key, is_authority || options == AUTHORITY)
}
