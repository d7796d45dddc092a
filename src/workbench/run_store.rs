//! What a run reads from the store, and what it writes there.

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Clock;
use super::aliases::{AliasWatch, Asker};
use super::basing::BaseAnswers;
use super::committing::Committer;
use super::reusing::{AnswerIndex, StoredAnswers};
use super::room;
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::alias::Alias;
use crate::domain::answer::KnownAnswer;
use crate::domain::dataset::{ROWS_PER_PAGE, Row};
use crate::domain::example::Example;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::origin::Origin;
use crate::domain::outcome::{Outcome, OutcomePlace};
use crate::domain::progress::{LatencySummary, RunProgress};
use crate::domain::run::{AnswerSource, Run, RunEnd, RunState, RunStep, RunStepKind, RunTotals};
use crate::evals::graders::BaseAnswer;
use crate::evals::latency::Latencies;
use crate::evals::pipeline::{Appending, ExampleFeed, Job, OutcomeSink, Placed, StoreFault, Work};
use crate::store::engine::AuditEntry;
use crate::store::{Change, Store, StoreError};

/// Examples in a page.
const PAGE: u64 = ROWS_PER_PAGE as u64;

/// Examples of a run's dataset version, and the outcomes that they already have.
pub(super) struct RunFeed {
    store: Store,
    run: RunId,
    dataset: ContentHash,
    example_count: u64,
    /// The places of the run's examples, where it is not all of them.
    selected: Option<Vec<u64>>,
    answers: Option<StoredAnswers>,
    base: Option<BaseAnswers>,
}

impl RunFeed {
    /// The feed of a run that asks everything anew.
    pub(super) fn new(store: Store, run: &Run) -> Self {
        Self {
            run: run.id,
            dataset: run.dataset_hash,
            answers: None,
            base: None,
            store,
            example_count: run.example_count,
            selected: run.selection.as_ref().map(|selection| selection.places.clone()),
        }
    }

    /// The same, with the stored answers that the run may use.
    pub(super) fn reusing(self, run: &Run) -> Self {
        let answers = StoredAnswers::of(&self.store, run);
        Self { answers, ..self }
    }

    /// The same, with the answers of the base's run.
    pub(super) fn comparing(self, run: &Run) -> Self {
        let base = Some(BaseAnswers::of(&self.store, run));
        Self { base, ..self }
    }

    fn selected_page(&self, selected: &[u64], page: u64) -> Result<Vec<Placed>, StoreFault> {
        let mut examples = Vec::new();
        let mut rows: Option<(u64, Vec<Row>)> = None;
        for &index in chunk(selected, page) {
            let number = index / PAGE;
            let page = match rows.take() {
                Some((held, rows)) if held == number => rows,
                _ => self.store.row_page(&self.dataset, number)?,
            };
            let row = usize::try_from(index % PAGE).ok().and_then(|at| page.get(at));
            let row = row.ok_or_else(|| format!("the dataset has no example at place {index}"))?;
            examples.push(self.placed(index, row)?);
            rows = Some((number, page));
        }
        Ok(examples)
    }

    fn placed(&self, index: u64, row: &Row) -> Result<Placed, StoreFault> {
        let example = self.store.example(&row.content_hash)?;
        let example = example.ok_or_else(|| format!("example {} of the dataset is missing", row.example))?;
        Ok(Placed { index, example })
    }

    /// The places between the first and the last of a page, both included.
    fn span(&self, page: u64) -> Option<(u64, u64)> {
        match &self.selected {
            None => Some((page * PAGE, (page + 1) * PAGE - 1)),
            Some(selected) => {
                let places = chunk(selected, page);
                Some((*places.first()?, *places.last()?))
            }
        }
    }
}

fn chunk(selected: &[u64], page: u64) -> &[u64] {
    let page = usize::try_from(page).unwrap_or(usize::MAX);
    selected.chunks(ROWS_PER_PAGE).nth(page).unwrap_or_default()
}

impl ExampleFeed for RunFeed {
    fn page_count(&self) -> u64 {
        self.example_count.div_ceil(PAGE)
    }

    fn page(&self, page: u64) -> Result<Vec<Placed>, StoreFault> {
        if let Some(selected) = &self.selected {
            return self.selected_page(selected, page);
        }
        let rows = self.store.row_page(&self.dataset, page)?;
        (page * PAGE..)
            .zip(&rows)
            .map(|(index, row)| self.placed(index, row))
            .collect()
    }

    fn saved(&self, page: u64) -> Result<Vec<Outcome>, StoreFault> {
        let Some((first, last)) = self.span(page) else {
            return Ok(Vec::new());
        };
        let mut saved = Vec::new();
        let mut after = first.checked_sub(1).map(|index| OutcomePlace {
            index,
            repeat: u32::MAX,
        });
        loop {
            let outcomes = self.store.outcome_page(self.run, after)?;
            let Some(newest) = outcomes.last().map(Outcome::place) else {
                return Ok(saved);
            };
            saved.extend(outcomes.into_iter().filter(|outcome| outcome.index <= last));
            if newest.index > last {
                return Ok(saved);
            }
            after = Some(newest);
        }
    }

    fn answer(&self, request: &ContentHash, model: &Alias) -> Result<Option<KnownAnswer>, StoreFault> {
        match &self.answers {
            Some(answers) => answers.find(request, model),
            None => Ok(None),
        }
    }

    fn base_answer(&self, example: &Example, repeat: u32) -> Result<BaseAnswer, StoreFault> {
        match &self.base {
            Some(base) => base.find(example, repeat),
            None => Ok(Err("there is no run of a base to compare with".into())),
        }
    }
}

/// Who carries a run out.
#[derive(Clone)]
pub(super) struct RunAuthor {
    pub(super) run: RunId,
    actor: Actor,
    origin: Origin,
    clock: Clock,
}

impl RunAuthor {
    pub(super) fn new(run: RunId, actor: Actor, origin: Origin, clock: Clock) -> Self {
        Self {
            run,
            actor,
            origin,
            clock,
        }
    }

    /// The audit entry of something that the run does. Whoever started it was let do that: what a run came to is kept,
    /// whoever may do what by then.
    pub(super) fn audit(&self, action: Action) -> AuditEntry {
        AuditEntry {
            at_ms: (self.clock)().0,
            actor: self.actor.to_string(),
            action: action.as_str().to_owned(),
            subject: self.run.to_string(),
            reason: String::new(),
            origin: self.origin.clone(),
        }
    }
}

/// Where a run's outcomes go.
pub(super) struct RunSink {
    store: Store,
    run: Run,
    author: RunAuthor,
    aliases: Vec<AliasWatch>,
    answers: AnswerIndex,
    committer: Committer,
}

impl RunSink {
    /// The sink of a run that asks this and that `actor` started or resumed.
    pub(super) fn new(store: Store, runtime: &Handle, job: &Job, author: RunAuthor) -> Self {
        let run = &job.run;
        let models = match &job.work {
            Work::Prompt(work) => vec![(None, &work.prompt.model)],
            Work::Chain { steps, .. } => {
                let names = steps.iter().map(|step| Some(step.step.name.clone()));
                names.zip(steps.iter().map(|step| &step.work.prompt.model)).collect()
            }
        };
        let tested = models.into_iter().map(|(step, model)| {
            let alias = Alias::new(model, run.settings.endpoint_of(&model.provider));
            (Asker::Tested(step), alias)
        });
        let judges = job.judges.aliases().into_iter();
        let asked = tested
            .filter(|_| run.answers == AnswerSource::Model)
            .chain(judges.map(|(judge, alias)| (Asker::Judge(judge), alias)));
        Self {
            committer: Committer::new(runtime, store.clone(), author.clone()),
            aliases: asked
                .map(|(asker, alias)| AliasWatch::new(store.clone(), alias, asker))
                .collect(),
            answers: AnswerIndex::of(job),
            store,
            run: run.clone(),
            author,
        }
    }

    /// Saves an outcome with what later runs want to know of it.
    async fn save_outcome(&self, outcome: &Outcome) -> Result<(), StoreFault> {
        // Before the outcome, so that no outcome of a model is there whose ledger does not know it.
        let audit = self.audit(Action::ModelResolve);
        for aliases in &self.aliases {
            aliases.note(&self.run, outcome, &audit).await?;
        }
        let change = Change::new(self.audit(Action::RunOutcome)).insert_outcome(outcome)?;
        self.committer.commit(self.answers.note(change, outcome)?).await
    }

    /// The audit entry of something that the run does.
    pub(super) fn audit(&self, action: Action) -> AuditEntry {
        self.author.audit(action)
    }

    /// The step that says that the run paused by itself.
    pub(super) fn paused(&self, reason: String) -> Result<RunStep, StoreError> {
        Ok(RunStep {
            run: self.run.id,
            number: self.store.next_run_step(self.run.id)?,
            kind: RunStepKind::Paused { reason },
            by: self.author.actor.clone(),
            at: (self.author.clock)(),
        })
    }

    /// What happened to the run last.
    pub(super) fn last_step(&self) -> Result<Option<RunStep>, StoreError> {
        self.store.last_run_step(self.run.id)
    }

    /// Saves a change about the run.
    pub(super) async fn save(&self, change: Result<Change, StoreError>) -> Result<(), String> {
        let change = change.map_err(|error| error.to_string())?;
        change.submit(&self.store).await.map_err(|error| error.to_string())?;
        Ok(())
    }
}

impl OutcomeSink for RunSink {
    fn append<'a>(&'a self, outcome: &'a Outcome) -> Appending<'a> {
        Box::pin(self.save_outcome(outcome))
    }

    fn why_full(&self) -> Option<String> {
        room::why_full(&self.store)
    }
}

/// What the saved outcomes of a run come to that no end sums up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums {
    pub(super) totals: RunTotals,
    pub(super) latencies: Option<LatencySummary>,
}

/// One pass over the saved outcomes of a run.
pub(super) fn sums_of(store: &Store, run: RunId) -> Result<Sums, StoreError> {
    let mut totals = RunTotals::default();
    let mut latencies = Latencies::default();
    store.each_outcome(run, |outcome| -> Result<(), StoreError> {
        totals.add(outcome);
        latencies.push_answered(outcome);
        Ok(())
    })?;
    Ok(Sums {
        totals,
        latencies: latencies.summary(),
    })
}

/// Saves the end of a run, then says that it finished.
pub(super) async fn save_end(sink: &RunSink, end: RunEnd, progress: &watch::Sender<RunProgress>) -> Result<(), String> {
    let change = Change::new(sink.audit(Action::RunEnd)).insert_run_end(&end);
    sink.save(change).await?;
    progress.send_modify(|progress| {
        progress.state = end.state.into();
        progress.in_flight = 0;
        progress.eta_ms = None;
        progress.results = end.results;
    });
    Ok(())
}

/// Saves that a cap paused a run, then says so. That somebody ordered a pause is saved with the order.
pub(super) async fn save_pause(
    sink: &RunSink,
    reason: Option<String>,
    progress: &watch::Sender<RunProgress>,
) -> Result<(), String> {
    let step = match reason {
        Some(reason) => {
            let step = sink.paused(reason).map_err(|error| error.to_string())?;
            let change = Change::new(sink.audit(Action::RunPause)).insert_run_step(&step);
            sink.save(change).await?;
            Some(step)
        }
        None => sink.last_step().map_err(|error| error.to_string())?,
    };
    if let Some(RunStepKind::Paused { reason }) = step.map(|step| step.kind) {
        progress.send_modify(|progress| {
            progress.state = RunState::Paused;
            progress.notice = Some(reason);
        });
    }
    Ok(())
}
