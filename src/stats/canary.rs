//! What to do with a canary, from its guards: a pure rule, so that replaying the log gives the same decisions.

use std::fmt;

use super::sample::check_lengths;
use super::special::chi2_sf;
use super::{StatsError, check_alpha, check_level};

/// Result of [`sample_ratio_mismatch`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRatio {
    /// Chi-square of the counts against the weights; infinite where an arm without weight has units.
    pub chi2: f64,
    /// Chance of this much or more if the split were right. Hold and page below 0.001.
    pub p: f64,
}

/// Whether arms got the traffic that their weights say (vector `srm`): chi-square goodness of fit. An arm without
/// weight and without units does not count. `None` without units.
///
/// Errors: lists of different length; a weight that is negative or not finite; weights of 0 only.
pub fn sample_ratio_mismatch(counts: &[u64], weights: &[f64]) -> Result<Option<SampleRatio>, StatsError> {
    check_lengths(counts.len(), weights.len())?;
    let weight_sum: f64 = weights.iter().sum();
    if let Some(bad) = weights.iter().find(|weight| !(**weight >= 0.0 && weight.is_finite())) {
        let (name, domain, value) = ("weights", "finite numbers from 0", *bad);
        return Err(StatsError::BadParameter { name, domain, value });
    }
    let is_usable = weights.is_empty() || (weight_sum > 0.0 && weight_sum.is_finite());
    if !is_usable {
        let (name, domain, value) = ("weights", "above 0 in all, and finite", weight_sum);
        return Err(StatsError::BadParameter { name, domain, value });
    }
    let total: f64 = counts.iter().map(|count| *count as f64).sum();
    if total <= 0.0 {
        return Ok(None);
    }
    let (mut chi2, mut arms) = (0.0, 0_u32);
    for (count, weight) in counts.iter().zip(weights) {
        let expected = total * (weight.abs() / weight_sum);
        if *weight > 0.0 || *count > 0 {
            arms += 1;
            let distance = *count as f64 - expected;
            chi2 += distance * (distance / expected);
        }
    }
    let p = if arms < 2 {
        1.0
    } else {
        chi2_sf(chi2, f64::from(arms - 1))
    };
    Ok(Some(SampleRatio { chi2, p }))
}

/// What a guard does when its evidence is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardAction {
    /// Takes the canary back.
    RollBack,
    /// Keeps it where it is.
    Hold,
}

/// One guard at one look.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// Its name, for the reason.
    pub name: String,
    /// What it does.
    pub action: GuardAction,
    /// Evidence so far; may be infinite.
    pub ln_e: f64,
    /// Its part of the release's error budget.
    pub alpha: f64,
    /// Its upper confidence bound lies under the margin.
    pub is_safe: bool,
    /// Events of a kind of which there must be none.
    pub hard_violations: u64,
    /// Anything was measured.
    pub has_data: bool,
}

impl Guard {
    fn has_evidence(&self, action: GuardAction) -> bool {
        self.action == action && self.ln_e >= -self.alpha.ln()
    }
}

/// What happens at the deadline of a stage that settled nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTimeout {
    /// The stage goes on: the default.
    Hold,
    /// The next stage starts.
    Advance,
    /// The canary is taken back.
    RollBack,
}

/// Where a stage stands at one look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Units in the canary.
    pub n_canary: u64,
    /// Units without which it does not go on.
    pub n_min: u64,
    /// Seconds since it started.
    pub elapsed_s: f64,
    /// Seconds that it lasts at least.
    pub min_s: f64,
    /// Seconds until its deadline.
    pub max_s: f64,
    /// Chance of the split of traffic, from [`sample_ratio_mismatch`]; `None` without units.
    pub srm_p: Option<f64>,
    /// Below this the split is wrong.
    pub srm_alpha: f64,
    /// No stage comes after it.
    pub is_last: bool,
    /// What happens at the deadline.
    pub on_timeout: OnTimeout,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanaryDecision {
    /// Start the next stage.
    Advance,
    /// The last stage is over: release.
    Complete,
    /// Stay.
    Hold,
    /// Take the canary back.
    RollBack,
}

/// Why: the rule that decided, and the guard it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CanaryReason {
    /// An event of a kind of which there must be none.
    Hard(String),
    /// A roll-back guard's evidence is in.
    Evidence(String),
    /// The split of traffic is not what was configured: interpret nothing.
    SampleRatioMismatch,
    /// A hold guard's evidence is in.
    Signal(String),
    /// A guard measured nothing.
    NoData(String),
    /// A guard measured nothing until the deadline.
    TimeoutNoData(String),
    /// Too few units; no deadline waives that.
    MinSamples,
    /// Too few units at the deadline.
    TimeoutMinSamples,
    /// Too short a time.
    MinDuration,
    /// Every roll-back guard is shown to be safe.
    AllSafe,
    /// Nothing was settled at the deadline.
    TimeoutInconclusive,
    /// Nothing is settled yet.
    Inconclusive,
}

impl fmt::Display for CanaryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hard(name) => write!(f, "hard:{name}"),
            Self::Evidence(name) => write!(f, "evidence:{name}"),
            Self::SampleRatioMismatch => f.write_str("sample_ratio_mismatch"),
            Self::Signal(name) => write!(f, "signal:{name}"),
            Self::NoData(name) => write!(f, "no_data:{name}"),
            Self::TimeoutNoData(name) => write!(f, "timeout_no_data:{name}"),
            Self::MinSamples => f.write_str("min_samples"),
            Self::TimeoutMinSamples => f.write_str("timeout_min_samples"),
            Self::MinDuration => f.write_str("min_duration"),
            Self::AllSafe => f.write_str("all_safe"),
            Self::TimeoutInconclusive => f.write_str("timeout_inconclusive"),
            Self::Inconclusive => f.write_str("inconclusive"),
        }
    }
}

/// Decides on a stage (vector `canary_decision`). The first rule that matches wins:
///
/// 1. a roll-back guard with a hard violation: roll back
/// 2. a roll-back guard with `ln E >= ln(1/α)`: roll back, whatever the sample, since e-processes need no least one
/// 3. a split of traffic with `p < srm_alpha`: hold
/// 4. a hold guard with evidence: hold
/// 5. a guard without data: hold, at the deadline roll back if that is the policy
/// 6. fewer units than the least: hold, at the deadline roll back if that is the policy
/// 7. shorter than the least time: hold
/// 8. every roll-back guard safe: advance, or complete after the last stage
/// 9. past the deadline: as the policy says
/// 10. otherwise: hold
///
/// Errors: an alpha outside (0, 1); a chance outside 0 to 1; evidence or a time that is no number.
pub fn canary_decision(stage: &Stage, guards: &[Guard]) -> Result<(CanaryDecision, CanaryReason), StatsError> {
    check_stage(stage, guards)?;
    let find = |matches: &dyn Fn(&Guard) -> bool| {
        guards
            .iter()
            .find(|guard| matches(guard))
            .map(|guard| guard.name.clone())
    };
    let is_rolling_back = |guard: &Guard| guard.action == GuardAction::RollBack;
    if let Some(name) = find(&|guard| is_rolling_back(guard) && guard.hard_violations > 0) {
        return Ok((CanaryDecision::RollBack, CanaryReason::Hard(name)));
    }
    if let Some(name) = find(&|guard| guard.has_evidence(GuardAction::RollBack)) {
        return Ok((CanaryDecision::RollBack, CanaryReason::Evidence(name)));
    }
    if stage.srm_p.is_some_and(|p| p < stage.srm_alpha) {
        return Ok((CanaryDecision::Hold, CanaryReason::SampleRatioMismatch));
    }
    if let Some(name) = find(&|guard| guard.has_evidence(GuardAction::Hold)) {
        return Ok((CanaryDecision::Hold, CanaryReason::Signal(name)));
    }
    let is_past = stage.elapsed_s >= stage.max_s;
    let is_giving_up = is_past && stage.on_timeout == OnTimeout::RollBack;
    if let Some(name) = find(&|guard| !guard.has_data) {
        return Ok(if is_giving_up {
            (CanaryDecision::RollBack, CanaryReason::TimeoutNoData(name))
        } else {
            (CanaryDecision::Hold, CanaryReason::NoData(name))
        });
    }
    if stage.n_canary < stage.n_min {
        return Ok(if is_giving_up {
            (CanaryDecision::RollBack, CanaryReason::TimeoutMinSamples)
        } else {
            (CanaryDecision::Hold, CanaryReason::MinSamples)
        });
    }
    if stage.elapsed_s < stage.min_s {
        return Ok((CanaryDecision::Hold, CanaryReason::MinDuration));
    }
    let onward = if stage.is_last {
        CanaryDecision::Complete
    } else {
        CanaryDecision::Advance
    };
    if guards.iter().all(|guard| !is_rolling_back(guard) || guard.is_safe) {
        return Ok((onward, CanaryReason::AllSafe));
    }
    if !is_past {
        return Ok((CanaryDecision::Hold, CanaryReason::Inconclusive));
    }
    let decision = match stage.on_timeout {
        OnTimeout::Hold => CanaryDecision::Hold,
        OnTimeout::Advance => onward,
        OnTimeout::RollBack => CanaryDecision::RollBack,
    };
    Ok((decision, CanaryReason::TimeoutInconclusive))
}

fn check_stage(stage: &Stage, guards: &[Guard]) -> Result<(), StatsError> {
    check_level(stage.srm_alpha)?;
    stage.srm_p.map_or(Ok(()), check_level)?;
    for value in [stage.elapsed_s, stage.min_s, stage.max_s] {
        if value.is_nan() {
            let (name, domain) = ("time", "a number of seconds");
            return Err(StatsError::BadParameter { name, domain, value });
        }
    }
    for (index, guard) in guards.iter().enumerate() {
        check_alpha(guard.alpha)?;
        if guard.ln_e.is_nan() {
            return Err(StatsError::NotFinite { index });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage() -> Stage {
        Stage {
            n_canary: 800,
            n_min: 500,
            elapsed_s: 3_600.0,
            min_s: 3_600.0,
            max_s: 14_400.0,
            srm_p: Some(0.4),
            srm_alpha: 0.001,
            is_last: false,
            on_timeout: OnTimeout::Hold,
        }
    }

    fn guard(action: GuardAction) -> Guard {
        Guard {
            name: "slow_share".to_owned(),
            action,
            ln_e: 0.0,
            alpha: 0.0125,
            is_safe: true,
            hard_violations: 0,
            has_data: true,
        }
    }

    #[test]
    fn nothing_outweighs_a_hard_violation() {
        let mut bad = guard(GuardAction::RollBack);
        bad.hard_violations = 1;
        let mut stage = stage();
        stage.n_canary = 0;
        stage.srm_p = Some(0.0);
        let (decision, reason) = canary_decision(&stage, &[guard(GuardAction::Hold), bad]).unwrap();
        assert_eq!(
            (decision, reason.to_string()),
            (CanaryDecision::RollBack, "hard:slow_share".to_owned())
        );
    }

    #[test]
    fn the_deadline_waives_neither_data_nor_units() {
        let mut past = stage();
        past.elapsed_s = 20_000.0;
        past.n_canary = 30;
        for (on_timeout, decision) in [
            (OnTimeout::Hold, CanaryDecision::Hold),
            (OnTimeout::Advance, CanaryDecision::Hold),
            (OnTimeout::RollBack, CanaryDecision::RollBack),
        ] {
            past.on_timeout = on_timeout;
            let guards = [guard(GuardAction::RollBack)];
            assert_eq!(canary_decision(&past, &guards).unwrap().0, decision);
            let mut silent = guards;
            silent[0].has_data = false;
            assert_eq!(canary_decision(&past, &silent).unwrap().0, decision);
        }
    }

    #[test]
    fn a_hold_guard_never_takes_the_canary_back_nor_stops_it_when_unsafe() {
        let mut signal = guard(GuardAction::Hold);
        signal.ln_e = f64::INFINITY;
        assert_eq!(
            canary_decision(&stage(), &[signal.clone()]).unwrap().0,
            CanaryDecision::Hold
        );
        signal.ln_e = 0.0;
        signal.is_safe = false;
        assert_eq!(canary_decision(&stage(), &[signal]).unwrap().0, CanaryDecision::Advance);
    }

    #[test]
    fn traffic_without_weight_is_a_mismatch() {
        let ratio = sample_ratio_mismatch(&[3, 0, 97], &[0.0, 0.0, 1.0]).unwrap().unwrap();
        assert_eq!((ratio.chi2, ratio.p), (f64::INFINITY, 0.0));
        let right = sample_ratio_mismatch(&[0, 97], &[0.0, 1.0]).unwrap().unwrap();
        assert!((right.p - 1.0).abs() < 1e-12);
        assert_eq!(sample_ratio_mismatch(&[0, 0], &[1.0, 1.0]), Ok(None));
        assert!(sample_ratio_mismatch(&[1], &[0.0]).is_err() && sample_ratio_mismatch(&[1], &[-1.0]).is_err());
    }
}
