//! Results and gates as text: counts beside every rate, and what the data say beside what the policy makes of it.

use crate::cli::output::{NO_VALUE, Plain, Table};
use crate::domain::gate::{Gate, RuleResult, Verdict};
use crate::domain::ids::ExampleId;
use crate::domain::metric::{Measure, MetricResult};

/// Ids of breaking examples that one rule shows.
const BREAKING_SHOWN: usize = 10;

/// The number with the digits that its kind needs.
pub fn measure_text(measure: Measure) -> String {
    match measure.value() {
        Some(rate) if matches!(measure, Measure::Rate { .. }) => format!("{rate:.3}"),
        Some(value) => shortest(value),
        None => NO_VALUE.to_owned(),
    }
}

/// At most six digits after the point, and none that say nothing.
fn shortest(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `0.925 to 0.977`.
pub fn interval_text(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(|| NO_VALUE.to_owned(), |(low, high)| format!("{low:.3} to {high:.3}"))
}

/// Metrics over the whole run.
pub fn results_table(results: &[MetricResult]) -> Table {
    let mut table = Table::new(["metric", "value", "counts", "95 % interval"]);
    for result in results.iter().filter(|result| result.slice.is_none()) {
        table.row([
            result.metric.clone(),
            measure_text(result.measure),
            result.measure.counts_text(),
            interval_text(result.interval),
        ]);
    }
    table
}

/// The gate: its verdict with the reason, each rule, and the examples that broke one.
pub fn gate_text(text: Plain, gate: Option<&Gate>) -> Plain {
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
            rule.threshold.to_string(),
            measure_text(rule.measure),
            rule.measure.counts_text(),
            rule.evidence.as_str().to_owned(),
            verdict,
            rule.note.clone(),
        ]);
    }
    let verdict = format!("gate ({}): {}: {}", gate.policy.as_str(), gate.verdict, gate.reason);
    let text = text.line(verdict).table(&table, "the suite has no threshold");
    gate.rules
        .iter()
        .filter(|rule| !rule.breaking.is_empty())
        .fold(text, breaking_line)
}

fn breaking_line(text: Plain, rule: &RuleResult) -> Plain {
    let slices = rule
        .breaking_slices
        .iter()
        .map(|slice| format!("{} ({})", slice.slice, slice.count));
    let slices: Vec<String> = slices.collect();
    let broken = if rule.verdict == Verdict::Pass {
        "missed by"
    } else {
        "broken by"
    };
    let text = text.line(format!(
        "{}: {broken} {}",
        rule.threshold,
        ids_text(&rule.breaking, BREAKING_SHOWN)
    ));
    if slices.is_empty() {
        text
    } else {
        text.line(format!("  where: {}", slices.join(", ")))
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
    fn numbers_have_the_digits_that_they_need() {
        let cases = [
            (Measure::Rate { hits: 230, total: 240 }, "0.958"),
            (Measure::Value { value: 812.0, count: 3 }, "812"),
            (
                Measure::Value {
                    value: 0.0013,
                    count: 3,
                },
                "0.0013",
            ),
            (Measure::Undefined, "-"),
        ];
        for (measure, text) in cases {
            assert_eq!(measure_text(measure), text);
        }
    }

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
