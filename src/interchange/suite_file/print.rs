//! Writes a suite as TOML.

use std::fmt::Write;

use crate::domain::metric::{ClassOf, Metric, MetricKind, Slice};
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
    push_pairs(&mut out, &Vec::from_iter(optional("cluster", content.cluster.as_ref())));
    for fields in &content.crossings {
        push_entry(&mut out, "[[crossings]]", &[("fields", texts(fields))]);
    }
    for bins in &content.bins {
        let bounds: Vec<String> = bins.bounds.iter().map(|bound| number(*bound)).collect();
        let bounds = format!("[{}]", bounds.join(", "));
        push_entry(
            &mut out,
            "[[bins]]",
            &[("field", quoted(&bins.field)), ("bounds", bounds)],
        );
    }
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
    let kind = &metric.kind;
    let mut pairs = vec![("name", quoted(&metric.name)), ("kind", quoted(kind.as_str()))];
    pairs.extend(kind.grader().map(|grader| ("grader", quoted(grader))));
    match kind {
        MetricKind::Precision(of) | MetricKind::Recall(of) | MetricKind::F1(of) => pairs.extend(class_pairs(of)),
        MetricKind::PassAtK { k, .. } | MetricKind::PassHatK { k, .. } => pairs.push(("k", k.to_string())),
        _ => {}
    }
    if let Some(of) = kind.field() {
        pairs.push(("field", quoted(&of.field)));
        pairs.extend(optional("expected_field", of.expected_field.as_ref()));
        pairs.extend((!of.labels.is_empty()).then(|| ("labels", texts(&of.labels))));
    }
    pairs.extend(kind.percentile().map(|percentile| ("percentile", number(percentile))));
    pairs.extend(metric.errors.map(|errors| ("errors", quoted(errors.as_str()))));
    pairs
}

fn class_pairs(class: &ClassOf) -> Vec<Pair> {
    let mut pairs = vec![("field", quoted(&class.field))];
    pairs.extend(optional("expected_field", class.expected_field.as_ref()));
    pairs.push(("class", quoted(&class.class)));
    pairs
}

fn threshold_pairs(threshold: &Threshold) -> Vec<Pair> {
    let comparison = match threshold.comparison {
        Comparison::AtLeast => "at_least",
        Comparison::AtMost => "at_most",
        Comparison::Equals => "equals",
        Comparison::NoWorseBy => "no_worse_by",
        Comparison::AtMostRatio => "at_most_ratio",
    };
    let mut pairs = vec![
        ("metric", quoted(&threshold.metric)),
        (comparison, number(threshold.value)),
    ];
    pairs.extend(threshold.slice.as_ref().map(|slice| ("slice", slice_text(slice))));
    pairs.extend((threshold.min_samples != 1).then(|| ("min_samples", threshold.min_samples.to_string())));
    pairs.extend(threshold.policy.map(|policy| ("policy", quoted(policy.as_str()))));
    pairs
}

/// A text, or a list of them where fields are crossed.
fn slice_text(slice: &Slice) -> String {
    let parts: Vec<String> = slice.parts().map(|(field, value)| format!("{field}={value}")).collect();
    match &parts[..] {
        [part] => quoted(part),
        parts => texts(parts),
    }
}
