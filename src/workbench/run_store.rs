//! What a run reads from the store, and what it writes there.

use super::Clock;
use crate::domain::actor::Actor;
use crate::domain::dataset::ROWS_PER_PAGE;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::outcome::Outcome;
use crate::domain::run::{Run, RunTotals};
use crate::evals::pipeline::{Appending, ExampleFeed, OutcomeSink, Placed, StoreFault};
use crate::store::engine::AuditEntry;
use crate::store::{Store, StoreError};

/// Examples of a run's dataset version, and the outcomes that they already have.
pub(super) struct RunFeed {
    store: Store,
    run: RunId,
    dataset: ContentHash,
    example_count: u64,
}

impl RunFeed {
    /// The feed of a run.
    pub(super) fn new(store: Store, run: &Run) -> Self {
        Self {
            store,
            run: run.id,
            dataset: run.dataset_hash,
            example_count: run.example_count,
        }
    }
}

impl ExampleFeed for RunFeed {
    fn page_count(&self) -> u64 {
        self.example_count.div_ceil(ROWS_PER_PAGE as u64)
    }

    fn page(&self, page: u64) -> Result<Vec<Placed>, StoreFault> {
        let mut examples = Vec::with_capacity(ROWS_PER_PAGE);
        for (index, row) in (page * ROWS_PER_PAGE as u64..).zip(self.store.row_page(&self.dataset, page)?) {
            let example = self.store.example(&row.content_hash)?;
            let example = example.ok_or_else(|| format!("example {} of the dataset is missing", row.example))?;
            examples.push(Placed { index, example });
        }
        Ok(examples)
    }

    fn saved(&self, page: u64) -> Result<Vec<Outcome>, StoreFault> {
        let first = page * ROWS_PER_PAGE as u64;
        let end = first + ROWS_PER_PAGE as u64;
        let mut saved = Vec::new();
        let mut last = first.checked_sub(1);
        loop {
            let outcomes = self.store.outcome_page(self.run, last)?;
            let Some(newest) = outcomes.last().map(|outcome| outcome.index) else {
                return Ok(saved);
            };
            saved.extend(outcomes.into_iter().filter(|outcome| outcome.index < end));
            if newest >= end {
                return Ok(saved);
            }
            last = Some(newest);
        }
    }
}

/// Where a run's outcomes go.
pub(super) struct RunSink {
    store: Store,
    run: RunId,
    actor: String,
    clock: Clock,
}

impl RunSink {
    /// The sink of a run that `actor` started or resumed.
    pub(super) fn new(store: Store, run: RunId, actor: &Actor, clock: Clock) -> Self {
        Self {
            store,
            run,
            actor: actor.to_string(),
            clock,
        }
    }

    /// The audit entry of something that the run does.
    pub(super) fn audit(&self, action: &str) -> AuditEntry {
        AuditEntry {
            at_ms: (self.clock)().0,
            actor: self.actor.clone(),
            action: action.to_owned(),
            subject: self.run.to_string(),
            reason: String::new(),
        }
    }
}

impl OutcomeSink for RunSink {
    fn append<'a>(&'a self, outcome: &'a Outcome) -> Appending<'a> {
        Box::pin(async move {
            self.store.append_outcome(self.audit("run.outcome"), outcome)?.await?;
            Ok(())
        })
    }

    fn outcomes_hash(&self) -> Result<ContentHash, StoreFault> {
        Ok(self.store.outcomes_hash(self.run)?)
    }
}

/// Counts and sums over the saved outcomes of a run that has no end.
pub(super) fn total_of(store: &Store, run: &Run) -> Result<RunTotals, StoreError> {
    let mut totals = RunTotals::default();
    store.each_outcome(run.id, |outcome| -> Result<(), StoreError> {
        totals.add(outcome);
        Ok(())
    })?;
    Ok(totals)
}
