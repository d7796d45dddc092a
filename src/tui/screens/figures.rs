//! How gates, measures and thresholds read on screens. Counts and intervals stand beside every rate.

use ratatui::style::Style;

use crate::domain::gate::{LabelledVerdict, Verdict};
use crate::domain::metric::{Measure, MetricResult};
use crate::domain::run::AnswerSource;
use crate::domain::suite::Threshold;
use crate::domain::unit::Unit;
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

/// What was measured of a metric with this unit.
pub fn measure_text(unit: Unit, measure: Measure) -> String {
    unit.measure_text(measure).unwrap_or_else(|| "--".into())
}

/// The 95 % interval of what was measured, in its own unit without the word for it: `[93.7,95.7]`.
pub fn interval_text(unit: Unit, measure: Measure, interval: Option<(f64, f64)>) -> String {
    let unit = unit.of_measure(measure);
    interval.map_or_else(String::new, |(low, high)| {
        format!("[{},{}]", unit.number(low), unit.number(high))
    })
}

/// The interval of a result, or in two words why there is none.
pub fn result_interval_text(unit: Unit, result: &MetricResult) -> String {
    match result.no_interval_words() {
        Some(why) if result.measure != Measure::Undefined => why.to_owned(),
        _ => interval_text(unit, result.measure, result.interval),
    }
}

/// What a threshold asks for, in the unit of the metric: `>=95%`, `<=2500 ms`, `>= base -2 points`, `<= base x1.1`.
pub fn threshold_text(threshold: &Threshold, unit: Unit) -> String {
    format!("{}{}", threshold.comparison.sign(), threshold.limit_text(unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::suite::Comparison;

    #[test]
    fn what_is_measured_and_its_interval_are_in_one_unit() {
        let rate = Measure::Rate { hits: 227, total: 240 };
        let value = |value| Measure::Value { value, count: 9 };
        assert_eq!(measure_text(Unit::Milliseconds, value(1_204.4)), "1204 ms");
        assert_eq!(measure_text(Unit::Share, Measure::Undefined), "--");
        let bounds = |low, high| Some((low, high));
        assert_eq!(interval_text(Unit::Share, rate, bounds(0.937, 0.957)), "[93.7,95.7]");
        assert_eq!(
            interval_text(Unit::Milliseconds, value(420.0), bounds(401.6, 440.2)),
            "[402,440]"
        );
        assert_eq!(interval_text(Unit::Share, rate, None), "");
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
        assert_eq!(
            threshold_text(&threshold(0.985, Comparison::AtLeast), Unit::Share),
            ">=98.5%"
        );
        assert_eq!(
            threshold_text(&threshold(0.95, Comparison::AtLeast), Unit::Share),
            ">=95%"
        );
        assert_eq!(
            threshold_text(&threshold(2_500.0, Comparison::AtMost), Unit::Milliseconds),
            "<=2500 ms"
        );
        let margin = threshold(0.02, Comparison::NoWorseBy);
        assert_eq!(threshold_text(&margin, Unit::Share), ">= base -2 points");
        assert_eq!(threshold_text(&margin, Unit::Coefficient), ">= base -0.02");
        let ratio = threshold(1.1, Comparison::AtMostRatio);
        assert_eq!(threshold_text(&ratio, Unit::UsDollars), "<= base x1.1");
    }
}
