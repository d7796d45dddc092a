//! The records on disk: an ordered, transactional store with an audit chain, and how each record lies in it.
//! It may use the domain, and alone knows sled, bincode and zstd.
//! It must never know a provider, a screen or a permission, and never return bytes whose checksum was not verified.

pub mod chain;
pub mod embedded;
pub mod engine;
pub mod envelope;
mod error;
mod fields;
pub mod memory;
mod pending;
mod scan;
