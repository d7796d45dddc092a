//! Reviews and decisions.

use super::{Comparison, DiffView, PromptRef, WorkbenchError};
use crate::domain::actor::Actor;
use crate::domain::decision::{Decision, DecisionKind, OtherCause};
use crate::domain::gate::Verdict;
use crate::domain::ids::{PromotionId, ReviewId, RunId, VersionId};
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::reason::Reason;
use crate::domain::review::{Check, Review, ReviewState};
use crate::domain::run::{Run, RunEnd};
use crate::domain::version::PromptVersion;
use crate::releases::promote;
use crate::releases::review::{self, Evidence};

/// A review in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewSummary {
    /// The review.
    pub review: Review,
    /// Where it stands.
    pub state: ReviewState,
    /// What the run's gate says.
    pub verdict: Option<Verdict>,
}

/// A review with everything that a reviewer reads.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewDetail {
    /// The review.
    pub review: Review,
    /// Where it stands.
    pub state: ReviewState,
    /// What was decided so far, oldest first.
    pub decisions: Vec<Decision>,
    /// The version.
    pub version: PromptVersion,
    /// The run.
    pub run: Run,
    /// What the run came to.
    pub end: Option<RunEnd>,
    /// The change against what is live; `None` for a first version.
    pub diff: Option<DiffView>,
    /// The run against the base's newest run on the same dataset; `None` where there is none.
    pub comparison: Option<Comparison>,
    /// What must hold before this person may approve.
    pub checks: Vec<Check>,
    /// The id that a promotion would take, and what it would replace.
    pub promotion: (PromotionId, Option<Promotion>),
}

/// What a reviewer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It may be promoted.
    Approve,
    /// It may not.
    Reject,
    /// Later.
    Pause,
    /// The prompt is not what has to change.
    NotAPromptProblem(OtherCause),
}
