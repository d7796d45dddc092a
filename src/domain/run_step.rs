//! What happens to a run between its start and its end.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::ids::RunId;
use super::money::PriceFile;
use super::run::{Caps, Run};
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
        /// The files of list prices that costs are reckoned with from now on, as [`Run::prices`]; `None` where an
        /// earlier program went on with the run and did not say.
        prices: Option<Vec<PriceFile>>,
    },
}

/// List prices that a run's costs are reckoned with from some time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PricesSince {
    /// When the run was started, or went on.
    pub since: Timestamp,
    /// The files, those first that win.
    pub prices: Vec<PriceFile>,
}

impl PricesSince {
    fn text(&self) -> String {
        prices_text(&self.prices).unwrap_or_else(|| "of no file".into())
    }
}

/// The list prices of a run's start, and those of each resume that brought others. An outcome keeps the cost that it
/// had when it was saved.
pub fn prices_over_time(run: &Run, steps: &[RunStep]) -> Vec<PricesSince> {
    let mut prices = vec![PricesSince {
        since: run.started_at,
        prices: run.prices.clone(),
    }];
    for step in steps {
        let RunStepKind::Resumed {
            prices: Some(files), ..
        } = &step.kind
        else {
            continue;
        };
        if prices.last().is_some_and(|before| &before.prices != files) {
            prices.push(PricesSince {
                since: step.at,
                prices: files.clone(),
            });
        }
    }
    prices
}

/// `of 2026-11-01 (7c1d90aa), else of 2026-10-01 (12ab34cd)`; `None` where there are none.
pub fn prices_text(files: &[PriceFile]) -> Option<String> {
    let files: Vec<String> = files.iter().map(|file| format!("of {file}")).collect();
    (!files.is_empty()).then(|| files.join(", else "))
}

/// That the costs of a run are not all reckoned with the same prices; `None` where they are.
pub fn mixed_prices(run: &Run, steps: &[RunStep]) -> Option<String> {
    let all = prices_over_time(run, steps);
    let (first, later) = all.split_first()?;
    let later: Vec<String> = later
        .iter()
        .map(|later| format!("since the resume of {} those {}", later.since, later.text()))
        .collect();
    (!later.is_empty()).then(|| {
        format!(
            "its costs are reckoned with different list prices: at first those {}, {}",
            first.text(),
            later.join(", ")
        )
    })
}
