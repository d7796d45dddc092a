//! How gates, measures and thresholds read on screens. Counts and intervals stand beside every rate.

use ratatui::style::Style;

use crate::domain::gate::{LabelledVerdict, Verdict};
use crate::domain::metric::Measure;
use crate::domain::run::AnswerSource;
use crate::domain::suite::{Comparison, Threshold};
use crate::tui::theme::Theme;
use crate::tui::widgets::table::TableCell;

/// What stands beside every result of the simulated model, which proves nothing about a model.
pub const SIMULATED: &str = "simulated";
/// What stands beside every result of a cassette, which says nothing about the model as it is now.
pub const REPLAYED: &str = "replayed";

/// Columns in which every verdict has a form that tells it from the others: `cannot tell sim`.
pub const VERDICT_COLUMNS: u16 = 15;

/// The label of a run's results: empty for those of a model.
pub fn source_label(answers: AnswerSource) -> &'static str {
    match answers {
        AnswerSource::Model => "",
        AnswerSource::Simulated => SIMULATED,
        AnswerSource::Replayed => REPLAYED,
    }
}

/// The same in four columns at most, for where there is no room for the word.
pub fn short_label(answers: AnswerSource) -> &'static str {
    match answers {
        AnswerSource::Model => "",
        AnswerSource::Simulated => "sim",
        AnswerSource::Replayed => "rep",
    }
}

/// The word for a gate in a column.
pub fn verdict_word(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Pass) => "pass",
        Some(Verdict::Fail) => "FAIL",
        Some(Verdict::CannotTell) => "cannot tell",
        None => "--",
    }
}

/// The sign for a gate where a column has no room for the word.
pub fn verdict_sign(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::CannotTell) => "?",
        other => verdict_word(other),
    }
}

/// How a gate reads, from a sentence down to a narrow column. Each form says when no model answered.
fn verdict_forms(verdict: Option<LabelledVerdict>) -> [String; 3] {
    let answers = verdict.map_or(AnswerSource::Model, |labelled| labelled.answers);
    let verdict = verdict.map(|labelled| labelled.verdict);
    let (word, sign) = (verdict_word(verdict), verdict_sign(verdict));
    match (source_label(answers), short_label(answers)) {
        ("", _) => [word.to_owned(), word.to_owned(), sign.to_owned()],
        (label, short) => [
            format!("{word} ({label})"),
            format!("{word} {short}"),
            format!("{sign} {short}"),
        ],
    }
}

/// The cell for a gate: the longest of its forms that fits.
pub fn verdict_cell(verdict: Option<LabelledVerdict>, columns: u16, theme: &Theme) -> TableCell {
    let forms = verdict_forms(verdict);
    let fits = |form: &&String| form.len() <= usize::from(columns);
    let form = forms.iter().find(fits).unwrap_or(&forms[2]);
    let style = verdict_style(verdict.map(|labelled| labelled.verdict), theme);
    TableCell::new(form.as_str(), style)
}

/// A gate in a sentence: `pass (simulated)`.
pub fn verdict_text(verdict: Option<LabelledVerdict>) -> String {
    let [text, ..] = verdict_forms(verdict);
    text
}

/// A gate in a row of words: `pass sim`.
pub fn verdict_brief(verdict: Option<LabelledVerdict>) -> String {
    let [_, brief, _] = verdict_forms(verdict);
    brief
}

/// The style for a gate, beside its word.
pub fn verdict_style(verdict: Option<Verdict>, theme: &Theme) -> Style {
    match verdict {
        Some(Verdict::Pass) => theme.ok,
        Some(Verdict::Fail) => theme.fail,
        Some(Verdict::CannotTell) => theme.unknown,
        None => theme.dim,
    }
}

/// A measure's number: percent for a rate, the number with its own digits otherwise.
pub fn measure_text(measure: Measure) -> String {
    match measure {
        Measure::Rate { total: 0, .. } | Measure::Undefined => "--".into(),
        Measure::Rate { hits, total } => rate_text(hits, total),
        Measure::Value { value, .. } => number_text(value),
    }
}

/// Only a rate without a miss reads as 100.0%, and only one without a hit as 0.0%.
fn rate_text(hits: u64, total: u64) -> String {
    let percent = hits as f64 * 100.0 / total as f64;
    if hits < total && percent >= 99.95 {
        "99.9%".into()
    } else if hits > 0 && percent < 0.05 {
        "0.1%".into()
    } else {
        format!("{percent:.1}%")
    }
}

/// A number without a unit, in as few digits as tell it.
fn number_text(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 1.0 || size == 0.0 {
        trimmed(&format!("{value:.2}"))
    } else {
        trimmed(&format!("{value:.6}"))
    }
}

fn trimmed(decimal: &str) -> String {
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A rate's 95 % interval: `[93.7,95.7]`, in percent.
pub fn interval_text(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(String::new, |(low, high)| {
        format!("[{:.1},{:.1}]", low * 100.0, high * 100.0)
    })
}

/// The 95 % interval of what was measured, in its own unit: in percent only where it is a rate.
pub fn interval_of(measure: Measure, interval: Option<(f64, f64)>) -> String {
    match (measure, interval) {
        (Measure::Value { .. }, Some((low, high))) => format!("[{},{}]", number_text(low), number_text(high)),
        _ => interval_text(interval),
    }
}

/// What a threshold asks for, in the unit of what was measured: `>=95%`, `<=2500`, `>= base -2 points`, `<= base x1.1`.
pub fn threshold_text(threshold: &Threshold, measure: Measure) -> String {
    let value = threshold.value;
    let percent = || trimmed(&format!("{:.2}", value * 100.0));
    let limit = match (threshold.comparison, measure) {
        (Comparison::AtMostRatio, _) | (_, Measure::Value { .. } | Measure::Undefined) => number_text(value),
        (Comparison::NoWorseBy, Measure::Rate { .. }) => format!("{} points", percent()),
        (_, Measure::Rate { .. }) => format!("{}%", percent()),
    };
    format!("{}{limit}", threshold.comparison.sign())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_perfect_rate_reads_as_perfect() {
        for (hits, total, text) in [
            (240, 240, "100.0%"),
            (19_999, 20_000, "99.9%"),
            (227, 240, "94.6%"),
            (1, 20_000, "0.1%"),
            (0, 240, "0.0%"),
            (0, 0, "--"),
        ] {
            assert_eq!(measure_text(Measure::Rate { hits, total }), text, "{hits}/{total}");
        }
    }

    #[test]
    fn numbers_keep_the_digits_that_tell_them() {
        for (value, text) in [(1_204.4, "1204"), (2.5, "2.5"), (0.000_312, "0.000312"), (0.0, "0")] {
            assert_eq!(measure_text(Measure::Value { value, count: 9 }), text);
        }
        assert_eq!(interval_text(Some((0.937, 0.957))), "[93.7,95.7]");
        assert_eq!(interval_text(None), "");
        let mean = Measure::Value { value: 0.5, count: 9 };
        assert_eq!(interval_of(mean, Some((0.25, 0.75))), "[0.25,0.75]");
    }

    #[test]
    fn a_threshold_is_in_the_unit_of_its_measure() {
        let threshold = |value, comparison| Threshold {
            metric: "m".into(),
            slice: None,
            comparison,
            value,
            min_samples: 0,
            policy: None,
        };
        let rate = Measure::Rate { hits: 1, total: 2 };
        let value = Measure::Value { value: 1.0, count: 2 };
        assert_eq!(threshold_text(&threshold(0.985, Comparison::AtLeast), rate), ">=98.5%");
        assert_eq!(threshold_text(&threshold(0.95, Comparison::AtLeast), rate), ">=95%");
        assert_eq!(threshold_text(&threshold(2_500.0, Comparison::AtMost), value), "<=2500");
        let margin = threshold(0.02, Comparison::NoWorseBy);
        assert_eq!(threshold_text(&margin, rate), ">= base -2 points");
        assert_eq!(threshold_text(&margin, value), ">= base -0.02");
        let ratio = threshold(1.1, Comparison::AtMostRatio);
        assert_eq!(threshold_text(&ratio, value), "<= base x1.1");
    }
}
