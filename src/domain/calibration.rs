//! How a grader's verdicts compare with what people say: the whole of it, as it is shown.

use serde::Serialize;

use super::ids::{ExampleId, RunId, SuiteVersionId};

/// A count of trials with its share and 95 % Wilson interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CountedRate {
    /// How many did.
    pub hits: u64,
    /// Of how many.
    pub total: u64,
    /// The share; `None` without trials.
    pub rate: Option<f64>,
    /// Lower end, 0 without trials.
    pub lo: f64,
    /// Upper end, 1 without trials.
    pub hi: f64,
}

/// An estimate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimated {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error, where the method has one.
    pub se: Option<f64>,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// Agreement in a table of classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// The classes, in their order.
    pub classes: Vec<String>,
    /// Counts: a row for each class that people chose, a column for each that the grader chose.
    pub table: Vec<Vec<u64>>,
    /// Where both chose the same.
    pub agreed: CountedRate,
    /// Cohen's kappa with the standard error of Fleiss, Cohen and Everitt; `None` where chance alone agrees on all.
    pub kappa: Option<Estimated>,
    /// Kappa with disagreement weighed by its squared distance, for classes that have an order.
    pub weighted_kappa: Option<f64>,
}

/// The share of answers that truly pass, reckoned from what the grader says and how often people agree with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorrectedPassRate {
    /// What the grader says of all outcomes of the runs.
    pub judged: CountedRate,
    /// By Rogan and Gladen (1978), with the uncertainty of sensitivity and specificity.
    pub rogan_gladen: Option<Estimated>,
    /// The interval of Lang and Reiczigel (2014), which keeps its promise better for few labels.
    pub lang_reiczigel: Option<Estimated>,
    /// Why one of them is not there.
    pub fault: Option<String>,
}

/// What counts as true where people labelled.
pub const HUMAN_LABELS: &str = "human labels";
/// Fewer labels than this say little of a grader, and fewer of one verdict say little of its errors on those: a
/// judgement of the field, not a bound.
pub const LABELS_WANTED: u64 = 100;
/// The same of each verdict.
pub const LABELS_OF_A_VERDICT_WANTED: u64 = 30;

/// The mean score that people would give, reckoned from their scores and the grader's (prediction-powered inference).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CorrectedMean {
    /// The mean of the scores that people gave.
    pub labelled_mean: f64,
    /// The mean of the grader's scores over all outcomes.
    pub judged_mean: f64,
    /// The corrected mean.
    pub corrected: Estimated,
    /// How much weight the grader's scores have, 0 to 1.
    pub weight: f64,
    /// Outcomes with a score of people.
    pub labelled: u64,
    /// Outcomes with the grader's score alone.
    pub unlabelled: u64,
}

/// An outcome of which the grader says something else than people do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The run.
    pub run: RunId,
    /// The example.
    pub example: ExampleId,
    /// Its repeat, from 0.
    pub repeat: u32,
    /// What people say.
    pub people: String,
    /// What the grader says.
    pub grader: String,
    /// Why, in its words.
    pub explanation: String,
}

/// Labelled outcomes that say nothing, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LeftOut {
    /// People disagree on them.
    pub disputed: u64,
    /// The grader gave no verdict.
    pub ungraded: u64,
    /// They have no answer.
    pub errored: u64,
    /// The label is none that this grader could give: no verdict, class or score.
    pub unusable: u64,
}

/// How a grader compares with people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The suite version.
    pub suite: SuiteVersionId,
    /// The grader.
    pub grader: String,
    /// Its judges, where it has any.
    pub judges: Vec<String>,
    /// What counts as true: `human labels`, or a field of the dataset.
    pub truth: String,
    /// The runs whose outcomes are compared.
    pub runs: Vec<RunId>,
    /// Whether any answer or judgement was simulated, so that all this says nothing about a model.
    pub is_simulated: bool,
    /// Outcomes with a truth and a verdict.
    pub compared: u64,
    /// Labelled outcomes that are not among them.
    pub left_out: LeftOut,
    /// Passed and failed.
    pub verdicts: Agreement,
    /// Of what people passed, how much the grader passed.
    pub sensitivity: CountedRate,
    /// Of what people failed, how much the grader failed.
    pub specificity: CountedRate,
    /// The share of all answers that truly pass.
    pub pass_rate: CorrectedPassRate,
    /// Classes, or levels of a rubric, where people gave such.
    pub classes: Option<Agreement>,
    /// Scores, where people gave such.
    pub mean_score: Option<CorrectedMean>,
    /// Why kappa and what is corrected by these labels say little; `None` where they are enough.
    pub too_few: Option<String>,
    /// What to be careful about, in sentences.
    pub warnings: Vec<String>,
    /// All outcomes of which they say different things; at most [`DISAGREEMENTS_MAX`] are named.
    pub disagreement_count: u64,
    /// The first of them.
    pub disagreements: Vec<Disagreement>,
}

impl Calibration {
    /// Who says what is true.
    pub fn who(&self) -> &'static str {
        if self.truth == HUMAN_LABELS {
            "people"
        } else {
            "the dataset"
        }
    }
}

/// Most disagreements that are named.
pub const DISAGREEMENTS_MAX: usize = 200;
