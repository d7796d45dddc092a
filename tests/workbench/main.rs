//! The promises of the workbench, each in a file of its name, told through the functions that screens and commands
//! call.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and its shared steps stand outside the test functions"
)]

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod cassettes;
mod damage;
mod datasets;
mod editing;
mod freshness;
mod interleaving;
mod lab;
mod limits;
mod release_path;
mod reproducing;
mod runs;
mod tools;
#[path = "../support/engine.rs"]
mod watched;
