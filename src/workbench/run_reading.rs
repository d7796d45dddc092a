//! What is known of runs: lists, progress, details.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::run_store::{Sums, sums_of};
use super::{SubjectId, Tested, Workbench, WorkbenchError, found};
use crate::domain::caveats::{Caveats, Overtaken};
use crate::domain::gate::Verdict;
use crate::domain::ids::RunId;
use crate::domain::label::{LabelAgreement, agreements};
use crate::domain::progress::RunProgress;
use crate::domain::run::{Caps, Run, RunEnd, RunState, RunStep, RunStepKind};
use crate::domain::run_step::mixed_prices;
use crate::domain::unit::Units;
use crate::releases::evidence::{caveats, overtaken};

/// Most runs that a search gives.
const FOUND_MAX: usize = 200;
/// How far back it looks: pages, and runs on each.
const FOUND_PAGES_MAX: usize = 50;
const FOUND_PAGE: usize = 200;
/// What the outcomes of runs come to that no record sums up, by run and number of its steps: without a further step
/// nobody adds outcomes to a run that nobody works on.
pub(super) type KnownSums = Arc<Mutex<HashMap<(RunId, u32), Sums>>>;

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
    /// Why it waits to be resumed, where it does.
    pub pause: Option<Pause>,
    /// What weakens its results.
    pub caveats: Caveats,
}

/// That a run sends nothing until somebody resumes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Which cap was reached, or who asked for it.
    pub reason: String,
    /// What the run may use up, as it holds now.
    pub caps: Caps,
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
    /// Its pauses and resumes, in order.
    pub steps: Vec<RunStep>,
    /// Why it waits to be resumed, where it does.
    pub pause: Option<Pause>,
    /// What was tested.
    pub tested: Tested,
    /// What weakens its results.
    pub caveats: Caveats,
    /// What the numbers of its metrics are of.
    pub units: Units,
    /// What it rests on that another version followed since it ended.
    pub overtaken: Vec<Overtaken>,
    /// What people said of its verdicts, by grader.
    pub labelled: Vec<LabelAgreement>,
}

impl RunDetail {
    /// What people said of its verdicts, with the command that says more; a sentence for each grader.
    pub fn labelled_texts(&self) -> Vec<String> {
        let suite = &self.run.suite;
        let text = |agreement: &LabelAgreement| match &agreement.grader {
            Some(grader) => format!("{agreement}: pegbox suite calibrate {suite} --grader {grader}"),
            None => agreement.to_string(),
        };
        self.labelled.iter().map(text).collect()
    }

    /// What to know before its numbers, each in a sentence.
    pub fn warnings(&self) -> Vec<String> {
        let overtaken = self.overtaken.iter().map(|one| format!("stale: {one}"));
        let sentences = self.caveats.sentences().into_iter().chain(overtaken);
        sentences.chain(mixed_prices(&self.run, &self.steps)).collect()
    }

    /// What the run may use up, as the last resume says.
    pub fn caps(&self) -> Caps {
        caps_of(&self.run, &self.steps)
    }
}

/// The pause of a run that is in this state after these steps, where it waits.
fn pause_of(run: &Run, state: RunState, steps: &[RunStep]) -> Option<Pause> {
    match &steps.last()?.kind {
        RunStepKind::Paused { reason } if state == RunState::Paused => Some(Pause {
            reason: reason.clone(),
            caps: caps_of(run, steps),
        }),
        _ => None,
    }
}

/// What a run may use up after these steps.
pub(super) fn caps_of(run: &Run, steps: &[RunStep]) -> Caps {
    let resumed = steps.iter().rev().find_map(|step| match &step.kind {
        RunStepKind::Resumed { caps, .. } => Some(*caps),
        RunStepKind::Paused { .. } => None,
    });
    resumed.unwrap_or(run.settings.caps)
}

impl Workbench {
    /// The progress of a run that this process works on, as it changes.
    pub fn watch_run(&self, id: RunId) -> Option<watch::Receiver<RunProgress>> {
        self.live_progress(id)
    }

    pub(super) fn state_of(&self, id: RunId) -> Result<RunState, WorkbenchError> {
        if let Some(end) = self.store.run_end(id)? {
            return Ok(end.state.into());
        }
        if self.is_live(id) {
            return Ok(RunState::Running);
        }
        Ok(match self.pause_of(id)? {
            Some(_) => RunState::Paused,
            None => RunState::Interrupted,
        })
    }

    /// Why a run that nobody works on was paused; `None` where it was interrupted.
    fn pause_of(&self, id: RunId) -> Result<Option<String>, WorkbenchError> {
        Ok(match self.store.last_run_step(id)?.map(|step| step.kind) {
            Some(RunStepKind::Paused { reason }) => Some(reason),
            Some(RunStepKind::Resumed { .. }) | None => None,
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
        if let Some(end) = self.store.run_end(id)? {
            progress.elapsed_ms = end.ended_at.since_ms(run.started_at);
            progress.totals = end.totals;
            progress.results = end.results;
            progress.latencies = end.latencies;
        } else {
            let sums = self.sums(id)?;
            progress.totals = sums.totals;
            progress.latencies = sums.latencies;
            progress.notice = self.pause_of(id)?;
        }
        Ok(progress)
    }

    /// What the outcomes of a run come to that nobody works on, by one pass over them, the first time only.
    pub(super) fn sums(&self, id: RunId) -> Result<Sums, WorkbenchError> {
        let known = || self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (id, self.store.next_run_step(id)?);
        if let Some(sums) = known().get(&key) {
            return Ok(*sums);
        }
        let sums = sums_of(&self.store, id)?;
        known().insert(key, sums);
        Ok(sums)
    }

    /// Runs older than `before` (or the newest), newest first.
    pub fn runs(&self, before: Option<RunId>, limit: usize) -> Result<Vec<RunSummary>, WorkbenchError> {
        let runs = self.store.runs(before, limit)?;
        runs.into_iter().map(|run| self.summary_of(run)).collect()
    }

    /// The newest runs that have every one of these words, whatever its case, in id, subject, dataset, suite, state,
    /// verdict or the name of who started it.
    pub fn find_runs(&self, words: &str) -> Result<Vec<RunSummary>, WorkbenchError> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let mut found = Vec::new();
        let mut before = None;
        for _ in 0..FOUND_PAGES_MAX {
            let page = self.runs(before, FOUND_PAGE)?;
            let Some(last) = page.last() else { break };
            before = Some(last.run.id);
            found.extend(page.into_iter().filter(|summary| {
                let text = text_of(summary).to_lowercase();
                words.iter().all(|word| text.contains(word))
            }));
            if found.len() >= FOUND_MAX {
                break;
            }
        }
        found.truncate(FOUND_MAX);
        Ok(found)
    }

    /// A run as a list shows it.
    pub(super) fn run_summary(&self, id: RunId) -> Result<RunSummary, WorkbenchError> {
        self.summary_of(found(self.store.run(id)?, "run", &id)?)
    }

    fn summary_of(&self, run: Run) -> Result<RunSummary, WorkbenchError> {
        let end = self.store.run_end(run.id)?;
        let state = self.state_of(run.id)?;
        let totals = match &end {
            Some(end) => end.totals,
            None => self.progress(run.id)?.totals,
        };
        let caveats = caveats(&self.store, &run, end.as_ref())?.counting(&totals);
        Ok(RunSummary {
            caveats,
            pause: pause_of(&run, state, &self.store.run_steps(run.id)?),
            state,
            saved: totals.saved,
            failed: totals.failed + totals.errored,
            verdict: end.and_then(|end| end.gate).map(|gate| (gate.verdict, gate.reason)),
            run,
        })
    }

    /// A run with everything that is known of it.
    pub fn run_detail(&self, id: RunId) -> Result<RunDetail, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let end = self.store.run_end(id)?;
        let steps = self.store.run_steps(id)?;
        let mut progress = self.progress(id)?;
        if end.is_some() && progress.latencies.is_none() && progress.totals.saved > progress.totals.errored {
            // An earlier program recorded the end.
            progress.latencies = self.sums(id)?.latencies;
        }
        let caveats = caveats(&self.store, &run, end.as_ref())?.counting(&progress.totals);
        Ok(RunDetail {
            pause: pause_of(&run, progress.state, &steps),
            progress,
            overtaken: match &end {
                Some(_) => overtaken(&self.store, &run)?,
                None => Vec::new(),
            },
            labelled: agreements(&self.store.labels(id)?),
            end,
            caveats,
            steps,
            tested: self.tested(&SubjectId::from(&run.subject))?,
            units: Units::of(&self.suite(&run.suite)?.content.metrics),
            run,
        })
    }
}

/// What a search for words looks at.
fn text_of(summary: &RunSummary) -> String {
    let run = &summary.run;
    let verdict = summary.verdict.as_ref().map(|(verdict, _)| verdict.to_string());
    format!(
        "{} {} {} {} {} {} {}",
        run.id,
        run.subject.label(),
        run.dataset,
        run.suite,
        summary.state.as_str(),
        verdict.unwrap_or_default(),
        run.started_by
    )
}
