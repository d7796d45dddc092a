//! Checks of what people say of outcomes.

use super::{Verification, rule};
use crate::domain::label::HumanLabel;
use crate::domain::triage::Triage;
use crate::store::keys;
use crate::store::records::StoreError;

impl Verification<'_> {
    /// A label is about an outcome that is still what the person saw.
    pub(super) fn label(&self, key: &str, label: &HumanLabel) -> Result<Option<String>, StoreError> {
        if key != keys::label(label.run, label.place, label.number) {
            return Ok(Some("it lies under another outcome, or under another number".into()));
        }
        let Some(run) = self.store.run(label.run)? else {
            return Ok(Some(format!("{} is missing", label.run)));
        };
        let Some(outcome) = self.store.outcome(label.run, label.place)? else {
            return Ok(Some(format!("its outcome {} is missing", label.outcome())));
        };
        match rule(label.verify(&outcome)) {
            None => self.mark(&keys::labelled_run(&run.suite.name, run.id)),
            fault => Ok(fault),
        }
    }

    /// A triage is about an outcome that is still what the person saw.
    pub(super) fn triage(&self, key: &str, triage: &Triage) -> Result<Option<String>, StoreError> {
        if key != keys::triage(triage.run, triage.place, triage.number) {
            return Ok(Some("it lies under another outcome, or under another number".into()));
        }
        Ok(match self.store.outcome(triage.run, triage.place)? {
            Some(outcome) => rule(triage.verify(&outcome)),
            None => Some(format!("its outcome {} is missing", triage.outcome())),
        })
    }
}
