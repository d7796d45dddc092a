//! The ledgers of model aliases in the store.

use super::engine::{AuditEntry, EngineError, Scan};
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::alias::{Alias, Resolution};

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

    /// Adds a line to an alias's ledger unless its last one says the same, and blocks until it is durable. The line's
    /// number is given here.
    pub fn note_resolution(&self, audit: &AuditEntry, seen: &Resolution) -> Result<(), StoreError> {
        let hash = seen.alias.hash()?;
        loop {
            let newest = self.resolution(&seen.alias)?;
            if newest.as_ref().is_some_and(|newest| newest.model == seen.model) {
                return Ok(());
            }
            let line = Resolution {
                number: newest.map_or(1, |newest| newest.number.saturating_add(1)),
                ..seen.clone()
            };
            let change = Change::new(audit.clone()).insert(keys::resolution(&hash, line.number), &line)?;
            match change.commit(self) {
                // Another run took the number, so the last line is another now.
                Err(StoreError::Engine(EngineError::Conflict { .. })) => {}
                done => return done.map(drop),
            }
        }
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
    }
}
