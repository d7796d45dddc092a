//! Reads the entries of a suite file.

use crate::domain::gate::GatePolicy;
use crate::domain::metric::{ClassOf, Metric, MetricKind, Slice};
use crate::domain::suite::{Comparison, SuiteContent, Threshold};
use crate::text::nearest;

use super::super::mark::Marks;
use super::super::table::{NodeValue, Table, Text};
use super::read_grader::read_grader;
use super::{JudgeHashes, SuiteFile};

/// The kinds of metrics, as files name them.
const METRIC_KINDS: [&str; 7] = [
    "accuracy",
    "validity_rate",
    "precision",
    "recall",
    "f1",
    "latency_percentile",
    "cost_per_example",
];

/// `None` where the file has no name or an entry lacks a part; the fault is marked.
pub(super) fn read(mut root: Table<'_>, judges: JudgeHashes<'_>, marks: &mut Marks) -> Option<SuiteFile> {
    let name = root.required("name", marks).and_then(|text| match text.value.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            marks.error(text.line, format!("name: {error}"));
            None
        }
    });
    let description = root.string("description", marks).unwrap_or_default();
    let slices = root.texts("slices", marks);
    let graders = root.tables("graders", marks);
    let graders = graders
        .into_iter()
        .filter_map(|table| read_grader(table, judges, marks))
        .collect();
    let metrics = root.tables("metrics", marks);
    let metrics = metrics
        .into_iter()
        .filter_map(|table| read_metric(table, marks))
        .collect();
    let thresholds = root.tables("thresholds", marks);
    let thresholds = thresholds
        .into_iter()
        .filter_map(|table| read_threshold(table, marks))
        .collect();
    let pass_rule = root.table("pass_rule", marks);
    let policy = pass_rule.map_or(GatePolicy::default(), |table| read_policy(table, marks));
    root.finish(marks);
    let content = SuiteContent {
        description,
        graders,
        metrics,
        thresholds,
        slices,
        policy,
    };
    Some(SuiteFile { name: name?, content })
}

/// Reads the name of an entry, by which its further faults are told.
pub(super) fn read_name<'n>(
    table: &mut Table<'n>,
    entry: &str,
    key: &'static str,
    marks: &mut Marks,
) -> Option<Text<'n>> {
    let name = table.required(key, marks)?;
    table.place = format!("{entry} {}", name.value);
    // The domain's rules tell an entry by the same words.
    marks.place(table.place.clone(), name.value, name.line);
    Some(name)
}

pub(super) fn unknown_word(table: &Table<'_>, key: &str, word: Text<'_>, known: &[&str], marks: &mut Marks) {
    let hint = nearest(word.value, known).map_or_else(
        || format!("use {}", known.join(", ")),
        |near| format!("did you mean '{near}'?"),
    );
    marks.error(
        word.line,
        format!("{}: '{}' is unknown: {hint}", table.path(key), word.value),
    );
}

fn read_metric(mut table: Table<'_>, marks: &mut Marks) -> Option<Metric> {
    let name = read_name(&mut table, "metric", "name", marks);
    let kind = table.required("kind", marks)?;
    if !METRIC_KINDS.contains(&kind.value) {
        unknown_word(&table, "kind", kind, &METRIC_KINDS, marks);
        return None;
    }
    let kind = read_metric_kind(kind.value, &mut table, marks);
    table.finish(marks);
    Some(Metric {
        name: name?.value.to_owned(),
        kind: kind?,
    })
}

fn read_metric_kind(kind: &str, table: &mut Table<'_>, marks: &mut Marks) -> Option<MetricKind> {
    let mut grader = |marks: &mut Marks| table.required("grader", marks).map(|text| text.value.to_owned());
    Some(match kind {
        "accuracy" => MetricKind::Accuracy { grader: grader(marks)? },
        "validity_rate" => MetricKind::ValidityRate { grader: grader(marks)? },
        "precision" => MetricKind::Precision(read_class(table, marks)?),
        "recall" => MetricKind::Recall(read_class(table, marks)?),
        "f1" => MetricKind::F1(read_class(table, marks)?),
        "latency_percentile" => {
            if !table.has("percentile") {
                marks.error(table.line, format!("{}: it is missing", table.path("percentile")));
            }
            let percentile = table.number("percentile", marks)?;
            MetricKind::LatencyPercentile { percentile }
        }
        _ => MetricKind::CostPerExample,
    })
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

fn read_threshold(mut table: Table<'_>, marks: &mut Marks) -> Option<Threshold> {
    let metric = read_name(&mut table, "threshold", "metric", marks);
    let comparisons = [
        ("at_least", Comparison::AtLeast),
        ("at_most", Comparison::AtMost),
        ("equals", Comparison::Equals),
    ];
    let given: Vec<_> = comparisons
        .into_iter()
        .filter_map(|(key, comparison)| Some((comparison, table.number(key, marks)?)))
        .collect();
    let slice = table.text("slice", marks).and_then(|text| {
        let slice = text.value.split_once('=').map(|(field, value)| Slice {
            field: field.trim().to_owned(),
            value: value.trim().to_owned(),
        });
        if slice.is_none() {
            marks.error(text.line, format!("{}: write it as field=value", table.path("slice")));
        }
        slice
    });
    let min_samples = table.whole("min_samples", marks).unwrap_or(1);
    if given.len() != 1 {
        let count = given.len();
        let message = format!(
            "{}: give exactly one of at_least, at_most, equals ({count} found)",
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
    })
}

fn read_policy(mut table: Table<'_>, marks: &mut Marks) -> GatePolicy {
    let policies = [GatePolicy::Point, GatePolicy::Proven, GatePolicy::NotRefuted];
    let policy = table.text("policy", marks).and_then(|word| {
        let policy = policies.into_iter().find(|policy| policy.as_str() == word.value);
        if policy.is_none() {
            unknown_word(&table, "policy", word, &policies.map(GatePolicy::as_str), marks);
        }
        policy
    });
    table.finish(marks);
    policy.unwrap_or_default()
}
