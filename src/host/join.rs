//! Finding the host of a store, and connecting to it.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::guest::GuestError;
use super::home::{Found, Home, Running};
use super::shared;

/// How often, and after what pause, a host that is starting is looked for again: half a minute in all.
const TRIES: u32 = 600;
const TRY_AGAIN: Duration = Duration::from_millis(50);
/// How often a host that says it is there is tried to be reached.
const CONNECT_TRIES: u32 = 60;

/// A running host of a store, if there is one; one that is starting or stopping is waited for.
///
/// # Errors
/// It cannot be found out.
pub fn find_host(store: &Path) -> Result<Option<Running>, GuestError> {
    let home = Home::of(store);
    for _ in 0..TRIES {
        match home.find()? {
            Found::Nobody => return Ok(None),
            Found::Hidden => return Err(shared::not_yours(store)),
            Found::Running(running) => return Ok(Some(running)),
            Found::NotReady => thread::sleep(TRY_AGAIN),
        }
    }
    Err(GuestError::NotReady)
}

/// Tells a host to stop, and waits until it has.
///
/// # Errors
/// It is not ours to stop, or does not stop.
pub fn stop_host(store: &Path, running: &Running) -> Result<(), GuestError> {
    let no_process = || silent(running, io::Error::from(io::ErrorKind::InvalidData));
    let pid = rustix::process::Pid::from_raw(running.pid).ok_or_else(no_process)?;
    let told = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    told.map_err(|error| silent(running, error.into()))?;
    let home = Home::of(store);
    for _ in 0..TRIES {
        match home.find()? {
            Found::Running(now) if now.pid == running.pid => thread::sleep(TRY_AGAIN),
            Found::NotReady => thread::sleep(TRY_AGAIN),
            // Another one may have taken its place already.
            Found::Nobody | Found::Hidden | Found::Running(_) => return Ok(()),
        }
    }
    Err(GuestError::NotReady)
}

/// A connection to the host of a store.
pub struct Joined {
    stream: std::os::unix::net::UnixStream,
    /// As which account beside root the host must run, where its folder could not be looked into.
    owner: Option<u32>,
}

/// Connects to the host of a store, if there is one.
///
/// # Errors
/// It is there and does not answer.
pub fn join(store: &Path) -> Result<Option<Joined>, GuestError> {
    if Home::of(store).find()? == Found::Hidden {
        let (stream, owner) = shared::connect(store)?;
        return Ok(Some(Joined {
            stream,
            owner: Some(owner),
        }));
    }
    let mut tries = 0;
    while let Some(running) = find_host(store)? {
        match std::os::unix::net::UnixStream::connect(&running.socket) {
            Ok(stream) => return Ok(Some(Joined { stream, owner: None })),
            // It may have just stopped, or another one have taken its place.
            Err(_) if tries < CONNECT_TRIES => thread::sleep(TRY_AGAIN),
            Err(error) => return Err(silent(&running, error)),
        }
        tries += 1;
    }
    Ok(None)
}

impl Joined {
    /// The connection, as tasks want it, inside a runtime.
    ///
    /// # Errors
    /// It leads to another account's process than it should.
    pub(super) fn into_stream(self) -> Result<tokio::net::UnixStream, GuestError> {
        self.stream.set_nonblocking(true)?;
        let stream = tokio::net::UnixStream::from_std(self.stream)?;
        if let Some(owner) = self.owner {
            shared::check_host(stream.peer_cred()?.uid(), owner)?;
        }
        Ok(stream)
    }
}

fn silent(running: &Running, source: io::Error) -> GuestError {
    GuestError::Silent {
        pid: running.pid,
        socket: running.socket.display().to_string(),
        source,
    }
}
