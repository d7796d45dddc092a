//! The real binary under a pseudo-terminal, read by a terminal emulator as a person would see it.

#[cfg(test)]
mod screens;
#[cfg(test)]
#[expect(dead_code, reason = "the tests of the host need more of it")]
mod terminal;
