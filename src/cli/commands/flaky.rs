//! Flaky examples: found in a run, quarantined in a suite, and let back.

use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply, Table, counted, or_none};
use crate::domain::ids::{ExampleId, RunId, SuiteName};
use crate::domain::quarantine::Quarantine;

/// The examples of a run whose repeats differ.
pub fn list(context: &Context<'_>, run: RunId) -> Result<Reply, CliError> {
    let flaky = context.workbench.flaky(run)?;
    let mut table = Table::new(["example", "passed", "answers", "quarantined"]);
    for example in &flaky.examples {
        table.row([
            example.example.to_string(),
            format!("{}/{}", example.passed, example.answered),
            example.answers.to_string(),
            or_none(example.quarantine.as_ref()),
        ]);
    }
    let undecided = flaky.examples.iter().filter(|example| example.is_undecided()).count();
    let text = if flaky.repeats < 2 {
        Plain::of(format!(
            "{run} asked each example once, which shows no flaky one: use --repeats"
        ))
    } else {
        let found = counted(undecided as u64, "example");
        let answers = counted(flaky.examples.len() as u64 - undecided as u64, "example");
        Plain::new()
            .table(&table, "every example came out the same each time")
            .line(format!(
                "of {} asked {} times, {found} sometimes pass and sometimes fail; of {answers} only the answer differs",
                flaky.compared, flaky.repeats
            ))
    };
    Ok(Reply::done(json!(flaky), text))
}

/// Keeps a flaky example out of gates.
pub fn quarantine(context: &Context<'_>, run: RunId, example: &ExampleId, reason: &str) -> Result<Reply, CliError> {
    let placed = context.workbench.quarantine(&context.actor, run, example, reason)?;
    let text = Plain::of(format!(
        "{example} does not count in the gates of {} from now on; runs still ask it, and every gate names it",
        placed.suite
    ));
    Ok(Reply::done(json!({ "quarantine": placed }), text))
}

/// Lets an example count again.
pub fn lift(context: &Context<'_>, suite: &SuiteName, example: &ExampleId, reason: &str) -> Result<Reply, CliError> {
    let lifted = context
        .workbench
        .lift_quarantine(&context.actor, suite, example, reason)?;
    let text = Plain::of(format!("{example} counts again in the gates of {suite}"));
    Ok(Reply::done(json!({ "quarantine": lifted }), text))
}

/// What is quarantined in a suite now, and every decision about it.
pub fn quarantined(context: &Context<'_>, suite: &SuiteName) -> Result<Reply, CliError> {
    let standing = context.workbench.quarantined(suite)?;
    let decisions = context.workbench.quarantines(suite)?;
    let mut table = Table::new(["example", "decision", "now", "run", "by", "at", "why"]);
    for decision in &decisions {
        let holds = standing.contains(decision);
        table.row([
            decision.example.to_string(),
            decision.kind.as_str().to_owned(),
            holding(holds).to_owned(),
            decision.run.to_string(),
            decision.by.to_string(),
            decision.at.to_string(),
            decision.reason.to_string(),
        ]);
    }
    let text = Plain::new().table(&table, "nothing is or was quarantined");
    Ok(Reply::done(document(&standing, &decisions), text))
}

fn holding(holds: bool) -> &'static str {
    if holds { "out of gates" } else { "counts" }
}

fn document(standing: &[Quarantine], decisions: &[Quarantine]) -> serde_json::Value {
    json!({ "quarantined": standing, "decisions": decisions })
}
