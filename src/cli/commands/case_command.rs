//! `pegbox case`: what a person says of one outcome.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply};
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::label::{HumanLabel, LabelContent, LabelVerdict};
use crate::domain::outcome::{FailureCategory, OutcomePlace};
use crate::workbench::WorkbenchError;

/// What to say of an outcome.
#[derive(Debug, Subcommand)]
pub enum CaseCommand {
    /// Say whether an answer is right: it stands beside what the graders said, and calibrates judges
    Label(LabelArgs),
    /// Say where the cause of a failure lies, instead of what the rules find
    Triage(TriageArgs),
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
    pub fn place(&self, context: &Context<'_>) -> Result<OutcomePlace, WorkbenchError> {
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

/// A triage.
#[derive(Debug, Args)]
pub struct TriageArgs {
    #[command(flatten)]
    case: CaseArgs,
    /// Where the cause lies: prompt, retrieval, tool, model, parser, grader, label or provider
    #[arg(long)]
    category: FailureCategory,
    /// Why there
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Carries the command out.
pub fn carry_out(command: CaseCommand, context: &Context<'_>) -> Result<Reply, CliError> {
    match command {
        CaseCommand::Label(args) => label(args, context),
        CaseCommand::Triage(args) => triage(&args, context),
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
    let text = Plain::of(format!("{}: {}", label.outcome(), label_text(&label)));
    Ok(Reply::done(json!({ "label": label }), text))
}

/// A label in a line: `anna says passed, against route: both routes are right`.
pub fn label_text(label: &HumanLabel) -> String {
    let parts = [
        label.verdict.map(|verdict| verdict.as_str().to_owned()),
        label.class.as_ref().map(|class| format!("class {class}")),
        label.expected.as_ref().map(|expected| format!("expected {expected}")),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    let grader = label.grader.as_deref();
    let about = match (label.is_override, grader) {
        (true, grader) => format!(", against {}", grader.unwrap_or("the graders")),
        (false, Some(grader)) => format!(", of {grader}"),
        (false, None) => String::new(),
    };
    let why = match label.comment.as_str() {
        "" => String::new(),
        comment => format!(": {comment}"),
    };
    format!("{} says {}{about}{why}", label.by, said.join(", "))
}

fn triage(args: &TriageArgs, context: &Context<'_>) -> Result<Reply, CliError> {
    let (run, place) = (args.case.run, args.case.place(context)?);
    let triages = context
        .workbench
        .add_triages(&context.actor, run, &[place], args.category, &args.reason)?;
    let text = triages.iter().fold(Plain::new(), |text, triage| {
        let (category, by) = (triage.category.as_str(), &triage.by);
        text.line(format!(
            "{}: {by} says that the cause lies in: {category}",
            triage.outcome()
        ))
    });
    Ok(Reply::done(json!({ "triage": triages.first() }), text))
}
