//! Layout 1 of the steps of runs: before a resume said which list prices it goes by.

use serde::{Deserialize, Serialize};

use crate::domain::actor::Actor;
use crate::domain::ids::RunId;
use crate::domain::run::{Caps, RunStep, RunStepKind};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RunStepKind1 {
    Paused { reason: String },
    Resumed { caps: Caps },
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct RunStep1 {
    run: RunId,
    number: u32,
    kind: RunStepKind1,
    by: Actor,
    at: Timestamp,
}

impl From<RunStepKind1> for RunStepKind {
    fn from(old: RunStepKind1) -> Self {
        match old {
            RunStepKind1::Paused { reason } => Self::Paused { reason },
            RunStepKind1::Resumed { caps } => Self::Resumed { caps, prices: None },
        }
    }
}

impl From<RunStep1> for RunStep {
    fn from(old: RunStep1) -> Self {
        Self {
            run: old.run,
            number: old.number,
            kind: old.kind.into(),
            by: old.by,
            at: old.at,
        }
    }
}
