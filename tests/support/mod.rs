//! What several test binaries need.

pub mod aimock;
pub mod server;
