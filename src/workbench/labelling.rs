//! Human labels: what people say of the outcomes of runs. A label never changes an outcome or a gate.

use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::ids::{ExampleId, RunId, SuiteName};
use crate::domain::label::{HumanLabel, LabelContent};
use crate::domain::outcome::OutcomePlace;
use crate::store::Change;

impl Workbench {
    /// Adds a person's label of an outcome.
    ///
    /// # Errors
    ///
    /// No such outcome, or what [`HumanLabel::new`] refuses.
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
