//! What each example of a run came to, over its repeats: what comparisons between runs are made of.

use std::collections::BTreeMap;

use crate::domain::example::ExampleContent;
use crate::domain::hash::ContentHash;
use crate::domain::ids::ExampleId;
use crate::domain::json::JsonText;
use crate::domain::outcome::Outcome;
use crate::domain::suite::SuiteContent;
use crate::domain::unit::Unit;
use crate::evals::latency::Latencies;
use crate::evals::metrics::Tally;
use crate::evals::metrics::entry::Cell;

/// One example of one run: which it is and what became of it as a whole. What it adds to each metric, its slices and
/// its cluster are in the run's sums.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleScores {
    /// The example.
    pub example: ExampleId,
    /// Its content.
    pub hash: ContentHash,
    /// How often it was asked.
    pub asked: u32,
    /// SHA-256 of the first answer: the parsed value where there is one, else the text; with the calls of tools.
    pub answer: ContentHash,
    passed: Cell,
    latency_ms: Cell,
    cost_usd: Cell,
}

impl ExampleScores {
    fn new(outcome: &Outcome) -> Self {
        Self {
            example: outcome.example.clone(),
            hash: outcome.example_hash,
            asked: 0,
            answer: answer_hash(outcome),
            passed: Cell::default(),
            latency_ms: Cell::default(),
            cost_usd: Cell::default(),
        }
    }

    /// The share of its answers that every grader passed, 0 to 1.
    pub fn pass_share(&self) -> f64 {
        self.passed.mean().unwrap_or(0.0)
    }

    /// Whether more than half of its answers passed.
    pub fn passed(&self) -> bool {
        self.pass_share() > 0.5
    }

    /// Its mean latency in milliseconds; `None` where nothing was answered.
    pub fn latency_ms(&self) -> Option<f64> {
        self.latency_ms.mean()
    }

    /// Its mean cost in US dollars; `None` where no cost is known.
    pub fn cost_usd(&self) -> Option<f64> {
        self.cost_usd.mean()
    }
}

/// The examples of one run by their place in the dataset version, and the sums over them.
#[derive(Debug, Clone)]
pub struct RunScores {
    tally: Tally,
    examples: BTreeMap<u64, ExampleScores>,
}

impl RunScores {
    /// None yet.
    pub fn new(suite: &SuiteContent) -> Self {
        Self {
            tally: Tally::new(suite),
            examples: BTreeMap::new(),
        }
    }

    /// Takes in an outcome; each must come once.
    pub fn push(&mut self, outcome: &Outcome, example: &ExampleContent) {
        self.tally.push(outcome, example);
        let new = || ExampleScores::new(outcome);
        let scores = self.examples.entry(outcome.index).or_insert_with(new);
        scores.asked += 1;
        scores.passed.push(f64::from(u8::from(outcome.passed())), 1);
        if outcome.error.is_none() {
            scores.latency_ms.push(outcome.latency_ms as f64, 1);
            if let Some(cost) = outcome.cost_of_asking() {
                scores.cost_usd.push(cost.as_usd(), 1);
            }
        }
    }

    /// The examples in the order of the dataset version.
    pub fn examples(&self) -> impl Iterator<Item = &ExampleScores> {
        self.examples.values()
    }

    /// The examples with their places, in the order of the dataset version.
    pub(in crate::evals) fn placed(&self) -> impl Iterator<Item = (u64, &ExampleScores)> {
        self.examples.iter().map(|(place, scores)| (*place, scores))
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// The sums over its outcomes.
    pub(in crate::evals) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The latencies of all answers, each repeat for itself, as the run shows them.
    pub fn latencies(&self) -> &Latencies {
        self.tally.latencies()
    }

    /// The mean cost of an example in US dollars; `None` where the cost of one that was answered is unknown.
    pub fn mean_cost_usd(&self) -> Option<f64> {
        let answered = self.examples().filter(|scores| scores.latency_ms().is_some());
        let costs = answered.map(ExampleScores::cost_usd).collect::<Option<Vec<f64>>>()?;
        (!costs.is_empty()).then(|| costs.iter().sum::<f64>() / costs.len() as f64)
    }

    /// A metric over the whole run, by its place in the suite; `None` where it is undefined.
    pub fn metric(&self, at: usize) -> Option<f64> {
        self.tally.value(at)
    }

    /// What the numbers of the metric at this place are of.
    pub fn unit(&self, at: usize) -> Unit {
        let metric = self.tally.metrics().get(at);
        metric.map_or(Unit::Coefficient, |metric| metric.kind.unit())
    }

    /// What an example came to.
    pub fn example(&self, id: &ExampleId) -> Option<&ExampleScores> {
        self.examples().find(|scores| &scores.example == id)
    }

    /// The place of a metric in the suite.
    pub fn metric_at(&self, name: &str) -> Option<usize> {
        self.tally.metrics().iter().position(|metric| metric.name == name)
    }
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
