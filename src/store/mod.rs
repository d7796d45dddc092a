//! The records on disk: an ordered, transactional store with an audit chain, and how each record lies in it.
//! It may use the domain, and alone knows sled, bincode and zstd.
//! It must never know a provider, a screen or a permission, and never return bytes whose checksum was not verified.

mod advance;
mod alias;
mod answers;
pub mod audit_chain;
mod audit_export;
mod chain;
mod compression;
mod dataset;
pub mod embedded;
pub mod engine;
pub mod envelope;
mod error;
mod export;
mod fields;
mod frozen;
mod import;
mod keys;
mod label;
pub mod memory;
mod pending;
mod person;
mod prompt;
mod quarantine;
mod record;
mod records;
mod release;
mod run;
mod scan;
pub mod signature;
mod suite;
mod trace;
mod triage;
mod variant;
pub mod verify;

pub use audit_export::AuditExported;
pub use export::Exported;
pub use import::Chain;
pub use records::{Change, Store, StoreError};
pub use run::OUTCOMES_PER_PAGE;
