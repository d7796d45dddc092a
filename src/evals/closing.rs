//! The end of a run: what its outcomes come to, alone and against the base run. It reads the disk and computes for a
//! while, so it belongs on a thread of its own.

use super::against::Against;
use super::gate::settle_run;
use super::metrics::Tally;
use super::pipeline::{Base, FindBase, StoreFault};
use crate::domain::example::ExampleContent;
use crate::domain::gate::{Gate, LeftOut};
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::quarantine::Quarantine;
use crate::domain::run::{EndState, RunEnd, RunTotals};
use crate::domain::suite::SuiteContent;
use crate::domain::time::Timestamp;

/// The sums that a gate is made of: those without the examples that are quarantined.
#[derive(Debug)]
pub(super) struct Gated {
    quarantined: Vec<Quarantine>,
    without: Tally,
    left_out: Vec<LeftOut>,
}

impl Gated {
    /// `None` where nothing is quarantined.
    pub(super) fn new(suite: &SuiteContent, quarantined: &[Quarantine]) -> Option<Self> {
        (!quarantined.is_empty()).then(|| Self {
            quarantined: quarantined.to_vec(),
            without: Tally::new(suite),
            left_out: Vec::new(),
        })
    }

    pub(super) fn push(&mut self, outcome: &crate::domain::outcome::Outcome, example: &ExampleContent) {
        let quarantine = self.quarantined.iter().find(|quarantine| {
            quarantine.example == outcome.example && quarantine.example_hash == outcome.example_hash
        });
        match quarantine {
            None => self.without.push(outcome, example),
            Some(_) if self.left_out.iter().any(|left_out| left_out.example == outcome.example) => {}
            Some(quarantine) => self.left_out.push(LeftOut {
                example: outcome.example.clone(),
                reason: quarantine.reason.as_str().to_owned(),
            }),
        }
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.without
    }
}

/// A run whose last outcome is saved.
pub(super) struct Closing {
    pub(super) run: RunId,
    pub(super) outcome_count: u64,
    pub(super) state: EndState,
    /// Whether it settles a gate.
    pub(super) settles: bool,
    pub(super) suite: SuiteContent,
    pub(super) tally: Tally,
    pub(super) gated: Option<Gated>,
    pub(super) find_base: FindBase,
    pub(super) outcomes_hash: ContentHash,
    pub(super) ended_at: Timestamp,
}

impl Closing {
    /// What the run came to.
    ///
    /// # Errors
    ///
    /// The store could not be read.
    pub(super) fn run_end(self) -> Result<RunEnd, StoreFault> {
        let totals = self.tally.totals();
        let results = self.tally.results();
        let base = if self.settles {
            self.base()?
        } else {
            Err("the run settles no gate".into())
        };
        let (gate, against_base) = if self.settles {
            let all = against(&base, &self.tally);
            (Some(self.gate(&totals, &results, &base)), all.summary())
        } else {
            (None, None)
        };
        Ok(RunEnd {
            run: self.run,
            state: self.state,
            totals,
            gate,
            results,
            confusions: self.tally.confusions(),
            against_base,
            outcomes_hash: self.outcomes_hash,
            resolved_models: self.tally.resolved_models(),
            ended_at: self.ended_at,
            paths: self.tally.paths(),
            latencies: self.tally.latencies().summary(),
        })
    }

    /// The sums of the base run, or why there is none.
    fn base(&self) -> Result<Result<(RunId, Tally), String>, StoreFault> {
        let (run, outcomes) = match (self.find_base)()? {
            Base::Run { run, outcomes } => (run, outcomes),
            Base::Nothing { why } => return Ok(Err(why)),
        };
        let mut tally = Tally::new(&self.suite);
        for page in 0..outcomes.page_count() {
            let examples = outcomes.page(page)?;
            for outcome in outcomes.saved(page)? {
                if let Some(placed) = examples.iter().find(|placed| placed.index == outcome.index) {
                    tally.push(&outcome, &placed.example.content);
                }
            }
        }
        Ok(Ok((run, tally)))
    }

    fn gate(
        &self,
        totals: &RunTotals,
        results: &[crate::domain::metric::MetricResult],
        base: &Result<(RunId, Tally), String>,
    ) -> Gate {
        let settled = match &self.gated {
            Some(gated) => {
                let tally = &gated.without;
                let settled = settle_run(&self.suite, tally, &tally.results(), &against(base, tally));
                said_left_out(settled, gated.left_out.clone())
            }
            None => settle_run(&self.suite, &self.tally, results, &against(base, &self.tally)),
        };
        let gate = said_unanswered(settled, totals);
        match self.outcome_count.saturating_sub(totals.saved) {
            0 => gate,
            left => said_early(gate, left, self.outcome_count),
        }
    }
}

fn against<'a>(base: &'a Result<(RunId, Tally), String>, candidate: &'a Tally) -> Against<'a> {
    match base {
        Ok((run, base)) => Against::Base {
            run: *run,
            base,
            candidate,
        },
        Err(why) => Against::Nothing { why: why.clone() },
    }
}

/// What does not count is never left out silently.
fn said_left_out(gate: Gate, mut left_out: Vec<LeftOut>) -> Gate {
    left_out.sort_by(|one, other| one.example.cmp(&other.example));
    let reason = match left_out.len() {
        0 => gate.reason,
        1 => format!("{}; 1 quarantined example is left out", gate.reason),
        count => format!("{}; {count} quarantined examples are left out", gate.reason),
    };
    Gate {
        reason,
        left_out,
        ..gate
    }
}

/// Examples without an answer count as failed, but they say nothing about the prompt: so a verdict names them.
fn said_unanswered(gate: Gate, totals: &RunTotals) -> Gate {
    let (errored, saved) = (totals.errored, totals.saved);
    let clause = match errored {
        0 => return gate,
        _ if errored == saved => {
            format!("none of {saved} has an answer: they count as failed, yet nothing was measured")
        }
        _ => format!("{errored} of {saved} have no answer, and count as failed"),
    };
    Gate {
        reason: format!("{}; {clause}", gate.reason),
        ..gate
    }
}

fn said_early(gate: Gate, left: u64, count: u64) -> Gate {
    Gate {
        reason: format!(
            "{}; decided early: {left} of {count} were not asked, and no answers to them could change it",
            gate.reason
        ),
        ..gate
    }
}
