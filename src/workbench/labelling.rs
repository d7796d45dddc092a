//! Human labels: what people say of the outcomes of runs. A label never changes an outcome or a gate.

use serde_json::Value as Json;

use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::ids::{ExampleId, RunId, SuiteName};
use crate::domain::label::{HumanLabel, LabelContent};
use crate::domain::outcome::OutcomePlace;
use crate::store::Change;

/// How an expected value differs in shape from the one that an example has: another kind of value, or an object with
/// other fields.
fn other_shape(before: &Json, after: &Json) -> Option<String> {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        let (old, new) = (kind_of(before), kind_of(after));
        return (old != new && !before.is_null()).then(|| format!("it is {new}, not {old}"));
    };
    let missing = old.keys().find(|key| !new.contains_key(*key));
    let unknown = new.keys().find(|key| !old.contains_key(*key));
    missing
        .map(|key| format!("it has no '{key}'"))
        .or_else(|| unknown.map(|key| format!("'{key}' is no field of it")))
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

impl Workbench {
    /// Adds a person's label of an outcome.
    ///
    /// # Errors
    ///
    /// No such outcome, an expected value of another shape than the example's, or what [`HumanLabel::new`] refuses.
    pub fn add_label(
        &self,
        actor: &Actor,
        run: RunId,
        place: OutcomePlace,
        content: &LabelContent,
    ) -> Result<HumanLabel, WorkbenchError> {
        self.permit(actor, Action::LabelAdd)?;
        let suite = found(self.store.run(run)?, "run", &run)?.suite.name;
        let outcome = found(
            self.store.outcome(run, place)?,
            "example",
            &format!("{run} at place {}", place.index),
        )?;
        if let Some(expected) = &content.expected {
            let example = self.store.example(&outcome.example_hash)?;
            let before = example.and_then(|example| example.content.expected);
            if let Some(why) = before.and_then(|before| other_shape(&before.value(), &expected.value())) {
                return Err(WorkbenchError::refused(
                    format!(
                        "the expected value has another shape than that of {} now: {why}",
                        outcome.example
                    ),
                    "graders read it by its shape: write it as pegbox run case shows it",
                ));
            }
        }
        self.store.commit_numbered(|| {
            let number = self.store.next_label(run, place)?;
            let label = HumanLabel::new(&outcome, number, content.clone(), actor.clone(), self.now())?;
            let audit = self.audit(actor, Action::LabelAdd, &label.outcome(), &label.comment)?;
            Ok((Change::new(audit).insert_label(&label, &suite)?, label))
        })
    }

    /// Every label of a run's outcomes, those that a later one of the same person replaced too, in order of place; of
    /// each outcome the oldest first. [`crate::domain::label::standing`] picks those that count.
    pub fn labels_of(&self, run: RunId) -> Result<Vec<HumanLabel>, WorkbenchError> {
        found(self.store.run(run)?, "run", &run)?;
        Ok(self.store.labels(run)?)
    }

    /// Every label of the outcomes that versions of a suite graded, over all runs; with a grader those about its
    /// verdict alone.
    pub fn labels_of_suite(&self, suite: &SuiteName, grader: Option<&str>) -> Result<Vec<HumanLabel>, WorkbenchError> {
        let mut labels = Vec::new();
        for run in self.store.labelled_runs(suite)? {
            labels.extend(self.store.labels(run)?);
        }
        if grader.is_some() {
            labels.retain(|label| label.grader.as_deref() == grader);
        }
        Ok(labels)
    }

    /// The place of an example's outcome in a run; of a later repeat, which is counted from 0.
    pub fn place_of(&self, run: RunId, example: &ExampleId, repeat: u32) -> Result<OutcomePlace, WorkbenchError> {
        let outcome = found(
            self.store.outcome_of(run, example)?,
            "example",
            &format!("{run}/{example}"),
        )?;
        Ok(OutcomePlace {
            index: outcome.index,
            repeat,
        })
    }
}
