//! Settles a gate: for each threshold the point result and the evidence, a verdict by policy, and the words that say
//! why, where, and what would settle it. How it is printed stands in [`print()`].

mod early;
mod measured;
mod plan;
mod print;
mod relative;
mod sizes;
mod undecided;
mod words;

pub use early::decided;
pub use plan::{Basis, PassChance, RulePlan, plans};
pub use print::print;
pub use sizes::Sizes;

use self::undecided::Undecided;
use super::against::Against;
use super::metrics::Tally;
use crate::domain::gate::{BreakingSlice, Evidence, Gate, GatePolicy, RuleResult, Verdict};
use crate::domain::metric::{ErrorRule, IntervalMethod, Measure, Metric, MetricKind, MetricResult};
use crate::domain::suite::{Comparison, SuiteContent, Threshold};
use crate::domain::unit::{Unit, Units};
use crate::stats;

/// Confidence of the one-sided bounds that prove or refute.
const CONFIDENCE: f64 = 0.95;
/// Slices that a rule names as holding its breaking examples.
const BREAKING_SLICES_MAX: usize = 20;

/// The two facts about one rule, with the one-sided bounds that they rest on.
#[derive(Debug, Clone, Copy)]
struct Facts {
    point: Option<bool>,
    evidence: Evidence,
    bounds: (Option<f64>, Option<f64>),
}

const NO_FACTS: Facts = Facts {
    point: None,
    evidence: Evidence::NoData,
    bounds: (None, None),
};

/// Settles every threshold of a suite on a run's results, those that compare with a base against it.
pub fn settle(suite: &SuiteContent, results: &[MetricResult], against: &Against<'_>) -> Gate {
    settle_of(suite, results, None, against)
}

/// Settles every threshold on the sums of a run, which also say of how many outcomes a grader gave no verdict.
pub fn settle_run(suite: &SuiteContent, tally: &Tally, results: &[MetricResult], against: &Against<'_>) -> Gate {
    settle_of(suite, results, Some(tally), against)
}

fn settle_of(suite: &SuiteContent, results: &[MetricResult], tally: Option<&Tally>, against: &Against<'_>) -> Gate {
    let mut without_verdict = Vec::new();
    let rules: Vec<RuleResult> = suite
        .thresholds
        .iter()
        .map(|threshold| {
            let undecided = Undecided::of(threshold, tally, against);
            without_verdict.extend(
                undecided
                    .counts()
                    .map(|counts| format!("{}: {counts}", threshold.name())),
            );
            settle_rule(suite, threshold, results, against, undecided)
        })
        .collect();
    let verdict = together(rules.iter().filter(|rule| rule.gating).map(|rule| rule.verdict));
    let reason = words::reason(verdict, &rules, &Units::of(&suite.metrics));
    let reason = std::iter::once(reason)
        .chain(without_verdict)
        .collect::<Vec<_>>()
        .join("; ");
    Gate {
        policy: suite.policy,
        rules,
        verdict,
        reason,
        left_out: Vec::new(),
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

fn settle_rule(
    suite: &SuiteContent,
    threshold: &Threshold,
    results: &[MetricResult],
    against: &Against<'_>,
    undecided: Undecided,
) -> RuleResult {
    let result = results
        .iter()
        .find(|r| r.metric == threshold.metric && r.slice == threshold.slice);
    let metric = suite.metrics.iter().find(|metric| metric.name == threshold.metric);
    let measure = result.map_or(Measure::Undefined, |result| result.measure);
    let relative = threshold
        .comparison
        .is_relative()
        .then(|| against.compare(&threshold.metric, threshold.slice.as_ref()));
    let (facts, samples, note) = if let Some(compared) = &relative {
        let samples = compared.as_ref().map_or(0, |compared| compared.relative.pairs);
        let note = relative::note(threshold, compared);
        (relative::facts(threshold, compared), samples, note)
    } else {
        let facts = facts(threshold, measure, result);
        let unit = metric.map_or(Unit::Coefficient, |metric| metric.kind.unit());
        let trials = Trials::of(metric.map(|metric| &metric.kind), result);
        let note = words::note(threshold, unit, measure, &facts, trials);
        (facts, samples(measure, result), note)
    };
    // Without any data the rule still gates: a slice that is empty must not let a run pass.
    let gating = samples == 0 || samples >= threshold.min_samples;
    let counts_misses = threshold.comparison != Comparison::AtMost && threshold.value > 0.0;
    let errors = Errors::of(metric, result);
    let note = [
        words::too_few(samples, threshold),
        Some(note),
        undecided.note(),
        errors.note(),
    ];
    let policy = threshold.decided_by(suite.policy);
    let mut settled = (facts.evidence, verdict(policy, facts.point, facts.evidence));
    if undecided.is_any() {
        let kind = metric.map(|metric| &metric.kind);
        let others = undecided.other_facts(threshold, kind, measure, result, relative.as_ref());
        settled = both_ways(policy, facts, &others);
    }
    let compared = relative.and_then(Result::ok).map(|compared| compared.relative);
    RuleResult {
        threshold: threshold.clone(),
        measure,
        interval: match compared {
            Some(relative) => relative.bounds,
            None => result.and_then(|result| result.interval),
        },
        point: facts.point,
        evidence: settled.0,
        verdict: errors.verdict(settled.1),
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
        note: note.into_iter().flatten().collect::<Vec<_>>().join("; "),
        relative: compared,
    }
}

/// What a measure sums up: examples, where they were asked several times.
fn samples(measure: Measure, result: Option<&MetricResult>) -> u64 {
    match (measure, result.and_then(|result| result.method)) {
        (Measure::Undefined, _) => 0,
        (_, Some(IntervalMethod::Examples { count })) | (Measure::Value { count, .. }, _) => count,
        (Measure::Rate { total, .. }, _) => total,
    }
}

/// Outcomes without an answer, and what the metric makes of them.
struct Errors {
    errored: u64,
    excluded: u64,
    rule: ErrorRule,
    is_expense: bool,
}

impl Errors {
    fn of(metric: Option<&Metric>, result: Option<&MetricResult>) -> Self {
        Self {
            errored: result.map_or(0, |result| result.errored),
            excluded: result.map_or(0, |result| result.excluded),
            rule: metric.and_then(|metric| metric.errors).unwrap_or_default(),
            is_expense: metric.is_some_and(|metric| metric.kind.is_expense()),
        }
    }

    fn is_fault(&self) -> bool {
        self.errored > 0 && self.rule == ErrorRule::Error
    }

    /// A rule that takes no errors does not pass with one.
    fn verdict(&self, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Pass if self.is_fault() => Verdict::CannotTell,
            verdict => verdict,
        }
    }

    fn note(&self) -> Option<String> {
        let errored = self.errored;
        match self.rule {
            _ if errored == 0 => None,
            ErrorRule::Error => Some(format!(
                "{errored} without an answer, and the metric takes none: ask them again"
            )),
            ErrorRule::Exclude if !self.is_expense => Some(format!("{} without an answer are left out", self.excluded)),
            ErrorRule::Fail if !self.is_expense => Some(format!("{errored} without an answer count as failed")),
            _ => Some(format!("{errored} without an answer are left out")),
        }
    }
}

/// What a metric counts, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trials {
    /// What one is called, of several.
    unit: &'static str,
    /// What hangs together where they do: repeats of an example, or examples of a cluster.
    within: Option<IntervalMethod>,
    /// How the result's interval was found, or why there is none.
    method: Option<IntervalMethod>,
}

impl Trials {
    fn of(kind: Option<&MetricKind>, result: Option<&MetricResult>) -> Self {
        let within = result
            .filter(|result| matches!(result.measure, Measure::Rate { .. }) && !is_single(result))
            .and_then(|result| result.method);
        let is_single = result.is_none_or(is_single);
        let unit = match kind {
            Some(MetricKind::Recall(_)) if is_single => "positives",
            Some(MetricKind::Recall(_)) => "answers to positives",
            Some(MetricKind::Precision(_)) => "answers of this class",
            Some(kind) if kind.is_rate() && is_single => "examples",
            // Each repeat counts in these.
            Some(kind) if kind.is_rate() || kind.field().is_some() => "answers",
            Some(MetricKind::F1(_) | MetricKind::LatencyPercentile { .. }) => "answers",
            _ => "examples",
        };
        let method = result.and_then(|result| result.method);
        Self { unit, within, method }
    }
}

/// Whether a rate is one of independent trials, of which counts alone say how sure it is.
fn is_single(result: &MetricResult) -> bool {
    result.method == Some(IntervalMethod::Wilson)
}

/// What holds by these facts and by the others too: no evidence where they differ in it, no verdict where they differ
/// in that.
fn both_ways(policy: GatePolicy, facts: Facts, others: &[Facts]) -> (Evidence, Verdict) {
    let own = verdict(policy, facts.point, facts.evidence);
    let has_evidence =
        facts.evidence == Evidence::NoData || others.iter().all(|other| other.evidence == facts.evidence);
    let holds = others
        .iter()
        .all(|other| verdict(policy, other.point, other.evidence) == own);
    (
        if has_evidence {
            facts.evidence
        } else {
            Evidence::Inconclusive
        },
        if holds { own } else { Verdict::CannotTell },
    )
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

/// `result` says how sure the measure is; without one it is a share of independent trials.
fn facts(threshold: &Threshold, measure: Measure, result: Option<&MetricResult>) -> Facts {
    if let Measure::Rate { hits, total } = measure
        && result.is_none_or(is_single)
    {
        return rate_facts(threshold, hits, total).unwrap_or(NO_FACTS);
    }
    let Some(value) = measure.value().filter(|value| value.is_finite()) else {
        return NO_FACTS;
    };
    let limit = threshold.value;
    let bounds = result.map_or((None, None), |result| result.bounds);
    let (point, proven, refuted) = match threshold.comparison {
        Comparison::AtMost => (
            value <= limit,
            bounds.1.is_some_and(|upper| upper <= limit),
            bounds.0.is_some_and(|lower| lower > limit),
        ),
        Comparison::Equals => (value.total_cmp(&limit).is_eq(), false, false),
        _ => (
            value >= limit,
            bounds.0.is_some_and(|lower| lower >= limit),
            bounds.1.is_some_and(|upper| upper < limit),
        ),
    };
    let evidence = match (proven, refuted) {
        (true, _) => Evidence::Proven,
        (_, true) => Evidence::Refuted,
        _ => Evidence::Inconclusive,
    };
    Facts {
        point: Some(point),
        evidence,
        bounds,
    }
}

/// `None` without trials.
fn rate_facts(threshold: &Threshold, hits: u64, total: u64) -> Option<Facts> {
    let comparison = match threshold.comparison {
        Comparison::AtLeast => stats::Comparison::AtLeast,
        Comparison::AtMost => stats::Comparison::AtMost,
        Comparison::Equals => stats::Comparison::Equal,
        Comparison::NoWorseBy | Comparison::AtMostRatio => return None,
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
        bounds: (result.lower, result.upper),
    })
}

/// The slices that hold breaking examples, those first that chance explains least: by the one-sided p of Fisher's exact
/// test, that the slice misses no more often than all else. Of equal ones the larger first.
fn breaking_slices(threshold: &Threshold, results: &[MetricResult]) -> Vec<BreakingSlice> {
    let of_metric = || results.iter().filter(|result| result.metric == threshold.metric);
    let misses = |result: &MetricResult| match result.measure {
        Measure::Rate { hits, total } => Some((total.saturating_sub(hits), total)),
        _ => None,
    };
    let whole = of_metric().find(|result| result.slice.is_none()).and_then(misses);
    let chance = |(missed, total): (u64, u64)| {
        let (all_missed, all) = whole?;
        let elsewhere = (all_missed.checked_sub(missed)?, all.checked_sub(total)?);
        let test = stats::fisher_exact(elsewhere.0, elsewhere.1, missed, total).ok()?;
        Some(test.p_second_greater)
    };
    let mut ranked: Vec<(f64, BreakingSlice)> = of_metric()
        .filter(|result| threshold.slice.is_none() || result.slice == threshold.slice)
        .filter_map(|result| {
            let (count, total) = misses(result).filter(|(count, _)| *count > 0)?;
            let slice = result.slice.clone()?;
            Some((chance((count, total)).unwrap_or(1.0), BreakingSlice { slice, count }))
        })
        .collect();
    ranked.sort_by(|(p, one), (other_p, other)| {
        p.total_cmp(other_p)
            .then_with(|| other.count.cmp(&one.count))
            .then_with(|| one.slice.cmp(&other.slice))
    });
    ranked
        .into_iter()
        .take(BREAKING_SLICES_MAX)
        .map(|(_, breaking)| breaking)
        .collect()
}

#[cfg(test)]
mod tests;
