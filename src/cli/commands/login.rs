//! `pegbox login`: joins the host as a person whose key the system's sshd has checked.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::args::Global;
use crate::cli::exit::CliError;
use crate::cli::store_path;
use crate::domain::actor::Actor;
use crate::host::{guest, join};
use crate::text::words;

/// Where sshd puts the command line that was asked for; it is not set where a shell was.
const COMMAND_VARIABLE: &str = "SSH_ORIGINAL_COMMAND";

/// Has the host carry out what the person asked sshd for: a command line, or the screens.
pub fn login(person: &Actor, global: &Global) -> Result<ExitCode, CliError> {
    let asked = std::env::var_os(COMMAND_VARIABLE).unwrap_or_default();
    let asked = words::asked(asked.as_encoded_bytes());
    let asked = asked
        .map_err(|why| CliError::invalid(format!("the command line cannot be read: {why}"), words::QUOTING_HINT))?;
    let words: Vec<OsString> = asked.into_iter().map(OsString::from).collect();
    let store = store_path::resolve(global.store.clone())?;
    let Some(joined) = join::join(&store)? else {
        return Err(CliError::NoStore {
            what: format!("{} has no host, so nobody can log in", store.display()),
            hint: "ask whoever keeps it to start pegbox host".into(),
        });
    };
    Ok(guest::attach(joined, &words, Some(person))?.into())
}
