//! Sessions: the terminal, the clock, the environment, and carrying out what screens order. The host of a store, and
//! the guests that join it.
//! May use: `tui`, `workbench`, `text`, `domain`; crossterm, tokio.
//! Must never: decide a rule of the domain, or draw other than through `tui`.

pub mod accounts;
#[cfg(unix)]
mod admission;
#[cfg(unix)]
pub mod asking;
#[cfg(unix)]
mod attached;
pub mod caller;
pub mod capability;
pub mod clipboard;
pub mod clock;
#[cfg(unix)]
pub mod detach;
pub mod editor;
pub mod fence;
#[cfg(unix)]
pub mod guest;
#[cfg(unix)]
pub mod home;
#[cfg(unix)]
mod hosted;
mod input;
#[cfg(unix)]
pub mod join;
#[cfg(unix)]
mod lending;
mod log;
#[cfg(unix)]
mod needs;
pub mod parking;
mod preferences;
#[cfg(unix)]
mod remote;
mod rescue;
pub mod screen_out;
mod screens;
#[cfg(unix)]
pub mod serve;
pub mod session;
#[cfg(unix)]
pub mod shared;
pub mod signing;
#[cfg(unix)]
pub mod ssh;
#[cfg(unix)]
mod standing;
pub mod terminal;
pub mod tty;
#[cfg(unix)]
mod wire;

pub use preferences::{ColourWish, Glyphs, Preferences};
pub use screens::{Arrival, Opening, keymap, open_screens};

use serde_json::json;

use crate::tui::command::{COMMANDS, Command, markdown_table};

/// Why a session could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Input or output is no terminal.
    #[error("the workbench needs a terminal: input or output is a file or a pipe")]
    NoTerminal,
    /// Somebody came over SSH without a terminal.
    #[error("the screens need a terminal, and this connection has none")]
    NoPty,
    /// A terminal on which nothing can be drawn.
    #[error("the screens cannot be drawn on a terminal whose TERM is {0:?}")]
    PoorTerminal(String),
    /// The terminal refused something.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] std::io::Error),
    /// The session had to end while the store took nothing. Says for each text where it is now.
    #[error("the session ended before what was typed could be stored: {0}")]
    NotStored(String),
    /// Our own fault: a screen panicked. The session ended; nothing stored is harmed.
    #[error("a screen failed: {0}")]
    Panicked(String),
}

/// The ids of the screens' commands, as the configuration binds keys to them.
pub fn command_names() -> Vec<&'static str> {
    COMMANDS.iter().map(|command| command.name).collect()
}

/// Every command of the screens with its keys, for machines.
pub fn key_rows() -> serde_json::Value {
    let row = |command: &Command| {
        let scopes: Vec<&str> = command.scopes.iter().map(|scope| scope.title()).collect();
        json!({ "command": command.name, "keys": command.keys, "where": scopes, "help": command.help })
    };
    COMMANDS.iter().map(row).collect()
}

/// Every key of the screens as a Markdown table.
pub fn key_table() -> String {
    markdown_table()
}
