//! Lineage: the records behind an id, each with the result of its hash check.

use serde::Serialize;

use crate::domain::DomainError;
use crate::domain::ids::{
    ChainVersionId, DatasetVersionId, DecisionId, ExampleId, OutcomeId, PromotionId, ReviewId, RunId, SuiteVersionId,
    TraceId, VersionId,
};
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::run::{RunEnd, Subject};
use crate::store::{Store, StoreError};

/// Most steps back along base versions and replaced releases that one lineage follows.
const STEPS_BACK_MAX: usize = 20;

/// Newest runs that one lineage names as resting on a version.
const RUNS_ON_IT_MAX: usize = 20;

/// What the hash check of a record said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HashCheck {
    /// The content is the one that was hashed.
    Matches,
    /// It is not, or a record is missing.
    Broken(String),
    /// The record carries no hash of its own; the store's audit chain covers it.
    Chained,
}

/// One record behind the id that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineageNode {
    /// How far it is from the id that was asked for.
    pub depth: usize,
    /// What kind of record: `release`, `version`, `run`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Who, when and why, in a line.
    pub summary: String,
    /// Whether its content is unchanged.
    pub check: HashCheck,
}

/// Everything behind an id, nearest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lineage {
    /// The records.
    pub nodes: Vec<LineageNode>,
}

impl Lineage {
    /// Whether every record is there and unchanged.
    pub fn is_sound(&self) -> bool {
        !self.nodes.iter().any(|node| matches!(node.check, HashCheck::Broken(_)))
    }

    /// Follows an id of any kind; `None` where the store knows no such id.
    pub fn of(store: &Store, id: &str) -> Result<Option<Self>, StoreError> {
        let mut walk = Walk {
            store,
            nodes: Vec::new(),
        };
        walk.start(id)?;
        Ok((!walk.nodes.is_empty()).then_some(Self { nodes: walk.nodes }))
    }
}

struct Walk<'a> {
    store: &'a Store,
    nodes: Vec<LineageNode>,
}

impl Walk<'_> {
    /// Tries the kinds of id in the order in which their spellings exclude each other.
    fn start(&mut self, text: &str) -> Result<(), StoreError> {
        if let Ok(id) = text.parse::<OutcomeId>() {
            return self.outcome(&id);
        }
        if let Ok(id) = text.parse::<PromotionId>()
            && self.store.promotion(&id)?.is_some()
        {
            return self.promotion(&id, 0);
        }
        if let Ok(id) = text.parse::<VersionId>() {
            self.version_chain(&id, 0)?;
            return self.on_version(&id);
        }
        if let Ok(id) = text.parse::<SuiteVersionId>()
            && self.store.suite(&id)?.is_some()
        {
            return self.suite(&id, 0);
        }
        if let Ok(id) = text.parse::<ChainVersionId>()
            && self.store.chain(&id)?.is_some()
        {
            return self.chain(&id, 0);
        }
        if let Ok(id) = text.parse::<DatasetVersionId>() {
            return self.dataset(&id, 0);
        }
        if text.starts_with("review_")
            && let Ok(id) = text.parse()
        {
            return self.review(id, 0);
        }
        if text.starts_with("decision_")
            && let Ok(id) = text.parse()
        {
            return self.decision(id, 0);
        }
        if text.starts_with("run_")
            && let Ok(id) = text.parse()
        {
            return self.run(id, 0);
        }
        match text.parse::<TraceId>() {
            Ok(id) => self.trace(&id),
            Err(_) => Ok(()),
        }
    }

    /// Adds a record once, where it is nearest: a release and its run name the same version.
    fn push(&mut self, depth: usize, kind: &'static str, id: &impl ToString, summary: String, check: HashCheck) {
        let id = id.to_string();
        if !self.nodes.iter().any(|node| node.kind == kind && node.id == id) {
            self.nodes.push(LineageNode {
                depth,
                kind,
                id,
                summary,
                check,
            });
        }
    }

    /// A record that another one names and that is not there.
    fn missing(&mut self, depth: usize, kind: &'static str, id: &impl ToString) {
        // At depth 0 nothing names it: the id that was asked for is simply unknown.
        if depth > 0 {
            self.push(
                depth,
                kind,
                id,
                String::new(),
                HashCheck::Broken("the record is missing".into()),
            );
        }
    }

    fn trace(&mut self, id: &TraceId) -> Result<(), StoreError> {
        let Some(trace) = self.store.trace(id)? else {
            return Ok(());
        };
        self.push(
            0,
            "trace",
            id,
            format!("answered by {} at {}", trace.release, trace.started_at),
            HashCheck::Chained,
        );
        self.promotion(&trace.release, 1)
    }

    fn outcome(&mut self, id: &OutcomeId) -> Result<(), StoreError> {
        let Some(outcome) = self.store.outcome_of(id.run, &id.example)? else {
            return Ok(());
        };
        let model = outcome.resolved_model.as_deref().unwrap_or("no model");
        let verdict = if outcome.passed() { "passed" } else { "failed" };
        self.push(
            0,
            "outcome",
            id,
            format!("{verdict}, answered by {model}"),
            HashCheck::Chained,
        );
        self.example(&id.example, &outcome.example_hash, 1)?;
        self.run(id.run, 1)
    }

    fn example(
        &mut self,
        id: &ExampleId,
        hash: &crate::domain::hash::ContentHash,
        depth: usize,
    ) -> Result<(), StoreError> {
        match self.store.example(hash)? {
            Some(example) => {
                let check = verdict_of(example.verify());
                self.push(depth, "example", id, format!("content {}", hash.short()), check);
            }
            None => self.missing(depth, "example", id),
        }
        Ok(())
    }

    fn promotion(&mut self, id: &PromotionId, depth: usize) -> Result<(), StoreError> {
        let Some(promotion) = self.store.promotion(id)? else {
            self.missing(depth, "promotion", id);
            return Ok(());
        };
        let kind = promotion_kind(id.environment);
        let Promotion {
            promoted_by,
            promoted_at,
            reason,
            ..
        } = &promotion;
        let summary = format!("{} by {promoted_by} at {promoted_at}: {reason}", promotion.version);
        self.push(depth, kind, id, summary, HashCheck::Chained);
        self.version(&promotion.version, depth + 1)?;
        self.review(promotion.review, depth + 1)
    }

    fn review(&mut self, id: ReviewId, depth: usize) -> Result<(), StoreError> {
        let Some(review) = self.store.review(id)? else {
            self.missing(depth, "review", &id);
            return Ok(());
        };
        let summary = format!(
            "{} for {} by {}",
            review.version,
            review.environment.as_str(),
            review.requested_by
        );
        self.push(
            depth,
            "review",
            &id,
            summary,
            self.content_check(&review.version, review.content_hash)?,
        );
        for decision in self.store.decisions_of_review(id)? {
            self.decision(decision.id, depth + 1)?;
        }
        self.run(review.run, depth + 1)
    }

    fn decision(&mut self, id: DecisionId, depth: usize) -> Result<(), StoreError> {
        match self.store.decision(id)? {
            Some(decision) => {
                let summary = format!("{} by {}: {}", decision.kind, decision.actor, decision.reason);
                self.push(depth, "decision", &id, summary, HashCheck::Chained);
            }
            None => self.missing(depth, "decision", &id),
        }
        Ok(())
    }

    fn run(&mut self, id: RunId, depth: usize) -> Result<(), StoreError> {
        let Some(run) = self.store.run(id)? else {
            self.missing(depth, "run", &id);
            return Ok(());
        };
        let end = self.store.run_end(id)?;
        let (state, check) = match &end {
            Some(end) => {
                let computed = self.store.outcomes_hash(id)?;
                let check = if computed == end.outcomes_hash {
                    HashCheck::Matches
                } else {
                    HashCheck::Broken(format!("outcomes hash to {}, not {}", computed, end.outcomes_hash))
                };
                let gate = end.gate.as_ref().map_or("no gate", |gate| gate.verdict.as_str());
                (format!("gate {gate}"), check)
            }
            None => ("not ended".into(), HashCheck::Chained),
        };
        let summary = format!(
            "{} by {} at {}, {state}",
            run.subject.label(),
            run.started_by,
            run.started_at
        );
        self.push(depth, "run", &id, summary, check);
        match (&run.subject, run.subject.version_or_origin()) {
            (Subject::Chain { chain, .. }, _) => self.chain(chain, depth + 1)?,
            (_, Some(version)) => self.version(version, depth + 1).map(drop)?,
            (_, None) => {}
        }
        self.dataset(&run.dataset, depth + 1)?;
        self.suite(&run.suite, depth + 1)
    }

    /// A chain version with the prompt versions of its steps.
    fn chain(&mut self, id: &ChainVersionId, depth: usize) -> Result<(), StoreError> {
        let Some(chain) = self.store.chain(id)? else {
            self.missing(depth, "chain", id);
            return Ok(());
        };
        let summary = format!(
            "{} steps by {}: {} (content {})",
            chain.content.steps.len(),
            chain.author,
            chain.reason,
            chain.content_hash.short()
        );
        self.push(depth, "chain", id, summary, verdict_of(chain.verify()));
        let mut versions: Vec<&VersionId> = chain.content.steps.iter().map(|step| &step.version).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
            .into_iter()
            .try_for_each(|version| self.version(version, depth + 1).map(drop))
    }

    fn version(&mut self, id: &VersionId, depth: usize) -> Result<Option<VersionId>, StoreError> {
        let Some(version) = self.store.version(id)? else {
            self.missing(depth, "version", id);
            return Ok(None);
        };
        let summary = format!(
            "{} by {}: {} (content {})",
            version.reason.kind,
            version.author,
            version.reason.text,
            version.content_hash.short()
        );
        self.push(depth, "version", id, summary, verdict_of(version.verify()));
        Ok(version.base)
    }

    /// A version and the versions that it came from.
    fn version_chain(&mut self, id: &VersionId, depth: usize) -> Result<(), StoreError> {
        let mut next = self.version(id, depth)?;
        for step in 1..STEPS_BACK_MAX {
            match next {
                Some(base) => next = self.version(&base, depth + step)?,
                None => break,
            }
        }
        Ok(())
    }

    /// What rests on a version: the newest runs that tested it, what was decided on it, and where it was promoted to.
    /// Their own lineage checks their hashes.
    fn on_version(&mut self, id: &VersionId) -> Result<(), StoreError> {
        for run in self.store.runs_of_before(id, None, RUNS_ON_IT_MAX)? {
            let end = self.store.run_end(run)?;
            let gate = |end: &RunEnd| {
                end.gate
                    .as_ref()
                    .map_or("no gate".into(), |gate| format!("gate {}", gate.verdict))
            };
            let summary = format!("rests on {id}: {}", end.as_ref().map_or("not ended".into(), gate));
            self.push(1, "run", &run, summary, HashCheck::Chained);
        }
        for decision in self.store.decisions_of_version(id)? {
            self.decision(decision.id, 1)?;
        }
        for environment in Environment::ALL {
            for promotion in self.store.promotions(&id.prompt, environment)? {
                if promotion.version == *id {
                    let kind = promotion_kind(environment);
                    let summary = format!("rests on {id}: {}", promotion.reason);
                    self.push(1, kind, &promotion.id, summary, HashCheck::Chained);
                }
            }
        }
        Ok(())
    }

    fn dataset(&mut self, id: &DatasetVersionId, depth: usize) -> Result<(), StoreError> {
        let Some(dataset) = self.store.dataset(id)? else {
            self.missing(depth, "dataset", id);
            return Ok(());
        };
        let rows = self.store.rows(&dataset)?;
        let computed = crate::domain::dataset::DatasetVersion::hash_rows(&rows, &dataset.exclusions)?;
        let check = if computed == dataset.content_hash {
            HashCheck::Matches
        } else {
            HashCheck::Broken(format!("rows hash to {computed}, not {}", dataset.content_hash))
        };
        let summary = format!(
            "{} examples by {}: {}",
            dataset.example_count, dataset.author, dataset.reason
        );
        self.push(depth, "dataset", id, summary, check);
        Ok(())
    }

    fn suite(&mut self, id: &SuiteVersionId, depth: usize) -> Result<(), StoreError> {
        match self.store.suite(id)? {
            Some(suite) => {
                let summary = format!("{} thresholds by {}", suite.content.thresholds.len(), suite.author);
                self.push(depth, "suite", id, summary, verdict_of(suite.verify()));
            }
            None => self.missing(depth, "suite", id),
        }
        Ok(())
    }

    /// Whether a version still has the content that another record names.
    fn content_check(&self, id: &VersionId, hash: crate::domain::hash::ContentHash) -> Result<HashCheck, StoreError> {
        Ok(match self.store.version(id)? {
            Some(version) if version.content_hash == hash => HashCheck::Matches,
            Some(version) => HashCheck::Broken(format!("{id} has content {}", version.content_hash.short())),
            None => HashCheck::Broken(format!("{id} is missing")),
        })
    }
}

fn promotion_kind(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "release",
        _ => "promotion",
    }
}

fn verdict_of(result: Result<(), DomainError>) -> HashCheck {
    match result {
        Ok(()) => HashCheck::Matches,
        Err(error) => HashCheck::Broken(error.to_string()),
    }
}
