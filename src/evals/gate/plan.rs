//! What a suite's rules take, before any run: misses allowed, examples to prove them, and how often they err.

use serde::Serialize;

use super::CONFIDENCE;
use super::relative::plan;
use crate::domain::gate::GatePolicy;
use crate::domain::suite::{Comparison, SuiteContent, Threshold};
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
    /// Misses with which the measured value still holds; `None` for a rule that allows none, or is no share.
    pub misses_allowed: Option<u64>,
    /// Examples that prove it, with 0 misses, then with each one more; empty where no number would.
    pub examples_to_prove: Vec<u64>,
    /// Chance to pass by true rate.
    pub passes: Vec<PassChance>,
    /// What the pairs of two runs can show, for a rule against the base.
    pub against_base: Option<String>,
}

/// How a rule treats a version of a known rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PassChance {
    /// The true rate.
    pub true_rate: f64,
    /// Chance that the rule passes.
    pub passes: f64,
}

/// What each rule takes over this many examples. `discordance` is the share of pairs of which two versions differ.
pub fn plans(suite: &SuiteContent, examples: u64, discordance: f64) -> Vec<RulePlan> {
    let thresholds = suite.thresholds.iter();
    thresholds
        .map(|threshold| rule_plan(suite, threshold, examples, discordance))
        .collect()
}

fn rule_plan(suite: &SuiteContent, threshold: &Threshold, examples: u64, discordance: f64) -> RulePlan {
    let metric = suite.metrics.iter().find(|metric| metric.name == threshold.metric);
    let is_rate = metric.is_some_and(|metric| metric.kind.is_rate());
    let is_floor = is_rate && threshold.comparison == Comparison::AtLeast;
    let policy = threshold.decided_by(suite.policy);
    let is_margin = threshold.comparison == Comparison::NoWorseBy;
    RulePlan {
        rule: threshold.to_string(),
        policy,
        misses_allowed: is_floor
            .then(|| misses_allowed(examples, threshold.value).ok().flatten())
            .flatten(),
        examples_to_prove: if is_floor {
            to_prove(threshold.value)
        } else {
            Vec::new()
        },
        passes: if is_floor {
            passes(policy, threshold.value, examples)
        } else {
            Vec::new()
        },
        against_base: is_margin.then(|| plan(threshold.value, examples, discordance, "assumed")),
    }
}

fn to_prove(threshold: f64) -> Vec<u64> {
    let needed = |misses| n_for_lower_bound(threshold, CONFIDENCE, misses).ok().flatten();
    (0..PLANNED_MISSES).map_while(needed).collect()
}

fn passes(policy: GatePolicy, threshold: f64, examples: u64) -> Vec<PassChance> {
    let chance = |true_rate| match policy {
        GatePolicy::Point => {
            let limit: Decimal = threshold.to_string().parse().ok()?;
            gate_characteristic(examples, limit, true_rate).ok()
        }
        GatePolicy::Proven => proof_characteristic(examples, threshold, CONFIDENCE, true_rate).ok(),
        GatePolicy::NotRefuted => None,
    };
    let rates = STEPS.iter().map(|step| threshold + step);
    rates
        .filter(|rate| (0.0..=1.0).contains(rate))
        .filter_map(|true_rate| {
            let passes = chance(true_rate)?.p_pass;
            Some(PassChance { true_rate, passes })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evals::samples::{threshold, triage_suite};

    #[test]
    fn the_plan_of_the_story_has_its_published_numbers() {
        let mut suite = triage_suite();
        suite.thresholds = vec![
            threshold("escalation_recall", Comparison::AtLeast, 0.98),
            threshold("routing_accuracy", Comparison::AtLeast, 0.94),
            threshold("routing_accuracy", Comparison::NoWorseBy, 0.01),
        ];
        let [recall, routing, base] = &plans(&suite, 35, 0.04)[..] else {
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
}
