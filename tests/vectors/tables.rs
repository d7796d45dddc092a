//! Labels, judges, repeats, rankings, many p-values.

use std::collections::BTreeMap;

use pegbox::stats::{self, Correction, Game, JudgeWeight, JudgedRate};
use serde_json::{Map, Value, json};

use crate::input::{Answer, Input, maybe, name, nothing, num, with_limits};

pub fn answer(function: &str, input: Input) -> Option<Answer> {
    Some(match function {
        "classification" => classification(input),
        "kappa_from_table" => kappa_from_table(input),
        "rogan_gladen" => rogan_gladen(input),
        "lang_reiczigel" => lang_reiczigel(input),
        "ppi_mean" => ppi_mean(input),
        "bradley_terry" => bradley_terry(input),
        "elo_sequence" => elo_sequence(input),
        "pass_at_k" => pass_at_k(input),
        "pass_at_k_dataset" => pass_at_k_dataset(input),
        "consistency" => consistency(input),
        "variance_components" => variance_components(input),
        "adjust_p" => adjust_p(input),
        _ => return None,
    })
}

fn classification(input: Input) -> Answer {
    let [labels, truth, predicted] = ["labels", "y_true", "y_pred"].map(|key| input.get(key).texts());
    let result = stats::classification(&labels, &truth, &predicted).map_err(name)?;
    let per_class: Map<String, Value> = result
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
    Ok(json!({
        "n": result.n, "confusion": result.confusion, "accuracy": result.accuracy, "per_class": per_class,
        "macro_f1_defined": result.macro_f1, "macro_precision_zero": result.macro_precision_zero,
        "macro_recall_zero": result.macro_recall_zero, "macro_f1_zero": result.macro_f1_zero,
        "weighted_f1": result.weighted_f1, "micro_f1": result.accuracy,
        "balanced_accuracy": result.balanced_accuracy, "kappa": maybe(result.kappa), "mcc": maybe(result.mcc),
    }))
}

fn kappa_from_table(input: Input) -> Answer {
    let table = input.get("table").count_table()?;
    let kappa = stats::kappa_from_table(&table, input.get("conf").f64()).map_err(name)?;
    let values = json!({"kappa": maybe(kappa.kappa), "se": maybe(kappa.se), "quadratic": maybe(kappa.quadratic)});
    Ok(with_limits(values, kappa.limits))
}

fn judged(input: Input) -> Result<JudgedRate, String> {
    Ok(JudgedRate {
        positives: input.get("k").count()?,
        judged: input.get("n").count()?,
        true_positives: input.get("se_k").count()?,
        labelled_positive: input.get("se_n").count()?,
        true_negatives: input.get("sp_k").count()?,
        labelled_negative: input.get("sp_n").count()?,
    })
}

fn rogan_gladen(input: Input) -> Answer {
    let rate = stats::rogan_gladen(judged(input)?, input.get("conf").f64()).map_err(name)?;
    Ok(rate.map_or_else(
        || nothing(&["estimate", "raw", "se", "lo", "hi"]),
        |rate| {
            let values = json!({"estimate": num(rate.estimate), "raw": num(rate.raw), "se": num(rate.se)});
            with_limits(values, Some(rate.limits))
        },
    ))
}

fn lang_reiczigel(input: Input) -> Answer {
    let rate = stats::lang_reiczigel(judged(input)?, input.get("conf").f64()).map_err(name)?;
    Ok(rate.map_or_else(
        || nothing(&["centre", "lo", "hi"]),
        |rate| with_limits(json!({"centre": num(rate.centre)}), Some(rate.limits)),
    ))
}

fn ppi_mean(input: Input) -> Answer {
    let [labels, judged, unlabelled] = ["y", "f_lab", "f_unlab"].map(|key| input.get(key).f64s());
    let weight = match input.get("lam") {
        lam if lam.text() == "opt" => JudgeWeight::Tuned,
        lam => JudgeWeight::Fixed(lam.f64()),
    };
    let result = stats::ppi_mean(&labels, &judged, &unlabelled, weight, input.get("conf").f64()).map_err(name)?;
    Ok(result.map_or_else(
        || nothing(&["estimate", "lambda", "se", "lo", "hi"]),
        |result| {
            let values = json!({"estimate": result.estimate, "lambda": result.lambda, "se": result.se});
            with_limits(values, Some(result.limits))
        },
    ))
}

fn bradley_terry(input: Input) -> Answer {
    let (wins, ties) = (input.get("wins").count_table()?, input.get("ties"));
    let ties = if ties.is_null() {
        None
    } else {
        Some(ties.count_table()?)
    };
    let result = stats::bradley_terry(&wins, ties.as_deref(), input.get("prior").f64()).map_err(name)?;
    Ok(json!({
        "strength": result.strength, "se": result.se, "elo": result.elo,
        "p_first_beats_second": maybe(result.p_first_beats_second),
    }))
}

fn elo_sequence(input: Input) -> Answer {
    let empty = Map::new();
    let rated = input.get("ratings").0.as_object().unwrap_or(&empty);
    let places: BTreeMap<&str, usize> = rated.keys().map(String::as_str).zip(0..).collect();
    let ratings: Vec<f64> = rated.values().map(|rating| Input(rating).f64()).collect();
    let place = |player: Input| places.get(player.text()).copied().unwrap_or(usize::MAX);
    let games: Vec<Game> = input
        .get("games")
        .items()
        .filter_map(|game| {
            let parts: Vec<Input> = game.items().collect();
            let [first, second, score] = parts.as_slice() else {
                return None;
            };
            let (first, second, score) = (place(*first), place(*second), score.f64());
            Some(Game { first, second, score })
        })
        .collect();
    let ratings = stats::elo_sequence(&ratings, input.get("k").f64(), &games).map_err(name)?;
    let named: Map<String, Value> = rated.keys().cloned().zip(ratings.into_iter().map(num)).collect();
    Ok(json!({"ratings": named}))
}

fn pass_at_k(input: Input) -> Answer {
    let (n, c, k) = (
        input.get("n").count()?,
        input.get("c").count()?,
        input.get("k").count()?,
    );
    let result = stats::pass_at_k(n, c, k).map_err(name)?;
    Ok(json!({"pass_at_k": num(result.pass_at_k), "pass_hat_k": num(result.pass_hat_k)}))
}

fn pass_at_k_dataset(input: Input) -> Answer {
    let items = input.get("items").count_table()?;
    let items: Vec<(u64, u64)> = items
        .iter()
        .filter_map(|item| Some((*item.first()?, *item.get(1)?)))
        .collect();
    let result = stats::pass_at_k_dataset(&items, input.get("k").count()?).map_err(name)?;
    Ok(json!({
        "items": result.items, "skipped": result.skipped, "pass_at_k": maybe(result.pass_at_k),
        "pass_hat_k": maybe(result.pass_hat_k), "se_pass_at_k": maybe(result.se_pass_at_k),
    }))
}

fn consistency(input: Input) -> Answer {
    let outcomes: Vec<Vec<&str>> = input.get("outcomes").items().map(Input::texts).collect();
    let result = stats::consistency(&outcomes).map_err(name)?;
    Ok(json!({"agreement": maybe(result.agreement), "unanimous_rate": maybe(result.unanimous_rate)}))
}

fn variance_components(input: Input) -> Answer {
    let scores: Vec<Vec<f64>> = input.get("scores").items().map(Input::f64s).collect();
    let result = stats::variance_components(&scores).map_err(name)?;
    Ok(json!({
        "mean": maybe(result.mean), "se": maybe(result.se), "within": maybe(result.within),
        "between": maybe(result.between), "share_within_at_k": maybe(result.share_within_at_k),
    }))
}

fn adjust_p(input: Input) -> Answer {
    let correction = match input.get("method").text() {
        "holm" => Correction::Holm,
        "bh" => Correction::BenjaminiHochberg,
        "bonferroni" => Correction::Bonferroni,
        _ => return Err("unknown_method".to_owned()),
    };
    let p_values: Vec<Option<f64>> = input.get("p").items().map(Input::optional_f64).collect();
    let result = stats::adjust_p(&p_values, correction, input.get("alpha").f64()).map_err(name)?;
    Ok(json!({"adjusted": result.adjusted, "reject": result.reject}))
}
