//! A confusion matrix: which classes the answers got, by the class that they should have.

use serde::{Deserialize, Serialize};

use super::unit::Unit;

/// Which classes a field's answers got, by the class that they should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Path in the parsed answer.
    pub field: String,
    /// Path in the expected value; the same as `field` where not given.
    pub expected_field: Option<String>,
    /// The classes, in order of their names.
    pub labels: Vec<String>,
    /// A row for each class that an example should have, in the order of `labels`.
    pub rows: Vec<ConfusionRow>,
    /// Outcomes whose example expects none of the classes; they are in no row.
    pub unlabelled: u64,
}

/// The answers to the examples of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionRow {
    /// How many got each class, in the order of the labels.
    pub answers: Vec<u64>,
    /// How many got a class beyond the first labels, which a hostile model may make without end.
    pub other: u64,
    /// How many have no answer, or none with the field.
    pub no_answer: u64,
}

/// One class of a matrix, in counts and in what they make.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassFigures {
    /// The class.
    pub label: String,
    /// Answers that should have it.
    pub support: u64,
    /// Answers that have it.
    pub predicted: u64,
    /// Answers that should have it and do.
    pub hits: u64,
    /// Hits among those that have it; `None` where none has.
    pub precision: Option<f64>,
    /// Hits among those that should have it; `None` where none should.
    pub recall: Option<f64>,
    /// Harmonic mean of both; `None` where the class does not occur.
    pub f1: Option<f64>,
}

/// What stands in the cells of a class: see [`ClassFigures::cells`].
pub const CLASS_CELLS: [&str; 6] = ["expected", "answered", "right", "precision", "recall", "f1"];

impl ClassFigures {
    /// The counts and scores as text, in the order of [`CLASS_CELLS`]; `none` where a score is undefined.
    pub fn cells(&self, none: &str) -> [String; 6] {
        let share = |share: Option<f64>| share.map_or_else(|| none.to_owned(), |share| Unit::Share.text(share));
        [
            self.support.to_string(),
            self.predicted.to_string(),
            self.hits.to_string(),
            share(self.precision),
            share(self.recall),
            share(self.f1),
        ]
    }

    fn mistakes(&self) -> u64 {
        (self.support + self.predicted).saturating_sub(2 * self.hits)
    }
}

/// A matrix of some of the classes, laid out. The answers of all others are summed up, so that each row still adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixLayout<'a> {
    /// What the columns are: the classes, then `others` where there are any, and `no answer`.
    pub heads: Vec<&'a str>,
    /// The rows of the same classes.
    pub rows: Vec<MatrixRow<'a>>,
}

/// The answers to the examples of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixRow<'a> {
    /// The class.
    pub label: &'a str,
    /// For each column how many answers, and whether they are right.
    pub cells: Vec<(u64, bool)>,
}

impl Confusion {
    /// The places of the classes that were missed or wrongly answered most, at most `count`, in the order of the
    /// labels.
    pub fn most_missed(&self, count: usize) -> Vec<usize> {
        let classes = self.classes();
        let mut places: Vec<usize> = (0..classes.len()).collect();
        places.sort_by_key(|at| std::cmp::Reverse(classes.get(*at).map_or(0, ClassFigures::mistakes)));
        places.truncate(count);
        places.sort_unstable();
        places
    }

    /// The matrix of the classes at these places.
    pub fn layout(&self, shown: &[usize]) -> MatrixLayout<'_> {
        let label = |at: usize| self.labels.get(at).map_or("", String::as_str);
        let has_others = shown.len() < self.labels.len() || self.rows.iter().any(|row| row.other > 0);
        let heads = shown.iter().map(|at| label(*at));
        let heads = heads.chain(has_others.then_some("others")).chain(["no answer"]);
        let rows = shown.iter().filter_map(|at| {
            let row = self.rows.get(*at)?;
            let answers = shown
                .iter()
                .map(|column| row.answers.get(*column).copied().unwrap_or(0));
            let counts: Vec<u64> = answers.collect();
            let others = row.total() - row.no_answer - counts.iter().sum::<u64>();
            let cells = shown.iter().zip(counts).map(|(column, count)| (count, column == at));
            let cells = cells.chain(has_others.then_some((others, false)));
            Some(MatrixRow {
                label: label(*at),
                cells: cells.chain([(row.no_answer, false)]).collect(),
            })
        });
        MatrixLayout {
            heads: heads.collect(),
            rows: rows.collect(),
        }
    }

    /// The labels of the suite that occur in no expected value and in no answer: perhaps misspelt.
    pub fn unseen(&self) -> Vec<String> {
        let classes = self.classes().into_iter();
        let unseen = classes.filter(|class| class.support == 0 && class.predicted == 0);
        unseen.map(|class| class.label).collect()
    }

    /// The same in a sentence; `None` where all occur.
    pub fn unseen_text(&self) -> Option<String> {
        let unseen = self.unseen();
        (!unseen.is_empty()).then(|| {
            format!(
                "no example expects and no answer gives {}, which the suite names: is it spelt as in the data?",
                unseen.join(", ")
            )
        })
    }

    /// Every class, in the order of the labels.
    pub fn classes(&self) -> Vec<ClassFigures> {
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let figures = self.labels.iter().enumerate().map(|(at, label)| {
            let row = self.rows.get(at);
            let support = row.map_or(0, ConfusionRow::total);
            let column = self.rows.iter().filter_map(|row| row.answers.get(at));
            let predicted = column.sum();
            let hits = row.and_then(|row| row.answers.get(at)).copied().unwrap_or(0);
            ClassFigures {
                label: label.clone(),
                support,
                predicted,
                hits,
                precision: share(hits, predicted),
                recall: share(hits, support),
                f1: share(2 * hits, support + predicted),
            }
        });
        figures.collect()
    }
}

impl ConfusionRow {
    /// All answers to the examples of the class.
    pub fn total(&self) -> u64 {
        self.answers.iter().sum::<u64>() + self.other + self.no_answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_answer_counts_against_recall_and_a_class_without_data_has_no_scores() {
        let row = |answers: [u64; 3], no_answer| ConfusionRow {
            answers: answers.to_vec(),
            other: 0,
            no_answer,
        };
        let confusion = Confusion {
            field: "route".into(),
            expected_field: None,
            labels: vec!["a".into(), "b".into(), "never".into()],
            rows: vec![row([3, 1, 0], 2), row([1, 4, 0], 0), row([0, 0, 0], 0)],
            unlabelled: 0,
        };
        let classes = confusion.classes();
        assert_eq!((classes[0].support, classes[0].predicted, classes[0].hits), (6, 4, 3));
        assert_eq!(
            (classes[0].precision, classes[0].recall, classes[0].f1),
            (Some(0.75), Some(0.5), Some(0.6))
        );
        assert_eq!(
            (classes[2].precision, classes[2].recall, classes[2].f1),
            (None, None, None)
        );
        assert_eq!(classes[0].cells("-"), ["6", "4", "3", "75.0%", "50.0%", "60.0%"]);
        assert_eq!(classes[2].cells("-"), ["0", "0", "0", "-", "-", "-"]);
        assert_eq!(confusion.most_missed(2), [0, 1]);
        assert_eq!(confusion.unseen(), ["never"]);
        assert!(confusion.unseen_text().unwrap().contains("gives never, which"));
        let layout = confusion.layout(&[1]);
        assert_eq!(layout.heads, ["b", "others", "no answer"]);
        assert_eq!(layout.rows[0].cells, [(4, true), (1, false), (0, false)]);
        let whole = confusion.layout(&[0, 1, 2]);
        assert_eq!(whole.heads, ["a", "b", "never", "no answer"]);
        assert_eq!(whole.rows[0].cells, [(3, true), (1, false), (0, false), (2, false)]);
    }
}
