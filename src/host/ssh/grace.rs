//! A stream that breaks where nobody has logged in over it in time.
//!
//! The protocol's own timers start anew with every packet, so the deadline is below it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::limits::Ticket;

/// A stream with a deadline, and with its place among those that have not logged in.
pub struct Grace<S> {
    stream: S,
    deadline: Pin<Box<Sleep>>,
    is_known: Arc<AtomicBool>,
    ticket: Option<Ticket>,
}

impl<S> Grace<S> {
    /// The stream breaks after `wait`, unless `is_known` is set by then. The ticket is given back when it is.
    pub fn new(stream: S, wait: Duration, is_known: Arc<AtomicBool>, ticket: Ticket) -> Self {
        Self {
            stream,
            deadline: Box::pin(sleep(wait)),
            is_known,
            ticket: Some(ticket),
        }
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.ticket.is_none() {
            return Ok(());
        }
        if self.is_known.load(Ordering::Acquire) {
            self.ticket = None;
            return Ok(());
        }
        match self.deadline.as_mut().poll(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::TimedOut, "nobody logged in")),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Grace<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Grace<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::host::ssh::limits::Strangers;

    const WAIT: Duration = Duration::from_secs(20);

    #[tokio::test(start_paused = true)]
    async fn whoever_only_keeps_talking_is_cut_off() {
        let strangers = Strangers::none();
        let from = "192.0.2.7".parse().unwrap();
        let (mut near, far) = duplex(64);
        let known = Arc::new(AtomicBool::new(false));
        let mut grace = Grace::new(far, WAIT, Arc::clone(&known), strangers.admit(from).await.unwrap());
        let mut byte = [0];
        for _ in 0..19 {
            near.write_all(b"x").await.unwrap();
            grace.read_exact(&mut byte).await.unwrap();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let cut = grace.read_exact(&mut byte).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_logged_in_stays_and_leaves_a_place() {
        let strangers = Strangers::none();
        let from = "192.0.2.7".parse().unwrap();
        let (mut near, far) = duplex(64);
        let known = Arc::new(AtomicBool::new(true));
        let mut grace = Grace::new(far, WAIT, known, strangers.admit(from).await.unwrap());
        assert_eq!(strangers.count(), 1);
        let mut byte = [0];
        near.write_all(b"xy").await.unwrap();
        grace.read_exact(&mut byte).await.unwrap();
        assert_eq!(strangers.count(), 0);
        tokio::time::advance(WAIT * 2).await;
        grace.read_exact(&mut byte).await.unwrap();
    }
}
