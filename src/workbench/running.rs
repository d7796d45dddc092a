//! Runs: start, follow, resume, cancel, read. A run belongs to the process, not to the screen that started it.

use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::connecting::check_settings;
use super::reusing::Tape;
use super::room::OUTCOME_BYTES;
use super::run_store::{RunFeed, RunSink, total_of};
use super::{Workbench, WorkbenchError, found};
use crate::domain::actor::Actor;
use crate::domain::caveats::Caveats;
use crate::domain::gate::Verdict;
use crate::domain::ids::{DatasetVersionId, RunId, SuiteVersionId, VersionId};
use crate::domain::progress::RunProgress;
use crate::domain::promotion::Environment;
use crate::domain::prompt::Role;
use crate::domain::run::{
    AnswerSource, EndState, Run, RunEnd, RunSettings, RunState, RuntimeContext, Selection, Subject,
};
use crate::domain::version::PromptVersion;
use crate::evals::EvalError;
use crate::evals::pipeline::{self, Execution, Job, Order};
use crate::providers::Provider;
use crate::releases::evidence::caveats;
use crate::store::{Change, Store};

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRun {
    /// The version.
    pub version: VersionId,
    /// The data.
    pub dataset: DatasetVersionId,
    /// The checks.
    pub suite: SuiteVersionId,
    /// The version to compare with; what is live, or the version's base, where not given.
    pub base: Option<VersionId>,
    /// Where the version counts as tested; where it is live, or `experiment`, where not given.
    pub environment: Option<Environment>,
    /// What surrounds it.
    pub context: RuntimeContext,
    /// How requests are sent.
    pub settings: RunSettings,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// The run.
    pub run: Run,
    /// Where it stands.
    pub state: RunState,
    /// Outcomes on disk.
    pub saved: u64,
    /// Outcomes that did not pass.
    pub failed: u64,
    /// What its gate says, and why.
    pub verdict: Option<(Verdict, String)>,
    /// What weakens its results.
    pub caveats: Caveats,
}

/// A run with everything that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDetail {
    /// The run.
    pub run: Run,
    /// Its progress; after the end, its final state.
    pub progress: RunProgress,
    /// What it came to.
    pub end: Option<RunEnd>,
    /// The version that was tested.
    pub version: PromptVersion,
    /// What weakens its results.
    pub caveats: Caveats,
}

/// A run that this process works on.
pub(super) struct LiveRun {
    progress: watch::Receiver<RunProgress>,
    orders: watch::Sender<Order>,
    done: watch::Receiver<Option<Result<(), String>>>,
}

impl Workbench {
    /// Starts a run. It goes on by itself; follow it with [`Workbench::watch_run`].
    pub fn start_run(&self, actor: &Actor, start: &StartRun) -> Result<RunId, WorkbenchError> {
        self.start_run_with(actor, start, None, &Tape::Off)
    }

    /// Starts a run of the examples that are selected, or all, with its traffic on a tape.
    pub fn start_run_with(
        &self,
        actor: &Actor,
        start: &StartRun,
        selection: Option<Selection>,
        tape: &Tape,
    ) -> Result<RunId, WorkbenchError> {
        let version = self.version(&start.version)?;
        let dataset = self.dataset(&start.dataset)?;
        let suite = self.suite(&start.suite)?;
        if dataset.example_count == 0 {
            return Err(WorkbenchError::refused(
                format!("{} has no examples", dataset.id),
                "choose another version",
            ));
        }
        check_settings(&start.settings)?;
        let example_count = selection
            .as_ref()
            .map_or(dataset.example_count, |selection| selection.places.len() as u64);
        self.check_room_for_outcomes(example_count)?;
        let mut settings = start.settings.clone();
        settings.base_url = settings.base_url.or_else(|| tape.base_url());
        let provider = self.connect_taped(&version.content.model, &settings, tape)?;
        // What the environment says now may not be what it says when the run is resumed.
        settings.base_url = settings.base_url.or_else(|| provider.endpoint());
        let mut run = Run {
            id: self.store.next_run_id()?,
            subject: Subject::Prompt {
                version: version.id.clone(),
                content_hash: version.content_hash,
            },
            base: match &start.base {
                Some(base) => Some(self.version(base)?.id),
                None => self.default_base(&version)?,
            },
            environment: match start.environment {
                Some(environment) => environment,
                None => self.environment_of(&version.id)?,
            },
            dataset: dataset.id,
            dataset_hash: dataset.content_hash,
            example_count,
            selection,
            suite: suite.id,
            suite_hash: suite.content_hash,
            context: start.context.clone(),
            settings,
            answers: provider.source(),
            started_by: actor.clone(),
            started_at: self.now(),
        };
        // Compiled before the run is recorded: a run that could send nothing is no run.
        let job = self.job(&run, &version, suite.content.clone(), Arc::clone(&provider));
        pipeline::check(&job).map_err(|error| eval_error(&error))?;
        run.id = self.record_run(actor, &run)?;
        self.spawn(actor, self.job(&run, &version, suite.content, provider));
        Ok(run.id)
    }

    /// Records a run under the next free number.
    fn record_run(&self, actor: &Actor, run: &Run) -> Result<RunId, WorkbenchError> {
        self.store.commit_numbered(|| {
            let id = self.store.next_run_id()?;
            let audit = self.audit(actor, "run.start", &id, &run.subject.label());
            Ok((Change::new(audit).insert_run(&Run { id, ..run.clone() })?, id))
        })
    }

    /// What settings mean for the provider of a version, where they mean something else than their name says.
    pub fn run_notes(&self, version: &VersionId, settings: &RunSettings) -> Result<Vec<String>, WorkbenchError> {
        let version = self.version(version)?;
        let provider = self.connect(&version.content.model, settings)?;
        let roles: Vec<Role> = version.content.messages.iter().map(|message| message.role).collect();
        let mut notes = provider.notes(&version.content.model);
        notes.extend(provider.role_notes(&roles));
        Ok(notes)
    }

    /// What is live, unless it is the version itself; else the version that it began from.
    fn default_base(&self, version: &PromptVersion) -> Result<Option<VersionId>, WorkbenchError> {
        let live = self
            .store
            .live(&version.id.prompt, Environment::Production)?
            .map(|live| live.version);
        Ok(live.filter(|live| live != &version.id).or_else(|| version.base.clone()))
    }

    fn environment_of(&self, version: &VersionId) -> Result<Environment, WorkbenchError> {
        for environment in [Environment::Production, Environment::Staging] {
            if self
                .store
                .live(&version.prompt, environment)?
                .is_some_and(|live| &live.version == version)
            {
                return Ok(environment);
            }
        }
        Ok(Environment::Experiment)
    }

    /// Goes on with a run that nobody works on. Finished examples are not sent again.
    pub fn resume_run(&self, actor: &Actor, id: RunId) -> Result<(), WorkbenchError> {
        let _taking = self.taking_run();
        let run = found(self.store.run(id)?, "run", &id)?;
        match self.state_of(id)? {
            RunState::Interrupted => {}
            RunState::Running => {
                return Err(WorkbenchError::refused(
                    format!("{id} is running"),
                    "watch it with pegbox run watch",
                ));
            }
            state => {
                return Err(WorkbenchError::refused(
                    format!("{id} is {}: an ended run never changes", state.as_str()),
                    "start a new one with pegbox run start",
                ));
            }
        }
        if run.answers == AnswerSource::Replayed {
            return Err(WorkbenchError::refused(
                format!("{id} was answered by a cassette, which is not at hand"),
                "start it again with pegbox run start --replay FILE",
            ));
        }
        let saved = self.store.outcome_count(id)?;
        self.check_room_for_outcomes(run.example_count.saturating_sub(saved))?;
        let version_id = found(run.subject.version().cloned(), "version", &run.subject.label())?;
        let version = self.version(&version_id)?;
        let suite = self.suite(&run.suite)?;
        let provider = self.connect(&version.content.model, &run.settings)?;
        Change::new(self.audit(actor, "run.resume", &id, "")).commit(&self.store)?;
        self.spawn(actor, self.job(&run, &version, suite.content, provider));
        Ok(())
    }

    fn check_room_for_outcomes(&self, count: u64) -> Result<(), WorkbenchError> {
        let what = format!("a run of {count} examples");
        self.check_room(&what, count.saturating_mul(OUTCOME_BYTES))
    }

    fn job(
        &self,
        run: &Run,
        version: &PromptVersion,
        suite: crate::domain::suite::SuiteContent,
        provider: Arc<dyn Provider>,
    ) -> Job {
        Job {
            feed: Arc::new(RunFeed::new(self.store.clone(), run, &version.content.model)),
            run: run.clone(),
            prompt: version.content.clone(),
            suite,
            provider,
            now: Arc::clone(&self.clock),
        }
    }

    /// Hands a run to the runtime.
    fn spawn(&self, actor: &Actor, job: Job) {
        let id = job.run.id;
        let (progress_sender, progress) = watch::channel(crate::evals::progress::beginning(&job.run));
        let (orders, order_receiver) = watch::channel(Order::GoOn);
        let (done_sender, done) = watch::channel(None);
        let sink = Arc::new(RunSink::new(
            self.store.clone(),
            &job.run,
            &job.prompt.model,
            actor,
            Arc::clone(&self.clock),
        ));
        let store = self.store.clone();
        self.live_runs().insert(id, LiveRun { progress, orders, done });
        self.runtime.spawn(async move {
            let result = match pipeline::execute(job, Arc::clone(&sink) as _, &progress_sender, order_receiver).await {
                Ok(Execution::Ended(end)) => save_end(store, sink, *end, &progress_sender).await,
                Ok(Execution::Paused { .. }) => Ok(()),
                Err(error) => Err(error.to_string()),
            };
            if result.is_err() {
                progress_sender.send_modify(|progress| {
                    progress.state = RunState::Interrupted;
                    progress.notice = result.as_ref().err().cloned();
                });
            }
            done_sender.send_replace(Some(result));
        });
    }

    fn live_runs(&self) -> MutexGuard<'_, std::collections::HashMap<RunId, LiveRun>> {
        // The map is whole between any two statements, so a panic elsewhere cannot have broken it.
        self.live_runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while a run is resumed or cancelled: both look where it stands first, and of two only one may go on.
    fn taking_run(&self) -> MutexGuard<'_, ()> {
        self.taking_run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, id: RunId, order: Order) -> bool {
        let live = self.live_runs();
        live.get(&id)
            .is_some_and(|run| run.done.borrow().is_none() && run.orders.send(order).is_ok())
    }

    /// Stops a run for good. What is saved stays.
    pub fn cancel_run(&self, actor: &Actor, id: RunId) -> Result<(), WorkbenchError> {
        let _taking = self.taking_run();
        let run = found(self.store.run(id)?, "run", &id)?;
        let audit = self.audit(actor, "run.cancel", &id, "");
        if self.order(id, Order::Cancel) {
            Change::new(audit).commit(&self.store)?;
            return Ok(());
        }
        if self.state_of(id)? != RunState::Interrupted {
            return Err(WorkbenchError::refused(
                format!("{id} has ended already"),
                "look at it with pegbox run show",
            ));
        }
        let end = RunEnd {
            run: id,
            state: EndState::Cancelled,
            totals: total_of(&self.store, &run)?,
            results: Vec::new(),
            gate: None,
            outcomes_hash: self.store.outcomes_hash(id)?,
            resolved_models: Vec::new(),
            ended_at: self.now(),
        };
        Change::new(audit).insert_run_end(&end)?.commit(&self.store)?;
        Ok(())
    }

    /// Tells every live run to save what is in flight and leave the rest, and waits until they have.
    pub fn park_runs(&self) {
        let live: Vec<RunId> = self.live_runs().keys().copied().collect();
        for id in &live {
            self.order(*id, Order::Pause);
        }
        for id in live {
            // A run that failed to save has said so in its progress.
            let _ = self.wait_until_done(id);
        }
    }

    /// Blocks until this process no longer works on a run; must not be called on a thread of the runtime.
    fn wait_until_done(&self, id: RunId) -> Result<(), WorkbenchError> {
        let Some(mut done) = self.live_runs().get(&id).map(|run| run.done.clone()) else {
            return Ok(());
        };
        let result = self.runtime.block_on(async move {
            done.wait_for(Option::is_some)
                .await
                .ok()
                .and_then(|result| result.clone())
                .unwrap_or(Ok(()))
        });
        result.map_err(|why| {
            WorkbenchError::Store(crate::store::StoreError::Engine(
                crate::store::engine::EngineError::Poisoned { why },
            ))
        })
    }

    /// Blocks until a run has ended, and returns what it came to; must not be called on a thread of the runtime.
    pub fn wait_run(&self, id: RunId) -> Result<RunEnd, WorkbenchError> {
        self.wait_until_done(id)?;
        self.store.run_end(id)?.ok_or_else(|| {
            WorkbenchError::refused(
                format!("{id} was interrupted: what is saved stays"),
                format!("go on with pegbox run resume {id}"),
            )
        })
    }

    /// The progress of a run that this process works on, as it changes.
    pub fn watch_run(&self, id: RunId) -> Option<watch::Receiver<RunProgress>> {
        self.live_runs().get(&id).map(|run| run.progress.clone())
    }

    fn state_of(&self, id: RunId) -> Result<RunState, WorkbenchError> {
        if let Some(end) = self.store.run_end(id)? {
            return Ok(match end.state {
                EndState::Finished => RunState::Finished,
                EndState::Cancelled => RunState::Cancelled,
                EndState::Decided => RunState::Decided,
            });
        }
        let is_live = self.live_runs().get(&id).is_some_and(|run| run.done.borrow().is_none());
        Ok(if is_live {
            RunState::Running
        } else {
            RunState::Interrupted
        })
    }

    /// Where a run stands: live where this process works on it, from its records otherwise.
    pub fn progress(&self, id: RunId) -> Result<RunProgress, WorkbenchError> {
        if let Some(receiver) = self.watch_run(id) {
            return Ok(receiver.borrow().clone());
        }
        let run = found(self.store.run(id)?, "run", &id)?;
        let mut progress = crate::evals::progress::beginning(&run);
        progress.state = self.state_of(id)?;
        match self.store.run_end(id)? {
            Some(end) => {
                progress.elapsed_ms = end.ended_at.since_ms(run.started_at);
                progress.totals = end.totals;
                progress.results = end.results;
            }
            None => progress.totals = total_of(&self.store, &run)?,
        }
        Ok(progress)
    }

    /// Runs older than `before` (or the newest), newest first.
    pub fn runs(&self, before: Option<RunId>, limit: usize) -> Result<Vec<RunSummary>, WorkbenchError> {
        let mut summaries = Vec::new();
        for run in self.store.runs(before, limit)? {
            let end = self.store.run_end(run.id)?;
            let state = self.state_of(run.id)?;
            let totals = match &end {
                Some(end) => end.totals,
                None => self.progress(run.id)?.totals,
            };
            let mut caveats = caveats(&self.store, &run, end.as_ref())?;
            caveats.reused = totals.reused;
            summaries.push(RunSummary {
                caveats,
                state,
                saved: totals.saved,
                failed: totals.failed + totals.errored,
                verdict: end.and_then(|end| end.gate).map(|gate| (gate.verdict, gate.reason)),
                run,
            });
        }
        Ok(summaries)
    }

    /// A run with everything that is known of it.
    pub fn run_detail(&self, id: RunId) -> Result<RunDetail, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let version_id = found(run.subject.version().cloned(), "version", &run.subject.label())?;
        let end = self.store.run_end(id)?;
        let progress = self.progress(id)?;
        let mut caveats = caveats(&self.store, &run, end.as_ref())?;
        caveats.reused = progress.totals.reused;
        Ok(RunDetail {
            progress,
            end,
            caveats,
            version: self.version(&version_id)?,
            run,
        })
    }
}

/// Saves the end of a run, then says that it finished.
async fn save_end(
    store: Store,
    sink: Arc<RunSink>,
    end: RunEnd,
    progress: &watch::Sender<RunProgress>,
) -> Result<(), String> {
    let state = match end.state {
        EndState::Finished => RunState::Finished,
        EndState::Cancelled => RunState::Cancelled,
        EndState::Decided => RunState::Decided,
    };
    let results = end.results.clone();
    let change = Change::new(sink.audit("run.end"))
        .insert_run_end(&end)
        .map_err(|error| error.to_string())?;
    change.submit(&store).await.map_err(|error| error.to_string())?;
    progress.send_modify(|progress| {
        progress.state = state;
        progress.in_flight = 0;
        progress.eta_ms = None;
        progress.results = results;
    });
    Ok(())
}

/// What a prompt or suite that cannot be run has wrong.
pub(super) fn eval_error(error: &EvalError) -> WorkbenchError {
    WorkbenchError::invalid(error.to_string(), "correct the prompt or the suite")
}
