//! The verdict, the metrics and their slices, and who was taken for whom.

use super::ids_text;
use super::page::{Block, Cell, Page};
use crate::domain::confusion::Confusion;
use crate::domain::gate::RuleResult;
use crate::domain::metric::{Measure, MetricResult};
use crate::domain::run::RunEnd;
use crate::domain::suite::SuiteContent;

/// Slices that a report shows, the smallest values first.
const SLICES_MAX: usize = 60;
/// Classes of a confusion matrix that a page has room for.
const CLASSES_MAX: usize = 20;

pub(super) fn verdict(page: &mut Page, end: Option<&RunEnd>) {
    page.chapter("Verdict");
    let Some(gate) = end.and_then(|end| end.gate.as_ref()) else {
        page.paragraph("There is no gate: the run has not ended, or asked only a selection.");
        return;
    };
    let verdict = format!("{} ({}): {}", gate.verdict, gate.policy.as_str(), gate.reason);
    page.push(Block::Notice(verdict));
    let rows = gate.rules.iter().map(rule_row).collect();
    page.table(
        [
            "rule",
            "value",
            "counts",
            "with interval",
            "evidence",
            "verdict",
            "note",
        ],
        rows,
    );
    for rule in gate.rules.iter().filter(|rule| !rule.breaking.is_empty()) {
        let broken = ids_text(&rule.breaking, rule.breaking.len() as u64);
        page.paragraph(format!("{} is broken by {broken}", rule.threshold));
    }
    if !gate.left_out.is_empty() {
        page.section("Kept out of the gate");
        let rows = gate.left_out.iter();
        let rows = rows.map(|left_out| [left_out.example.to_string().into(), left_out.reason.clone().into()]);
        page.table(["example", "reason"], rows.collect());
    }
}

fn rule_row(rule: &RuleResult) -> [Cell; 7] {
    let verdict = if rule.gating {
        rule.verdict.to_string()
    } else {
        "reported only".to_owned()
    };
    [
        rule.threshold.to_string().into(),
        value_text(rule.measure).into(),
        rule.measure.counts_text().into(),
        interval_cell(rule.measure, rule.interval),
        rule.evidence.as_str().into(),
        verdict.into(),
        rule.note.clone().into(),
    ]
}

pub(super) fn metrics(page: &mut Page, results: &[MetricResult], suite: &SuiteContent) {
    page.chapter("Metrics");
    let row = |result: &MetricResult, name: String| -> [Cell; 4] {
        [
            name.into(),
            value_text(result.measure).into(),
            result.measure.counts_text().into(),
            interval_cell(result.measure, result.interval),
        ]
    };
    let whole: Vec<[Cell; 4]> = results
        .iter()
        .filter(|result| result.slice.is_none())
        .map(|result| row(result, result.metric.clone()))
        .collect();
    if whole.is_empty() {
        page.paragraph("Nothing is measured yet.");
    }
    page.table(["metric", "value", "counts", "95 % interval"], whole);
    let mut sliced: Vec<(&MetricResult, String)> = results
        .iter()
        .filter_map(|result| Some((result, format!("{} where {}", result.metric, result.slice.as_ref()?))))
        .collect();
    if sliced.is_empty() {
        return;
    }
    page.section(format!("By slice: {}", suite.slices.join(", ")));
    let value = |result: &MetricResult| result.measure.value().unwrap_or(f64::INFINITY);
    sliced.sort_by(|(a, _), (b, _)| value(a).total_cmp(&value(b)));
    let left_out = sliced.len().saturating_sub(SLICES_MAX);
    sliced.truncate(SLICES_MAX);
    let rows = sliced.into_iter().map(|(result, name)| row(result, name)).collect();
    page.table(["metric", "value", "counts", "95 % interval"], rows);
    if left_out > 0 {
        page.paragraph(format!("{left_out} more slices, with larger values, are left out."));
    }
}

pub(super) fn confusions(page: &mut Page, end: Option<&RunEnd>) {
    let confusions = end.map_or(&[][..], |end| &end.confusions);
    if confusions.is_empty() {
        return;
    }
    page.chapter("Confusion matrix");
    for confusion in confusions {
        confusion_table(page, confusion);
    }
}

/// A row for each expected class, a column for each answered one.
fn confusion_table(page: &mut Page, confusion: &Confusion) {
    page.section(format!("{}: rows are expected, columns are answered", confusion.field));
    let shown = confusion.labels.len().min(CLASSES_MAX);
    let labels = || confusion.labels.iter().take(shown);
    let mut headings = vec!["expected".to_owned()];
    headings.extend(labels().cloned());
    headings.extend(["another class".to_owned(), "no answer".to_owned()]);
    let rows = labels().zip(&confusion.rows).map(|(label, row)| {
        let hidden: u64 = row.answers.iter().skip(shown).sum();
        let counts = row.answers.iter().take(shown).copied();
        let counts = counts.chain([row.other + hidden, row.no_answer]);
        let cells = counts.map(|count| Cell::from(count.to_string()));
        std::iter::once(Cell::from(label.clone())).chain(cells).collect()
    });
    let rows = rows.collect();
    page.push(Block::Table { headings, rows });
    if confusion.labels.len() > shown {
        page.paragraph(format!("{} more classes are left out.", confusion.labels.len() - shown));
    }
    if confusion.unlabelled > 0 {
        page.paragraph(format!("{} outcomes expect none of the classes.", confusion.unlabelled));
    }
}

/// A share with three digits, another value with those that it needs.
pub(super) fn value_text(measure: Measure) -> String {
    match measure.value() {
        Some(rate) if matches!(measure, Measure::Rate { .. }) => format!("{rate:.3}"),
        Some(value) => {
            let text = format!("{value:.6}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        None => "-".to_owned(),
    }
}

/// Drawn where the value is a share, else in words.
fn interval_cell(measure: Measure, interval: Option<(f64, f64)>) -> Cell {
    match (measure, measure.value(), interval) {
        (Measure::Rate { .. }, Some(value), interval) => Cell::Bar { value, interval },
        (_, _, Some((low, high))) => format!("{low:.3} to {high:.3}").into(),
        _ => "-".into(),
    }
}
