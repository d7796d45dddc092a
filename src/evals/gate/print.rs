//! A gate in lines of plain text.

use super::{relative, together, verdict, words};
use crate::domain::gate::{Evidence, Gate, GatePolicy, RuleResult, Verdict};
use crate::domain::metric::Measure;
use crate::domain::unit::{Unit, Units};

/// One line for each rule, what would settle a failed one under it, and the verdict with what the other policies
/// would have said. Numbers are in the units of the suite's metrics.
pub fn print(gate: &Gate, units: &Units) -> Vec<String> {
    let rules: Vec<Printed<'_>> = gate.rules.iter().map(|rule| Printed::of(rule, units)).collect();
    let columns = rules.iter().map(|rule| [&rule.name, &rule.counts, &rule.compared]);
    let widths = columns.fold([0; 3], |mut widths, texts| {
        for (width, text) in widths.iter_mut().zip(texts) {
            *width = text.chars().count().max(*width);
        }
        widths
    });
    let mut lines: Vec<String> = rules.iter().flat_map(|rule| rule.lines(widths)).collect();
    lines.push(last_line(gate));
    lines
}

/// A rule with the texts that stand in columns.
struct Printed<'a> {
    rule: &'a RuleResult,
    unit: Unit,
    name: String,
    counts: String,
    compared: String,
}

/// `97.1% <  98%`, or in words where there is no number to compare.
fn compared(rule: &RuleResult, unit: Unit) -> String {
    if rule.threshold.comparison.is_relative() {
        return relative::compared(rule, unit);
    }
    let limit = rule.threshold.limit_text(unit);
    match (rule.measure, rule.evidence) {
        (Measure::Undefined, _) => format!("{} {limit}", rule.threshold.comparison.sign()),
        (_, Evidence::ZeroViolations) => "no violation".into(),
        (measure, _) => {
            let number = words::number(unit, measure, rule.threshold.value);
            format!("{number} {:<2} {limit}", words::sign(rule))
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

impl<'a> Printed<'a> {
    fn of(rule: &'a RuleResult, units: &Units) -> Self {
        let unit = units.unit(&rule.threshold.metric);
        Self {
            rule,
            unit,
            name: rule.threshold.name(),
            counts: rule.measure.counts_text(),
            compared: compared(rule, unit),
        }
    }

    fn interval(&self) -> String {
        let rule = self.rule;
        match rule.interval {
            Some((low, high)) if rule.relative.is_some() => {
                let [low, high] = [low, high].map(|end| relative::difference(self.unit, end, rule.threshold.value));
                format!("bounds {low} to {high}   ")
            }
            Some(interval) if rule.evidence != Evidence::ZeroViolations => {
                format!(
                    "95% CI {}   ",
                    self.unit.of_measure(rule.measure).interval_text(interval)
                )
            }
            _ => String::new(),
        }
    }

    fn lines(&self, [name_width, counts_width, compared_width]: [usize; 3]) -> Vec<String> {
        let rule = self.rule;
        let begin = format!(
            "{:<4}  {:<name_width$}   {:>counts_width$}  {:<compared_width$}   {}",
            mark(rule),
            self.name,
            self.counts,
            self.compared,
            self.interval(),
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
