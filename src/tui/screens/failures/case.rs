//! One failed case as texts: what went in, what was expected, what came, why it failed, and what else is recorded.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::super::example_text::{context_text, facts_line, indented, json_text};
use super::super::panes::view_bar;
use super::super::run_figures;
use super::steps;
use crate::domain::example::Example;
use crate::domain::json::JsonText;
use crate::domain::judgement::Judgement;
use crate::domain::label::HumanLabel;
use crate::domain::outcome::Outcome;
use crate::text::Printable;
use crate::workbench::{CaseCause, CaseView};

/// What the upper pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum View {
    #[default]
    Input,
    Messages,
    Raw,
    Scores,
    Judges,
    Attempts,
}

impl View {
    /// All views, from left to right.
    pub(super) const ALL: [Self; 6] = [
        Self::Input,
        Self::Messages,
        Self::Raw,
        Self::Scores,
        Self::Judges,
        Self::Attempts,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Input => "Input",
            Self::Messages => "Messages",
            Self::Raw => "Raw",
            Self::Scores => "Scores",
            Self::Judges => "Judges",
            Self::Attempts => "Attempts",
        }
    }

    /// The views with brackets around this one: `[Input] Messages Raw`.
    pub(super) fn bar(self) -> String {
        view_bar(Self::ALL.map(Self::title), self.title())
    }

    pub(super) fn next(self) -> Self {
        match self {
            Self::Input => Self::Messages,
            Self::Messages => Self::Raw,
            Self::Raw => Self::Scores,
            Self::Scores => Self::Judges,
            Self::Judges | Self::Attempts => Self::Attempts,
        }
    }

    pub(super) fn previous(self) -> Self {
        match self {
            Self::Input | Self::Messages => Self::Input,
            Self::Raw => Self::Messages,
            Self::Scores => Self::Raw,
            Self::Judges => Self::Scores,
            Self::Attempts => Self::Judges,
        }
    }
}

/// The texts of a case.
#[derive(Debug, Default)]
pub(super) struct CaseTexts {
    views: [Printable; View::ALL.len()],
    pub(super) expected: Printable,
    pub(super) output: Printable,
    pub(super) why: Printable,
}

impl CaseTexts {
    pub(super) fn of(case: &CaseView) -> Self {
        let (outcome, example) = (&case.outcome, &case.example);
        let views = [
            input_text(example),
            messages_text(outcome),
            raw_text(outcome),
            scores_text(outcome),
            judges_text(&outcome.judgements),
            attempts_text(outcome),
        ];
        Self {
            views: views.map(|text| Printable::block(&text)),
            expected: Printable::block(&expected_text(example)),
            output: Printable::block(&output_text(outcome, example)),
            why: Printable::block(&why_text(case)),
        }
    }

    pub(super) fn view(&self, view: View) -> &Printable {
        let [input, messages, raw, scores, judges, attempts] = &self.views;
        match view {
            View::Input => input,
            View::Messages => messages,
            View::Raw => raw,
            View::Scores => scores,
            View::Judges => judges,
            View::Attempts => attempts,
        }
    }
}

fn input_text(example: &Example) -> String {
    let content = &example.content;
    let parts = [json_text(&content.input), facts_line(content), context_text(content)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

fn messages_text(outcome: &Outcome) -> String {
    if !outcome.steps.is_empty() {
        return steps::messages_text(&outcome.steps);
    }
    let messages = outcome.rendered.iter();
    let texts: Vec<String> = messages
        .map(|message| format!("-- {} --\n{}", message.role, message.text))
        .collect();
    texts.join("\n\n")
}

fn raw_text(outcome: &Outcome) -> String {
    if !outcome.steps.is_empty() {
        return steps::raw_text(&outcome.steps);
    }
    if outcome.raw_response.is_empty() {
        return "nothing came back".into();
    }
    outcome.raw_response.clone()
}

/// Passed or failed, the grader, and why: failures first.
pub(in crate::tui::screens) fn scores_text(outcome: &Outcome) -> String {
    if outcome.scores.is_empty() {
        return "no grader looked at it".into();
    }
    let mut scores: Vec<_> = outcome.scores.iter().collect();
    scores.sort_by_key(|score| (score.passed, !score.counts()));
    let lines = scores.into_iter().map(|score| {
        let word = match (score.passed, score.counts()) {
            (true, _) => "pass",
            (false, true) => "FAIL",
            (false, false) => "fail",
        };
        format!("{word}  {}: {}", score.label(), score.explanation)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Each judgement: what it came to, then what was sent and what came back.
fn judges_text(judgements: &[Judgement]) -> String {
    if judgements.is_empty() {
        return "no judge was asked".into();
    }
    let texts = judgements.iter().map(|judgement| {
        let mut text = format!("== {} ==\n{}", judgement.heading(), judgement.said());
        for (name, value) in judgement.took() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n{name:<9}{value}");
        }
        for message in &judgement.rendered {
            let _ = write!(text, "\n\n-- {} --\n{}", message.role, message.text);
        }
        if !judgement.raw_response.is_empty() {
            let _ = write!(text, "\n\n-- it answered --\n{}", judgement.raw_response);
        }
        text
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

fn attempts_text(outcome: &Outcome) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    for (at, attempt) in outcome.all_attempts().enumerate() {
        let status = attempt.status.map_or("no status".into(), |status| status.to_string());
        let error = attempt.error.as_ref().map_or_else(
            || "answered".to_owned(),
            |error| format!("{}: {}", error.kind.as_str(), error.message),
        );
        let latency = run_figures::latency(attempt.latency_ms);
        let _ = writeln!(out, "attempt {}  {latency}  {status}  {error}", at + 1);
    }
    let count = |count: Option<u64>| count.map_or("unknown".into(), |count| count.to_string());
    let usage = &outcome.usage;
    let written = usage.cache_write_tokens.filter(|count| *count > 0);
    let written = written.map_or_else(String::new, |count| format!(", written to the cache {count}"));
    let _ = writeln!(
        out,
        "tokens     in {} (cached {}{written})  out {} (reasoning {})",
        count(usage.input_tokens),
        count(usage.cached_tokens),
        count(usage.output_tokens),
        count(usage.reasoning_tokens)
    );
    let cost = outcome.cost.map_or("unknown".into(), |cost| cost.to_string());
    let _ = writeln!(out, "cost       {cost}");
    if let Some(run) = outcome.reused_from {
        let _ = writeln!(out, "reused     from {run}");
    }
    for (name, value) in [
        ("model      ", &outcome.resolved_model),
        ("finished   ", &outcome.finish_reason),
        ("response   ", &outcome.response_id),
        ("system     ", &outcome.system_fingerprint),
    ] {
        let _ = writeln!(out, "{name}{}", value.as_deref().unwrap_or("unknown"));
    }
    let _ = writeln!(out, "at         {}", outcome.finished_at);
    for document in &outcome.documents {
        let _ = writeln!(out, "document   {} {}", document.id, document.version);
    }
    for call in &outcome.tool_calls {
        let result = call.result.as_ref().map_or("no canned result".into(), JsonText::plain);
        let _ = writeln!(out, "tool call  {}({}) -> {result}", call.name, call.arguments);
    }
    out.trim_end().to_owned()
}

pub(in crate::tui::screens) fn expected_text(example: &Example) -> String {
    example
        .content
        .expected
        .as_ref()
        .map_or("nothing is expected".into(), json_text)
}

/// What the model said, parsed and as it came; fields that are not as expected have an `x` before them.
pub(in crate::tui::screens) fn output_text(outcome: &Outcome, example: &Example) -> String {
    let mut parts = Vec::new();
    if let Some(error) = &outcome.error {
        parts.push(format!("no answer: {}: {}", error.kind.as_str(), error.message));
    }
    if let Some(refusal) = &outcome.refusal {
        parts.push(format!("refused: {refusal}"));
    }
    if let Some(error) = &outcome.parse_error {
        parts.push(format!("NOT parsed: {error}"));
    }
    if let Some(parsed) = &outcome.parsed {
        parts.push(compared(parsed, example.content.expected.as_ref()));
    }
    match &outcome.text {
        Some(text) if outcome.parsed.is_some() => parts.push(format!("as it came:\n{text}")),
        Some(text) => parts.push(text.clone()),
        None => {}
    }
    parts.join("\n\n")
}

fn compared(parsed: &JsonText, expected: Option<&JsonText>) -> String {
    let (Json::Object(fields), Some(Json::Object(wanted))) = (parsed.value(), expected.map(JsonText::value)) else {
        return indented(parsed);
    };
    let lines = fields.iter().map(|(name, value)| {
        let differs = wanted.get(name).is_some_and(|wanted| wanted != value);
        let sign = if differs { "x " } else { "  " };
        let value = match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{sign}{name}: {value}")
    });
    let missing = wanted.keys().filter(|name| !fields.contains_key(*name));
    let missing = missing.map(|name| format!("x {name}: missing"));
    lines.chain(missing).collect::<Vec<_>>().join("\n")
}

fn why_text(case: &CaseView) -> String {
    let outcome = &case.outcome;
    let mut lines: Vec<String> = case.cause.as_ref().map(cause_line).into_iter().collect();
    if let Some(error) = &outcome.error {
        lines.push(format!("FAIL  {}: {}", error.kind.as_str(), error.message));
    }
    if let Some(rounds) = outcome.stopped_in_rounds() {
        lines.push(format!(
            "stopped after {rounds} rounds of tool results: the model went on calling tools"
        ));
    }
    if !outcome.scores.is_empty() {
        lines.push(scores_text(outcome));
    }
    lines.push(match &case.before {
        Some((run, true)) => format!("base {run}: passed there, so this is new"),
        Some((run, false)) => format!("base {run}: failed there too"),
        None => "base: no finished run of the base has this example".into(),
    });
    lines.extend(case.labels.iter().map(label_line));
    lines.join("\n")
}

/// Where the cause lies, and why there; that the graders blame it is what follows anyway.
fn cause_line(cause: &CaseCause) -> String {
    let category = cause.category.as_str();
    match (&cause.by, cause.rule) {
        (Some(by), _) => format!("cause in: {category}, says {by}: {}", cause.why),
        (None, Some("graded")) => format!("cause most likely in: {category}"),
        (None, _) => format!("cause most likely in: {category}, since {}", cause.why),
    }
}

/// `anna: passed, against route: both are right`.
fn label_line(label: &HumanLabel) -> String {
    let parts = [
        label.verdict.map(|verdict| verdict.as_str().to_owned()),
        label.class.as_ref().map(|class| format!("class {class}")),
        label.expected.as_ref().map(|expected| format!("expected {expected}")),
        label
            .is_override
            .then(|| format!("against {}", label.grader.as_deref().unwrap_or("the graders"))),
        Some(label.comment.clone()).filter(|comment| !comment.is_empty()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("{}: {}", label.by, parts.join(", "))
}

/// The whole case, for the clipboard.
pub(super) fn whole(texts: &CaseTexts) -> String {
    let parts = [
        ("INPUT", texts.view(View::Input)),
        ("EXPECTED", &texts.expected),
        ("OUTPUT", &texts.output),
        ("WHY", &texts.why),
    ];
    let parts = parts.map(|(title, text)| format!("{title}\n{text}"));
    parts.join("\n\n")
}
