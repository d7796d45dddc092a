//! Checks of people, and of what they say of outcomes.

use super::{Verification, rule};
use crate::domain::label::HumanLabel;
use crate::domain::person::Person;
use crate::domain::person_key::PersonKey;
use crate::domain::triage::Triage;
use crate::store::keys;
use crate::store::records::StoreError;

/// A person lies under their name, and each key is the one that its fingerprint names.
pub(super) fn person_fault(key: &str, person: &Person) -> Option<String> {
    if key != keys::person(&person.name) {
        return Some(format!("it is {}, who lies elsewhere", person.name));
    }
    rule(person.check()).or_else(|| person.keys.iter().find_map(PersonKey::fault))
}

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
