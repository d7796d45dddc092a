//! `pegbox run`: start, follow and read runs.

use std::fmt::Display;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::Context;
use super::answers::AnswerArgs;
use super::evidence::{ids_text, measure_text};
use super::reproduce::{self, ReproduceArgs};
use super::{case, failures, follow};
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table};
use crate::domain::caveats::Caveats;
use crate::domain::ids::{ExampleId, RunId, VersionId};
use crate::domain::promotion::Environment;
use crate::domain::run::{AnswerSource, RunSettings, RuntimeContext};
use crate::workbench::{Comparison, Group, RunSummary, StartRun};

/// Examples of each kind that a comparison shows as text.
const IDS_SHOWN: usize = 20;
/// The provider whose endpoint the configuration can name.
const OPENAI: &str = "openai";
/// The provider reads it by itself; it beats the configuration, and the option beats both.
const BASE_URL_VARIABLE: &str = "OPENAI_BASE_URL";

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// Run a version over a dataset, and wait for its end; Ctrl-C parks it
    Start(Box<StartArgs>),
    /// Go on with an interrupted run; no finished example is sent again
    Resume {
        /// The run
        run: RunId,
    },
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
    List {
        /// The most runs to list
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Only those older than this one
        #[arg(long, value_name = "RUN")]
        before: Option<RunId>,
    },
    /// List what failed in a run
    Failures {
        /// The run
        run: RunId,
        /// Count by what found the failure, or by where its cause lies
        #[arg(long)]
        group: Option<Grouping>,
        /// The most failures to list
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one outcome whole: what went out, what came back, what the graders say
    Case {
        /// The run
        run: RunId,
        /// The example
        example: ExampleId,
    },
    /// Compare two runs, example by example
    Compare {
        /// The run to compare with
        base: RunId,
        /// The run in question
        candidate: RunId,
    },
    /// Check the hash of everything that a run rests on, ask again, and say what came out otherwise
    Reproduce(ReproduceArgs),
    /// Stop a run for good
    Cancel {
        /// The run
        run: RunId,
    },
}

/// How failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Grouping {
    /// By grader, or kind of error
    Grader,
    /// By category: prompt, retrieval, tool, model, parser, grader, label, provider
    Category,
}

/// A new run.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// The version, such as `support_triage_v12`
    version: VersionId,
    /// `name@label`, or a name for its newest version
    #[arg(long)]
    dataset: String,
    /// `name@v8`, or a name for its newest version
    #[arg(long)]
    suite: String,
    /// The version to compare with; what is live, or the version's base, where not given
    #[arg(long, value_name = "VERSION")]
    base: Option<VersionId>,
    /// draft, experiment, staging, production or archived; where the version is live, or experiment, where not given
    #[arg(long)]
    environment: Option<Environment>,
    /// Requests in flight at most
    #[arg(long, value_name = "N", default_value_t = RunSettings::default().concurrency)]
    concurrency: u32,
    /// Tries for one example at most
    #[arg(long, value_name = "N", default_value_t = RunSettings::default().attempts_max)]
    attempts: u32,
    /// Time for one try, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = RunSettings::default().timeout_ms / 1000)]
    timeout_s: u64,
    #[arg(
        long,
        value_name = "URL",
        help = "The endpoint, as http://localhost:8080/v1, or the program of provider command; its own where not given"
    )]
    base_url: Option<String>,
    #[command(flatten)]
    answers: AnswerArgs,
    #[command(flatten)]
    context: ContextArgs,
}

/// What surrounds a run: recorded, so that it can be told apart from others.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recorded with the run")]
pub struct ContextArgs {
    /// The revision of the code around the prompt
    #[arg(long, value_name = "REVISION")]
    code_revision: Option<String>,
    /// A feature flag; may be given several times
    #[arg(long = "flag", value_name = "NAME=VALUE")]
    flags: Vec<String>,
    /// The retrieval index and its version
    #[arg(long, value_name = "INDEX")]
    retrieval_index: Option<String>,
    /// A document with its version, beyond the examples' own; may be given several times
    #[arg(long = "document", value_name = "DOCUMENT")]
    documents: Vec<String>,
    /// A tool with its version; may be given several times
    #[arg(long = "tool", value_name = "TOOL")]
    tools: Vec<String>,
    /// The agent's state at the start
    #[arg(long, value_name = "STATE")]
    agent_state: Option<String>,
    /// The memory at the start
    #[arg(long)]
    memory: Option<String>,
}

/// Carries the command out.
pub fn carry_out(command: RunCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        RunCommand::Start(args) => start(context, *args),
        RunCommand::Resume { run } => {
            context.workbench.resume_run(&context.actor, run)?;
            follow::follow(context, run)
        }
        RunCommand::Watch { run } => follow::follow(context, run),
        RunCommand::Show { run } => follow::show(context, run),
        RunCommand::List { limit, before } => Ok(list(&context.workbench.runs(before, limit)?)),
        RunCommand::Failures {
            run,
            group: None,
            limit,
        } => failures::list(context, run, limit),
        RunCommand::Failures {
            run,
            group: Some(grouping),
            limit,
        } => failures::count(context, run, grouping, limit),
        RunCommand::Case { run, example } => case::show(context, run, &example),
        RunCommand::Compare { base, candidate } => {
            let comparison = context.workbench.compare_runs(base, candidate)?;
            let text = comparison_text(Plain::new(), &comparison);
            Ok(Reply::done(comparison_document(&comparison), text))
        }
        RunCommand::Reproduce(args) => reproduce::reproduce(context, &args),
        RunCommand::Cancel { run } => {
            context.workbench.cancel_run(&context.actor, run)?;
            let detail = context.workbench.run_detail(run)?;
            let state = detail.progress.state;
            let (saved, total) = (detail.progress.totals.saved, detail.run.example_count);
            let text = Plain::of(format!("{run} is {} with {saved} of {total} examples", state.as_str()));
            let document = json!({ "run": run, "state": state, "saved": saved, "example_count": total });
            Ok(Reply::done(document, text))
        }
    }
}

fn start(context: &mut Context<'_>, args: StartArgs) -> Result<Reply, CliError> {
    let tape = args.answers.tape()?;
    let workbench = &context.workbench;
    let provider = workbench.version(&args.version)?.content.model.provider;
    let is_in_environment = std::env::var_os(BASE_URL_VARIABLE).is_some_and(|url| !url.is_empty());
    // A cassette knows where its requests went.
    let uses_configured = provider == OPENAI && !is_in_environment && !tape.is_replay();
    let configured = context.config.openai_base_url.clone().filter(|_| uses_configured);
    let start = StartRun {
        version: args.version,
        dataset: workbench.resolve_dataset(&args.dataset)?,
        suite: workbench.resolve_suite(&args.suite)?,
        base: args.base,
        environment: args.environment,
        context: RuntimeContext {
            retrieval_index: args.context.retrieval_index,
            documents: args.context.documents,
            tools: args.context.tools,
            agent_state: args.context.agent_state,
            memory: args.context.memory,
            feature_flags: flags(args.context.flags)?,
            code_revision: args.context.code_revision,
        },
        settings: RunSettings {
            concurrency: args.concurrency,
            attempts_max: args.attempts,
            timeout_ms: args.timeout_s.saturating_mul(1_000),
            base_url: args.base_url.or(configured),
            reuses_answers: args.answers.reuse,
            ..RunSettings::default()
        },
    };
    if !tape.is_replay() {
        for note in workbench.run_notes(&start.version, &start.settings)? {
            context.out.note(&note);
        }
    }
    let run = workbench.start_run_with(&context.actor, &start, None, &tape)?;
    context.out.note(&format!(
        "{run} is running: {} on {} with {}",
        start.version, start.dataset, start.suite
    ));
    let reply = follow::follow(context, run)?;
    if let Some(fault) = tape.fault() {
        context
            .out
            .note(&format!("{fault}: what is on it is not the whole run"));
    }
    Ok(reply)
}

fn flags(flags: Vec<String>) -> Result<Vec<String>, CliError> {
    let is_named = |flag: &String| flag.split_once('=').is_some_and(|(name, _)| !name.is_empty());
    match flags.iter().find(|flag| !is_named(flag)) {
        Some(flag) => Err(CliError::invalid(
            format!("the feature flag '{flag}' has no value"),
            "write it as NAME=VALUE",
        )),
        None => Ok(flags),
    }
}

/// Who answers, in the words of every place that shows results.
pub fn answers_text(answers: AnswerSource) -> &'static str {
    answers.as_str()
}

fn list(runs: &[RunSummary]) -> Reply {
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
            format!("{}/{}", summary.saved, run.example_count),
            summary.failed.to_string(),
            gate_cell(verdict.map(|(verdict, _)| *verdict), &summary.caveats),
            answers_text(run.answers).to_owned(),
            run.started_at.to_string(),
        ]);
        documents.push(run_document(summary));
    }
    let text = Plain::new().table(&table, "no run yet: start one with pegbox run start VERSION");
    Reply::done(json!({ "runs": documents }), text)
}

/// The gate's verdict with what weakens it: `pass, stale`.
pub fn gate_cell(verdict: Option<impl Display>, caveats: &Caveats) -> String {
    let parts = [
        Some(verdict.map_or_else(|| NO_VALUE.to_owned(), |verdict| verdict.to_string())),
        caveats.stale.is_some().then(|| "stale".to_owned()),
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

/// A comparison as text; where the runs differ in more than the subject comes first.
pub fn comparison_text(text: Plain, comparison: &Comparison) -> Plain {
    let mut text = text.line(format!(
        "{} ({}) to {} ({})",
        comparison.base, comparison.base_subject, comparison.candidate, comparison.candidate_subject
    ));
    for difference in &comparison.differences {
        text = text.line(format!("careful: {difference}"));
    }
    let mut table = Table::new(["metric", "base", "counts", "candidate", "counts"]);
    for change in &comparison.metrics {
        table.row([
            change.metric.clone(),
            measure_text(change.base),
            change.base.counts_text(),
            measure_text(change.candidate),
            change.candidate.counts_text(),
        ]);
    }
    text = text.blank().table(&table, "no metric is in both").blank();
    for (kind, group) in [
        ("fixed", &comparison.fixed),
        ("broken", &comparison.broken),
        ("still failing", &comparison.still_failing),
    ] {
        text = text.line(format!(
            "{kind} {}: {}",
            group.count,
            ids_text(&group.examples, IDS_SHOWN)
        ));
    }
    text = text.line(format!("both right {}", comparison.both_right.count));
    match comparison.p_value {
        Some(p) => text.line(format!(
            "chance of so uneven flips if neither were better: p = {p:.4} (exact McNemar, mid-p)"
        )),
        None => text,
    }
}

/// A comparison for machines.
pub fn comparison_document(comparison: &Comparison) -> serde_json::Value {
    let metrics = comparison.metrics.iter().map(|change| {
        json!({
            "metric": change.metric,
            "base": change.base,
            "base_value": change.base.value(),
            "candidate": change.candidate,
            "candidate_value": change.candidate.value(),
            "delta": change.delta,
        })
    });
    json!({
        "base": comparison.base,
        "base_subject": comparison.base_subject,
        "candidate": comparison.candidate,
        "candidate_subject": comparison.candidate_subject,
        "differences": comparison.differences,
        "metrics": metrics.collect::<Vec<_>>(),
        "fixed": group_document(&comparison.fixed),
        "broken": group_document(&comparison.broken),
        "still_failing": group_document(&comparison.still_failing),
        "both_right": comparison.both_right.count,
        "p_value": comparison.p_value,
    })
}

fn group_document(group: &Group) -> serde_json::Value {
    json!({ "count": group.count, "examples": group.examples })
}
