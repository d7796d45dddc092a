//! What a metric's number is of, and the one way in which it is written.

use std::collections::BTreeMap;

use serde::Serialize;

use super::metric::{Measure, Metric};

/// What a metric's number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share or score from 0 to 1.
    Share,
    /// A coefficient from -1 to 1, such as kappa.
    Coefficient,
    /// Milliseconds.
    Milliseconds,
    /// US dollars.
    UsDollars,
}

/// Digits that tell a number which is no share.
const SIGNIFICANT: i32 = 3;

impl Unit {
    /// A number with its unit: `95.8%`, `0.812`, `1204 ms`, `$0.000312`.
    pub fn text(self, value: f64) -> String {
        self.mark(self.number(value))
    }

    /// A number that is written already, with its unit.
    pub fn mark(self, number: String) -> String {
        match self {
            Self::Share => format!("{number}%"),
            Self::Coefficient => number,
            Self::Milliseconds => format!("{number} ms"),
            Self::UsDollars => match number.strip_prefix('-') {
                Some(number) => format!("-${number}"),
                None => format!("${number}"),
            },
        }
    }

    /// The same without the unit: a share in percent with one decimal, a coefficient with three decimals, milliseconds
    /// and dollars with three significant digits. Only what is 1 reads as 100.0 percent, and only what is 0 as 0.0.
    pub fn number(self, value: f64) -> String {
        match self {
            Self::Share => {
                let percent = value * 100.0;
                if value < 1.0 && percent >= 99.95 {
                    "99.9".into()
                } else if value > 0.0 && percent < 0.05 {
                    "0.1".into()
                } else {
                    unsigned_zero(format!("{percent:.1}"))
                }
            }
            Self::Coefficient => unsigned_zero(format!("{value:.3}")),
            Self::Milliseconds | Self::UsDollars => significant(value),
        }
    }

    /// A limit as the suite says it, never rounded: `98.5%`, `2500 ms`.
    pub fn limit_text(self, limit: f64) -> String {
        match self {
            Self::Share => self.mark(percent(limit)),
            _ => self.mark(limit.to_string()),
        }
    }

    /// A margin as the suite says it: of shares in points.
    pub fn margin_text(self, margin: f64) -> String {
        let number = match self {
            Self::Share => percent(margin),
            _ => return self.limit_text(margin),
        };
        let s = if matches!(number.as_str(), "1" | "-1") { "" } else { "s" };
        format!("{number} point{s}")
    }

    /// `92.5% to 97.7%`.
    pub fn interval_text(self, (low, high): (f64, f64)) -> String {
        format!("{} to {}", self.text(low), self.text(high))
    }

    /// A difference with its sign: of shares in points of a percentage, otherwise in the unit.
    pub fn difference_text(self, difference: f64) -> String {
        let text = match self {
            Self::Share => unsigned_zero(format!("{:.1}", difference * 100.0)),
            _ => self.text(difference),
        };
        if difference > 0.0 && text.chars().any(|digit| ('1'..='9').contains(&digit)) {
            format!("+{text}")
        } else {
            text
        }
    }

    /// What a comparison found over pairs: a difference, or of latency and cost a ratio, `x1.032`.
    pub fn effect_text(self, effect: f64) -> String {
        match self {
            Self::Share | Self::Coefficient => self.difference_text(effect),
            Self::Milliseconds | Self::UsDollars => format!("x{effect:.3}"),
        }
    }

    /// What was measured; `None` where nothing was. A rate is a share whatever its metric.
    pub fn measure_text(self, measure: Measure) -> Option<String> {
        let unit = self.of_measure(measure);
        measure.value().map(|value| unit.text(value))
    }

    /// The unit of a measure of a metric with this one.
    #[must_use]
    pub fn of_measure(self, measure: Measure) -> Self {
        match measure {
            Measure::Rate { .. } => Self::Share,
            Measure::Value { .. } | Measure::Undefined => self,
        }
    }
}

/// Hundred times a share, without the digits that come of fractions of two.
fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Without an exponent, and without decimals that say nothing.
fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".into();
    }
    // Sizes beyond these are no latency and no price.
    let size = value.abs().log10().floor().clamp(-12.0, 15.0);
    let decimals = (f64::from(SIGNIFICANT - 1) - size).max(0.0);
    let text = format!("{value:.precision$}", precision = places(decimals));
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number from 0 to 14"
)]
fn places(decimals: f64) -> usize {
    decimals as usize
}

/// What rounds to nothing has no sign.
fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(number) if number.chars().all(|digit| matches!(digit, '0' | '.')) => number.to_owned(),
        _ => text,
    }
}

/// The units of a suite's metrics, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Units(BTreeMap<String, Unit>);

impl Units {
    /// Of these metrics.
    pub fn of(metrics: &[Metric]) -> Self {
        let units = metrics.iter().map(|metric| (metric.name.clone(), metric.kind.unit()));
        Self(units.collect())
    }

    /// The unit of a metric; a plain number for one that the suite does not have.
    pub fn unit(&self, metric: &str) -> Unit {
        self.0.get(metric).copied().unwrap_or(Unit::Coefficient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_the_digits_that_tell_it_and_its_unit() {
        for (unit, value, text) in [
            (Unit::Share, 0.958_333, "95.8%"),
            (Unit::Share, 1.0, "100.0%"),
            (Unit::Share, 0.999_96, "99.9%"),
            (Unit::Share, 0.000_01, "0.1%"),
            (Unit::Share, 0.0, "0.0%"),
            (Unit::Coefficient, 0.877_479, "0.877"),
            (Unit::Coefficient, -0.000_1, "0.000"),
            (Unit::Milliseconds, 422.312_5, "422 ms"),
            (Unit::Milliseconds, 1_204.4, "1204 ms"),
            (Unit::Milliseconds, 3.25, "3.25 ms"),
            (Unit::UsDollars, 0.0, "$0"),
            (Unit::UsDollars, 0.000_312_49, "$0.000312"),
            (Unit::UsDollars, 1.5, "$1.5"),
            (Unit::UsDollars, -0.25, "-$0.25"),
        ] {
            assert_eq!(unit.text(value), text);
        }
    }

    #[test]
    fn a_difference_has_its_sign_unless_it_rounds_to_nothing() {
        for (unit, difference, text) in [
            (Unit::Share, 0.0333, "+3.3"),
            (Unit::Share, -0.0333, "-3.3"),
            (Unit::Share, 0.000_1, "0.0"),
            (Unit::Share, -0.000_1, "0.0"),
            (Unit::Coefficient, 0.05, "+0.050"),
            (Unit::Milliseconds, -160.0, "-160 ms"),
            (Unit::UsDollars, 0.002, "+$0.002"),
        ] {
            assert_eq!(unit.difference_text(difference), text);
        }
    }

    #[test]
    fn a_rate_is_a_share_and_nothing_measured_has_no_text() {
        let rate = Measure::Rate { hits: 227, total: 240 };
        assert_eq!(Unit::Milliseconds.measure_text(rate).as_deref(), Some("94.6%"));
        assert_eq!(Unit::Share.measure_text(Measure::Undefined), None);
        assert_eq!(Unit::Share.interval_text((0.925, 0.977)), "92.5% to 97.7%");
        assert_eq!(Units::default().unit("unknown"), Unit::Coefficient);
    }
}
