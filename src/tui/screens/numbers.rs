//! How screens write times, counts and measures: fixed units, few digits.

use crate::domain::gate::Verdict;
use crate::domain::metric::Measure;
use crate::domain::money::UsdNanos;
use crate::domain::run::RunTotals;
use crate::domain::suite::Comparison;

/// A stretch of time as a clock: `01:54`, `1:02:03`.
pub(super) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes:02}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

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

/// A measured value as thresholds write it: a share with three digits, any other number as short as it is.
pub(super) fn value(measure: Measure) -> String {
    match (measure, measure.value()) {
        (_, None) => "no data".into(),
        (Measure::Rate { .. }, Some(share)) => format!("{share:.3}"),
        (_, Some(number)) => plain_number(number),
    }
}

/// A number without digits that say nothing.
pub(super) fn plain_number(number: f64) -> String {
    if number.fract() == 0.0 || number.abs() >= 100.0 {
        format!("{number:.0}")
    } else if number.abs() >= 1.0 {
        format!("{number:.2}")
    } else {
        format!("{number:.4}")
    }
}

/// The 95 % interval of a rate.
pub(super) fn interval(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(String::new, |(low, high)| format!("[{low:.3}, {high:.3}]"))
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
pub(super) fn cost_at_the_end(totals: &RunTotals, example_count: u64) -> Option<UsdNanos> {
    let known = totals.cost_unknown == 0 && totals.cost.0 > 0 && totals.saved > 0;
    known.then(|| {
        let nanos = u128::from(totals.cost.0) * u128::from(example_count) / u128::from(totals.saved);
        UsdNanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    })
}

/// Whether a value so far is on the good side of a threshold. Only the gate settles it.
pub(super) fn meets(value: f64, comparison: Comparison, threshold: f64) -> bool {
    match comparison {
        Comparison::AtLeast => value >= threshold,
        Comparison::AtMost => value <= threshold,
        Comparison::Equals => (value - threshold).abs() < f64::EPSILON,
    }
}

/// A verdict in a list: `pass`, `FAIL`, `cannot tell yet`.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "FAIL",
        other => other.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_fixed_and_digits_few() {
        assert_eq!((clock(114_000), clock(3_723_000)), ("01:54".into(), "1:02:03".into()));
        assert_eq!((latency(340), latency(2_149)), ("340ms".into(), "2.1s".into()));
        assert_eq!((tokens(640), tokens(301_200)), ("640".into(), "301k".into()));
        assert_eq!(value(Measure::Rate { hits: 230, total: 240 }), "0.958");
        assert_eq!(value(Measure::Value { value: 0.0, count: 2 }), "0");
        assert_eq!(
            value(Measure::Value {
                value: 1_250.4,
                count: 2
            }),
            "1250"
        );
        assert_eq!(value(Measure::Undefined), "no data");
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
    fn thresholds_have_three_signs() {
        for (value, comparison, threshold, expected) in [
            (0.94, Comparison::AtLeast, 0.94, true),
            (0.939, Comparison::AtLeast, 0.94, false),
            (2_000.0, Comparison::AtMost, 1_999.0, false),
            (1.0, Comparison::Equals, 1.0, true),
            (0.996, Comparison::Equals, 1.0, false),
        ] {
            assert_eq!(meets(value, comparison, threshold), expected, "{value} {comparison:?}");
        }
    }
}
