//! Checks every record: that it can be read, that its content is what was hashed, and that what it names is there.

mod answers;
mod people;
mod signatures;

use super::engine::{EngineError, EngineReport, Scan};
use super::envelope::Record;
use super::keys;
use super::record::{Mark, OutcomeIndex};
use super::records::{Store, StoreError};
use super::run::{failure_line, place_in_list};
use crate::domain::DomainError;
use crate::domain::alias::Resolution;
use crate::domain::chain::ChainVersion;
use crate::domain::dataset::DatasetVersion;
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::example::{Example, ExampleSource};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ChainVersionId, RunId, VersionId};
use crate::domain::outcome::{Outcome, OutcomePlace};
use crate::domain::person::Person;
use crate::domain::progress::FailureLine;
use crate::domain::promotion::Promotion;
use crate::domain::quarantine::Quarantine;
use crate::domain::release::{ModelBundle, Release};
use crate::domain::review::Review;
use crate::domain::run::{Run, RunEnd, RunStep, Subject};
use crate::domain::suite::SuiteVersion;
use crate::domain::variant::{Variant, VariantChange};
use crate::domain::version::PromptVersion;

/// Records read at once.
const RECORDS_PER_READ: usize = 200;

/// One thing that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFinding {
    /// The record's key.
    pub key: String,
    /// What is wrong.
    pub what: String,
}

/// What a verification walked over and what it found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreReport {
    /// The journal, the audit chain and the index.
    pub engine: EngineReport,
    /// Records whose hash and links were checked.
    pub records: u64,
    /// What is wrong with records; empty when all are sound.
    pub findings: Vec<RecordFinding>,
}

impl StoreReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.engine.is_sound() && self.findings.is_empty()
    }
}

impl Store {
    /// Checks the engine, then every record above it. Reads everything, so it takes time in proportion to the store.
    ///
    /// # Errors
    /// Only for what prevents looking. What is wrong is in the report.
    pub fn verify(&self) -> Result<StoreReport, StoreError> {
        let mut check = Verification {
            store: self,
            report: StoreReport {
                engine: self.engine().verify()?,
                ..Default::default()
            },
        };
        check.each(keys::VERSIONS, Verification::version)?;
        check.each(keys::CHAINS, Verification::chain)?;
        check.each(keys::EXAMPLES, Verification::example)?;
        check.each(keys::VARIANTS, Verification::variant)?;
        check.each(keys::DATASETS, Verification::dataset)?;
        check.each(keys::SUITES, |check, _, suite: &SuiteVersion| {
            Ok(rule(suite.verify()).or(check.store.judge_fault(suite)?))
        })?;
        check.each(keys::RUNS, Verification::run)?;
        check.each(keys::OUTCOMES, Verification::outcome)?;
        check.each(keys::RUN_STEPS, Verification::run_step)?;
        check.each(keys::FAILURES, Verification::failure)?;
        let count = |prefix: &str| self.engine().count(prefix.as_bytes());
        // Each outcome has its place by example; where there are more places, some are of no outcome.
        if count(keys::OUTCOMES_OF)? != count(keys::OUTCOMES)? {
            check.each(keys::OUTCOMES_OF, |check, key, place: &OutcomeIndex| {
                check.outcome_place(key, place.0)
            })?;
        }
        check.each(keys::RUN_ENDS, Verification::run_end)?;
        check.each(keys::REVIEWS, Verification::review)?;
        check.each(keys::DECISIONS, Verification::decision)?;
        check.each(keys::SIGNATURES, Verification::signature)?;
        check.each(keys::PROMOTIONS, |check, _, promotion: &Promotion| {
            check.promotion(promotion)
        })?;
        check.each(keys::RELEASES, Verification::release)?;
        check.each(keys::ALIASES, Verification::resolution)?;
        check.each(keys::JUDGED, |check, key, _: &Mark| check.judged(key))?;
        check.each(keys::ANSWERS, Verification::answer)?;
        check.each(keys::LABELS, Verification::label)?;
        check.each(keys::TRIAGES, Verification::triage)?;
        check.each(keys::QUARANTINES, Verification::quarantine)?;
        check.each(keys::PEOPLE, |_, key, person: &Person| {
            Ok(people::person_fault(key, person))
        })?;
        Ok(check.report)
    }
}

/// The text of a broken rule.
fn rule(result: Result<(), DomainError>) -> Option<String> {
    result.err().map(|error| error.to_string())
}

/// A record that cannot be read is what a check found, not what prevents it from looking further.
fn found_in(fault: Result<Option<String>, StoreError>) -> Result<Option<String>, StoreError> {
    match fault {
        Err(
            error @ (StoreError::Unreadable { .. }
            | StoreError::Domain(_)
            | StoreError::Engine(EngineError::Damaged { .. })),
        ) => Ok(Some(error.to_string())),
        fault => fault,
    }
}

fn example_fault(key: &str, example: &Example) -> Option<String> {
    rule(example.verify())
        .or_else(|| (!key.ends_with(&example.content_hash.to_string())).then(|| "it lies under another hash".into()))
}

struct Verification<'a> {
    store: &'a Store,
    report: StoreReport,
}

impl Verification<'_> {
    /// Runs a check over all records under a prefix. An unreadable record is a finding, not the end.
    fn each<R: Record>(
        &mut self,
        prefix: &str,
        check: impl Fn(&Self, &str, &R) -> Result<Option<String>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut scan = Scan::prefix(prefix, RECORDS_PER_READ);
        loop {
            let entries = match self.store.engine().scan(&scan) {
                Err(error @ EngineError::Damaged { .. }) => {
                    self.find(prefix.to_owned(), error.to_string());
                    return Ok(());
                }
                entries => entries?,
            };
            let Some((last, _)) = entries.last() else { return Ok(()) };
            scan = scan.after(last.clone());
            for (key, bytes) in &entries {
                let key = String::from_utf8_lossy(key).into_owned();
                self.report.records += 1;
                let fault = match super::envelope::decode::<R>(bytes) {
                    Ok(record) => found_in(check(self, &key, &record))?,
                    Err(error) => Some(error.to_string()),
                };
                if let Some(what) = fault {
                    self.find(key, what);
                }
            }
        }
    }

    fn find(&mut self, key: String, what: String) {
        self.report.findings.push(RecordFinding { key, what });
    }

    fn version(&self, _key: &str, version: &PromptVersion) -> Result<Option<String>, StoreError> {
        if let Some(fault) = rule(version.verify()) {
            return Ok(Some(fault));
        }
        match &version.base {
            Some(base) if self.store.version(base)?.is_none() => Ok(Some(format!("its base {base} is missing"))),
            _ => Ok(None),
        }
    }

    fn chain(&self, _key: &str, chain: &ChainVersion) -> Result<Option<String>, StoreError> {
        if let Some(fault) = rule(chain.verify()) {
            return Ok(Some(fault));
        }
        for step in &chain.content.steps {
            if self.store.version(&step.version)?.is_none() {
                return Ok(Some(format!(
                    "its step {} runs {}, which is missing",
                    step.name, step.version
                )));
            }
        }
        Ok(None)
    }

    /// An example that a label corrected has that label.
    fn example(&self, key: &str, example: &Example) -> Result<Option<String>, StoreError> {
        let fault = example_fault(key, example);
        match (&fault, &example.source) {
            (None, ExampleSource::Labelled { run, place, number, .. }) => {
                let labels = self.store.labels_at(*run, *place)?;
                let has_it = labels.iter().any(|label| label.number == *number);
                Ok((!has_it).then(|| format!("the label of {run} that its expected value is from is missing")))
            }
            _ => Ok(fault),
        }
    }

    fn dataset(&self, _key: &str, dataset: &DatasetVersion) -> Result<Option<String>, StoreError> {
        let rows = self.store.rows(dataset)?;
        if rows.len() as u64 != dataset.example_count {
            return Ok(Some(format!(
                "it names {} examples and has {} rows",
                dataset.example_count,
                rows.len()
            )));
        }
        let computed = DatasetVersion::hash_rows(&rows, &dataset.exclusions)?;
        if computed != dataset.content_hash {
            return Ok(Some(format!(
                "its rows hash to {computed}, not {}",
                dataset.content_hash
            )));
        }
        for row in &rows {
            if self.store.example(&row.content_hash)?.is_none() {
                return Ok(Some(format!("its example {} is missing", row.example)));
            }
        }
        Ok(None)
    }

    fn run(&self, _key: &str, run: &Run) -> Result<Option<String>, StoreError> {
        if let Some(fault) = self.subject_link(&run.subject)? {
            return Ok(Some(fault));
        }
        match self.store.dataset(&run.dataset)? {
            Some(dataset) if dataset.content_hash == run.dataset_hash => {}
            Some(_) => return Ok(Some(format!("{} has other content than was run", run.dataset))),
            None => return Ok(Some(format!("{} is missing", run.dataset))),
        }
        match self.store.suite(&run.suite)? {
            Some(suite) if suite.content_hash == run.suite_hash => {}
            Some(_) => return Ok(Some(format!("{} has other content than was run", run.suite))),
            None => return Ok(Some(format!("{} is missing", run.suite))),
        }
        self.mark(&place_in_list(run))
    }

    /// A record's place in a list by something else.
    fn mark(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mark: Option<Mark> = self.store.load(key)?;
        Ok(mark.is_none().then(|| format!("its place {key} in a list is missing")))
    }

    fn outcome(&self, _key: &str, outcome: &Outcome) -> Result<Option<String>, StoreError> {
        if let Some(fault) = self.run_link(outcome.run)? {
            return Ok(Some(fault));
        }
        if self.store.example(&outcome.example_hash)?.is_none() {
            return Ok(Some(format!("its example {} is missing", outcome.example)));
        }
        for step in &outcome.steps {
            if let Some(fault) = self.version_link(&step.version, step.content_hash)? {
                return Ok(Some(format!("its step {}: {fault}", step.name)));
            }
        }
        let place = keys::outcome_of(outcome.run, &outcome.example);
        // A later repeat may be saved before the first one, which brings the place.
        if outcome.repeat == 0 && self.store.load::<OutcomeIndex>(&place)? != Some(OutcomeIndex(outcome.index)) {
            return Ok(Some(format!("{place} does not lead to it")));
        }
        let line: Option<FailureLine> = self.store.load(&keys::failure(outcome.run, outcome.place()))?;
        Ok((line != failure_line(outcome))
            .then(|| "the line about it in the list of failures says something else".into()))
    }

    /// That a line says what its outcome says, the outcome's check looks at.
    fn failure(&self, key: &str, _line: &FailureLine) -> Result<Option<String>, StoreError> {
        let mut parts = key.split('/').skip(1);
        let run = parts.next().and_then(|run| run.parse().ok()).map(RunId);
        let place = parts.next().and_then(keys::place_in_run);
        let (Some(run), Some(place)) = (run, place) else {
            return Ok(Some("it lies under no outcome's place".into()));
        };
        let outcome = self.store.outcome(run, place)?;
        Ok(outcome.is_none().then(|| "there is no such outcome".into()))
    }

    fn outcome_place(&self, key: &str, index: u64) -> Result<Option<String>, StoreError> {
        let run = key.split('/').nth(1).and_then(|number| number.parse().ok()).map(RunId);
        let outcome = run
            .map(|run| self.store.outcome(run, OutcomePlace::first(index)))
            .transpose()?
            .flatten();
        let is_its = |outcome: &Outcome| key == keys::outcome_of(outcome.run, &outcome.example);
        Ok((!outcome.as_ref().is_some_and(is_its)).then(|| "it leads to no outcome of that example".into()))
    }

    fn run_step(&self, _key: &str, step: &RunStep) -> Result<Option<String>, StoreError> {
        self.run_link(step.run)
    }

    fn run_end(&self, _key: &str, end: &RunEnd) -> Result<Option<String>, StoreError> {
        if self.store.run(end.run)?.is_none() {
            return Ok(Some(format!("{} is missing", end.run)));
        }
        let computed = self.store.outcomes_hash(end.run)?;
        Ok((computed != end.outcomes_hash).then(|| {
            format!(
                "the outcomes of {} hash to {computed}, not {}",
                end.run, end.outcomes_hash
            )
        }))
    }

    fn review(&self, _key: &str, review: &Review) -> Result<Option<String>, StoreError> {
        if let Some(fault) = self.run_link(review.run)? {
            return Ok(Some(fault));
        }
        self.version_link(&review.version, review.content_hash)
    }

    fn decision(&self, _key: &str, decision: &Decision) -> Result<Option<String>, StoreError> {
        if let Some(run) = decision.run
            && let Some(fault) = self.run_link(run)?
        {
            return Ok(Some(fault));
        }
        if let Some(review) = decision.review
            && self.store.review(review)?.is_none()
        {
            return Ok(Some(format!("{review} is missing")));
        }
        if let Some(fault) = self.mark(&keys::decision_of_version(&decision.version, decision.id))? {
            return Ok(Some(fault));
        }
        if let Some(review) = decision.review
            && let Some(fault) = self.mark(&keys::decision_of_review(review, decision.id))?
        {
            return Ok(Some(fault));
        }
        self.version_link(&decision.version, decision.content_hash)
    }

    fn release(&self, _key: &str, release: &Release) -> Result<Option<String>, StoreError> {
        if let Some(target) = &release.rollback_target
            && self.store.release(&target.release)?.is_none()
        {
            return Ok(Some(format!("its rollback target {} is missing", target.release)));
        }
        if let Some(fault) = self.promotion(&release.promotion)? {
            return Ok(Some(fault));
        }
        let version = self.store.version(&release.promotion.version)?;
        if version.as_ref().map(ModelBundle::of).as_ref() != Some(&release.bundle) {
            let version = &release.promotion.version;
            return Ok(Some(format!("its model bundle is not that of {version}")));
        }
        let replaced = match &release.promotion.replaces {
            Some(replaced) => self.store.release(replaced)?.map(|replaced| replaced.bundle),
            None => None,
        };
        Ok((replaced != release.replaced_bundle)
            .then(|| "it names another model bundle than the one it replaced".into()))
    }

    /// A promotion rests on an approval of this very content.
    fn promotion(&self, promotion: &Promotion) -> Result<Option<String>, StoreError> {
        if let Some(fault) = self.version_link(&promotion.version, promotion.content_hash)? {
            return Ok(Some(fault));
        }
        Ok(match self.store.decision(promotion.approved_by)? {
            Some(decision)
                if decision.kind == DecisionKind::Approved && decision.content_hash == promotion.content_hash =>
            {
                None
            }
            Some(decision) => Some(format!("{} did not approve this content", decision.id)),
            None => Some(format!("its approval {} is missing", promotion.approved_by)),
        })
    }

    fn resolution(&self, key: &str, line: &Resolution) -> Result<Option<String>, StoreError> {
        if key != keys::resolution(&line.alias.hash()?, line.number) {
            return Ok(Some("it lies in another ledger, or under another number".into()));
        }
        self.run_link(line.run)
    }

    /// What judgements of a run rest on is a line of a ledger that is there.
    fn judged(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut parts = key.rsplit('/');
        let line = parts.next().and_then(keys::ledger_line);
        let run = parts.next().and_then(|run| run.parse().ok().map(RunId));
        let (Some((alias, number)), Some(run)) = (line, run) else {
            return Ok(Some("its key names no run and no line of a ledger".into()));
        };
        if self.store.ledger_line(&alias, number)?.is_none() {
            return Ok(Some(format!("line {number} of the ledger is missing")));
        }
        self.run_link(run)
    }

    /// A quarantine is about an example that its run asked, and whose suite is there.
    fn quarantine(&self, key: &str, quarantine: &Quarantine) -> Result<Option<String>, StoreError> {
        if key != keys::quarantine(&quarantine.suite, quarantine.number) {
            return Ok(Some("it lies under another suite, or under another number".into()));
        }
        let Some(outcome) = self.store.outcome_of(quarantine.run, &quarantine.example)? else {
            return Ok(Some(format!("{} has no {}", quarantine.run, quarantine.example)));
        };
        let is_same = outcome.example_hash == quarantine.example_hash;
        Ok((!is_same).then(|| format!("{} has another content in {}", quarantine.example, quarantine.run)))
    }

    /// A variant is made of a version that is there, and lies under its own hash.
    fn variant(&self, key: &str, variant: &Variant) -> Result<Option<String>, StoreError> {
        if let Some(fault) = rule(variant.verify()) {
            return Ok(Some(fault));
        }
        if key != keys::variant(&variant.id) {
            return Ok(Some("it lies under another hash".into()));
        }
        if let VariantChange::Hunks {
            towards, towards_hash, ..
        } = &variant.content.change
            && let Some(fault) = self.version_link(towards, *towards_hash)?
        {
            return Ok(Some(fault));
        }
        self.version_link(&variant.content.of, variant.content.of_hash)
    }

    fn subject_link(&self, subject: &Subject) -> Result<Option<String>, StoreError> {
        match subject {
            Subject::Prompt { version, content_hash } => self.version_link(version, *content_hash),
            Subject::Variant { variant, .. } => Ok(match self.store.variant(variant)? {
                Some(variant) if &variant.subject()? == subject => None,
                Some(variant) => Some(format!("its variant {} is not what was run", variant.id)),
                None => Some(format!("its variant {variant} is missing")),
            }),
            Subject::Chain { chain, content_hash } => self.chain_link(chain, *content_hash),
        }
    }

    fn version_link(&self, id: &VersionId, hash: ContentHash) -> Result<Option<String>, StoreError> {
        Ok(match self.store.version(id)? {
            Some(version) if version.content_hash == hash => None,
            Some(version) => Some(format!(
                "{id} has content {}, not {}",
                version.content_hash.short(),
                hash.short()
            )),
            None => Some(format!("{id} is missing")),
        })
    }

    fn chain_link(&self, id: &ChainVersionId, hash: ContentHash) -> Result<Option<String>, StoreError> {
        Ok(match self.store.chain(id)? {
            Some(chain) if chain.content_hash == hash => None,
            Some(chain) => Some(format!(
                "{id} has content {}, not {}",
                chain.content_hash.short(),
                hash.short()
            )),
            None => Some(format!("{id} is missing")),
        })
    }

    fn run_link(&self, id: RunId) -> Result<Option<String>, StoreError> {
        Ok(self.store.run(id)?.is_none().then(|| format!("{id} is missing")))
    }
}
