//! Sums outcomes up: counts, metrics over the whole run and over each slice. One code for the live progress and for
//! the final results, and the order in which outcomes come makes no difference.
//!
//! An example without an answer counts as failed in every metric that does not say otherwise: not passed, not valid, a
//! positive that was missed, a score of 0, no class. It has no latency and no cost; each result says how many there
//! were.

pub(super) mod aggregate;
mod classes;
mod columns;
pub(super) mod entries;
pub(super) mod entry;
pub(super) mod estimate;
pub(super) mod mark;
mod part;
pub(super) mod slicing;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::classes::Classes;
use self::entries::{Addition, Entries};
pub(super) use self::entry::Entry;
use self::entry::{Answer, Names};
use self::estimate::Members;
pub(super) use self::estimate::{BOTH_BOUNDS, CONFIDENCE};
use self::mark::Mark;
use self::part::Part;
use self::slicing::Slicing;
use super::latency::Latencies;
use super::paths::Paths;
use crate::domain::confusion::Confusion;
use crate::domain::example::ExampleContent;
use crate::domain::metric::{FieldOf, Metric, MetricResult, Slice};
use crate::domain::outcome::Outcome;
use crate::domain::path_result::PathResult;
use crate::domain::run::RunTotals;
use crate::domain::suite::SuiteContent;

/// Most models that a run lists as having answered; more mean that the provider puts an id into the name.
const RESOLVED_MODELS_MAX: usize = 50;

/// The sums over a run's saved outcomes so far, and a few numbers for each example.
#[derive(Debug, Clone)]
pub struct Tally {
    metrics: Vec<Metric>,
    /// The classification fields that metrics sum up.
    fields: Vec<FieldOf>,
    slicing: Slicing,
    cluster_field: Option<String>,
    whole: Part,
    slices: BTreeMap<Slice, Part>,
    slices_made: u32,
    entries: Entries,
    labels: Names,
    clusters: Names,
    totals: RunTotals,
    resolved_models: BTreeSet<String>,
    paths: Paths,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(suite: &SuiteContent) -> Self {
        let mut fields: Vec<FieldOf> = Vec::new();
        for field in suite.metrics.iter().filter_map(|metric| metric.kind.field()) {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        Self {
            metrics: suite.metrics.clone(),
            fields,
            slicing: Slicing::new(suite),
            cluster_field: suite.cluster.clone(),
            whole: Part::new(0, suite.metrics.len()),
            slices: BTreeMap::new(),
            slices_made: 0,
            entries: Entries::new(suite.metrics.len()),
            labels: Names::default(),
            clusters: Names::default(),
            totals: RunTotals::default(),
            resolved_models: BTreeSet::new(),
            paths: Paths::default(),
        }
    }

    /// Counts one outcome; each must come once.
    pub fn push(&mut self, outcome: &Outcome, example: &ExampleContent) {
        self.count(outcome);
        let metrics = self.metrics.iter();
        let marks: Vec<Mark> = metrics.map(|metric| Mark::of(metric, outcome, example)).collect();
        self.whole.push(&marks, outcome);
        let sliced = self.slicing.slices(&example.metadata);
        for gone in sliced.gone {
            self.slices.remove(&gone);
        }
        let mut numbers = Vec::new();
        for slice in sliced.slices {
            let made = &mut self.slices_made;
            let part = self.slices.entry(slice).or_insert_with(|| {
                *made += 1;
                Part::new(*made, self.metrics.len())
            });
            part.push(&marks, outcome);
            numbers.push(part.number);
        }
        let cluster = self
            .cluster_field
            .as_ref()
            .and_then(|field| example.metadata.get(field));
        let cluster = cluster.map(|cluster| self.clusters.number(cluster));
        let added = Addition {
            marks: &marks,
            cluster,
            slices: numbers,
            answers: self.answers(outcome, example),
        };
        self.entries.push(outcome.index, added);
    }

    fn answers(&mut self, outcome: &Outcome, example: &ExampleContent) -> Vec<Answer> {
        let labels = &mut self.labels;
        let fields = self.fields.iter().zip(0..);
        let answers = fields.map(|(of, field)| Answer {
            field,
            truth: super::classes::truth(of, example).map(|label| labels.number(&label)),
            given: super::classes::answer(of, outcome).map(|label| labels.number(&label)),
            is_errored: outcome.error.is_some(),
        });
        answers.collect()
    }

    fn count(&mut self, outcome: &Outcome) {
        self.totals.add(outcome);
        self.paths.push(outcome);
        let of_steps = outcome.steps.iter().filter_map(|step| step.resolved_model.as_ref());
        for model in outcome.resolved_model.iter().chain(of_steps) {
            if self.resolved_models.insert(model.clone()) && self.resolved_models.len() > RESOLVED_MODELS_MAX {
                self.resolved_models.pop_last();
            }
        }
    }

    /// Counts and sums over all outcomes.
    pub fn totals(&self) -> RunTotals {
        self.totals
    }

    /// The models that answered, by name.
    pub fn resolved_models(&self) -> Vec<String> {
        self.resolved_models.iter().cloned().collect()
    }

    /// The paths that examples took through a chain.
    pub(super) fn paths(&self) -> Vec<PathResult> {
        self.paths.results()
    }

    /// Hits and trials of a metric over the whole run or a slice; `None` where there is no such metric or slice yet.
    pub fn share(&self, metric: &str, slice: Option<&Slice>) -> Option<(u64, u64)> {
        let at = self.metrics.iter().position(|known| known.name == metric)?;
        self.part(slice)?.share(at)
    }

    /// Of how many outcomes the grader of a metric gave no verdict, over the whole run or a slice.
    pub(super) fn undecided(&self, metric: &str, slice: Option<&Slice>) -> u64 {
        let at = self.metrics.iter().position(|known| known.name == metric);
        let part = at.and_then(|at| Some((at, self.part(slice)?)));
        part.map_or(0, |(at, part)| part.undecided(at))
    }

    fn part(&self, slice: Option<&Slice>) -> Option<&Part> {
        match slice {
            Some(slice) => self.slices.get(slice),
            None => Some(&self.whole),
        }
    }

    /// Whether every outcome is independent of all others: one for each example, and no clusters.
    pub(super) fn is_independent(&self) -> bool {
        self.whole.is_single() && self.cluster_field.is_none()
    }

    pub(super) fn latencies(&self) -> &Latencies {
        &self.whole.latencies
    }

    /// The metrics over the whole run that counts alone say, in the suite's order: what is known while it goes on.
    pub fn whole_results(&self) -> Vec<MetricResult> {
        let is_clustered = self.cluster_field.is_some();
        let metrics = self.metrics.iter().enumerate();
        metrics
            .filter_map(|(at, metric)| self.whole.standing(at, metric, is_clustered))
            .collect()
    }

    /// Every metric over the whole run, then over each slice, with how sure it is.
    pub fn results(&self) -> Vec<MetricResult> {
        let classes: Vec<Option<Classes>> = self.classes();
        let mut members = self.members_by_part();
        let slices = self.slices.iter().map(|(slice, part)| (Some(slice), part));
        let parts = std::iter::once((None, &self.whole)).chain(slices);
        let results = parts.flat_map(|(slice, part)| {
            let entries = members.remove(&part.number).unwrap_or_default();
            self.results_of(part, slice, entries, &classes)
        });
        results.collect()
    }

    /// A metric over the whole run, by its place in the suite; `None` where it is undefined.
    pub(super) fn value(&self, at: usize) -> Option<f64> {
        let metric = self.metrics.get(at)?;
        let classes = metric.kind.field().and_then(|field| self.classes_of(field));
        let (entries, is_clustered) = (self.members(0), self.cluster_field.is_some());
        let members = Members { entries, is_clustered };
        let result = self.whole.settled(at, metric, None, &members, classes.as_ref())?;
        result.measure.value()
    }

    /// The examples of each part, by its number, in the order of their places.
    pub(super) fn members_by_part(&self) -> HashMap<u32, Vec<Entry<'_>>> {
        let mut members: HashMap<u32, Vec<Entry>> = HashMap::new();
        for entry in self.entries.iter() {
            for number in std::iter::once(&self.whole.number).chain(entry.slices()) {
                members.entry(*number).or_default().push(entry);
            }
        }
        members
    }

    /// The examples of one part, by its number.
    pub(super) fn members(&self, part: u32) -> Vec<Entry<'_>> {
        let is_in = |entry: &Entry| part == self.whole.number || entry.slices().contains(&part);
        self.entries.iter().filter(is_in).collect()
    }

    /// Whether the price of an answer is unknown.
    pub(super) fn has_unpriced(&self) -> bool {
        self.whole.unpriced > 0
    }

    fn results_of(
        &self,
        part: &Part,
        slice: Option<&Slice>,
        entries: Vec<Entry<'_>>,
        classes: &[Option<Classes>],
    ) -> Vec<MetricResult> {
        let is_clustered = self.cluster_field.is_some();
        let members = Members { entries, is_clustered };
        let metrics = self.metrics.iter().enumerate();
        metrics
            .filter_map(|(at, metric)| {
                let field = metric.kind.field();
                let field = field.and_then(|field| self.fields.iter().position(|known| known == field));
                let classes = field.and_then(|field| classes.get(field)?.as_ref());
                part.settled(at, metric, slice, &members, classes)
            })
            .collect()
    }

    /// For each classification field its classes; `None` where it has too many.
    fn classes(&self) -> Vec<Option<Classes>> {
        let fields = self.fields.iter().zip(0..);
        fields
            .map(|(of, field)| Classes::new(field, of, &self.labels, self.entries.iter()))
            .collect()
    }

    /// The classes of a field; `None` where it has too many, or no metric is about it.
    fn classes_of(&self, of: &FieldOf) -> Option<Classes> {
        let (_, field) = self.fields.iter().zip(0..).find(|(known, _)| *known == of)?;
        Classes::new(field, of, &self.labels, self.entries.iter())
    }

    /// The answers to each classification field, by class.
    pub fn confusions(&self) -> Vec<Confusion> {
        let classes = self.classes();
        let fields = self.fields.iter().zip(&classes);
        fields
            .filter_map(|(of, classes)| Some(classes.as_ref()?.confusion(of, self.entries.iter())))
            .collect()
    }

    /// The metrics, in the suite's order, as the cells of an entry are.
    pub(super) fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// What is kept of each example.
    pub(super) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// The whole run and its slices, each with the number by which entries know it.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Option<&Slice>, u32)> {
        let slices = self.slices.iter().map(|(slice, part)| (Some(slice), part.number));
        std::iter::once((None, 0)).chain(slices)
    }

    /// Whether examples come in clusters.
    pub(super) fn is_clustered(&self) -> bool {
        self.cluster_field.is_some()
    }
}

#[cfg(test)]
mod tests;
