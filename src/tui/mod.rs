//! Screens: messages in, effects out, a frame drawn.
//! May use: `domain`, `text`, and the workbench's plain types (`Request`, `Answer`, `Fault`).
//! Must never: know a store, a provider, a clock, a runtime, the environment, or the terminal it is shown on.

pub mod app;
pub mod command;
pub mod danger;
pub mod effect;
pub mod input;
pub mod keymap;
pub mod layout;
pub mod msg;
pub mod overlays;
pub mod screens;
pub mod session_info;
pub mod theme;
pub mod widgets;
