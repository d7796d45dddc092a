//! The way to a person's own agent, which they may forward with `ssh -A`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use russh::ChannelStream;
use russh::server::{Handle, Msg};

/// One connection's way to the agent at its other end.
#[derive(Clone)]
pub struct AgentLine {
    handle: Handle,
    is_forwarded: Arc<AtomicBool>,
}

impl AgentLine {
    /// That of a connection; `is_forwarded` is set once it offers its agent.
    pub fn new(handle: Handle, is_forwarded: Arc<AtomicBool>) -> Self {
        Self { handle, is_forwarded }
    }

    /// A stream that speaks with the agent.
    ///
    /// # Errors
    /// The agent is not forwarded, or does not answer.
    pub async fn open(&self) -> io::Result<ChannelStream<Msg>> {
        if !self.is_forwarded.load(Ordering::Acquire) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "no agent is forwarded: connect with ssh -A",
            ));
        }
        let channel = self.handle.channel_open_agent().await.map_err(io::Error::other)?;
        Ok(channel.into_stream())
    }
}
