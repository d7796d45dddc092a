//! Reviews and decisions.

use super::{Comparison, DiffView, PromptRef, Workbench, WorkbenchError};
use crate::domain::actor::Actor;
use crate::domain::decision::{Decision, DecisionKind, OtherCause};
use crate::domain::gate::LabelledVerdict;
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
    pub verdict: Option<LabelledVerdict>,
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

impl Workbench {
    /// Asks whether a version may enter an environment.
    pub fn request_review(
        &self,
        actor: &Actor,
        version: &VersionId,
        environment: Environment,
        run: Option<RunId>,
        note: &str,
    ) -> Result<Review, WorkbenchError> {
        let act = self.act(actor, Reason::new(note)?);
        Ok(review::request(&self.store, version, environment, run, &act)?)
    }

    /// All reviews, newest first.
    pub fn reviews(&self) -> Result<Vec<ReviewSummary>, WorkbenchError> {
        let mut summaries = Vec::new();
        for review in self.store.reviews()? {
            let state = ReviewState::after(&self.store.decisions_of_review(review.id)?);
            let verdict = self.verdict_of(review.run)?;
            summaries.push(ReviewSummary { review, state, verdict });
        }
        Ok(summaries)
    }

    /// A review with everything that `actor` reads before deciding.
    pub fn review_detail(&self, actor: &Actor, id: ReviewId) -> Result<ReviewDetail, WorkbenchError> {
        let evidence = Evidence::load(&self.store, id)?;
        let diff = match &evidence.review.base {
            Some(base) => Some(self.diff(
                &PromptRef::Version(base.clone()),
                &PromptRef::Version(evidence.version.id.clone()),
            )?),
            None => None,
        };
        Ok(ReviewDetail {
            state: evidence.state(),
            checks: evidence.checks(&self.store, actor)?,
            promotion: promote::next_id(&self.store, id)?,
            comparison: self.compare_with_base(&evidence.run)?,
            diff,
            review: evidence.review,
            decisions: evidence.decisions,
            version: evidence.version,
            run: evidence.run,
            end: evidence.end,
        })
    }

    /// Decides a review.
    pub fn decide(
        &self,
        actor: &Actor,
        id: ReviewId,
        judgement: Judgement,
        reason: &str,
    ) -> Result<Decision, WorkbenchError> {
        let kind = match judgement {
            Judgement::Approve => DecisionKind::Approved,
            Judgement::Reject => DecisionKind::Rejected,
            Judgement::Pause => DecisionKind::Paused,
            Judgement::NotAPromptProblem(cause) => DecisionKind::NotAPromptProblem(cause),
        };
        let act = self.act(actor, Reason::new(reason)?);
        Ok(review::decide(&self.store, id, &kind, &act)?)
    }

    /// Decisions that mention every word of `search`, newest first.
    pub fn decisions(&self, search: &str) -> Result<Vec<Decision>, WorkbenchError> {
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let mut decisions = self.store.decisions()?;
        decisions.retain(|decision| {
            let text = format!(
                "{} {} {} {} {} {}",
                decision.id,
                decision.kind,
                decision.version,
                decision.actor,
                decision.reason,
                decision.run.map(|run| run.to_string()).unwrap_or_default()
            )
            .to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
        Ok(decisions)
    }
}
