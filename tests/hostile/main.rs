//! The real binary against servers that mean no good: what a run says of each, that it does not hammer them, and that
//! no key gets anywhere but to the server that it is for.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its shared steps stand outside the test functions"
)]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod support;

mod bodies;
mod certificates;
mod desk;
#[path = "../support/documents.rs"]
mod documents;
mod keys;
mod limits;
mod names;
mod silence;
mod tls;
