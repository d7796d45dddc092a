//! A release: a promotion into production, with everything that is needed to watch it and to go back.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::hash::ContentHash;
use super::ids::{PromotionId, VersionId};
use super::model::ModelConfig;
use super::promotion::{Environment, Promotion};
use super::suite::Comparison;
use super::version::PromptVersion;

/// Everything that answers requests under a release: prompt content and settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelBundle {
    /// The version.
    pub version: VersionId,
    /// Its content.
    pub content_hash: ContentHash,
    /// Its settings.
    pub model: ModelConfig,
}

impl ModelBundle {
    /// The bundle of a version.
    pub fn of(version: &PromptVersion) -> Self {
        Self {
            version: version.id.clone(),
            content_hash: version.content_hash,
            model: version.content.model.clone(),
        }
    }
}

/// What to watch after a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// The metric, as production reports it.
    pub metric: String,
    /// How it compares.
    pub comparison: Comparison,
    /// The limit, in the metric's unit.
    pub limit: f64,
}

/// Where a roll back goes, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackTarget {
    /// The release to go back to.
    pub release: PromotionId,
    /// Its version.
    pub version: VersionId,
    /// The command that does it.
    pub command: String,
}

/// Whether a release brought something new or went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseKind {
    /// An approved version went live.
    Forward,
    /// An earlier release's version went live again.
    Rollback {
        /// The release that was left.
        from: PromotionId,
        /// The release whose version is live again.
        to: PromotionId,
    },
}

/// One immutable production release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// The promotion that it is.
    pub promotion: Promotion,
    /// Forward or back.
    pub kind: ReleaseKind,
    /// What answers from now on.
    pub bundle: ModelBundle,
    /// What answered before.
    pub replaced_bundle: Option<ModelBundle>,
    /// What to watch.
    pub guards: Vec<Guard>,
    /// Shares of traffic in percent, in order; the last is 100.
    pub rollout_percent: Vec<u8>,
    /// Where a roll back goes; `None` for the first release of a prompt.
    pub rollback_target: Option<RollbackTarget>,
}

impl Release {
    /// Builds the release of an approved promotion into production.
    pub fn forward(
        promotion: Promotion,
        version: &PromptVersion,
        replaced: Option<(&Release, &PromptVersion)>,
        guards: Vec<Guard>,
    ) -> Result<Self, DomainError> {
        if promotion.id.environment != Environment::Production {
            return Err(DomainError::NotAllowed(format!(
                "{} is not a production promotion",
                promotion.id
            )));
        }
        Ok(Self {
            rollback_target: replaced.map(|(release, _)| RollbackTarget::to(&promotion.id, release)),
            kind: ReleaseKind::Forward,
            bundle: ModelBundle::of(version),
            replaced_bundle: replaced.map(|(_, old)| ModelBundle::of(old)),
            guards,
            rollout_percent: vec![100],
            promotion,
        })
    }

    /// Builds the release that goes back from `current` to `target`. It rests on the target's approval: that content
    /// was approved for production once, and going back must not wait for a new review.
    pub fn back(current: &Release, target: &Release, id: &PromotionId, act: RollbackAct) -> Self {
        let promotion = Promotion {
            id: id.clone(),
            version: target.promotion.version.clone(),
            content_hash: target.promotion.content_hash,
            replaces: Some(current.promotion.id.clone()),
            review: target.promotion.review,
            approved_by: target.promotion.approved_by,
            run: target.promotion.run,
            promoted_by: act.actor,
            reason: act.reason,
            promoted_at: act.at,
        };
        Self {
            promotion,
            kind: ReleaseKind::Rollback {
                from: current.promotion.id.clone(),
                to: target.promotion.id.clone(),
            },
            bundle: target.bundle.clone(),
            replaced_bundle: Some(current.bundle.clone()),
            guards: target.guards.clone(),
            rollout_percent: vec![100],
            // Back from a roll back is the release that was live before the one that was left.
            rollback_target: target.rollback_target.clone().map(|earlier| earlier.left_from(id)),
        }
    }
}

/// Who rolls back, why and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackAct {
    /// Who.
    pub actor: super::actor::Actor,
    /// Why.
    pub reason: super::reason::Reason,
    /// When.
    pub at: super::time::Timestamp,
}

impl RollbackTarget {
    /// The target that takes `live` back to `earlier`.
    pub fn to(live: &PromotionId, earlier: &Release) -> Self {
        Self {
            release: earlier.promotion.id.clone(),
            version: earlier.promotion.version.clone(),
            command: Self::command(live),
        }
    }

    /// The same target, with the command of another live release.
    fn left_from(self, live: &PromotionId) -> Self {
        Self {
            command: Self::command(live),
            ..self
        }
    }

    fn command(live: &PromotionId) -> String {
        format!("pegbox release rollback {live} --reason \"...\"")
    }
}
