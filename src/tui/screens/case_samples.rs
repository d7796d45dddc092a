//! Failures, and a case, for tests of screens.

use super::samples::{ago, anna, example, failure_line};
use crate::domain::example::Example;
use crate::domain::grader::Score;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::judge::Judge;
use crate::domain::judgement::{JudgedBy, Judgement};
use crate::domain::label::{HumanLabel, LabelContent, LabelVerdict};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{Attempt, FailureCategory, Outcome, OutcomePlace, RenderedMessage, Usage};
use crate::domain::progress::FailureLine;
use crate::domain::prompt::Role;
use crate::domain::run::AnswerSource;
use crate::workbench::{CaseCause, CaseRow, CaseView};

pub fn failure_rows() -> Vec<CaseRow> {
    let row = |place, id: &str, why: &str, passed_before, category, topic: &str| CaseRow {
        cause: Some(cause(category, why)),
        slices: vec![format!("topic={topic}")],
        ..case_row(place, failure_line(id, why, 900 + place), passed_before)
    };
    let (prompt, label) = (FailureCategory::Prompt, FailureCategory::Label);
    vec![
        row(
            95,
            "t-096",
            "route: expected safety, got returns",
            Some(false),
            label,
            "recall",
        ),
        row(
            130,
            "t-131",
            "route: expected billing, got refunds",
            Some(true),
            prompt,
            "billing dispute",
        ),
        row(
            146,
            "t-147",
            "escalation: expected true, got false",
            Some(true),
            prompt,
            "billing dispute",
        ),
    ]
}

/// A failure of which nothing more is known.
pub fn case_row(place: u64, line: FailureLine, passed_before: Option<bool>) -> CaseRow {
    CaseRow {
        place: OutcomePlace::first(place),
        line,
        has_failed: true,
        passed_before,
        cause: None,
        slices: Vec::new(),
        labels: Vec::new(),
        reused_from: None,
    }
}

fn cause(category: FailureCategory, why: &str) -> CaseCause {
    CaseCause {
        category,
        by: None,
        rule: Some("graded"),
        why: format!("the answer is well formed and wrong ({why})"),
        stored: Some(category),
    }
}

/// A label of the case, by a person who agrees with the graders, or not.
pub fn label(case: &CaseView, verdict: LabelVerdict, comment: &str) -> HumanLabel {
    let content = LabelContent {
        verdict: Some(verdict),
        comment: comment.into(),
        ..LabelContent::default()
    };
    HumanLabel::new(&case.outcome, 1, content, anna(), ago(60_000)).unwrap()
}

pub fn case(place: u64, id: &str) -> CaseView {
    let example = example(
        147,
        "You charged me twice for order LK-30218 and the bank refuses to refund the second charge. \
         If it is not back by Friday I go to the ombudsman.",
        "billing",
        "billing dispute",
    );
    let mut content = example.content;
    content.id = ExampleId::new(id).unwrap();
    content.expected = Some(JsonText::parse(r#"{"route":"billing","escalate":true}"#).unwrap());
    let example = Example::new(content, example.source).unwrap();
    CaseView {
        outcome: outcome(place, &example),
        example,
        before: Some((RunId(2), true)),
        cause: Some(cause(FailureCategory::Prompt, "escalation: expected true, got false")),
        labels: Vec::new(),
    }
}

/// What the simulated model made of the example: the route is right, the escalation is not.
fn score(grader: &str, passed: bool, explanation: &str) -> Score {
    Score {
        grader: grader.into(),
        passed,
        explanation: explanation.into(),
        value: None,
        part_of: Vec::new(),
    }
}

fn outcome(place: u64, example: &Example) -> Outcome {
    let text = r#"{"route":"billing","escalate":false}"#;
    let message = |role, text: &str| RenderedMessage {
        role,
        text: text.into(),
    };
    Outcome {
        run: RunId(3),
        index: place,
        repeat: 0,
        example: example.content.id.clone(),
        example_hash: example.content_hash,
        rendered: vec![
            message(Role::System, "Route the ticket.\nEscalate what cannot wait."),
            message(Role::User, "You charged me twice"),
        ],
        documents: Vec::new(),
        tool_calls: Vec::new(),
        raw_response: format!("{{\"text\":{}}}", JsonText::string(text)),
        earlier_responses: Vec::new(),
        text: Some(text.into()),
        parsed: Some(JsonText::parse(text).unwrap()),
        parse_error: None,
        refusal: None,
        finish_reason: Some("stop".into()),
        resolved_model: Some("simulated-triage-1".into()),
        system_fingerprint: None,
        response_id: Some("sim-147".into()),
        usage: Usage {
            input_tokens: Some(812),
            output_tokens: Some(14),
            ..Usage::default()
        },
        latency_ms: 1_900,
        time_to_first_token_ms: None,
        attempts: vec![Attempt {
            latency_ms: 1_900,
            status: None,
            error: None,
            usage: Usage::default(),
            cost: None,
            waited_ms: 0,
        }],
        reused_from: None,
        cost: None,
        error: None,
        scores: vec![
            score("route", true, "billing as expected"),
            score("escalation", false, "escalate: expected true, got false"),
            score("json", true, "it is JSON"),
        ],
        judgements: Vec::new(),
        steps: Vec::new(),
        failure_category: Some(FailureCategory::Prompt),
        finished_at: ago(180_000),
    }
}

/// What a judge said of the answer.
pub(super) fn judgement() -> Judgement {
    Judgement {
        grader: "helpful".into(),
        judge: JudgedBy::Prompt(Judge {
            version: "helpfulness_judge_v3".parse().unwrap(),
            content_hash: ContentHash::of_bytes(b"judge"),
        }),
        source: AnswerSource::Simulated,
        repeat: 1,
        is_swapped: false,
        rendered: vec![RenderedMessage {
            role: Role::User,
            text: "Answer:\n{\"route\":\"billing\",\"escalate\":false}".into(),
        }],
        raw_response: r#"{"score": 3, "explanation": "the deadline is not escalated"}"#.into(),
        label: None,
        score: Some(3.0),
        passed: Some(false),
        explanation: "the deadline is not escalated".into(),
        resolved_model: Some("judge-sim-1 (simulated)".into()),
        usage: Usage {
            input_tokens: Some(92),
            output_tokens: Some(17),
            ..Usage::default()
        },
        latency_ms: 419,
        reused_from: None,
        cost: Some(UsdNanos(120_000)),
        error: None,
    }
}
