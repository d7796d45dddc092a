//! `pegbox run failures`: what failed, one by one or counted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Context;
use super::evidence::ids_text;
use super::run::Grouping;
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table};
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::outcome::{FailureCategory, Outcome};
use crate::workbench::FailureRow;

/// Failures that are read at once for a count.
const ROWS_PER_READ: usize = 200;
/// Examples that a group shows as text.
const IDS_SHOWN: usize = 10;
/// The group of failures whose cause nobody knows.
const NO_CATEGORY: &str = "unknown";

/// The failures in the order of the dataset.
pub fn list(context: &Context<'_>, run: RunId, limit: usize) -> Result<Reply, CliError> {
    let failures = context.workbench.failures(run, None, limit)?;
    let failed = context.workbench.run_detail(run)?.progress.totals;
    let total = failed.failed + failed.errored;
    let mut table = Table::new(["row", "example", "base", "latency", "why"]);
    for failure in &failures {
        table.row([
            failure.place.index.to_string(),
            failure.label(),
            before_text(failure.passed_before).to_owned(),
            format!("{} ms", failure.line.latency_ms),
            failure.line.why.clone(),
        ]);
    }
    let text = Plain::new()
        .table(&table, "nothing failed")
        .blank()
        .line(format!("{} of {total} failures of {run}", failures.len()));
    let documents: Vec<Value> = failures.iter().map(failure_document).collect();
    Ok(Reply::done(
        json!({ "run": run, "total": total, "failures": documents }),
        text,
    ))
}

fn before_text(passed_before: Option<bool>) -> &'static str {
    match passed_before {
        Some(true) => "passed",
        Some(false) => "failed",
        None => NO_VALUE,
    }
}

fn failure_document(failure: &FailureRow) -> Value {
    json!({
        "row": failure.place.index,
        "repeat": failure.place.repeat,
        "example": failure.line.example,
        "why": failure.line.why,
        "latency_ms": failure.line.latency_ms,
        "passed_before": failure.passed_before,
    })
}

/// Every failure, counted by group; each group lists at most `limit` examples for machines.
pub fn count(context: &Context<'_>, run: RunId, grouping: Grouping, limit: usize) -> Result<Reply, CliError> {
    let mut groups: BTreeMap<String, Vec<ExampleId>> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = context.workbench.failures(run, after, ROWS_PER_READ)?;
        let Some(last) = page.last() else { break };
        after = Some(last.place);
        for failure in page {
            let outcome = context.workbench.case(run, failure.place)?.outcome;
            for group in groups_of(&outcome, grouping) {
                groups.entry(group).or_default().push(outcome.example.clone());
            }
        }
    }
    let mut sorted: Vec<(String, Vec<ExampleId>)> = groups.into_iter().collect();
    sorted.sort_by(|(a, of_a), (b, of_b)| of_b.len().cmp(&of_a.len()).then_with(|| a.cmp(b)));
    let mut table = Table::new(["group", "failures", "examples"]);
    let mut documents = Vec::new();
    for (group, examples) in &sorted {
        table.row([group.clone(), examples.len().to_string(), ids_text(examples, IDS_SHOWN)]);
        let listed: Vec<&ExampleId> = examples.iter().take(limit).collect();
        documents.push(json!({ "group": group, "count": examples.len(), "examples": listed }));
    }
    let text = Plain::new().table(&table, "nothing failed");
    Ok(Reply::done(json!({ "run": run, "groups": documents }), text))
}

/// The groups that an outcome counts in: each grader that it failed, or its one category.
fn groups_of(outcome: &Outcome, grouping: Grouping) -> Vec<String> {
    match (grouping, &outcome.error) {
        (Grouping::Category, _) => {
            let category = outcome.failure_category.map_or(NO_CATEGORY, FailureCategory::as_str);
            vec![category.to_owned()]
        }
        (Grouping::Grader, Some(error)) => vec![format!("error: {}", error.kind.as_str())],
        (Grouping::Grader, None) => {
            let failed = outcome.failed_scores();
            failed.map(|score| score.grader.clone()).collect()
        }
    }
}
