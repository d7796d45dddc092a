//! The statistics give the reference values: those kept here, and those of any files named in `PEGBOX_VECTORS`
//! (a list of paths, separated as in `PATH`), for the functions that this crate has.

#![expect(
    clippy::unwrap_used,
    reason = "a malformed vector file should fail the test where it is read"
)]

use std::path::PathBuf;

use pegbox::stats::{
    self, Comparison, Evidence, Method, NonInferiorityVerdict, PairedCounts, Point, Policy, Side, StatsError, Verdict,
    special,
};
use serde_json::{Value, json};

/// What a case gave: its values, the name of its error, or nothing where this crate has no such function.
type Answer = Option<Result<Value, &'static str>>;

#[test]
fn statistics_give_the_reference_values() {
    let mut paths = vec![PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/stats_vectors.json"
    ))];
    let more = std::env::var_os("PEGBOX_VECTORS").unwrap_or_default();
    paths.extend(std::env::split_paths(&more).filter(|path| !path.as_os_str().is_empty()));
    let (mut wrong, mut total) = (Vec::new(), 0);
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut checked = 0;
        for case in file["cases"].as_array().unwrap() {
            let Some(answer) = answer(case["fn"].as_str().unwrap(), &case["in"]) else {
                continue;
            };
            checked += 1;
            if let Err(difference) = compare(case, &answer) {
                wrong.push(format!("{} {}: {difference}", path.display(), case["id"]));
            }
        }
        println!("{}: {checked} cases for functions of this crate", path.display());
        total += checked;
    }
    assert!(total > 0, "no case was checked");
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_wrong_value_is_noticed() {
    let mut case = json!({"in": {}, "out": {"p": 0.5}, "tol": {"rel": 1e-9, "abs": 0.0}});
    assert!(compare(&case, &Ok(json!({"p": 0.5, "more": 1}))).is_ok());
    assert!(compare(&case, &Ok(json!({"p": 0.500_001}))).is_err());
    assert!(compare(&case, &Ok(json!({"p": null}))).is_err());
    assert!(compare(&case, &Ok(json!({}))).is_err());
    assert!(compare(&case, &Err("bad_p")).is_err());
    case["err"] = json!("bad_p");
    assert!(compare(&case, &Err("bad_p")).is_ok());
    assert!(compare(&case, &Ok(json!({"p": 0.5}))).is_err());
}

/// Compares the values that we give; the reference may hold more, such as statistics kept there for contrast.
fn compare(case: &Value, answer: &Result<Value, &str>) -> Result<(), String> {
    match (answer, case["err"].as_str()) {
        (Err(got), Some(want)) if *got == want => Ok(()),
        (Ok(got), None) => {
            let known = got.as_object().unwrap();
            let shared: Vec<_> = case["out"]
                .as_object()
                .unwrap()
                .iter()
                .filter(|(key, _)| !is_extra(key))
                .collect();
            for (key, want) in shared {
                let got = known.get(key).unwrap_or(&Value::Null);
                if !(known.contains_key(key) && is_close(got, want, &case["tol"])) {
                    return Err(format!("{key} is {got}, should be {want}"));
                }
            }
            Ok(())
        }
        (got, want) => Err(format!("gave {got:?}, should give {}", want.unwrap_or("a value"))),
    }
}

/// Values of the reference that this crate does not offer.
fn is_extra(key: &str) -> bool {
    matches!(
        key,
        "chi2"
            | "p_chi2"
            | "macro_precision_zero"
            | "macro_recall_zero"
            | "macro_f1_zero"
            | "weighted_f1"
            | "micro_f1"
            | "balanced_accuracy"
            | "kappa"
            | "mcc"
    )
}

fn is_close(got: &Value, want: &Value, tolerance: &Value) -> bool {
    match (got, want) {
        (Value::Number(got), Value::Number(want)) if want.is_f64() || got.is_f64() => {
            let (got, want) = (got.as_f64().unwrap(), want.as_f64().unwrap());
            let (rel, abs) = (
                tolerance["rel"].as_f64().unwrap_or(0.0),
                tolerance["abs"].as_f64().unwrap_or(0.0),
            );
            (got - want).abs() <= abs + rel * want.abs()
        }
        (Value::Object(got), Value::Object(want)) => want
            .iter()
            .all(|(key, want)| got.get(key).is_some_and(|got| is_close(got, want, tolerance))),
        _ => got == want,
    }
}

fn answer(function: &str, input: &Value) -> Answer {
    let number = |key: &str| input[key].as_f64().unwrap();
    let count = |key: &str| input[key].as_u64().unwrap();
    match function {
        "special_fn" => special_function(input).map(|value| Ok(json!({"value": value}))),
        "prop_ci" => {
            let interval = stats::proportion_interval(count("k"), count("n"), number("conf"), method(input)?);
            Some(named(
                interval.map(|i| json!({"estimate": i.estimate, "lo": i.lo, "hi": i.hi})),
            ))
        }
        "prop_bound" => {
            let side = if input["side"] == "lower" {
                Side::Lower
            } else {
                Side::Upper
            };
            let bound = stats::proportion_bound(count("k"), count("n"), number("conf"), side, method(input)?);
            Some(named(bound.map(|b| json!({"estimate": b.estimate, "bound": b.bound}))))
        }
        "threshold_gate" => gate(input),
        "misses_allowed" => {
            let threshold = input["threshold"].as_str().unwrap().parse().unwrap();
            Some(named(
                stats::misses_allowed(count("n"), threshold).map(|misses| json!({"misses": misses})),
            ))
        }
        "mcnemar" => {
            let test = stats::mcnemar(count("b"), count("c"));
            Some(Ok(json!({
                "discordant": test.discordant, "p_exact": test.p_exact, "p_midp": test.p_midp,
                "p_worse_exact": test.p_worse_exact, "p_worse_midp": test.p_worse_midp,
            })))
        }
        "paired_prop_diff" => {
            if input["method"] != "tango" {
                return None;
            }
            let difference = stats::paired_difference(pairs(input), number("conf"));
            Some(named(
                difference.map(|d| json!({"diff": d.diff, "lo": d.lo, "hi": d.hi})),
            ))
        }
        "non_inferiority_paired_binary" => non_inferiority(input),
        "n_for_lower_bound" => {
            let n = stats::n_for_lower_bound(number("threshold"), number("conf"), count("misses"));
            Some(named(n.map(|n| json!({"n": n}))))
        }
        "quantile" => quantile(input),
        "classification" => Some(classification(input)),
        _ => None,
    }
}

fn named(result: Result<Value, StatsError>) -> Result<Value, &'static str> {
    result.map_err(|error| match error {
        StatsError::BadCounts { .. } => "bad_counts",
        StatsError::BadConfidence(_) => "bad_conf",
        StatsError::BadThreshold(_) => "bad_threshold",
        StatsError::EqualityNeedsZeroOrOne(_) => "equality_gate_needs_0_or_1",
        StatsError::BadMargin(_) => "bad_margin",
        StatsError::BadLevel(_) => "bad_p",
        StatsError::NotFinite { .. } => "non_finite",
        StatsError::UnknownLabel(_) => "unknown_label",
        StatsError::LengthMismatch { .. } => "length_mismatch",
    })
}

fn method(input: &Value) -> Option<Method> {
    match input["method"].as_str()? {
        "wilson" => Some(Method::Wilson),
        "clopper_pearson" => Some(Method::ClopperPearson),
        _ => None,
    }
}

fn pairs(input: &Value) -> PairedCounts {
    let [both_pass, regressions, fixes, both_fail] = ["a", "b", "c", "d"].map(|key| input[key].as_u64().unwrap());
    PairedCounts {
        both_pass,
        regressions,
        fixes,
        both_fail,
    }
}

fn special_function(input: &Value) -> Option<f64> {
    let args: Vec<f64> = input["args"].as_array()?.iter().filter_map(Value::as_f64).collect();
    let value = match (input["name"].as_str()?, args.as_slice()) {
        ("ln_gamma", &[x]) => special::ln_gamma(x),
        ("ln_beta", &[a, b]) => special::ln_beta(a, b),
        ("beta_reg", &[a, b, x]) => special::beta_reg(a, b, x),
        ("beta_reg_inv", &[a, b, p]) => special::beta_reg_inv(a, b, p),
        ("norm_ppf", &[p]) => special::norm_ppf(p),
        ("binom_cdf", &[_, _, p]) => special::binom_cdf(input["args"][0].as_u64()?, input["args"][1].as_u64()?, p),
        _ => return None,
    };
    Some(value)
}

fn gate(input: &Value) -> Answer {
    let comparison = match input["op"].as_str()? {
        ">=" => Comparison::AtLeast,
        "<=" => Comparison::AtMost,
        _ => Comparison::Equal,
    };
    let policy = match input["policy"].as_str()? {
        "point" => Policy::Point,
        "proven" => Policy::Proven,
        _ => Policy::NotRefuted,
    };
    let result = stats::threshold_gate(
        input["k"].as_u64()?,
        input["n"].as_u64()?,
        comparison,
        input["threshold"].as_f64()?,
        input["conf"].as_f64()?,
        policy,
    );
    Some(named(result.map(|gate| {
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
        json!({"point": point, "evidence": evidence, "verdict": verdict, "lower": gate.lower, "upper": gate.upper})
    })))
}

fn non_inferiority(input: &Value) -> Answer {
    let result = stats::non_inferiority(pairs(input), input["margin"].as_f64()?, input["conf"].as_f64()?);
    Some(named(result.map(|test| {
        let verdict = match test.verdict {
            NonInferiorityVerdict::NonInferior => "non_inferior",
            NonInferiorityVerdict::Inferior => "inferior",
            NonInferiorityVerdict::Inconclusive => "inconclusive",
            NonInferiorityVerdict::NoData => "no_data",
        };
        json!({
            "diff": test.diff, "lower": test.lower, "upper": test.upper, "verdict": verdict,
            "regression_detected": test.is_regression_detected,
        })
    })))
}

fn quantile(input: &Value) -> Answer {
    let values: Vec<f64> = input["x"].as_array()?.iter().filter_map(Value::as_f64).collect();
    let level = input["p"].as_f64()?;
    let value = match input["method"].as_str()? {
        "nearest_rank" => stats::quantile_nearest_rank(&values, level),
        "linear7" => stats::quantile_linear(&values, level),
        _ => return None,
    };
    Some(named(value.map(|value| json!({"value": value}))))
}

fn classification(input: &Value) -> Result<Value, &'static str> {
    let texts = |key: &str| -> Vec<&str> {
        input[key]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect()
    };
    let result = stats::classification(&texts("labels"), &texts("y_true"), &texts("y_pred"));
    named(result.map(|result| {
        let per_class: serde_json::Map<String, Value> = result
            .per_class
            .iter()
            .map(|class| {
                let scores = json!({
                    "precision": class.precision, "recall": class.recall, "f1": class.f1,
                    "support": class.support, "predicted": class.predicted,
                });
                (class.label.clone(), scores)
            })
            .collect();
        json!({
            "n": result.n, "confusion": result.confusion, "accuracy": result.accuracy, "per_class": per_class,
            "macro_f1_defined": result.macro_f1,
        })
    }))
}
