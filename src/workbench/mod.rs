//! The one door: every use case, every rule check, every audit entry.
//! May use: every layer below.
//! Must never: know a screen, a command line or a socket.

mod request;

pub use request::{Answer, Fault, Request};
