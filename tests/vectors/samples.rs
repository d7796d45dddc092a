//! Lists of numbers: means, pairs, bootstrap, ranks, quantiles, sketches.

use pegbox::stats::{self, DdSketch, MissingPolicy, SplitMix64};
use serde_json::{Value, json};

use crate::input::{Answer, Input, maybe, name, nothing, num, with_limits};
use crate::rates::{alternative, verdict};

pub fn answer(function: &str, input: Input) -> Option<Answer> {
    Some(match function {
        "mean_ci" => mean_ci(input),
        "mean_with_missing" => mean_with_missing(input),
        "clustered_mean" => clustered_mean(input),
        "welch_t" => welch_t(input),
        "ratio_delta" => ratio_delta(input),
        "paired_t" => paired_t(input),
        "non_inferiority_mean" => non_inferiority_mean(input),
        "log_ratio_paired" => log_ratio_paired(input),
        "sign_flip" => sign_flip(input),
        "splitmix64" => splitmix64(input),
        "resample_indices" => resample_indices(input),
        "bootstrap_mean" => bootstrap_mean(input),
        "bca_from_replicates" => bca_from_replicates(input),
        "cluster_bootstrap_mean" => cluster_bootstrap_mean(input),
        "mann_whitney" => mann_whitney(input),
        "hodges_lehmann" => hodges_lehmann(input),
        "quantile" => quantile(input),
        "quantile_ci_ranks" => quantile_ci_ranks(input),
        "quantile_ci" => quantile_ci(input),
        "ddsketch" => ddsketch(input),
        _ => return None,
    })
}

fn confidence(input: Input) -> f64 {
    input.get("conf").f64()
}

fn mean_ci(input: Input) -> Answer {
    let mean = stats::mean_interval(&input.get("x").f64s(), confidence(input)).map_err(name)?;
    let values = json!({"n": mean.n, "mean": maybe(mean.mean), "sd": maybe(mean.sd), "se": maybe(mean.se)});
    Ok(with_limits(values, mean.limits))
}

fn mean_with_missing(input: Input) -> Answer {
    let policy = match input.get("policy").text() {
        "fail" => MissingPolicy::Fail,
        "exclude" => MissingPolicy::Exclude,
        "error" => MissingPolicy::Error,
        _ => return Err("unknown_policy".to_owned()),
    };
    let scores: Vec<Option<f64>> = input.get("x").items().map(Input::optional_f64).collect();
    let mean = stats::mean_with_missing(&scores, policy).map_err(name)?;
    Ok(json!({"n": mean.n, "missing": mean.missing, "mean": maybe(mean.mean)}))
}

fn clustered_mean(input: Input) -> Answer {
    let (values, clusters) = (input.get("x").f64s(), input.get("cluster").optional_texts());
    let mean = stats::clustered_mean(&values, &clusters, confidence(input)).map_err(name)?;
    let values = json!({
        "n": mean.n, "n_clusters": mean.n_clusters, "mean": maybe(mean.mean), "se_naive": maybe(mean.se_naive),
        "se_cr0": maybe(mean.se_cr0), "se_miller": maybe(mean.se_miller), "se_cr1": maybe(mean.se_cr1),
        "df": mean.df, "deff": maybe(mean.deff),
    });
    Ok(with_limits(values, mean.limits))
}

fn welch_t(input: Input) -> Answer {
    let (first, second) = (input.get("x").f64s(), input.get("y").f64s());
    let test = stats::welch_t(&first, &second, confidence(input)).map_err(name)?;
    Ok(test.map_or_else(
        || nothing(&["diff", "t", "df", "p", "lo", "hi"]),
        |test| {
            let values = json!({"diff": num(test.diff), "t": maybe(test.t), "df": maybe(test.df), "p": num(test.p)});
            with_limits(values, test.limits)
        },
    ))
}

fn ratio_delta(input: Input) -> Answer {
    let (above, below) = (input.get("num").f64s(), input.get("den").f64s());
    let ratio = stats::ratio_of_means(&above, &below, confidence(input)).map_err(name)?;
    Ok(with_limits(
        json!({"ratio": maybe(ratio.ratio), "se": maybe(ratio.se)}),
        ratio.limits,
    ))
}

fn sides(input: Input) -> (Vec<f64>, Vec<f64>) {
    (input.get("base").f64s(), input.get("cand").f64s())
}

fn paired_t(input: Input) -> Answer {
    let (base, candidate) = sides(input);
    let test = stats::paired_t(&base, &candidate, confidence(input)).map_err(name)?;
    let values = json!({
        "n": test.n, "diff": maybe(test.diff), "se": maybe(test.se), "corr": maybe(test.corr), "t": maybe(test.t),
        "p": maybe(test.p),
    });
    Ok(with_limits(values, test.limits))
}

fn non_inferiority_mean(input: Input) -> Answer {
    let (base, candidate) = sides(input);
    let (margin, higher) = (input.get("margin").f64(), input.get("higher_is_better").is_true());
    let test = stats::non_inferiority_mean(&base, &candidate, margin, confidence(input), higher).map_err(name)?;
    Ok(json!({
        "diff": maybe(test.diff), "lower": maybe(test.lower), "upper": maybe(test.upper),
        "verdict": verdict(test.verdict),
    }))
}

fn log_ratio_paired(input: Input) -> Answer {
    let (base, candidate) = sides(input);
    let test = stats::log_ratio_paired(&base, &candidate, confidence(input)).map_err(name)?;
    Ok(with_limits(
        json!({"ratio": maybe(test.ratio), "p": maybe(test.p)}),
        test.limits,
    ))
}

fn sign_flip(input: Input) -> Answer {
    let p = stats::sign_flip(&input.get("diff").f64s(), alternative(input.get("alternative"))?).map_err(name)?;
    Ok(json!({"p": maybe(p)}))
}

fn splitmix64(input: Input) -> Answer {
    let mut random = SplitMix64::new(input.get("seed").count()?);
    let numbers: Vec<String> = (0..input.get("count").count()?)
        .map(|_| random.next_u64().to_string())
        .collect();
    Ok(json!({"u64": numbers}))
}

fn resample_indices(input: Input) -> Answer {
    let count = input.get("count").small("bad_count")? as usize;
    let indices = stats::resample_indices(input.get("seed").count()?, input.get("n").count()?, count).map_err(name)?;
    Ok(json!({"indices": indices}))
}

fn bootstrap_mean(input: Input) -> Answer {
    let (replicates, seed) = (input.get("B").count()?, input.get("seed").count()?);
    let result = stats::bootstrap_mean(&input.get("x").f64s(), replicates, seed, confidence(input)).map_err(name)?;
    let (percentile, bca) = (result.percentile, result.bca);
    Ok(json!({
        "mean": maybe(result.mean), "se_boot": maybe(result.se_boot),
        "pct_lo": maybe(percentile.map(|limits| limits.lo)), "pct_hi": maybe(percentile.map(|limits| limits.hi)),
        "bca_lo": maybe(bca.map(|bca| bca.limits.lo)), "bca_hi": maybe(bca.map(|bca| bca.limits.hi)),
        "z0": maybe(bca.map(|bca| bca.z0)), "accel": maybe(bca.map(|bca| bca.accel)),
    }))
}

fn bca_from_replicates(input: Input) -> Answer {
    let (replicates, jackknife) = (input.get("replicates").f64s(), input.get("jackknife").f64s());
    let bca = stats::bca_from_replicates(input.get("theta").f64(), &replicates, &jackknife, confidence(input));
    Ok(bca.map_err(name)?.map_or_else(
        || nothing(&["z0", "accel", "alpha_lo", "alpha_hi", "lo", "hi"]),
        |bca| {
            let values = json!({"z0": bca.z0, "accel": bca.accel, "alpha_lo": bca.alpha_lo, "alpha_hi": bca.alpha_hi});
            with_limits(values, Some(bca.limits))
        },
    ))
}

fn cluster_bootstrap_mean(input: Input) -> Answer {
    let (values, clusters) = (input.get("x").f64s(), input.get("cluster").optional_texts());
    let (replicates, seed) = (input.get("B").count()?, input.get("seed").count()?);
    let result =
        stats::cluster_bootstrap_mean(&values, &clusters, replicates, seed, confidence(input)).map_err(name)?;
    let limits = result.percentile;
    Ok(json!({
        "mean": maybe(result.mean), "pct_lo": maybe(limits.map(|limits| limits.lo)),
        "pct_hi": maybe(limits.map(|limits| limits.hi)),
    }))
}

fn mann_whitney(input: Input) -> Answer {
    let test = stats::mann_whitney(&input.get("x").f64s(), &input.get("y").f64s()).map_err(name)?;
    Ok(test.map_or_else(
        || nothing(&["u", "p_asymptotic", "p_exact", "cles"]),
        |test| json!({"u": test.u, "p_asymptotic": test.p_asymptotic, "p_exact": test.p_exact, "cles": test.cles}),
    ))
}

fn hodges_lehmann(input: Input) -> Answer {
    let shift = stats::hodges_lehmann(&input.get("x").f64s(), &input.get("y").f64s(), confidence(input));
    let shift = shift.map_err(name)?;
    Ok(with_limits(json!({"shift": maybe(shift.shift)}), shift.limits))
}

fn quantile(input: Input) -> Answer {
    let (values, level) = (input.get("x").f64s(), input.get("p").f64());
    let value = match input.get("method").text() {
        "nearest_rank" => stats::quantile_nearest_rank(&values, level),
        "linear7" => stats::quantile_linear(&values, level),
        _ => return Err("unknown_method".to_owned()),
    };
    Ok(json!({"value": maybe(value.map_err(name)?)}))
}

fn quantile_ci_ranks(input: Input) -> Answer {
    let (n, level) = (input.get("n").count()?, input.get("p").f64());
    let ranks = stats::quantile_ranks(n, level, confidence(input)).map_err(name)?;
    Ok(json!({"l": ranks.lower, "u": ranks.upper, "coverage": num(ranks.coverage)}))
}

fn quantile_ci(input: Input) -> Answer {
    let (values, level) = (input.get("x").f64s(), input.get("p").f64());
    let interval = stats::quantile_interval(&values, level, confidence(input)).map_err(name)?;
    Ok(json!({"value": maybe(interval.value), "lo": maybe(interval.lo), "hi": maybe(interval.hi)}))
}

fn ddsketch(input: Input) -> Answer {
    let alpha = input.get("alpha").f64();
    let mut sketch = DdSketch::new(alpha).map_err(name)?;
    sketch.add(&input.get("x").f64s()).map_err(name)?;
    let levels = input.get("qs").f64s().into_iter();
    let quantiles: Result<Vec<Value>, String> = levels
        .map(|level| sketch.quantile(level).map(maybe).map_err(name))
        .collect();
    let keys: Vec<(i64, u64)> = sketch.buckets().collect();
    Ok(json!({"gamma": sketch.gamma(), "keys": keys, "quantiles": quantiles?, "rel_error_bound": alpha}))
}
