//! `pegbox run`: start, follow and read runs.

use std::fmt::Display;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use super::answers::TapeArgs;
use super::case_command::CaseArgs;
use super::failures::FailuresArgs;
use super::follow::OnInterrupt;
use super::history::{self, RunListArgs};
use super::report::{self, ReportArgs};
use super::reproduce::{self, ReproduceArgs};
use super::run_start::{CapArgs, RerunArgs, StartArgs};
use super::sweep::SweepArgs;
use super::{case, compare, failures, flaky, follow, run_start, sweep};
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table};
use crate::domain::caveats::Caveats;
use crate::domain::decision::OtherCause;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::run::{AnswerSource, RunState};
use crate::workbench::RunSummary;

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// Run a version over a dataset, and wait for its end; Ctrl-C parks it
    Start(Box<StartArgs>),
    /// Go on with a paused or interrupted run; no finished example is sent again
    Resume {
        /// The run
        run: RunId,
        #[command(flatten)]
        caps: CapArgs,
        #[command(flatten)]
        tape: TapeArgs,
    },
    /// Let a run of this process send nothing more until it is resumed; what is in flight is saved
    Pause {
        /// The run
        run: RunId,
    },
    /// Ask some examples of a run again, as a run of its own, which is no evidence for a release
    Rerun(RerunArgs),
    /// Say where a run stands, as its end would
    Watch {
        /// The run
        run: RunId,
    },
    /// Show a run; with --json its tuning-run record
    Show {
        /// The run
        run: RunId,
    },
    /// List the runs, newest first
    List(RunListArgs),
    /// List the examples whose repeats differ in their answers or in whether they pass
    Flaky {
        /// The run
        run: RunId,
    },
    /// Keep a flaky example out of the gates of the run's suite; every gate names it
    Quarantine {
        /// The run whose repeats differ
        run: RunId,
        /// The example
        example: ExampleId,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List what failed in a run
    Failures(FailuresArgs),
    /// Show one outcome whole: what went out, what came back, what the graders say
    Case(CaseArgs),
    /// Compare runs with the first of them, example by example
    Compare {
        /// The run to compare with
        base: RunId,
        /// The run in question; several stand beside each other
        #[arg(required = true, value_name = "CANDIDATE")]
        candidates: Vec<RunId>,
    },
    /// Run versions with several models and temperatures, and show which no other beats; again to go on
    Sweep(Box<SweepArgs>),
    /// The newest runs of a prompt over the same dataset and suite, and which no other beats
    Matrix {
        /// One of the runs
        run: RunId,
        /// The metric that is the quality; the first of the suite where not given
        #[arg(long)]
        metric: Option<String>,
    },
    /// Check the hash of everything that a run rests on, ask again, and say what came out otherwise
    Reproduce(ReproduceArgs),
    /// Write a report that needs no pegbox to be read: what was tested, the verdict, what failed and why
    Report(ReportArgs),
    /// Record, on a run's evidence, that the prompt is not what has to change
    Decide {
        /// The run
        run: RunId,
        /// What is: retrieval, policy, `fine_tuning`, `instruction_tuning`, tools, model or evaluation
        #[arg(long)]
        cause: OtherCause,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Stop a run for good
    Cancel {
        /// The run
        run: RunId,
    },
}

/// Carries the command out.
pub fn carry_out(command: RunCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        RunCommand::Start(args) => run_start::start(context, *args),
        RunCommand::Resume { run, caps, tape } => {
            let tape = tape.tape(context.caller)?;
            context
                .workbench
                .resume_run_with(&context.actor, run, caps.caps(), &tape)?;
            let reply = follow::follow(context, run, OnInterrupt::Park)?;
            run_start::note_tape(context, &tape, run)?;
            Ok(reply)
        }
        RunCommand::Pause { run } => {
            context.workbench.pause_run(&context.actor, run)?;
            state_reply(context, run)
        }
        RunCommand::Rerun(args) => run_start::rerun(context, args),
        RunCommand::Watch { run } => follow::follow(context, run, OnInterrupt::Leave),
        RunCommand::Show { run } => follow::show(context, run),
        RunCommand::List(args) => history::runs(context, &args),
        RunCommand::Flaky { run } => flaky::list(context, run),
        RunCommand::Quarantine { run, example, reason } => flaky::quarantine(context, run, &example, &reason),
        RunCommand::Failures(args) => failures::carry_out(context, &args),
        RunCommand::Report(args) => report::report(context, &args),
        RunCommand::Decide { run, cause, reason } => decide(context, run, cause, &reason),
        RunCommand::Case(args) => case::show(context, &args),
        RunCommand::Compare { base, candidates } => compare::compare(context, base, &candidates),
        RunCommand::Sweep(args) => sweep::sweep(context, *args),
        RunCommand::Matrix { run, metric } => sweep::matrix(context, run, metric.as_deref()),
        RunCommand::Reproduce(args) => reproduce::reproduce(context, &args),
        RunCommand::Cancel { run } => {
            context.workbench.cancel_run(&context.actor, run)?;
            state_reply(context, run)
        }
    }
}

fn decide(context: &Context<'_>, run: RunId, cause: OtherCause, reason: &str) -> Result<Reply, CliError> {
    let decision = context
        .workbench
        .decide_other_cause(&context.actor, run, cause, reason)?;
    let text = Plain::of(format!("{}: {} on {run}", decision.id, decision.kind));
    Ok(Reply::done(json!({ "decision": decision }), text))
}

/// Where a run stands now.
fn state_reply(context: &Context<'_>, run: RunId) -> Result<Reply, CliError> {
    let detail = context.workbench.run_detail(run)?;
    let state = detail.progress.state;
    let (saved, total) = (detail.progress.totals.saved, detail.run.outcome_count());
    let counts = format!("with {saved} of {total} outcomes");
    let text = Plain::of(match state {
        // The order is given, and what is in flight comes first.
        RunState::Running => format!("{run} sends nothing more, {counts}; what is in flight is being saved"),
        state => format!("{run} is {} {counts}", state.as_str()),
    });
    let document = json!({ "run": run, "state": state, "saved": saved, "outcome_count": total });
    Ok(Reply::done(document, text))
}

/// Who answers, in the words of every place that shows results.
pub fn answers_text(answers: AnswerSource) -> &'static str {
    answers.as_str()
}

/// Runs as a table, or what is said where there are none.
pub fn list(runs: &[RunSummary], none: &str) -> Reply {
    let mut table = Table::new([
        "run", "subject", "dataset", "suite", "state", "saved", "failed", "gate", "answers", "started",
    ]);
    let mut documents = Vec::new();
    for summary in runs {
        let run = &summary.run;
        let verdict = summary.verdict.as_ref();
        table.row([
            run.id.to_string(),
            run.subject.label(),
            run.dataset.to_string(),
            run.suite.to_string(),
            summary.state.as_str().to_owned(),
            format!("{}/{}", summary.saved, run.outcome_count()),
            summary.failed.to_string(),
            gate_cell(verdict.map(|(verdict, _)| *verdict), &summary.caveats),
            answers_text(run.answers).to_owned(),
            run.started_at.to_string(),
        ]);
        documents.push(run_document(summary));
    }
    let text = Plain::new().table(&table, none);
    Reply::done(json!({ "runs": documents }), text)
}

/// The gate's verdict with what weakens it: `pass, stale`.
pub fn gate_cell(verdict: Option<impl Display>, caveats: &Caveats) -> String {
    let parts = [
        Some(verdict.map_or_else(|| NO_VALUE.to_owned(), |verdict| verdict.to_string())),
        (!caveats.stale.is_empty()).then(|| "stale".to_owned()),
        caveats.reused_text(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A run of a list, for machines.
pub fn run_document(summary: &RunSummary) -> serde_json::Value {
    let run = &summary.run;
    json!({
        "id": run.id,
        "subject": run.subject.label(),
        "base": run.base,
        "environment": run.environment,
        "dataset": run.dataset,
        "suite": run.suite,
        "state": summary.state,
        "example_count": run.example_count,
        "outcome_count": run.outcome_count(),
        "selection": run.selection,
        "saved": summary.saved,
        "failed": summary.failed,
        "verdict": summary.verdict.as_ref().map(|(verdict, _)| verdict),
        "reason": summary.verdict.as_ref().map(|(_, reason)| reason),
        "answers": run.answers,
        "caveats": summary.caveats,
        "started_by": run.started_by,
        "started_at": run.started_at,
    })
}
