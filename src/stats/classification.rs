//! Scores of a classifier, each beside the counts it rests on.

use std::collections::BTreeMap;

use super::sample::mean;
use super::{StatsError, rate};

/// How one class did. A score is `None` where its denominator is 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassScores {
    /// The class.
    pub label: String,
    /// Examples that are of the class: the denominator of recall.
    pub support: u64,
    /// Examples that were said to be: the denominator of precision.
    pub predicted: u64,
    /// Examples that are and were said to be.
    pub true_positives: u64,
    /// `true_positives / predicted`
    pub precision: Option<f64>,
    /// `true_positives / support`
    pub recall: Option<f64>,
    /// `2 true_positives / (support + predicted)`
    pub f1: Option<f64>,
}

/// How a classifier did on a set of examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// Examples.
    pub n: u64,
    /// Examples put into their class.
    pub correct: u64,
    /// `correct / n`, which for one label an example is the micro F1 too. `None` without examples.
    pub accuracy: Option<f64>,
    /// Rows are the true class, columns the predicted one, in the order of the labels.
    pub confusion: Vec<Vec<u64>>,
    /// One for each label, in their order.
    pub per_class: Vec<ClassScores>,
    /// Mean F1 over the classes that occur or were predicted; `None` without examples, as is all below.
    pub macro_f1: Option<f64>,
    /// Mean precision over all classes, undefined ones as 0 (scikit-learn's `zero_division=0`).
    pub macro_precision_zero: Option<f64>,
    /// Mean recall over all classes, undefined ones as 0.
    pub macro_recall_zero: Option<f64>,
    /// Mean F1 over all classes, undefined ones as 0.
    pub macro_f1_zero: Option<f64>,
    /// Mean F1 weighed by support.
    pub weighted_f1: Option<f64>,
    /// Mean recall over the classes that occur.
    pub balanced_accuracy: Option<f64>,
    /// Cohen's kappa: `None` where chance agreement is 1.
    pub kappa: Option<f64>,
    /// Matthews's correlation for any number of classes (Gorodkin 2004): `None` where truth or prediction is constant.
    pub mcc: Option<f64>,
}

/// Precision, recall and F1 for each class (vector `classification`). Labels compare exactly: `BILLING` is not
/// `billing`. A label listed twice counts once, at its first place.
///
/// Errors: lists of different length; a label that is not in the set.
pub fn classification<S: AsRef<str>>(labels: &[S], truth: &[S], predicted: &[S]) -> Result<Classification, StatsError> {
    if truth.len() != predicted.len() {
        return Err(StatsError::LengthMismatch {
            left: truth.len(),
            right: predicted.len(),
        });
    }
    let mut places = BTreeMap::new();
    for (place, label) in labels.iter().enumerate() {
        places.entry(label.as_ref()).or_insert(place);
    }
    let place = |label: &S| {
        let label = label.as_ref();
        places
            .get(label)
            .copied()
            .ok_or_else(|| StatsError::UnknownLabel(label.to_owned()))
    };
    let mut confusion = vec![vec![0_u64; labels.len()]; labels.len()];
    for (truth, predicted) in truth.iter().zip(predicted) {
        confusion[place(truth)?][place(predicted)?] += 1;
    }
    classification_from_table(labels, confusion)
}

/// The same of counts: rows by true class, columns by predicted one, both in the order of the labels.
///
/// Errors: a table that has not as many rows and columns as there are labels.
pub fn classification_from_table<S: AsRef<str>>(
    labels: &[S],
    confusion: Vec<Vec<u64>>,
) -> Result<Classification, StatsError> {
    let mut sizes = std::iter::once(confusion.len()).chain(confusion.iter().map(Vec::len));
    if let Some(right) = sizes.find(|size| *size != labels.len()) {
        let left = labels.len();
        return Err(StatsError::LengthMismatch { left, right });
    }
    let per_class: Vec<_> = labels
        .iter()
        .enumerate()
        .map(|(place, label)| class_scores(label.as_ref(), place, &confusion))
        .collect();
    let n = per_class.iter().map(|class| class.support).sum();
    let correct = per_class.iter().map(|class| class.true_positives).sum();
    let over = |score: fn(&ClassScores) -> Option<f64>| -> Vec<f64> { per_class.iter().filter_map(score).collect() };
    let over_all = |score: fn(&ClassScores) -> Option<f64>| {
        let sum: f64 = over(score).iter().sum();
        (n > 0).then(|| sum / per_class.len() as f64)
    };
    let weighted: f64 = per_class
        .iter()
        .map(|class| class.support as f64 * class.f1.unwrap_or(0.0))
        .sum();
    Ok(Classification {
        n,
        correct,
        accuracy: rate(correct, n),
        macro_f1: mean(&over(|class| class.f1)),
        macro_precision_zero: over_all(|class| class.precision),
        macro_recall_zero: over_all(|class| class.recall),
        macro_f1_zero: over_all(|class| class.f1),
        weighted_f1: (n > 0).then(|| weighted / n as f64),
        balanced_accuracy: mean(&over(|class| class.recall)),
        kappa: chance_corrected(&per_class, n, correct, Correction::Kappa),
        mcc: chance_corrected(&per_class, n, correct, Correction::Matthews),
        confusion,
        per_class,
    })
}

#[derive(Clone, Copy)]
enum Correction {
    Kappa,
    Matthews,
}

/// Agreement less what the margins give by chance, `c s - Σ t_k p_k`, over the most it could be (kappa: with these
/// margins taken as equal; Matthews: the geometric mean of both). In whole numbers, so that rounding decides nothing.
fn chance_corrected(per_class: &[ClassScores], n: u64, correct: u64, correction: Correction) -> Option<f64> {
    let product = |x: u64, y: u64| u128::from(x) * u128::from(y);
    let sum =
        |term: fn(&ClassScores) -> (u64, u64)| -> u128 { per_class.iter().map(term).map(|(x, y)| product(x, y)).sum() };
    let chance = sum(|class| (class.support, class.predicted));
    let room = |taken: u128| product(n, n).saturating_sub(taken) as f64;
    let most = match correction {
        Correction::Kappa => room(chance),
        Correction::Matthews => {
            let truth = room(sum(|class| (class.support, class.support)));
            let predicted = room(sum(|class| (class.predicted, class.predicted)));
            truth.sqrt() * predicted.sqrt()
        }
    };
    let agreement = product(correct, n);
    let above = if agreement >= chance {
        (agreement - chance) as f64
    } else {
        -((chance - agreement) as f64)
    };
    (most > 0.0).then(|| above / most)
}

fn class_scores(label: &str, place: usize, confusion: &[Vec<u64>]) -> ClassScores {
    let support = confusion[place].iter().sum();
    let predicted = confusion.iter().map(|row| row[place]).sum();
    let true_positives = confusion[place][place];
    ClassScores {
        label: label.to_owned(),
        support,
        predicted,
        true_positives,
        precision: rate(true_positives, predicted),
        recall: rate(true_positives, support),
        f1: rate(2 * true_positives, support + predicted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_beside_the_scores() {
        let truth = ["yes", "yes", "no", "no", "no"];
        let predicted = ["yes", "no", "no", "yes", "no"];
        let result = classification(&["yes", "no"], &truth, &predicted).unwrap();
        assert_eq!((result.n, result.correct, result.accuracy), (5, 3, Some(0.6)));
        assert_eq!(result.confusion, [[1, 1], [1, 2]]);
        let yes = &result.per_class[0];
        assert_eq!((yes.support, yes.predicted, yes.true_positives), (2, 2, 1));
        assert_eq!((yes.precision, yes.recall, yes.f1), (Some(0.5), Some(0.5), Some(0.5)));
    }

    #[test]
    fn a_class_that_does_not_occur_has_no_scores() {
        let result = classification(&["a", "b"], &["a"], &["a"]).unwrap();
        assert_eq!((result.per_class[1].precision, result.per_class[1].f1), (None, None));
        assert_eq!(result.macro_f1, Some(1.0));
    }

    #[test]
    fn case_matters() {
        let error = classification(&["billing"], &["billing"], &["BILLING"]).unwrap_err();
        assert_eq!(error, StatsError::UnknownLabel("BILLING".to_owned()));
    }
}
