//! What sweeps, bisections and ablations have in common: several runs over one dataset and suite, of which those that
//! are stored are used again.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::follow::{self, OnInterrupt};
use super::run_start::{CapArgs, ContextArgs, configured_endpoint, joined};
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{Plain, Reply, counted};
use crate::domain::ids::RunId;
use crate::domain::money::UsdNanos;
use crate::domain::run::{Caps, InFlight, RunSettings, RunState, RunTotals};
use crate::workbench::{Candidate, RunDetail, Stored, Study, StudyEstimate, caps_left};

/// What every run of a study is given.
#[derive(Debug, Args)]
pub struct StudyArgs {
    /// `name@label`, or a name for its newest version
    #[arg(long)]
    dataset: String,
    /// `name@v8`, or a name for its newest version
    #[arg(long)]
    suite: String,
    /// Requests in flight: `auto` follows what the provider takes (up to 64), a number is kept whatever it says
    #[arg(long, value_name = "auto|N", default_value_t = InFlight::Auto)]
    concurrency: InFlight,
    /// How often each example is asked; more tell small differences from noise
    #[arg(long, value_name = "N", default_value_t = RunSettings::default().repeats)]
    repeats: u32,
    /// Only say which runs are stored and what the missing ones would take
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
    caps: CapArgs,
    #[command(flatten)]
    context: ContextArgs,
}

impl StudyArgs {
    /// The study.
    pub fn study(&self, context: &Context<'_>) -> Result<Study, CliError> {
        Ok(Study {
            dataset: context.workbench.resolve_dataset(&self.dataset)?,
            suite: context.workbench.resolve_suite(&self.suite)?,
            settings: RunSettings {
                repeats: self.repeats,
                caps: self.caps.at_start(),
                base_url: joined(&self.base_url),
                ..RunSettings::default()
            }
            .with_in_flight(self.concurrency),
            endpoints: configured_endpoint(context).into_iter().collect(),
            context: self.context.clone().context()?,
        })
    }
}

/// What the runs of a study that this command works on took so far.
#[derive(Debug, Default)]
pub struct Spent {
    totals: RunTotals,
    elapsed_ms: u64,
}

/// Says what is stored and what the rest would take; with `--dry-run` that is the whole reply.
pub fn announce(
    context: &mut Context<'_>,
    study: &Study,
    runs: &[(Candidate, Stored)],
    dry_run: bool,
) -> Result<Option<Reply>, CliError> {
    let estimate = context.workbench.estimate_study(study, runs)?;
    if dry_run {
        let mut text = Plain::of(estimate_text(&estimate));
        let mut documents = Vec::new();
        for (tested, stored) in runs {
            let label = context.workbench.subject_of(tested)?.label();
            let passed_over = match stored {
                Stored::Missing => passed_over(context, study, tested)?,
                Stored::Finished(_) | Stored::Unfinished(_) => None,
            };
            let why = passed_over.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            text = text.line(format!("{label}: {}{why}", stored_text(*stored)));
            documents.push(json!({ "subject": label, "run": stored.finished(), "passed_over": passed_over }));
        }
        let document = json!({ "estimate": estimate_document(&estimate), "runs": documents });
        return Ok(Some(Reply::done(document, text)));
    }
    context.out.note(&estimate_text(&estimate));
    Ok(None)
}

fn stored_text(stored: Stored) -> String {
    match stored {
        Stored::Finished(run) => format!("{run} is used again"),
        Stored::Unfinished(run) => format!("{run} goes on"),
        Stored::Missing => "to be run".into(),
    }
}

fn estimate_text(estimate: &StudyEstimate) -> String {
    let cost = match estimate.cost {
        Some(cost) => format!("about {cost}"),
        None => "cost unknown".into(),
    };
    let to_do = format!(
        "{} to do: {} and at least as many requests, {cost}",
        counted(estimate.runs, "run"),
        counted(estimate.outcomes, "outcome"),
    );
    let stored = counted(estimate.stored, "stored run");
    match (estimate.stored, estimate.runs) {
        (0, _) => to_do,
        (_, 0) => format!("{stored} used again, nothing to do"),
        _ => format!("{stored} used again, {to_do}"),
    }
}

fn estimate_document(estimate: &StudyEstimate) -> Value {
    json!({
        "stored_runs": estimate.stored,
        "runs": estimate.runs,
        "outcomes": estimate.outcomes,
        "cost_usd_nanos": estimate.cost,
    })
}

/// How working on a study ended.
pub enum Worked {
    /// The run has finished.
    Finished(RunId),
    /// It has not, or was not begun: why, and the reply says how to go on.
    Stopped(Failure),
}

/// Runs what is missing, one after another, until all are there or one stops.
pub fn work(
    context: &mut Context<'_>,
    study: &Study,
    runs: &[(Candidate, Stored)],
    spent: &mut Spent,
) -> Result<(Vec<RunId>, Option<Failure>), CliError> {
    let mut finished = Vec::new();
    for (tested, stored) in runs {
        match work_on(context, study, tested, *stored, spent)? {
            Worked::Finished(run) => finished.push(run),
            Worked::Stopped(failure) => return Ok((finished, Some(failure))),
        }
    }
    Ok((finished, None))
}

/// Runs one subject, unless its run is stored.
pub fn work_on(
    context: &mut Context<'_>,
    study: &Study,
    tested: &Candidate,
    stored: Stored,
    spent: &mut Spent,
) -> Result<Worked, CliError> {
    let label = context.workbench.subject_of(tested)?.label();
    if let Stored::Finished(run) = stored {
        context.out.note(&format!("{run} of {label} is stored: used again"));
        return Ok(Worked::Finished(run));
    }
    let Some(caps) = caps_left(study.settings.caps, &spent.totals, spent.elapsed_ms) else {
        return Ok(Worked::Stopped(stopped(&format!("a cap is used up before {label}"))));
    };
    if stored == Stored::Missing
        && let Some(why) = passed_over(context, study, tested)?
    {
        context.out.note(&format!("{label}: {why}"));
    }
    let before = match stored {
        Stored::Unfinished(run) => context.workbench.progress(run)?.totals,
        Stored::Finished(_) | Stored::Missing => RunTotals::default(),
    };
    // The caps of a run count all that it took, also before this command.
    let caps = raised_by(caps, &before);
    let began = context.workbench.now();
    let actor = context.actor.clone();
    let run = context.workbench.begin_run(&actor, study, tested, stored, caps)?;
    context.out.note(&format!("{run} is running: {label}"));
    let (detail, _) = follow::wait(context, run, OnInterrupt::Park)?;
    spent.elapsed_ms += context.workbench.now().since_ms(began);
    spent.add(&detail.progress.totals, &before);
    if matches!(detail.progress.state, RunState::Finished | RunState::Decided) {
        return Ok(Worked::Finished(run));
    }
    Ok(Worked::Stopped(left_undone(&label, &detail)))
}

/// That a run of a study did not come to its end.
pub fn left_undone(label: &str, detail: &RunDetail) -> Failure {
    let progress = &detail.progress;
    let why = progress
        .notice
        .as_ref()
        .map_or_else(String::new, |notice| format!(": {notice}"));
    stopped(&format!(
        "{} of {label} is {}{why}",
        progress.run,
        progress.state.as_str()
    ))
}

/// Why no stored run stands for one that is to be run, where one looks as if it could.
fn passed_over(context: &Context<'_>, study: &Study, tested: &Candidate) -> Result<Option<String>, CliError> {
    let passed_over = context.workbench.passed_over(study, tested)?;
    Ok(passed_over.map(|(run, why)| format!("{run} is not used: {why}")))
}

fn raised_by(caps: Caps, totals: &RunTotals) -> Caps {
    Caps {
        cost: caps.cost.map(|cap| cap + totals.cost),
        tokens: caps
            .tokens
            .map(|cap| cap.saturating_add(totals.input_tokens + totals.output_tokens)),
        errors: caps.errors.map(|cap| cap.saturating_add(totals.errored)),
        elapsed_ms: caps.elapsed_ms,
    }
}

impl Spent {
    fn add(&mut self, now: &RunTotals, before: &RunTotals) {
        let totals = &mut self.totals;
        totals.cost = totals.cost + UsdNanos(now.cost.0.saturating_sub(before.cost.0));
        totals.input_tokens += now.input_tokens.saturating_sub(before.input_tokens);
        totals.output_tokens += now.output_tokens.saturating_sub(before.output_tokens);
        totals.errored += now.errored.saturating_sub(before.errored);
    }
}

fn stopped(what: &str) -> Failure {
    Failure {
        exit: Exit::Interrupted,
        what: what.to_owned(),
        hint: "the same command again goes on where this one stopped; finished runs are used again".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_names_only_what_there_is() {
        let said = |stored, runs| {
            estimate_text(&StudyEstimate {
                stored,
                runs,
                outcomes: runs * 120,
                cost: None,
            })
        };
        let to_do = "1 run to do: 120 outcomes and at least as many requests, cost unknown";
        assert_eq!(said(0, 1), to_do);
        assert_eq!(said(2, 1), format!("2 stored runs used again, {to_do}"));
        assert_eq!(said(1, 0), "1 stored run used again, nothing to do");
    }
}
