//! Promotions, releases and the way back.

use super::WorkbenchError;
use crate::domain::actor::Actor;
use crate::domain::ids::{PromotionId, PromptName, ReviewId};
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::reason::Reason;
use crate::domain::release::Release;
use crate::releases::promote::{self, Promoted};
use crate::releases::rollback::{self, Leaving};

/// What is where, for one prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentRow {
    /// The prompt.
    pub prompt: PromptName,
    /// What is in staging.
    pub staging: Option<Promotion>,
    /// What is live.
    pub production: Option<Release>,
    /// An approved review that waits to be promoted.
    pub approved: Option<(ReviewId, Environment)>,
}
