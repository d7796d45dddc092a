//! `pegbox label`: what people said of outcomes.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, counted, or_none};
use crate::domain::ids::RunId;
use crate::domain::json::JsonText;
use crate::domain::label::{HumanLabel, LabelVerdict, standing};

/// What to do with human labels.
#[derive(Debug, Subcommand)]
pub enum LabelCommand {
    /// List the labels of a run, or of everything that a suite graded
    List(ListArgs),
}

/// Which labels.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whose").required(true).args(["run", "suite"])))]
pub struct ListArgs {
    /// Those of this run's outcomes
    #[arg(long)]
    pub run: Option<RunId>,
    /// Those of the outcomes that any version of this suite graded, over all runs
    #[arg(long)]
    pub suite: Option<String>,
    /// Only those about this grader's verdict
    #[arg(long)]
    pub grader: Option<String>,
    /// Those too that a later label of the same person replaced
    #[arg(long)]
    pub all: bool,
}

/// Carries the command out.
pub fn carry_out(command: &LabelCommand, context: &Context<'_>) -> Result<Reply, CliError> {
    let LabelCommand::List(args) = command;
    let grader = args.grader.as_deref();
    let mut labels = match (args.run, &args.suite) {
        (_, Some(suite)) => {
            let suite = context.workbench.resolve_suite_name(suite)?;
            context.workbench.labels_of_suite(&suite, grader)?
        }
        (Some(run), None) => context.workbench.labels_of(run)?,
        (None, None) => Vec::new(),
    };
    if grader.is_some() {
        labels.retain(|label| label.grader.as_deref() == grader);
    }
    let shown: Vec<&HumanLabel> = if args.all {
        labels.iter().collect()
    } else {
        standing(&labels)
    };
    Ok(list(&shown))
}

fn list(labels: &[&HumanLabel]) -> Reply {
    let mut table = Table::new([
        "outcome", "repeat", "grader", "verdict", "class", "expected", "by", "comment",
    ]);
    for label in labels {
        let verdict = label.verdict.map_or(NO_VALUE, LabelVerdict::as_str);
        table.row([
            label.outcome().to_string(),
            (label.place.repeat + 1).to_string(),
            or_none(label.grader.as_ref()),
            if label.is_override {
                format!("{verdict}, override")
            } else {
                verdict.to_owned()
            },
            or_none(label.class.as_ref()),
            or_none(label.expected.as_ref().map(JsonText::plain)),
            label.by.to_string(),
            label.comment.clone(),
        ]);
    }
    let overrides = labels.iter().filter(|label| label.is_override).count();
    let text = Plain::new()
        .table(
            &table,
            "no label: add one with pegbox case label RUN EXAMPLE --verdict pass",
        )
        .blank()
        .line(format!(
            "{}, {overrides} against the grader",
            counted(labels.len() as u64, "label")
        ));
    Reply::done(json!({ "labels": labels, "overrides": overrides }), text)
}
