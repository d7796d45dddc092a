//! The ledgers of model aliases in the store.

use super::engine::{AuditEntry, EngineError, Scan};
use super::keys;
use super::record::Mark;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::alias::{Alias, Resolution};
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;

impl Store {
    /// What an alias stands for now, as far as any run saw.
    pub fn resolution(&self, alias: &Alias) -> Result<Option<Resolution>, StoreError> {
        let newest = self.load_all(&Scan::prefix(keys::resolutions(&alias.hash()?), 1).backward())?;
        Ok(newest.into_iter().next())
    }

    /// All ledgers, each from its first line to its last, at most a page of lines.
    pub fn resolutions(&self) -> Result<Vec<Resolution>, StoreError> {
        self.load_all(&Scan::prefix(keys::ALIASES, NO_LIMIT))
    }

    /// Adds a line to an alias's ledger unless its last one says the same, and blocks until it is durable. Returns the
    /// line's number, which is given here.
    pub fn note_resolution(&self, audit: &AuditEntry, seen: &Resolution) -> Result<u32, StoreError> {
        let hash = seen.alias.hash()?;
        loop {
            let newest = self.resolution(&seen.alias)?;
            if let Some(newest) = newest.as_ref().filter(|newest| newest.model == seen.model) {
                return Ok(newest.number);
            }
            let line = Resolution {
                number: newest.map_or(1, |newest| newest.number.saturating_add(1)),
                ..seen.clone()
            };
            let change = Change::new(audit.clone()).insert(keys::resolution(&hash, line.number), &line)?;
            match change.commit(self) {
                // Another run took the number, so the last line is another now.
                Err(StoreError::Engine(EngineError::Conflict { .. })) => {}
                done => return done.map(|_| line.number),
            }
        }
    }

    /// The same for a model that judged in the run, and that the run's results rest on it.
    pub fn note_judged(&self, audit: &AuditEntry, seen: &Resolution) -> Result<(), StoreError> {
        let number = self.note_resolution(audit, seen)?;
        let key = keys::judged_by(seen.run, &seen.alias.hash()?, number);
        Change::new(audit.clone()).put(key, &Mark)?.commit(self)?;
        Ok(())
    }

    /// The lines of ledgers that the judgements of a run rest on.
    pub fn judged_by(&self, run: RunId) -> Result<Vec<Resolution>, StoreError> {
        let mut lines = Vec::new();
        for tail in self.key_tails(&Scan::prefix(keys::judged(run), NO_LIMIT))? {
            if let Some((alias, number)) = keys::ledger_line(&tail) {
                lines.extend(self.ledger_line(&alias, number)?);
            }
        }
        Ok(lines)
    }

    /// A line of the ledger of the alias with this hash.
    pub(super) fn ledger_line(&self, alias: &ContentHash, number: u32) -> Result<Option<Resolution>, StoreError> {
        self.load(&keys::resolution(alias, number))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::ids::RunId;
    use crate::domain::model::ModelConfig;
    use crate::domain::origin::Origin;
    use crate::domain::time::Timestamp;
    use crate::store::memory::MemoryEngine;

    #[test]
    fn a_ledger_grows_only_where_the_model_changes() {
        let store = Store::new(Arc::new(MemoryEngine::new()));
        let audit = AuditEntry {
            at_ms: 0,
            actor: "anna".into(),
            action: "model.resolve".into(),
            subject: String::new(),
            reason: String::new(),
            origin: Origin::default(),
        };
        let seen = |name: &str, model: &str, run| Resolution {
            alias: Alias::new(&ModelConfig::new("openai", name), None),
            number: 0,
            model: model.into(),
            system_fingerprint: None,
            run: RunId(run),
            seen_at: Timestamp(1_000),
        };
        for (name, model, run) in [
            ("x", "x-1", 1),
            ("x", "x-1", 2),
            ("y", "y-1", 2),
            ("x", "x-2", 3),
            ("x", "x-1", 4),
        ] {
            store.note_resolution(&audit, &seen(name, model, run)).unwrap();
        }
        let alias = seen("x", "", 0).alias;
        let lines: Vec<_> = store
            .resolutions()
            .unwrap()
            .into_iter()
            .filter(|line| line.alias == alias)
            .map(|line| (line.number, line.model, line.run.0))
            .collect();
        assert_eq!(
            lines,
            [
                (1, "x-1".to_owned(), 1),
                (2, "x-2".to_owned(), 3),
                (3, "x-1".to_owned(), 4)
            ]
        );
        assert_eq!(store.resolution(&alias).unwrap().map(|line| line.number), Some(3));
        // What judged in a run is known of each run, also where the ledger knew it already.
        for (name, model, run) in [("x", "x-1", 4), ("x", "x-1", 5), ("y", "y-2", 5)] {
            store.note_judged(&audit, &seen(name, model, run)).unwrap();
        }
        let judged = |run| -> Vec<_> {
            let lines = store.judged_by(RunId(run)).unwrap();
            let mut lines: Vec<_> = lines.into_iter().map(|line| (line.model, line.number)).collect();
            lines.sort();
            lines
        };
        assert_eq!(judged(3), []);
        assert_eq!(judged(4), [("x-1".to_owned(), 3)]);
        assert_eq!(judged(5), [("x-1".to_owned(), 3), ("y-2".to_owned(), 2)]);
    }
}
