//! Reads the metrics and thresholds of a suite file.

use crate::domain::metric::{ClassOf, ErrorRule, FieldOf, Metric, MetricKind, Slice, SlicePart};
use crate::domain::suite::{Comparison, Threshold};

use super::super::mark::Marks;
use super::super::table::{NodeValue, Table, Text};
use super::read::{read_name, read_policy, unknown_word};

/// The kinds of metrics, as files name them.
const METRIC_KINDS: [&str; 19] = [
    "accuracy",
    "validity_rate",
    "precision",
    "recall",
    "f1",
    "macro_f1",
    "micro_f1",
    "balanced_accuracy",
    "kappa",
    "mcc",
    "score_mean",
    "score_percentile",
    "pass_at_k",
    "pass_hat_k",
    "consistency",
    "latency_mean",
    "latency_percentile",
    "cost_per_example",
    "cost_percentile",
];

pub(super) fn read_metric(mut table: Table<'_>, marks: &mut Marks) -> Option<Metric> {
    let name = read_name(&mut table, "metric", "name", marks);
    let kind = table.required("kind", marks)?;
    if !METRIC_KINDS.contains(&kind.value) {
        unknown_word(&table, "kind", kind, &METRIC_KINDS, marks);
        return None;
    }
    let kind = read_metric_kind(kind.value, &mut table, marks);
    let errors = read_errors(&mut table, marks);
    table.finish(marks);
    Some(Metric {
        name: name?.value.to_owned(),
        kind: kind?,
        errors,
    })
}

fn read_errors(table: &mut Table<'_>, marks: &mut Marks) -> Option<ErrorRule> {
    let rules = [ErrorRule::Fail, ErrorRule::Exclude, ErrorRule::Error];
    let word = table.text("errors", marks)?;
    let rule = rules.into_iter().find(|rule| rule.as_str() == word.value);
    if rule.is_none() {
        unknown_word(table, "errors", word, &rules.map(ErrorRule::as_str), marks);
    }
    rule
}

fn read_metric_kind(kind: &str, table: &mut Table<'_>, marks: &mut Marks) -> Option<MetricKind> {
    let grader =
        |table: &mut Table<'_>, marks: &mut Marks| table.required("grader", marks).map(|text| text.value.to_owned());
    Some(match kind {
        "precision" => MetricKind::Precision(read_class(table, marks)?),
        "recall" => MetricKind::Recall(read_class(table, marks)?),
        "f1" => MetricKind::F1(read_class(table, marks)?),
        "macro_f1" => MetricKind::MacroF1(read_field(table, marks)?),
        "micro_f1" => MetricKind::MicroF1(read_whole_field(kind, table, marks)?),
        "balanced_accuracy" => MetricKind::BalancedAccuracy(read_field(table, marks)?),
        "kappa" => MetricKind::Kappa(read_whole_field(kind, table, marks)?),
        "mcc" => MetricKind::Mcc(read_whole_field(kind, table, marks)?),
        "latency_mean" => MetricKind::LatencyMean,
        "latency_percentile" => MetricKind::LatencyPercentile {
            percentile: read_percentile(table, marks)?,
        },
        "cost_per_example" => MetricKind::CostPerExample,
        "cost_percentile" => MetricKind::CostPercentile {
            percentile: read_percentile(table, marks)?,
        },
        _ => read_graded(kind, grader(table, marks)?, table, marks)?,
    })
}

fn read_graded(kind: &str, grader: String, table: &mut Table<'_>, marks: &mut Marks) -> Option<MetricKind> {
    Some(match kind {
        "accuracy" => MetricKind::Accuracy { grader },
        "validity_rate" => MetricKind::ValidityRate { grader },
        "score_mean" => MetricKind::ScoreMean { grader },
        "score_percentile" => MetricKind::ScorePercentile {
            grader,
            percentile: read_percentile(table, marks)?,
        },
        "pass_at_k" => MetricKind::PassAtK {
            grader,
            k: read_k(table, marks)?,
        },
        "pass_hat_k" => MetricKind::PassHatK {
            grader,
            k: read_k(table, marks)?,
        },
        _ => MetricKind::Consistency { grader },
    })
}

/// Marks a key that is not there; reading it marks what is wrong with it.
fn require(table: &Table<'_>, key: &'static str, marks: &mut Marks) {
    if !table.has(key) {
        marks.error(table.line, format!("{}: it is missing", table.path(key)));
    }
}

fn read_percentile(table: &mut Table<'_>, marks: &mut Marks) -> Option<f64> {
    require(table, "percentile", marks);
    table.number("percentile", marks)
}

fn read_k(table: &mut Table<'_>, marks: &mut Marks) -> Option<u64> {
    require(table, "k", marks);
    table.whole("k", marks)
}

fn read_class(table: &mut Table<'_>, marks: &mut Marks) -> Option<ClassOf> {
    let field = table.required("field", marks);
    let expected_field = table.string("expected_field", marks);
    let class = match table.node("class", marks).map(|node| &node.value) {
        Some(NodeValue::Bool(value)) => value.to_string(),
        Some(NodeValue::Integer(value)) => value.to_string(),
        _ => table.required("class", marks)?.value.to_owned(),
    };
    Some(ClassOf {
        field: field?.value.to_owned(),
        expected_field,
        class,
    })
}

fn read_field(table: &mut Table<'_>, marks: &mut Marks) -> Option<FieldOf> {
    let field = table.required("field", marks);
    let expected_field = table.string("expected_field", marks);
    let labels = table.texts("labels", marks);
    Some(FieldOf {
        field: field?.value.to_owned(),
        expected_field,
        labels,
    })
}

/// A field for a metric that is no mean over classes: which of them count cannot be chosen.
fn read_whole_field(kind: &str, table: &mut Table<'_>, marks: &mut Marks) -> Option<FieldOf> {
    if table.has("labels") {
        let path = table.path("labels");
        let what = format!("{path}: {kind} counts every answer and takes no labels; leave them out, or use macro_f1");
        marks.error(table.line, what);
    }
    read_field(table, marks)
}

pub(super) fn read_threshold(mut table: Table<'_>, marks: &mut Marks) -> Option<Threshold> {
    let metric = read_name(&mut table, "threshold", "metric", marks);
    let comparisons = [
        ("at_least", Comparison::AtLeast),
        ("at_most", Comparison::AtMost),
        ("equals", Comparison::Equals),
        ("no_worse_by", Comparison::NoWorseBy),
        ("at_most_ratio", Comparison::AtMostRatio),
    ];
    let given: Vec<_> = comparisons
        .into_iter()
        .filter_map(|(key, comparison)| Some((comparison, table.number(key, marks)?)))
        .collect();
    let slice = read_slice(&mut table, marks);
    let min_samples = table.whole("min_samples", marks).unwrap_or(1);
    let policy = read_policy(&mut table, marks);
    if given.len() != 1 {
        let count = given.len();
        let message = format!(
            "{}: give exactly one of at_least, at_most, equals, no_worse_by, at_most_ratio ({count} found)",
            table.place
        );
        marks.error(table.line, message);
    }
    table.finish(marks);
    let (comparison, value) = given.into_iter().next()?;
    Some(Threshold {
        metric: metric?.value.to_owned(),
        slice,
        comparison,
        value,
        min_samples,
        policy,
    })
}

/// `"topic=billing"`, or a list of such where fields are crossed.
fn read_slice(table: &mut Table<'_>, marks: &mut Marks) -> Option<Slice> {
    let is_list = table
        .node("slice", marks)
        .is_some_and(|node| matches!(node.value, NodeValue::List(_)));
    let line = table.line;
    let texts: Vec<(Option<u32>, String)> = if is_list {
        let texts = table.texts("slice", marks);
        texts.into_iter().map(|text| (line, text)).collect()
    } else {
        let text = table.text("slice", marks);
        text.into_iter()
            .map(|Text { line, value }| (line, value.to_owned()))
            .collect()
    };
    let parts = texts.iter().filter_map(|(line, text)| {
        let part = text.split_once('=').map(|(field, value)| SlicePart {
            field: field.trim().to_owned(),
            value: value.trim().to_owned(),
        });
        if part.is_none() {
            marks.error(*line, format!("{}: write it as field=value", table.path("slice")));
        }
        part
    });
    Slice::crossed(parts)
}
