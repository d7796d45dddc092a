//! A quarantine keeps a flaky example out of the gates of a suite, by somebody's decision and with a reason. It never
//! hides the example: runs ask it, and every gate lists what was left out.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{ExampleId, RunId, SuiteName};
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
    /// The run whose repeats differ.
    pub run: RunId,
    /// Its number among the decisions about this suite, from 1.
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

/// Of all decisions about a suite, oldest first, those by which an example is quarantined now.
pub fn standing(decisions: &[Quarantine]) -> Vec<Quarantine> {
    let is_newest = |at: usize, decision: &Quarantine| {
        let later = decisions.iter().skip(at + 1);
        !later
            .into_iter()
            .any(|later| later.example == decision.example && later.example_hash == decision.example_hash)
    };
    let newest = decisions
        .iter()
        .enumerate()
        .filter(|(at, decision)| is_newest(*at, decision));
    newest
        .filter(|(_, decision)| decision.kind == QuarantineKind::Placed)
        .map(|(_, decision)| decision.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_decision_about_an_example_holds() {
        let decision = |number, example: &str, content: &[u8], kind| Quarantine {
            suite: SuiteName::new("triage").unwrap(),
            example: ExampleId::new(example).unwrap(),
            example_hash: ContentHash::of_bytes(content),
            run: RunId(1),
            number,
            kind,
            reason: Reason::new("its answer differs each time it is asked").unwrap(),
            by: Actor::new("anna").unwrap(),
            at: Timestamp(0),
        };
        let decisions = [
            decision(1, "a", b"1", QuarantineKind::Placed),
            decision(2, "b", b"1", QuarantineKind::Placed),
            decision(3, "a", b"1", QuarantineKind::Lifted),
            decision(4, "c", b"1", QuarantineKind::Placed),
            decision(5, "c", b"2", QuarantineKind::Lifted),
        ];
        let numbers: Vec<u32> = standing(&decisions).iter().map(|decision| decision.number).collect();
        assert_eq!(numbers, [2, 4], "another content is another example");
    }
}
