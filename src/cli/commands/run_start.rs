//! `pegbox run start` and `pegbox run rerun`: what a new run is given.

use std::num::ParseIntError;

use clap::Args;
use serde_json::json;

use super::answers::{AnswerArgs, tape_notes};
use super::follow::OnInterrupt;
use super::{Context, follow};
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply};
use crate::domain::DomainError;
use crate::domain::endpoint::named_endpoints;
use crate::domain::ids::{ExampleId, RunId, VersionId};
use crate::domain::money::UsdNanos;
use crate::domain::promotion::Environment;
use crate::domain::run::{Caps, InFlight, RunSettings, RuntimeContext, cap_or_off};
use crate::domain::time::duration_ms;
use crate::workbench::{Pick, Rerun, RunEstimate, StartRun, Tape, Tested};

/// The provider whose endpoint the configuration can name.
const OPENAI: &str = "openai";
/// The provider reads it by itself; it beats the configuration, and the option beats both.
const BASE_URL_VARIABLE: &str = "OPENAI_BASE_URL";

/// A new run.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// The prompt version, such as `support_triage_v12`; or the chain, `name@v3`, or a name for its newest version
    #[arg(value_name = "VERSION|CHAIN")]
    subject: String,
    /// `name@label`, or a name for its newest version
    #[arg(long)]
    dataset: String,
    /// `name@v8`, or a name for its newest version
    #[arg(long)]
    suite: String,
    /// The version to compare with; what is live, or the version's base, where not given. A chain has none
    #[arg(long, value_name = "VERSION")]
    base: Option<VersionId>,
    /// draft, experiment, staging, production or archived; where the version is live, or experiment, where not given
    #[arg(long)]
    environment: Option<Environment>,
    /// Requests in flight: `auto` follows what the provider takes (up to 64), a number is kept whatever it says
    #[arg(long, value_name = "auto|N", default_value_t = InFlight::Auto)]
    concurrency: InFlight,
    /// How often each example is asked
    #[arg(long, value_name = "N", default_value_t = RunSettings::default().repeats)]
    repeats: u32,
    /// Tries for one example at most
    #[arg(long, value_name = "N", default_value_t = RunSettings::default().attempts_max)]
    attempts: u32,
    /// Time for one try, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = RunSettings::default().timeout_ms / 1000)]
    timeout_s: u64,
    /// Time for all tries of one example, in seconds
    #[arg(long, value_name = "SECONDS")]
    deadline_s: Option<u64>,
    /// End the run as soon as no possible rest could change what its gate says
    #[arg(long)]
    stop_early: bool,
    /// Only say what the run would take
    #[arg(long)]
    pub dry_run: bool,
    #[arg(
        long,
        value_name = "URL|PROVIDER=URL",
        help = "The endpoint, as http://localhost:8080/v1, or the program of provider command; its own where not \
                given. Where several providers are asked, once for each: openai=http://localhost:8080/v1"
    )]
    base_url: Vec<String>,
    #[command(flatten)]
    answers: AnswerArgs,
    #[command(flatten)]
    caps: CapArgs,
    #[command(flatten)]
    context: ContextArgs,
}

/// What a run may use up: it pauses before the request that might go beyond.
#[derive(Debug, Args)]
#[command(next_help_heading = "Caps, which pause the run")]
pub struct CapArgs {
    /// Money over all tries; an answer of unknown price pauses it too; `off` on resume takes the cap away
    #[arg(long = "cap-cost", value_name = "USD", value_parser = cost_cap)]
    cost: Option<UsdNanos>,
    /// Tokens sent and generated; an answer that does not say them pauses it too; `off` as above
    #[arg(long = "cap-tokens", value_name = "N", value_parser = token_cap)]
    tokens: Option<u64>,
    /// Outcomes without an answer
    #[arg(long = "cap-errors", value_name = "N")]
    errors: Option<u64>,
    /// Time in which requests are sent: `90s`, `10m`, `2h`
    #[arg(long = "cap-time", value_name = "DURATION", value_parser = duration_ms)]
    elapsed_ms: Option<u64>,
}

impl CapArgs {
    /// The caps that are given, for a run that starts.
    pub fn at_start(&self) -> Caps {
        Caps::default().changed_to(self.caps())
    }

    /// What is given, for a run that has caps.
    pub fn caps(&self) -> Caps {
        Caps {
            cost: self.cost,
            tokens: self.tokens,
            errors: self.errors,
            elapsed_ms: self.elapsed_ms,
        }
    }
}

fn cost_cap(text: &str) -> Result<UsdNanos, DomainError> {
    cap_or_off(text, str::parse)
}

fn token_cap(text: &str) -> Result<u64, ParseIntError> {
    cap_or_off(text, str::parse)
}

/// Examples to ask again.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("pick").required(true).args(["failed", "marked"])))]
pub struct RerunArgs {
    /// The run that they are picked from
    run: RunId,
    /// Those that failed a grader or have no answer
    #[arg(long)]
    failed: bool,
    /// These examples
    #[arg(long, value_name = "EXAMPLE", value_delimiter = ',')]
    marked: Vec<ExampleId>,
    /// How often each is asked
    #[arg(long, value_name = "N", default_value_t = 1)]
    repeats: u32,
    /// Requests in flight, `auto` or a number; as in that run where not given
    #[arg(long, value_name = "auto|N")]
    concurrency: Option<InFlight>,
    #[command(flatten)]
    caps: CapArgs,
}

/// What surrounds a run: recorded, so that it can be told apart from others.
#[derive(Debug, Clone, Args)]
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

impl ContextArgs {
    /// What they say.
    pub fn context(self) -> Result<RuntimeContext, CliError> {
        Ok(RuntimeContext {
            retrieval_index: self.retrieval_index,
            documents: self.documents,
            tools: self.tools,
            agent_state: self.agent_state,
            memory: self.memory,
            feature_flags: flags(self.flags)?,
            code_revision: self.code_revision,
        })
    }
}

/// Says what the run would take, starts it and follows it.
pub fn start(context: &mut Context<'_>, args: StartArgs) -> Result<Reply, CliError> {
    let tape = args.answers.tape(context.caller)?;
    let workbench = &context.workbench;
    let subject = workbench.resolve_subject(&args.subject)?;
    let tested = workbench.tested(&subject)?;
    // A cassette knows where its requests went.
    let configured = configured_endpoint(context).filter(|_| !tape.is_replay());
    let settings = settings(&args, base_url(&args.base_url, configured, &tested));
    let start = StartRun {
        subject,
        dataset: workbench.resolve_dataset(&args.dataset)?,
        suite: workbench.resolve_suite(&args.suite)?,
        base: args.base,
        environment: args.environment,
        context: args.context.context()?,
        settings,
    };
    if !tape.is_replay() {
        for note in workbench.run_notes(&start)? {
            context.out.note(&note);
        }
        let estimate = workbench.estimate_run(&start)?;
        if args.dry_run {
            return Ok(dry_run(&start, &estimate));
        }
        for line in estimate_lines(&estimate) {
            context.out.note(&line);
        }
    }
    let run = workbench.start_run_with(&context.actor, &start, None, &tape)?;
    context.out.note(&format!(
        "{run} is running: {} on {} with {}",
        start.subject, start.dataset, start.suite
    ));
    let reply = follow::follow(context, run, OnInterrupt::Park)?;
    note_tape(context, &tape, run)?;
    Ok(reply)
}

/// Says what is to be known of a recording.
pub fn note_tape(context: &mut Context<'_>, tape: &Tape, run: RunId) -> Result<(), CliError> {
    let has_ended = context.workbench.run_detail(run)?.end.is_some();
    for note in tape_notes(tape, run, has_ended) {
        context.out.note(&note);
    }
    Ok(())
}

/// The endpoints that are given, with the configured one for its provider where none is given for that.
fn base_url(given: &[String], configured: Option<(String, String)>, tested: &Tested) -> Option<String> {
    let given = joined(given);
    let is_of = |of: &str| tested.models().iter().any(|model| model.provider == of);
    let Some((of, url)) = configured.filter(|(of, _)| is_of(of)) else {
        return given;
    };
    match &given {
        None if tested.models().iter().all(|model| model.provider == of) => Some(url),
        None => Some(format!("{of}={url}")),
        Some(text) => {
            let named = named_endpoints(text);
            let is_missing = !named.is_empty() && named.iter().all(|(known, _)| *known != of);
            Some(
                text.clone()
                    + &if is_missing {
                        format!(" {of}={url}")
                    } else {
                        String::new()
                    },
            )
        }
    }
}

/// The endpoints that are given, as the one text that a run keeps.
pub fn joined(given: &[String]) -> Option<String> {
    (!given.is_empty()).then(|| given.join(" "))
}

/// How its requests are sent.
fn settings(args: &StartArgs, base_url: Option<String>) -> RunSettings {
    let settings = RunSettings {
        repeats: args.repeats,
        attempts_max: args.attempts,
        timeout_ms: args.timeout_s.saturating_mul(1_000),
        deadline_ms: args.deadline_s.map(|seconds| seconds.saturating_mul(1_000)),
        caps: args.caps.at_start(),
        stops_early: args.stop_early,
        base_url,
        reuses_answers: args.answers.reuse,
        ..RunSettings::default()
    };
    settings.with_in_flight(args.concurrency)
}

/// A provider with the endpoint that the configuration names for it; the environment beats it.
pub fn configured_endpoint(context: &Context<'_>) -> Option<(String, String)> {
    let is_in_environment = std::env::var_os(BASE_URL_VARIABLE).is_some_and(|url| !url.is_empty());
    let url = context.config.openai_base_url.clone().filter(|_| !is_in_environment)?;
    Some((OPENAI.to_owned(), url))
}

/// Asks picked examples again and follows the run.
pub fn rerun(context: &mut Context<'_>, args: RerunArgs) -> Result<Reply, CliError> {
    let pick = if args.failed {
        Pick::Failed
    } else {
        Pick::Marked(args.marked)
    };
    let of = context.workbench.run_detail(args.run)?.run;
    let in_flight = args.concurrency.unwrap_or(of.settings.in_flight());
    let rerun = Rerun {
        of: args.run,
        pick,
        settings: RunSettings {
            repeats: args.repeats,
            caps: args.caps.at_start(),
            ..of.settings.for_picked()
        }
        .with_in_flight(in_flight),
    };
    let run = context.workbench.rerun(&context.actor, &rerun)?;
    context.out.note(&format!(
        "{run} asks examples of {} again: no evidence for a release",
        args.run
    ));
    follow::follow(context, run, OnInterrupt::Park)
}

fn dry_run(start: &StartRun, estimate: &RunEstimate) -> Reply {
    let lines = estimate_lines(estimate).into_iter();
    Reply::done(
        estimate_document(start, estimate),
        lines.fold(Plain::new(), Plain::line),
    )
}

/// An estimate in a line, with what it rests on; and one of its judges, where it has any.
fn estimate_lines(estimate: &RunEstimate) -> Vec<String> {
    let cost = match estimate.cost {
        Some(cost) => format!("about {cost}"),
        None => "cost unknown".into(),
    };
    let time = match estimate.elapsed_ms {
        Some(ms) => format!("about {} s", ms.div_ceil(1_000)),
        None => "time unknown".into(),
    };
    let answers = format!(
        "estimate: {} outcomes, {} tokens in and {} out, {cost}, {time}; it rests on {}",
        estimate.outcomes, estimate.input_tokens, estimate.output_tokens, estimate.basis
    );
    let judging = estimate.judging.map(|judging| {
        let cost = judging
            .cost
            .map_or("cost unknown".into(), |cost| format!("about {cost}"));
        format!(
            "its judges: {} judgements, {} tokens in and {} out, {cost}",
            judging.judgements, judging.input_tokens, judging.output_tokens
        )
    });
    [answers].into_iter().chain(judging).collect()
}

fn estimate_document(start: &StartRun, estimate: &RunEstimate) -> serde_json::Value {
    json!({
        "subject": start.subject,
        "dataset": start.dataset,
        "suite": start.suite,
        "outcomes": estimate.outcomes,
        "input_tokens": estimate.input_tokens,
        "output_tokens": estimate.output_tokens,
        "cost_usd_nanos": estimate.cost,
        "elapsed_ms": estimate.elapsed_ms,
        "judging": estimate.judging.map(|judging| json!({
            "judgements": judging.judgements,
            "input_tokens": judging.input_tokens,
            "output_tokens": judging.output_tokens,
            "cost_usd_nanos": judging.cost,
        })),
        "basis": estimate.basis,
    })
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
