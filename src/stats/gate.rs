//! A gate on one rate: what the counts say by themselves, what they prove, and what the policy makes of both.

use super::{Method, Side, StatsError, check_threshold, first_true, proportion_bound, rate};

/// Decimals of a printed rate: at least three, and no more than tell anything.
const DECIMALS_MIN: usize = 3;
const DECIMALS_MAX: usize = 12;

/// How a rate must stand to its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `==`, only with threshold 0 or 1: always or never.
    Equal,
}

/// Which of the two facts decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The rate as measured.
    Point,
    /// The evidence must prove it: for safety metrics.
    Proven,
    /// The evidence must not refute it: weak, never for safety metrics.
    NotRefuted,
}

/// The rate as measured, against the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// It stands as asked.
    Pass,
    /// It does not.
    Fail,
    /// There are no trials.
    NoData,
}

/// What the counts show about the true rate, at the given confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The bound on the bad side still meets the threshold.
    Proven,
    /// Even the bound on the good side misses it, or an equality gate has a violation.
    Refuted,
    /// The threshold lies between the bounds.
    Inconclusive,
    /// An equality gate without a violation: a fact about these trials, not about the true rate.
    ZeroViolations,
    /// There are no trials.
    NoData,
}

/// What the policy makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The gate opens.
    Pass,
    /// It stays shut.
    Fail,
    /// No trials: it stays shut whatever the policy, since an empty slice must never pass.
    Blocked,
}

/// The two facts about a gated rate, and the verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateResult {
    /// First fact: the rate as measured.
    pub point: Point,
    /// Second fact: what the counts show.
    pub evidence: Evidence,
    /// What the policy makes of the two.
    pub verdict: Verdict,
    /// One-sided lower bound, by Clopper and Pearson, of the rate; `None` without trials.
    pub lower: Option<f64>,
    /// One-sided upper bound, by Clopper and Pearson, of the rate; `None` without trials.
    pub upper: Option<f64>,
}

/// Settles a gate on `k` of `n` (vector `threshold_gate`).
///
/// `>=`: the point passes if `k/n >= threshold`; proven if the lower bound is at least the threshold, refuted if the
/// upper one is below it. `<=` is the mirror image. The bounds are one-sided Clopper-Pearson bounds at `confidence`.
/// The division is compared as it is: IEEE division is correctly rounded, so 49/50 meets 0.98.
///
/// Errors: `k > n`; confidence outside (1/2, 1); threshold outside 0 to 1; an equality gate with another than 0 or 1.
pub fn threshold_gate(
    k: u64,
    n: u64,
    comparison: Comparison,
    threshold: f64,
    confidence: f64,
    policy: Policy,
) -> Result<GateResult, StatsError> {
    threshold_gate_by(Method::ClopperPearson, k, n, comparison, threshold, confidence, policy)
}

/// [`threshold_gate`] with bounds of another method, for comparison; gates that decide use exact bounds.
///
/// Errors: as [`threshold_gate`].
pub fn threshold_gate_by(
    method: Method,
    k: u64,
    n: u64,
    comparison: Comparison,
    threshold: f64,
    confidence: f64,
    policy: Policy,
) -> Result<GateResult, StatsError> {
    check_threshold(threshold)?;
    let violations = match comparison {
        Comparison::AtLeast | Comparison::AtMost => None,
        Comparison::Equal if threshold >= 1.0 => Some(n.saturating_sub(k)),
        Comparison::Equal if threshold <= 0.0 => Some(k),
        Comparison::Equal => return Err(StatsError::EqualityNeedsZeroOrOne(threshold)),
    };
    let lower = proportion_bound(k, n, confidence, Side::Lower, method)?.bound;
    let upper = proportion_bound(k, n, confidence, Side::Upper, method)?.bound;
    let Some(measured) = rate(k, n) else {
        let (point, evidence, verdict) = (Point::NoData, Evidence::NoData, Verdict::Blocked);
        return Ok(GateResult {
            point,
            evidence,
            verdict,
            lower: None,
            upper: None,
        });
    };
    let (is_met, is_proven, is_refuted) = match comparison {
        Comparison::AtMost => (measured <= threshold, upper <= threshold, lower > threshold),
        Comparison::AtLeast | Comparison::Equal => (measured >= threshold, lower >= threshold, upper < threshold),
    };
    let evidence = match violations {
        Some(0) => Evidence::ZeroViolations,
        Some(_) => Evidence::Refuted,
        None if is_proven => Evidence::Proven,
        None if is_refuted => Evidence::Refuted,
        None => Evidence::Inconclusive,
    };
    let point = if violations.map_or(is_met, |violations| violations == 0) {
        Point::Pass
    } else {
        Point::Fail
    };
    let verdict = verdict(point, evidence, policy);
    Ok(GateResult {
        point,
        evidence,
        verdict,
        lower: Some(lower),
        upper: Some(upper),
    })
}

fn verdict(point: Point, evidence: Evidence, policy: Policy) -> Verdict {
    let passes = match policy {
        Policy::Point => point == Point::Pass,
        Policy::Proven => matches!(evidence, Evidence::Proven | Evidence::ZeroViolations),
        Policy::NotRefuted => evidence != Evidence::Refuted,
    };
    if passes { Verdict::Pass } else { Verdict::Fail }
}

/// The most misses among `n` with which a `>=` gate's point still passes (vector `misses_allowed`); `None` for `n = 0`.
/// A threshold of 0.98 allows no miss below 50 examples. Compares as [`threshold_gate`] does.
///
/// Errors: threshold outside 0 to 1.
pub fn misses_allowed(n: u64, threshold: f64) -> Result<Option<u64>, StatsError> {
    check_threshold(threshold)?;
    if n == 0 {
        return Ok(None);
    }
    let passes = |misses: u64| (n - misses) as f64 / n as f64 >= threshold;
    if passes(n) {
        return Ok(Some(n));
    }
    Ok(Some(first_true(0, n, |misses| !passes(misses)) - 1))
}

/// Decimals to print a rate with, so that what is printed stands to the threshold as the rate does: 0.9796 must not
/// show as 0.98 beside the word "fail". At least three.
pub fn rate_decimals(rate: f64, threshold: f64) -> usize {
    let shows_the_order = |decimals: &usize| {
        let printed: f64 = format!("{rate:.decimals$}").parse().unwrap_or(rate);
        printed.partial_cmp(&threshold) == rate.partial_cmp(&threshold)
    };
    (DECIMALS_MIN..DECIMALS_MAX)
        .find(shows_the_order)
        .unwrap_or(DECIMALS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_slice_never_passes() {
        for policy in [Policy::Point, Policy::Proven, Policy::NotRefuted] {
            for (comparison, threshold) in [
                (Comparison::AtLeast, 0.0),
                (Comparison::AtMost, 1.0),
                (Comparison::Equal, 1.0),
            ] {
                let result = threshold_gate(0, 0, comparison, threshold, 0.95, policy).unwrap();
                assert_eq!((result.verdict, result.evidence), (Verdict::Blocked, Evidence::NoData));
            }
        }
    }

    #[test]
    fn a_rate_on_its_threshold_passes() {
        for (k, n, threshold) in [(49, 50, 0.98), (3, 10, 0.3), (94, 100, 0.94), (7, 10, 0.7)] {
            for comparison in [Comparison::AtLeast, Comparison::AtMost] {
                let result = threshold_gate(k, n, comparison, threshold, 0.95, Policy::Point).unwrap();
                assert_eq!(result.point, Point::Pass, "{k}/{n}");
            }
        }
    }

    #[test]
    fn never_is_an_equality_gate_too() {
        let gate = |k| threshold_gate(k, 40, Comparison::Equal, 0.0, 0.95, Policy::Proven).unwrap();
        assert_eq!(
            (gate(0).evidence, gate(0).verdict),
            (Evidence::ZeroViolations, Verdict::Pass)
        );
        assert_eq!((gate(1).point, gate(1).evidence), (Point::Fail, Evidence::Refuted));
    }

    #[test]
    fn a_threshold_that_is_no_share_is_refused() {
        for threshold in [-0.1, 1.1, f64::NAN] {
            assert!(threshold_gate(1, 2, Comparison::AtLeast, threshold, 0.95, Policy::Point).is_err());
            assert!(misses_allowed(2, threshold).is_err());
        }
    }

    #[test]
    fn misses_allowed_is_the_last_that_passes() {
        for n in 1..300 {
            for threshold in [0.0, 0.5, 0.94, 0.98, 1.0] {
                let allowed = misses_allowed(n, threshold).unwrap().unwrap();
                let passes = |misses: u64| (n - misses) as f64 / n as f64 >= threshold;
                assert!(
                    passes(allowed) && (allowed == n || !passes(allowed + 1)),
                    "{n} at {threshold}"
                );
            }
        }
        assert_eq!(misses_allowed(0, 0.5).unwrap(), None);
    }

    #[test]
    fn a_printed_rate_never_contradicts_the_verdict() {
        for (rate, threshold, decimals) in [(0.9796, 0.98, 4), (0.5, 0.98, 3), (0.98, 0.98, 3), (0.979_96, 0.98, 5)] {
            assert_eq!(rate_decimals(rate, threshold), decimals, "{rate}");
        }
    }
}
