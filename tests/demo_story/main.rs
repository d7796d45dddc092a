//! The demo's story, told by the functions that screens and commands call, on a real store in a temporary folder.

#[cfg(test)]
mod stopped;
#[cfg(test)]
mod story;
#[cfg(test)]
#[path = "../support/engine.rs"]
mod watched;
