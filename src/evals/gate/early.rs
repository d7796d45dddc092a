//! Whether a gate is decided before all is asked: whatever the rest answers, its verdict stays the same.
//!
//! The rest can do no more for a share than to hit with every example, and no worse than to miss with every one.
//! Points, bounds and verdicts follow the share in one direction, so where both of these ends have one verdict, all
//! that lies between them has it, also where only some of the rest counts for the share. Sums of which the rest can
//! be anything (latency, cost, F1) never decide, nor do rules against the base run. Where outcomes hang together, as
//! repeats and clusters do, only a measured value decides: how sure it is does not follow the share alone.

use super::{facts, together, verdict};
use crate::domain::gate::{GatePolicy, Verdict};
use crate::domain::metric::{ErrorRule, Measure};
use crate::domain::suite::{Comparison, SuiteContent, Threshold};
use crate::evals::metrics::Tally;

/// The verdict that a run has whatever the `left` outcomes answer; `None` while that is open.
pub fn decided(suite: &SuiteContent, tally: &Tally, left: u64) -> Option<Verdict> {
    let rules: Vec<Option<Verdict>> = suite
        .thresholds
        .iter()
        .map(|threshold| decided_rule(suite, threshold, tally, left))
        .collect();
    if rules.contains(&Some(Verdict::Fail)) {
        return Some(Verdict::Fail);
    }
    let rules: Option<Vec<Verdict>> = rules.into_iter().collect();
    let all = together(rules?.into_iter());
    (all == Verdict::Pass).then_some(all)
}

fn decided_rule(suite: &SuiteContent, threshold: &Threshold, tally: &Tally, left: u64) -> Option<Verdict> {
    let metric = suite.metrics.iter().find(|metric| metric.name == threshold.metric)?;
    let policy = threshold.decided_by(suite.policy);
    let is_counted = tally.is_independent() || (policy == GatePolicy::Point && threshold.min_samples <= 1);
    // Of an exact value only the point is known to follow the share, and only at its ends.
    let is_end = threshold.value <= 0.0 || threshold.value >= 1.0;
    let is_exact = threshold.comparison == Comparison::Equals;
    let is_open = !metric.kind.is_rate() || threshold.comparison.is_relative() || !is_counted;
    if is_open || (is_exact && !(is_end && policy == GatePolicy::Point)) {
        return None;
    }
    let (hits, total) = tally.share(&threshold.metric, threshold.slice.as_ref())?;
    // A rule that does not gate yet may gate at the end, or not.
    if total == 0 || total < threshold.min_samples {
        return None;
    }
    let at = |hits, total| {
        let facts = facts(threshold, Measure::Rate { hits, total }, None);
        verdict(policy, facts.point, facts.evidence)
    };
    // Those without a verdict may count either way, as the rest may.
    let open = left + tally.undecided(&threshold.metric, threshold.slice.as_ref());
    let (worst, best) = (
        at(hits, total + left),
        at((hits + open).min(total + left), total + left),
    );
    // An error among the rest could still keep such a rule from passing.
    let may_err = metric.errors == Some(ErrorRule::Error) && worst != Verdict::Fail;
    (worst == best && !may_err).then_some(worst)
}

#[cfg(test)]
mod tests;
