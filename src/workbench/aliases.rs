//! What model names stand for, and stood for when runs asked for them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::{RunSummary, Workbench, WorkbenchError};
use crate::domain::alias::{Alias, Resolution};
use crate::domain::outcome::Outcome;
use crate::domain::run::Run;
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
            let rests_on = |summary: &&RunSummary| {
                let stale = summary.caveats.stale.as_ref();
                stale.is_some_and(|stale| stale.now.alias == ledger.alias)
            };
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

/// Looks at who answers a run, and keeps the ledger of the name that it asks for.
pub(super) struct AliasWatch {
    store: Store,
    alias: Alias,
    /// The step of a chain that asks for it; `None` for a prompt.
    step: Option<String>,
    /// Models that were looked up already: each costs one look at the ledger a run.
    seen: Mutex<HashSet<String>>,
}

impl AliasWatch {
    pub(super) fn new(store: Store, alias: Alias, step: Option<String>) -> Self {
        Self {
            store,
            alias,
            step,
            seen: Mutex::default(),
        }
    }

    /// Writes a line where the model that answered is not what the name stood for so far.
    pub(super) async fn note(&self, run: &Run, outcome: &Outcome, audit: AuditEntry) -> Result<(), StoreFault> {
        let (model, system_fingerprint) = match &self.step {
            None => (&outcome.resolved_model, &outcome.system_fingerprint),
            Some(name) => match outcome.steps.iter().find(|step| &step.name == name) {
                Some(step) => (&step.resolved_model, &step.system_fingerprint),
                None => return Ok(()),
            },
        };
        let Some(model) = model else {
            return Ok(());
        };
        if !self.is_new(model) {
            return Ok(());
        }
        let line = Resolution {
            alias: self.alias.clone(),
            number: 0,
            model: model.clone(),
            system_fingerprint: system_fingerprint.clone(),
            run: run.id,
            seen_at: outcome.finished_at,
        };
        let store = self.store.clone();
        let noted = tokio::task::spawn_blocking(move || store.note_resolution(&audit, &line)).await;
        Ok(noted??)
    }

    /// Whether this is the first outcome of this model.
    fn is_new(&self, model: &str) -> bool {
        // The set is whole between any two statements, so a panic elsewhere cannot have broken it.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        !seen.contains(model) && seen.insert(model.to_owned())
    }
}
