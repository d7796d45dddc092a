//! The real binary under a pseudo-terminal, read by a terminal emulator as a person would see it.

#[cfg(test)]
mod screens;
#[cfg(test)]
mod terminal;
