//! How many examples, and how a gate errs.

use pegbox::stats::sequential::Sidedness;
use pegbox::stats::{self, OperatingCharacteristic, SampleSize, ScoreVariance, StatsError};
use serde_json::json;

use crate::input::{Answer, Input, maybe, name, num};

pub fn answer(function: &str, input: Input) -> Option<Answer> {
    Some(match function {
        "n_for_lower_bound" => n_for_lower_bound(input),
        "n_paired_binary" => n_paired_binary(input),
        "n_ni_paired_binary" => n_ni_paired_binary(input),
        "n_two_prop" => n_two_prop(input),
        "n_mean_miller" => n_mean_miller(input),
        "mde_miller" => mde_miller(input),
        "gate_oc" => gate_oc(input),
        "gate_oc_bound" => gate_oc_bound(input),
        "mcnemar_power_exact" => mcnemar_power_exact(input),
        _ => return None,
    })
}

pub fn sidedness(input: Input) -> Result<Sidedness, String> {
    match input.count()? {
        1 => Ok(Sidedness::One),
        2 => Ok(Sidedness::Two),
        _ => Err("bad_sided".to_owned()),
    }
}

fn n_for_lower_bound(input: Input) -> Answer {
    let (threshold, confidence) = (input.get("threshold").f64(), input.get("conf").f64());
    let n = stats::n_for_lower_bound(threshold, confidence, input.get("misses").count()?).map_err(name)?;
    Ok(json!({"n": n}))
}

fn sample_size(size: Result<SampleSize, StatsError>) -> Answer {
    size.map(|size| json!({"n_real": num(size.real), "n": size.n}))
        .map_err(name)
}

fn n_paired_binary(input: Input) -> Answer {
    let [delta, discordance, alpha, power] = ["delta", "discordance", "alpha", "power"].map(|key| input.get(key).f64());
    let sided = sidedness(input.get("sided"))?;
    sample_size(stats::n_paired_binary(delta, discordance, alpha, power, sided))
}

fn n_ni_paired_binary(input: Input) -> Answer {
    let [margin, discordance, alpha, power, true_diff] =
        ["margin", "discordance", "alpha", "power", "true_diff"].map(|key| input.get(key).f64());
    sample_size(stats::n_non_inferiority(margin, discordance, alpha, power, true_diff))
}

fn n_two_prop(input: Input) -> Answer {
    let [p1, p2, alpha, power, ratio] = ["p1", "p2", "alpha", "power", "ratio"].map(|key| input.get(key).f64());
    let size = stats::n_two_rates(p1, p2, alpha, power, sidedness(input.get("sided"))?, ratio).map_err(name)?;
    Ok(json!({"n1_real": num(size.n1_real), "n1": size.n1, "n2": size.n2}))
}

fn variance(input: Input) -> ScoreVariance {
    let [omega2, sigma2_a, sigma2_b, k_a, k_b] =
        ["omega2", "sigma2_a", "sigma2_b", "k_a", "k_b"].map(|key| input.get(key).f64());
    ScoreVariance {
        omega2,
        sigma2_a,
        sigma2_b,
        k_a,
        k_b,
    }
}

fn n_mean_miller(input: Input) -> Answer {
    let [delta, alpha, power] = ["delta", "alpha", "power"].map(|key| input.get(key).f64());
    sample_size(stats::n_mean(delta, &variance(input), alpha, power))
}

fn mde_miller(input: Input) -> Answer {
    let [alpha, power] = ["alpha", "power"].map(|key| input.get(key).f64());
    let mde = stats::detectable_difference(input.get("n").count()?, &variance(input), alpha, power).map_err(name)?;
    Ok(json!({"mde": maybe(mde)}))
}

fn characteristic(result: Result<OperatingCharacteristic, StatsError>) -> Answer {
    result
        .map(|oc| json!({"k_min": oc.k_min, "p_pass": num(oc.p_pass)}))
        .map_err(name)
}

fn gate_oc(input: Input) -> Answer {
    let threshold = input.get("threshold").decimal("bad_threshold")?;
    let (n, true_rate) = (input.get("n").count()?, input.get("true_rate").f64());
    characteristic(stats::gate_characteristic(n, threshold, true_rate))
}

fn gate_oc_bound(input: Input) -> Answer {
    let [threshold, confidence, true_rate] = ["threshold", "conf", "true_rate"].map(|key| input.get(key).f64());
    characteristic(stats::proof_characteristic(
        input.get("n").count()?,
        threshold,
        confidence,
        true_rate,
    ))
}

fn mcnemar_power_exact(input: Input) -> Answer {
    let [p_regression, p_fix, alpha] = ["p_reg", "p_fix", "alpha"].map(|key| input.get(key).f64());
    let power = stats::mcnemar_power(input.get("n").count()?, p_regression, p_fix, alpha).map_err(name)?;
    Ok(json!({"power": num(power)}))
}
