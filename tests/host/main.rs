//! One host, many people: the real binary as a host, and real processes, terminals and hostile peers as its guests.

#![cfg(unix)]

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod commands;
#[cfg(test)]
#[path = "../support/deeds.rs"]
mod deeds;
#[cfg(test)]
mod faults;
#[cfg(test)]
#[expect(dead_code, reason = "other tests need more of it")]
mod house;
#[cfg(test)]
mod lives;
#[cfg(test)]
#[path = "../cli/pegbox.rs"]
mod pegbox;
#[cfg(test)]
mod presence;
#[cfg(test)]
#[path = "../support/routing.rs"]
mod routing;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod ssh;
#[cfg(test)]
#[path = "../support/ssh.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod ssh_tools;
#[cfg(test)]
mod starting;
#[cfg(test)]
mod studies;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod support;
#[cfg(test)]
#[path = "../pty/terminal.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod terminal;
