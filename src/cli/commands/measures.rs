//! What a run measured, beyond the metrics over the whole of it: slices, classes, and what moved against the base.

use serde_json::{Value, json};

use super::evidence::{measure_text, result_interval_text};
use crate::cli::output::{NO_VALUE, Plain, Table, counted};
use crate::domain::confusion::{CLASS_CELLS, Confusion};
use crate::domain::gate::Gate;
use crate::domain::metric::MetricResult;
use crate::domain::run::{AgainstBase, Regression, RunEnd};
use crate::domain::unit::{Unit, Units};

/// Classes beyond which a matrix is not drawn: the table of the classes says what matters.
const MATRIX_CLASSES_MAX: usize = 12;
/// Slices that a run shows.
const SLICES_SHOWN: usize = 60;

/// All of it, each part after a blank line.
pub fn measures_text(text: Plain, end: &RunEnd, units: &Units) -> Plain {
    let text = slices_text(text, &end.results, units);
    let text = end.confusions.iter().fold(text, confusion_text);
    let text = match &end.against_base {
        Some(against) => against_text(text, against, units),
        None => text,
    };
    left_out_text(text, end.gate.as_ref())
}

/// The same for machines, to stand beside the tuning-run record.
pub fn measures_document(end: &RunEnd) -> Value {
    let confusions: Vec<Value> = end
        .confusions
        .iter()
        .map(|confusion| {
            let mut document = json!(confusion);
            document["classes"] = json!(confusion.classes());
            document
        })
        .collect();
    let results = end.results.iter().map(|result| {
        let mut document = json!(result);
        document["no_interval"] = json!(result.no_interval_words());
        document
    });
    json!({
        "results": results.collect::<Vec<_>>(),
        "confusions": confusions,
        "against_base": end.against_base,
        "left_out": end.gate.as_ref().map(|gate| &gate.left_out),
    })
}

fn slices_text(text: Plain, results: &[MetricResult], units: &Units) -> Plain {
    let slices: Vec<&MetricResult> = results.iter().filter(|result| result.slice.is_some()).collect();
    if slices.is_empty() {
        return text;
    }
    let mut table = Table::new(["slice", "metric", "value", "counts", "95 % interval"]);
    for result in slices.iter().take(SLICES_SHOWN) {
        let unit = units.unit(&result.metric);
        table.row([
            result.slice.as_ref().map(ToString::to_string).unwrap_or_default(),
            result.metric.clone(),
            measure_text(unit, result.measure),
            result.measure.counts_text(),
            result_interval_text(unit, result),
        ]);
    }
    let text = text.blank().table(&table, "");
    match slices.len().saturating_sub(SLICES_SHOWN) {
        0 => text,
        more => text.line(format!("and {more} more: all with --json")),
    }
}

fn confusion_text(text: Plain, confusion: &Confusion) -> Plain {
    let mut table = Table::with_columns(std::iter::once("class").chain(CLASS_CELLS).map(str::to_owned));
    for class in confusion.classes() {
        let cells = class.cells(NO_VALUE);
        table.row_of(std::iter::once(class.label).chain(cells));
    }
    let text = text
        .blank()
        .line(format!("classes of {}", confusion.field))
        .table(&table, "no example expects a class");
    let text = if confusion.labels.len() <= MATRIX_CLASSES_MAX {
        matrix_text(text, confusion)
    } else {
        text.line("the matrix of so many classes: with --json")
    };
    let text = match confusion.unseen_text() {
        Some(unseen) => text.line(unseen),
        None => text,
    };
    match confusion.unlabelled {
        0 => text,
        count => text.line(format!("{} without an expected class", counted(count, "outcome"))),
    }
}

fn matrix_text(text: Plain, confusion: &Confusion) -> Plain {
    let all: Vec<usize> = (0..confusion.labels.len()).collect();
    let layout = confusion.layout(&all);
    let heads = std::iter::once("expected").chain(layout.heads);
    let mut table = Table::with_columns(heads.map(str::to_owned));
    for row in layout.rows {
        let counts = row.cells.iter().map(|(count, _)| count.to_string());
        table.row_of(std::iter::once(row.label.to_owned()).chain(counts));
    }
    text.table(&table, "")
}

fn against_text(text: Plain, against: &AgainstBase, units: &Units) -> Plain {
    let flagged = against
        .regressions
        .iter()
        .filter(|regression| regression.is_flagged)
        .count();
    let leads = against.regressions.len() - flagged;
    let text = text.blank().line(format!(
        "against {}: {}, {} after Holm's correction, {} to look into",
        against.run,
        counted(against.tests, "test"),
        counted(flagged as u64, "regression"),
        counted(leads as u64, "lead"),
    ));
    if against.regressions.is_empty() {
        return text;
    }
    let mut table = Table::new(["metric", "slice", "effect", "pairs", "p", "Holm", "false leads", ""]);
    for regression in &against.regressions {
        table.row(regression_row(regression, units.unit(&regression.metric)));
    }
    text.table(&table, "")
}

fn regression_row(regression: &Regression, unit: Unit) -> [String; 8] {
    let slice = regression.slice.as_ref();
    [
        regression.metric.clone(),
        slice.map_or_else(|| NO_VALUE.to_owned(), ToString::to_string),
        unit.effect_text(regression.effect),
        regression.pairs.to_string(),
        format!("{:.4}", regression.p_value),
        format!("{:.4}", regression.holm),
        format!("{:.4}", regression.false_discovery),
        if regression.is_flagged { "regression" } else { "lead" }.to_owned(),
    ]
}

fn left_out_text(text: Plain, gate: Option<&Gate>) -> Plain {
    let left_out = gate.map(|gate| gate.left_out.as_slice()).unwrap_or_default();
    left_out
        .iter()
        .fold(text, |text, left_out| text.line(left_out.to_string()))
}
