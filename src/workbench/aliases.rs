//! What model names stand for, and stood for when runs asked for them.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{RunSummary, Workbench, WorkbenchError};
use crate::domain::alias::{Alias, Resolution};
use crate::domain::judgement::JudgedBy;
use crate::domain::outcome::Outcome;
use crate::domain::run::Run;
use crate::domain::step::StepOutcome;
use crate::evals::pipeline::StoreFault;
use crate::store::Store;
use crate::store::engine::AuditEntry;

/// Newest runs that are looked at for stale ones.
pub const RUNS_LOOKED_AT: usize = 200;

/// One name's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasLedger {
    /// The name.
    pub alias: Alias,
    /// What it stood for, oldest first; the last line is what holds now. Never empty.
    pub lines: Vec<Resolution>,
}

/// One name's ledger, with what rests on it.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasUse {
    /// The ledger.
    pub ledger: AliasLedger,
    /// Of the newest [`RUNS_LOOKED_AT`] runs, newest first, those that a model answered that the name does not stand
    /// for any more.
    pub stale_runs: Vec<RunSummary>,
}

impl Workbench {
    /// The ledgers of all names, each with the runs that rest on an older model.
    pub fn alias_uses(&self) -> Result<Vec<AliasUse>, WorkbenchError> {
        let runs = self.runs(None, RUNS_LOOKED_AT)?;
        let uses = |ledger: AliasLedger| {
            let rests_on = |summary: &&RunSummary| summary.caveats.stale_of(&ledger.alias).next().is_some();
            let stale_runs = runs.iter().filter(rests_on).cloned().collect();
            AliasUse { ledger, stale_runs }
        };
        Ok(self.model_ledgers()?.into_iter().map(uses).collect())
    }

    /// The ledgers of all names that any run asked for, by provider, name and endpoint.
    pub fn model_ledgers(&self) -> Result<Vec<AliasLedger>, WorkbenchError> {
        let mut ledgers: Vec<AliasLedger> = Vec::new();
        for line in self.store.resolutions()? {
            match ledgers.last_mut() {
                Some(ledger) if ledger.alias == line.alias => ledger.lines.push(line),
                _ => ledgers.push(AliasLedger {
                    alias: line.alias.clone(),
                    lines: vec![line],
                }),
            }
        }
        ledgers.sort_by(|one, other| one.alias.cmp(&other.alias));
        Ok(ledgers)
    }

    /// The same of one name, at every endpoint and provider where a run asked for it.
    pub fn alias_uses_of(&self, name: &str) -> Result<Vec<AliasUse>, WorkbenchError> {
        let mut uses = self.alias_uses()?;
        uses.retain(|alias| alias.ledger.alias.name == name);
        if uses.is_empty() {
            return Err(WorkbenchError::NotFound {
                what: "model",
                id: name.to_owned(),
            });
        }
        Ok(uses)
    }
}

/// Whose request a name is asked for in.
pub(super) enum Asker {
    /// What is tested; the step that asks, where it is a chain.
    Tested(Option<String>),
    /// A judge or an embedding model.
    Judge(JudgedBy),
}

/// Looks at who answers a run, and keeps the ledger of a name that it asks for.
pub(super) struct AliasWatch {
    store: Store,
    alias: Alias,
    asker: Asker,
    /// Models that were looked up already: each costs one look at the ledger a run.
    seen: Mutex<HashSet<String>>,
}

impl AliasWatch {
    pub(super) fn new(store: Store, alias: Alias, asker: Asker) -> Self {
        Self {
            store,
            alias,
            asker,
            seen: Mutex::default(),
        }
    }

    /// Writes a line where a model that answered is not what the name stood for so far.
    pub(super) async fn note(&self, run: &Run, outcome: &Outcome, audit: &AuditEntry) -> Result<(), StoreFault> {
        for (model, system_fingerprint) in self.answered(outcome) {
            if !self.is_new(&model) {
                continue;
            }
            let line = Resolution {
                alias: self.alias.clone(),
                number: 0,
                model: model.clone(),
                system_fingerprint,
                run: run.id,
                seen_at: outcome.finished_at,
            };
            let (store, audit) = (self.store.clone(), audit.clone());
            let judged = matches!(self.asker, Asker::Judge(_));
            let noted = tokio::task::spawn_blocking(move || {
                if judged {
                    store.note_judged(&audit, &line)
                } else {
                    store.note_resolution(&audit, &line).map(drop)
                }
            });
            noted.await??;
            self.seen().insert(model);
        }
        Ok(())
    }

    /// The models that answered, each once, with their marks.
    fn answered(&self, outcome: &Outcome) -> Vec<(String, Option<String>)> {
        let answered: Vec<(Option<&String>, Option<&String>)> = match &self.asker {
            // A reused answer was noted by the run that asked for it.
            Asker::Tested(_) if outcome.reused_from.is_some() => Vec::new(),
            Asker::Tested(None) => vec![(outcome.resolved_model.as_ref(), outcome.system_fingerprint.as_ref())],
            Asker::Tested(Some(name)) => {
                let is_asked = |step: &&StepOutcome| &step.name == name && step.reused_from.is_none();
                let step = outcome.steps.iter().find(is_asked);
                let models = step.map(|step| (step.resolved_model.as_ref(), step.system_fingerprint.as_ref()));
                models.into_iter().collect()
            }
            Asker::Judge(judge) => {
                let asked = outcome
                    .judgements
                    .iter()
                    .filter(|judgement| &judgement.judge == judge && judgement.reused_from.is_none());
                asked
                    .map(|judgement| (judgement.resolved_model.as_ref(), None))
                    .collect()
            }
        };
        let named = answered
            .into_iter()
            .filter_map(|(model, mark)| Some((model?.clone(), mark.cloned())));
        let mut models: Vec<(String, Option<String>)> = Vec::new();
        for (model, mark) in named {
            if !models.iter().any(|(known, _)| known == &model) {
                models.push((model, mark));
            }
        }
        models
    }

    /// Whether no outcome of this model was noted yet.
    fn is_new(&self, model: &str) -> bool {
        !self.seen().contains(model)
    }

    fn seen(&self) -> MutexGuard<'_, HashSet<String>> {
        // The set is whole between any two statements, so a panic elsewhere cannot have broken it.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
