use std::collections::BTreeMap;

use super::*;
use crate::domain::example::ExampleContext;
use crate::domain::gate::GatePolicy;
use crate::domain::grader::{CaseRule, Grader, GraderKind};
use crate::domain::ids::ExampleId;
use crate::domain::json::{JsonText, SourceJson};
use crate::domain::model::{ModelConfig, NamedSchema, ResponseFormat};
use crate::domain::money::UsdNanos;
use crate::domain::prompt::PromptContent;
use crate::domain::prompt::{MessageTemplate, Role};
use crate::evals::judges::Judges;
use crate::evals::parse::Answer;

pub(super) fn example(expected: Option<&str>) -> ExampleContent {
    ExampleContent {
        id: ExampleId::new("t-1").unwrap(),
        input: JsonText::string("hello"),
        expected: expected.map(|text| JsonText::parse(text).unwrap()),
        labels: Vec::new(),
        metadata: BTreeMap::new(),
        context: ExampleContext::default(),
    }
}

pub(super) fn prompt(response_format: ResponseFormat) -> PromptContent {
    PromptContent {
        messages: vec![MessageTemplate {
            role: Role::User,
            text: "{{ input }}".into(),
        }],
        variables: Vec::new(),
        model: ModelConfig {
            response_format,
            ..ModelConfig::new("simulated", "sim-1")
        },
    }
}

pub(super) fn suite(kind: GraderKind) -> SuiteContent {
    SuiteContent {
        description: String::new(),
        graders: vec![Grader {
            name: "check".into(),
            kind,
            step: None,
        }],
        metrics: Vec::new(),
        thresholds: Vec::new(),
        slices: Vec::new(),
        policy: GatePolicy::Point,
        crossings: Vec::new(),
        bins: Vec::new(),
        cluster: None,
    }
}

fn field(name: &str) -> GraderKind {
    GraderKind::FieldMatch {
        field: name.into(),
        expected_field: None,
    }
}

fn near(absolute: f64, relative: f64) -> GraderKind {
    GraderKind::NumericTolerance {
        field: None,
        expected_field: None,
        absolute,
        relative,
    }
}

/// What graders see where only a text came back.
pub(super) fn observed(answer: &Answer) -> Observed<'_> {
    Observed {
        answer,
        tool_calls: &[],
        refusal: None,
        finish_reason: Some("stop"),
        latency_ms: 1_500,
        cost: Some(UsdNanos(3_000_000)),
        reused_from: None,
        judged: None,
        steps: &[],
        unread: None,
        base: None,
    }
}

fn look(graders: &Graders, answer: &str, example: &ExampleContent) -> Grades {
    let answer = Answer::new(answer);
    wait_for(graders.grade(observed(&answer), example))
}

pub(super) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

fn graded(kind: GraderKind, answer: &str, expected: Option<&str>) -> (bool, String, Option<Cause>) {
    let graders = Graders::compile(&suite(kind), &prompt(ResponseFormat::Text), &Judges::default()).unwrap();
    let grades = look(&graders, answer, &example(expected));
    let score = &grades.scores[0];
    (score.passed, score.explanation.clone(), grades.cause)
}

/// Kind, answer, expected value, and the explanation after `+` for a pass or `-` for a fail.
type Row = (GraderKind, &'static str, Option<&'static str>, &'static str);

fn check(rows: Vec<Row>) {
    for (kind, answer, expected, explanation) in rows {
        let name = kind.as_str();
        let (passed, why, cause) = graded(kind, answer, expected);
        let sign = if passed { '+' } else { '-' };
        assert_eq!(format!("{sign}{why}"), explanation, "{name} {answer}");
        assert_eq!(cause.is_none(), passed);
    }
}

#[test]
fn whole_answers() {
    let exact = || GraderKind::ExactMatch {
        case: CaseRule::Sensitive,
    };
    let any_case = || GraderKind::ExactMatch {
        case: CaseRule::Insensitive,
    };
    check(vec![
        (exact(), " billing\n", Some("\"billing\""), "+equals \"billing\""),
        (
            exact(),
            "Billing",
            Some("\"billing\""),
            "-expected \"billing\", got \"Billing\"",
        ),
        (any_case(), "Billing", Some("\"billing\""), "+equals \"billing\""),
        (
            exact(),
            "{\"b\":1.0,\"a\":2}",
            Some("{\"a\":2,\"b\":1}"),
            "+equals {\"a\":2,\"b\":1}",
        ),
        (exact(), "41", Some("42"), "-expected 42, got 41"),
        (exact(), "prose", Some("42"), "-not JSON: plain text"),
        (
            exact(),
            "x",
            None,
            "-the example has no expected value: a label problem",
        ),
        (GraderKind::JsonValid, "[]", None, "+it is JSON"),
        (
            GraderKind::JsonValid,
            "```json\n[]\n```",
            None,
            "-not JSON: JSON inside a code fence",
        ),
    ]);
}

#[test]
fn fields() {
    let expected = Some(r#"{"route":"billing","items":[{"n":1}]}"#);
    check(vec![
        (
            field("route"),
            r#"{"route":"billing"}"#,
            expected,
            "+route is \"billing\"",
        ),
        (
            field("route"),
            r#"{"route":"general"}"#,
            expected,
            "-expected \"billing\", got \"general\"",
        ),
        (
            field("items.0.n"),
            r#"{"items":[{"n":1.0}]}"#,
            expected,
            "+items.0.n is 1.0",
        ),
        (
            field("route"),
            r#"{"rout":"billing","x":1}"#,
            expected,
            "-the answer has no field 'route'; it has 'rout', 'x'",
        ),
        (
            field("route"),
            "\"billing\"",
            expected,
            "-the answer has no field 'route'; it is a text",
        ),
        (field("route"), "billing", expected, "-not JSON: plain text"),
    ]);
}

#[test]
fn expected_fields() {
    let renamed = || GraderKind::FieldMatch {
        field: "route".into(),
        expected_field: Some("label.name".into()),
    };
    let expected = Some(r#"{"route":"billing"}"#);
    check(vec![
        (
            field("team"),
            r#"{"team":"a"}"#,
            expected,
            "-the example has no expected value for 'team': a label problem",
        ),
        (
            field("route"),
            r#"{"route":"billing"}"#,
            Some("\"billing\""),
            "+route is \"billing\"",
        ),
        (
            renamed(),
            r#"{"route":"a"}"#,
            Some(r#"{"label":{"name":"a"}}"#),
            "+route is \"a\"",
        ),
        (
            field("route"),
            r#"{"route":"billing"}"#,
            None,
            "-the example has no expected value: a label problem",
        ),
    ]);
}

#[test]
fn patterns_numbers_and_parts() {
    let regex = |field: Option<&str>| GraderKind::Regex {
        pattern: "^R-[0-9]+$".into(),
        field: field.map(Into::into),
    };
    let contains = |text: Option<&str>, case| GraderKind::Contains {
        text: text.map(Into::into),
        case,
    };
    check(vec![
        (regex(None), "R-12", None, "+matches /^R-[0-9]+$/"),
        (
            regex(Some("id")),
            r#"{"id":"X"}"#,
            None,
            "-\"X\" does not match /^R-[0-9]+$/",
        ),
        (near(0.5, 0.0), "so it is 42.4", Some("42"), "+42.4 is within 0.5 of 42"),
        (near(0.0, 0.1), "90", Some("\"#### 100\""), "+90 is within 10 of 100"),
        (
            near(0.0, 0.0),
            "41",
            Some("42"),
            "-expected 42 within 0, got 41: off by 1",
        ),
        (
            near(0.0, 0.0),
            "none",
            Some("42"),
            "-expected 42, got no number: \"none\"",
        ),
        (
            near(0.0, 0.0),
            "1",
            Some("\"x\""),
            "-the expected value \"x\" holds no number: a label problem",
        ),
        (
            contains(None, CaseRule::Sensitive),
            "a refund is due",
            Some("\"refund\""),
            "+contains \"refund\"",
        ),
        (
            contains(Some("Refund"), CaseRule::Sensitive),
            "refund",
            None,
            "-\"Refund\" is not in \"refund\"",
        ),
        (
            contains(Some("Refund"), CaseRule::Insensitive),
            "refund",
            None,
            "+contains \"Refund\"",
        ),
    ]);
}

#[test]
fn schemas() {
    let source =
        r#"{"type":"object","required":["route"],"properties":{"route":{"enum":["a","b"]},"n":{"type":"integer"}}}"#;
    let schema = || GraderKind::JsonSchema {
        schema: Some(SourceJson::new(source).unwrap()),
    };
    check(vec![
        (schema(), r#"{"route":"a"}"#, None, "+the schema accepts it"),
        (
            schema(),
            r#"{"route":"c"}"#,
            None,
            "-route: \"c\" is not one of \"a\" or \"b\"",
        ),
        (schema(), "{}", None, "-\"route\" is a required property"),
        (schema(), "no", None, "-not JSON: plain text"),
    ]);
    let own = suite(GraderKind::JsonSchema { schema: None });
    let format = ResponseFormat::JsonSchema(NamedSchema {
        name: "reply".into(),
        version: 1,
        schema: SourceJson::new(source).unwrap(),
    });
    assert!(Graders::compile(&own, &prompt(format), &Judges::default()).is_ok());
    let error = Graders::compile(&own, &prompt(ResponseFormat::JsonObject), &Judges::default())
        .err()
        .unwrap();
    assert!(
        error.to_string().starts_with("grader check: it has no schema"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_built_says_why() {
    let bomb = GraderKind::Regex {
        pattern: "(((x{99}){99}){99}){99}".into(),
        field: None,
    };
    let open = GraderKind::Regex {
        pattern: "(".into(),
        field: None,
    };
    let no_schema = GraderKind::JsonSchema {
        schema: Some(SourceJson::new(r#"{"type":"thing"}"#).unwrap()),
    };
    let remote = GraderKind::JsonSchema {
        schema: Some(SourceJson::new(r#"{"$ref":"http://127.0.0.1:1/s.json"}"#).unwrap()),
    };
    for (kind, start) in [
        (bomb, "the pattern is not valid"),
        (open, "the pattern is not valid"),
        (no_schema, "the schema is not valid"),
        (remote, "the schema is not valid"),
    ] {
        let error = Graders::compile(&suite(kind), &prompt(ResponseFormat::Text), &Judges::default())
            .err()
            .unwrap();
        assert!(error.why.starts_with(start), "{error}");
    }
}

#[test]
fn the_label_is_blamed_before_the_parser_before_the_answer() {
    let mut both = suite(GraderKind::JsonValid);
    both.graders.push(Grader {
        name: "route".into(),
        kind: field("route"),
        step: None,
    });
    let graders = Graders::compile(&both, &prompt(ResponseFormat::Text), &Judges::default()).unwrap();
    assert!(graders.reads_json());
    let cause = |answer: &str, expected| look(&graders, answer, &example(expected)).cause;
    assert_eq!(cause("prose", None), Some(Cause::Label));
    assert_eq!(cause("prose", Some("\"a\"")), Some(Cause::Parse));
    assert_eq!(cause("{\"route\":\"b\"}", Some("\"a\"")), Some(Cause::Answer));
    assert_eq!(cause("{\"route\":\"a\"}", Some("\"a\"")), None);
}

#[test]
fn explanations_are_short() {
    let long = format!("\"{}\"", "é".repeat(5_000));
    let (_, why, _) = graded(
        GraderKind::ExactMatch {
            case: CaseRule::Sensitive,
        },
        &"x".repeat(5_000),
        Some(&long),
    );
    assert!(why.chars().count() <= words::EXPLANATION_CHARS_MAX);
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    for source in [
        r##"{"$ref":"#"}"##,
        r##"{"allOf":[{"$ref":"#"}]}"##,
        r##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##,
    ] {
        let kind = GraderKind::JsonSchema {
            schema: Some(SourceJson::new(source).unwrap()),
        };
        let ended = match Graders::compile(&suite(kind), &prompt(ResponseFormat::Text), &Judges::default()) {
            Ok(graders) => look(&graders, r#"{"a":[1]}"#, &example(None)).scores.len() == 1,
            Err(error) => error.why.starts_with("the schema is not valid"),
        };
        assert!(ended, "{source}");
    }
}
