//! The screens on a terminal that only messages lead to.

use std::io::{self, Write};

use ratatui::layout::Size;
use tokio::sync::mpsc;

use super::HostError;
use super::caller::Screens;
use super::input::{Typed, decode};
use super::session::{Control, Ended, Session, Surface, rescue_typed};

/// Messages that wait for a guest: one on its way, one behind it. A frame is drawn only when nothing waits.
pub const WAITING_MAX: usize = 1;

/// Sends the bytes that are written, each time as one message. Blocks while the guest is slow; fails when it is gone.
#[derive(Debug)]
pub struct Outlet<M> {
    sender: mpsc::Sender<M>,
    message: fn(Vec<u8>) -> M,
}

impl<M> Outlet<M> {
    /// An outlet for bytes of one kind.
    pub fn new(sender: mpsc::Sender<M>, message: fn(Vec<u8>) -> M) -> Self {
        Self { sender, message }
    }
}

impl<M: Send> Write for Outlet<M> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        post(&self.sender, (self.message)(bytes.to_owned()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends a message from a thread that may block.
///
/// # Errors
/// The guest is gone.
pub fn post<M: Send>(sender: &mpsc::Sender<M>, message: M) -> io::Result<()> {
    match tokio::task::block_in_place(|| sender.blocking_send(message)) {
        Ok(()) => Ok(()),
        // All that this error holds is the message.
        Err(_) => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
    }
}

/// Runs the screens until they end. `typed` ends when the terminal is gone.
///
/// # Errors
/// The terminal failed, or a screen panicked.
pub async fn run_remote<M: Send, S: Surface>(
    screens: Screens,
    surface: S,
    outlet: Outlet<M>,
    size: Size,
    typed: mpsc::Receiver<Typed>,
    control: mpsc::Receiver<Control>,
) -> Result<Ended, HostError> {
    let input = decode(typed);
    let mut session = Session::new(screens, surface, outlet, size)?;
    let ended = session.run(input, control).await;
    let ended = rescue_typed(&session, ended)?;
    session.park(ended);
    Ok(ended)
}
