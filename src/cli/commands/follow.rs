//! Following a run to its end, and what is said of it then.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::chain_text::paths_text;
use super::evidence::{gate_text, results_table};
use super::failures::{advice_text, causes_text};
use super::measures::{measures_document, measures_text};
use super::run::answers_text;
use super::{Context, Hosting};
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{NO_VALUE, Out, Plain, Reply, counted, or_none};
use crate::domain::caveats::Caveats;
use crate::domain::gate::Verdict;
use crate::domain::ids::RunId;
use crate::domain::progress::RunProgress;
use crate::domain::run::{AnswerSource, Caps, Picked, RunState, RunStep, RunStepKind, RunTotals, Selection};
use crate::domain::run_step::prices_text;
use crate::host::caller::Interrupt;
use crate::workbench::{Doing, FaultKind, RunDetail, RunTriage, Workbench};

/// Where progress is not redrawn in place, a line comes at every twentieth of the run.
const PROGRESS_LINES: u64 = 20;

/// What an interrupt means for the run that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInterrupt {
    /// The run is parked: this command set it going.
    Park,
    /// The run goes on: it is only looked at.
    Leave,
}

/// Waits until the run ends or is interrupted, and reports it with the exit code of its gate.
pub fn follow(context: &mut Context<'_>, run: RunId, on_interrupt: OnInterrupt) -> Result<Reply, CliError> {
    let (detail, watched) = wait(context, run, on_interrupt)?;
    let mut reply = show(context, run)?;
    (reply.exit, reply.failure) = match (watched, context.hosting) {
        (Watched::Left, Hosting::Host) => left(&detail),
        _ => ending(&detail),
    };
    Ok(reply)
}

/// Waits until the run ends or is interrupted, with its progress shown.
pub fn wait(
    context: &mut Context<'_>,
    run: RunId,
    on_interrupt: OnInterrupt,
) -> Result<(RunDetail, Watched), CliError> {
    let mut watched = Watched::ToTheEnd;
    if let Some(progress) = context.workbench.watch_run(run) {
        let doing = Doing::Waiting(run);
        let _attendance = context.workbench.attend(&context.actor, doing);
        let interrupts = context.caller.desk.interrupts(&context.runtime)?;
        let watching = watch_to_end(&context.workbench, context.out, progress, interrupts, on_interrupt);
        watched = context.runtime.block_on(watching);
        // A run that could not save has stopped by itself, and only its end says why.
        if watched == Watched::ToTheEnd
            && let Err(error) = context.workbench.wait_run(run)
            && error.kind() == FaultKind::Store
        {
            return Err(error.into());
        }
    }
    Ok((context.workbench.run_detail(run)?, watched))
}

/// A run as it stands; for machines, its tuning-run record.
pub fn show(context: &Context<'_>, run: RunId) -> Result<Reply, CliError> {
    let detail = context.workbench.run_detail(run)?;
    let record = context.workbench.tuning_record(run)?;
    let triage = context.workbench.run_triage(run)?;
    let mut document = json!(record);
    document["triage"] = json!(triage);
    document["measured"] = json!(detail.end.as_ref().map(measures_document));
    document["advice"] = json!(triage.advice());
    Ok(Reply::done(document, triage_text(run_text(&detail), run, &triage)))
}

/// Where the causes of the failures lie, and what people say against the graders.
fn triage_text(text: Plain, run: RunId, triage: &RunTriage) -> Plain {
    let mut text = match causes_text(triage) {
        Some(causes) => text.blank().line(format!("causes of failures: {causes}")),
        None => text,
    };
    if triage.overrides > 0 {
        let labels = counted(triage.overrides, "label");
        text = text.line(format!(
            "{labels} of people against a grader: pegbox label list --run {run}"
        ));
    }
    advice_text(text, run, triage)
}

/// How the watching ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Nobody works on the run any more.
    ToTheEnd,
    /// The person did not want to wait until the run was parked.
    Parking,
    /// Nobody looks any more, and the run is left alone.
    Left,
}

/// Shows progress until the run is no longer worked on. The first interrupt parks a run of this command's, the second
/// leaves at once: what is on disk is safe either way. Nobody being there any more leaves the run alone.
async fn watch_to_end(
    workbench: &Arc<Workbench>,
    out: &mut Out,
    mut progress: watch::Receiver<RunProgress>,
    interrupts: &mut mpsc::Receiver<Interrupt>,
    on_interrupt: OnInterrupt,
) -> Watched {
    let mut is_parked = false;
    let mut shown = None;
    loop {
        let now = progress.borrow_and_update().clone();
        let mark = (
            now.totals.saved * PROGRESS_LINES / now.outcome_count.max(1),
            now.state,
            now.notice.clone(),
        );
        if out.redraws_progress() || shown.as_ref() != Some(&mark) {
            out.progress(&progress_line(&now));
            shown = Some(mark);
        }
        if now.state != RunState::Running {
            return Watched::ToTheEnd;
        }
        tokio::select! {
            changed = progress.changed() => if changed.is_err() { return Watched::ToTheEnd },
            interrupt = interrupts.recv() => {
                if interrupt != Some(Interrupt::Asked) || on_interrupt == OnInterrupt::Leave {
                    return Watched::Left;
                }
                if is_parked {
                    return Watched::Parking;
                }
                is_parked = true;
                // Before it is said: who reads it may rely on it.
                workbench.park_run(now.run);
                out.note("finishing what is in flight; once more stops at once");
            }
        }
    }
}

fn progress_line(progress: &RunProgress) -> String {
    let totals = &progress.totals;
    let count = progress.outcome_count;
    let percent = totals.saved * 100 / count.max(1);
    let state = (progress.state != RunState::Running).then(|| progress.state.as_str().to_owned());
    let parts = [
        Some(progress.run.to_string()),
        Some(format!("{}/{count}", totals.saved)),
        Some(format!("{percent} %")),
        Some(format!("{} failed", totals.failed)),
        Some(format!("{} errors", totals.errored)),
        Caveats::default().counting(totals).reused_counts(),
        Some(format!("{:.1}/s", progress.rate_per_s)),
        (progress.in_flight > 0).then(|| progress.in_flight_text()),
        progress.latencies.map(|latencies| {
            let [median, p95, _] = latencies.percentiles_ms;
            format!("p50 {median} ms  p95 {p95} ms")
        }),
        progress
            .eta_ms
            .map(|eta_ms| format!("{} s left", eta_ms.div_ceil(1_000))),
        state,
        progress.notice.clone(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// The options that raise the caps of a run that has any, with a place for what they are raised to.
fn raised(caps: &Caps) -> Option<String> {
    let options = [
        (caps.cost.is_some(), "--cap-cost USD"),
        (caps.tokens.is_some(), "--cap-tokens N"),
        (caps.errors.is_some(), "--cap-errors N"),
        (caps.elapsed_ms.is_some(), "--cap-time DURATION"),
    ];
    let options = options.into_iter().filter(|(is_set, _)| *is_set);
    let options: Vec<&str> = options.map(|(_, option)| option).collect();
    (!options.is_empty()).then(|| options.join(" "))
}

/// What is said where the run goes on without whoever looked.
fn left(detail: &RunDetail) -> (Exit, Option<Failure>) {
    let run = detail.run.id;
    let failure = Failure {
        exit: Exit::Interrupted,
        what: format!(
            "left: {run} goes on, with {} of {}",
            detail.progress.totals.saved,
            detail.run.outcome_count()
        ),
        hint: format!("look again with pegbox run watch {run}, or stop it with pegbox run pause {run}"),
    };
    (failure.exit, Some(failure))
}

/// The exit code, and what is to be said beside the answer.
fn ending(detail: &RunDetail) -> (Exit, Option<Failure>) {
    let RunProgress {
        run,
        state,
        totals,
        recent_failures,
        notice,
        ..
    } = &detail.progress;
    let failure = |exit, what, hint| (exit, Some(Failure { exit, what, hint }));
    match state {
        RunState::Running | RunState::Interrupted | RunState::Paused => {
            let state = if *state == RunState::Paused {
                "paused"
            } else {
                "interrupted"
            };
            let why = notice.as_ref().map_or_else(String::new, |notice| format!(": {notice}"));
            let what = format!(
                "{state}: {run} has {} of {}{why}",
                totals.saved,
                detail.run.outcome_count()
            );
            let hint = match raised(&detail.caps()).filter(|_| why.contains(" cap ")) {
                _ if why.contains("tokens cannot hold") => {
                    format!("go on without that cap: pegbox run resume {run} --cap-tokens off")
                }
                _ if why.contains(" cannot hold") => {
                    format!("go on without that cap: pegbox run resume {run} --cap-cost off")
                }
                Some(options) => format!("raise it and go on with pegbox run resume {run} {options}"),
                None => format!("go on with pegbox run resume {run}"),
            };
            let tape = match detail.run.answers {
                AnswerSource::Replayed => " --replay FILE",
                AnswerSource::Model | AnswerSource::Simulated => "",
            };
            let hint = hint + tape;
            failure(Exit::Interrupted, what, hint)
        }
        RunState::Finished if totals.saved > 0 && totals.errored == totals.saved => {
            let why = recent_failures
                .first()
                .map_or_else(String::new, |first| format!(": {}", first.why));
            let what = format!(
                "the provider answered none of {} of {run}{why}",
                detail.run.extent_text()
            );
            failure(
                Exit::Provider,
                what,
                "check the endpoint, the key and the model's name, then start a new run".into(),
            )
        }
        RunState::Finished | RunState::Cancelled | RunState::Decided => {
            let gate = detail.end.as_ref().and_then(|end| end.gate.as_ref());
            let passes = gate.is_some_and(|gate| gate.verdict == Verdict::Pass);
            (if passes { Exit::Done } else { Exit::GateNotPassed }, None)
        }
    }
}

fn run_text(detail: &RunDetail) -> Plain {
    let (run, progress, end) = (&detail.run, &detail.progress, &detail.end);
    let tokens = progress.totals.tokens_text();
    let fields = [
        ("run", Some(run.id.to_string())),
        ("subject", Some(run.subject.label())),
        ("base", Some(or_none(run.base.as_ref()))),
        ("environment", Some(run.environment.as_str().to_owned())),
        ("model", Some(detail.tested.models_text())),
        ("answers", Some(format!("from {}", answers_text(run.answers)))),
        ("dataset", Some(format!("{} ({})", run.dataset, run.extent_text()))),
        ("selection", run.selection.as_ref().map(selection_text)),
        ("suite", Some(run.suite.to_string())),
        ("in flight", Some(run.settings.in_flight().to_string())),
        ("caps", caps_text(&detail.caps())),
        ("started", Some(format!("{} by {}", run.started_at, run.started_by))),
        ("ended", Some(or_none(end.as_ref().map(|end| end.ended_at)))),
        ("state", Some(state_text(progress))),
        ("last step", detail.steps.last().map(step_text)),
        ("latency", Some(latency_text(progress))),
        ("tokens", Some(tokens)),
        ("cost", Some(cost_text(&progress.totals))),
        ("judges", judges_text(&progress.totals)),
        ("prices", prices_text(&run.prices)),
    ];
    let said = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let text = Plain::new().fields(said).blank();
    let text = detail
        .warnings()
        .iter()
        .fold(text, |text, sentence| text.line(format!("careful: {sentence}")));
    let results = end.as_ref().map_or(&progress.results, |end| &end.results);
    let text = text
        .table(&results_table(results, &detail.units), "nothing is measured yet")
        .blank();
    let text = paths_text(text, detail);
    let text = detail.labelled_texts().iter().fold(text, Plain::line);
    let text = gate_text(text, end.as_ref().and_then(|end| end.gate.as_ref()), &detail.units);
    match end {
        Some(end) => measures_text(text, end, &detail.units),
        None => text,
    }
}

fn selection_text(selection: &Selection) -> String {
    let picked = match selection.picked {
        Picked::Failed => "failed",
        Picked::Marked => "were marked",
        Picked::Sample => "were sampled",
    };
    format!(
        "{} examples that {picked} in {}: no evidence for a release",
        selection.places.len(),
        selection.of
    )
}

fn step_text(step: &RunStep) -> String {
    match &step.kind {
        RunStepKind::Paused { reason } => format!("{} {reason}", step.at),
        RunStepKind::Resumed { .. } => format!("{} resumed by {}", step.at, step.by),
    }
}

/// The caps in words; `None` where there is none.
pub fn caps_text(caps: &Caps) -> Option<String> {
    let parts = [
        caps.cost.map(|cost| cost.to_string()),
        caps.tokens.map(|tokens| format!("{tokens} tokens")),
        caps.errors.map(|errors| format!("{errors} errors")),
        caps.elapsed_ms.map(|ms| format!("{} s", ms.div_ceil(1_000))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn state_text(progress: &RunProgress) -> String {
    let totals = &progress.totals;
    format!(
        "{}: {} of {} saved, {} passed, {} failed, {} errors, {} retries",
        progress.state.as_str(),
        totals.saved,
        progress.outcome_count,
        totals.passed,
        totals.failed,
        totals.errored,
        totals.retried
    )
}

fn latency_text(progress: &RunProgress) -> String {
    progress.latencies.map_or_else(
        || NO_VALUE.to_owned(),
        |latencies| {
            let [median, p95, p99] = latencies.percentiles_ms;
            format!("p50 {median} ms, p95 {p95} ms, p99 {p99} ms")
        },
    )
}

/// What the judges took, in a line; `None` where there are none.
fn judges_text(totals: &RunTotals) -> Option<String> {
    let facts = totals.judging.facts();
    (!facts.is_empty()).then(|| facts.join(", "))
}

/// The known cost, and for how many answers it is not known.
fn cost_text(totals: &RunTotals) -> String {
    match totals.cost_unknown {
        0 => totals.cost.to_string(),
        unknown if unknown == totals.saved => "unknown".into(),
        unknown => format!("{} and {unknown} answers of unknown cost", totals.cost),
    }
}
