//! Calibration: a grader against what people say, or against a field of the dataset.

use std::collections::{BTreeMap, BTreeSet};

use super::{Workbench, WorkbenchError, found};
use crate::domain::calibration::{Calibration, HUMAN_LABELS};
use crate::domain::example::ExampleContent;
use crate::domain::grader::Grader;
use crate::domain::ids::{DatasetVersionId, RunId, SuiteVersionId};
use crate::domain::json::JsonText;
use crate::domain::judge::Question;
use crate::domain::label::{HumanLabel, LabelVerdict, standing};
use crate::domain::outcome::{Outcome, OutcomePlace};
use crate::domain::run::Run;
use crate::domain::suite::SuiteVersion;
use crate::evals::calibrate::{Calibrator, Truth};
use crate::evals::path;

/// How the path to a truth in the dataset begins.
const EXPECTED: &str = "expected";

/// What to calibrate, against what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calibrate {
    /// The suite.
    pub suite: SuiteVersionId,
    /// Its grader.
    pub grader: String,
    /// The run whose outcomes are compared; where not given, every labelled one in which the same grader looked, or
    /// for a truth of the dataset the newest.
    pub run: Option<RunId>,
    /// Only runs over this data.
    pub dataset: Option<DatasetVersionId>,
    /// `expected.FIELD` for what the dataset says, or `expected` for the whole of it; human labels where not given.
    pub truth: Option<String>,
}

impl Workbench {
    /// Compares a grader with what people say of the same answers.
    ///
    /// # Errors
    ///
    /// No such grader, run or field; a run in which another grader has that name; or nothing to compare.
    pub fn calibrate(&self, calibrate: &Calibrate) -> Result<Calibration, WorkbenchError> {
        let suite = self.suite(&calibrate.suite)?;
        let grader = suite
            .content
            .graders
            .iter()
            .find(|grader| grader.name == calibrate.grader);
        let grader = grader.ok_or_else(|| {
            let names: Vec<&str> = suite
                .content
                .graders
                .iter()
                .map(|grader| grader.name.as_str())
                .collect();
            WorkbenchError::invalid(
                format!("{} has no grader named '{}'", suite.id, calibrate.grader),
                format!("choose one of {}", names.join(", ")),
            )
        })?;
        let runs = self.calibrated_runs(calibrate, &suite, grader)?;
        let mut calibrator = Calibrator::new(grader.clone());
        for run in &runs {
            match &calibrate.truth {
                None => self.push_labelled(run, &grader.name, &mut calibrator)?,
                Some(field) => self.push_expected(run, grader, truth_field(field)?, &mut calibrator)?,
            }
        }
        let truth = calibrate.truth.clone().unwrap_or_else(|| HUMAN_LABELS.into());
        let ids = runs.iter().map(|run| run.id).collect();
        let calibration = calibrator.finish(suite.id, truth, ids).map_err(|error| {
            WorkbenchError::invalid(
                format!("the labels cannot be compared: {error}"),
                "look at them with pegbox label list",
            )
        })?;
        if calibration.compared == 0 {
            return Err(nothing_to_compare(&calibration));
        }
        Ok(calibration)
    }

    /// The runs whose outcomes this very grader looked at.
    fn calibrated_runs(
        &self,
        calibrate: &Calibrate,
        suite: &SuiteVersion,
        grader: &Grader,
    ) -> Result<Vec<Run>, WorkbenchError> {
        if let Some(id) = calibrate.run {
            let run = found(self.store.run(id)?, "run", &id)?;
            let is_same = self.has_grader(&run, grader)?;
            let of_dataset = calibrate.dataset.as_ref().is_none_or(|dataset| &run.dataset == dataset);
            return match (is_same, of_dataset) {
                (true, true) => Ok(vec![run]),
                (false, _) => Err(WorkbenchError::refused(
                    format!(
                        "{id} was graded by {}, whose '{}' is another grader",
                        run.suite, grader.name
                    ),
                    "choose a run with this suite: verdicts of another judge say nothing of this one",
                )),
                (_, false) => Err(WorkbenchError::refused(
                    format!("{id} is over {}", run.dataset),
                    "leave --dataset out, or choose another run",
                )),
            };
        }
        let mut runs = Vec::new();
        let candidates = match calibrate.truth {
            None => self.store.labelled_runs(&suite.id.name)?,
            Some(_) => self
                .store
                .runs(None, usize::MAX)?
                .into_iter()
                .map(|run| run.id)
                .collect(),
        };
        for id in candidates {
            let run = found(self.store.run(id)?, "run", &id)?;
            let of_dataset = calibrate.dataset.as_ref().is_none_or(|dataset| &run.dataset == dataset);
            if of_dataset && run.suite.name == suite.id.name && self.has_grader(&run, grader)? {
                runs.push(run);
            }
            if calibrate.truth.is_some() && !runs.is_empty() {
                break;
            }
        }
        if runs.is_empty() {
            return Err(WorkbenchError::refused(
                format!(
                    "no run to compare: nobody labelled a verdict of '{}' as {} has it",
                    grader.name, suite.id
                ),
                "run the suite and label its answers, or compare with the dataset by --truth expected.FIELD",
            ));
        }
        Ok(runs)
    }

    /// Whether a run's suite has this very grader, with the same judges.
    fn has_grader(&self, run: &Run, grader: &Grader) -> Result<bool, WorkbenchError> {
        Ok(self.suite(&run.suite)?.content.graders.contains(grader))
    }

    fn push_labelled(&self, run: &Run, grader: &str, calibrator: &mut Calibrator) -> Result<(), WorkbenchError> {
        let labels = self.store.labels(run.id)?;
        let mut by_place: BTreeMap<OutcomePlace, Vec<&HumanLabel>> = BTreeMap::new();
        for label in standing(&labels) {
            if label.grader.as_deref() == Some(grader) {
                by_place.entry(label.place).or_default().push(label);
            }
        }
        self.store
            .each_outcome(run.id, |outcome| -> Result<(), WorkbenchError> {
                match by_place.get(&outcome.place()).map(|labels| agreed(labels)) {
                    None => calibrator.push(outcome, run.answers, None),
                    Some(Some(truth)) => calibrator.push(outcome, run.answers, Some(&truth)),
                    Some(None) => {
                        calibrator.push_disputed();
                        calibrator.push(outcome, run.answers, None);
                    }
                }
                Ok(())
            })
    }

    fn push_expected(
        &self,
        run: &Run,
        grader: &Grader,
        field: Option<&str>,
        calibrator: &mut Calibrator,
    ) -> Result<(), WorkbenchError> {
        let dataset = self.dataset(&run.dataset)?;
        self.store
            .each_outcome(run.id, |outcome: &Outcome| -> Result<(), WorkbenchError> {
                let example = self.example_at(&dataset, outcome.index)?;
                let truth = expected_truth(&example.content, grader, field);
                calibrator.push(outcome, run.answers, truth.as_ref());
                Ok(())
            })
    }
}

/// `expected.FIELD` as the field, `expected` as none.
fn truth_field(text: &str) -> Result<Option<&str>, WorkbenchError> {
    match text.strip_prefix(EXPECTED) {
        Some("") => Ok(None),
        Some(rest) if rest.len() > 1 && rest.starts_with('.') => Ok(rest.strip_prefix('.')),
        _ => Err(WorkbenchError::invalid(
            format!("'{text}' is no truth to compare with"),
            "write expected, or expected.FIELD for a field of the expected value",
        )),
    }
}

/// What the people who labelled an answer say together; `None` where they disagree.
fn agreed(labels: &[&HumanLabel]) -> Option<Truth> {
    let verdicts: BTreeSet<bool> = labels
        .iter()
        .filter_map(|label| label.verdict)
        .map(|verdict| verdict == LabelVerdict::Passed)
        .collect();
    let classes: BTreeSet<&str> = labels.iter().filter_map(|label| label.class.as_deref()).collect();
    (verdicts.len() <= 1 && classes.len() <= 1).then(|| Truth {
        verdict: verdicts.first().copied(),
        class: classes.first().map(|class| (*class).to_owned()),
    })
}

/// What the dataset says of an answer: true or false, passed or failed; a class or a score for a judge that gives one.
fn expected_truth(example: &ExampleContent, grader: &Grader, field: Option<&str>) -> Option<Truth> {
    let expected = example.expected.as_ref().map(JsonText::value)?;
    let value = match field {
        None => &expected,
        Some(field) => path::at(&expected, field)?,
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let gives_class = matches!(
        grader.kind.judge().map(|judge| &judge.question),
        Some(Question::Rubric { .. } | Question::Classification { .. })
    );
    let verdict = match text.to_lowercase().as_str() {
        "true" | "passed" | "pass" => Some(true),
        "false" | "failed" | "fail" => Some(false),
        _ => None,
    };
    Some(Truth {
        verdict,
        class: (gives_class && verdict.is_none()).then_some(text),
    })
}

fn nothing_to_compare(calibration: &Calibration) -> WorkbenchError {
    let why = match calibration.warnings.last() {
        Some(warning) if warning.contains("left out") => format!(": {warning}"),
        _ => String::new(),
    };
    WorkbenchError::refused(
        format!(
            "nothing to compare '{}' with by {}{why}",
            calibration.grader, calibration.truth
        ),
        "label verdicts of this grader in the failures of a run, or name a field that says what is right by --truth",
    )
}
