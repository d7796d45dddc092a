//! A quarantine keeps a flaky example out of the gates of a suite, by somebody's decision and with a reason. It never
//! hides the example: runs ask it, and every gate lists what was left out.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{ExampleId, SuiteName};
use super::reason::Reason;
use super::time::Timestamp;

/// What was decided about an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineKind {
    /// It does not count in gates from now on.
    Placed,
    /// It counts again.
    Lifted,
}

impl QuarantineKind {
    /// The word in records and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Lifted => "lifted",
        }
    }
}

/// A decision about one example in the gates of one suite, whatever its version. The newest one holds. Another content
/// of the example is another example, which no earlier decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The suite.
    pub suite: SuiteName,
    /// The example.
    pub example: ExampleId,
    /// Its content.
    pub example_hash: ContentHash,
    /// Its number among the decisions about this example in this suite, from 1.
    pub number: u32,
    /// What was decided.
    pub kind: QuarantineKind,
    /// Why.
    pub reason: Reason,
    /// Who decided.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}
