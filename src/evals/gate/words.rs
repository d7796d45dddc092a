//! The sentences of a gate.

use super::{CONFIDENCE, Facts, Trials};
use crate::domain::gate::{BreakingSlice, Evidence, RuleResult, Verdict};
use crate::domain::ids::ExampleId;
use crate::domain::metric::{GROUPS_FEW, GROUPS_MIN, IntervalMethod, MISSED_MAX, Measure};
use crate::domain::suite::{Comparison, Threshold};
use crate::domain::unit::{Unit, Units};
use crate::stats::{hits_for_lower_bound, misses_allowed, n_for_lower_bound, rate_decimals};

/// Breaking examples that a sentence names; the rule has the others.
const EXAMPLES_NAMED_MAX: usize = 3;
/// How many misses the plan for a proof goes through.
const PLANNED_MISSES: u64 = 3;

/// A measured number with as many digits as it takes not to contradict the verdict.
pub(super) fn number(unit: Unit, measure: Measure, threshold: f64) -> String {
    match measure.value() {
        Some(value) => shown(unit.of_measure(measure), value, threshold),
        None => "no data".into(),
    }
}

/// The same of a bound. A share is a percentage that is 0 or 100 only where it is exactly that.
pub(super) fn shown(unit: Unit, value: f64, threshold: f64) -> String {
    let beside = rate_decimals(value, threshold);
    match unit {
        Unit::Share => {
            let decimals = beside.max(rate_decimals(value, 0.0)).max(rate_decimals(value, 1.0)) - 2;
            format!("{:.decimals$}%", value * 100.0)
        }
        _ if value.fract() == 0.0 => unit.mark(value.to_string()),
        Unit::UsDollars if value.abs() < 0.01 => unit.mark(format!("{value:.*}", beside.max(7))),
        _ => unit.mark(format!("{value:.beside$}")),
    }
}

/// The sign that holds between what was measured and the threshold: `>=` where the rule is met, `<` where it is not.
pub(super) fn sign(rule: &RuleResult) -> &'static str {
    match (rule.threshold.comparison, rule.point) {
        (Comparison::AtLeast | Comparison::NoWorseBy, Some(false)) => "<",
        (Comparison::AtMost | Comparison::AtMostRatio, Some(false)) => ">",
        (Comparison::Equals, Some(false)) => "!=",
        (Comparison::NoWorseBy, _) => ">=",
        (Comparison::AtMostRatio, _) => "<=",
        (comparison, _) => comparison.sign(),
    }
}

/// `1 missed: t-117 (topic=billing dispute)`; nothing where no example is to blame.
pub(super) fn missed(rule: &RuleResult) -> Option<String> {
    let Measure::Rate { hits, total } = rule.measure else {
        return None;
    };
    let count = total.saturating_sub(hits);
    if rule.breaking.is_empty() || count == 0 {
        return None;
    }
    let named: Vec<&str> = rule
        .breaking
        .iter()
        .take(EXAMPLES_NAMED_MAX)
        .map(ExampleId::as_str)
        .collect();
    let (named_count, examples) = (named.len() as u64, rule.breaking.len() as u64);
    // Fewer examples than misses, though all are listed: some were missed in several repeats.
    let is_repeated = examples < count && rule.breaking.len() < MISSED_MAX;
    let of = if is_repeated {
        let s = if examples == 1 { "" } else { "s" };
        format!(" of {examples} example{s}")
    } else {
        String::new()
    };
    let unnamed = if is_repeated { examples } else { count }.saturating_sub(named_count);
    let named = named.join(", ");
    let more = if unnamed > 0 {
        format!(" and {unnamed} more")
    } else {
        String::new()
    };
    let place = match rule.breaking_slices.first() {
        Some(BreakingSlice { slice, count: here }) if *here == count => format!(" ({slice})"),
        Some(BreakingSlice { slice, count: here }) => format!(" ({here} of {count} in {slice})"),
        None => String::new(),
    };
    Some(format!("{count} missed{of}: {named}{more}{place}"))
}

/// What the whole gate says, in a sentence.
pub(super) fn reason(verdict: Verdict, rules: &[RuleResult], units: &Units) -> String {
    let gating: Vec<&RuleResult> = rules.iter().filter(|rule| rule.gating).collect();
    let with = |evidence| gating.iter().copied().filter(move |rule| rule.evidence == evidence);
    match verdict {
        Verdict::Fail => {
            let failed = gating.iter().filter(|rule| rule.verdict == Verdict::Fail);
            failed
                .map(|rule| failure(rule, units.unit(&rule.threshold.metric)))
                .collect::<Vec<_>>()
                .join(". ")
        }
        Verdict::CannotTell if rules.is_empty() => "the suite has no thresholds".into(),
        Verdict::CannotTell if gating.is_empty() => "no rule gates: each has fewer samples than it needs".into(),
        Verdict::CannotTell => {
            let without_base = gating.iter().copied().filter(|rule| rule.lacks_base());
            let open = with(Evidence::Inconclusive).filter(|rule| rule.verdict == Verdict::CannotTell);
            clauses([
                named("cannot be compared with a base run:", without_base),
                named("no data for", with(Evidence::NoData).filter(|rule| !rule.lacks_base())),
                named("not proven yet:", open),
            ])
        }
        Verdict::Pass => {
            let reported = rules.len() - gating.len();
            clauses([
                Some(format!("{0} of {0} rules hold", gating.len())),
                named("not proven:", with(Evidence::Inconclusive)),
                (reported > 0).then(|| format!("{reported} reported only")),
            ])
        }
    }
}

fn clauses<const COUNT: usize>(clauses: [Option<String>; COUNT]) -> String {
    clauses.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The words, and the rules that they are said of; `None` where there is none.
fn named<'a>(words: &str, rules: impl Iterator<Item = &'a RuleResult>) -> Option<String> {
    let names: Vec<String> = rules.map(|rule| rule.threshold.name()).collect();
    (!names.is_empty()).then(|| format!("{words} {}", names.join(", ")))
}

/// `escalation_recall 34/35 = 97.1% < 98%; 1 missed: t-117 (topic=billing dispute)`.
fn failure(rule: &RuleResult, unit: Unit) -> String {
    let threshold = &rule.threshold;
    let counts = match rule.measure {
        Measure::Rate { .. } => format!("{} = ", rule.measure.counts_text()),
        _ => String::new(),
    };
    if threshold.comparison.is_relative() {
        return format!("{} {}", threshold.name(), super::relative::failure(rule, unit));
    }
    let number = number(unit, rule.measure, threshold.value);
    let limit = threshold.limit_text(unit);
    // Under a policy of proof the point may hold while the rule fails.
    let text = if rule.point == Some(true) {
        format!("{} {counts}{number}: {limit} is not proven", threshold.name())
    } else {
        format!("{} {counts}{number} {} {limit}", threshold.name(), sign(rule))
    };
    match missed(rule) {
        Some(missed) => format!("{text}; {missed}"),
        None => text,
    }
}

/// What would settle a rule, or how strong it is.
pub(super) fn note(threshold: &Threshold, unit: Unit, measure: Measure, facts: &Facts, trials: Trials) -> String {
    let unit = unit.of_measure(measure);
    let clauses = match measure {
        // What hangs together has no plan of trials that would prove it: its bounds say all.
        Measure::Rate { hits, total } if trials.within.is_some() => {
            let few = few_clause(threshold, facts, trials);
            let clause = value_clause(threshold, unit, hits, total, facts, &over(total, trials));
            std::iter::once(clause).chain(few).collect()
        }
        Measure::Rate { hits, total } => rate_clauses(threshold, hits, total, facts, trials.unit),
        Measure::Value { count, .. } => {
            let few = few_clause(threshold, facts, trials);
            let clause = value_clause(threshold, unit, count, count, facts, &over(count, trials));
            std::iter::once(clause).chain(few).collect()
        }
        Measure::Undefined => vec!["nothing was measured".into()],
    };
    clauses.join("; ")
}

/// That no count would prove a rule over what is one trial, whatever comes out of it; or that there are too few
/// clusters to say how sure the number is, or few.
fn few_clause(threshold: &Threshold, facts: &Facts, trials: Trials) -> Option<String> {
    let is_open = facts.evidence == Evidence::Inconclusive && threshold.comparison != Comparison::Equals;
    match trials.method? {
        IntervalMethod::Clusters { count: 1 } if is_open => {
            Some("one cluster: no count proves it; more clusters are needed".into())
        }
        IntervalMethod::Clusters { count } if is_open && count < GROUPS_MIN => Some(format!(
            "{count} clusters: too few to say how sure it is; at least {GROUPS_MIN} are needed"
        )),
        IntervalMethod::Clusters { count } if (GROUPS_MIN..GROUPS_FEW).contains(&count) => {
            Some(format!("{count} clusters: bounds may be too narrow below {GROUPS_FEW}"))
        }
        IntervalMethod::Examples { count: 1 } if is_open && trials.within.is_some() => {
            Some("one example: no count proves it; more examples are needed".into())
        }
        _ => None,
    }
}

/// That a slice is too small to judge.
pub(super) fn too_few(samples: u64, threshold: &Threshold) -> Option<String> {
    let needed = threshold.min_samples;
    (samples > 0 && samples < needed)
        .then(|| format!("too few to judge, reported only: {samples} of the {needed} samples that it needs"))
}

/// `over 240 examples`, `over 720 answers to 240 examples`, `over 240 answers in 12 clusters`.
fn over(count: u64, trials: Trials) -> String {
    let unit = trials.unit;
    match trials.within {
        Some(IntervalMethod::Examples { count: examples }) if unit == "answers" => {
            format!("over {count} answers to {examples} examples")
        }
        Some(IntervalMethod::Examples { count: examples }) => format!("over {count} {unit}, of {examples} examples"),
        Some(IntervalMethod::Clusters { count: clusters }) => {
            let s = if clusters == 1 { "" } else { "s" };
            format!("over {count} {unit} in {clusters} cluster{s}")
        }
        _ => format!("over {count} {unit}"),
    }
}

/// `over 240 examples; proven (lower bound 91.0%)`.
fn value_clause(threshold: &Threshold, unit: Unit, hits: u64, total: u64, facts: &Facts, over: &str) -> String {
    let at = |bound: f64| shown(unit, bound, threshold.value);
    let (lower, upper) = facts.bounds;
    let (good_side, bad_side) = match threshold.comparison {
        Comparison::AtMost => (lower.map(|lower| ("lower", lower)), upper.map(|upper| ("upper", upper))),
        _ => (upper.map(|upper| ("upper", upper)), lower.map(|lower| ("lower", lower))),
    };
    let (words, shown) = match facts.evidence {
        Evidence::Proven => ("proven", bad_side),
        Evidence::Refuted => ("refuted", good_side),
        _ if threshold.comparison == Comparison::Equals && hits < total && threshold.value >= 1.0 => {
            return format!("{over}, {} break a rule that allows none", total - hits);
        }
        _ if threshold.comparison == Comparison::Equals => return format!("{over}, the measured value alone"),
        _ => ("not proven", bad_side),
    };
    match shown {
        Some((side, bound)) => format!("{over}; {words} ({side} bound {})", at(bound)),
        None => format!("{over}; {words}: too few for a bound"),
    }
}

fn rate_clauses(threshold: &Threshold, hits: u64, total: u64, facts: &Facts, unit: &str) -> Vec<String> {
    let (lower, upper) = (facts.bounds.0.unwrap_or(0.0), facts.bounds.1.unwrap_or(1.0));
    let bound = |side: &str, bound: f64| format!("{side} bound {}", shown(Unit::Share, bound, threshold.value));
    match (threshold.comparison, facts.evidence) {
        (Comparison::Equals, Evidence::ZeroViolations) if threshold.value > 0.0 => {
            vec![format!("failure rate < {:.2}% (95%)", (1.0 - lower) * 100.0)]
        }
        (Comparison::Equals, Evidence::ZeroViolations) => vec![format!("rate < {:.2}% (95%)", upper * 100.0)],
        (Comparison::Equals, _) => {
            let violations = if threshold.value > 0.0 { total - hits } else { hits };
            vec![format!("{violations} of {total} {unit} break a rule that allows none")]
        }
        (Comparison::AtMost, Evidence::Proven) => vec![format!("proven ({})", bound("upper", upper))],
        (Comparison::AtMost, Evidence::Refuted) => vec![format!("refuted ({})", bound("lower", lower))],
        (Comparison::AtMost, _) => vec![format!("not proven ({})", bound("upper", upper))],
        (Comparison::AtLeast, Evidence::Proven) => vec![format!("proven ({})", bound("lower", lower))],
        (Comparison::AtLeast, evidence) if facts.point == Some(false) => {
            failed_clauses(threshold.value, total, evidence, upper, unit)
        }
        _ => {
            let needs = hits_for_lower_bound(total, threshold.value, CONFIDENCE).ok().flatten();
            let open = format!("not proven ({})", bound("lower", lower));
            match needs {
                Some(needed) => vec![open, format!("needs {needed}/{total} to be proven")],
                None => [Some(open), plan(threshold.value, unit)]
                    .into_iter()
                    .flatten()
                    .collect(),
            }
        }
    }
}

fn failed_clauses(threshold: f64, total: u64, evidence: Evidence, upper: f64, unit: &str) -> Vec<String> {
    let strength = match misses_allowed(total, threshold) {
        Ok(Some(0)) => format!("with {total} {unit} one miss fails this gate"),
        Ok(Some(allowed)) => format!("with {total} {unit} it takes {} misses to fail this gate", allowed + 1),
        _ => String::new(),
    };
    let limit = Unit::Share.limit_text(threshold);
    let found = if evidence == Evidence::Refuted {
        let bound = shown(Unit::Share, upper, threshold);
        format!("the run refutes {limit} (upper bound {bound})")
    } else {
        format!("the run neither proves nor refutes {limit}")
    };
    let clauses = [Some(strength), Some(found), plan(threshold, unit)];
    clauses
        .into_iter()
        .flatten()
        .filter(|clause| !clause.is_empty())
        .collect()
}

/// `to prove 98%: 149 positives with 0 misses, 236 with 1, 313 with 2`; `None` where no number of them would.
fn plan(threshold: f64, unit: &str) -> Option<String> {
    let needed = |misses| n_for_lower_bound(threshold, CONFIDENCE, misses).ok().flatten();
    let first = needed(0)?;
    let more = (1..PLANNED_MISSES).filter_map(|misses| Some(format!(", {} with {misses}", needed(misses)?)));
    Some(format!(
        "to prove {}: {first} {unit} with 0 misses{}",
        Unit::Share.limit_text(threshold),
        more.collect::<String>()
    ))
}
