//! Results and gates as text: counts beside every rate, and what the data say beside what the policy makes of it.

use crate::cli::output::{Plain, Table, or_none};
use crate::domain::gate::{Gate, RuleResult};
use crate::domain::ids::ExampleId;
use crate::domain::metric::{Measure, MetricResult};
use crate::domain::unit::{Unit, Units};

/// Ids of breaking examples that one rule shows.
const BREAKING_SHOWN: usize = 10;

/// What was measured of a metric with this unit.
pub fn measure_text(unit: Unit, measure: Measure) -> String {
    or_none(unit.measure_text(measure))
}

/// `92.5% to 97.7%`.
pub fn interval_text(unit: Unit, measure: Measure, interval: Option<(f64, f64)>) -> String {
    or_none(interval.map(|interval| unit.of_measure(measure).interval_text(interval)))
}

/// A result's interval, or why there is none, as far as that is known.
pub fn result_interval_text(unit: Unit, result: &MetricResult) -> String {
    match result.no_interval_words() {
        Some(words) => words.to_owned(),
        None => interval_text(unit, result.measure, result.interval),
    }
}

/// Metrics over the whole run.
pub fn results_table(results: &[MetricResult], units: &Units) -> Table {
    let mut table = Table::new(["metric", "value", "counts", "95 % interval"]);
    for result in results.iter().filter(|result| result.slice.is_none()) {
        let unit = units.unit(&result.metric);
        table.row([
            result.metric.clone(),
            measure_text(unit, result.measure),
            result.measure.counts_text(),
            result_interval_text(unit, result),
        ]);
    }
    table
}

/// The gate: its verdict with the reason, each rule, and the examples that broke one.
pub fn gate_text(text: Plain, gate: Option<&Gate>, units: &Units) -> Plain {
    let Some(gate) = gate else {
        return text.line("gate: not known");
    };
    let mut table = Table::new(["rule", "value", "counts", "evidence", "verdict", "note"]);
    for rule in &gate.rules {
        let verdict = if rule.gating {
            rule.verdict.to_string()
        } else {
            "reported only".to_owned()
        };
        table.row([
            rule.threshold.text(units.unit(&rule.threshold.metric)),
            measure_text(units.unit(&rule.threshold.metric), rule.measure),
            rule.measure.counts_text(),
            rule.evidence_text().to_owned(),
            verdict,
            rule.note.clone(),
        ]);
    }
    let verdict = format!("gate ({}): {}: {}", gate.policy.as_str(), gate.verdict, gate.reason);
    let text = text.line(verdict).table(&table, "the suite has no threshold");
    gate.rules
        .iter()
        .filter(|rule| !rule.breaking.is_empty())
        .fold(text, |text, rule| breaking_line(text, rule, units))
}

fn breaking_line(text: Plain, rule: &RuleResult, units: &Units) -> Plain {
    let text = text.line(format!(
        "{}: {} {}",
        rule.threshold.text(units.unit(&rule.threshold.metric)),
        rule.breaking_words(),
        ids_text(&rule.breaking, BREAKING_SHOWN)
    ));
    match rule.breaking_slices_text() {
        Some(slices) => text.line(format!("  where: {slices}")),
        None => text,
    }
}

/// The first ids, and how many more there are.
pub fn ids_text(ids: &[ExampleId], shown: usize) -> String {
    let first: Vec<String> = ids.iter().take(shown).map(ToString::to_string).collect();
    match ids.len().saturating_sub(shown) {
        0 if first.is_empty() => "none".into(),
        0 => first.join(" "),
        more => format!("{} and {more} more", first.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_ids_are_counted() {
        let ids: Vec<ExampleId> = ["a", "b", "c"]
            .into_iter()
            .map(|id| ExampleId::new(id).unwrap())
            .collect();
        assert_eq!(ids_text(&ids, 2), "a b and 1 more");
        assert_eq!(ids_text(&ids, 3), "a b c");
        assert_eq!(ids_text(&[], 3), "none");
    }
}
