//! `pegbox run compare`: runs beside each other, example by example.

use serde_json::{Value, json};

use super::Context;
use super::diff::prompt_diff_document;
use super::evidence::{ids_text, measure_text};
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, counted, or_none};
use crate::domain::diff::unified_text;
use crate::domain::ids::RunId;
use crate::domain::unit::Unit;
use crate::workbench::{Comparison, Effect, Group, SideBySide, SliceFlips, p_text};

/// Examples of each kind that a comparison shows as text.
const IDS_SHOWN: usize = 20;
/// Slices, and examples about which several runs disagree, that are shown as text.
const ROWS_SHOWN: usize = 30;

/// One candidate against the base in full, or several beside each other.
pub fn compare(context: &Context<'_>, base: RunId, candidates: &[RunId]) -> Result<Reply, CliError> {
    if let [candidate] = candidates {
        let comparison = context.workbench.compare_runs(base, *candidate)?;
        let text = comparison_text(Plain::new(), &comparison);
        let text = prompt_diff_text(text, &comparison);
        return Ok(Reply::done(comparison_document(&comparison), text));
    }
    let side_by_side = context.workbench.compare_many(base, candidates)?;
    Ok(Reply::done(
        side_by_side_document(&side_by_side),
        side_by_side_text(&side_by_side),
    ))
}

/// A comparison as text; where the runs differ in more than the subject comes first.
pub fn comparison_text(text: Plain, comparison: &Comparison) -> Plain {
    let result = &comparison.result;
    let mut text = text.line(heading(comparison));
    for difference in &result.differences {
        text = text.line(format!("careful: {difference}"));
    }
    text = text.blank().table(&metrics_table(comparison), "no metric is in both");
    for sentence in result.method_sentences() {
        text = text.line(sentence);
    }
    text = text.blank();
    for (kind, group) in [
        ("fixed", &result.fixed),
        ("broken", &result.broken),
        ("still failing", &result.still_failing),
    ] {
        text = text.line(group_text(kind, group));
    }
    text = text
        .line(format!("both right {}", result.both_right.count))
        .line(group_text("  of these answered otherwise", &result.answered_otherwise));
    slices_text(text, &result.slices)
}

/// `broken 3: t-004, t-017, t-117`.
fn group_text(kind: &str, group: &Group) -> String {
    format!("{kind} {}: {}", group.count, ids_text(&group.examples, IDS_SHOWN))
}

fn heading(comparison: &Comparison) -> String {
    format!(
        "{} ({}) to {} ({})",
        comparison.base, comparison.base_subject, comparison.candidate, comparison.candidate_subject
    )
}

fn metrics_table(comparison: &Comparison) -> Table {
    let mut table = Table::new([
        "metric",
        "base",
        "counts",
        "candidate",
        "counts",
        "change",
        "95 % interval",
        "p",
    ]);
    for change in &comparison.result.metrics {
        let [_, interval, p] = effect_cells(change.effect.as_ref().ok());
        let unit = comparison.units.unit(&change.metric);
        table.row([
            change.metric.clone(),
            measure_text(unit, change.base),
            change.base.counts_text(),
            measure_text(unit, change.candidate),
            change.candidate.counts_text(),
            or_none(change.change_text(unit)),
            interval,
            p,
        ]);
    }
    let none = || NO_VALUE.to_owned();
    if let Some(passes) = &comparison.result.passes {
        let [moved, interval, p] = effect_cells(Some(passes));
        let (base, candidate) = (Unit::Share.text(passes.base), Unit::Share.text(passes.candidate));
        table.row([
            "every grader".into(),
            base,
            none(),
            candidate,
            none(),
            moved,
            interval,
            p,
        ]);
    }
    let ratios = [
        ("latency", &comparison.result.latency),
        ("cost", &comparison.result.cost),
    ];
    for (what, ratio) in ratios {
        if let Some(ratio) = ratio {
            let [moved, interval, p] = ratio_cells(ratio);
            let what = format!("{what} by example");
            table.row([what, none(), none(), none(), none(), moved, interval, p]);
        }
    }
    table
}

/// What moved in points, the interval, and the chance.
fn effect_cells(effect: Option<&Effect>) -> [String; 3] {
    match effect {
        Some(effect) => [effect.change_text(), effect.interval_text(), effect.p_text()],
        None => [(); 3].map(|()| NO_VALUE.to_owned()),
    }
}

fn ratio_cells(ratio: &Effect) -> [String; 3] {
    [ratio.change_text(), ratio.interval_text(), ratio.p_text()]
}

fn slices_text(text: Plain, slices: &[SliceFlips]) -> Plain {
    let moved: Vec<&SliceFlips> = slices.iter().filter(|slice| slice.fixed + slice.broken > 0).collect();
    if moved.is_empty() {
        return text;
    }
    let mut table = Table::new([
        "slice",
        "examples",
        "fixed",
        "broken",
        "change",
        "95 % interval",
        "p (Holm)",
        "p (BH)",
    ]);
    for slice in moved.iter().take(ROWS_SHOWN) {
        let [moved, interval, _] = effect_cells(slice.effect.as_ref());
        let mark = if slice.is_flagged() { " !" } else { "" };
        table.row([
            format!("{}{mark}", slice.slice),
            slice.examples().to_string(),
            slice.fixed.to_string(),
            slice.broken.to_string(),
            moved,
            interval,
            p_text(slice.p_holm),
            p_text(slice.p_bh),
        ]);
    }
    let more = moved.len().saturating_sub(ROWS_SHOWN);
    let text = text.blank().table(&table, "no slice");
    let text = if more > 0 {
        text.line(format!("and {} more with --json", counted(more as u64, "slice")))
    } else {
        text
    };
    if slices.iter().all(|slice| slice.effect.is_none()) {
        return text.line("the slices are not tested: passing means two things in two suites");
    }
    text.line(format!(
        "! moved by more than chance explains over all {} slices (p by Holm below 0.05)",
        slices.len()
    ))
}

fn prompt_diff_text(text: Plain, comparison: &Comparison) -> Plain {
    match &comparison.diff {
        Some(diff) if diff.is_empty() => text.blank().line("both sent the same prompt"),
        Some(diff) => text.blank().block(&unified_text(diff)),
        None => text,
    }
}

/// A comparison for machines.
pub fn comparison_document(comparison: &Comparison) -> Value {
    let result = &comparison.result;
    let metrics = result.metrics.iter().map(|change| {
        json!({
            "metric": change.metric,
            "base": change.base,
            "base_value": change.base.value(),
            "candidate": change.candidate,
            "candidate_value": change.candidate.value(),
            "delta": change.delta,
            "effect": change.effect.as_ref().ok(),
            "not_compared": change.effect.as_ref().err(),
        })
    });
    json!({
        "base": comparison.base,
        "base_subject": comparison.base_subject,
        "candidate": comparison.candidate,
        "candidate_subject": comparison.candidate_subject,
        "differences": result.differences,
        "compared": result.compared(),
        "not_compared": result.not_compared,
        "metrics": metrics.collect::<Vec<_>>(),
        "fixed": group_document(&result.fixed),
        "broken": group_document(&result.broken),
        "still_failing": group_document(&result.still_failing),
        "both_right": result.both_right.count,
        "answered_otherwise": group_document(&result.answered_otherwise),
        "passes": result.passes,
        "p_value": result.p_value(),
        "slices": result.slices,
        "latency": result.latency,
        "cost": result.cost,
        "prompt_diff": comparison.diff.as_ref().map(prompt_diff_document),
    })
}

fn group_document(group: &Group) -> Value {
    json!({ "count": group.count, "examples": group.examples })
}

fn side_by_side_text(side_by_side: &SideBySide) -> Plain {
    let mut text = Plain::new();
    let mut table = Table::new([
        "run",
        "subject",
        "every grader",
        "change",
        "95 % interval",
        "p",
        "fixed",
        "broken",
        "latency",
        "cost",
    ]);
    if let Some(first) = side_by_side.comparisons.first() {
        let base = first.result.passes.map(|passes| Unit::Share.text(passes.base));
        let none = || NO_VALUE.to_owned();
        let (id, subject) = (first.base.to_string(), first.base_subject.clone());
        table.row([
            id,
            subject,
            or_none(base),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
        ]);
    }
    for comparison in &side_by_side.comparisons {
        for difference in &comparison.result.differences {
            text = text.line(format!("careful, {}: {difference}", comparison.candidate));
        }
        let result = &comparison.result;
        let [moved, interval, p] = effect_cells(result.passes.as_ref());
        // Where the suites differ, passing means two things.
        let flips = |group: &Group| or_none(result.passes.map(|_| group.count.to_string()));
        let ratio = |ratio: &Option<Effect>| or_none(ratio.map(|ratio| ratio.change_text()));
        table.row([
            comparison.candidate.to_string(),
            comparison.candidate_subject.clone(),
            or_none(result.passes.map(|passes| Unit::Share.text(passes.candidate))),
            moved,
            interval,
            p,
            flips(&result.fixed),
            flips(&result.broken),
            ratio(&result.latency),
            ratio(&result.cost),
        ]);
    }
    split_text(text.table(&table, "no run").blank(), side_by_side)
}

/// The examples on which the runs disagree, a column for each run.
fn split_text(text: Plain, side_by_side: &SideBySide) -> Plain {
    let mut text = text.line(format!(
        "{} on which the runs disagree",
        counted(side_by_side.split_count, "example")
    ));
    let ids = side_by_side.comparisons.iter().map(|comparison| comparison.candidate);
    let first = side_by_side.comparisons.first().map(|comparison| comparison.base);
    let heads: Vec<String> = first.into_iter().chain(ids).map(|id| id.to_string()).collect();
    if side_by_side.split_count > 0 {
        text = text.line(heads.join(" "));
    }
    for split in side_by_side.split.iter().take(ROWS_SHOWN) {
        let words = split.passed.iter().zip(&heads).map(|(passed, head)| {
            let word = if *passed { "pass" } else { "FAIL" };
            format!("{word:<width$}", width = head.len())
        });
        text = text.line(format!("{}  {}", words.collect::<Vec<_>>().join(" "), split.example));
    }
    text
}

fn side_by_side_document(side_by_side: &SideBySide) -> Value {
    let split = side_by_side
        .split
        .iter()
        .map(|split| json!({ "example": split.example, "passed": split.passed }));
    json!({
        "comparisons": side_by_side.comparisons.iter().map(comparison_document).collect::<Vec<_>>(),
        "disagreed": side_by_side.split_count,
        "examples": split.collect::<Vec<_>>(),
    })
}
