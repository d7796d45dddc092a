//! E-processes: evidence that may be looked at after every event. Its expectation stays at most 1 while nothing is
//! wrong, so that it reaches 1/α with a chance of at most α, ever (Ville 1939).

use super::super::special::{ln_beta, ln_beta_upper};
use super::super::{StatsError, check_counts, check_positive_parameter};

/// Share of events expected in the canary when its rate is `rr0` times that of the control and it gets the share `w` of
/// the units (vector `event_share_null`): `w rr0/(w rr0 + 1 - w)`.
///
/// Errors: `w` outside 0 to 1; `rr0` not positive.
pub fn event_share_null(w: f64, rr0: f64) -> Result<f64, StatsError> {
    check_positive_parameter("rr0", rr0)?;
    if !(0.0..=1.0).contains(&w) {
        let (name, domain, value) = ("w", "a share from 0 to 1", w);
        return Err(StatsError::BadParameter { name, domain, value });
    }
    let canary = w * rr0;
    Ok(if w >= 1.0 { 1.0 } else { canary / (canary + (1.0 - w)) })
}

/// `ln E` of `k` of `n` against "the rate is at most `p0`", for a Beta(a, b) mixture over (`p0`, 1] (vector
/// `rate_eprocess`):
///
/// ```text
/// ln B(k+a, n-k+b) + ln SF_Beta(k+a, n-k+b)(p0) - ln B(a, b) - ln SF_Beta(a, b)(p0) - k ln p0 - (n-k) ln(1-p0)
/// ```
///
/// Infinite for an event under `p0 = 0`: zero tolerance.
///
/// Errors: `k > n`; `p0` outside [0, 1); a or b not positive.
pub fn rate_e_process(k: u64, n: u64, p0: f64, a: f64, b: f64) -> Result<f64, StatsError> {
    check_counts(k, n)?;
    if !(0.0..1.0).contains(&p0) {
        return Err(StatsError::BadNull(p0));
    }
    check_positive_parameter("a", a)?;
    check_positive_parameter("b", b)?;
    if n == 0 {
        return Ok(0.0);
    }
    if p0 <= 0.0 && k > 0 {
        return Ok(f64::INFINITY);
    }
    let (events, rest) = (k as f64, (n - k) as f64);
    let likelihood = if k == 0 { 0.0 } else { events * p0.ln() } + rest * (-p0).ln_1p();
    let posterior = ln_beta(events + a, rest + b) + ln_beta_upper(events + a, rest + b, p0);
    let ln_e = posterior - ln_beta(a, b) - ln_beta_upper(a, b, p0) - likelihood;
    if ln_e.is_nan() {
        let (name, domain, value) = (
            "a",
            "a shape of a size that the mixture can be worked out for",
            a.max(b),
        );
        return Err(StatsError::BadParameter { name, domain, value });
    }
    Ok(ln_e)
}

/// Bad events of one stage of a ramp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageCounts {
    /// The canary's share of the units, between 0 and 1.
    pub share: f64,
    /// Events in the canary.
    pub canary: u64,
    /// Events in all.
    pub total: u64,
}

/// Evidence of several stages.
#[derive(Debug, Clone, PartialEq)]
pub struct StagedEvidence {
    /// The sum: roll back when it reaches `ln(1/α)`.
    pub ln_e: f64,
    /// `ln E` of each stage.
    pub parts: Vec<f64>,
}

/// The main guard of a canary: of all bad events, what share came from it (vector `event_share_stages`; after Lindon,
/// Sanden, Shirikian 2022). Per stage `θ0` is [`event_share_null`] and the mixture Beta(mθ0, m(1-θ0)); stages with
/// different shares multiply, where pooled counts would mislead.
///
/// Errors: a share not between 0 and 1; more events in the canary than in all; `rr0` or `prior_m` not positive.
pub fn event_share_stages(stages: &[StageCounts], rr0: f64, prior_m: f64) -> Result<StagedEvidence, StatsError> {
    check_positive_parameter("rr0", rr0)?;
    check_positive_parameter("prior_m", prior_m)?;
    let mut parts = Vec::with_capacity(stages.len());
    for stage in stages {
        let theta = event_share_null(stage.share, rr0)?;
        if !(theta > 0.0 && theta < 1.0) {
            let (name, domain, value) = ("w", "a share between 0 and 1", stage.share);
            return Err(StatsError::BadParameter { name, domain, value });
        }
        let (a, b) = (prior_m * theta, prior_m * (1.0 - theta));
        parts.push(rate_e_process(stage.canary, stage.total, theta, a, b)?);
    }
    Ok(StagedEvidence {
        ln_e: parts.iter().sum(),
        parts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::binom_pmf;

    #[test]
    fn the_expectation_under_the_null_is_one_at_its_edge() {
        for (n, p0) in [(1, 0.12), (30, 0.12), (200, 0.02)] {
            let e = |k| rate_e_process(k, n, p0, 50.0 * p0, 50.0 * (1.0 - p0)).unwrap().exp();
            let expectation: f64 = (0..=n).map(|k| binom_pmf(k, n, p0) * e(k)).sum();
            assert!((expectation - 1.0).abs() < 1e-9, "{n} {p0}: {expectation}");
        }
    }

    #[test]
    fn evidence_grows_with_events_and_no_data_are_none() {
        let e = |k| rate_e_process(k, 1_000, 0.1, 5.0, 45.0).unwrap();
        assert!((1..=1_000).all(|k| e(k) > e(k - 1)));
        assert!(rate_e_process(0, 0, 0.0, 1.0, 1.0).unwrap().abs() <= 0.0);
        assert!(rate_e_process(0, 10_000_000, 0.5, 1.0, 1.0).unwrap().is_finite());
    }

    #[test]
    fn stages_add_up_and_shares_outside_are_refused() {
        let stage = |share, canary, total| StageCounts { share, canary, total };
        let both = event_share_stages(&[stage(0.05, 14, 180), stage(0.25, 60, 210)], 1.0, 50.0).unwrap();
        assert!((both.ln_e - both.parts.iter().sum::<f64>()).abs() < 1e-12);
        for share in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(event_share_stages(&[stage(share, 1, 2)], 1.0, 50.0).is_err());
        }
        assert!(event_share_stages(&[stage(0.5, 3, 2)], 1.0, 50.0).is_err());
    }
}
