//! A run that ended: what the gate says and why, rule by rule, and what broke each.

use ratatui::text::{Line, Span};

use super::super::figures::{
    interval_text, measure_text, result_interval_text, threshold_text, verdict_style, verdict_word,
};
use super::super::lines::{facts, outside, wrapped_outside};
use super::super::panes::duration_text;
use super::super::{Context, run_figures};
use super::{live, measures};
use crate::domain::gate::{Gate, GatePolicy, RuleResult, Verdict};
use crate::domain::metric::MetricResult;
use crate::domain::path_result::PathResult;
use crate::domain::run::{AnswerSource, RunEnd};
use crate::domain::suite::Comparison;
use crate::domain::unit::{Unit, Units};
use crate::text::{pad, width};
use crate::tui::theme::Theme;
use crate::workbench::RunDetail;

/// Paths through a chain that are shown; the command line lists them all.
const PATHS_SHOWN_MAX: usize = 8;
/// Columns of a rule or metric, where there is room.
const RULE_COLUMNS_MAX: usize = 34;
/// Columns of counts, value, interval and verdict behind it.
const MEASURE_COLUMNS: usize = 50;
/// Columns of counts, value and interval behind a metric that no rule is about.
const METRIC_COLUMNS: usize = 36;
/// Columns of such a metric's name with its slice.
const NAME_COLUMNS_MAX: usize = 60;
/// Examples that are named for each rule; all are in the failures.
const NAMED_EXAMPLES_MAX: usize = 6;

/// The head of the pane.
pub(super) fn lines(detail: &RunDetail, end: &RunEnd, columns: usize, context: &Context) -> Vec<Line<'static>> {
    let theme = context.theme;
    let mut lines = Vec::new();
    if detail.run.answers == AnswerSource::Simulated {
        lines.push(Line::styled(
            "simulated: these answers prove nothing about a model",
            theme.warn,
        ));
    }
    if detail.run.answers == AnswerSource::Replayed {
        lines.push(Line::styled("replayed: a cassette answered, not a model", theme.warn));
    }
    for sentence in detail.warnings() {
        lines.extend(wrapped_outside(&sentence, columns, 2, theme.warn));
    }
    match &end.gate {
        Some(gate) => {
            let head = format!(
                "gate {}   policy {}",
                verdict_word(Some(gate.verdict)),
                gate.policy.as_str()
            );
            lines.push(Line::styled(head, verdict_style(Some(gate.verdict), theme)));
            lines.extend(wrapped_outside(&gate.reason, columns, 2, theme.text));
        }
        None => lines.push(Line::styled("gate  none: the run was cancelled", theme.unknown)),
    }
    lines.extend(totals_lines(detail, end, columns));
    lines.extend(path_lines(end, columns, theme));
    if let Some(gate) = &end.gate {
        lines.push(Line::raw(""));
        lines.extend(gate_lines(gate, &detail.units, columns, theme));
        lines.extend(measures::left_out_lines(gate, columns, theme));
    }
    for labelled in detail.labelled_texts() {
        lines.extend(wrapped_outside(&labelled, columns, 2, theme.text));
    }
    lines.extend(measures::against_lines(end, &detail.units, columns, theme));
    lines.extend(measures::interval_lines(end, columns, theme));
    lines.push(Line::raw(""));
    lines.push(Line::styled(
        facts(
            &[
                format!("ended {} ago", end.ended_at.ago_text(context.now)),
                end.ended_at.to_string(),
                format!("suite {}", detail.run.suite),
            ],
            columns,
        ),
        theme.dim,
    ));
    let models = format!("answered by {}", end.resolved_models.join(", "));
    lines.extend(wrapped_outside(&models, columns, 0, theme.dim));
    lines.extend(measures::confusion_lines(end, columns, theme));
    lines.extend(other_metrics(end, &detail.units, columns, theme));
    lines
}

/// The paths through a chain, the most frequent first; nothing of a prompt.
fn path_lines(end: &RunEnd, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let total: u64 = end.paths.iter().map(|path| path.outcomes).sum();
    let line = |path: &PathResult| {
        let percent = path.outcomes as f64 * 100.0 / total.max(1) as f64;
        let cost = path.mean_cost().map(|cost| format!("{cost} each"));
        let latency = path
            .latency_ms
            .map(|[median, _]| format!("p50 {}", run_figures::latency(median)));
        let errors = (path.errored > 0).then(|| format!("{} errors", path.errored));
        let passed = format!("{} passed", path.passed);
        let parts: Vec<String> = [Some(passed), errors, cost, latency].into_iter().flatten().collect();
        let text = format!(
            "{percent:>5.1} %  {}  {}: {}",
            path.outcomes,
            path.label(),
            parts.join(", ")
        );
        wrapped_outside(&text, columns, 9, theme.text)
    };
    let shown = end.paths.iter().take(PATHS_SHOWN_MAX).flat_map(line);
    let more = end.paths.len().saturating_sub(PATHS_SHOWN_MAX);
    let more = (more > 0).then(|| Line::styled(format!("         and {more} more paths"), theme.dim));
    shown.chain(more).collect()
}

/// What became of the examples, then what it took.
fn totals_lines(detail: &RunDetail, end: &RunEnd, columns: usize) -> Vec<Line<'static>> {
    let totals = &end.totals;
    let mut lines = vec![
        Line::raw(facts(
            &[
                format!("ok {}", totals.passed),
                format!("fail {}", totals.failed),
                format!("error {}", totals.errored),
                format!("retried {}", totals.retried),
                format!("saved {}/{}", totals.saved, detail.run.outcome_count()),
            ],
            columns,
        )),
        Line::raw(facts(
            &[
                format!("by {}", detail.run.started_by),
                format!("took {}", duration_text(end.ended_at.since_ms(detail.run.started_at))),
                run_figures::cost(totals),
                live::tokens(&detail.progress),
                live::latencies(&detail.progress),
            ],
            columns,
        )),
    ];
    lines.extend(live::judging(totals, columns));
    lines
}

/// The rules, those that did not pass first.
fn gate_lines(gate: &Gate, units: &Units, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut rules: Vec<&RuleResult> = gate.rules.iter().collect();
    rules.sort_by_key(|rule| match rule.verdict {
        Verdict::Fail => 0,
        Verdict::CannotTell => 1,
        Verdict::Pass => 2,
    });
    rules
        .into_iter()
        .flat_map(|rule| rule_lines(rule, gate.policy, units.unit(&rule.threshold.metric), columns, theme))
        .collect()
}

fn rule_columns(columns: usize) -> usize {
    columns.saturating_sub(MEASURE_COLUMNS).clamp(20, RULE_COLUMNS_MAX)
}

/// The rule with its numbers; below it what the numbers mean and what broke it.
fn rule_lines(rule: &RuleResult, policy: GatePolicy, unit: Unit, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let name = rule_name(rule, policy, unit);
    let word = if rule.gating {
        verdict_word(Some(rule.verdict)).to_owned()
    } else {
        format!("{}, not gating", verdict_word(Some(rule.verdict)))
    };
    let note = evidence_text(rule);
    let word_columns = width(&word);
    let word = Span::styled(word, verdict_style(Some(rule.verdict), theme));
    let measured = format!(
        "{:>9} {:>9} {:<14} ",
        rule.measure.counts_text(),
        measure_text(unit, rule.measure),
        // That of a rule against the base is of the difference: it stands below, with its own unit.
        interval_text(unit, rule.measure, rule.interval.filter(|_| rule.relative.is_none())),
    );
    let room = rule_columns(columns);
    let mut lines = Vec::new();
    let in_line = width(&name) <= room && columns >= room + MEASURE_COLUMNS;
    let mut spans = if in_line {
        outside(&pad(&name, room), room, theme.text, theme)
    } else {
        lines.push(Line::from(outside(&name, columns, theme.text, theme)));
        vec![Span::raw(" ")]
    };
    spans.extend([Span::raw(format!(" {measured}")), word]);
    let used = if in_line { room } else { 1 } + 1 + width(&measured) + word_columns;
    if used + 2 + width(&note) <= columns {
        spans.push(Span::styled(format!("  {note}"), theme.dim));
        lines.push(Line::from(spans));
    } else {
        lines.push(Line::from(spans));
        lines.extend(wrapped_outside(&note, columns, 2, theme.dim));
    }
    if let Some(text) = relative_text(rule, unit) {
        lines.extend(wrapped_outside(&text, columns, 2, theme.text));
    }
    if rule.verdict != Verdict::Pass {
        lines.extend(broken_by(rule, columns, theme));
    }
    lines
}

/// What the data say, and what would settle it. The note of a rule against the base may begin with the word already.
fn evidence_text(rule: &RuleResult) -> String {
    let (evidence, note) = (rule.evidence_text(), &rule.note);
    if note.is_empty() {
        evidence.to_owned()
    } else if note.starts_with(evidence) || rule.lacks_base() {
        note.clone()
    } else {
        format!("{evidence}: {note}")
    }
}

/// The rule, with what decides it where that is not what decides the others.
fn rule_name(rule: &RuleResult, policy: GatePolicy, unit: Unit) -> String {
    let threshold = &rule.threshold;
    let bound = threshold_text(threshold, unit);
    let name = measures::sliced_name(&threshold.metric, threshold.slice.as_ref());
    let own = threshold.decided_by(policy);
    if own == policy {
        format!("{name} {bound}")
    } else {
        format!("{name} {bound}, policy {}", own.as_str())
    }
}

/// How the run stands to the base run: `difference from base -1.25 points, ...`, `ratio to base x1.044, ...`.
fn relative_text(rule: &RuleResult, unit: Unit) -> Option<String> {
    let relative = rule.relative?;
    let number = |value: f64| match unit {
        // A margin is often of a point: tenths would hide on which side of it the bounds lie.
        Unit::Share => format!("{:+.2}", value * 100.0),
        unit => unit.effect_text(value),
    };
    let words = match rule.threshold.comparison {
        Comparison::AtMostRatio => "ratio to base",
        _ => "difference from base",
    };
    let points = if unit == Unit::Share { " points" } else { "" };
    let bounds = relative.bounds.map_or_else(String::new, |(low, high)| {
        format!(", one-sided 95 % bounds {} to {}", number(low), number(high))
    });
    Some(format!("{words} {}{points}{bounds}", number(relative.effect)))
}

fn broken_by(rule: &RuleResult, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(slices) = rule.breaking_slices_text() {
        let text = format!("broken by  {slices}");
        lines.extend(wrapped_outside(&text, columns, 2, theme.fail));
    }
    if !rule.breaking.is_empty() {
        let named = rule.breaking.iter().take(NAMED_EXAMPLES_MAX).map(ToString::to_string);
        let more = rule.breaking.len().saturating_sub(NAMED_EXAMPLES_MAX);
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        let text = format!("examples   {}{more}", named.collect::<Vec<_>>().join(", "));
        lines.extend(wrapped_outside(&text, columns, 2, theme.text));
    }
    lines
}

/// Metrics over the whole run that no rule is about, then all by slice.
fn other_metrics(end: &RunEnd, units: &Units, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let rules = end.gate.as_ref().map(|gate| gate.rules.as_slice()).unwrap_or_default();
    let ruled = |result: &&MetricResult| {
        rules
            .iter()
            .any(|rule| rule.threshold.metric == result.metric && rule.threshold.slice == result.slice)
    };
    let others = end.results.iter().filter(|result| !ruled(result));
    let (whole, sliced): (Vec<_>, Vec<_>) = others.partition(|result| result.slice.is_none());
    let mut lines = Vec::new();
    for (title, results) in [("other metrics", whole), ("by slice", sliced)] {
        if results.is_empty() {
            continue;
        }
        lines.push(Line::raw(""));
        lines.push(Line::styled(title, theme.title));
        let line = |result: &MetricResult| metric_line(result, units.unit(&result.metric), columns, theme);
        lines.extend(results.into_iter().map(line));
    }
    lines
}

fn metric_line(result: &MetricResult, unit: Unit, columns: usize, theme: &Theme) -> Line<'static> {
    let name = measures::sliced_name(&result.metric, result.slice.as_ref());
    let room = columns.saturating_sub(METRIC_COLUMNS).min(NAME_COLUMNS_MAX);
    let mut spans = outside(&pad(&name, room), room, theme.text, theme);
    spans.push(Span::raw(format!(
        " {:>9} {:>9} {:<14}",
        result.measure.counts_text(),
        measure_text(unit, result.measure),
        result_interval_text(unit, result),
    )));
    Line::from(spans)
}
