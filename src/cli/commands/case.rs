//! `pegbox run case`: one outcome whole.

use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply, Table, or_none};
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::outcome::{FailureCategory, Outcome};
use crate::workbench::CaseView;

/// Everything that went out and came back for one example.
pub fn show(context: &Context<'_>, run: RunId, example: &ExampleId) -> Result<Reply, CliError> {
    let case = context.workbench.outcome(run, example)?;
    let document = json!({
        "example": case.example,
        "outcome": case.outcome,
        "passed": case.outcome.passed(),
        "before": case.before.map(|(run, passed)| json!({ "run": run, "passed": passed })),
    });
    Ok(Reply::done(document, case_text(&case)))
}

fn case_text(case: &CaseView) -> Plain {
    let CaseView {
        outcome,
        example,
        before,
    } = case;
    let verdict = if outcome.passed() { "passed" } else { "failed" };
    let before = before.map(|(run, passed)| format!("{} in {run}", if passed { "passed" } else { "failed" }));
    let text = Plain::new()
        .fields([
            ("outcome", format!("{}/{}", outcome.run, outcome.example)),
            ("verdict", verdict.to_owned()),
            ("why", or_none(outcome.why())),
            ("cause", or_none(outcome.failure_category.map(FailureCategory::as_str))),
            ("base", or_none(before)),
        ])
        .blank()
        .line("input:")
        .block(&example.content.input.plain())
        .blank()
        .line("expected:")
        .block(&or_none(example.content.expected.as_ref().map(JsonText::plain)))
        .blank();
    answer_text(text, outcome)
}

fn answer_text(text: Plain, outcome: &Outcome) -> Plain {
    let answer = outcome.text.as_deref().unwrap_or(&outcome.raw_response);
    let mut text = text.line("answer:").block(answer).blank();
    if let Some(error) = &outcome.parse_error {
        text = text.line(format!("not parsed: {error}")).blank();
    }
    let mut scores = Table::new(["grader", "passed", "why"]);
    for score in &outcome.scores {
        let passed = if score.passed { "yes" } else { "no" };
        scores.row([score.grader.clone(), passed.to_owned(), score.explanation.clone()]);
    }
    text = text.table(&scores, "no grader looked at it").blank();
    for message in &outcome.rendered {
        text = text
            .line(format!("-- {} --", message.role))
            .block(&message.text)
            .blank();
    }
    for call in &outcome.tool_calls {
        text = text.line(format!("tool call {}({})", call.name, call.arguments));
    }
    let usage = &outcome.usage;
    text.fields([
        ("model", or_none(outcome.resolved_model.as_ref())),
        ("finish reason", or_none(outcome.finish_reason.as_ref())),
        ("latency", format!("{} ms", outcome.latency_ms)),
        ("attempts", outcome.attempts.len().to_string()),
        (
            "tokens",
            format!(
                "{} in, {} out",
                or_none(usage.input_tokens),
                or_none(usage.output_tokens)
            ),
        ),
        ("cost", or_none(outcome.cost)),
        ("finished", outcome.finished_at.to_string()),
    ])
}
