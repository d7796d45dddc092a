//! Reviews and decisions.

use std::collections::BTreeMap;

use super::{Comparison, DiffView, PromptRef, Workbench, WorkbenchError, found};
use crate::domain::actor::Actor;
use crate::domain::caveats::Caveats;
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::gate::LabelledVerdict;
use crate::domain::ids::{DecisionId, PromotionId, ReviewId, RunId, VersionId};
use crate::domain::policy::Signatures;
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::reason::Reason;
use crate::domain::review::{Check, Review, ReviewState};
use crate::domain::run::{Run, RunEnd};
use crate::domain::signature::SignedStatement;
use crate::domain::unit::Units;
use crate::domain::version::PromptVersion;
use crate::releases::evidence::caveats;
use crate::releases::promote;
pub use crate::releases::review::Judgement;
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
    /// What weakens the run's results.
    pub caveats: Caveats,
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
    /// The fingerprints of the keys that signed some of them.
    pub signed_by: BTreeMap<DecisionId, String>,
    /// The version.
    pub version: PromptVersion,
    /// The run.
    pub run: Run,
    /// What the run came to.
    pub end: Option<RunEnd>,
    /// What weakens its results.
    pub caveats: Caveats,
    /// What the numbers of its metrics are of.
    pub units: Units,
    /// The change against what is live; `None` for a first version.
    pub diff: Option<DiffView>,
    /// The run against the base's newest run on the same dataset; `None` where there is none.
    pub comparison: Option<Comparison>,
    /// What must hold before this person may approve.
    pub checks: Vec<Check>,
    /// Whether its approvals and its promotion are signed.
    pub signatures: Signatures,
    /// That there are all the approvals that the rules ask for, where that is more than one of anybody.
    pub approvals: Option<Check>,
    /// The promotion that it led to, and what that replaced; before there is one, the id that it would take and what it
    /// would replace.
    pub promotion: (PromotionId, Option<Promotion>),
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
        let policy = self.store.policy()?;
        let mut summaries = Vec::new();
        for review in self.store.reviews()? {
            let state = review::state_of(&self.store, &review, &policy)?;
            let run = found(self.store.run(review.run)?, "run", &review.run)?;
            let end = self.store.run_end(review.run)?;
            summaries.push(ReviewSummary {
                caveats: caveats(&self.store, &run, end.as_ref())?,
                verdict: self.verdict_of(review.run)?,
                review,
                state,
            });
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
            signatures: evidence.policy.rules(evidence.review.environment).signatures,
            checks: evidence.checks(&self.store, actor, self.now())?,
            approvals: evidence.approvals_beside_one(&self.store)?,
            promotion: self.promotion_of(&evidence)?,
            comparison: self.compare_with_base(&evidence.run)?,
            units: Units::of(&self.suite(&evidence.run.suite)?.content.metrics),
            diff,
            review: evidence.review,
            signed_by: self.signing_keys(&evidence.decisions)?,
            decisions: evidence.decisions,
            version: evidence.version,
            run: evidence.run,
            end: evidence.end,
            caveats: evidence.caveats,
        })
    }

    fn promotion_of(&self, evidence: &Evidence) -> Result<(PromotionId, Option<Promotion>), WorkbenchError> {
        let promoted = evidence.decisions.iter().find_map(|decision| match &decision.kind {
            DecisionKind::Promoted(id) => Some(id.clone()),
            _ => None,
        });
        let Some(promoted) = promoted else {
            return Ok(promote::next_id(&self.store, evidence.review.id)?);
        };
        let replaces = self
            .store
            .promotion(&promoted)?
            .and_then(|promotion| promotion.replaces);
        let replaced = match replaces {
            Some(id) => self.store.promotion(&id)?,
            None => None,
        };
        Ok((promoted, replaced))
    }

    /// Decides a review.
    pub fn decide(
        &self,
        actor: &Actor,
        id: ReviewId,
        judgement: Judgement,
        reason: &str,
    ) -> Result<Decision, WorkbenchError> {
        self.decide_signed(actor, id, judgement, reason, None)
    }

    /// Decides a review, with the signature of whoever does where there is one.
    pub fn decide_signed(
        &self,
        actor: &Actor,
        id: ReviewId,
        judgement: Judgement,
        reason: &str,
        signed: Option<&SignedStatement>,
    ) -> Result<Decision, WorkbenchError> {
        let act = self.signed_act(actor, Reason::new(reason)?, signed)?;
        Ok(review::decide(&self.store, id, judgement, &act)?)
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
