//! A run that dies loses nothing and sends nothing twice.

#[cfg(test)]
mod chain;
#[path = "../support/documents.rs"]
mod documents;
#[cfg(test)]
mod kill;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod support;
