//! Rules of one suite that cannot stand beside each other.

use super::{Comparison, SuiteContent, Threshold};
use crate::domain::gate::GatePolicy;

impl SuiteContent {
    /// The rules that cannot stand beside an earlier one, each with the earlier one, both by their place, and why.
    pub fn clashes(&self) -> Vec<(usize, usize, &'static str)> {
        let rules = self.thresholds.iter().enumerate();
        let clash = |(at, rule): (usize, &Threshold)| {
            let mut earlier = self.thresholds.iter().take(at).enumerate();
            earlier.find_map(|(before, other)| Some((at, before, other.clash(rule, self.policy)?)))
        };
        rules.filter_map(clash).collect()
    }
}

impl Threshold {
    /// Why it cannot stand beside the other one in a suite of this policy: no value satisfies both, or one of them
    /// never decides anything.
    fn clash(&self, other: &Self, suite: GatePolicy) -> Option<&'static str> {
        if self.metric != other.metric || self.slice != other.slice {
            return None;
        }
        if excludes(self, other) || excludes(other, self) {
            return Some("no value satisfies both");
        }
        // A point result of 0.95 beside a proof of 0.9 are two questions; so is a milder rule for fewer samples.
        let same_question = self.comparison == other.comparison && self.decided_by(suite) == other.decided_by(suite);
        if same_question && (decides_all(self, other) || decides_all(other, self)) {
            return Some("the stricter one alone decides");
        }
        None
    }
}

/// Whether the value of a rule that wants much is out of what the other one allows.
fn excludes(low: &Threshold, high: &Threshold) -> bool {
    let is_lower = matches!(low.comparison, Comparison::AtLeast | Comparison::Equals);
    let is_upper = matches!(high.comparison, Comparison::AtMost | Comparison::Equals);
    is_lower && is_upper && low.value > high.value
}

/// Whether the first of two rules of one comparison asks as much as the second, of as few samples.
fn decides_all(strict: &Threshold, mild: &Threshold) -> bool {
    let asks_more = match strict.comparison {
        Comparison::AtLeast => strict.value >= mild.value,
        Comparison::AtMost | Comparison::NoWorseBy | Comparison::AtMostRatio => strict.value <= mild.value,
        Comparison::Equals => true,
    };
    asks_more && strict.min_samples <= mild.min_samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metric::{Slice, SlicePart};

    fn rule(comparison: Comparison, value: f64) -> Threshold {
        Threshold {
            metric: "accuracy".into(),
            slice: None,
            comparison,
            value,
            min_samples: 1,
            policy: None,
        }
    }

    fn clash(one: &Threshold, other: &Threshold) -> Option<&'static str> {
        let told = one.clash(other, GatePolicy::Point);
        assert_eq!(told, other.clash(one, GatePolicy::Point), "{one} {other}");
        told
    }

    #[test]
    fn rules_that_no_value_satisfies_clash() {
        use Comparison::{AtLeast, AtMost, Equals};
        for (one, other) in [
            (rule(AtLeast, 0.95), rule(AtMost, 0.9)),
            (rule(AtLeast, 0.1), rule(Equals, 0.0)),
            (rule(AtMost, 0.9), rule(Equals, 1.0)),
            (rule(Equals, 0.0), rule(Equals, 1.0)),
        ] {
            assert_eq!(clash(&one, &other), Some("no value satisfies both"), "{one} {other}");
        }
        assert_eq!(clash(&rule(AtLeast, 0.9), &rule(AtMost, 0.9)), None);
        assert_eq!(clash(&rule(AtLeast, 0.9), &rule(Equals, 1.0)), None);
        let slice = Slice::crossed([SlicePart {
            field: "topic".into(),
            value: "billing".into(),
        }]);
        let of_slice = Threshold {
            slice,
            ..rule(AtMost, 0.5)
        };
        assert_eq!(clash(&rule(AtLeast, 0.9), &of_slice), None);
    }

    #[test]
    fn the_same_rule_twice_clashes_where_one_never_decides() {
        use Comparison::{AtLeast, AtMost, AtMostRatio, NoWorseBy};
        for comparison in [AtLeast, AtMost, NoWorseBy, AtMostRatio] {
            let told = clash(&rule(comparison, 0.9), &rule(comparison, 0.8));
            assert_eq!(told, Some("the stricter one alone decides"), "{comparison:?}");
        }
        let proven = Threshold {
            policy: Some(GatePolicy::Proven),
            ..rule(AtLeast, 0.8)
        };
        assert_eq!(clash(&rule(AtLeast, 0.9), &proven), None);
        let of_many = Threshold {
            min_samples: 100,
            ..rule(AtLeast, 0.9)
        };
        assert_eq!(clash(&of_many, &rule(AtLeast, 0.8)), None);
        assert!(clash(&of_many, &rule(AtLeast, 0.9)).is_some());
        assert!(clash(&rule(AtLeast, 0.9), &rule(AtLeast, 0.9)).is_some());
    }
}
