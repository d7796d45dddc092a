//! Special functions, one rate, two rates, gates on a rate, pairs that pass or fail.

use pegbox::stats::{
    self, Alternative, Comparison, Evidence, Method, NonInferiorityVerdict, PairedCounts, PairedMethod, Point, Policy,
    Side, Verdict, special,
};
use serde_json::{Value, json};

use crate::input::{Answer, Input, maybe, name, num};

pub fn answer(function: &str, input: Input) -> Option<Answer> {
    Some(match function {
        "special_fn" => special_function(input),
        "prop_ci" => prop_ci(input),
        "prop_bound" => prop_bound(input),
        "binom_test" => binom_test(input),
        "threshold_gate" => threshold_gate(input),
        "misses_allowed" => misses_allowed(input),
        "consistent_counts" => consistent_counts(input),
        "mcnemar" => mcnemar(input),
        "paired_prop_diff" => paired_prop_diff(input),
        "non_inferiority_paired_binary" => non_inferiority(input),
        "two_prop_newcombe" => two_prop_newcombe(input),
        "two_prop_z" => two_prop_z(input),
        "fisher_exact" => fisher_exact(input),
        "beta_prob_greater" => beta_prob_greater(input),
        _ => return None,
    })
}

fn special_function(input: Input) -> Answer {
    let args = input.get("args").f64s();
    let value = match (input.get("name").text(), args.as_slice()) {
        ("ln_gamma", &[x]) => special::ln_gamma(x),
        ("ln_beta", &[a, b]) => special::ln_beta(a, b),
        ("beta_reg", &[a, b, x]) => special::beta_reg(a, b, x),
        ("beta_reg_inv", &[a, b, p]) => special::beta_reg_inv(a, b, p),
        ("gamma_p", &[a, x]) => special::gamma_p(a, x),
        ("gamma_q", &[a, x]) => special::gamma_q(a, x),
        ("norm_cdf", &[x]) => special::norm_cdf(x),
        ("norm_sf", &[x]) => special::norm_sf(x),
        ("norm_ppf", &[p]) => special::norm_ppf(p),
        ("t_cdf", &[x, df]) => special::t_cdf(x, df),
        ("t_sf", &[x, df]) => special::t_sf(x, df),
        ("t_ppf", &[p, df]) => special::t_ppf(p, df),
        ("chi2_sf", &[x, df]) => special::chi2_sf(x, df),
        ("binom_cdf", &[_, _, p]) => {
            let counts: Vec<_> = input.get("args").items().take(2).collect();
            special::binom_cdf(counts[0].count()?, counts[1].count()?, p)
        }
        (name, _) => return Err(format!("no special function {name} here")),
    };
    Ok(json!({"value": num(value)}))
}

pub fn method(input: Input) -> Result<Method, String> {
    match input.text() {
        "wilson" => Ok(Method::Wilson),
        "clopper_pearson" => Ok(Method::ClopperPearson),
        "jeffreys" => Ok(Method::Jeffreys),
        "bayes_uniform" => Ok(Method::BayesUniform),
        "agresti_coull" => Ok(Method::AgrestiCoull),
        "wald" => Ok(Method::Wald),
        _ => Err("unknown_method".to_owned()),
    }
}

pub fn alternative(input: Input) -> Result<Alternative, String> {
    match input.text() {
        "less" => Ok(Alternative::Less),
        "greater" => Ok(Alternative::Greater),
        "two_sided" => Ok(Alternative::TwoSided),
        _ => Err("unknown_alternative".to_owned()),
    }
}

fn prop_ci(input: Input) -> Answer {
    let (k, n, confidence) = (
        input.get("k").count()?,
        input.get("n").count()?,
        input.get("conf").f64(),
    );
    let interval = stats::proportion_interval(k, n, confidence, method(input.get("method"))?).map_err(name)?;
    Ok(json!({"estimate": interval.estimate, "lo": num(interval.lo), "hi": num(interval.hi)}))
}

fn prop_bound(input: Input) -> Answer {
    let (k, n, confidence) = (
        input.get("k").count()?,
        input.get("n").count()?,
        input.get("conf").f64(),
    );
    let side = match input.get("side").text() {
        "lower" => Side::Lower,
        "upper" => Side::Upper,
        _ => return Err("unknown_side".to_owned()),
    };
    let bound = stats::proportion_bound(k, n, confidence, side, method(input.get("method"))?).map_err(name)?;
    Ok(json!({"estimate": bound.estimate, "bound": num(bound.bound)}))
}

fn binom_test(input: Input) -> Answer {
    let (k, n, p0) = (input.get("k").count()?, input.get("n").count()?, input.get("p0").f64());
    let p = stats::binom_test(k, n, p0, alternative(input.get("alternative"))?).map_err(name)?;
    Ok(json!({"p": maybe(p)}))
}

fn threshold_gate(input: Input) -> Answer {
    let comparison = match input.get("op").text() {
        ">=" => Comparison::AtLeast,
        "<=" => Comparison::AtMost,
        "==" => Comparison::Equal,
        _ => return Err("unknown_op".to_owned()),
    };
    let policy = match input.get("policy").text() {
        "point" => Policy::Point,
        "proven" => Policy::Proven,
        "not_refuted" => Policy::NotRefuted,
        _ => return Err("unknown_policy".to_owned()),
    };
    let method = match input.get("method") {
        absent if absent.is_null() => Method::ClopperPearson,
        named => method(named)?,
    };
    let (k, n) = (input.get("k").count()?, input.get("n").count()?);
    let (threshold, confidence) = (input.get("threshold").f64(), input.get("conf").f64());
    let gate = stats::threshold_gate_by(method, k, n, comparison, threshold, confidence, policy).map_err(name)?;
    let point = match gate.point {
        Point::Pass => "pass",
        Point::Fail => "fail",
        Point::NoData => "no_data",
    };
    let evidence = match gate.evidence {
        Evidence::Proven => "proven",
        Evidence::Refuted => "refuted",
        Evidence::Inconclusive => "inconclusive",
        Evidence::ZeroViolations => "zero_violations",
        Evidence::NoData => "no_data",
    };
    let verdict = match gate.verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Blocked => "blocked",
    };
    let (lower, upper) = (maybe(gate.lower), maybe(gate.upper));
    Ok(json!({"point": point, "evidence": evidence, "verdict": verdict, "lower": lower, "upper": upper}))
}

fn misses_allowed(input: Input) -> Answer {
    let threshold = input.get("threshold").decimal("bad_threshold")?;
    let misses = threshold.misses_allowed(input.get("n").count()?).map_err(name)?;
    Ok(json!({"misses": misses}))
}

fn consistent_counts(input: Input) -> Answer {
    let value = input.get("value").decimal("bad_value")?;
    let decimals = input.get("decimals").small("bad_decimals")?;
    let pairs = stats::consistent_counts(value, decimals, input.get("n_max").count()?).map_err(name)?;
    Ok(json!({"count": pairs.len(), "smallest": pairs.first(), "pairs": pairs}))
}

fn mcnemar(input: Input) -> Answer {
    let test = stats::mcnemar(input.get("b").count()?, input.get("c").count()?);
    Ok(json!({
        "discordant": test.discordant, "p_exact": test.p_exact, "p_midp": test.p_midp, "chi2": maybe(test.chi2),
        "p_chi2": maybe(test.p_chi2), "p_worse_exact": test.p_worse_exact, "p_worse_midp": test.p_worse_midp,
    }))
}

fn pairs(input: Input) -> Result<PairedCounts, String> {
    Ok(PairedCounts {
        both_pass: input.get("a").count()?,
        regressions: input.get("b").count()?,
        fixes: input.get("c").count()?,
        both_fail: input.get("d").count()?,
    })
}

fn paired_prop_diff(input: Input) -> Answer {
    let method = match input.get("method").text() {
        "tango" => PairedMethod::Tango,
        "newcombe" => PairedMethod::Newcombe,
        "bonett_price" => PairedMethod::BonettPrice,
        "wald" => PairedMethod::Wald,
        _ => return Err("unknown_method".to_owned()),
    };
    let difference = stats::paired_difference_by(pairs(input)?, input.get("conf").f64(), method).map_err(name)?;
    Ok(json!({"diff": maybe(difference.diff), "lo": num(difference.lo), "hi": num(difference.hi)}))
}

pub fn verdict(verdict: NonInferiorityVerdict) -> Value {
    json!(match verdict {
        NonInferiorityVerdict::NonInferior => "non_inferior",
        NonInferiorityVerdict::Inferior => "inferior",
        NonInferiorityVerdict::Inconclusive => "inconclusive",
        NonInferiorityVerdict::NoData => "no_data",
    })
}

fn non_inferiority(input: Input) -> Answer {
    let (margin, confidence) = (input.get("margin").f64(), input.get("conf").f64());
    let test = stats::non_inferiority(pairs(input)?, margin, confidence).map_err(name)?;
    Ok(json!({
        "diff": maybe(test.diff), "lower": maybe(test.lower), "upper": maybe(test.upper),
        "verdict": verdict(test.verdict), "regression_detected": test.is_regression_detected,
    }))
}

/// `k1, n1, k2, n2`
fn two_samples(input: Input) -> Result<[u64; 4], String> {
    let count = |key: &str| input.get(key).count();
    Ok([count("k1")?, count("n1")?, count("k2")?, count("n2")?])
}

fn two_prop_newcombe(input: Input) -> Answer {
    let [k1, n1, k2, n2] = two_samples(input)?;
    let difference = stats::rate_difference(k1, n1, k2, n2, input.get("conf").f64()).map_err(name)?;
    Ok(json!({"diff": maybe(difference.diff), "lo": num(difference.lo), "hi": num(difference.hi)}))
}

fn two_prop_z(input: Input) -> Answer {
    let [k1, n1, k2, n2] = two_samples(input)?;
    let test = stats::two_rates_z(k1, n1, k2, n2).map_err(name)?;
    Ok(json!({"z": maybe(test.z), "p": maybe(test.p)}))
}

fn fisher_exact(input: Input) -> Answer {
    let [k1, n1, k2, n2] = two_samples(input)?;
    let test = stats::fisher_exact(k1, n1, k2, n2).map_err(name)?;
    Ok(json!({"p_two_sided": num(test.p_two_sided), "p_second_greater": num(test.p_second_greater)}))
}

fn beta_prob_greater(input: Input) -> Answer {
    let [k1, n1, k2, n2] = two_samples(input)?;
    let (a, b) = (input.get("prior_a").f64(), input.get("prior_b").f64());
    let prob = stats::prob_second_greater(k1, n1, k2, n2, a, b).map_err(name)?;
    Ok(json!({"prob": num(prob)}))
}
