//! What a suite's rules take, before any run: misses allowed, examples to prove them, and how often they err.

use serde::Serialize;

use super::CONFIDENCE;
use super::measured::{self, AsMeasured};
use super::relative::{ASSUMED_DISCORDANCE, plan};
use crate::domain::gate::GatePolicy;
use crate::domain::metric::{GROUPS_MIN, Measure, Metric, MetricResult};
use crate::domain::run::RunEnd;
use crate::domain::suite::{Comparison, SuiteContent, Threshold};
use crate::domain::unit::Unit;
use crate::stats::{Decimal, gate_characteristic, misses_allowed, n_for_lower_bound, proof_characteristic};

/// How far from the threshold true rates are looked at.
const STEPS: [f64; 5] = [-0.05, -0.02, 0.0, 0.01, 0.02];
/// Misses for which the examples that prove a rule are told.
const PLANNED_MISSES: u64 = 3;

/// One rule over a number of examples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RulePlan {
    /// The rule.
    pub rule: String,
    /// What decides it.
    pub policy: GatePolicy,
    /// How many independent examples it is over.
    pub examples: u64,
    /// Misses with which the measured value still holds, or of a rule that caps a share the hits; `None` for a rule
    /// that is none on a share.
    pub misses_allowed: Option<u64>,
    /// Examples that prove it, with 0 misses, then with each one more; empty where no number would.
    pub examples_to_prove: Vec<u64>,
    /// Chance to pass by true rate.
    pub passes: Vec<PassChance>,
    /// Chance to pass of a version whose true rate is what the run measured; `None` where no run was named, and for a
    /// rule that is none on a rate.
    pub passes_as_measured: Option<PassChance>,
    /// Examples with which a version as good as the run's would prove it with a chance of 80 %; `None` where no run was
    /// named, and where no number would.
    pub examples_as_measured: Option<u64>,
    /// What the pairs of two runs can show, for a rule against the base.
    pub against_base: Option<String>,
    /// Why a part of the plan is missing; `None` where none is.
    pub unknown: Option<String>,
}

/// How a rule treats a version of a known rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PassChance {
    /// The true rate.
    pub true_rate: f64,
    /// Chance that the rule passes.
    pub passes: f64,
}

/// What plans rest on besides the suite.
#[derive(Debug, Clone, Copy, Default)]
pub struct Basis<'a> {
    /// Share of pairs of which two versions differ; that of the run, or an assumed one, where not given.
    pub discordance: Option<f64>,
    /// A run whose rates and spread stand for those of the version to come.
    pub run: Option<&'a RunEnd>,
}

/// What each rule takes over this many examples, a count for each rule.
pub fn plans(suite: &SuiteContent, examples: &[u64], basis: Basis<'_>) -> Vec<RulePlan> {
    let thresholds = suite.thresholds.iter().zip(examples);
    thresholds
        .map(|(threshold, examples)| rule_plan(suite, threshold, *examples, basis))
        .collect()
}

fn rule_plan(suite: &SuiteContent, threshold: &Threshold, examples: u64, basis: Basis<'_>) -> RulePlan {
    let metric = suite.metrics.iter().find(|metric| metric.name == threshold.metric);
    let is_rate = metric.is_some_and(|metric| metric.kind.is_rate());
    let floor = Floor::of(threshold).filter(|_| is_rate);
    let policy = threshold.decided_by(suite.policy);
    let is_margin = is_rate && threshold.comparison == Comparison::NoWorseBy;
    let examples_to_prove = floor.map(Floor::to_prove).unwrap_or_default();
    let result = basis.run.and_then(|run| measured::result(run, threshold));
    let as_measured = as_measured(threshold, metric, floor.map(|floor| (floor, policy, examples)), result);
    let unknown = match floor {
        _ if examples == 0 => Some("no example of the dataset is in it"),
        _ if examples == 1 && suite.cluster.is_some() => {
            Some("its examples are one cluster: no count proves it; more clusters are needed")
        }
        _ if examples < GROUPS_MIN && suite.cluster.is_some() => Some(
            "its examples are fewer than ten clusters, whose spread proves nothing unless all come out alike; \
             more clusters are needed",
        ),
        _ if is_margin => None,
        _ if basis.run.is_some() && result.is_none_or(|result| result.measure == Measure::Undefined) => {
            Some("the run measured nothing of it")
        }
        None if as_measured.examples.is_some() => None,
        None if basis.run.is_some() => Some("no number of examples like the run's proves it"),
        None => Some("how far its values spread is not known before a run"),
        Some(_) if examples_to_prove.is_empty() => Some("no number of examples proves that nothing ever misses"),
        Some(_) => None,
    };
    RulePlan {
        rule: threshold.text(metric.map_or(Unit::Coefficient, |metric| metric.kind.unit())),
        policy,
        examples,
        misses_allowed: floor.and_then(|floor| misses_allowed(examples, floor.share).ok().flatten()),
        examples_to_prove,
        passes: floor.map(|floor| floor.passes(policy, examples)).unwrap_or_default(),
        passes_as_measured: as_measured.passes,
        examples_as_measured: as_measured.examples,
        against_base: is_margin.then(|| against_base(threshold, examples, basis)),
        unknown: unknown.map(Into::into),
    }
}

fn as_measured(
    threshold: &Threshold,
    metric: Option<&Metric>,
    floor: Option<(Floor, GatePolicy, u64)>,
    result: Option<&MetricResult>,
) -> AsMeasured {
    let Some((result, metric)) = result.zip(metric) else {
        return AsMeasured::default();
    };
    match floor {
        Some((floor, policy, examples)) => measured::of_rate(floor, policy, examples, result),
        None => AsMeasured {
            passes: None,
            examples: measured::of_value(&metric.kind, threshold, result),
        },
    }
}

fn against_base(threshold: &Threshold, examples: u64, basis: Basis<'_>) -> String {
    let of_run = || measured::discordance(basis.run?, threshold);
    match (basis.discordance, of_run()) {
        (None, Some(discordance)) => plan(threshold.value, examples, discordance, "of the run and its base"),
        (given, _) => plan(
            threshold.value,
            examples,
            given.unwrap_or(ASSUMED_DISCORDANCE),
            "assumed",
        ),
    }
}

/// A rule on a share, as the least share of examples that must not count against it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    share: f64,
    /// Whether the rule caps the share instead, so that its hits are what counts against it.
    is_cap: bool,
    /// Whether one miss is one too many, whatever the policy.
    is_exact: bool,
}

impl Floor {
    /// `None` for a rule that is none on a share by itself.
    pub(super) fn of(threshold: &Threshold) -> Option<Self> {
        let value = threshold.value;
        let (share, is_cap) = match threshold.comparison {
            Comparison::AtLeast => (value, false),
            Comparison::AtMost => (complement(value), true),
            Comparison::Equals if value >= 1.0 => (1.0, false),
            Comparison::Equals if value <= 0.0 => (1.0, true),
            Comparison::Equals | Comparison::NoWorseBy | Comparison::AtMostRatio => return None,
        };
        let is_exact = threshold.comparison == Comparison::Equals;
        Some(Self {
            share,
            is_cap,
            is_exact,
        })
    }

    /// The share that does not count against it, where this is the rate.
    pub(super) fn share_of(self, rate: f64) -> f64 {
        if self.is_cap { complement(rate) } else { rate }
    }

    /// The share of which a larger one can be proven; none where no miss is allowed.
    pub(super) fn provable(self) -> Option<f64> {
        (!self.is_exact && self.share < 1.0).then_some(self.share)
    }

    fn to_prove(self) -> Vec<u64> {
        let needed = |misses| n_for_lower_bound(self.share, CONFIDENCE, misses).ok().flatten();
        (0..PLANNED_MISSES).map_while(needed).collect()
    }

    fn passes(self, policy: GatePolicy, examples: u64) -> Vec<PassChance> {
        let rates = STEPS.iter().map(|step| self.share + step);
        rates
            .filter(|rate| (0.0..=1.0).contains(rate))
            .filter_map(|rate| {
                Some(PassChance {
                    true_rate: self.share_of(rate),
                    passes: self.chance(policy, examples, rate)?,
                })
            })
            .collect()
    }

    /// Chance to pass where this share does not count against it.
    pub(super) fn chance(self, policy: GatePolicy, examples: u64, rate: f64) -> Option<f64> {
        let by_point = || {
            let limit: Decimal = self.share.to_string().parse().ok()?;
            Some(gate_characteristic(examples, limit, rate).ok()?.p_pass)
        };
        match policy {
            _ if self.is_exact => by_point(),
            GatePolicy::Point => by_point(),
            GatePolicy::Proven => Some(
                proof_characteristic(examples, self.share, CONFIDENCE, rate)
                    .ok()?
                    .p_pass,
            ),
            // It is refuted where the misses are proven to be more than it allows.
            GatePolicy::NotRefuted => {
                let (misses, allowed) = (complement(rate), complement(self.share));
                Some(1.0 - proof_characteristic(examples, allowed, CONFIDENCE, misses).ok()?.p_pass)
            }
        }
    }
}

/// 1 less a share, without the digits that come of subtracting fractions of two: 0.06, not 0.06000000000000005.
fn complement(share: f64) -> f64 {
    ((1.0 - share) * 1e12).round() / 1e12
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evals::samples::{threshold, triage_suite};

    fn differing(discordance: f64) -> Basis<'static> {
        Basis {
            discordance: Some(discordance),
            run: None,
        }
    }

    #[test]
    fn the_plan_of_the_story_has_its_published_numbers() {
        let mut suite = triage_suite();
        suite.thresholds = vec![
            threshold("escalation_recall", Comparison::AtLeast, 0.98),
            threshold("routing_accuracy", Comparison::AtLeast, 0.94),
            threshold("routing_accuracy", Comparison::NoWorseBy, 0.01),
        ];
        let [recall, routing, base] = &plans(&suite, &[35; 3], differing(0.04))[..] else {
            panic!("three rules")
        };
        assert_eq!(recall.misses_allowed, Some(0));
        assert_eq!(recall.examples_to_prove, [149, 236, 313]);
        let chance = |plan: &RulePlan, rate: f64| {
            let found = plan.passes.iter().find(|chance| (chance.true_rate - rate).abs() < 1e-9);
            found.unwrap().passes
        };
        // "With 35 positives a true recall of 0.99 fails 29.7 % of the time, 0.98 fails 50.7 %."
        assert!((chance(recall, 0.99) - 0.703).abs() < 5e-4);
        assert!((chance(recall, 0.98) - 0.493).abs() < 5e-4);
        assert_eq!(routing.examples_to_prove[0], 49);
        assert!(base.passes.is_empty());
        assert!(
            base.against_base
                .as_ref()
                .unwrap()
                .contains("no worse than 1 point takes 2474")
        );
    }

    #[test]
    fn every_kind_of_rule_has_a_plan_or_says_why_not() {
        let mut suite = triage_suite();
        let rules = [
            (Comparison::AtMost, 0.06, GatePolicy::Point),
            (Comparison::AtLeast, 0.94, GatePolicy::Point),
            (Comparison::AtLeast, 0.94, GatePolicy::NotRefuted),
            (Comparison::Equals, 1.0, GatePolicy::Proven),
            (Comparison::NoWorseBy, 0.01, GatePolicy::Proven),
        ];
        let rule = |(comparison, value, policy): (Comparison, f64, GatePolicy)| Threshold {
            policy: Some(policy),
            ..threshold("routing_accuracy", comparison, value)
        };
        suite.thresholds = rules.map(rule).to_vec();
        suite.metrics.push(crate::domain::metric::Metric::new(
            "speed",
            crate::domain::metric::MetricKind::LatencyMean,
        ));
        suite.thresholds.push(threshold("speed", Comparison::AtMostRatio, 1.1));
        let [cap, floor, weak, exact, margin, ratio] = &plans(&suite, &[240; 6], differing(0.05))[..] else {
            panic!("six rules")
        };
        assert_eq!((cap.misses_allowed, cap.unknown.as_ref()), (floor.misses_allowed, None));
        assert_eq!(cap.examples_to_prove, floor.examples_to_prove);
        let chances = |plan: &RulePlan| plan.passes.iter().map(|chance| chance.passes).collect::<Vec<_>>();
        assert_eq!(chances(cap), chances(floor));
        assert!((cap.passes[0].true_rate + floor.passes[0].true_rate - 1.0).abs() < 1e-9);
        // What the point lets through is never refuted, and much else is not either.
        assert!(
            chances(weak)
                .iter()
                .zip(chances(floor))
                .all(|(weak, floor)| *weak >= floor)
        );
        assert_eq!(exact.misses_allowed, Some(0));
        // 0.98 to the 240th.
        assert!((exact.passes[1].passes - 0.98_f64.powi(240)).abs() < 1e-9);
        assert!(exact.unknown.as_ref().unwrap().starts_with("no number of examples"));
        assert!(margin.against_base.is_some() && margin.unknown.is_none());
        assert!(ratio.unknown.as_ref().unwrap().contains("not known before a run"));
    }

    #[test]
    fn a_rule_over_one_cluster_says_that_no_count_proves_it() {
        let mut suite = triage_suite();
        suite.thresholds = vec![threshold("routing_accuracy", Comparison::AtLeast, 0.8)];
        assert_eq!(plans(&suite, &[1], differing(0.05))[0].unknown, None);
        suite.cluster = Some("topic".into());
        let unknown = plans(&suite, &[1], differing(0.05))[0].unknown.clone().unwrap();
        assert!(unknown.contains("no count proves it"), "{unknown}");
        let few = plans(&suite, &[9], differing(0.05))[0].unknown.clone().unwrap();
        assert!(few.contains("fewer than ten clusters"), "{few}");
        assert_eq!(plans(&suite, &[10], differing(0.05))[0].unknown, None);
    }
}
