//! What a run reads from the store, and what it writes there.

use super::Clock;
use super::aliases::AliasWatch;
use super::reusing::{AnswerIndex, StoredAnswers};
use crate::domain::actor::Actor;
use crate::domain::alias::Alias;
use crate::domain::dataset::ROWS_PER_PAGE;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::model::ModelConfig;
use crate::domain::outcome::Outcome;
use crate::domain::run::{AnswerSource, Run, RunTotals};
use crate::evals::pipeline::{Appending, ExampleFeed, OutcomeSink, Placed, StoreFault};
use crate::store::engine::AuditEntry;
use crate::store::{Change, Store, StoreError};

/// Examples of a run's dataset version, and the outcomes that they already have.
pub(super) struct RunFeed {
    store: Store,
    run: RunId,
    dataset: ContentHash,
    answers: Option<StoredAnswers>,
    /// Pages of the dataset version that hold examples of the run, ascending.
    pages: Vec<u64>,
    /// The places that the run asks, where it is not all of them, ascending.
    places: Option<Vec<u64>>,
}

impl RunFeed {
    /// The feed of a run of this model.
    pub(super) fn new(store: Store, run: &Run, model: &ModelConfig) -> Self {
        let rows = ROWS_PER_PAGE as u64;
        let places = run.selection.as_ref().map(|selection| selection.places.clone());
        let pages = match &places {
            Some(places) => {
                let mut pages: Vec<u64> = places.iter().map(|place| place / rows).collect();
                pages.dedup();
                pages
            }
            None => (0..run.example_count.div_ceil(rows)).collect(),
        };
        Self {
            run: run.id,
            dataset: run.dataset_hash,
            answers: StoredAnswers::of(&store, run, model),
            pages,
            places,
            store,
        }
    }

    /// The page of the dataset version behind one of the run's pages.
    fn dataset_page(&self, page: u64) -> Result<u64, StoreFault> {
        let found = usize::try_from(page).ok().and_then(|page| self.pages.get(page));
        found
            .copied()
            .ok_or_else(|| format!("the run has no page {page}").into())
    }

    fn asks(&self, place: u64) -> bool {
        self.places
            .as_ref()
            .is_none_or(|places| places.binary_search(&place).is_ok())
    }
}

impl ExampleFeed for RunFeed {
    fn page_count(&self) -> u64 {
        self.pages.len() as u64
    }

    fn page(&self, page: u64) -> Result<Vec<Placed>, StoreFault> {
        let page = self.dataset_page(page)?;
        let mut examples = Vec::with_capacity(ROWS_PER_PAGE);
        for (index, row) in (page * ROWS_PER_PAGE as u64..).zip(self.store.row_page(&self.dataset, page)?) {
            if !self.asks(index) {
                continue;
            }
            let example = self.store.example(&row.content_hash)?;
            let example = example.ok_or_else(|| format!("example {} of the dataset is missing", row.example))?;
            examples.push(Placed { index, example });
        }
        Ok(examples)
    }

    fn saved(&self, page: u64) -> Result<Vec<Outcome>, StoreFault> {
        let first = self.dataset_page(page)? * ROWS_PER_PAGE as u64;
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

    fn answer(&self, request: &ContentHash) -> Result<Option<Outcome>, StoreFault> {
        match &self.answers {
            Some(answers) => answers.find(request),
            None => Ok(None),
        }
    }
}

/// Where a run's outcomes go.
pub(super) struct RunSink {
    store: Store,
    run: Run,
    actor: String,
    clock: Clock,
    aliases: Option<AliasWatch>,
    answers: Option<AnswerIndex>,
}

impl RunSink {
    /// The sink of a run of this model that `actor` started or resumed.
    pub(super) fn new(store: Store, run: &Run, model: &ModelConfig, actor: &Actor, clock: Clock) -> Self {
        let alias = || Alias::new(model, run.settings.base_url.as_deref());
        Self {
            aliases: (run.answers == AnswerSource::Model).then(|| AliasWatch::new(store.clone(), alias())),
            answers: AnswerIndex::of(run, model),
            store,
            run: run.clone(),
            actor: actor.to_string(),
            clock,
        }
    }

    /// Saves an outcome with what later runs want to know of it.
    async fn save(&self, outcome: &Outcome) -> Result<(), StoreFault> {
        // Before the outcome, so that no outcome of a model is there whose ledger does not know it.
        if let Some(aliases) = self.aliases.as_ref().filter(|_| outcome.reused_from.is_none()) {
            aliases.note(&self.run, outcome, self.audit("model.resolve")).await?;
        }
        let mut change = Change::new(self.audit("run.outcome")).insert_outcome(outcome)?;
        if let Some(answers) = &self.answers {
            change = answers.note(change, outcome)?;
        }
        change.submit(&self.store).await?;
        Ok(())
    }

    /// The audit entry of something that the run does.
    pub(super) fn audit(&self, action: &str) -> AuditEntry {
        AuditEntry {
            at_ms: (self.clock)().0,
            actor: self.actor.clone(),
            action: action.to_owned(),
            subject: self.run.id.to_string(),
            reason: String::new(),
        }
    }
}

impl OutcomeSink for RunSink {
    fn append<'a>(&'a self, outcome: &'a Outcome) -> Appending<'a> {
        Box::pin(self.save(outcome))
    }

    fn outcomes_hash(&self) -> Result<ContentHash, StoreFault> {
        Ok(self.store.outcomes_hash(self.run.id)?)
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
