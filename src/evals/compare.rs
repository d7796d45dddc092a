//! Compares two runs example by example. What makes them differ besides the prompt is said first.

mod differences;
mod scores;
mod slices;
mod words;

use std::collections::HashMap;

pub use self::scores::{ExampleScores, RunScores};
pub use self::slices::SliceFlips;
use crate::domain::ids::ExampleId;
use crate::domain::metric::Measure;
use crate::domain::prompt::PromptContent;
use crate::domain::run::{Run, RunEnd};
use crate::domain::suite::SuiteContent;
use crate::domain::unit::Unit;
use crate::evals::paired::{Common, Effect, Pair, Shared, Values};

/// Most ids that a group keeps; its count goes on.
pub const GROUP_IDS_MAX: usize = 1_000;

/// One of the two runs.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The run.
    pub run: &'a Run,
    /// What it sent; `None` for a chain.
    pub content: Option<&'a PromptContent>,
    /// Its checks.
    pub suite: &'a SuiteContent,
    /// What it came to, where it ended.
    pub end: Option<&'a RunEnd>,
    /// What its examples came to.
    pub scores: &'a RunScores,
}

/// Examples that went the same way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// Which, in the candidate's order, at most [`GROUP_IDS_MAX`].
    pub examples: Vec<ExampleId>,
}

impl Group {
    fn push(&mut self, example: &ExampleId) {
        self.count += 1;
        if self.examples.len() < GROUP_IDS_MAX {
            self.examples.push(example.clone());
        }
    }
}

/// How one metric moved.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricDelta {
    /// The metric.
    pub metric: String,
    /// What the base had, over its whole run.
    pub base: Measure,
    /// What the candidate has, over its whole run.
    pub candidate: Measure,
    /// Candidate less base; `None` where one of them is undefined.
    pub delta: Option<f64>,
    /// How it moved over the examples that both have; or why that cannot be said, as a clause.
    pub effect: Result<Effect, String>,
}

/// Two runs beside each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunComparison {
    /// What else differs than the prompt's text, one sentence each. To be shown before anything else.
    pub differences: Vec<String>,
    /// Failed in the base, passes now.
    pub fixed: Group,
    /// Passed in the base, fails now.
    pub broken: Group,
    /// Failed and fails.
    pub still_failing: Group,
    /// Passed and passes.
    pub both_right: Group,
    /// Of those, the ones that are answered otherwise.
    pub answered_otherwise: Group,
    /// Examples that only one of the runs has, or that have another content there: not compared.
    pub not_compared: u64,
    /// How the share that passes every grader moved. `None` where the suites differ, since then passing means two
    /// things.
    pub passes: Option<Effect>,
    /// The metrics that both runs have.
    pub metrics: Vec<MetricDelta>,
    /// What became of each slice, those first that moved most surely.
    pub slices: Vec<SliceFlips>,
    /// How the latency moved.
    pub latency: Option<Effect>,
    /// How the cost of an example moved.
    pub cost: Option<Effect>,
}

/// Compares two runs. Of an example that was asked several times the share of its answers counts, and it passes where
/// more than half of them do.
pub fn compare(base: Side, candidate: Side) -> RunComparison {
    let pairs = Pairs::new(base.scores, candidate.scores);
    let can_test = base.run.suite_hash == candidate.run.suite_hash;
    let mut comparison = RunComparison {
        differences: differences::differences(base, candidate),
        not_compared: pairs.not_compared,
        metrics: deltas(base, candidate, &pairs),
        latency: pairs.latency(),
        cost: pairs.cost(),
        ..RunComparison::default()
    };
    for (before, now) in pairs.iter() {
        let group = match (before.passed(), now.passed()) {
            (false, true) => &mut comparison.fixed,
            (true, false) => &mut comparison.broken,
            (false, false) => &mut comparison.still_failing,
            (true, true) => &mut comparison.both_right,
        };
        group.push(&now.example);
        if before.passed() && now.passed() && before.answer != now.answer {
            comparison.answered_otherwise.push(&now.example);
        }
    }
    comparison.slices = slices::flips(&pairs, can_test);
    comparison.passes = if can_test { pairs.passes() } else { None };
    if comparison.not_compared > 0 {
        let only = format!(
            "only examples with the same content in both runs are compared: {}, and {} are not",
            comparison.compared(),
            comparison.not_compared
        );
        comparison.differences.insert(0, only);
    }
    comparison
}

impl RunComparison {
    /// Chance of so uneven flips if neither version were better; `None` where the suites differ.
    pub fn p_value(&self) -> Option<f64> {
        self.passes.and_then(|passes| passes.p)
    }

    /// How many examples were compared.
    pub fn compared(&self) -> u64 {
        [&self.fixed, &self.broken, &self.still_failing, &self.both_right]
            .iter()
            .map(|group| group.count)
            .sum()
    }
}

/// The examples that two runs have with the same content, in the candidate's order.
pub struct Pairs<'a> {
    both: Vec<Both<'a>>,
    common: Common<'a>,
    /// Examples that only one of the runs has, or that have another content there.
    pub not_compared: u64,
}

/// What one example came to in both runs.
#[derive(Clone, Copy)]
struct Both<'a> {
    base: &'a ExampleScores,
    candidate: &'a ExampleScores,
    shared: Shared<'a>,
}

impl<'a> Pairs<'a> {
    /// Pairs the examples of both.
    pub fn new(base: &'a RunScores, candidate: &'a RunScores) -> Self {
        let mut by_id: HashMap<&ExampleId, (u64, &ExampleScores)> = base
            .placed()
            .map(|(place, scores)| (&scores.example, (place, scores)))
            .collect();
        let (before, now) = (base.tally(), candidate.tally());
        let mut both = Vec::new();
        let mut not_compared = 0;
        for (place, scores) in candidate.placed() {
            let old = by_id.remove(&scores.example).filter(|(_, old)| old.hash == scores.hash);
            let entries = old.and_then(|(old, _)| before.entries().get(old).zip(now.entries().get(place)));
            let Some(((_, old), (base, candidate))) = old.zip(entries) else {
                not_compared += 1;
                continue;
            };
            both.push(Both {
                base: old,
                candidate: scores,
                shared: Shared { base, candidate },
            });
        }
        Self {
            not_compared: not_compared + by_id.len() as u64,
            common: Common {
                base: before,
                candidate: now,
                examples: both.iter().map(|both| both.shared).collect(),
            },
            both,
        }
    }

    /// The pairs, the base's first.
    pub fn iter(&self) -> impl Iterator<Item = (&'a ExampleScores, &'a ExampleScores)> {
        self.both.iter().map(|both| (both.base, both.candidate))
    }

    /// How the share that passes every grader moved.
    pub fn passes(&self) -> Option<Effect> {
        self.passes_of(self.both.iter())
    }

    /// How a metric moved, by its place in the suite that both runs have.
    ///
    /// # Errors
    ///
    /// Why it cannot be compared, as a clause.
    pub fn metric(&self, at: usize) -> Result<Effect, String> {
        self.common.effect(at)
    }

    /// How the latency moved.
    pub fn latency(&self) -> Option<Effect> {
        self.values(self.both.iter(), ExampleScores::latency_ms)
            .ratio(Unit::Milliseconds)
    }

    /// How the cost of an example moved.
    pub fn cost(&self) -> Option<Effect> {
        self.values(self.both.iter(), ExampleScores::cost_usd)
            .ratio(Unit::UsDollars)
    }

    fn passes_of<'b>(&self, both: impl Iterator<Item = &'b Both<'a>>) -> Option<Effect>
    where
        'a: 'b,
    {
        let values = self.values(both, |scores| Some(scores.pass_share()));
        values.difference(Unit::Share)
    }

    fn values<'b>(
        &self,
        both: impl Iterator<Item = &'b Both<'a>>,
        value: impl Fn(&ExampleScores) -> Option<f64>,
    ) -> Values
    where
        'a: 'b,
    {
        let is_clustered = self.common.candidate.is_clustered();
        let pairs = both.map(|both| Pair {
            base: value(both.base),
            candidate: value(both.candidate),
            is_binary: both.base.asked == 1 && both.candidate.asked == 1,
            group: is_clustered.then(|| both.shared.group()),
        });
        Values::new(pairs, is_clustered)
    }
}

fn deltas(base: Side, candidate: Side, pairs: &Pairs) -> Vec<MetricDelta> {
    let (Some(before), Some(now)) = (base.end, candidate.end) else {
        return Vec::new();
    };
    let can_test = base.run.suite_hash == candidate.run.suite_hash;
    let whole = |end: &RunEnd| {
        end.results
            .iter()
            .filter(|result| result.slice.is_none())
            .cloned()
            .collect::<Vec<_>>()
    };
    let before = whole(before);
    let deltas = whole(now).into_iter().filter_map(|now| {
        let before = before.iter().find(|before| before.metric == now.metric)?;
        let effect = match candidate.scores.metric_at(&now.metric) {
            _ if !can_test => Err("the suites differ".into()),
            Some(at) => pairs.metric(at),
            None => Err("the suite has no such metric".into()),
        };
        Some(MetricDelta {
            effect,
            metric: now.metric,
            base: before.measure,
            candidate: now.measure,
            delta: now
                .measure
                .value()
                .zip(before.measure.value())
                .map(|(now, before)| now - before),
        })
    });
    deltas.collect()
}

#[cfg(test)]
mod tests;
