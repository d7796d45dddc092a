//! People who may act in a store, what they may do, and what proves who they are.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::reason::Reason;
use super::time::Timestamp;

/// What a person may do. Reading is open to everybody who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, and changes nothing.
    ReadOnly,
    /// Writes prompts, datasets, suites and chains, runs them, and asks for reviews.
    Author,
    /// Decides reviews.
    Reviewer,
    /// Promotes what was approved, and rolls back.
    Releaser,
    /// Adds people, sets the policy, and looks after the store.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [
        Self::ReadOnly,
        Self::Author,
        Self::Reviewer,
        Self::Releaser,
        Self::Admin,
    ];

    /// The word in commands and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Author => "author",
            Self::Reviewer => "reviewer",
            Self::Releaser => "releaser",
            Self::Admin => "admin",
        }
    }
}

/// A public key by which a person is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonKey {
    /// Algorithm and key as in an `authorized_keys` file, without options and comment. Begins with `cert-authority `
    /// where certificates that it signed for the person's name count, and not the key itself.
    pub public_key: String,
    /// SHA-256 fingerprint as OpenSSH prints it, such as `SHA256:...`.
    pub fingerprint: String,
}

/// Whether a person is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// They are.
    Active,
    /// Not any more. The record stays, since others name the person.
    Removed,
}

/// A person, as the newest change of their record says. Earlier ones are in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name under which they act.
    pub name: Actor,
    /// What they may do, in order, each once.
    pub roles: Vec<Role>,
    /// The keys that let them in over SSH and that may sign for them.
    pub keys: Vec<PersonKey>,
    /// Numbers of the accounts of the host's machine that are theirs.
    pub accounts: Vec<u32>,
    /// Whether they are let in.
    pub standing: Standing,
    /// Who changed this last.
    pub changed_by: Actor,
    /// When.
    pub changed_at: Timestamp,
    /// Why.
    pub reason: Reason,
}
