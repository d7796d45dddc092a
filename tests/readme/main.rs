//! The README shows what is there: its pictures are drawn by the real screens, its key table is the command table.
//! `PEGBOX_BLESS=1 cargo test --test readme` writes both anew.

#[cfg(test)]
mod keys;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod screens;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod service;

/// Whether what is checked in is to be written anew.
#[cfg(test)]
fn is_blessing() -> bool {
    std::env::var_os("PEGBOX_BLESS").is_some()
}
