//! The promises of the workbench, each in a file of its name, told through the functions that screens and commands
//! call.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and its shared steps stand outside the test functions"
)]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod support;

#[cfg(test)]
mod approvals;
mod bench;
mod calibration;
mod cassettes;
mod clocks;
mod damage;
mod datasets;
mod editing;
mod freshness;
mod interleaving;
mod lab;
mod limits;
#[cfg(test)]
mod people;
mod release_path;
mod reproducing;
mod runs;
mod tools;
#[cfg(test)]
mod traces;
#[path = "../support/engine.rs"]
mod watched;
