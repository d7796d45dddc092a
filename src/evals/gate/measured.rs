//! What a run that was measured says of the examples that a rule takes.

use super::CONFIDENCE;
use super::plan::{Floor, PassChance};
use crate::domain::gate::GatePolicy;
use crate::domain::metric::{Measure, MetricKind, MetricResult};
use crate::domain::run::RunEnd;
use crate::domain::suite::{Comparison, Threshold};
use crate::stats::proof_characteristic;
use crate::stats::special::norm_ppf;

/// Chance of a proof for which examples are planned.
const POWER: f64 = 0.8;
/// Most examples that a plan names: more are no plan.
const EXAMPLES_MAX: u64 = 10_000_000;

/// What a version as good as the one that a run measured would do.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct AsMeasured {
    /// Its chance to pass, of a rule on a rate.
    pub(super) passes: Option<PassChance>,
    /// Examples with which it would be proven with a chance of 80 %.
    pub(super) examples: Option<u64>,
}

/// The result of the run that a rule is about.
pub(super) fn result<'a>(run: &'a RunEnd, threshold: &Threshold) -> Option<&'a MetricResult> {
    let mut results = run.results.iter();
    results.find(|result| result.metric == threshold.metric && result.slice == threshold.slice)
}

/// Share of pairs of which the run and its base differ, as the gate's own rule over them counted.
pub(super) fn discordance(run: &RunEnd, threshold: &Threshold) -> Option<f64> {
    let rules = run.gate.as_ref()?.rules.iter();
    let mut rules =
        rules.filter(|rule| rule.threshold.metric == threshold.metric && rule.threshold.slice == threshold.slice);
    let relative = rules.find_map(|rule| rule.relative)?;
    let (broken, fixed) = relative.flips?;
    (relative.pairs > 0).then(|| (broken + fixed) as f64 / relative.pairs as f64)
}

/// For a rule on a share: its chance over this many examples, and the examples that prove it.
pub(super) fn of_rate(floor: Floor, policy: GatePolicy, examples: u64, result: &MetricResult) -> AsMeasured {
    let Measure::Rate {
        hits,
        total: total @ 1..,
    } = result.measure
    else {
        return AsMeasured::default();
    };
    let true_rate = hits as f64 / total as f64;
    let share = floor.share_of(true_rate);
    let passes = floor.chance(policy, examples, share);
    AsMeasured {
        passes: passes.map(|passes| PassChance { true_rate, passes }),
        examples: floor.provable().and_then(|limit| proving(limit, share)),
    }
}

/// The least number of examples with which a true share above the limit is proven with the planned chance, to about one
/// part in a thousand: the chance goes up in a sawtooth.
fn proving(limit: f64, share: f64) -> Option<u64> {
    let is_enough = |count| {
        let chance = proof_characteristic(count, limit, CONFIDENCE, share);
        chance.is_ok_and(|chance| chance.p_pass >= POWER)
    };
    if share <= limit {
        return None;
    }
    let mut enough = 1;
    while !is_enough(enough) {
        enough *= 2;
        if enough > EXAMPLES_MAX {
            return None;
        }
    }
    let mut few = enough / 2;
    while enough - few > 1 + enough / 1_000 {
        let middle = u64::midpoint(few, enough);
        if is_enough(middle) {
            enough = middle;
        } else {
            few = middle;
        }
    }
    Some(enough)
}

/// For a rule on another number: how many examples that spread as the run's did prove it, by the normal law: its bound
/// comes nearer with the root of their number. `None` of a percentile, whose bound does not.
pub(super) fn of_value(kind: &MetricKind, threshold: &Threshold, result: &MetricResult) -> Option<u64> {
    let Measure::Value { value, count } = result.measure else {
        return None;
    };
    let (bound, room) = match threshold.comparison {
        Comparison::AtLeast => (result.bounds.0?, value - threshold.value),
        Comparison::AtMost => (result.bounds.1?, threshold.value - value),
        _ => return None,
    };
    if kind.percentile().is_some() || room <= 0.0 {
        return None;
    }
    let (bounding, planned) = (norm_ppf(CONFIDENCE), norm_ppf(POWER));
    let wanted = (value - bound).abs() * (bounding + planned) / bounding;
    let needed = (count as f64 * (wanted / room).powi(2)).ceil();
    whole(needed.max(2.0))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number that is within the range"
)]
fn whole(count: f64) -> Option<u64> {
    (count <= EXAMPLES_MAX as f64).then_some(count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metric::IntervalMethod;
    use crate::evals::samples::threshold;

    fn measured(measure: Measure, bounds: (Option<f64>, Option<f64>)) -> MetricResult {
        MetricResult {
            metric: "routing_accuracy".into(),
            slice: None,
            measure,
            interval: None,
            missed: Vec::new(),
            errored: 0,
            excluded: 0,
            bounds,
            method: Some(IntervalMethod::OrderStatistics),
        }
    }

    #[test]
    fn a_rate_plans_what_was_published_for_it() {
        let rule = threshold("routing_accuracy", Comparison::AtLeast, 0.94);
        let floor = Floor::of(&rule).unwrap();
        let plan = |hits, total| {
            let result = measured(Measure::Rate { hits, total }, (None, None));
            of_rate(floor, GatePolicy::Point, 240, &result)
        };
        // "True 0.958 passes 91.7 %; to have 80 % power to prove 0.94 with true 0.958 takes about 1,050 examples, about
        // 320 if the truth is 0.97."
        let story = plan(958, 1_000);
        assert!((story.passes.unwrap().passes - 0.917).abs() < 5e-4, "{story:?}");
        assert!((1_000..1_100).contains(&story.examples.unwrap()), "{story:?}");
        let better = plan(97, 100).examples.unwrap();
        assert!((300..350).contains(&better), "{better}");
        assert_eq!(plan(94, 100).examples, None);
        assert_eq!(plan(0, 0), AsMeasured::default());
        let cap = Floor::of(&threshold("refusals", Comparison::AtMost, 0.06)).unwrap();
        let result = measured(Measure::Rate { hits: 42, total: 1_000 }, (None, None));
        assert_eq!(of_rate(cap, GatePolicy::Point, 240, &result).examples, story.examples);
    }

    #[test]
    fn a_mean_is_proven_where_its_bound_comes_near_enough() {
        let kind = MetricKind::LatencyMean;
        let rule = threshold("latency", Comparison::AtMost, 500.0);
        let result = |value, upper| measured(Measure::Value { value, count: 100 }, (None, upper));
        // With 100 examples the bound is 16.449 away, so that their spread is 100: (1.6449 + 0.8416)^2 100^2 / 50^2.
        assert_eq!(of_value(&kind, &rule, &result(450.0, Some(466.449))), Some(25));
        assert_eq!(of_value(&kind, &rule, &result(500.0, Some(516.0))), None);
        assert_eq!(of_value(&kind, &rule, &result(450.0, None)), None);
        let percentile = MetricKind::LatencyPercentile { percentile: 95.0 };
        assert_eq!(of_value(&percentile, &rule, &result(450.0, Some(466.0))), None);
    }
}
