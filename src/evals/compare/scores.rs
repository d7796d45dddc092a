//! What each example of a run came to, over its repeats: what comparisons between runs are made of.

use std::collections::BTreeMap;

use crate::domain::example::ExampleContent;
use crate::domain::hash::ContentHash;
use crate::domain::ids::ExampleId;
use crate::domain::json::JsonText;
use crate::domain::metric::{Metric, MetricKind, Slice};
use crate::domain::outcome::Outcome;
use crate::domain::suite::SuiteContent;
use crate::evals::metrics::mark::Mark;
use crate::evals::metrics::slicing::Slicing;
use crate::stats::quantile_nearest_rank;

/// A mean that grows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn push(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

/// One example of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleScores {
    /// The example.
    pub example: ExampleId,
    /// Its content.
    pub hash: ContentHash,
    /// How often it was asked.
    pub asked: u32,
    /// The slices that it is in.
    pub slices: Vec<Slice>,
    /// SHA-256 of the first answer: the parsed value where there is one, else the text; with the calls of tools.
    pub answer: ContentHash,
    passed: Mean,
    latency_ms: Mean,
    cost_usd: Mean,
    metrics: Vec<Mean>,
}

impl ExampleScores {
    /// The share of its answers that every grader passed, 0 to 1.
    pub fn pass_share(&self) -> f64 {
        self.passed.value().unwrap_or(0.0)
    }

    /// Whether more than half of its answers passed.
    pub fn passed(&self) -> bool {
        self.pass_share() > 0.5
    }

    /// Its mean latency in milliseconds; `None` where nothing was answered.
    pub fn latency_ms(&self) -> Option<f64> {
        self.latency_ms.value()
    }

    /// Its mean cost in US dollars; `None` where no cost is known.
    pub fn cost_usd(&self) -> Option<f64> {
        self.cost_usd.value()
    }

    /// Its mean of the metric at this place of the suite; `None` where the metric does not count it.
    pub fn metric(&self, at: usize) -> Option<f64> {
        self.metrics.get(at).and_then(|mean| mean.value())
    }
}

/// The examples of one run by their place in the dataset version.
#[derive(Debug, Clone)]
pub struct RunScores {
    metrics: Vec<Metric>,
    slicing: Slicing,
    examples: BTreeMap<u64, ExampleScores>,
}

impl RunScores {
    /// None yet.
    pub fn new(suite: &SuiteContent) -> Self {
        Self {
            metrics: suite.metrics.clone(),
            slicing: Slicing::new(suite),
            examples: BTreeMap::new(),
        }
    }

    /// Takes in an outcome; each must come once.
    pub fn push(&mut self, outcome: &Outcome, example: &ExampleContent) {
        if !self.examples.contains_key(&outcome.index) {
            let sliced = self.slicing.slices(&example.metadata);
            for scores in self.examples.values_mut().filter(|_| !sliced.gone.is_empty()) {
                scores.slices.retain(|slice| !sliced.gone.contains(slice));
            }
            let scores = begun(self.metrics.len(), sliced.slices, outcome);
            self.examples.insert(outcome.index, scores);
        }
        let Some(scores) = self.examples.get_mut(&outcome.index) else {
            return;
        };
        scores.asked += 1;
        scores.passed.push(f64::from(u8::from(outcome.passed())));
        if outcome.error.is_none() {
            scores.latency_ms.push(outcome.latency_ms as f64);
        }
        if let Some(cost) = outcome.known_cost() {
            scores.cost_usd.push(cost.as_usd());
        }
        for (mean, metric) in scores.metrics.iter_mut().zip(&self.metrics) {
            if let Some(value) = counted(metric, outcome, example) {
                mean.push(value);
            }
        }
    }

    /// The examples in the order of the dataset version.
    pub fn examples(&self) -> impl Iterator<Item = &ExampleScores> {
        self.examples.values()
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// Percentiles of the examples' latencies by nearest rank, in milliseconds; `None` where nothing was answered.
    pub fn latency_percentiles<const N: usize>(&self, percentiles: [f64; N]) -> [Option<f64>; N] {
        let latencies: Vec<f64> = self.examples().filter_map(ExampleScores::latency_ms).collect();
        percentiles.map(|percentile| quantile_nearest_rank(&latencies, percentile / 100.0).ok().flatten())
    }

    /// The mean cost of an example in US dollars; `None` where the cost of one that was answered is unknown.
    pub fn mean_cost_usd(&self) -> Option<f64> {
        let answered = self.examples().filter(|scores| scores.latency_ms().is_some());
        let costs = answered.map(ExampleScores::cost_usd).collect::<Option<Vec<f64>>>()?;
        (!costs.is_empty()).then(|| costs.iter().sum::<f64>() / costs.len() as f64)
    }

    /// The mean of a metric over its examples; `None` where it counts none of them.
    pub fn mean(&self, at: usize) -> Option<f64> {
        let values: Vec<f64> = self.examples().filter_map(|scores| scores.metric(at)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// What an example came to.
    pub fn example(&self, id: &ExampleId) -> Option<&ExampleScores> {
        self.examples().find(|scores| &scores.example == id)
    }

    /// The place of a metric in the suite.
    pub fn metric_at(&self, name: &str) -> Option<usize> {
        self.metrics.iter().position(|metric| metric.name == name)
    }
}

fn begun(metrics: usize, slices: Vec<Slice>, outcome: &Outcome) -> ExampleScores {
    ExampleScores {
        example: outcome.example.clone(),
        hash: outcome.example_hash,
        asked: 0,
        slices,
        answer: answer_hash(outcome),
        passed: Mean::default(),
        latency_ms: Mean::default(),
        cost_usd: Mean::default(),
        metrics: vec![Mean::default(); metrics],
    }
}

/// What one outcome adds to a metric that is a share of examples which are the same whatever is answered: so that two
/// runs can be paired. `None` for others, such as precision, whose examples are those that got the class.
fn counted(metric: &Metric, outcome: &Outcome, example: &ExampleContent) -> Option<f64> {
    let can_pair = matches!(
        metric.kind,
        MetricKind::Accuracy { .. } | MetricKind::ValidityRate { .. } | MetricKind::Recall(_)
    );
    let mark = can_pair.then(|| Mark::of(metric, outcome, example))?;
    (mark.count > 0).then(|| mark.sum / f64::from(mark.count))
}

fn answer_hash(outcome: &Outcome) -> ContentHash {
    let parsed = outcome.parsed.as_ref().map(JsonText::as_str);
    let said = parsed.or(outcome.text.as_deref()).or(outcome.refusal.as_deref());
    let mut text = said.unwrap_or_default().to_owned();
    for call in &outcome.tool_calls {
        for part in [&call.name, &call.arguments] {
            text.push('\0');
            text.push_str(part);
        }
    }
    ContentHash::of_bytes(text.as_bytes())
}
