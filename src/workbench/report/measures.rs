//! The verdict, the metrics and their slices, and who was taken for whom.

use super::ids_text;
use super::page::{Block, Cell, Page};
use crate::domain::confusion::Confusion;
use crate::domain::gate::RuleResult;
use crate::domain::metric::{Measure, MetricResult};
use crate::domain::run::RunEnd;
use crate::domain::suite::SuiteContent;
use crate::domain::unit::{Unit, Units};

/// Slices that a report shows, the smallest values first.
const SLICES_MAX: usize = 60;
/// Classes of a confusion matrix that a page has room for.
const CLASSES_MAX: usize = 20;

pub(super) fn verdict(page: &mut Page, end: Option<&RunEnd>, units: &Units) {
    page.chapter("Verdict");
    let Some(gate) = end.and_then(|end| end.gate.as_ref()) else {
        page.paragraph("There is no gate: the run has not ended, or asked only a selection.");
        return;
    };
    let verdict = format!("{} ({}): {}", gate.verdict, gate.policy.as_str(), gate.reason);
    page.push(Block::Notice(verdict));
    let rows = gate.rules.iter().map(|rule| rule_row(rule, units)).collect();
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
        let missed = ids_text(&rule.breaking, rule.breaking.len() as u64);
        page.paragraph(format!(
            "{}: {} {missed}",
            rule.threshold.text(units.unit(&rule.threshold.metric)),
            rule.breaking_words()
        ));
    }
    if !gate.left_out.is_empty() {
        page.section("Kept out of the gate");
        let rows = gate.left_out.iter();
        let rows = rows.map(|left_out| [left_out.example.to_string().into(), left_out.reason.clone().into()]);
        page.table(["example", "reason"], rows.collect());
    }
}

fn rule_row(rule: &RuleResult, units: &Units) -> [Cell; 7] {
    let unit = units.unit(&rule.threshold.metric);
    let verdict = if rule.gating {
        rule.verdict.to_string()
    } else {
        "reported only".to_owned()
    };
    [
        rule.threshold.text(unit).into(),
        value_text(unit, rule.measure).into(),
        rule.measure.counts_text().into(),
        match (rule.relative, rule.interval) {
            // That of a rule against the base is of the difference.
            (Some(_), Some((low, high))) => {
                format!("{} to {} of base", unit.effect_text(low), unit.effect_text(high)).into()
            }
            (_, interval) => interval_cell(unit, rule.measure, interval),
        },
        rule.evidence_text().into(),
        verdict.into(),
        rule.note.clone().into(),
    ]
}

pub(super) fn metrics(page: &mut Page, results: &[MetricResult], suite: &SuiteContent) {
    page.chapter("Metrics");
    let units = Units::of(&suite.metrics);
    let row = |result: &MetricResult, name: String| -> [Cell; 4] {
        let unit = units.unit(&result.metric);
        [
            name.into(),
            value_text(unit, result.measure).into(),
            result.measure.counts_text().into(),
            match result.no_interval_words() {
                Some(words) => words.into(),
                None => interval_cell(unit, result.measure, result.interval),
            },
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
    // Latencies and costs stand behind what can be low.
    let value = |result: &MetricResult| match units.unit(&result.metric) {
        Unit::Share | Unit::Coefficient => result.measure.value().unwrap_or(f64::INFINITY),
        Unit::Milliseconds | Unit::UsDollars => f64::INFINITY,
    };
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
    let layout = confusion.layout(&confusion.most_missed(CLASSES_MAX));
    let left_out = confusion.labels.len() - layout.rows.len();
    let heads = std::iter::once("expected").chain(layout.heads);
    let rows = layout.rows.into_iter().map(|row| {
        let counts = row.cells.into_iter().map(|(count, _)| Cell::from(count.to_string()));
        std::iter::once(Cell::from(row.label.to_owned()))
            .chain(counts)
            .collect()
    });
    page.push(Block::Table {
        headings: heads.map(str::to_owned).collect(),
        rows: rows.collect(),
    });
    if left_out > 0 {
        page.paragraph(format!(
            "{left_out} more classes, with fewer mistakes, are summed up as others."
        ));
    }
    if let Some(unseen) = confusion.unseen_text() {
        page.paragraph(unseen);
    }
    if confusion.unlabelled > 0 {
        page.paragraph(format!("{} outcomes expect none of the classes.", confusion.unlabelled));
    }
}

/// What was measured of a metric with this unit.
pub(super) fn value_text(unit: Unit, measure: Measure) -> String {
    unit.measure_text(measure).unwrap_or_else(|| "-".to_owned())
}

/// Drawn where the value is a share, else in words.
fn interval_cell(unit: Unit, measure: Measure, interval: Option<(f64, f64)>) -> Cell {
    match (unit.of_measure(measure), measure.value(), interval) {
        (Unit::Share, Some(value), interval) => Cell::Bar { value, interval },
        (unit, _, Some(interval)) => unit.interval_text(interval).into(),
        _ => "-".into(),
    }
}
