//! Runs and their outcomes in the store.

use super::engine::{AuditEntry, Pending, Scan};
use super::keys;
use super::record::{Mark, OutcomeIndex};
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::hash::{ContentHash, HashList};
use crate::domain::ids::{ExampleId, RunId, VersionId};
use crate::domain::outcome::{Outcome, OutcomePlace};
use crate::domain::progress::FailureLine;
use crate::domain::run::{Run, RunEnd, RunStep, Subject};

/// Outcomes in one page: with their raw responses they are large.
pub const OUTCOMES_PER_PAGE: usize = 200;

impl Store {
    /// Loads a run.
    pub fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.load(&keys::run(id))
    }

    /// Runs older than `before` (or the newest), newest first, at most `limit`.
    pub fn runs(&self, before: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError> {
        let scan = Scan::prefix(keys::RUNS, limit).backward();
        self.load_all(&match before {
            Some(id) => scan.after(keys::run(id)),
            None => scan,
        })
    }

    /// Runs that tested a version, newest first.
    pub fn runs_of(&self, version: &VersionId) -> Result<Vec<RunId>, StoreError> {
        self.runs_of_before(version, None, NO_LIMIT)
    }

    /// Runs that tested a version, older than `before` (or the newest), newest first, at most `limit`.
    pub fn runs_of_before(
        &self,
        version: &VersionId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<RunId>, StoreError> {
        self.marked_runs(
            keys::runs_of(version),
            before.map(|id| keys::run_of(version, id)),
            limit,
        )
    }

    /// The runs that marks under a prefix name, from behind a key backward.
    pub(super) fn marked_runs(
        &self,
        prefix: String,
        before: Option<String>,
        limit: usize,
    ) -> Result<Vec<RunId>, StoreError> {
        let scan = Scan::prefix(prefix, limit).backward();
        let tails = self.key_tails(&match before {
            Some(key) => scan.after(key),
            None => scan,
        })?;
        let run = |digits: &String| digits.parse().ok().map(RunId);
        Ok(tails.iter().filter_map(run).collect())
    }

    /// The id that the next run takes.
    pub fn next_run_id(&self) -> Result<RunId, StoreError> {
        Ok(RunId(self.next_number(keys::RUNS)?))
    }

    /// What a run came to; `None` while it is not ended.
    pub fn run_end(&self, id: RunId) -> Result<Option<RunEnd>, StoreError> {
        self.load(&keys::run_end(id))
    }

    /// What happened to a run between its start and its end, in order.
    pub fn run_steps(&self, id: RunId) -> Result<Vec<RunStep>, StoreError> {
        self.load_all(&Scan::prefix(keys::run_steps(id), NO_LIMIT))
    }

    /// The newest step of a run.
    pub fn last_run_step(&self, id: RunId) -> Result<Option<RunStep>, StoreError> {
        Ok(self.load_all(&Scan::prefix(keys::run_steps(id), 1).backward())?.pop())
    }

    /// The number that the next step of a run takes.
    pub fn next_run_step(&self, id: RunId) -> Result<u32, StoreError> {
        self.next_number(&keys::run_steps(id))
    }

    /// One outcome by its place.
    pub fn outcome(&self, run: RunId, place: OutcomePlace) -> Result<Option<Outcome>, StoreError> {
        self.load(&keys::outcome(run, place))
    }

    /// The outcome of an example, of its first repeat.
    pub fn outcome_of(&self, run: RunId, example: &ExampleId) -> Result<Option<Outcome>, StoreError> {
        match self.load::<OutcomeIndex>(&keys::outcome_of(run, example))? {
            Some(OutcomeIndex(index)) => self.outcome(run, OutcomePlace::first(index)),
            None => Ok(None),
        }
    }

    /// Outcomes in order of place, after `after` (or from the first), at most [`OUTCOMES_PER_PAGE`].
    pub fn outcome_page(&self, run: RunId, after: Option<OutcomePlace>) -> Result<Vec<Outcome>, StoreError> {
        let scan = Scan::prefix(keys::outcomes(run), OUTCOMES_PER_PAGE);
        self.load_all(&match after {
            Some(place) => scan.after(keys::outcome(run, place)),
            None => scan,
        })
    }

    /// How many outcomes a run has.
    pub fn outcome_count(&self, run: RunId) -> Result<u64, StoreError> {
        Ok(self.engine().count(keys::outcomes(run).as_bytes())?)
    }

    /// Shows every outcome of a run, in order of place; holds one page at a time.
    pub fn each_outcome<E: From<StoreError>>(
        &self,
        run: RunId,
        mut see: impl FnMut(&Outcome) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut last = None;
        loop {
            let page = self.outcome_page(run, last)?;
            let Some(newest) = page.last() else { return Ok(()) };
            last = Some(newest.place());
            page.iter().try_for_each(&mut see)?;
        }
    }

    /// SHA-256 over the outcomes in order of place, each as its hash.
    pub fn outcomes_hash(&self, run: RunId) -> Result<ContentHash, StoreError> {
        let mut hashes = HashList::default();
        self.each_outcome(run, |outcome| -> Result<(), StoreError> {
            hashes.push(&outcome.content_hash()?);
            Ok(())
        })?;
        Ok(hashes.finish())
    }

    /// Failed outcomes in a line each, in order of place, after `after`, at most `limit`.
    pub fn failures(
        &self,
        run: RunId,
        after: Option<OutcomePlace>,
        limit: usize,
    ) -> Result<Vec<(OutcomePlace, FailureLine)>, StoreError> {
        let scan = Scan::prefix(keys::failures(run), limit);
        let scan = match after {
            Some(place) => scan.after(keys::failure(run, place)),
            None => scan,
        };
        let lines = self.load_with_tails(&scan)?.into_iter();
        Ok(lines
            .filter_map(|(tail, line)| Some((keys::place_in_run(&tail)?, line)))
            .collect())
    }

    /// Hands an outcome over; it counts when the returned value resolves. Refused for a run that has ended.
    pub fn append_outcome(&self, audit: AuditEntry, outcome: &Outcome) -> Result<Pending, StoreError> {
        let change = Change::new(audit).expect_unended(outcome.run);
        Ok(change.insert_outcome(outcome)?.submit(self))
    }
}

impl Change {
    /// Refused once a run has ended.
    #[must_use]
    pub fn expect_unended(self, run: RunId) -> Self {
        self.expect_absent(keys::run_end(run))
    }

    /// Adds an outcome, to a change that is refused once the run has ended.
    pub fn insert_outcome(self, outcome: &Outcome) -> Result<Self, StoreError> {
        let mut change = self.insert(keys::outcome(outcome.run, outcome.place()), outcome)?;
        // What follows from an outcome is there only with it, and so as new as it is.
        if outcome.repeat == 0 {
            let key = keys::outcome_of(outcome.run, &outcome.example);
            change = change.put(key, &OutcomeIndex(outcome.index))?;
        }
        match failure_line(outcome) {
            Some(line) => change.put(keys::failure(outcome.run, outcome.place()), &line),
            None => Ok(change),
        }
    }

    /// Adds a new run.
    pub fn insert_run(self, run: &Run) -> Result<Self, StoreError> {
        self.insert(keys::run(run.id), run)?.insert(place_in_list(run), &Mark)
    }

    /// Adds what happened to a run; refused once it has ended.
    pub fn insert_run_step(self, step: &RunStep) -> Result<Self, StoreError> {
        self.expect_unended(step.run)
            .insert(keys::run_step(step.run, step.number), step)
    }

    /// Ends a run: from now on it never changes.
    pub fn insert_run_end(self, end: &RunEnd) -> Result<Self, StoreError> {
        self.insert(keys::run_end(end.run), end)
    }
}

/// Where a run stands in the list of what it tested.
pub(super) fn place_in_list(run: &Run) -> String {
    match &run.subject {
        Subject::Prompt { version, .. } => keys::run_of(version, run.id),
        Subject::Variant { variant, .. } => keys::run_of_variant(variant, run.id),
        Subject::Chain { chain, .. } => keys::run_of_chain(chain, run.id),
    }
}

/// The line that a list of failures has about an outcome; none about one that passed.
pub(super) fn failure_line(outcome: &Outcome) -> Option<FailureLine> {
    Some(FailureLine {
        why: outcome.why()?,
        example: outcome.example.clone(),
        latency_ms: outcome.latency_ms,
    })
}
