//! `pegbox run sweep`: prompt versions by model configs, and which of them no other beats.

use clap::Args;
use serde_json::json;

use super::Context;
use super::evidence::{interval_text, measure_text};
use super::study::{Spent, StudyArgs, announce, work};
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply, Table, or_none};
use crate::domain::ids::{RunId, VersionId};
use crate::domain::unit::Unit;
use crate::workbench::{Matrix, ModelChoice, Standing, Sweep};

/// A matrix of runs. The same command again uses the runs that have finished, and goes on with the rest.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The versions, such as `support_triage_v11 support_triage_v12`
    #[arg(required = true, value_name = "VERSION")]
    versions: Vec<VersionId>,
    /// A model as `PROVIDER:NAME`, or a name of the version's own provider; may be given several times
    #[arg(long = "model", value_name = "MODEL", value_parser = model_choice)]
    models: Vec<ModelChoice>,
    /// A temperature; may be given several times
    #[arg(long = "temperature", value_name = "T")]
    temperatures: Vec<f64>,
    /// The metric that is the quality; the first of the suite where not given
    #[arg(long)]
    metric: Option<String>,
    #[command(flatten)]
    pub study: StudyArgs,
}

fn model_choice(text: &str) -> Result<ModelChoice, String> {
    text.parse()
        .map_err(|error: crate::workbench::WorkbenchError| error.to_string())
}

/// Runs the cells that are missing, one after another, and shows all of them.
pub fn sweep(context: &mut Context<'_>, args: SweepArgs) -> Result<Reply, CliError> {
    let study = args.study.study(context)?;
    let cells = context.workbench.sweep_cells(&Sweep {
        versions: args.versions,
        models: args.models,
        temperatures: args.temperatures,
    })?;
    let runs = context.workbench.stored_runs(&study, cells)?;
    if let Some(reply) = announce(context, &study, &runs, args.study.dry_run)? {
        return Ok(reply);
    }
    let (finished, failure) = work(context, &study, &runs, &mut Spent::default())?;
    let matrix = if finished.is_empty() {
        None
    } else {
        Some(context.workbench.matrix(&finished, args.metric.as_deref())?)
    };
    let text = matrix.as_ref().map_or_else(Plain::new, matrix_text);
    let document = json!({ "cells": runs.len(), "finished": finished.len(), "matrix": matrix });
    let mut reply = Reply::done(document, text);
    if let Some(failure) = failure {
        (reply.exit, reply.failure) = (failure.exit, Some(failure));
    }
    Ok(reply)
}

/// The newest finished runs beside this one.
pub fn matrix(context: &Context<'_>, run: RunId, metric: Option<&str>) -> Result<Reply, CliError> {
    let matrix = context.workbench.matrix_around(run, metric)?;
    Ok(Reply::done(json!(matrix), matrix_text(&matrix)))
}

fn matrix_text(matrix: &Matrix) -> Plain {
    let mut table = Table::new([
        "front",
        "run",
        "subject",
        "model",
        "quality",
        "counts",
        "95 % interval",
        "cost",
        "p50",
        "p95",
        "note",
    ]);
    for cell in &matrix.cells {
        let front = if matches!(cell.standing, Standing::Front { .. }) {
            "*"
        } else {
            ""
        };
        let ms = |ms: Option<f64>| or_none(ms.map(|ms| Unit::Milliseconds.text(ms)));
        table.row([
            front.to_owned(),
            cell.run.to_string(),
            cell.subject.clone(),
            cell.model.clone(),
            measure_text(matrix.unit, cell.quality),
            cell.quality.counts_text(),
            interval_text(matrix.unit, cell.quality, cell.interval),
            or_none(cell.figures.cost_usd.map(|usd| Unit::UsDollars.text(usd))),
            ms(cell.latency_p50_ms),
            ms(cell.figures.latency_p95_ms),
            matrix.note(cell),
        ]);
    }
    Plain::of(format!(
        "{} by cost of an example and latency, on {} with {}",
        matrix.metric, matrix.dataset, matrix.suite
    ))
    .table(&table, "no run")
    .line("* no other run is at least as good, as cheap and as fast (p95), and better in one of these")
}
