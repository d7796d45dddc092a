//! Promotions, releases and the way back.

use super::{Workbench, WorkbenchError, found};
use crate::domain::actor::Actor;
use crate::domain::alias::Stale;
use crate::domain::ids::{PromotionId, PromptName, ReviewId, RunId};
use crate::domain::policy::Signatures;
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::reason::Reason;
use crate::domain::release::Release;
use crate::domain::signature::SignedStatement;
use crate::releases::evidence::caveats;
use crate::releases::promote::{self, Promoted};
use crate::releases::rollback;
pub use crate::releases::rollback::Leaving;

/// What is where, for one prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentRow {
    /// The prompt.
    pub prompt: PromptName,
    /// What is in staging.
    pub staging: Option<Promotion>,
    /// What is live.
    pub production: Option<Release>,
    /// That its evidence rests on models that their names do not stand for any more.
    pub stale: Vec<Stale>,
    /// An approved review that waits to be promoted.
    pub approved: Option<(ReviewId, Environment)>,
    /// Whether what changes production is signed.
    pub signatures: Signatures,
}

impl Workbench {
    /// Promotes what a review approved.
    pub fn promote(&self, actor: &Actor, review: ReviewId, reason: &str) -> Result<Promoted, WorkbenchError> {
        self.promote_signed(actor, review, reason, None)
    }

    /// Promotes what a review approved, with the signature of whoever does where there is one.
    pub fn promote_signed(
        &self,
        actor: &Actor,
        review: ReviewId,
        reason: &str,
        signed: Option<&SignedStatement>,
    ) -> Result<Promoted, WorkbenchError> {
        let act = self.signed_act(actor, Reason::new(reason)?, signed)?;
        Ok(promote::promote(&self.store, review, &act)?)
    }

    /// The newest approved review of a prompt for an environment.
    pub fn approved_review(&self, prompt: &PromptName, environment: Environment) -> Result<ReviewId, WorkbenchError> {
        found(self.store.prompt(prompt)?, "prompt", prompt)?;
        Ok(promote::approved_review(&self.store, prompt, environment)?)
    }

    /// What a roll back would leave and where it would go.
    pub fn rollback_target(&self, leaving: &Leaving) -> Result<(Release, Release), WorkbenchError> {
        Ok(rollback::target(&self.store, leaving)?)
    }

    /// Goes back to the rollback target of what is live. Takes effect at once.
    pub fn roll_back(&self, actor: &Actor, leaving: &Leaving, reason: &str) -> Result<Release, WorkbenchError> {
        self.roll_back_signed(actor, leaving, reason, None)
    }

    /// Goes back at once, with the signature of whoever does where there is one.
    pub fn roll_back_signed(
        &self,
        actor: &Actor,
        leaving: &Leaving,
        reason: &str,
        signed: Option<&SignedStatement>,
    ) -> Result<Release, WorkbenchError> {
        let act = self.signed_act(actor, Reason::new(reason)?, signed)?;
        Ok(rollback::roll_back(&self.store, leaving, &act)?)
    }

    /// What is where, by prompt.
    pub fn environments(&self) -> Result<Vec<EnvironmentRow>, WorkbenchError> {
        let reviews = self.reviews()?;
        let signatures = self.policy()?.rules(Environment::Production).signatures;
        let mut rows = Vec::new();
        for prompt in self.store.prompts()? {
            let approved = reviews.iter().find(|summary| {
                summary.review.version.prompt == prompt.name
                    && summary.state == crate::domain::review::ReviewState::Approved
            });
            let production = self.store.live_release(&prompt.name)?;
            let stale = match &production {
                Some(release) => self.stale_evidence(release.promotion.run)?,
                None => Vec::new(),
            };
            rows.push(EnvironmentRow {
                signatures,
                staging: self.store.live(&prompt.name, Environment::Staging)?,
                production,
                stale,
                approved: approved.map(|summary| (summary.review.id, summary.review.environment)),
                prompt: prompt.name,
            });
        }
        Ok(rows)
    }

    /// Which models a run's answers are of whose names stand for others now. A run that is not there rests on none.
    pub fn stale_evidence(&self, run: RunId) -> Result<Vec<Stale>, WorkbenchError> {
        let Some(run) = self.store.run(run)? else {
            return Ok(Vec::new());
        };
        let end = self.store.run_end(run.id)?;
        Ok(caveats(&self.store, &run, end.as_ref())?.stale)
    }

    /// A prompt's promotions in an environment, newest first.
    pub fn promotions(&self, prompt: &PromptName, environment: Environment) -> Result<Vec<Promotion>, WorkbenchError> {
        Ok(self.store.promotions(prompt, environment)?)
    }

    /// A prompt's releases, newest first.
    pub fn releases(&self, prompt: &PromptName) -> Result<Vec<Release>, WorkbenchError> {
        Ok(self.store.releases(prompt)?)
    }

    /// Loads a promotion outside production.
    pub fn promotion(&self, id: &PromotionId) -> Result<Promotion, WorkbenchError> {
        found(self.store.promotion(id)?, "promotion", id)
    }

    /// Loads a release.
    pub fn release(&self, id: &PromotionId) -> Result<Release, WorkbenchError> {
        found(self.store.release(id)?, "release", id)
    }
}
