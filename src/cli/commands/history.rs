//! What happened to one thing over all runs: the runs of a version, the outcomes of an example.

use clap::Args;
use serde_json::json;

use super::Context;
use super::run::list;
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, or_none};
use crate::domain::ids::{ExampleId, RunId};
use crate::workbench::{ExampleInRun, SubjectId};

/// Which runs are listed.
#[derive(Debug, Args)]
pub struct RunListArgs {
    /// Only those that tested this version, such as `support_triage_v12` or `triage_flow@v3`
    #[arg(long, value_name = "VERSION")]
    version: Option<SubjectId>,
    /// The most runs to list
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Only those older than this one
    #[arg(long, value_name = "RUN")]
    before: Option<RunId>,
}

/// Runs, newest first.
pub fn runs(context: &Context<'_>, args: &RunListArgs) -> Result<Reply, CliError> {
    let workbench = &context.workbench;
    Ok(match &args.version {
        None => list(
            &workbench.runs(args.before, args.limit)?,
            "no run yet: start one with pegbox run start VERSION",
        ),
        Some(version) => list(
            &workbench.runs_of(version, args.before, args.limit)?,
            "no run tested it: start one with pegbox run start",
        ),
    })
}

/// Which outcomes of an example are listed.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The dataset; runs over any of its versions are looked at
    dataset: String,
    /// The example
    example: ExampleId,
    /// The most runs to list
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Only runs older than this one
    #[arg(long, value_name = "RUN")]
    before: Option<RunId>,
}

/// What became of an example in each run, newest first.
pub fn example(context: &Context<'_>, args: &HistoryArgs) -> Result<Reply, CliError> {
    let workbench = &context.workbench;
    let dataset = workbench.resolve_dataset(&args.dataset)?.name;
    let history = workbench.example_history(&dataset, &args.example, args.before, args.limit)?;
    let mut table = Table::new(["run", "subject", "dataset", "verdict", "model", "finished", "why"]);
    for row in &history {
        table.row([
            row.run.to_string(),
            row.subject.clone(),
            row.dataset.to_string(),
            verdict_text(row),
            or_none(row.resolved_model.as_ref()),
            row.finished_at.to_string(),
            row.why.clone().unwrap_or_else(|| NO_VALUE.to_owned()),
        ]);
    }
    let text = Plain::new().table(&table, "no run asked it");
    let text = match history.last().filter(|_| history.len() == args.limit) {
        Some(oldest) => text.line(format!("older ones: --before {}", oldest.run)),
        None => text,
    };
    let document = json!({ "dataset": dataset, "example": args.example, "history": history });
    Ok(Reply::done(document, text))
}

/// `passed`, or how many of several repeats did.
fn verdict_text(row: &ExampleInRun) -> String {
    let word = |passed: bool| if passed { "passed" } else { "failed" }.to_owned();
    match row.repeats.len() {
        0 | 1 => word(row.passed),
        saved => {
            let passed = row.repeats.iter().filter(|repeat| repeat.passed).count();
            format!("{passed} of {saved} passed")
        }
    }
}
