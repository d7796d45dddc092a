//! The host's own SSH server: public keys of people in the store, and nothing but sessions.
//!
//! Each connection runs on its own, so that a fault in one ends it alone. Nothing that a connection is told may wait
//! for its output: input goes into bounded buffers at once, output waits for the line and for nothing else.

pub mod agent;
mod connection;
pub mod desk;
mod door;
mod grace;
mod host_key;
mod identify;
pub mod input;
mod limits;
mod line;
mod refusals;
pub mod spool;

pub use door::{Door, SshPlace};
