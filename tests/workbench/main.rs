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
#[path = "../support/aimock.rs"]
mod aimock;
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod base_judging;
mod bench;
mod calibration;
mod cassettes;
mod chains;
mod clocks;
mod damage;
mod datasets;
mod editing;
mod freshness;
mod histories;
mod interleaving;
#[cfg(test)]
mod judge_freshness;
mod lab;
mod limits;
#[cfg(test)]
mod people;
#[cfg(test)]
mod prices;
mod release_path;
mod reproducing;
#[cfg(test)]
mod reusing;
mod runs;
#[cfg(test)]
mod signing;
#[cfg(test)]
#[path = "../support/ssh.rs"]
mod ssh_tools;
#[cfg(test)]
mod studies;
#[cfg(test)]
mod third_party;
mod tools;
#[cfg(test)]
mod traces;
#[path = "../support/engine.rs"]
mod watched;
