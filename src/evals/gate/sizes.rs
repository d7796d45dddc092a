//! How many independent examples of a dataset each rule of a suite is over.

use std::collections::BTreeSet;

use crate::domain::example::ExampleContent;
use crate::domain::metric::MetricKind;
use crate::domain::suite::{SuiteContent, Threshold};
use crate::evals::classes::should_have;
use crate::evals::metrics::slicing::Slicing;

/// The count for each rule, in the suite's order: the examples of its slice, of a recall those that have the class, and
/// those of one cluster as one.
pub struct Sizes<'s> {
    suite: &'s SuiteContent,
    slicing: Slicing,
    rules: Vec<Size>,
}

#[derive(Default, Clone)]
struct Size {
    /// Examples outside any cluster.
    single: u64,
    clusters: BTreeSet<String>,
}

impl<'s> Sizes<'s> {
    /// Nothing counted yet.
    pub fn new(suite: &'s SuiteContent) -> Self {
        Self {
            suite,
            slicing: Slicing::new(suite),
            rules: vec![Size::default(); suite.thresholds.len()],
        }
    }

    /// Counts an example; each must come once.
    pub fn push(&mut self, example: &ExampleContent) {
        let slices = self.slicing.slices(&example.metadata).slices;
        let cluster = self.suite.cluster.as_ref();
        let cluster = cluster.and_then(|field| example.metadata.get(field));
        for (threshold, size) in self.suite.thresholds.iter().zip(&mut self.rules) {
            let is_inside = threshold.slice.as_ref().is_none_or(|slice| slices.contains(slice));
            if !is_inside || !is_trial(self.suite, threshold, example) {
                continue;
            }
            match cluster {
                Some(cluster) => _ = size.clusters.insert(cluster.clone()),
                None => size.single += 1,
            }
        }
    }

    /// The count for each rule.
    pub fn counts(&self) -> Vec<u64> {
        let count = |size: &Size| size.single + size.clusters.len() as u64;
        self.rules.iter().map(count).collect()
    }
}

/// Whether an example is one that the rule's metric counts, as far as that is known before a run.
fn is_trial(suite: &SuiteContent, threshold: &Threshold, example: &ExampleContent) -> bool {
    let metric = suite.metrics.iter().find(|metric| metric.name == threshold.metric);
    match metric.map(|metric| &metric.kind) {
        Some(MetricKind::Recall(class)) => should_have(class, example),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metric::Slice;
    use crate::domain::suite::Comparison;
    use crate::evals::samples::{example, threshold, triage_suite};

    #[test]
    fn each_rule_has_the_examples_of_its_slice_with_a_cluster_as_one() {
        let mut suite = triage_suite();
        let sliced = Threshold {
            slice: Slice::crossed(vec![crate::domain::metric::SlicePart {
                field: "topic".into(),
                value: "billing".into(),
            }]),
            ..threshold("routing_accuracy", Comparison::AtLeast, 0.9)
        };
        suite.thresholds = vec![threshold("routing_accuracy", Comparison::AtLeast, 0.9), sliced];
        suite.slices = vec!["topic".into()];
        let examples: Vec<ExampleContent> = (0..10)
            .map(|at| {
                let topic = if at < 4 { "billing" } else { "delivery" };
                let mut example = example(at, r#"{"route":"a"}"#, topic);
                example.metadata.insert("topic".into(), topic.into());
                example.metadata.insert("day".into(), (at / 5).to_string());
                example
            })
            .collect();
        let counts = |suite: &SuiteContent| {
            let mut sizes = Sizes::new(suite);
            for example in &examples {
                sizes.push(example);
            }
            sizes.counts()
        };
        assert_eq!(counts(&suite), [10, 4]);
        suite.cluster = Some("day".into());
        assert_eq!(counts(&suite), [2, 1]);
    }
}
