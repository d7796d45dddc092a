//! Reviews, decisions, promotions and releases in the store.
//!
//! What is live in an environment is not a record of its own: it is the newest promotion there.

use super::engine::Scan;
use super::keys;
use super::record::Mark;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::decision::Decision;
use crate::domain::ids::{DecisionId, PromotionId, PromptName, ReviewId, VersionId};
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::release::Release;
use crate::domain::review::Review;

impl Store {
    /// Loads a review.
    pub fn review(&self, id: ReviewId) -> Result<Option<Review>, StoreError> {
        self.load(&keys::review(id))
    }

    /// All reviews, newest first.
    pub fn reviews(&self) -> Result<Vec<Review>, StoreError> {
        self.load_all(&Scan::prefix(keys::REVIEWS, NO_LIMIT).backward())
    }

    /// The id that the next review takes.
    pub fn next_review_id(&self) -> Result<ReviewId, StoreError> {
        Ok(ReviewId(self.next_number(keys::REVIEWS)?))
    }

    /// Loads a decision.
    pub fn decision(&self, id: DecisionId) -> Result<Option<Decision>, StoreError> {
        self.load(&keys::decision(id))
    }

    /// All decisions, newest first.
    pub fn decisions(&self) -> Result<Vec<Decision>, StoreError> {
        self.load_all(&Scan::prefix(keys::DECISIONS, NO_LIMIT).backward())
    }

    /// The id that the next decision takes.
    pub fn next_decision_id(&self) -> Result<DecisionId, StoreError> {
        Ok(DecisionId(self.next_number(keys::DECISIONS)?))
    }

    /// A review's decisions, oldest first.
    pub fn decisions_of_review(&self, review: ReviewId) -> Result<Vec<Decision>, StoreError> {
        self.marked_decisions(keys::decisions_of_review(review))
    }

    /// A version's decisions, oldest first.
    pub fn decisions_of_version(&self, version: &VersionId) -> Result<Vec<Decision>, StoreError> {
        self.marked_decisions(keys::decisions_of_version(version))
    }

    fn marked_decisions(&self, prefix: String) -> Result<Vec<Decision>, StoreError> {
        let mut decisions = Vec::new();
        for digits in self.key_tails(&Scan::prefix(prefix, NO_LIMIT))? {
            if let Some(id) = digits.parse().ok().map(DecisionId)
                && let Some(decision) = self.decision(id)?
            {
                decisions.push(decision);
            }
        }
        Ok(decisions)
    }

    /// Loads a promotion; a release's promotion too.
    pub fn promotion(&self, id: &PromotionId) -> Result<Option<Promotion>, StoreError> {
        match id.environment {
            Environment::Production => Ok(self.release(id)?.map(|release| release.promotion)),
            _ => self.load(&keys::promotion(id)),
        }
    }

    /// A prompt's promotions in an environment, newest first; the first is live there.
    pub fn promotions(&self, prompt: &PromptName, environment: Environment) -> Result<Vec<Promotion>, StoreError> {
        let scan = Scan::prefix(keys::promotions(prompt, environment), NO_LIMIT).backward();
        match environment {
            Environment::Production => Ok(self
                .load_all::<Release>(&scan)?
                .into_iter()
                .map(|release| release.promotion)
                .collect()),
            _ => self.load_all(&scan),
        }
    }

    /// What is live in an environment.
    pub fn live(&self, prompt: &PromptName, environment: Environment) -> Result<Option<Promotion>, StoreError> {
        let scan = Scan::prefix(keys::promotions(prompt, environment), 1).backward();
        match environment {
            Environment::Production => Ok(self.live_release(prompt)?.map(|release| release.promotion)),
            _ => Ok(self.load_all(&scan)?.into_iter().next()),
        }
    }

    /// Loads a release.
    pub fn release(&self, id: &PromotionId) -> Result<Option<Release>, StoreError> {
        match id.environment {
            Environment::Production => self.load(&keys::promotion(id)),
            _ => Ok(None),
        }
    }

    /// A prompt's releases, newest first; the first is live.
    pub fn releases(&self, prompt: &PromptName) -> Result<Vec<Release>, StoreError> {
        self.load_all(&Scan::prefix(keys::promotions(prompt, Environment::Production), NO_LIMIT).backward())
    }

    /// The release that answers requests now.
    pub fn live_release(&self, prompt: &PromptName) -> Result<Option<Release>, StoreError> {
        let scan = Scan::prefix(keys::promotions(prompt, Environment::Production), 1).backward();
        Ok(self.load_all(&scan)?.into_iter().next())
    }

    /// The id that the next promotion into an environment takes.
    pub fn next_promotion_id(&self, prompt: &PromptName, environment: Environment) -> Result<PromotionId, StoreError> {
        let number = self.next_number(&keys::promotions(prompt, environment))?;
        Ok(PromotionId {
            prompt: prompt.clone(),
            environment,
            number,
        })
    }
}

impl Change {
    /// Adds a new review.
    pub fn insert_review(self, review: &Review) -> Result<Self, StoreError> {
        self.insert(keys::review(review.id), review)
    }

    /// Adds a new decision.
    pub fn insert_decision(self, decision: &Decision) -> Result<Self, StoreError> {
        let change = self
            .insert(keys::decision(decision.id), decision)?
            .insert(keys::decision_of_version(&decision.version, decision.id), &Mark)?;
        match decision.review {
            Some(review) => change.insert(keys::decision_of_review(review, decision.id), &Mark),
            None => Ok(change),
        }
    }

    /// Adds a promotion outside production.
    pub fn insert_promotion(self, promotion: &Promotion) -> Result<Self, StoreError> {
        self.insert(keys::promotion(&promotion.id), promotion)
    }

    /// Adds a release.
    pub fn insert_release(self, release: &Release) -> Result<Self, StoreError> {
        self.insert(keys::promotion(&release.promotion.id), release)
    }
}
