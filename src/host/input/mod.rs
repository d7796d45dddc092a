//! What is typed on a terminal far away: bytes, as they come over a socket or a network, become messages.

mod keys;
mod lexer;

use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::tui::msg::Msg;
use lexer::Lexer;

/// Messages that wait for the session; a person types far less while a frame is drawn.
const WAITING_MAX: usize = 256;

/// What comes from a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Another size.
    Resized(Size),
}

/// Turns what is typed into messages, inside a runtime. They end when `typed` does.
pub fn decode(mut typed: mpsc::Receiver<Typed>) -> mpsc::Receiver<Msg> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let mut lexer = Lexer::default();
        let mut tokens = Vec::new();
        // From the last byte, and not from the last time that anything was looked at.
        let mut deadline = None;
        loop {
            tokio::select! {
                piece = typed.recv() => match piece {
                    Some(Typed::Bytes(bytes)) => lexer.feed(&bytes, &mut tokens),
                    Some(Typed::Resized(size)) => {
                        if sender.send(Msg::Resize(size)).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    None => return,
                },
                () = until(deadline) => lexer.flush(&mut tokens),
            }
            deadline = lexer.held().map(|held| Instant::now() + held);
            for msg in tokens.drain(..).filter_map(keys::message) {
                if sender.send(msg).await.is_err() {
                    return;
                }
            }
        }
    });
    receiver
}

/// Waits for a moment, or for ever where there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
