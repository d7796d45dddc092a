//! One outcome whole: of a run (`pegbox run case`), or of a try that nobody records (`pegbox prompt try`).

use clap::Args;
use serde_json::json;

use std::collections::BTreeSet;

use super::Context;
use super::case_command::{CaseArgs, label_text};
use super::chain_text::steps_text;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply, Table, or_none};
use crate::domain::ids::RunId;
use crate::domain::json::JsonText;
use crate::domain::judgement::Judgement;
use crate::domain::outcome::Outcome;
use crate::workbench::{CaseCause, CaseView, ExampleRepeats, PromptRef, RepeatVerdict, WorkbenchError};

/// Repeats that are named as text.
const REPEATS_SHOWN: usize = 10;

/// Everything that went out and came back for one example, and how its other repeats went.
pub fn show(context: &Context<'_>, args: &CaseArgs) -> Result<Reply, CliError> {
    let (run, place) = (args.run, args.place(context)?);
    let repeats = context.workbench.repeats(run, place.index)?;
    if repeats.saved.iter().all(|saved| saved.repeat != args.repeat) {
        return Err(CliError::from(WorkbenchError::NotFound {
            what: "repeat",
            id: format!(
                "{} of {run}/{}, which is asked {} times",
                args.repeat, args.example, repeats.asked
            ),
        }));
    }
    let mut case = context.workbench.case(run, place)?;
    if case.before.is_none() {
        case.before = context.workbench.example_before(run, &args.example)?;
    }
    let document = json!({
        "example": case.example,
        "outcome": case.outcome,
        "passed": case.outcome.passed(),
        "repeat": args.repeat,
        "retries": case.outcome.retries(),
        "tool_rounds": case.outcome.tool_rounds(),
        "reused_from": case.outcome.reused_from().collect::<BTreeSet<RunId>>(),
        "repeats": repeats.saved,
        "before": case.before.map(|(run, passed)| json!({ "run": run, "passed": passed })),
        "cause": case.cause,
        "labels": case.labels,
    });
    Ok(Reply::done(
        document,
        case_text(&case, repeats_text(args.repeat, &repeats)),
    ))
}

/// Which repeat is shown and how the others went: `1 of 3; failed in 2, 3`. `None` where there are no others.
fn repeats_text(shown: u32, repeats: &ExampleRepeats) -> Option<String> {
    let numbers = |is_named: &dyn Fn(&RepeatVerdict) -> bool| -> Vec<u32> {
        let others = repeats.saved.iter().filter(|saved| saved.repeat != shown);
        others
            .filter(|saved| is_named(saved))
            .map(|saved| saved.repeat)
            .collect()
    };
    let groups = [
        ("failed", numbers(&|saved| !saved.passed)),
        ("passed", numbers(&|saved| saved.passed)),
    ];
    let groups = groups.iter().filter(|(_, numbers)| !numbers.is_empty());
    let groups = groups.map(|(verdict, numbers)| format!("; {verdict} in {}", numbers_text(numbers)));
    let missing = u64::from(repeats.asked).saturating_sub(repeats.saved.len() as u64);
    let missing = match missing {
        0 => String::new(),
        missing => format!("; {missing} not saved"),
    };
    (repeats.asked > 1).then(|| format!("{shown} of {}{}{missing}", repeats.asked, groups.collect::<String>()))
}

fn numbers_text(numbers: &[u32]) -> String {
    let shown: Vec<String> = numbers.iter().take(REPEATS_SHOWN).map(u32::to_string).collect();
    match numbers.len().saturating_sub(REPEATS_SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// One try.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// A prompt's name for its draft, or a version such as `support_triage_v12`
    pub reference: String,
    /// The dataset version, or a dataset's name for its newest
    #[arg(long, value_name = "DATASET")]
    pub dataset: String,
    /// The example's place in it, from 0
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    pub row: u64,
    /// The suite that grades the answer
    #[arg(long, value_name = "SUITE")]
    pub suite: Option<String>,
}

/// Sends a draft or version with one example and grades the answer. Nothing is recorded.
pub fn try_prompt(context: &Context<'_>, args: &TryArgs) -> Result<Reply, CliError> {
    let workbench = &context.workbench;
    let source = workbench.prompt_source(&PromptRef::parse(&args.reference)?)?;
    let dataset = workbench.resolve_dataset(&args.dataset)?;
    let suite = args
        .suite
        .as_deref()
        .map(|suite| workbench.resolve_suite(suite))
        .transpose()?;
    let outcome = workbench.try_document(&context.actor, &source, &dataset, args.row, suite.as_ref())?;
    let document = json!({ "outcome": outcome });
    Ok(Reply::done(
        document,
        answer_text(Plain::of(format!("{} of {dataset}", outcome.example)), &outcome),
    ))
}

fn case_text(case: &CaseView, repeats: Option<String>) -> Plain {
    let CaseView {
        outcome,
        example,
        before,
        cause,
        labels,
    } = case;
    let verdict = if outcome.passed() { "passed" } else { "failed" };
    let before = before.map(|(run, passed)| format!("{} in {run}", if passed { "passed" } else { "failed" }));
    let fields = [
        ("outcome", Some(format!("{}/{}", outcome.run, outcome.example))),
        ("repeat", repeats),
        ("verdict", Some(verdict.to_owned())),
        ("why", Some(or_none(outcome.why()))),
        ("cause", Some(or_none(cause.as_ref().map(cause_text)))),
        ("before", Some(or_none(before))),
    ];
    let text = Plain::new().fields(fields.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let text = labels
        .iter()
        .fold(text, |text, label| text.line(label_text(label)))
        .blank()
        .line("input:")
        .block(&example.content.input.plain())
        .blank()
        .line("expected:")
        .block(&or_none(example.content.expected.as_ref().map(JsonText::plain)))
        .blank();
    answer_text(text, outcome)
}

/// `retrieval, since 1 of 6 words stand in the input`; with who says so, where a person does.
fn cause_text(cause: &CaseCause) -> String {
    let by = cause.by.as_ref().map_or_else(String::new, |by| format!(" (says {by})"));
    format!("{}{by}, since {}", cause.category.as_str(), cause.why)
}

fn answer_text(text: Plain, outcome: &Outcome) -> Plain {
    let answer = outcome.text.as_deref().unwrap_or(&outcome.raw_response);
    let mut text = text.line("answer:").block(answer).blank();
    if let Some(refusal) = &outcome.refusal {
        text = text.line("the model refused:").block(refusal).blank();
    }
    if let Some(rounds) = outcome.stopped_in_rounds() {
        let line = format!("stopped after {rounds} rounds of tool results: the model went on calling tools");
        text = text.line(line).blank();
    }
    if let Some(error) = &outcome.parse_error {
        text = text.line(format!("not parsed: {error}")).blank();
    }
    text = text.table(&scores_table(outcome), "no grader looked at it").blank();
    text = outcome.judgements.iter().fold(text, judgement_text);
    text = steps_text(text, outcome);
    // Those of a chain stand with its steps.
    for message in outcome.rendered.iter().filter(|_| outcome.steps.is_empty()) {
        text = text
            .line(format!("-- {} --", message.role))
            .block(&message.text)
            .blank();
    }
    for call in outcome.tool_calls.iter().filter(|_| outcome.steps.is_empty()) {
        text = text.line(format!("tool call {}({})", call.name, call.arguments));
    }
    let usage = &outcome.usage;
    let reused: BTreeSet<RunId> = outcome.reused_from().collect();
    let reused: Vec<String> = reused.iter().map(ToString::to_string).collect();
    let fields = [
        ("model", or_none(outcome.resolved_model.as_ref())),
        ("finish reason", or_none(outcome.finish_reason.as_ref())),
        ("latency", latency_text(outcome)),
        ("attempts", attempts_text(outcome)),
        (
            "tokens",
            format!(
                "{} in, {} out",
                or_none(usage.input_tokens),
                or_none(usage.output_tokens)
            ),
        ),
        ("cost", or_none(outcome.cost)),
        ("reused from", reused.join(", ")),
        ("finished", outcome.finished_at.to_string()),
    ];
    text.fields(fields.into_iter().filter(|(_, value)| !value.is_empty()))
}

/// How long the answer took; of one that was taken from another run, how long it took there.
fn latency_text(outcome: &Outcome) -> String {
    match outcome.reused_from {
        Some(run) => format!(
            "not measured: the answer is that of {run}, where it took {} ms",
            outcome.latency_ms
        ),
        None => format!("{} ms", outcome.latency_ms),
    }
}

/// `4: 1 retry, 2 tool rounds`.
fn attempts_text(outcome: &Outcome) -> String {
    let counted = |count: u64, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    };
    let parts = [
        counted(outcome.retries(), "retry", "retries"),
        counted(outcome.tool_rounds(), "tool round", "tool rounds"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let count = outcome.all_attempts().count();
    if parts.is_empty() {
        count.to_string()
    } else {
        format!("{count}: {}", parts.join(", "))
    }
}

/// One judgement: what it came to, what was sent, and what came back.
fn judgement_text(text: Plain, judgement: &Judgement) -> Plain {
    let text = text
        .line(format!("judgement of {}", judgement.heading()))
        .line(judgement.said())
        .fields(judgement.took());
    let text = judgement.rendered.iter().fold(text, |text, message| {
        text.line(format!("-- {} --", message.role)).block(&message.text)
    });
    if judgement.raw_response.is_empty() {
        return text.blank();
    }
    text.line("it answered:").block(&judgement.raw_response).blank()
}

/// What each grader said; the score where one measures it.
fn scores_table(outcome: &Outcome) -> Table {
    let has_values = outcome.scores.iter().any(|score| score.value.is_some());
    let mut table = if has_values {
        Table::new(["grader", "passed", "score", "why"])
    } else {
        Table::new(["grader", "passed", "why"])
    };
    for score in &outcome.scores {
        let (name, passed) = (score.label(), if score.passed { "yes" } else { "no" }.to_owned());
        let why = score.explanation.clone();
        if has_values {
            let value = or_none(score.value.map(|value| format!("{:.3}", value.get())));
            table.row([name, passed, value, why]);
        } else {
            table.row([name, passed, why]);
        }
    }
    table
}
