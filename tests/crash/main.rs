//! The real process is killed, or its disk fills up, at random moments of everything that it does: what it acknowledged
//! is there, the store is sound, and no finished example is sent again.
//!
//! Everything random follows from a seed, which is printed; `PEGBOX_SEED` repeats it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its shared steps stand outside the test functions"
)]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod support;

mod acts;
mod chance;
mod copies;
#[path = "../support/documents.rs"]
mod documents;
#[cfg(unix)]
mod full_disk;
mod kills;
mod ledger;
mod process;
#[cfg(test)]
#[path = "../support/small_disk.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod small_disk;
mod world;
