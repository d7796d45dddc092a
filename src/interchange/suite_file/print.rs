//! Writes a suite as TOML.

use std::fmt::Write;

use crate::domain::metric::{ClassOf, Metric, MetricKind};
use crate::domain::suite::{Comparison, Threshold};

use super::super::toml_text::{number, quoted, texts};
use super::SuiteFile;
use super::print_grader::grader_pairs;

/// A line of an entry: a key and its value as TOML.
pub(super) type Pair = (&'static str, String);

pub(super) fn print(suite: &SuiteFile) -> String {
    let SuiteFile { name, content } = suite;
    let mut out = String::new();
    let head = [
        ("name", quoted(name.as_str())),
        ("description", quoted(&content.description)),
        ("slices", texts(&content.slices)),
    ];
    push_pairs(&mut out, &head);
    for grader in &content.graders {
        push_entry(&mut out, "[[graders]]", &grader_pairs(grader));
    }
    for metric in &content.metrics {
        push_entry(&mut out, "[[metrics]]", &metric_pairs(metric));
    }
    for threshold in &content.thresholds {
        push_entry(&mut out, "[[thresholds]]", &threshold_pairs(threshold));
    }
    push_entry(&mut out, "[pass_rule]", &[("policy", quoted(content.policy.as_str()))]);
    out
}

fn push_pairs(out: &mut String, pairs: &[Pair]) {
    for (key, value) in pairs {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{key} = {value}");
    }
}

fn push_entry(out: &mut String, header: &str, pairs: &[Pair]) {
    let _ = writeln!(out, "\n{header}");
    push_pairs(out, pairs);
}

pub(super) fn optional(key: &'static str, value: Option<&String>) -> Option<Pair> {
    value.map(|value| (key, quoted(value)))
}

fn metric_pairs(metric: &Metric) -> Vec<Pair> {
    let class = |class: &ClassOf| {
        let mut pairs = vec![("field", quoted(&class.field))];
        pairs.extend(optional("expected_field", class.expected_field.as_ref()));
        pairs.push(("class", quoted(&class.class)));
        pairs
    };
    let (kind, details) = match &metric.kind {
        MetricKind::Accuracy { grader } => ("accuracy", vec![("grader", quoted(grader))]),
        MetricKind::ValidityRate { grader } => ("validity_rate", vec![("grader", quoted(grader))]),
        MetricKind::Precision(of) => ("precision", class(of)),
        MetricKind::Recall(of) => ("recall", class(of)),
        MetricKind::F1(of) => ("f1", class(of)),
        MetricKind::LatencyPercentile { percentile } => {
            ("latency_percentile", vec![("percentile", number(*percentile))])
        }
        MetricKind::CostPerExample => ("cost_per_example", Vec::new()),
    };
    let mut pairs = vec![("name", quoted(&metric.name)), ("kind", quoted(kind))];
    pairs.extend(details);
    pairs
}

fn threshold_pairs(threshold: &Threshold) -> Vec<Pair> {
    let comparison = match threshold.comparison {
        Comparison::AtLeast => "at_least",
        Comparison::AtMost => "at_most",
        Comparison::Equals => "equals",
    };
    let mut pairs = vec![
        ("metric", quoted(&threshold.metric)),
        (comparison, number(threshold.value)),
    ];
    pairs.extend(
        threshold
            .slice
            .as_ref()
            .map(|slice| ("slice", quoted(&slice.to_string()))),
    );
    pairs.extend((threshold.min_samples != 1).then(|| ("min_samples", threshold.min_samples.to_string())));
    pairs
}
