//! `pegbox case`: what a person says of one outcome.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply};
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::label::{HumanLabel, LabelContent, LabelVerdict};
use crate::domain::outcome::OutcomePlace;
use crate::workbench::WorkbenchError;

/// What to say of an outcome.
#[derive(Debug, Subcommand)]
pub enum CaseCommand {
    /// Say whether an answer is right: it stands beside what the graders said, and calibrates judges
    Label(LabelArgs),
}

/// Which outcome of a run.
#[derive(Debug, Args)]
pub struct CaseArgs {
    /// The run
    pub run: RunId,
    /// The example
    pub example: ExampleId,
    /// Which of its repeats, from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub repeat: u32,
}

impl CaseArgs {
    /// Where it stands in its run.
    fn place(&self, context: &Context<'_>) -> Result<OutcomePlace, WorkbenchError> {
        context.workbench.place_of(self.run, &self.example, self.repeat - 1)
    }
}

/// A label.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("said").required(true).multiple(true).args(["verdict", "class", "expected"]))]
pub struct LabelArgs {
    #[command(flatten)]
    case: CaseArgs,
    /// Whether the answer is right
    #[arg(long)]
    verdict: Option<VerdictArg>,
    /// The grader whose verdict it is about; the answer as a whole without
    #[arg(long)]
    grader: Option<String>,
    /// The class that the answer belongs to, for a grader that classifies
    #[arg(long)]
    class: Option<String>,
    /// What should have been expected of the example, as JSON
    #[arg(long, value_name = "JSON", value_parser = JsonText::parse)]
    expected: Option<JsonText>,
    /// Why; needed where the verdict is another than the grader's
    #[arg(long, default_value = "", value_name = "TEXT")]
    comment: String,
}

/// Whether an answer is right.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum VerdictArg {
    /// It is
    Pass,
    /// It is not
    Fail,
}

/// Carries the command out.
pub fn carry_out(command: CaseCommand, context: &Context<'_>) -> Result<Reply, CliError> {
    match command {
        CaseCommand::Label(args) => label(args, context),
    }
}

fn label(args: LabelArgs, context: &Context<'_>) -> Result<Reply, CliError> {
    let place = args.case.place(context)?;
    let content = LabelContent {
        grader: args.grader,
        verdict: args
            .verdict
            .map(|verdict| LabelVerdict::of(matches!(verdict, VerdictArg::Pass))),
        class: args.class,
        expected: args.expected,
        comment: args.comment,
    };
    let label = context
        .workbench
        .add_label(&context.actor, args.case.run, place, &content)?;
    let text = label_text(&label);
    Ok(Reply::done(json!({ "label": label }), text))
}

fn label_text(label: &HumanLabel) -> Plain {
    let about = match &label.grader {
        Some(grader) => format!("{grader} on {}", label.outcome()),
        None => label.outcome().to_string(),
    };
    let said = match label.verdict {
        Some(verdict) => verdict.as_str(),
        None => "a value",
    };
    let override_text = if label.is_override { ", against the grader" } else { "" };
    Plain::of(format!("{about} is labelled {said} by {}{override_text}", label.by))
}
