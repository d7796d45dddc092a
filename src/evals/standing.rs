//! What is known of a run while it goes on.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::EvalError;
use super::caps::{Leave, Spending};
use super::closing::{Closing, Gated};
use super::gate::decided;
use super::metrics::Tally;
use super::outcomes_hash::OutcomesHash;
use super::pipeline::{CONCURRENCY_MAX, Job, Now, StoreFault};
use super::progress::Meter;
use super::upcoming::Numbering;
use crate::domain::example::ExampleContent;
use crate::domain::hash::ContentHash;
use crate::domain::outcome::Outcome;
use crate::domain::progress::RunProgress;
use crate::domain::run::{EndState, RunState, RunTotals};
use crate::domain::suite::SuiteContent;
use crate::providers::limiter::Limiter;

/// How often a whole run looks whether its gate is decided: bounds take a moment to compute.
const LOOKS_PER_RUN: u64 = 1_000;

/// Counts, sums, and what follows from them.
pub(super) struct Standing<'a> {
    tally: Tally,
    gated: Option<Gated>,
    meter: Meter,
    spending: Spending,
    began: Instant,
    hash: OutcomesHash,
    numbering: Numbering,
    early: Option<Early>,
    concurrency: u32,
    limiter: Option<Arc<Limiter>>,
    now: Now,
    progress: &'a watch::Sender<RunProgress>,
}

/// Looks out for the moment from which no rest can change the gate.
struct Early {
    suite: SuiteContent,
    outcome_count: u64,
    is_decided: bool,
}

impl<'a> Standing<'a> {
    pub(super) fn new(job: &Job, progress: &'a watch::Sender<RunProgress>) -> Self {
        let concurrency = job.run.settings.concurrency.clamp(1, CONCURRENCY_MAX);
        // A run that asks a selection settles no gate.
        let stops_early = job.run.settings.stops_early && job.run.selection.is_none();
        Self {
            tally: Tally::new(&job.suite),
            gated: Gated::new(&job.suite, &job.quarantined),
            meter: Meter::new(&job.run, concurrency, (job.now)()),
            spending: Spending::new(job.caps, &job.began_at),
            began: Instant::now(),
            hash: OutcomesHash::default(),
            numbering: Numbering::new(&job.run),
            early: stops_early.then(|| Early {
                suite: job.suite.clone(),
                outcome_count: job.run.outcome_count(),
                is_decided: false,
            }),
            concurrency,
            limiter: job.work.limiter().cloned(),
            now: Arc::clone(&job.now),
            progress,
        }
    }

    pub(super) fn concurrency(&self) -> usize {
        usize::try_from(self.concurrency).unwrap_or(usize::MAX)
    }

    pub(super) fn totals(&self) -> RunTotals {
        self.tally.totals()
    }

    /// Whether the caps leave room for another request.
    pub(super) fn leave(&self, in_flight: usize) -> Leave {
        self.spending
            .leave(&self.tally.totals(), in_flight, self.began.elapsed())
    }

    /// Whether no possible rest could change what the gate says, for a run that stops then.
    pub(super) fn is_decided(&self) -> bool {
        self.early.as_ref().is_some_and(|early| early.is_decided)
    }

    /// Takes in an outcome that an earlier process saved.
    pub(super) fn push_saved(&mut self, outcome: &Outcome, example: &ExampleContent, hash: ContentHash) {
        self.push(outcome, example, hash);
        self.meter.push(outcome, &self.tally.totals());
    }

    /// Takes in an outcome that this process saved.
    pub(super) fn push_new(&mut self, outcome: &Outcome, example: &ExampleContent, hash: ContentHash) {
        self.push(outcome, example, hash);
        self.meter.push_new(outcome, &self.tally.totals());
    }

    fn push(&mut self, outcome: &Outcome, example: &ExampleContent, hash: ContentHash) {
        self.tally.push(outcome, example);
        if let Some(gated) = &mut self.gated {
            gated.push(outcome, example);
        }
        self.spending.push(outcome);
        if let Some(number) = self.numbering.number(outcome.place()) {
            self.hash.push(number, hash);
        }
        let saved = self.tally.totals().saved;
        if let Some(early) = &mut self.early
            && saved.is_multiple_of(early.outcome_count / LOOKS_PER_RUN + 1)
        {
            let left = early.outcome_count.saturating_sub(saved);
            let gating = self.gated.as_ref().map_or(&self.tally, Gated::tally);
            early.is_decided = decided(&early.suite, gating, left).is_some();
        }
    }

    pub(super) fn publish(&self, state: RunState, in_flight: usize) {
        let pace = self.limiter.as_ref().map(|limiter| limiter.pace());
        let progress = self.meter.progress(&self.tally, state, in_flight, pace, (self.now)());
        self.progress.send_replace(progress);
    }

    pub(super) fn stopped(&self, source: StoreFault) -> EvalError {
        self.publish(RunState::Interrupted, 0);
        EvalError::Store {
            saved: self.tally.totals().saved,
            source,
        }
    }

    /// What is left to do once the last outcome is saved.
    pub(super) fn closing(self, job: &Job, state: EndState) -> Closing {
        Closing {
            run: job.run.id,
            outcome_count: job.run.outcome_count(),
            state,
            settles: state.settles_gate() && job.run.selection.is_none(),
            suite: job.suite.clone(),
            tally: self.tally,
            gated: self.gated,
            find_base: Arc::clone(&job.find_base),
            outcomes_hash: self.hash.finish(),
            ended_at: (self.now)(),
        }
    }
}
