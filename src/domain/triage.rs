//! A triage: where a person says that the cause of a failure lies. It never changes what was stored of the run.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{ExampleId, OutcomeId, RunId};
use super::outcome::{FailureCategory, Outcome, OutcomePlace};
use super::reason::Reason;
use super::time::Timestamp;

/// One immutable triage of a failed outcome. The newest of them all counts, and the others stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triage {
    /// The run.
    pub run: RunId,
    /// Which of its outcomes.
    pub place: OutcomePlace,
    /// Its number among those of that outcome, from 1.
    pub number: u32,
    /// The example.
    pub example: ExampleId,
    /// The outcome that the person saw.
    pub outcome_hash: ContentHash,
    /// Where the cause lies.
    pub category: FailureCategory,
    /// Why there.
    pub reason: Reason,
    /// Who says so.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// What a person says, before it is a triage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriageContent {
    /// Where the cause lies.
    pub category: FailureCategory,
    /// Why there.
    pub reason: Reason,
}

impl Triage {
    /// A triage of an outcome, with the number that it takes.
    ///
    /// # Errors
    ///
    /// The outcome passed.
    pub fn new(
        outcome: &Outcome,
        number: u32,
        content: TriageContent,
        by: Actor,
        at: Timestamp,
    ) -> Result<Self, DomainError> {
        let triage = Self {
            run: outcome.run,
            place: outcome.place(),
            number,
            example: outcome.example.clone(),
            outcome_hash: outcome.content_hash()?,
            category: content.category,
            reason: content.reason,
            by,
            at,
        };
        triage.verify(outcome)?;
        Ok(triage)
    }

    /// Checks it against the outcome that it is about.
    ///
    /// # Errors
    ///
    /// The outcome is another, or passed.
    pub fn verify(&self, outcome: &Outcome) -> Result<(), DomainError> {
        if outcome.content_hash()? != self.outcome_hash {
            return Err(DomainError::field(
                "triage",
                "the outcome is another than the one that was seen",
            ));
        }
        if outcome.passed() {
            let why = format!("{} passed: there is no failure to triage", outcome.example);
            return Err(DomainError::field("category", why));
        }
        Ok(())
    }

    /// The outcome that it is about.
    pub fn outcome(&self) -> OutcomeId {
        OutcomeId {
            run: self.run,
            example: self.example.clone(),
        }
    }
}
