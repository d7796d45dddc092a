//! Metrics that no example has a value of by itself, only all of them together, in a form in which examples of two runs
//! can be drawn and exchanged: precision, F1, and what is measured over all classes of a field.

use super::Tally;
use super::classes::{Classes, Counted};
use super::entry::Entry;
use crate::domain::metric::MetricKind;

/// What some examples add to such a metric.
#[derive(Debug, Clone, Default)]
pub(in crate::evals) struct Added {
    sum: f64,
    count: u64,
    /// Row and column of each answer in the table of the classes.
    answers: Vec<(usize, usize)>,
}

/// How such a metric is made of what examples add.
pub(in crate::evals) struct Aggregate<'a> {
    at: usize,
    kind: &'a MetricKind,
    /// The classes as the examples of this run name them; `None` for a ratio of two sums.
    classes: Option<(Classes, Counted)>,
}

impl<'a> Aggregate<'a> {
    /// Of the base and of the candidate, with the classes of both.
    ///
    /// # Errors
    ///
    /// Why there is none, as a clause.
    pub(in crate::evals) fn of_both(at: usize, base: &Tally, candidate: &'a Tally) -> Result<[Self; 2], String> {
        let metric = candidate.metrics.get(at).ok_or("there is no such metric")?;
        let of = |classes: Option<Classes>| Self {
            at,
            kind: &metric.kind,
            classes: classes.map(|classes| (classes, Counted::of(metric))),
        };
        let Some(field) = metric.kind.field() else {
            return Ok([of(None), of(None)]);
        };
        let classes = |run: &Tally| run.classes_of(field).ok_or("its field has too many classes");
        let (before, now) = (classes(base)?, classes(candidate)?);
        let both = [
            before.with_those_of(&now, &base.labels),
            now.with_those_of(&before, &candidate.labels),
        ];
        Ok(both.map(|classes| of(Some(classes))))
    }

    /// What examples add.
    pub(in crate::evals) fn added<'e>(&'e self, entries: impl Iterator<Item = Entry<'e>>) -> Added {
        let mut added = Added::default();
        for entry in entries {
            match (&self.classes, entry.cell(self.at)) {
                (Some((classes, counted)), _) => added.answers.extend(classes.cells(entry, *counted)),
                (None, Some(cell)) => {
                    added.sum += cell.sum;
                    added.count += u64::from(cell.count);
                }
                (None, None) => {}
            }
        }
        added
    }

    /// The metric of all of these together; `None` where it is undefined.
    pub(in crate::evals) fn value<'e>(&self, added: impl Iterator<Item = &'e Added>) -> Option<f64> {
        let Some((classes, _)) = &self.classes else {
            let (sum, count) = added.fold((0.0, 0), |(sum, count), one| (sum + one.sum, count + one.count));
            return (count > 0).then(|| sum / count as f64);
        };
        let mut table = classes.empty_table();
        for (row, column) in added.flat_map(|one| &one.answers) {
            if let Some(count) = table.get_mut(*row).and_then(|row| row.get_mut(*column)) {
                *count += 1;
            }
        }
        classes.value(self.kind, table)
    }

    /// How many numbers it takes to make the metric once, besides what the examples add.
    pub(in crate::evals) fn work(&self) -> u64 {
        self.classes.as_ref().map_or(1, |(classes, _)| classes.table_size())
    }
}
