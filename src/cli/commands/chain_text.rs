//! What commands say of the paths of a run and of the steps of an outcome.

use crate::cli::output::{NO_VALUE, Plain, Table, or_none};
use crate::domain::outcome::Outcome;
use crate::domain::path_result::{PathResult, step_results};
use crate::domain::step::StepOutcome;
use crate::workbench::RunDetail;

/// How often each path was taken and each step was reached; nothing of a prompt, or before the end.
pub fn paths_text(text: Plain, detail: &RunDetail) -> Plain {
    let paths = detail.end.as_ref().map(|end| end.paths.as_slice()).unwrap_or_default();
    if paths.is_empty() {
        return text;
    }
    let total: u64 = paths.iter().map(|path| path.outcomes).sum();
    let mut taken = Table::new([
        "path",
        "outcomes",
        "share",
        "passed",
        "errors",
        "cost each",
        "p50 ms",
        "p95 ms",
    ]);
    for path in paths {
        taken.row(path_row(path, total));
    }
    let mut reached = Table::new(["step", "version", "reached", "share", "errors"]);
    let names = detail.tested.steps().map(|(step, _)| step.name.as_str());
    for ((step, _), result) in detail.tested.steps().zip(step_results(names, paths)) {
        reached.row([
            step.name.clone(),
            step.version.to_string(),
            result.reached.to_string(),
            share(result.reached, total),
            result.errored.to_string(),
        ]);
    }
    text.table(&taken, "no path was taken")
        .blank()
        .table(&reached, "no step was reached")
        .blank()
}

fn path_row(path: &PathResult, total: u64) -> [String; 8] {
    let latency = |at: usize| path.latency_ms.and_then(|both| both.get(at).copied());
    let or = |number: Option<u64>| number.map_or_else(|| NO_VALUE.to_owned(), |number| number.to_string());
    [
        path.label(),
        path.outcomes.to_string(),
        share(path.outcomes, total),
        path.passed.to_string(),
        path.errored.to_string(),
        or_none(path.mean_cost()),
        or(latency(0)),
        or(latency(1)),
    ]
}

fn share(part: u64, total: u64) -> String {
    format!("{:.1} %", part as f64 * 100.0 / total.max(1) as f64)
}

/// What each step of a chain was sent and said; nothing of a prompt.
pub fn steps_text(text: Plain, outcome: &Outcome) -> Plain {
    outcome.steps.iter().fold(text, step_text)
}

fn step_text(text: Plain, step: &StepOutcome) -> Plain {
    let tries = match step.attempts.len() {
        0 | 1 => String::new(),
        tries => format!(", {tries} tries"),
    };
    let head = format!(
        "step {} ({}, {}): {} ms, {}{tries}",
        step.name,
        step.version,
        or_none(step.resolved_model.as_ref()),
        step.latency_ms,
        step.cost_text(),
    );
    let mut text = text.line(head);
    for message in &step.rendered {
        text = text.line(format!("-- {} --", message.role)).block(&message.text);
    }
    for call in &step.tool_calls {
        text = text.line(format!("tool call {}({})", call.name, call.arguments));
    }
    let answer = step.text.as_deref().unwrap_or(&step.raw_response);
    text = text.line("answer:").block(answer);
    if let Some(parsed) = &step.parsed {
        text = text.line("parsed:").block(parsed.as_str());
    }
    if let Some(error) = &step.error {
        text = text.line(format!("{}: {}", error.kind.as_str(), error.message));
    }
    if let Some(error) = &step.parse_error {
        text = text.line(format!("not parsed: {error}"));
    }
    text.blank()
}
