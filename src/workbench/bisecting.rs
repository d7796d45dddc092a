//! A bisection: over the versions between a good and a bad one, where a metric or an example broke.

use serde::Serialize;

use super::studying::{Candidate, Stored, Study};
use super::{Workbench, WorkbenchError, found};
use crate::domain::ids::{ExampleId, RunId, VersionId};
use crate::domain::run::{Picked, Selection};
use crate::domain::unit::Unit;
use crate::evals::ablate::Measured;
pub use crate::evals::bisect::{Bisection, Side};
use crate::evals::compare::RunScores;
use crate::evals::paired::Effect;

/// Newest versions of a prompt that can lie between a good and a bad one.
const VERSIONS_MAX: usize = 10_000;

/// What broke.
#[derive(Debug, Clone, PartialEq)]
pub enum Symptom {
    /// A metric is surely lower than in the good version, or below a threshold.
    Metric {
        /// Its name.
        name: String,
        /// What it must reach; as the good version, where not given.
        below: Option<f64>,
    },
    /// An example fails.
    Example(ExampleId),
}

/// The versions between a good and a bad one, both included, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Between {
    /// The versions.
    pub versions: Vec<VersionId>,
    /// How they follow each other, in words.
    pub order: &'static str,
}

/// What one version came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BisectStep {
    /// The version.
    pub version: VersionId,
    /// The run that says so.
    pub run: RunId,
    /// The metric, or the share of repeats that the example passed.
    pub value: Option<f64>,
    /// What that is of.
    pub unit: Unit,
    /// Against the good version, for a metric.
    pub from_good: Option<Effect>,
    /// Which side of the break it is on.
    pub side: Side,
}

impl Workbench {
    /// The versions from a good to a bad one: along the bases where the bad one came of the good one, by number
    /// otherwise.
    pub fn versions_between(&self, good: &VersionId, bad: &VersionId) -> Result<Between, WorkbenchError> {
        if good.prompt != bad.prompt || good == bad {
            return Err(WorkbenchError::invalid(
                format!("{good} and {bad} are not two versions of one prompt"),
                "name a good and a bad version of the same prompt",
            ));
        }
        let (first, last) = (self.version(good)?, self.version(bad)?);
        let mut chain = vec![last.id.clone()];
        let mut base = last.base;
        while let Some(id) = base.filter(|_| chain.len() < VERSIONS_MAX) {
            chain.push(id.clone());
            if id == first.id {
                chain.reverse();
                return Ok(Between {
                    versions: chain,
                    order: "each the base of the next",
                });
            }
            base = self.version(&id)?.base;
        }
        if good.number > bad.number {
            return Err(WorkbenchError::invalid(
                format!("{good} is newer than {bad} and no base of it"),
                "name the good version first",
            ));
        }
        let between = |id: &VersionId| (good.number..=bad.number).contains(&id.number);
        let mut versions: Vec<VersionId> = self
            .store
            .versions(&good.prompt)?
            .into_iter()
            .map(|version| version.id)
            .filter(between)
            .collect();
        versions.reverse();
        Ok(Between {
            versions,
            order: "by number, since the bad one did not begin from the good one",
        })
    }

    /// Whether there is what a bisection is to look for, before anything is asked.
    ///
    /// # Errors
    ///
    /// The dataset has no such example, the suite no such metric, or no two runs can be compared by it.
    pub fn check_symptom(&self, study: &Study, symptom: &Symptom) -> Result<(), WorkbenchError> {
        match symptom {
            Symptom::Example(example) => {
                let rows = self.store.rows(&self.dataset(&study.dataset)?)?;
                let row = rows.iter().find(|row| &row.example == example);
                found(row, "example", &format!("{}/{example}", study.dataset)).map(drop)
            }
            Symptom::Metric { name, below } => {
                let metric = self.metric_of(study, name)?;
                // A threshold needs no interval.
                below.map_or_else(|| metric.refuse_percentile(), |_| Ok(()))
            }
        }
    }

    /// The run that says what a version came to, where it is stored: one over the whole dataset, or, for an example,
    /// any that has its outcomes.
    pub fn stored_for(&self, study: &Study, symptom: &Symptom, version: &VersionId) -> Result<Stored, WorkbenchError> {
        let tested = Candidate::Version(version.clone());
        let whole = self.stored_run(study, &tested)?;
        let (Symptom::Example(example), Stored::Missing | Stored::Unfinished(_)) = (symptom, whole) else {
            return Ok(whole);
        };
        let stored = self.stored_example(study, &tested, example)?;
        Ok(stored.map_or(Stored::Missing, Stored::Finished))
    }

    /// What asks one example of a version anew: its place, as a run that has it says.
    pub fn example_selection(&self, run: RunId, example: &ExampleId) -> Result<Selection, WorkbenchError> {
        let outcome = self.store.outcome_of(run, example)?;
        let outcome = found(outcome, "example", &format!("{run}/{example}"))?;
        Ok(Selection {
            of: run,
            picked: Picked::Marked,
            places: vec![outcome.index],
        })
    }

    /// What a version came to, by its run; `good` and `bad` are the runs of both ends.
    pub fn bisect_step(
        &self,
        symptom: &Symptom,
        version: &VersionId,
        run: RunId,
        ends: Option<(&RunScores, &RunScores)>,
    ) -> Result<BisectStep, WorkbenchError> {
        let scores = self.scores_of(run)?;
        let (mut from_good, mut unit) = (None, Unit::Share);
        let (value, side) = match symptom {
            Symptom::Example(example) => {
                let share = scores
                    .example(example)
                    .map(crate::evals::compare::ExampleScores::pass_share);
                (share, Side::by_example(share))
            }
            Symptom::Metric { name, below } => {
                let at = found(scores.metric_at(name), "metric", name)?;
                unit = scores.unit(at);
                if below.is_some() && matches!(unit, Unit::Milliseconds | Unit::UsDollars) {
                    return Err(WorkbenchError::invalid(
                        format!("of '{name}' less is better, so that no version is bad for being below a value"),
                        "leave --below out: then the versions are compared with the good one and the bad one",
                    ));
                }
                let effect = |base: &RunScores| Measured::Metric(at).effect(base, &scores);
                from_good = ends.and_then(|(good, _)| effect(good));
                let value = scores.metric(at);
                let side = match below {
                    Some(threshold) => Side::by_threshold(value, *threshold),
                    None => Side::by_metric(from_good, ends.and_then(|(_, bad)| effect(bad))),
                };
                (value, side)
            }
        };
        Ok(BisectStep {
            version: version.clone(),
            run,
            value,
            unit,
            from_good,
            side,
        })
    }
}
