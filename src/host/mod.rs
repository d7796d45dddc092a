//! Sessions: the terminal, the clock, carrying out what a screen asks for.
//! May use: domain, text, workbench, tui.
//! Must never: decide a rule of the domain.

pub mod clock;
mod preferences;

pub use preferences::{Color, Glyphs, Preferences};

/// The ids of the screens' commands, as the configuration binds keys to them.
pub fn command_names() -> Vec<&'static str> {
    Vec::new()
}

/// Every key of the screens as a Markdown table.
pub fn key_table() -> String {
    String::new()
}
