//! Graders made of other graders.
//!
//! A part that gave no verdict may have been either way. So a combination passes only if it passes both ways, and gives
//! no verdict itself where the two ways differ (the strong logic of S. C. Kleene, Introduction to Metamathematics,
//! 1952, section 64).

use super::finding::{Fault, Finding, Pass};
use super::similarity::shown;
use crate::domain::grader::ScoreValue;

/// How far a weighted mean may be below what it must reach, so that rounding decides nothing.
const ROUNDING: f64 = 1e-9;
/// Failed parts that an explanation names.
const PARTS_NAMED_MAX: usize = 3;

/// When a combination passes.
pub(super) enum Rule {
    /// All parts pass.
    All,
    /// One part passes.
    Any,
    /// The weighted mean of the parts' scores is high enough.
    Weighted {
        /// One for each part.
        weights: Vec<f64>,
        /// The least mean that passes.
        at_least: f64,
    },
}

/// A part, as it was found.
pub(super) struct Part<'a> {
    pub(super) name: &'a str,
    pub(super) finding: &'a Finding<Pass>,
}

impl Rule {
    pub(super) fn grade(&self, parts: &[Part]) -> Finding<Pass> {
        let failed: Vec<(&str, &Fault)> = parts
            .iter()
            .filter_map(|part| Some((part.name, part.finding.as_ref().err()?)))
            .collect();
        match self {
            Self::All if failed.is_empty() => Ok(format!("all {} passed", parts.len()).into()),
            Self::All => {
                let is_verdict = failed.iter().any(|(_, fault)| fault.is_verdict);
                let why = format!("{} of {} failed: {}", failed.len(), parts.len(), told(&failed));
                Err(blamed(&failed, is_verdict, why))
            }
            Self::Any => {
                if let Some(part) = parts.iter().find(|part| part.finding.is_ok()) {
                    return Ok(format!("{} passed", part.name).into());
                }
                let is_verdict = failed.iter().all(|(_, fault)| fault.is_verdict);
                let why = format!("none of {} passed: {}", parts.len(), told(&failed));
                Err(blamed(&failed, is_verdict, why))
            }
            Self::Weighted { weights, at_least } => weighted(parts, weights, *at_least, &failed),
        }
    }
}

fn weighted(parts: &[Part], weights: &[f64], at_least: f64, failed: &[(&str, &Fault)]) -> Finding<Pass> {
    let total: f64 = weights.iter().sum();
    let mean = |of: fn(&Finding<Pass>) -> f64| {
        let sum: f64 = parts
            .iter()
            .zip(weights)
            .map(|(part, weight)| weight * of(part.finding))
            .sum();
        (sum / total).clamp(0.0, 1.0)
    };
    let (worst, best) = (mean(|finding| range(finding).0), mean(|finding| range(finding).1));
    let is_enough = |mean: f64| mean + ROUNDING >= at_least;
    let value = ScoreValue::new(worst);
    if is_enough(worst) {
        return Ok(Pass {
            explanation: format!("weighted score {}, at least {at_least}", shown(worst + ROUNDING)),
            value,
        });
    }
    let why = format!("weighted score {} is below {at_least}", shown(worst));
    let why = if failed.is_empty() {
        why
    } else {
        format!("{why}: {}", told(failed))
    };
    Err(Fault {
        value,
        ..blamed(failed, !is_enough(best), why)
    })
}

/// What a part may count: the one number that it gave, or anything where it gave no verdict.
fn range(finding: &Finding<Pass>) -> (f64, f64) {
    let exact = |value: f64| (value, value);
    match finding {
        Ok(pass) => exact(pass.value.map_or(1.0, ScoreValue::get)),
        Err(fault) if fault.is_verdict => exact(fault.value.map_or(0.0, ScoreValue::get)),
        Err(_) => (0.0, 1.0),
    }
}

/// The failed parts, each with its explanation.
fn told(failed: &[(&str, &Fault)]) -> String {
    let shown = failed.iter().take(PARTS_NAMED_MAX);
    let told: Vec<String> = shown
        .map(|(name, fault)| format!("{name}: {}", fault.explanation))
        .collect();
    match failed.len() - told.len() {
        0 => told.join("; "),
        more => format!("{}; and {more} more", told.join("; ")),
    }
}

/// The fault of a combination blames what its failed parts blame.
fn blamed(failed: &[(&str, &Fault)], is_verdict: bool, why: String) -> Fault {
    let fault = Fault::answer(why);
    let cause = failed.iter().map(|(_, fault)| fault.cause).min();
    Fault {
        cause: cause.unwrap_or(fault.cause),
        is_verdict,
        ..fault
    }
}
