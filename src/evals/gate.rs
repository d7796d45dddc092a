//! Settles a gate: for each threshold the point result and the evidence, a verdict by policy, and the words that say
//! why, where, and what would settle it. How it is printed stands in [`print()`].

mod early;
mod print;
mod words;

pub use early::decided;
pub use print::print;

use crate::domain::gate::{BreakingSlice, Evidence, Gate, GatePolicy, RuleResult, Verdict};
use crate::domain::metric::{Measure, MetricKind, MetricResult};
use crate::domain::suite::{Comparison, SuiteContent, Threshold};
use crate::stats;

/// Confidence of the one-sided bounds that prove or refute.
const CONFIDENCE: f64 = 0.95;
/// Slices that a rule names as holding its breaking examples.
const BREAKING_SLICES_MAX: usize = 20;

/// The two facts about one rule, with the bounds that they rest on.
struct Facts {
    point: Option<bool>,
    evidence: Evidence,
    bounds: Option<(f64, f64)>,
}

/// Settles every threshold of a suite on a run's results.
pub fn settle(suite: &SuiteContent, results: &[MetricResult]) -> Gate {
    let rules: Vec<RuleResult> = suite
        .thresholds
        .iter()
        .map(|threshold| settle_rule(suite, threshold, results))
        .collect();
    let verdict = together(rules.iter().filter(|rule| rule.gating).map(|rule| rule.verdict));
    let reason = words::reason(verdict, &rules);
    Gate {
        policy: suite.policy,
        rules,
        verdict,
        reason,
    }
}

/// Fail if one fails, else cannot tell if one cannot or there is none, else pass.
fn together(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let verdicts: Vec<Verdict> = verdicts.collect();
    if verdicts.contains(&Verdict::Fail) {
        Verdict::Fail
    } else if verdicts.is_empty() || verdicts.contains(&Verdict::CannotTell) {
        Verdict::CannotTell
    } else {
        Verdict::Pass
    }
}

fn settle_rule(suite: &SuiteContent, threshold: &Threshold, results: &[MetricResult]) -> RuleResult {
    let result = results
        .iter()
        .find(|r| r.metric == threshold.metric && r.slice == threshold.slice);
    let measure = result.map_or(Measure::Undefined, |result| result.measure);
    let facts = facts(threshold, measure);
    let samples = match measure {
        Measure::Rate { total, .. } => total,
        Measure::Value { count, .. } => count,
        Measure::Undefined => 0,
    };
    // Without any data the rule still gates: a slice that is empty must not let a run pass.
    let gating = samples == 0 || samples >= threshold.min_samples;
    let counts_misses = threshold.comparison != Comparison::AtMost && threshold.value > 0.0;
    let kind = suite
        .metrics
        .iter()
        .find(|metric| metric.name == threshold.metric)
        .map(|metric| &metric.kind);
    RuleResult {
        threshold: threshold.clone(),
        measure,
        interval: result.and_then(|result| result.interval),
        point: facts.point,
        evidence: facts.evidence,
        verdict: verdict(suite.policy, facts.point, facts.evidence),
        gating,
        breaking: result
            .filter(|_| counts_misses)
            .map(|result| result.missed.clone())
            .unwrap_or_default(),
        breaking_slices: if counts_misses {
            breaking_slices(threshold, results)
        } else {
            Vec::new()
        },
        note: words::note(
            threshold,
            measure,
            &facts,
            unit(kind),
            result.map_or(0, |result| result.errored),
        ),
    }
}

/// What the trials of a metric are called.
fn unit(kind: Option<&MetricKind>) -> &'static str {
    match kind {
        Some(MetricKind::Recall(_)) => "positives",
        Some(MetricKind::Precision(_)) => "answers of this class",
        _ => "examples",
    }
}

/// What policy makes of point and evidence. Under `proven` a rule that holds by its point, but is not shown yet, is
/// one that more data would settle; one that does not even hold by its point fails.
fn verdict(policy: GatePolicy, point: Option<bool>, evidence: Evidence) -> Verdict {
    let Some(point) = point else {
        return Verdict::CannotTell;
    };
    let by_point = if point { Verdict::Pass } else { Verdict::Fail };
    match (policy, evidence) {
        (_, Evidence::NoData) => Verdict::CannotTell,
        (_, Evidence::PointOnly) | (GatePolicy::Point, _) => by_point,
        (_, Evidence::Proven | Evidence::ZeroViolations) | (GatePolicy::NotRefuted, Evidence::Inconclusive) => {
            Verdict::Pass
        }
        (GatePolicy::Proven, Evidence::Inconclusive) if point => Verdict::CannotTell,
        (_, Evidence::Refuted) | (GatePolicy::Proven, Evidence::Inconclusive) => Verdict::Fail,
    }
}

fn facts(threshold: &Threshold, measure: Measure) -> Facts {
    let no_data = Facts {
        point: None,
        evidence: Evidence::NoData,
        bounds: None,
    };
    match measure {
        Measure::Rate { hits, total } => rate_facts(threshold, hits, total).unwrap_or(no_data),
        Measure::Value { value, .. } if value.is_finite() => Facts {
            point: Some(match threshold.comparison {
                Comparison::AtLeast => value >= threshold.value,
                Comparison::AtMost => value <= threshold.value,
                Comparison::Equals => value.total_cmp(&threshold.value).is_eq(),
            }),
            evidence: Evidence::PointOnly,
            bounds: None,
        },
        Measure::Value { .. } | Measure::Undefined => no_data,
    }
}

/// `None` without trials.
fn rate_facts(threshold: &Threshold, hits: u64, total: u64) -> Option<Facts> {
    let comparison = match threshold.comparison {
        Comparison::AtLeast => stats::Comparison::AtLeast,
        Comparison::AtMost => stats::Comparison::AtMost,
        Comparison::Equals => stats::Comparison::Equal,
    };
    let policy = stats::Policy::Point;
    let result = stats::threshold_gate(hits, total, comparison, threshold.value, CONFIDENCE, policy).ok()?;
    Some(Facts {
        point: match result.point {
            stats::Point::Pass => Some(true),
            stats::Point::Fail => Some(false),
            stats::Point::NoData => None,
        },
        evidence: match result.evidence {
            stats::Evidence::Proven => Evidence::Proven,
            stats::Evidence::Refuted => Evidence::Refuted,
            stats::Evidence::Inconclusive => Evidence::Inconclusive,
            stats::Evidence::ZeroViolations => Evidence::ZeroViolations,
            stats::Evidence::NoData => Evidence::NoData,
        },
        bounds: result.lower.zip(result.upper),
    })
}

/// The slices that hold breaking examples. First those that hold many of them and little else: the misses, times the
/// share of the slice that is missed.
fn breaking_slices(threshold: &Threshold, results: &[MetricResult]) -> Vec<BreakingSlice> {
    let of_metric = results.iter().filter(|result| result.metric == threshold.metric);
    let mut ranked: Vec<(f64, BreakingSlice)> = of_metric
        .filter(|result| threshold.slice.is_none() || result.slice == threshold.slice)
        .filter_map(|result| match (&result.slice, result.measure) {
            (Some(slice), Measure::Rate { hits, total }) if hits < total => {
                let count = total - hits;
                let slice = slice.clone();
                Some((
                    count as f64 * count as f64 / total as f64,
                    BreakingSlice { slice, count },
                ))
            }
            _ => None,
        })
        .collect();
    ranked.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| left.slice.cmp(&right.slice)));
    ranked
        .into_iter()
        .take(BREAKING_SLICES_MAX)
        .map(|(_, breaking)| breaking)
        .collect()
}

#[cfg(test)]
mod tests;
