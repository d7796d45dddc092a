use super::*;
use crate::domain::actor::Actor;
use crate::domain::example::Document;
use crate::domain::hash::ContentHash;
use crate::domain::label::LabelContent;
use crate::domain::outcome::{DocumentRef, ToolCall};
use crate::domain::time::Timestamp;
use crate::evals::samples::{example, failed_outcome, outcome};

/// A failed outcome with everything around it; tests change what they are about.
struct Failure {
    outcome: Outcome,
    example: ExampleContent,
    graders: Vec<Grader>,
    labels: Vec<HumanLabel>,
    passed_elsewhere: Option<PassedElsewhere>,
    repeats: Repeats,
}

impl Failure {
    fn new(answer: &str, expected: &str) -> Self {
        let mut outcome = outcome(1, answer, &[("route", false)]);
        outcome.failure_category = Some(FailureCategory::Prompt);
        Self {
            outcome,
            example: example(1, expected, "billing"),
            graders: vec![Grader {
                name: "route".into(),
                kind: GraderKind::ExactMatch {
                    case: CaseRule::Sensitive,
                },
                step: None,
            }],
            labels: Vec::new(),
            passed_elsewhere: None,
            repeats: Repeats { passed: 0, count: 1 },
        }
    }

    fn labelled(mut self, content: LabelContent) -> Self {
        let by = Actor::new("anna").unwrap();
        let label = HumanLabel::new(&self.outcome, 1, content, by, Timestamp(1)).unwrap();
        self.labels.push(label);
        self
    }

    fn cause(&self) -> Cause {
        let labels: Vec<&HumanLabel> = self.labels.iter().collect();
        let evidence = Evidence {
            outcome: &self.outcome,
            example: &self.example,
            graders: &self.graders,
            labels: &labels,
            passed_elsewhere: self.passed_elsewhere.as_ref(),
            repeats: self.repeats,
        };
        cause(&evidence).unwrap()
    }

    fn found(&self) -> (FailureCategory, CauseRule) {
        let cause = self.cause();
        assert!(!cause.why.is_empty());
        (cause.category, cause.rule)
    }
}

const WANTED: &str = r#"{"route":"billing"}"#;

#[test]
fn a_plain_wrong_answer_is_what_the_graders_blamed() {
    let failure = Failure::new(r#"{"route":"other"}"#, WANTED);
    assert_eq!(failure.found(), (FailureCategory::Prompt, CauseRule::Graded));
    let mut passed = failure;
    passed.outcome.scores[0].passed = true;
    let evidence = Evidence {
        outcome: &passed.outcome,
        example: &passed.example,
        graders: &passed.graders,
        labels: &[],
        passed_elsewhere: None,
        repeats: Repeats::default(),
    };
    assert_eq!(cause(&evidence), None);
}

#[test]
fn valid_content_that_the_parser_rejected_is_the_parsers() {
    for (answer, category) in [
        ("```json\n{\"route\":\"billing\"}\n```", FailureCategory::Parser),
        (
            "Here it is:\n```\n{\"route\":\"billing\",}\n```\nAnything else?",
            FailureCategory::Parser,
        ),
        ("Sure! {\"route\":\"billing\"} as asked", FailureCategory::Parser),
        ("{\"route\":\"billing\",\"why\":\"a, ]\",}", FailureCategory::Parser),
        ("```json\n{\"route\":\"other\"}\n```", FailureCategory::Prompt),
    ] {
        let mut failure = Failure::new(answer, WANTED);
        failure.outcome.failure_category = Some(FailureCategory::Parser);
        let cause = failure.cause();
        assert_eq!(cause.category, category, "{answer}: {}", cause.why);
        assert_ne!(cause.rule, CauseRule::Graded, "{answer}");
    }
    for answer in ["I think that it is billing", "{\"route\":", "{{{", "```", ""] {
        let mut failure = Failure::new(answer, WANTED);
        failure.outcome.failure_category = Some(FailureCategory::Parser);
        assert_eq!(
            failure.found(),
            (FailureCategory::Prompt, CauseRule::NotInForm),
            "{answer}"
        );
    }
}

#[test]
fn the_grader_that_blames_is_quoted() {
    let mut failure = Failure::new("billing", "\"other\"");
    let score = |grader: &str, explanation: &str| Score {
        grader: grader.into(),
        explanation: explanation.into(),
        ..failure.outcome.scores[0].clone()
    };
    failure.outcome.scores = vec![
        score("cost", "no verdict: the cost is unknown"),
        score("route", "it is billing"),
    ];
    failure.outcome.parse_error = None;
    let why = failure.cause().why;
    assert!(why.contains("route: it is billing") && !why.contains("cost"), "{why}");
}

#[test]
fn what_a_step_said_and_its_parser_rejected_is_the_prompts_or_the_parsers() {
    for (said, category, rule) in [
        ("it is a refund", FailureCategory::Prompt, CauseRule::NotInForm),
        ("Billing, I think", FailureCategory::Parser, CauseRule::ParserRejected),
        (
            "{\"route\":\"x\"} so",
            FailureCategory::Parser,
            CauseRule::ParserRejected,
        ),
    ] {
        let mut failure = Failure::new("", "\"billing\"");
        let step = crate::evals::samples::step("route", said, Some("/x/ does not match"));
        failure.outcome.text = None;
        failure.outcome.parse_error = Some("step route: /x/ does not match".into());
        failure.outcome.steps = vec![step];
        assert_eq!(failure.found(), (category, rule), "{said}");
    }
}

#[test]
fn a_right_answer_in_prose_is_the_parsers_too() {
    for (answer, expected, rule) in [
        ("The answer is: Billing.", "billing", CauseRule::Wrapped),
        ("So it is 42.", "42", CauseRule::Wrapped),
        ("42 is not it, 43 is", "42", CauseRule::Graded),
        ("prebilling", "billing", CauseRule::Graded),
    ] {
        let mut failure = Failure::new(answer, &format!("\"{expected}\""));
        failure.outcome.parse_error = None;
        assert_eq!(failure.found().1, rule, "{answer}");
    }
}

#[test]
fn what_people_say_comes_first() {
    let failure = Failure::new(r#"{"route":"other"}"#, WANTED).labelled(LabelContent {
        expected: Some(JsonText::parse(r#"{"route":"other"}"#).unwrap()),
        ..LabelContent::default()
    });
    assert_eq!(failure.found(), (FailureCategory::Label, CauseRule::ExpectedCorrected));
    let failure = Failure::new(r#"{"route":"other"}"#, WANTED).labelled(LabelContent {
        grader: Some("route".into()),
        verdict: Some(LabelVerdict::Passed),
        comment: "both routes are right here".into(),
        ..LabelContent::default()
    });
    assert_eq!(failure.found(), (FailureCategory::Grader, CauseRule::Overridden));
    assert!(failure.cause().why.contains("anna says"), "{}", failure.cause().why);
    let same = LabelContent {
        verdict: Some(LabelVerdict::Failed),
        expected: Some(JsonText::parse(WANTED).unwrap()),
        ..LabelContent::default()
    };
    let failure = Failure::new(r#"{"route":"other"}"#, WANTED).labelled(same);
    assert_eq!(failure.found().1, CauseRule::Graded, "the label agrees");
}

#[test]
fn the_context_is_looked_at() {
    let document = |text: &str| Document {
        id: "faq".into(),
        version: String::new(),
        text: text.into(),
    };
    let mut failure = Failure::new("Within two weeks", "\"Refunds arrive within 14 working days\"");
    failure.outcome.parse_error = None;
    failure.example.context.documents = vec![document("Coffee is roasted on Mondays")];
    assert_eq!(
        failure.found(),
        (FailureCategory::Retrieval, CauseRule::ContextLacksAnswer)
    );
    failure
        .example
        .context
        .documents
        .push(document("refunds: 14 working days"));
    assert_eq!(failure.found().1, CauseRule::Graded);

    let mut failure = Failure::new(
        r#"{"route":"other"}"#,
        r#"{"route":"billing","sources":["faq","terms"]}"#,
    );
    failure.outcome.documents = vec![DocumentRef {
        id: "faq".into(),
        version: String::new(),
        content_hash: ContentHash::of_bytes(b"faq"),
    }];
    assert_eq!(
        failure.found(),
        (FailureCategory::Retrieval, CauseRule::DocumentMissing)
    );
    assert!(failure.cause().why.contains("terms"));
}

#[test]
fn tools_repeats_refusals_and_other_runs_are_looked_at() {
    let wrong = || Failure::new(r#"{"route":"other"}"#, WANTED);
    let mut failure = wrong();
    failure.outcome.tool_calls.push(ToolCall {
        id: "1".into(),
        name: "lookup".into(),
        arguments: "{}".into(),
        result: None,
        round: 0,
    });
    assert_eq!(failure.found(), (FailureCategory::Tool, CauseRule::NoToolResult));
    let mut failure = wrong();
    failure.repeats = Repeats { passed: 2, count: 5 };
    assert_eq!(failure.found(), (FailureCategory::Model, CauseRule::RepeatsFlip));
    failure.repeats = Repeats { passed: 0, count: 5 };
    assert_eq!(failure.found().1, CauseRule::Graded);
    let mut failure = wrong();
    failure.passed_elsewhere = Some(PassedElsewhere {
        grader: "route".into(),
        run: RunId(8),
        suite: "triage_quality@v7".parse().unwrap(),
    });
    assert_eq!(failure.found(), (FailureCategory::Grader, CauseRule::GraderChanged));
    let mut failure = wrong();
    failure.outcome.finish_reason = Some("MAX_TOKENS".into());
    assert_eq!(failure.found(), (FailureCategory::Model, CauseRule::CutOff));
    let mut failure = wrong();
    failure.outcome.refusal = Some("I cannot".into());
    assert_eq!(failure.found(), (FailureCategory::Model, CauseRule::Refused));
    let mut failure = wrong();
    failure.outcome.finish_reason = Some("content_filter".into());
    assert_eq!(failure.found(), (FailureCategory::Model, CauseRule::Refused));
    let mut failure = wrong();
    failure.outcome = failed_outcome(1);
    assert_eq!(failure.found(), (FailureCategory::Provider, CauseRule::NoAnswer));
}
