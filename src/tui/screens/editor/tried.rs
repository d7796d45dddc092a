//! What one try of the draft gave.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::try_form::TryTarget;
use crate::domain::grader::Score;
use crate::domain::json::JsonText;
use crate::domain::outcome::Outcome;
use crate::workbench::Fault;

/// The last try.
#[derive(Debug, Clone, Default)]
pub struct Tried {
    target: Option<TryTarget>,
    is_simulated: bool,
    state: State,
}

#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    None,
    UnderWay,
    Done(Box<Outcome>),
    Failed(String),
}

impl Tried {
    /// What the draft was tried on.
    pub fn target(&self) -> Option<&TryTarget> {
        self.target.as_ref()
    }

    /// A try began.
    pub fn start(&mut self, target: TryTarget, is_simulated: bool) {
        self.target = Some(target);
        self.is_simulated = is_simulated;
        self.state = State::UnderWay;
    }

    /// It has an outcome.
    pub fn done(&mut self, outcome: Outcome) {
        self.state = State::Done(Box::new(outcome));
    }

    /// It could not be made.
    pub fn failed(&mut self, fault: &Fault) {
        let hint = if fault.hint.is_empty() { "" } else { ". " };
        self.state = State::Failed(format!("{}{hint}{}", fault.what, fault.hint));
    }

    /// What it was tried on, and that a simulated model answered.
    pub fn title(&self) -> String {
        let mut title = String::from("Try");
        if let Some(target) = &self.target {
            // Writing to a String cannot fail.
            let _ = write!(title, "  row {}", target.place + 1);
        }
        if self.is_simulated {
            title.push_str("  simulated");
        }
        title
    }

    /// The verdict with latency, tokens and cost in one line.
    pub fn verdict_line(&self) -> String {
        match &self.state {
            State::None => "No try yet: r sends the draft with one example".into(),
            State::UnderWay => "waiting for the answer".into(),
            State::Failed(why) => format!("no answer: {why}"),
            State::Done(outcome) => verdict(outcome),
        }
    }

    /// Everything about it: verdict, graders, answer.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.verdict_line()];
        let State::Done(outcome) = &self.state else {
            return lines;
        };
        lines.extend(
            outcome
                .error
                .as_ref()
                .map(|error| format!("{}: {}", error.kind.as_str(), error.message)),
        );
        let passed: Vec<_> = outcome.scores.iter().filter(|score| score.passed).collect();
        let explained = |score: &Score| format!("FAIL {}: {}", score.grader, score.explanation);
        lines.extend(outcome.failed_scores().map(explained));
        if !passed.is_empty() {
            let names = passed.iter().map(|score| score.grader.as_str());
            lines.push(format!("ok {}", names.collect::<Vec<_>>().join(", ")));
        }
        lines.extend(outcome.parse_error.as_ref().map(|why| format!("not parsed: {why}")));
        match outcome.parsed.as_ref().map(JsonText::value) {
            Some(Json::Object(fields)) => lines.extend(fields.iter().map(|(name, value)| format!("  {name}: {value}"))),
            _ => lines.extend(answer(outcome)),
        }
        lines
    }

    /// The answer in one line.
    pub fn answer_line(&self) -> String {
        match &self.state {
            State::Done(outcome) => answer(outcome).unwrap_or_default(),
            _ => String::new(),
        }
    }
}

fn verdict(outcome: &Outcome) -> String {
    let verdict = match (outcome.passed(), outcome.scores.is_empty()) {
        (true, true) => "answered, not graded",
        (true, false) => "pass",
        (false, _) => "FAIL",
    };
    let tokens = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    let cost = outcome
        .cost
        .map_or_else(|| "cost unknown".to_owned(), |cost| cost.to_string());
    format!(
        "{verdict}  {}  {:.1}s  in {} out {} tok  {cost}",
        outcome.example,
        outcome.latency_ms as f64 / 1e3,
        tokens(outcome.usage.input_tokens),
        tokens(outcome.usage.output_tokens),
    )
}

/// What came back: the parsed answer, else the refusal, else the text as it is.
fn answer(outcome: &Outcome) -> Option<String> {
    let parsed = outcome.parsed.as_ref().map(ToString::to_string);
    let refusal = || outcome.refusal.as_ref().map(|refusal| format!("refused: {refusal}"));
    parsed.or_else(refusal).or_else(|| outcome.text.clone())
}
