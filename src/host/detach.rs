//! Starting a host in the background: this program once more, in a session of its own, with its words in the log.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::{Command, Stdio};

use super::guest::GuestError;
use super::home::Home;
use super::log;
use crate::text::Printable;

/// So much of what a host has logged is shown where it did not start.
const LOG_BYTES_MAX: u64 = 4 << 10;

/// Starts the command that becomes the host, and waits until it says that it is ready.
///
/// # Errors
/// It ended before it was: with what it said.
pub fn start_detached(mut command: Command, home: &Home) -> Result<(), GuestError> {
    home.make()?;
    let mut log = log::open(&home.log())?;
    let log_start = log.seek(SeekFrom::End(0))?;
    let mut child = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    if !line.is_empty() {
        return Ok(());
    }
    let status = child.wait()?;
    let said = logged_since(home, log_start).unwrap_or_default();
    Err(GuestError::NotStarted(if said.is_empty() {
        format!("it ended with {status}")
    } else {
        said
    }))
}

/// What was logged from there on, as one line.
fn logged_since(home: &Home, start: u64) -> std::io::Result<String> {
    let mut file = File::open(home.log())?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("error: ").unwrap_or(line))
        .collect();
    Ok(Printable::line(&lines.join("; ")).to_string())
}

/// Leaves the terminal and the session that this process was started from, so that their end is not its own.
pub fn leave_session() {
    // It fails only for a process that leads its group, which has left already.
    let _ = rustix::process::setsid();
}
