//! Asking some examples of a run again. What comes out is a run of its own, and no evidence for a release: its examples
//! were picked by how they came out.

use super::reusing::Tape;
use super::{StartRun, SubjectId, Workbench, WorkbenchError, found};
use crate::domain::actor::Actor;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::outcome::OutcomePlace;
use crate::domain::run::{Picked, RunSettings, Selection};
use crate::store::OUTCOMES_PER_PAGE;

/// Which examples are asked again, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerun {
    /// The run that they are picked from.
    pub of: RunId,
    /// Which.
    pub pick: Pick,
    /// How requests are sent; such a run settles no gate, so that it cannot end early.
    pub settings: RunSettings,
}

/// Which examples are picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// All that failed a grader or have no answer.
    Failed,
    /// These.
    Marked(Vec<ExampleId>),
}

impl Workbench {
    /// Starts a run over examples that were picked from another one, with its version and suite.
    pub fn rerun(&self, actor: &Actor, rerun: &Rerun) -> Result<RunId, WorkbenchError> {
        let of = found(self.store.run(rerun.of)?, "run", &rerun.of)?;
        let (picked, places) = match &rerun.pick {
            Pick::Failed => (Picked::Failed, self.failed_places(of.id)?),
            Pick::Marked(examples) => (Picked::Marked, self.marked_places(of.id, examples)?),
        };
        if places.is_empty() {
            return Err(WorkbenchError::refused(
                format!("no example of {} failed", of.id),
                "mark those to ask again, or start a new run",
            ));
        }
        let start = StartRun {
            subject: SubjectId::from(&of.subject),
            dataset: of.dataset,
            suite: of.suite,
            base: of.base,
            environment: Some(of.environment),
            context: of.context,
            settings: RunSettings {
                stops_early: false,
                ..rerun.settings.clone()
            },
        };
        let selection = Selection {
            of: of.id,
            picked,
            places,
        };
        self.start_run_with(actor, &start, Some(selection), &Tape::Off)
    }

    fn failed_places(&self, run: RunId) -> Result<Vec<u64>, WorkbenchError> {
        let mut places: Vec<u64> = Vec::new();
        let mut after: Option<OutcomePlace> = None;
        loop {
            let page = self.store.failures(run, after, OUTCOMES_PER_PAGE)?;
            let Some((last, _)) = page.last() else {
                return Ok(places);
            };
            after = Some(*last);
            places.extend(page.iter().map(|(place, _)| place.index));
            places.dedup();
        }
    }

    fn marked_places(&self, run: RunId, examples: &[ExampleId]) -> Result<Vec<u64>, WorkbenchError> {
        let mut places = Vec::new();
        for example in examples {
            let outcome = self.store.outcome_of(run, example)?;
            places.push(found(outcome, "example", &format!("{run}/{example}"))?.index);
        }
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }
}
