//! Canaries: sequential tests, the decision, and which units fall into which bucket.

use pegbox::stats::sequential::{self, Sidedness, StageCounts};
use pegbox::stats::{self, CanaryDecision, Guard, GuardAction, Limits, OnTimeout, Stage};
use serde_json::{Value, json};

use crate::input::{Answer, Input, maybe, name, nothing, num, with_limits};
use crate::planning::sidedness;

pub fn answer(function: &str, input: Input) -> Option<Answer> {
    Some(match function {
        "srm" => srm(input),
        "event_share_null" => event_share_null(input),
        "rate_eprocess" => rate_eprocess(input),
        "event_share_stages" => event_share_stages(input),
        "asymp_cs" => asymp_cs(input),
        "rho_opt" => rho_opt(input),
        "rate_diff_cs" => rate_diff_cs(input),
        "msprt" => msprt(input),
        "beta_binomial_cs" => beta_binomial_cs(input),
        "empbern_cs" => empbern_cs(input),
        "lil_band" => lil_band(input),
        "canary_decision" => canary_decision(input),
        "release_bucket" => Ok(release_bucket(input)),
        "ramp_counts" => ramp_counts(input),
        "fnv1a32_str" => Ok(json!({"hash": stats::fnv1a32(input.get("s").text())})),
        "murmur3_str" => seed(input).map(|seed| json!({"hash": stats::murmur3_32(input.get("s").text(), seed)})),
        "growthbook_bucket" => growthbook_bucket(input),
        "unleash_normalized" => unleash_normalized(input),
        "flagd_fractional" => flagd_fractional(input),
        "launchdarkly_bucket" => Ok(launchdarkly_bucket(input)),
        _ => return None,
    })
}

fn srm(input: Input) -> Answer {
    let ratio = stats::sample_ratio_mismatch(&input.get("counts").counts()?, &input.get("weights").f64s());
    let ratio = ratio.map_err(name)?;
    Ok(json!({"chi2": maybe(ratio.map(|ratio| ratio.chi2)), "p": maybe(ratio.map(|ratio| ratio.p))}))
}

fn event_share_null(input: Input) -> Answer {
    let theta = sequential::event_share_null(input.get("w").f64(), input.get("rr0").f64()).map_err(name)?;
    Ok(json!({"theta0": num(theta)}))
}

fn rate_eprocess(input: Input) -> Answer {
    let (k, n) = (input.get("k").count()?, input.get("n").count()?);
    let [p0, a, b] = ["p0", "a", "b"].map(|key| input.get(key).f64());
    Ok(json!({"ln_e": num(sequential::rate_e_process(k, n, p0, a, b).map_err(name)?)}))
}

fn event_share_stages(input: Input) -> Answer {
    let stage = |stage: Input| -> Result<StageCounts, String> {
        let parts: Vec<Input> = stage.items().collect();
        let [share, canary, total] = parts.as_slice() else {
            return Err("bad_stage".to_owned());
        };
        Ok(StageCounts {
            share: share.f64(),
            canary: canary.count()?,
            total: total.count()?,
        })
    };
    let stages: Vec<StageCounts> = input.get("stages").items().map(stage).collect::<Result<_, _>>()?;
    let (rr0, prior_m) = (input.get("rr0").f64(), input.get("prior_m").f64());
    let evidence = sequential::event_share_stages(&stages, rr0, prior_m).map_err(name)?;
    let parts: Vec<_> = evidence.parts.into_iter().map(num).collect();
    Ok(json!({"ln_e": num(evidence.ln_e), "parts": parts}))
}

fn asymp_cs(input: Input) -> Answer {
    let [mean, sd, rho, alpha] = ["mean", "sd", "rho", "alpha"].map(|key| input.get(key).f64());
    let sided = sidedness(input.get("sided"))?;
    let half = sequential::asymptotic_half_width(input.get("n").count()?, sd, rho, alpha, sided).map_err(name)?;
    let (lo, hi) = (maybe(half.map(|half| mean - half)), maybe(half.map(|half| mean + half)));
    Ok(match sided {
        Sidedness::Two => json!({"lo": lo, "hi": hi}),
        Sidedness::One => json!({"lower": lo, "upper": hi}),
    })
}

fn rho_opt(input: Input) -> Answer {
    let (alpha, n_opt) = (input.get("alpha").f64(), input.get("n_opt").count()?);
    let rho = sequential::optimal_rho(alpha, n_opt, sidedness(input.get("sided"))?).map_err(name)?;
    Ok(json!({"rho": num(rho)}))
}

fn rate_diff_cs(input: Input) -> Answer {
    let arm = |k: &str, n: &str| Ok::<_, String>((input.get(k).count()?, input.get(n).count()?));
    let (control, canary) = (arm("k_ctl", "n_ctl")?, arm("k_can", "n_can")?);
    let (alpha, n_opt) = (input.get("alpha").f64(), input.get("n_opt").count()?);
    let result = sequential::rate_difference_sequence(control, canary, alpha, n_opt).map_err(name)?;
    Ok(result.map_or_else(
        || nothing(&["diff", "se", "lower", "upper"]),
        |cs| json!({"diff": num(cs.diff), "se": num(cs.se), "lower": num(cs.lower), "upper": num(cs.upper)}),
    ))
}

fn msprt(input: Input) -> Answer {
    let [delta, se, tau, theta0, alpha] = ["delta", "se", "tau", "theta0", "alpha"].map(|key| input.get(key).f64());
    let test = sequential::msprt(delta, se, tau, theta0, alpha).map_err(name)?;
    Ok(with_limits(
        json!({"ln_lambda": num(test.ln_lambda), "p": num(test.p)}),
        Some(test.limits),
    ))
}

fn beta_binomial_cs(input: Input) -> Answer {
    let (k, n) = (input.get("k").count()?, input.get("n").count()?);
    let [a, b, alpha] = ["a", "b", "alpha"].map(|key| input.get(key).f64());
    let limits = sequential::rate_sequence(k, n, a, b, alpha).map_err(name)?;
    Ok(with_limits(json!({}), Some(limits)))
}

fn empbern_cs(input: Input) -> Answer {
    let (alpha, trunc) = (input.get("alpha").f64(), input.get("trunc").f64());
    let result = sequential::bernstein_sequence(&input.get("x").f64s(), alpha, trunc).map_err(name)?;
    let pair = |limits: &Limits| json!([num(limits.lo), num(limits.hi)]);
    let path: Vec<_> = result.path.iter().map(pair).collect();
    Ok(json!({"last": pair(&result.last), "path": path}))
}

fn lil_band(input: Input) -> Answer {
    let radius = sequential::distribution_band(input.get("t").count()?, input.get("alpha").f64()).map_err(name)?;
    Ok(json!({"radius": maybe(radius)}))
}

fn guard(guard: Input) -> Result<Guard, String> {
    let action = match guard.get("action").text() {
        "rollback" => GuardAction::RollBack,
        "hold" => GuardAction::Hold,
        _ => return Err("unknown_action".to_owned()),
    };
    Ok(Guard {
        name: guard.get("name").text().to_owned(),
        action,
        ln_e: guard.get("ln_e").f64(),
        alpha: guard.get("alpha").f64(),
        is_safe: guard.get("safe").is_true(),
        hard_violations: guard.get("hard_violations").count()?,
        has_data: guard.get("has_data").is_true(),
    })
}

fn canary_decision(input: Input) -> Answer {
    let stage = input.get("stage");
    let on_timeout = match stage.get("on_timeout").text() {
        "hold" => OnTimeout::Hold,
        "advance" => OnTimeout::Advance,
        "rollback" => OnTimeout::RollBack,
        _ => return Err("unknown_on_timeout".to_owned()),
    };
    let stage = Stage {
        n_canary: stage.get("n_canary").count()?,
        n_min: stage.get("n_min").count()?,
        elapsed_s: stage.get("elapsed_s").f64(),
        min_s: stage.get("min_s").f64(),
        max_s: stage.get("max_s").f64(),
        srm_p: stage.get("srm_p").optional_f64(),
        srm_alpha: stage.get("srm_alpha").f64(),
        is_last: stage.get("is_last").is_true(),
        on_timeout,
    };
    let guards: Vec<Guard> = input.get("guards").items().map(guard).collect::<Result<_, _>>()?;
    let (decision, reason) = stats::canary_decision(&stage, &guards).map_err(name)?;
    let decision = match decision {
        CanaryDecision::Advance => "advance",
        CanaryDecision::Complete => "complete",
        CanaryDecision::Hold => "hold",
        CanaryDecision::RollBack => "rollback",
    };
    Ok(json!({"decision": decision, "reason": reason.to_string()}))
}

fn release_bucket(input: Input) -> Value {
    let bucket = stats::release_bucket(input.get("salt").text(), input.get("unit").text());
    json!({"h": bucket.hash.to_string(), "bucket": bucket.bucket})
}

fn ramp_counts(input: Input) -> Answer {
    let (salt, prefix, n) = (
        input.get("salt").text(),
        input.get("prefix").text(),
        input.get("n").count()?,
    );
    let counts = stats::ramp_counts(salt, prefix, n, &input.get("steps_bp").counts()?).map_err(name)?;
    Ok(json!({"in_canary": counts.in_canary, "first_canary_units_at_step0": counts.first_units}))
}

fn seed(input: Input) -> Result<u32, String> {
    input.get("seed").small("bad_seed")
}

fn growthbook_bucket(input: Input) -> Answer {
    let version = input.get("version").count()?;
    let bucket = stats::growthbook_bucket(input.get("seed").text(), input.get("value").text(), version);
    Ok(json!({"bucket": maybe(bucket)}))
}

fn unleash_normalized(input: Input) -> Answer {
    let normalizer = input.get("normalizer").small("bad_normalizer")?;
    let (group, identifier) = (input.get("group").text(), input.get("identifier").text());
    let value = stats::unleash_normalized(group, identifier, seed(input)?, normalizer).map_err(name)?;
    Ok(json!({"value": value}))
}

fn flagd_fractional(input: Input) -> Answer {
    let weight = |item: Input| -> Result<(String, u64), String> {
        let parts: Vec<Input> = item.items().collect();
        let [variant, weight] = parts.as_slice() else {
            return Err("bad_weights".to_owned());
        };
        let weight = u64::from(weight.small("bad_weights")?);
        Ok((variant.text().to_owned(), weight))
    };
    let weights: Vec<(String, u64)> = input.get("weights").items().map(weight).collect::<Result<_, _>>()?;
    let bucket = stats::flagd_fractional(input.get("bucket_by").text(), &weights).map_err(name)?;
    Ok(json!({"bucket": bucket.bucket, "variant": bucket.variant}))
}

fn launchdarkly_bucket(input: Input) -> Value {
    let [key, salt, value] = ["key", "salt", "value"].map(|key| input.get(key).text());
    json!({"bucket": stats::launchdarkly_bucket(key, salt, value)})
}
