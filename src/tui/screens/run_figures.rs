//! How a run's latencies, tokens and costs read on screens: fixed units, few digits.

use crate::domain::money::UsdNanos;
use crate::domain::run::RunTotals;
use crate::domain::suite::Comparison;

/// A latency: `340ms` under a second, `2.1s` from there on.
pub(super) fn latency(ms: u64) -> String {
    if ms < 1_000 {
        format!("{ms}ms")
    } else {
        format!("{:.1}s", ms as f64 / 1_000.0)
    }
}

/// A count of tokens: `640`, `301k`, `2.4M`.
pub(super) fn tokens(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}k", count / 1_000),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

/// What a run cost, and how much of it nobody knows.
pub(super) fn cost(totals: &RunTotals) -> String {
    match totals.cost_unknown {
        0 => format!("cost {}", totals.cost),
        unknown if unknown >= totals.saved => "cost unknown".into(),
        unknown => format!("cost {} and {unknown} unknown", totals.cost),
    }
}

/// What a run will have cost at its end, if it goes on as it did; none where any cost is unknown.
pub(super) fn cost_at_the_end(totals: &RunTotals, outcome_count: u64) -> Option<UsdNanos> {
    let known = totals.cost_unknown == 0 && totals.cost.0 > 0 && totals.saved > 0;
    known.then(|| {
        let nanos = u128::from(totals.cost.0) * u128::from(outcome_count) / u128::from(totals.saved);
        UsdNanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    })
}

/// Whether a value so far is on the good side of a threshold; only the gate settles it. `None` for a rule that compares
/// with the base run: only the pairs of both runs say that, at the end.
pub(super) fn meets(value: f64, comparison: Comparison, threshold: f64) -> Option<bool> {
    match comparison {
        Comparison::AtLeast => Some(value >= threshold),
        Comparison::AtMost => Some(value <= threshold),
        Comparison::Equals => Some((value - threshold).abs() < f64::EPSILON),
        Comparison::NoWorseBy | Comparison::AtMostRatio => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_fixed_and_digits_few() {
        assert_eq!((latency(340), latency(2_149)), ("340ms".into(), "2.1s".into()));
        assert_eq!((tokens(640), tokens(301_200)), ("640".into(), "301k".into()));
    }

    #[test]
    fn an_unknown_cost_is_said() {
        let mut totals = RunTotals {
            saved: 10,
            cost: UsdNanos(1_500_000_000),
            ..RunTotals::default()
        };
        assert_eq!(cost(&totals), "cost $1.50");
        assert_eq!(cost_at_the_end(&totals, 20), Some(UsdNanos(3_000_000_000)));
        totals.cost_unknown = 4;
        assert_eq!(cost(&totals), "cost $1.50 and 4 unknown");
        assert_eq!(cost_at_the_end(&totals, 20), None);
        totals.cost_unknown = 10;
        assert_eq!(cost(&totals), "cost unknown");
    }

    #[test]
    fn a_rule_against_the_base_is_neither_met_nor_missed_before_the_end() {
        for (value, comparison, threshold, expected) in [
            (0.94, Comparison::AtLeast, 0.94, Some(true)),
            (0.939, Comparison::AtLeast, 0.94, Some(false)),
            (2_000.0, Comparison::AtMost, 1_999.0, Some(false)),
            (1.0, Comparison::Equals, 1.0, Some(true)),
            (0.996, Comparison::Equals, 1.0, Some(false)),
            (0.2, Comparison::NoWorseBy, 0.02, None),
            (9.0, Comparison::AtMostRatio, 1.1, None),
        ] {
            assert_eq!(meets(value, comparison, threshold), expected, "{value} {comparison:?}");
        }
    }
}
