//! Runs: start, pause, resume, cancel. A run belongs to the process, not to the screen that started it.

use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::basing::find_base;
use super::connecting::{check_repeats, check_settings};
use super::reusing::Tape;
use super::room::OUTCOME_BYTES;
use super::run_reading::caps_of;
use super::run_store::{RunAuthor, RunFeed, RunSink, save_end, save_pause};
use super::subjects::{SubjectId, Tested};
use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::endpoint::kept_endpoints;
use crate::domain::ids::{DatasetVersionId, RunId, SuiteVersionId, VersionId};
use crate::domain::money::PriceFile;
use crate::domain::progress::RunProgress;
use crate::domain::promotion::Environment;
use crate::domain::quarantine::Quarantine;
use crate::domain::run::{
    AnswerSource, Caps, EndState, Run, RunEnd, RunSettings, RunState, RunStep, RunStepKind, RuntimeContext, Selection,
    Subject,
};
use crate::domain::suite::SuiteContent;
use crate::evals::EvalError;
use crate::evals::judges::Judges;
use crate::evals::pipeline::{self, Execution, Job, Order, Work};
use crate::store::engine::EngineError;
use crate::store::{Change, StoreError};

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRun {
    /// The prompt version or chain version.
    pub subject: SubjectId,
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

/// What a run is made of, looked up and connected.
struct Parts {
    work: Work,
    suite: SuiteContent,
    judges: Judges,
    quarantined: Vec<Quarantine>,
}

/// A run that this process works on.
pub(super) struct LiveRun {
    progress: watch::Receiver<RunProgress>,
    orders: watch::Sender<Order>,
    done: watch::Receiver<Option<Result<(), String>>>,
}

/// Refuses to go on with a run whose answers would come from elsewhere than before.
fn check_tape(run: &Run, tape: &Tape) -> Result<(), WorkbenchError> {
    let id = run.id;
    match (run.answers == AnswerSource::Replayed, tape.is_replay()) {
        (true, false) => Err(WorkbenchError::refused(
            format!("{id} was answered by a cassette, which is not at hand"),
            format!("name it: pegbox run resume {id} --replay FILE"),
        )),
        (true, true) if run.settings.repeats > 1 => Err(WorkbenchError::refused(
            format!("{id} asks each example several times, and which replies of the cassette are used up is not known"),
            "start it again with pegbox run start --replay FILE",
        )),
        (false, true) => Err(WorkbenchError::refused(
            format!("{id} was answered by {}, not by a cassette", run.answers.as_str()),
            "go on without --replay",
        )),
        _ => Ok(()),
    }
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
        self.permit(actor, Action::RunStart)?;
        let tested = self.tested(&start.subject)?;
        let dataset = self.dataset(&start.dataset)?;
        let suite = self.suite(&start.suite)?;
        if dataset.example_count == 0 {
            return Err(WorkbenchError::refused(
                format!("{} has no examples", dataset.id),
                "choose another version",
            ));
        }
        let example_count = selection
            .as_ref()
            .map_or(dataset.example_count, |selection| selection.places.len() as u64);
        let mut settings = start.settings.clone();
        settings.base_url = settings
            .base_url
            .or_else(|| tape.base_url().filter(|url| tested.can_be_asked_at(url)));
        let connected = self.connect_tested(&tested, &settings, tape)?;
        // What the environment says now may not be what it says when the run is resumed.
        settings.base_url = kept_endpoints(settings.base_url, connected.endpoint);
        let subject = tested.subject();
        let run = Run {
            id: self.store.next_run_id()?,
            base: match (&start.base, &tested) {
                (Some(_), Tested::Chain(..)) => return Err(chain_has_no_base()),
                (Some(base), Tested::Prompt { .. }) => Some(self.version(base)?.id),
                (None, _) => self.default_base(&subject)?,
            },
            environment: match start.environment {
                Some(environment) => environment,
                None => self.environment_of(&subject)?,
            },
            subject,
            dataset: dataset.id,
            dataset_hash: dataset.content_hash,
            example_count,
            selection,
            suite: suite.id,
            suite_hash: suite.content_hash,
            context: start.context.clone(),
            settings,
            answers: connected.answers,
            prices: self.prices_for(connected.answers),
            started_by: actor.clone(),
            started_at: self.now(),
        };
        let judges = self.judges(&suite.content, &connected.provider, &run.settings, tape)?;
        let parts = Parts {
            work: connected.work,
            quarantined: self.quarantined(&run.suite.name)?,
            suite: suite.content,
            judges,
        };
        let id = self.launch(actor, run, &parts)?;
        tape.begin();
        Ok(id)
    }

    /// Records a run that is ready, under the next free number, and hands it to the runtime.
    fn launch(&self, actor: &Actor, mut run: Run, parts: &Parts) -> Result<RunId, WorkbenchError> {
        check_settings(&run.settings)?;
        if run.selection.is_none() {
            check_repeats(run.settings.repeats, &parts.suite)?;
        }
        self.check_room_for_outcomes(run.outcome_count())?;
        // Compiled before the run is recorded: a run that could send nothing is no run.
        pipeline::check(&self.job(&run, &[], parts)).map_err(|error| eval_error(&error))?;
        run.id = self.record_run(actor, &run)?;
        self.spawn(actor, self.job(&run, &[], parts));
        Ok(run.id)
    }

    /// Records a run under the next free number.
    fn record_run(&self, actor: &Actor, run: &Run) -> Result<RunId, WorkbenchError> {
        self.store.commit_numbered(|| {
            let id = self.store.next_run_id()?;
            let audit = self.audit(actor, Action::RunStart, &id, &run.subject.label())?;
            Ok((Change::new(audit).insert_run(&Run { id, ..run.clone() })?, id))
        })
    }

    fn prices_for(&self, answers: AnswerSource) -> Vec<PriceFile> {
        match answers {
            AnswerSource::Model | AnswerSource::Replayed => self.prices.files(),
            AnswerSource::Simulated => Vec::new(),
        }
    }

    /// What is live, unless it is the version itself; else the version that it began from. Of a variant the version
    /// that it is made of. A chain has none.
    fn default_base(&self, subject: &Subject) -> Result<Option<VersionId>, WorkbenchError> {
        let Some(version) = subject.version() else {
            return Ok(subject.version_or_origin().cloned());
        };
        let live = self
            .store
            .live(&version.prompt, Environment::Production)?
            .map(|live| live.version);
        match live.filter(|live| live != version) {
            Some(live) => Ok(Some(live)),
            None => Ok(self.version(version)?.base),
        }
    }

    fn environment_of(&self, subject: &Subject) -> Result<Environment, WorkbenchError> {
        let Some(version) = subject.version() else {
            return Ok(Environment::Experiment);
        };
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

    /// Goes on with a run that nobody works on. Finished examples are not sent again. Caps that are given hold from now
    /// on, the others stay.
    pub fn resume_run(&self, actor: &Actor, id: RunId, caps: Caps) -> Result<(), WorkbenchError> {
        self.resume_run_with(actor, id, caps, &Tape::Off)
    }

    /// The same with its traffic on a tape: the one that recorded it goes on, or the one that answered it.
    pub fn resume_run_with(&self, actor: &Actor, id: RunId, caps: Caps, tape: &Tape) -> Result<(), WorkbenchError> {
        self.permit(actor, Action::RunResume)?;
        let _taking = self.taking_run();
        let run = found(self.store.run(id)?, "run", &id)?;
        match self.state_of(id)? {
            state if state.can_resume() => {}
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
        check_tape(&run, tape)?;
        let saved = self.store.outcome_count(id)?;
        self.check_room_for_outcomes(run.outcome_count().saturating_sub(saved))?;
        let tested = self.tested(&SubjectId::from(&run.subject))?;
        let suite = self.suite(&run.suite)?;
        let connected = self.connect_tested(&tested, &run.settings, tape)?;
        let parts = Parts {
            judges: self.judges(&suite.content, &connected.provider, &run.settings, tape)?,
            work: connected.work,
            quarantined: self.quarantined(&suite.id.name)?,
            suite: suite.content,
        };
        let mut steps = self.store.run_steps(id)?;
        let caps = caps_of(&run, &steps).changed_to(caps);
        let prices = Some(self.prices_for(run.answers));
        let step = self.step(actor, id, RunStepKind::Resumed { caps, prices })?;
        Change::new(self.audit(actor, Action::RunResume, &id, "")?)
            .insert_run_step(&step)?
            .commit(&self.store)?;
        steps.push(step);
        self.spawn(actor, self.job(&run, &steps, &parts));
        Ok(())
    }

    /// Lets a run send nothing more until somebody resumes it. What is in flight is saved.
    pub fn pause_run(&self, actor: &Actor, id: RunId) -> Result<(), WorkbenchError> {
        self.permit(actor, Action::RunPause)?;
        let _taking = self.taking_run();
        found(self.store.run(id)?, "run", &id)?;
        if !self.order(id, Order::Pause) {
            let state = self.state_of(id)?;
            return Err(WorkbenchError::refused(
                format!(
                    "{id} is {}: only a run that this process works on can be paused",
                    state.as_str()
                ),
                "Ctrl-C pauses a run in the terminal that follows it; one of a host is paused through the host",
            ));
        }
        let reason = format!("paused by {actor}");
        let step = self.step(actor, id, RunStepKind::Paused { reason })?;
        let paused = Change::new(self.audit(actor, Action::RunPause, &id, "")?)
            .insert_run_step(&step)?
            .commit(&self.store);
        match paused {
            // What was in flight was the rest of it, and it has ended meanwhile.
            Err(StoreError::Engine(EngineError::Conflict { .. })) => Ok(()),
            paused => Ok(paused.map(drop)?),
        }
    }

    fn step(&self, actor: &Actor, run: RunId, kind: RunStepKind) -> Result<RunStep, WorkbenchError> {
        Ok(RunStep {
            run,
            number: self.store.next_run_step(run)?,
            kind,
            by: actor.clone(),
            at: self.now(),
        })
    }

    fn check_room_for_outcomes(&self, count: u64) -> Result<(), WorkbenchError> {
        let what = format!("a run of {count} outcomes");
        self.check_room(&what, count.saturating_mul(OUTCOME_BYTES))
    }

    fn job(&self, run: &Run, steps: &[RunStep], parts: &Parts) -> Job {
        let Parts {
            work,
            suite,
            judges,
            quarantined,
        } = parts;
        let resumed = steps
            .iter()
            .filter(|step| matches!(step.kind, RunStepKind::Resumed { .. }));
        Job {
            caps: caps_of(run, steps),
            began_at: std::iter::once(run.started_at)
                .chain(resumed.map(|step| step.at))
                .collect(),
            feed: Arc::new(RunFeed::new(self.store.clone(), run).reusing(run).comparing(run)),
            find_base: find_base(&self.store, run),
            quarantined: quarantined.clone(),
            run: run.clone(),
            work: work.clone(),
            suite: suite.clone(),
            judges: judges.clone(),
            now: Arc::clone(&self.clock),
        }
    }

    /// Hands a run to the runtime.
    fn spawn(&self, actor: &Actor, job: Job) {
        let id = job.run.id;
        let (progress_sender, progress) = watch::channel(crate::evals::progress::beginning(&job.run));
        let (orders, order_receiver) = watch::channel(Order::GoOn);
        let (done_sender, done) = watch::channel(None);
        let author = RunAuthor::new(id, actor.clone(), self.origin.clone(), Arc::clone(&self.clock));
        let sink = Arc::new(RunSink::new(self.store.clone(), &self.runtime, &job, author));
        self.live_runs().insert(id, LiveRun { progress, orders, done });
        self.runtime.spawn(async move {
            let result = match pipeline::execute(job, Arc::clone(&sink) as _, &progress_sender, order_receiver).await {
                Ok(Execution::Ended(end)) => save_end(&sink, *end, &progress_sender).await,
                Ok(Execution::Paused { reason, .. }) => save_pause(&sink, reason, &progress_sender).await,
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

    /// Whether this process works on a run.
    pub(super) fn is_live(&self, id: RunId) -> bool {
        self.live_runs().get(&id).is_some_and(|run| run.done.borrow().is_none())
    }

    /// The progress of a run that this process works on, or has worked on.
    pub(super) fn live_progress(&self, id: RunId) -> Option<watch::Receiver<RunProgress>> {
        self.live_runs().get(&id).map(|run| run.progress.clone())
    }

    /// Held while a run is paused, resumed or cancelled: all look where it stands first, and of two only one may go on.
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
        self.permit(actor, Action::RunCancel)?;
        let _taking = self.taking_run();
        found(self.store.run(id)?, "run", &id)?;
        let audit = self.audit(actor, Action::RunCancel, &id, "")?;
        if self.order(id, Order::Cancel) {
            Change::new(audit).commit(&self.store)?;
            return Ok(());
        }
        if !self.state_of(id)?.can_resume() {
            return Err(WorkbenchError::refused(
                format!("{id} has ended already"),
                "look at it with pegbox run show",
            ));
        }
        let sums = self.sums(id)?;
        let end = RunEnd {
            run: id,
            state: EndState::Cancelled,
            totals: sums.totals,
            results: Vec::new(),
            gate: None,
            outcomes_hash: self.store.outcomes_hash(id)?,
            resolved_models: Vec::new(),
            ended_at: self.now(),
            confusions: Vec::new(),
            against_base: None,
            paths: Vec::new(),
            latencies: sums.latencies,
        };
        Change::new(audit).insert_run_end(&end)?.commit(&self.store)?;
        // Where it was paused by this process, what is known of it alive still says so.
        self.live_runs().remove(&id);
        Ok(())
    }

    /// Whether any run is at work in this process.
    pub fn has_live_runs(&self) -> bool {
        self.live_runs().values().any(|run| run.done.borrow().is_none())
    }

    /// The runs that are at work in this process, in the order of their numbers.
    pub fn runs_at_work(&self) -> Vec<RunId> {
        let at_work = |(id, run): (&RunId, &LiveRun)| run.done.borrow().is_none().then_some(*id);
        let mut runs: Vec<RunId> = self.live_runs().iter().filter_map(at_work).collect();
        runs.sort_unstable();
        runs
    }

    /// Tells one run to save what is in flight and leave the rest. Its progress says when it has.
    pub fn park_run(&self, id: RunId) {
        self.order(id, Order::Pause);
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
        result.map_err(|why| WorkbenchError::Store(StoreError::Engine(EngineError::Poisoned { why })))
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
}

/// What a prompt or suite that cannot be run has wrong.
pub(super) fn eval_error(error: &EvalError) -> WorkbenchError {
    WorkbenchError::invalid(error.to_string(), "correct the prompt or the suite")
}

fn chain_has_no_base() -> WorkbenchError {
    WorkbenchError::invalid(
        "a run of a chain has no base version",
        "leave it out, and compare two runs with pegbox run compare",
    )
}
