//! A gate in lines of plain text.

use super::{relative, together, verdict, words};
use crate::domain::gate::{Evidence, Gate, GatePolicy, RuleResult, Verdict};
use crate::domain::metric::Measure;

/// One line for each rule, what would settle a failed one under it, and the verdict with what the other policies
/// would have said.
pub fn print(gate: &Gate) -> Vec<String> {
    let width = |text: fn(&RuleResult) -> String| gate.rules.iter().map(|rule| text(rule).chars().count()).max();
    let widths = [name, counts, compared].map(|text| width(text).unwrap_or(0));
    let mut lines: Vec<String> = gate.rules.iter().flat_map(|rule| rule_lines(rule, widths)).collect();
    lines.push(last_line(gate));
    lines
}

fn name(rule: &RuleResult) -> String {
    words::name(&rule.threshold)
}

fn counts(rule: &RuleResult) -> String {
    rule.measure.counts_text()
}

/// `0.9714 <  0.98`, or in words where there is no number to compare.
fn compared(rule: &RuleResult) -> String {
    if rule.threshold.comparison.is_relative() {
        return relative::compared(rule);
    }
    match (rule.measure, rule.evidence) {
        (Measure::Undefined, _) => format!("{} {}", rule.threshold.comparison.sign(), rule.threshold.value),
        (_, Evidence::ZeroViolations) => "no violation".into(),
        (measure, _) => {
            let number = words::number(measure, rule.threshold.value);
            format!("{number} {:<2} {}", words::sign(rule), rule.threshold.value)
        }
    }
}

fn mark(rule: &RuleResult) -> &'static str {
    match rule.verdict {
        _ if !rule.gating => "info",
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::CannotTell => "?",
    }
}

fn rule_lines(rule: &RuleResult, [name_width, counts_width, compared_width]: [usize; 3]) -> Vec<String> {
    let interval = match rule.interval {
        Some((low, high)) if rule.relative.is_some() => format!("bounds {low:+.4} to {high:+.4}   "),
        Some((low, high)) if rule.evidence != Evidence::ZeroViolations => {
            let decimals = if high.abs() >= 100.0 { 0 } else { 3 };
            format!("95% CI {low:.decimals$}-{high:.decimals$}   ")
        }
        _ => String::new(),
    };
    let begin = format!(
        "{:<4}  {:<name_width$}   {:>counts_width$}  {:<compared_width$}   {interval}",
        mark(rule),
        name(rule),
        counts(rule),
        compared(rule),
    );
    let has_failed = rule.point == Some(false) && rule.relative.is_none();
    let beside = if has_failed {
        words::missed(rule).unwrap_or_default()
    } else {
        rule.note.clone()
    };
    let first = format!("{begin}{beside}").trim_end().to_owned();
    let below = rule.note.split("; ").filter(|clause| has_failed && !clause.is_empty());
    std::iter::once(first)
        .chain(below.map(|clause| format!("      {clause}")))
        .collect()
}

fn last_line(gate: &Gate) -> String {
    let under = |policy| {
        let gating = gate.rules.iter().filter(|rule| rule.gating);
        together(gating.map(|rule| verdict(rule.threshold.decided_by(policy), rule.point, rule.evidence)))
    };
    let others = [GatePolicy::Point, GatePolicy::Proven, GatePolicy::NotRefuted].into_iter();
    let others = others
        .filter(|policy| *policy != gate.policy)
        .map(|policy| format!(" {}: {}.", policy.as_str(), under(policy).advice()));
    let verdict = gate.verdict.advice();
    format!(
        "=> {verdict} (policy {}).{}",
        gate.policy.as_str(),
        others.collect::<String>()
    )
}
