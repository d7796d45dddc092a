//! What happens to a run between its start and its end.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::ids::RunId;
use super::money::PriceFile;
use super::run::Caps;
use super::time::Timestamp;

/// Something that happened to a run between its start and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStep {
    /// The run.
    pub run: RunId,
    /// Its number in the run, from 1.
    pub number: u32,
    /// What happened.
    pub kind: RunStepKind,
    /// Who did it, or whose run it is.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// What happened to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStepKind {
    /// It sends nothing until somebody resumes it.
    Paused {
        /// Why: which cap was reached, or that somebody asked for it.
        reason: String,
    },
    /// It went on.
    Resumed {
        /// The caps that hold from now on.
        caps: Caps,
        /// The files of list prices that costs are reckoned with from now on, as [`super::run::Run::prices`]; `None` where an
        /// earlier program went on with the run and did not say.
        prices: Option<Vec<PriceFile>>,
    },
}
