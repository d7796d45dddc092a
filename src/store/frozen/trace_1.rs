//! Layout 1 of traces: before tokens that were written to a cache.

use serde::{Deserialize, Serialize};

use super::outcome_1::Usage1;
use crate::domain::ids::{PromotionId, TraceId, VersionId};
use crate::domain::money::UsdNanos;
use crate::domain::time::Timestamp;
use crate::domain::trace::{Feedback, Span, Trace};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Trace1 {
    id: TraceId,
    release: PromotionId,
    version: VersionId,
    response: String,
    spans: Vec<Span>,
    usage: Usage1,
    cost: Option<UsdNanos>,
    feedback: Vec<Feedback>,
    started_at: Timestamp,
}

impl From<Trace1> for Trace {
    fn from(old: Trace1) -> Self {
        Self {
            id: old.id,
            release: old.release,
            version: old.version,
            response: old.response,
            spans: old.spans,
            usage: old.usage.into(),
            cost: old.cost,
            feedback: old.feedback,
            started_at: old.started_at,
        }
    }
}
