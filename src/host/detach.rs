//! Starting a host in the background: this program once more, in a session of its own, with its words in the log.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::guest::GuestError;
use super::home::Home;
use super::log;

/// Starts the command that becomes the host, and waits until it says that it is ready.
///
/// # Errors
/// It ended before it was: with what it said last.
pub fn start_detached(mut command: Command, home: &Home) -> Result<(), GuestError> {
    home.make()?;
    let mut child = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log::open(&home.log())?)
        .spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    if !line.is_empty() {
        return Ok(());
    }
    let status = child.wait()?;
    let text = std::fs::read_to_string(home.log()).unwrap_or_default();
    let why = text.lines().rev().find_map(|line| line.strip_prefix("error: "));
    Err(GuestError::NotStarted(match why {
        Some(why) => why.to_owned(),
        None => format!("it ended with {status}"),
    }))
}

/// Leaves the terminal and the session that this process was started from, so that their end is not its own.
pub fn leave_session() {
    // It fails only for a process that leads its group, which has left already.
    let _ = rustix::process::setsid();
}
