//! The command line as a person or a script meets it: the real binary on stores in temporary folders.

#![expect(
    clippy::unwrap_used,
    reason = "a process that cannot be started or read is a failed test"
)]

mod causes;
mod chains;
#[cfg(test)]
mod damaged;
#[path = "../support/deeds.rs"]
mod deeds;
mod errors;
mod graders;
mod help;
mod json;
mod judges;
mod keeping;
mod measuring;
mod pegbox;
#[cfg(test)]
mod people;
mod reproducing;
#[cfg(test)]
#[path = "../support/routing.rs"]
mod routing;
mod runs;
mod signing;
#[cfg(test)]
#[path = "../support/ssh.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod ssh_tools;
mod stores;
mod story;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod triage;
