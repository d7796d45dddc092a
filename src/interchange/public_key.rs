//! Files of public keys: `.pub` files and `authorized_keys` files.

use russh::keys::PublicKey;

use super::InterchangeError;
use crate::domain::person_key::PersonKey;

/// Longest line, in bytes: an RSA key of 16,384 bits has fewer than 3,000.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// The option of an `authorized_keys` line by which a key is an authority.
const AUTHORITY: &str = "cert-authority";
/// Options that forbid what the host's SSH never does, or allow what it does: they are kept anyway.
const KEPT_ANYWAY: [&str; 5] = [
    "agent-forwarding",
    "no-port-forwarding",
    "no-user-rc",
    "no-x11-forwarding",
    "pty",
];
/// Options of OpenSSH that are not kept.
const NOT_KEPT: [&str; 13] = [
    "command",
    "environment",
    "expiry-time",
    "from",
    "no-agent-forwarding",
    "no-pty",
    "no-touch-required",
    "permitlisten",
    "permitopen",
    "principals",
    "restrict",
    "tunnel",
    "verify-required",
];
/// How names of algorithms begin.
const ALGORITHMS: [&str; 4] = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"];

/// Reads all keys of a file, each on its line. As authorities, certificates that they signed count, and not they; a
/// line with the option `cert-authority` says so itself. A line with an option that limits the key is refused.
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
    let (options, key) = split(line);
    let mut is_authority = is_authority;
    for option in options_of(options) {
        let name = option.split('=').next().unwrap_or_default().to_ascii_lowercase();
        if option.eq_ignore_ascii_case(AUTHORITY) {
            is_authority = true;
        } else if !KEPT_ANYWAY.contains(&name.as_str()) {
            return Err(cannot_keep(&name));
        }
    }
    let key = PublicKey::from_openssh(key).map_err(|error| format!("this is no public key of OpenSSH: {error}"))?;
    if key.key_data().is_certificate() {
        return Err("this is a certificate: give the key that signed it, as --certificate-authority".into());
    }
    PersonKey::new(&key, is_authority)
}

/// The options that a line begins with, and what follows them.
fn split(line: &str) -> (&str, &str) {
    if ALGORITHMS.iter().any(|start| line.starts_with(start)) {
        return ("", line);
    }
    let end = outside_quotes(line, char::is_whitespace).next().unwrap_or(line.len());
    let (options, key) = line.split_at(end);
    (options, key.trim_start())
}

/// Each option of those with commas between them.
fn options_of(options: &str) -> impl Iterator<Item = &str> {
    let ends = outside_quotes(options, |c| c == ',').chain([options.len()]);
    let mut start = 0;
    let parts = ends.map(move |end| {
        let part = options.get(start..end).unwrap_or_default();
        start = end + 1;
        part
    });
    parts.filter(|part| !part.is_empty())
}

/// Where such characters are that no quotes enclose.
fn outside_quotes(text: &str, is_wanted: impl Fn(char) -> bool) -> impl Iterator<Item = usize> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    text.char_indices().filter_map(move |(at, c)| {
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = c == '\\' && !is_escaped;
        (!is_quoted && is_wanted(c)).then_some(at)
    })
}

/// Why a line with such an option is not taken: the key would be let in without what the option asks for.
fn cannot_keep(option: &str) -> String {
    if NOT_KEPT.contains(&option) {
        return format!(
            "its option {option} is not kept here, and the key would be let in without it: leave it out, or let the \
             person in by the system's sshd, which keeps it, with pegbox login"
        );
    }
    format!(
        "it begins neither with an algorithm, such as ssh-ed25519, nor with an option that means something here, such \
         as {AUTHORITY}: {option} is none"
    )
}
