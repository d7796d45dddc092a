//! The command line as a person or a script meets it: the real binary on stores in temporary folders.

#![expect(
    clippy::unwrap_used,
    reason = "a process that cannot be started or read is a failed test"
)]

mod causes;
mod chains;
mod errors;
mod graders;
mod help;
mod json;
mod judges;
mod keeping;
mod pegbox;
#[cfg(test)]
mod people;
mod reproducing;
mod runs;
mod stores;
mod story;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod triage;
