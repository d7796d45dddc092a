//! Compares two runs example by example. What makes them differ besides the prompt is said first.

use std::collections::HashMap;

use crate::domain::hash::ContentHash;
use crate::domain::ids::ExampleId;
use crate::domain::metric::Measure;
use crate::domain::model::ModelConfig;
use crate::domain::outcome::Outcome;
use crate::domain::run::{Run, RunEnd};
use crate::stats::mcnemar;

/// Most ids that a group keeps; its count goes on.
pub const GROUP_IDS_MAX: usize = 1_000;

/// One of the two runs.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The run.
    pub run: &'a Run,
    /// The settings of its version.
    pub model: &'a ModelConfig,
    /// What it came to, where it ended.
    pub end: Option<&'a RunEnd>,
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

/// How one metric moved, over the whole of each run.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricDelta {
    /// The metric.
    pub metric: String,
    /// What the base had.
    pub base: Measure,
    /// What the candidate has.
    pub candidate: Measure,
    /// Candidate less base; `None` where one of them is undefined.
    pub delta: Option<f64>,
}

/// Two runs beside each other.
#[derive(Debug, Clone, PartialEq)]
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
    /// Examples that only one of the runs has, or that have another content there: not compared.
    pub not_compared: u64,
    /// Chance of so one-sided a result if neither version were better (`McNemar`, two-sided mid-p). `None` where the
    /// suites differ, since then passing means two things.
    pub p_value: Option<f64>,
    /// The metrics that both runs have.
    pub metrics: Vec<MetricDelta>,
}

/// Takes in the outcomes of both runs, the base first. Holds one small entry for each example of the base.
pub struct Comparer {
    base: HashMap<ExampleId, (ContentHash, bool)>,
    comparison: RunComparison,
    same_suite: bool,
}

impl Comparer {
    /// Begins with what the records say.
    pub fn new(base: Side, candidate: Side) -> Self {
        let same_suite = base.run.suite_hash == candidate.run.suite_hash;
        Self {
            base: HashMap::new(),
            comparison: RunComparison {
                differences: differences(base, candidate),
                fixed: Group::default(),
                broken: Group::default(),
                still_failing: Group::default(),
                both_right: Group::default(),
                not_compared: 0,
                p_value: None,
                metrics: deltas(base, candidate),
            },
            same_suite,
        }
    }

    /// Takes in an outcome of the base. Of an example that was asked several times the first outcome counts.
    pub fn push_base(&mut self, outcome: &Outcome) {
        if outcome.repeat > 0 {
            return;
        }
        self.base
            .insert(outcome.example.clone(), (outcome.example_hash, outcome.passed()));
    }

    /// Takes in an outcome of the candidate, after all of the base.
    pub fn push_candidate(&mut self, outcome: &Outcome) {
        if outcome.repeat > 0 {
            return;
        }
        let before = self.base.remove(&outcome.example);
        let Some((_, passed_before)) = before.filter(|(hash, _)| *hash == outcome.example_hash) else {
            self.comparison.not_compared += 1;
            return;
        };
        let group = match (passed_before, outcome.passed()) {
            (false, true) => &mut self.comparison.fixed,
            (true, false) => &mut self.comparison.broken,
            (false, false) => &mut self.comparison.still_failing,
            (true, true) => &mut self.comparison.both_right,
        };
        group.push(&outcome.example);
    }

    /// The comparison of all that came.
    pub fn finish(self) -> RunComparison {
        let mut comparison = self.comparison;
        comparison.not_compared += u64::try_from(self.base.len()).unwrap_or(u64::MAX);
        if comparison.not_compared > 0 {
            let only = format!(
                "only examples with the same content in both runs are compared: {}, and {} are not",
                comparison.compared(),
                comparison.not_compared
            );
            comparison.differences.insert(0, only);
        }
        let test = mcnemar(comparison.broken.count, comparison.fixed.count);
        comparison.p_value = (self.same_suite && comparison.compared() > 0).then_some(test.p_midp);
        comparison
    }
}

impl RunComparison {
    /// How many examples were compared.
    pub fn compared(&self) -> u64 {
        [&self.fixed, &self.broken, &self.still_failing, &self.both_right]
            .iter()
            .map(|group| group.count)
            .sum()
    }
}

/// `model: openai gpt-4.1 before, openai gpt-4.1-mini now`, and so on; what is the same is not mentioned.
fn differences(base: Side, candidate: Side) -> Vec<String> {
    let records = records(base).into_iter().zip(records(candidate));
    let records = records.filter(|((_, _, hash), (_, _, other))| hash != other);
    let records = records.map(|((what, before, hash), (_, now, other))| {
        format!(
            "{what}: {before} ({}) before, {now} ({}) now",
            hash.short(),
            other.short()
        )
    });
    let settings = settings(base).into_iter().zip(settings(candidate));
    let settings = settings.filter(|((_, before), (_, now))| before != now && !before.is_empty() && !now.is_empty());
    let settings = settings.map(|((what, before), (_, now))| format!("{what}: {before} before, {now} now"));
    let (before, now) = (base.model, candidate.model);
    let wholes = [
        ("schema", before.response_format != now.response_format),
        (
            "tools",
            before.tools != now.tools || before.tool_choice != now.tool_choice,
        ),
        ("runtime context", base.run.context != candidate.run.context),
        (
            "number of repeats, of which the first is compared,",
            base.run.settings.repeats != candidate.run.settings.repeats,
        ),
    ];
    let wholes = wholes
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(what, _)| format!("the {what} differs"));
    records.chain(settings).chain(wholes).collect()
}

/// What a run was given, by name and content.
fn records(side: Side) -> [(&'static str, String, ContentHash); 2] {
    [
        ("dataset", side.run.dataset.to_string(), side.run.dataset_hash),
        ("suite", side.run.suite.to_string(), side.run.suite_hash),
    ]
}

/// Settings in words; empty where nothing is known.
fn settings(side: Side) -> [(&'static str, String); 8] {
    let model = side.model;
    [
        ("answers", side.run.answers.as_str().into()),
        ("model", format!("{} {}", model.provider, model.name)),
        (
            "resolved model",
            side.end.map(|end| end.resolved_models.join(", ")).unwrap_or_default(),
        ),
        ("response format", model.response_format.label()),
        ("temperature", text(model.temperature)),
        ("top_p", text(model.top_p)),
        ("seed", text(model.seed)),
        ("max output tokens", text(model.max_output_tokens)),
    ]
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "not set".into(), |value| value.to_string())
}

fn deltas(base: Side, candidate: Side) -> Vec<MetricDelta> {
    let (Some(before), Some(now)) = (base.end, candidate.end) else {
        return Vec::new();
    };
    let whole = |end: &RunEnd| {
        end.results
            .iter()
            .filter(|result| result.slice.is_none())
            .cloned()
            .collect::<Vec<_>>()
    };
    let before = whole(before);
    let pairs = whole(now).into_iter().filter_map(|now| {
        let before = before.iter().find(|before| before.metric == now.metric)?;
        Some(MetricDelta {
            metric: now.metric.clone(),
            base: before.measure,
            candidate: now.measure,
            delta: now
                .measure
                .value()
                .zip(before.measure.value())
                .map(|(now, before)| now - before),
        })
    });
    pairs.collect()
}

#[cfg(test)]
mod tests;
