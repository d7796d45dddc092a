//! What the run under review says, beside the run of the version that stands there now.

use crate::domain::gate::{Evidence, RuleResult, Verdict};
use crate::domain::ids::ExampleId;
use crate::domain::metric::{Measure, MetricResult};
use crate::domain::run::AnswerSource;
use crate::tui::screens::figures::{SIMULATED, interval_text, measure_text, result_interval_text, threshold_text};
use crate::tui::widgets::listing::HasId;
use crate::workbench::ReviewDetail;

/// Ids of breaking examples that fit a line.
const BREAKING_SHOWN_MAX: usize = 6;

/// One metric over the run or a slice of it, with what it must reach.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MetricRow {
    /// The metric, and the slice's value in brackets.
    pub(super) label: String,
    pub(super) base: String,
    pub(super) candidate: String,
    pub(super) counts: String,
    pub(super) interval: String,
    pub(super) threshold: String,
    pub(super) verdict: Option<Verdict>,
    /// What the data say, what would settle it, and which examples broke it.
    pub(super) note: String,
}

impl HasId for MetricRow {
    type Id = String;

    fn id(&self) -> String {
        format!("{} {}", self.label, self.threshold)
    }
}

/// The rules of the gate, the ones that hold it up first, then metrics without a rule.
pub(super) fn metric_rows(detail: &ReviewDetail) -> Vec<MetricRow> {
    let Some(end) = &detail.end else {
        return Vec::new();
    };
    let rules = end.gate.as_ref().map(|gate| gate.rules.as_slice()).unwrap_or_default();
    let mut rows: Vec<MetricRow> = rules.iter().map(|rule| rule_row(rule, detail)).collect();
    rows.sort_by_key(|row| match row.verdict {
        Some(Verdict::Fail) => 0,
        Some(Verdict::CannotTell) => 1,
        Some(Verdict::Pass) => 2,
        None => 3,
    });
    let has_rule = |result: &MetricResult| {
        rules
            .iter()
            .any(|rule| rule.threshold.metric == result.metric && rule.threshold.slice.is_none())
    };
    let without_rule = end
        .results
        .iter()
        .filter(|result| result.slice.is_none() && !has_rule(result));
    rows.extend(without_rule.map(|result| MetricRow {
        label: result.metric.clone(),
        base: base_text(detail, &result.metric),
        candidate: measure_text(detail.units.unit(&result.metric), result.measure),
        counts: result.measure.counts_text(),
        interval: result_interval_text(detail.units.unit(&result.metric), result),
        threshold: String::new(),
        verdict: None,
        note: "no threshold: it does not gate".into(),
    }));
    rows
}

fn rule_row(rule: &RuleResult, detail: &ReviewDetail) -> MetricRow {
    let threshold = &rule.threshold;
    let unit = detail.units.unit(&threshold.metric);
    let label = match &threshold.slice {
        Some(slice) => format!("{}[{}]", threshold.metric, slice.value),
        None => threshold.metric.clone(),
    };
    MetricRow {
        label,
        base: match &threshold.slice {
            Some(_) => String::new(),
            None => base_text(detail, &threshold.metric),
        },
        candidate: measure_text(unit, rule.measure),
        counts: rule.measure.counts_text(),
        // That of a rule against the base is of the difference, which the note says.
        interval: interval_text(unit, rule.measure, rule.interval.filter(|_| rule.relative.is_none())),
        threshold: threshold_text(threshold, unit),
        verdict: rule.gating.then_some(rule.verdict),
        note: rule_note(rule),
    }
}

fn base_text(detail: &ReviewDetail, metric: &str) -> String {
    let metrics = detail
        .comparison
        .as_ref()
        .map(|comparison| comparison.result.metrics.as_slice());
    let delta = metrics.unwrap_or_default().iter().find(|delta| delta.metric == metric);
    let base = delta.map_or(Measure::Undefined, |delta| delta.base);
    measure_text(detail.units.unit(metric), base)
}

fn rule_note(rule: &RuleResult) -> String {
    let mut parts = Vec::new();
    parts.extend(rule.threshold.slice.as_ref().map(|slice| format!("where {slice}")));
    if !rule.gating {
        parts.push("reported only".to_owned());
    }
    // The note, where there is one, says the evidence with its bound.
    if !rule.note.is_empty() {
        parts.push(rule.note.clone());
    } else if rule.evidence != Evidence::PointOnly {
        parts.push(rule.evidence_text().to_owned());
    }
    if !rule.breaking.is_empty() {
        parts.push(format!(
            "{} {}",
            rule.breaking_words(),
            examples_text(&rule.breaking, rule.breaking.len() as u64)
        ));
    }
    parts.join("; ")
}

/// The first ids, and how many more there are.
fn examples_text(examples: &[ExampleId], count: u64) -> String {
    let shown: Vec<&str> = examples
        .iter()
        .take(BREAKING_SHOWN_MAX)
        .map(ExampleId::as_str)
        .collect();
    let more = count.saturating_sub(shown.len() as u64);
    if more == 0 {
        shown.join(" ")
    } else {
        format!("{} and {more} more", shown.join(" "))
    }
}

/// How important a line above the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// To be read before the numbers.
    Warning,
    /// A fact.
    Plain,
}

/// The lines above the table: what makes the two runs differ besides the prompt comes first.
pub(super) fn comparison_lines(detail: &ReviewDetail) -> Vec<(Weight, String)> {
    let mut lines = Vec::new();
    if detail.run.answers == AnswerSource::Simulated {
        let text = format!("! {SIMULATED} answers: they say nothing about a model");
        lines.push((Weight::Warning, text));
    }
    if detail.run.answers == AnswerSource::Replayed {
        lines.push((Weight::Warning, "! a cassette answered, not a model".into()));
    }
    let Some(comparison) = &detail.comparison else {
        let caveats = detail.caveats.sentences().into_iter();
        lines.extend(caveats.map(|sentence| (Weight::Warning, format!("! {sentence}"))));
        let text = format!("{} alone: the base has no run on this dataset", detail.run.id);
        lines.push((Weight::Plain, text));
        return lines;
    };
    let comparison = &comparison.result;
    let differences = comparison.differences.iter();
    lines.extend(differences.map(|difference| (Weight::Warning, format!("! {difference}"))));
    if comparison.differences.is_empty() {
        let text = "same dataset, suite and model in both runs";
        lines.push((Weight::Plain, text.into()));
    }
    let p_value = comparison.p_value().map_or("p not known".into(), p_value_text);
    let flips = format!(
        "fixed {}  broken {}  {p_value}  still failing {}",
        comparison.fixed.count, comparison.broken.count, comparison.still_failing.count
    );
    lines.push((Weight::Plain, flips));
    if comparison.broken.count > 0 {
        let examples = examples_text(&comparison.broken.examples, comparison.broken.count);
        lines.push((Weight::Plain, format!("newly failing: {examples}")));
    }
    lines
}

fn p_value_text(p_value: f64) -> String {
    if p_value < 0.001 {
        "p<0.001".into()
    } else {
        format!("p={p_value:.3}")
    }
}
