//! Asking the host of a store for something, where no terminal and no person is concerned.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::guest::GuestError;
use super::join::Joined;
use super::wire::{self, Hello, PROTOCOL, ToGuest, ToHost, WireError};

/// How long the host may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What a command line prints that the host carries out.
///
/// # Errors
/// The host says no, is of another version, or takes too long.
pub fn ask(joined: Joined, words: &[&str]) -> Result<Vec<u8>, GuestError> {
    let hello = Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        person: None,
        folder: PathBuf::from("/"),
        variables: super::caller::Variables::to_send(),
        terminals: [false; 3],
        size: (0, 0),
        is_looking: true,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match tokio::time::timeout(ANSWER_WAIT, converse(joined, hello)).await {
            Ok(answer) => answer,
            Err(late) => Err(GuestError::HostGone(io::Error::from(late).into())),
        }
    })
}

async fn converse(joined: Joined, hello: Hello) -> Result<Vec<u8>, GuestError> {
    let mut stream = joined.into_stream()?;
    let sent = wire::send(&mut stream, ToHost::Hello(Box::new(hello))).await;
    sent.map_err(GuestError::HostGone)?;
    let mut answer = Vec::new();
    loop {
        match wire::receive(&mut stream).await.map_err(GuestError::HostGone)? {
            ToGuest::Refused(refusal) => return Err(GuestError::Refused(refusal)),
            ToGuest::Output(bytes) if answer.len() + bytes.len() > ANSWER_BYTES_MAX => {
                return Err(GuestError::HostGone(WireError::TooLong(answer.len() + bytes.len())));
            }
            ToGuest::Output(bytes) => answer.extend(bytes),
            ToGuest::Exit(_) => return Ok(answer),
            // It has no input, no terminal and nobody to be told anything.
            _ => {}
        }
    }
}
