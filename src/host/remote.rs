//! What goes out to a guest, and the screens on a terminal that only messages lead to.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;

use super::HostError;
use super::caller::Screens;
use super::hosted::gone;
use super::input::{Typed, decode};
use super::session::{Control, Ended, Session, Surface, rescue_typed};
use super::wire::PIECE_BYTES_MAX;

/// Messages that wait for a guest: one on its way, one behind it. A frame is drawn only when nothing waits.
const WAITING_MAX: usize = 1;

/// A message to a guest. Bytes for the same place that were written one after the other go in one.
pub trait Outbound: Sized + Send {
    /// Takes the next message into this one; gives it back where the two are not of one kind, or would be too large.
    fn join(&mut self, next: Self) -> Option<Self>;
}

/// Puts the next bytes behind the first, up to what goes in one message.
pub fn join_bytes(first: &mut Vec<u8>, next: Vec<u8>) -> Option<Vec<u8>> {
    if first.len() + next.len() > PIECE_BYTES_MAX {
        return Some(next);
    }
    first.extend(next);
    None
}

/// What waits for a guest. Nothing in it waits for a time: what is taken out is sent, and what comes meanwhile is
/// joined, so that many small rows are few messages and a single one goes at once.
pub fn outbox<M: Outbound>() -> (Outbox<M>, Outgoing<M>) {
    let (signal, signals) = mpsc::channel(WAITING_MAX);
    let queue = Arc::new(Mutex::new(VecDeque::new()));
    let outgoing = Outgoing {
        queue: Arc::clone(&queue),
        signals,
    };
    (Outbox { queue, signal }, outgoing)
}

/// The way to a guest.
#[derive(Debug)]
pub struct Outbox<M> {
    queue: Arc<Mutex<VecDeque<M>>>,
    /// One for each message in the queue; whoever sends waits until it is taken.
    signal: mpsc::Sender<()>,
}

impl<M> Clone for Outbox<M> {
    fn clone(&self) -> Self {
        Self {
            queue: Arc::clone(&self.queue),
            signal: self.signal.clone(),
        }
    }
}

impl<M: Outbound> Outbox<M> {
    /// Whether the guest is gone.
    pub fn is_closed(&self) -> bool {
        self.signal.is_closed()
    }

    /// Sends a message. Waits while the guest is slow.
    ///
    /// # Errors
    /// The guest is gone.
    pub async fn send(&self, message: M) -> io::Result<()> {
        if self.is_joined(message)? {
            return Ok(());
        }
        told(self.signal.send(()).await)
    }

    /// The same from a thread that may block.
    ///
    /// # Errors
    /// The guest is gone.
    pub fn post(&self, message: M) -> io::Result<()> {
        if self.is_joined(message)? {
            return Ok(());
        }
        told(tokio::task::block_in_place(|| self.signal.blocking_send(())))
    }

    /// Waits until the last message has been taken.
    pub async fn taken(&self) {
        // A guest that is gone takes everything.
        let _ = self.signal.reserve().await;
    }

    /// Puts a message where it waits. Whether it went into one that is told of already.
    fn is_joined(&self, message: M) -> io::Result<bool> {
        if self.is_closed() {
            return Err(gone());
        }
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let left = match queue.back_mut() {
            Some(last) => last.join(message),
            None => Some(message),
        };
        let is_joined = left.is_none();
        queue.extend(left);
        Ok(is_joined)
    }
}

/// Whether a guest that is there was told.
fn told(sent: Result<(), SendError<()>>) -> io::Result<()> {
    match sent {
        Ok(()) => Ok(()),
        // All that this error holds is the signal.
        Err(_) => Err(gone()),
    }
}

/// Where the messages to a guest come out.
#[derive(Debug)]
pub struct Outgoing<M> {
    queue: Arc<Mutex<VecDeque<M>>>,
    signals: mpsc::Receiver<()>,
}

impl<M> Outgoing<M> {
    /// The next message; none when nobody sends any more.
    pub async fn next(&mut self) -> Option<M> {
        // Whoever gave up waiting has left a message and no signal: such are taken at the end.
        let _ = self.signals.recv().await;
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Sends the bytes that are written. Blocks while the guest is slow; fails when it is gone.
#[derive(Debug)]
pub struct Outlet<M> {
    outbox: Outbox<M>,
    message: fn(Vec<u8>) -> M,
}

impl<M> Outlet<M> {
    /// An outlet for bytes of one kind.
    pub fn new(outbox: Outbox<M>, message: fn(Vec<u8>) -> M) -> Self {
        Self { outbox, message }
    }
}

impl<M: Outbound> Write for Outlet<M> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outbox.post((self.message)(bytes.to_owned()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs the screens until they end. `typed` ends when the terminal is gone.
///
/// # Errors
/// The terminal failed, or a screen panicked.
pub async fn run_remote<M: Outbound, S: Surface>(
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

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::Poll;

    use super::*;

    async fn is_pending(mut future: Pin<&mut impl Future>) -> bool {
        std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }

    #[derive(Debug, PartialEq, Eq)]
    enum Said {
        Out(Vec<u8>),
        Err(Vec<u8>),
        End,
    }

    impl Outbound for Said {
        fn join(&mut self, next: Self) -> Option<Self> {
            match (self, next) {
                (Self::Out(first), Self::Out(next)) => join_bytes(first, next).map(Self::Out),
                (Self::Err(first), Self::Err(next)) => join_bytes(first, next).map(Self::Err),
                (_, next) => Some(next),
            }
        }
    }

    /// All that comes out, for a guest that takes nothing until all is written.
    async fn taken(mut outgoing: Outgoing<Said>) -> Vec<Said> {
        let mut all = Vec::new();
        while let Some(message) = outgoing.next().await {
            all.push(message);
        }
        all
    }

    #[tokio::test]
    async fn what_is_written_in_a_row_goes_in_one_message_and_order_stays() {
        let (outbox, outgoing) = outbox();
        let writing = tokio::spawn(async move {
            for text in ["one ", "two ", "three"] {
                outbox.send(Said::Out(text.into())).await.unwrap();
            }
            outbox.send(Said::Err("a warning".into())).await.unwrap();
            outbox.send(Said::Out("four".into())).await.unwrap();
            outbox.send(Said::End).await.unwrap();
        });
        let all = taken(outgoing).await;
        writing.await.unwrap();
        let expected = [
            Said::Out("one two three".into()),
            Said::Err("a warning".into()),
            Said::Out("four".into()),
            Said::End,
        ];
        assert_eq!(all, expected);
    }

    #[tokio::test]
    async fn one_row_goes_at_once_and_a_frame_is_drawn_when_it_is_taken() {
        let (outbox, mut outgoing) = outbox();
        outbox.send(Said::Out("row".into())).await.unwrap();
        let mut is_taken = Box::pin(outbox.taken());
        assert!(is_pending(is_taken.as_mut()).await);
        assert_eq!(outgoing.next().await, Some(Said::Out("row".into())));
        is_taken.await;
    }

    #[tokio::test]
    async fn a_guest_that_takes_nothing_holds_up_whoever_writes() {
        let (outbox, mut outgoing) = outbox();
        let row = vec![b'x'; PIECE_BYTES_MAX / 2];
        let writing = tokio::spawn({
            let outbox = outbox.clone();
            async move {
                for _ in 0..100 {
                    outbox.send(Said::Out(row.clone())).await.unwrap();
                }
            }
        });
        // It writes until it has to wait.
        tokio::task::yield_now().await;
        let waiting: usize = outbox.queue.lock().unwrap().len();
        assert!(waiting <= 2, "{waiting} messages wait");
        for _ in 0..50 {
            let piece = outgoing.next().await.unwrap();
            assert_eq!(piece, Said::Out(vec![b'x'; PIECE_BYTES_MAX]));
        }
        writing.await.unwrap();
        drop(outgoing);
        assert!(outbox.is_closed());
        assert!(outbox.send(Said::End).await.is_err(), "the guest is gone");
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_has_sent_all_the_same() {
        let (outbox, outgoing) = outbox();
        outbox.send(Said::Err("why".into())).await.unwrap();
        let mut given_up = Box::pin(outbox.send(Said::End));
        assert!(is_pending(given_up.as_mut()).await);
        drop(given_up);
        drop(outbox);
        assert_eq!(taken(outgoing).await, [Said::Err("why".into()), Said::End]);
    }
}
