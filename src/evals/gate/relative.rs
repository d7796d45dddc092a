//! Rules against the base run: what shows that a version is no worse than its base, and the words for it.

use super::{CONFIDENCE, Facts, NO_FACTS, words};
use crate::domain::gate::{Evidence, Relative, RuleResult};
use crate::domain::suite::{Comparison, Threshold};
use crate::domain::unit::Unit;
use crate::evals::against::Compared;
use crate::stats::sequential::Sidedness;
use crate::stats::{n_non_inferiority, n_paired_binary, rate_decimals};

/// Chance of seeing a drop that is there, for which examples are planned.
const POWER: f64 = 0.8;
/// Share of pairs that differ, where a run shows none from which to read it.
pub(super) const ASSUMED_DISCORDANCE: f64 = 0.05;
/// Decimals of a ratio or of a difference of shares, where no more are needed to tell it from the rule's limit: a
/// margin is often of a point, so that tenths of one would hide on which side of it the bounds lie.
const DECIMALS: usize = 4;

/// What the effect must not be worse than.
fn limit(threshold: &Threshold) -> f64 {
    match threshold.comparison {
        Comparison::NoWorseBy => -threshold.value,
        _ => threshold.value,
    }
}

pub(super) fn facts(threshold: &Threshold, compared: &Result<Compared, String>) -> Facts {
    let Ok(Compared { relative, .. }) = compared else {
        return NO_FACTS;
    };
    let limit = limit(threshold);
    let (lower, upper) = relative.bounds.unzip();
    let (point, proven, refuted) = match threshold.comparison {
        Comparison::NoWorseBy => (
            relative.effect >= limit,
            lower.is_some_and(|lower| lower > limit),
            upper.is_some_and(|upper| upper < limit),
        ),
        _ => (
            relative.effect <= limit,
            upper.is_some_and(|upper| upper <= limit),
            lower.is_some_and(|lower| lower > limit),
        ),
    };
    Facts {
        point: Some(point),
        evidence: match (proven, refuted) {
            (true, _) => Evidence::Proven,
            (_, true) => Evidence::Refuted,
            _ => Evidence::Inconclusive,
        },
        bounds: (lower, upper),
    }
}

/// A difference with its sign, of shares in points: `-0.42`.
pub(super) fn difference(unit: Unit, effect: f64, limit: f64) -> String {
    let decimals = rate_decimals(effect, limit).max(DECIMALS);
    match unit {
        Unit::Share => format!("{:+.*}", decimals - 2, effect * 100.0),
        _ => format!("{effect:+.decimals$}"),
    }
}

/// `-0.42 >= -1 point`, or for a ratio `x1.0320 <= x1.05`.
pub(super) fn compared(rule: &RuleResult, unit: Unit) -> String {
    let sign = words::sign(rule);
    let limit = limit(&rule.threshold);
    match (rule.relative, rule.threshold.comparison) {
        (Some(relative), Comparison::NoWorseBy) => {
            let effect = difference(unit, relative.effect, limit);
            format!("{effect} {sign:<2} {}", unit.margin_text(limit))
        }
        (Some(relative), _) => {
            let decimals = rate_decimals(relative.effect, limit).max(DECIMALS);
            format!("x{:.decimals$} {sign:<2} x{limit}", relative.effect)
        }
        (None, _) => {
            let (sign, limit) = (rule.threshold.comparison.sign(), rule.threshold.limit_text(unit));
            format!("{sign}{limit}")
        }
    }
}

/// `against base -3.00 < -1 point over 240 pairs`.
pub(super) fn failure(rule: &RuleResult, unit: Unit) -> String {
    let pairs = rule.relative.map_or(0, |relative| relative.pairs);
    let shown = if rule.point == Some(true) {
        ": not shown to be within it"
    } else {
        ""
    };
    format!("against base {} over {pairs} pairs{shown}", compared(rule, unit))
}

/// What the pairs show, and what would settle it; or why there are none.
pub(super) fn note(threshold: &Threshold, compared: &Result<Compared, String>) -> String {
    let Compared {
        relative, no_bounds, ..
    } = match compared {
        Ok(compared) => *compared,
        Err(why) => return format!("cannot be compared with the base: {why}"),
    };
    let is_difference = threshold.comparison == Comparison::NoWorseBy;
    let facts = facts(threshold, compared);
    let shown = match (facts.evidence, is_difference) {
        (Evidence::Proven, true) => "not inferior to the base",
        (Evidence::Refuted, true) => "inferior to the base",
        (Evidence::Proven, false) => "shown to be within it",
        (Evidence::Refuted, false) => "shown to be above it",
        _ => "inconclusive",
    };
    let over = match relative.flips {
        Some((broken, fixed)) => format!("{broken} broken, {fixed} fixed of {} pairs", relative.pairs),
        None => format!("over {} pairs", relative.pairs),
    };
    let regression = relative.is_regression_detected.then(|| match facts.evidence {
        Evidence::Proven => "a regression is detected, within what is allowed".to_owned(),
        _ => "a regression is detected".to_owned(),
    });
    let planned = relative.flips.filter(|_| is_difference);
    let planned = planned.map(|flips| plan_of(threshold.value, relative, flips));
    let no_bounds = no_bounds.map(|why| format!("no bounds: {why}"));
    let clauses = [Some(shown.to_owned()), Some(over), no_bounds, regression, planned];
    clauses.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The plan by the share of pairs that differ in these runs, or an assumed one where none does.
fn plan_of(margin: f64, relative: Relative, (broken, fixed): (u64, u64)) -> String {
    match broken + fixed {
        0 => plan(margin, relative.pairs, ASSUMED_DISCORDANCE, "assumed"),
        flips => plan(
            margin,
            relative.pairs,
            flips as f64 / relative.pairs as f64,
            "of these runs",
        ),
    }
}

/// `240 pairs can see a drop of 3.4 points, to show no worse than 1 point takes 2474 (80% power, 4.0% of pairs differ,
/// assumed)`. `source` says where the share of pairs that differ comes from.
pub(super) fn plan(margin: f64, pairs: u64, discordance: f64, source: &str) -> String {
    let seen = match visible_drop(pairs, discordance) {
        Some(drop) => format!("{pairs} pairs can see a drop of {:.1} points", drop * 100.0),
        None => format!("{pairs} pairs are too few to see any drop"),
    };
    let needed = n_non_inferiority(margin, discordance, 1.0 - CONFIDENCE, POWER, 0.0).ok();
    let needed = needed.map(|size| {
        format!(
            ", to show no worse than {} takes {}",
            Unit::Share.margin_text(margin),
            size.n
        )
    });
    format!(
        "{seen}{} (80% power, {:.1}% of pairs differ, {source})",
        needed.unwrap_or_default(),
        discordance * 100.0
    )
}

/// The smallest drop that this many pairs show with the planned power; `None` where even the largest one is not.
fn visible_drop(pairs: u64, discordance: f64) -> Option<f64> {
    let is_seen = |drop: f64| {
        let needed = n_paired_binary(drop, discordance, 1.0 - CONFIDENCE, POWER, Sidedness::One);
        needed.is_ok_and(|size| size.n <= pairs)
    };
    if !is_seen(discordance) {
        return None;
    }
    let (mut unseen, mut seen) = (0.0, discordance);
    // Forty halvings are finer than any digit that is shown.
    for _ in 0..40 {
        let middle = f64::midpoint(unseen, seen);
        if is_seen(middle) {
            seen = middle;
        } else {
            unseen = middle;
        }
    }
    Some(seen)
}
