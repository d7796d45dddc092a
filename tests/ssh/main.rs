//! The host's own SSH server, under the real `ssh`, `ssh-keygen` and `ssh-agent`, and under hostile peers.

#![cfg(unix)]

#[cfg(test)]
#[cfg(target_os = "linux")]
mod broken_input;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod broken_lines;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod crowds;
#[cfg(test)]
mod ending;
#[cfg(test)]
#[path = "../host/house.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod house;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod panics;
#[cfg(test)]
#[path = "../cli/pegbox.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod pegbox;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod proxy;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod site;
#[cfg(test)]
#[path = "../support/ssh.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod ssh_tools;
#[cfg(test)]
#[path = "../pty/terminal.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod terminal;
