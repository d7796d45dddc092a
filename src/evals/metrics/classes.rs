//! What is measured over all classes of a field: one table of the true classes and the answers.

use super::entry::{Answer, Entry, Names};
use super::estimate::{Members, Sureness, bootstrap};
use crate::domain::confusion::{Confusion, ConfusionRow};
use crate::domain::metric::{ErrorRule, FieldOf, Metric, MetricKind};
use crate::stats::{ClassScores, Classification, classification_from_table};

/// Most classes of a field. Those that examples expect come first, then the answers by name; what is beyond is counted
/// as another answer. A field of which examples expect more is no classification.
const CLASSES_MAX: usize = 300;

/// The classes of a field, and where the numbers of names stand among them.
pub(super) struct Classes {
    labels: Vec<String>,
    /// By the number of a name its place in `labels`.
    places: Vec<Option<usize>>,
    field: u32,
}

/// Whose answers are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Those of all outcomes.
    All,
    /// Not those that an error left without one.
    Answered,
}

impl Counted {
    pub(super) fn of(metric: &Metric) -> Self {
        match metric.errors {
            Some(ErrorRule::Exclude) => Self::Answered,
            _ => Self::All,
        }
    }
}

impl Classes {
    /// `None` where examples expect too many.
    pub(super) fn new<'a>(
        field: u32,
        of: &FieldOf,
        names: &Names,
        entries: impl Iterator<Item = Entry<'a>>,
    ) -> Option<Self> {
        let names: Vec<(&str, u32)> = names.iter().collect();
        let mut is_truth = vec![false; names.len()];
        let mut is_seen = vec![false; names.len()];
        let set = |marks: &mut Vec<bool>, number: Option<u32>| {
            let at = number.and_then(|number| usize::try_from(number).ok());
            if let Some(mark) = at.and_then(|at| marks.get_mut(at)) {
                *mark = true;
            }
        };
        for answer in entries.flat_map(Entry::answers).filter(|answer| answer.field == field) {
            set(&mut is_truth, answer.truth);
            set(&mut is_seen, answer.given);
        }
        let marked = |marks: &[bool], number: u32| {
            usize::try_from(number).is_ok_and(|at| marks.get(at).copied().unwrap_or(false))
        };
        let mut labels: Vec<String> = of.labels.clone();
        let expected = names.iter().filter(|(_, number)| marked(&is_truth, *number));
        labels.extend(expected.map(|(label, _)| (*label).to_owned()));
        labels.sort();
        labels.dedup();
        if labels.len() > CLASSES_MAX {
            return None;
        }
        for (label, _) in names.iter().filter(|(_, number)| marked(&is_seen, *number)) {
            if labels.len() < CLASSES_MAX && !labels.iter().any(|known| known == label) {
                labels.push((*label).to_owned());
            }
        }
        labels.sort();
        let places = places(&labels, &names);
        Some(Self { labels, places, field })
    }

    /// The same with the classes of another run too, so that the tables of both have the same rows and columns. `names`
    /// are those of this run.
    pub(super) fn with_those_of(&self, other: &Self, names: &Names) -> Self {
        let mut labels = [self.labels.as_slice(), other.labels.as_slice()].concat();
        labels.sort();
        labels.dedup();
        Self {
            places: places(&labels, &names.iter().collect::<Vec<_>>()),
            labels,
            field: self.field,
        }
    }

    fn place(&self, number: u32) -> Option<usize> {
        *self.places.get(usize::try_from(number).ok()?)?
    }

    /// Row and column of an answer; a column beyond the classes is for other answers, and one for none.
    fn cell(&self, answer: Answer) -> Option<(usize, usize)> {
        let row = self.place(answer.truth?)?;
        let column = match answer.given {
            Some(number) => self.place(number).unwrap_or(self.labels.len()),
            None => self.labels.len() + 1,
        };
        Some((row, column))
    }

    fn answers<'e>(&'e self, entry: Entry<'e>) -> impl Iterator<Item = Answer> + 'e {
        entry.answers().filter(|answer| answer.field == self.field)
    }

    /// A square table of the classes, other answers and none.
    fn table<'e>(&'e self, entries: impl Iterator<Item = Entry<'e>>, counted: Counted) -> Vec<Vec<u64>> {
        let mut table = self.empty_table();
        for (row, column) in entries.flat_map(|entry| self.cells(entry, counted)) {
            if let Some(count) = table.get_mut(row).and_then(|row| row.get_mut(column)) {
                *count += 1;
            }
        }
        table
    }

    pub(super) fn empty_table(&self) -> Vec<Vec<u64>> {
        let size = self.labels.len() + 2;
        vec![vec![0_u64; size]; size]
    }

    /// How many numbers a table holds.
    pub(super) fn table_size(&self) -> u64 {
        let size = self.labels.len() as u64 + 2;
        size * size
    }

    /// Row and column of each answer of an example.
    pub(super) fn cells<'e>(&'e self, entry: Entry<'e>, counted: Counted) -> impl Iterator<Item = (usize, usize)> {
        let answers = self.answers(entry);
        let answers = answers.filter(move |answer| counted == Counted::All || !answer.is_errored);
        answers.filter_map(|answer| self.cell(answer))
    }

    /// What the metric makes of a table; `None` where it is undefined.
    pub(super) fn value(&self, kind: &MetricKind, table: Vec<Vec<u64>>) -> Option<f64> {
        // The columns for other answers and none are classes that no example has: they agree with nothing.
        let names = self.labels.iter().map(String::as_str).chain(["other", "no answer"]);
        let scores = classification_from_table(&names.collect::<Vec<_>>(), table).ok()?;
        match kind {
            MetricKind::MacroF1(of) => self.mean(of, &scores, |class| class.f1),
            MetricKind::BalancedAccuracy(of) => self.mean(of, &scores, |class| class.recall),
            MetricKind::Kappa(_) => scores.kappa,
            MetricKind::Mcc(_) => scores.mcc,
            _ => None,
        }
    }

    /// A score's mean over the classes that the suite names, or all: those that occur, and not the lack of one.
    fn mean(&self, of: &FieldOf, scores: &Classification, score: impl Fn(&ClassScores) -> Option<f64>) -> Option<f64> {
        let classes = self.labels.iter().zip(&scores.per_class);
        let counted: Vec<f64> = classes
            .filter(|(label, _)| of.labels.is_empty() || of.labels.contains(label))
            .filter_map(|(_, class)| score(class))
            .collect();
        (!counted.is_empty()).then(|| counted.iter().sum::<f64>() / counted.len() as f64)
    }

    /// A metric over these examples, over how many answers, and how sure it is.
    pub(super) fn measure(&self, metric: &Metric, members: &Members<'_>) -> (Option<f64>, u64, Sureness) {
        let kind = &metric.kind;
        let counted = Counted::of(metric);
        let table = self.table(members.entries.iter().copied(), counted);
        let count = table.iter().flatten().sum();
        let value = self.value(kind, table);
        let groups = members.groups();
        let entries = |group: &Vec<usize>| {
            group
                .iter()
                .filter_map(|at| members.entries.get(*at).copied())
                .collect()
        };
        let groups: Vec<Vec<Entry>> = groups.iter().map(entries).collect();
        let sureness = bootstrap(groups.len(), self.table_size(), |draws| {
            let drawn = draws.iter().filter_map(|at| groups.get(*at)).flatten().copied();
            self.value(kind, self.table(drawn, counted))
        });
        (value, count, members.by_groups(groups.len(), sureness))
    }

    /// The counts, for the record.
    pub(super) fn confusion<'e>(&'e self, of: &FieldOf, entries: impl Iterator<Item = Entry<'e>> + Clone) -> Confusion {
        let unlabelled = entries
            .clone()
            .flat_map(|entry| self.answers(entry))
            .filter(|answer| answer.truth.is_none())
            .count();
        let mut rows = self.table(entries, Counted::All);
        rows.truncate(self.labels.len());
        let row = |mut counts: Vec<u64>| {
            let no_answer = counts.pop().unwrap_or(0);
            let other = counts.pop().unwrap_or(0);
            ConfusionRow {
                answers: counts,
                other,
                no_answer,
            }
        };
        Confusion {
            field: of.field.clone(),
            expected_field: of.expected_field.clone(),
            rows: rows.into_iter().map(row).collect(),
            labels: self.labels.clone(),
            unlabelled: unlabelled as u64,
        }
    }
}

/// By the number of a name its place among the labels, which are in order.
fn places(labels: &[String], names: &[(&str, u32)]) -> Vec<Option<usize>> {
    let mut places = vec![None; names.len()];
    for (label, number) in names {
        let at = usize::try_from(*number).ok().and_then(|at| places.get_mut(at));
        if let Some(place) = at {
            *place = labels.binary_search_by(|known| known.as_str().cmp(label)).ok();
        }
    }
    places
}
