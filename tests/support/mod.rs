//! What several test binaries need.

pub mod server;
#[cfg(unix)]
pub mod small_disk;
