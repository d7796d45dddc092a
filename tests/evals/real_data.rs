//! Every kind of grader over real records, with verdicts that are counted by other means too.

use std::collections::BTreeMap;
use std::time::Duration;

use pegbox::domain::actor::Actor;
use pegbox::domain::example::{Document, ExampleContent, ExampleContext};
use pegbox::domain::grader::{
    ArgumentRule, CallOrder, CaseRule, CitationSource, ExpectedDocuments, Grader, GraderKind, RefusalRule, Weight,
};
use pegbox::domain::ids::ExampleId;
use pegbox::domain::json::{JsonText, SourceJson};
use pegbox::domain::judge::{
    Average, EmbeddingModel, Judge, JudgeGrader, PassingLabels, Question, SemanticSimilarity, TieRule,
};
use pegbox::domain::model::ModelConfig;
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::ToolCall;
use pegbox::domain::prompt::{MessageTemplate, PromptContent, Role};
use pegbox::domain::reason::Reason;
use pegbox::domain::run::RunSettings;
use pegbox::domain::time::Timestamp;
use pegbox::domain::version::{ChangeKind, ChangeReason, PromptVersion};
use pegbox::evals::graders::{Graders, Observed};
use pegbox::evals::judges::{JudgeModel, Judges, ReadyJudge};
use pegbox::evals::parse::Answer;
use pegbox::providers::cassette::Tape;
use pegbox::providers::{Endpoint, Environment, PriceTable, connect_embeddings, connect_in};
use serde_json::{Value as Json, json};

const BANKING77: &str = include_str!("../fixtures/data/banking77.jsonl");
const GSM8K: &str = include_str!("../fixtures/data/gsm8k.jsonl");
/// Said where an answer is made wrong: one word, so that it is shorter than any class.
const WRONG: &str = "unknown";

fn endpoint() -> Endpoint {
    Endpoint {
        base_url: None,
        timeout: Duration::from_secs(30),
        prices: PriceTable::shipped(),
    }
}

fn embedding_model() -> EmbeddingModel {
    EmbeddingModel {
        provider: "simulated".into(),
        name: "embed-sim-1".into(),
        base_url: None,
    }
}

fn judge_prompt(name: &str, instructions: &str, shown: &str) -> PromptVersion {
    let message = |role, text: &str| MessageTemplate {
        role,
        text: text.into(),
    };
    let content = PromptContent {
        messages: vec![message(Role::System, instructions), message(Role::User, shown)],
        variables: Vec::new(),
        model: ModelConfig::new("simulated", "judge-sim-1"),
    };
    let reason = ChangeReason {
        kind: ChangeKind::Requirement,
        text: Reason::new("a judge of the answers is needed").unwrap(),
        link: None,
    };
    let author = Actor::new("ada").unwrap();
    PromptVersion::new(name.parse().unwrap(), content, None, author, reason, Timestamp(0)).unwrap()
}

/// The simulated judges, each with what it is asked.
fn judges() -> (Judges, Vec<(&'static str, GraderKind)>) {
    let shown = "Expected:\n{{ expected }}\nAnswer:\n{{ answer }}";
    let rubric = Question::Rubric {
        min: 1.0,
        max: 5.0,
        at_least: 5.0,
        average: Average::Mean,
    };
    let classes = Question::Classification {
        labels: vec!["right".into(), "wrong".into()],
        passing: PassingLabels::Fixed(vec!["right".into()]),
    };
    let pairwise = Question::Pairwise {
        expected_field: None,
        ties: TieRule::Passes,
    };
    let mut ready = Judges::default();
    let mut kinds = Vec::new();
    for (name, instructions, shown, question) in [
        (
            "rubric_v1",
            "From 1 to 5. Say {\"score\": 3, \"explanation\": \"\"}.",
            shown,
            rubric,
        ),
        (
            "classes_v1",
            "Say {\"label\": \"right | wrong\", \"explanation\": \"\"}.",
            shown,
            classes,
        ),
        (
            "pair_v1",
            "Say {\"winner\": \"tie\"}.",
            "First:\n{{ first }}\nSecond:\n{{ second }}",
            pairwise,
        ),
    ] {
        let version = judge_prompt(name, instructions, shown);
        let judge = Judge {
            version: version.id.clone(),
            content_hash: version.content_hash,
        };
        let provider = connect_in(&Environment::default(), "simulated", &endpoint()).unwrap();
        let model = JudgeModel::new(provider, None, &RunSettings::default());
        ready.prompts.insert(version.id.clone(), ReadyJudge { version, model });
        let kind = GraderKind::Judge(Box::new(JudgeGrader {
            judges: vec![judge],
            repeats: 1,
            question,
        }));
        kinds.push((name, kind));
    }
    let embeddings = connect_embeddings(&Environment::default(), "simulated", &endpoint(), &Tape::Off).unwrap();
    let model = JudgeModel::new(embeddings, None, &RunSettings::default());
    ready.embeddings.insert(embedding_model(), model);
    (ready, kinds)
}

/// A record of a file with the answer that is graded.
struct Row {
    example: ExampleContent,
    answer: String,
    tool_calls: Vec<ToolCall>,
    place: u64,
}

fn example(id: &str, input: &str, expected: &Json, document: &str) -> ExampleContent {
    ExampleContent {
        id: ExampleId::new(id).unwrap(),
        input: JsonText::string(input),
        expected: Some(JsonText::from_value(expected)),
        labels: Vec::new(),
        metadata: BTreeMap::new(),
        context: ExampleContext {
            documents: vec![Document {
                id: document.into(),
                version: "1".into(),
                text: input.into(),
            }],
            tool_results: Vec::new(),
        },
    }
}

/// Whether the answer to the record at this place is made right.
fn is_right(place: u64) -> bool {
    !place.is_multiple_of(3)
}

fn records(file: &str) -> Vec<Json> {
    file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Lets one grader look at all rows; the other graders of the list are there as parts.
async fn verdicts(all: &[Grader], name: &str, judges: &Judges, rows: &[Row]) -> Vec<bool> {
    let mut suite = crate::fakes::suite();
    suite.graders = all.to_vec();
    suite.metrics.clear();
    suite.thresholds.clear();
    let prompt = PromptContent {
        messages: Vec::new(),
        variables: Vec::new(),
        model: ModelConfig::new("openai", "m"),
    };
    let graders = Graders::compile(&suite, &prompt, judges).unwrap();
    let mut passed = Vec::new();
    for row in rows {
        let answer = Answer::new(row.answer.as_str());
        let observed = Observed {
            answer: &answer,
            tool_calls: &row.tool_calls,
            refusal: None,
            finish_reason: Some("stop"),
            latency_ms: 10 * row.place,
            cost: Some(UsdNanos(row.place)),
            reused_from: None,
            judged: None,
            steps: &[],
            unread: None,
            base: None,
        };
        let grades = graders.grade(observed, &row.example).await;
        let score = grades.scores.into_iter().find(|score| score.grader == name).unwrap();
        assert!(
            score.gave_verdict(),
            "{name} of {}: {}",
            row.example.id,
            score.explanation
        );
        passed.push(score.passed);
    }
    passed
}

/// Checks every grader against what it should say of each row.
async fn check(graders: Vec<(&str, GraderKind)>, judges: &Judges, rows: &[Row], says: impl Fn(&str, &Row) -> bool) {
    let all: Vec<Grader> = graders
        .iter()
        .map(|(name, kind)| Grader::new(*name, kind.clone()))
        .collect();
    for (name, _) in &graders {
        let expected: Vec<bool> = rows.iter().map(|row| says(name, row)).collect();
        assert_eq!(verdicts(&all, name, judges, rows).await, expected, "{name}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of graders")]
async fn texts_of_banking77() {
    let (judges, mut graders) = judges();
    let text = || (None, None);
    let (field, expected_field) = text();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    graders.extend([
        (
            "exact",
            GraderKind::ExactMatch {
                case: CaseRule::Sensitive,
            },
        ),
        (
            "contains",
            GraderKind::Contains {
                text: None,
                case: CaseRule::Insensitive,
            },
        ),
        (
            "regex",
            GraderKind::Regex {
                pattern: "^card_a".into(),
                field: None,
            },
        ),
        (
            "edits",
            GraderKind::EditDistance {
                field,
                expected_field,
                case: CaseRule::Sensitive,
                at_least: 0.9,
            },
        ),
        (
            "words",
            GraderKind::TokenF1 {
                field: None,
                expected_field: None,
                at_least: 0.9,
            },
        ),
        (
            "refusal",
            GraderKind::Refusal {
                expected: RefusalRule::Fixed(false),
            },
        ),
        ("latency", GraderKind::Latency { at_most_ms: 50 }),
        ("cost", GraderKind::Cost { at_most: UsdNanos(7) }),
        (
            "not_exact",
            GraderKind::Not(Box::new(GraderKind::ExactMatch {
                case: CaseRule::Sensitive,
            })),
        ),
        (
            "all",
            GraderKind::AllOf {
                graders: names(&["exact", "latency"]),
            },
        ),
        (
            "any",
            GraderKind::AnyOf {
                graders: names(&["exact", "latency"]),
            },
        ),
        (
            "weighted",
            GraderKind::Weighted {
                weights: ["exact", "latency"]
                    .map(|grader| Weight {
                        grader: grader.into(),
                        weight: 1.0,
                    })
                    .to_vec(),
                at_least: 0.5,
            },
        ),
        (
            "semantic",
            GraderKind::SemanticSimilarity(Box::new(SemanticSimilarity {
                model: embedding_model(),
                field: None,
                expected_field: None,
                at_least: 0.9,
            })),
        ),
    ]);
    #[cfg(unix)]
    graders.push((
        "command",
        GraderKind::Command {
            words: names(&[
                "sh",
                "-c",
                r#"if grep -q '"text":"unknown"'; then passed=false; else passed=true; fi
                   echo "{\"passed\": $passed, \"explanation\": \"looked\"}""#,
            ]),
            time_limit_ms: 120_000,
        },
    ));
    let rows: Vec<Row> = (0..)
        .zip(records(BANKING77))
        .map(|(place, record)| {
            let label = record["expected"].as_str().unwrap();
            Row {
                example: example(
                    record["id"].as_str().unwrap(),
                    record["input"].as_str().unwrap(),
                    &json!(label),
                    label,
                ),
                answer: if is_right(place) { label } else { WRONG }.to_owned(),
                tool_calls: Vec::new(),
                place,
            }
        })
        .collect();
    assert_eq!(
        (rows.len(), rows.iter().filter(|row| is_right(row.place)).count()),
        (20, 13)
    );
    check(graders, &judges, &rows, |name, row| {
        let (is_right, is_fast) = (is_right(row.place), row.place <= 5);
        match name {
            "regex" => row.answer.starts_with("card_a"),
            "refusal" => true,
            "latency" => is_fast,
            "cost" => row.place <= 7,
            "not_exact" => !is_right,
            "all" => is_right && is_fast,
            "any" | "weighted" => is_right || is_fast,
            _ => is_right,
        }
    })
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of graders")]
async fn fields_and_calls_of_banking77() {
    let path = |path: &str| Some(path.to_owned());
    let schema = r#"{"type":"object","properties":{"intent":{"const":"card_arrival"}},"required":["intent"]}"#;
    let graders = vec![
        (
            "field",
            GraderKind::FieldMatch {
                field: "intent".into(),
                expected_field: None,
            },
        ),
        ("json", GraderKind::JsonValid),
        (
            "schema",
            GraderKind::JsonSchema {
                schema: Some(SourceJson::new(schema).unwrap()),
            },
        ),
        (
            "tools",
            GraderKind::ToolCalls {
                calls: None,
                expected_field: path("calls"),
                arguments: ArgumentRule::Exact,
                order: CallOrder::Exact,
            },
        ),
        (
            "cited",
            GraderKind::Citations {
                source: CitationSource::Field("intent".into()),
                at_least: 1,
                expected: ExpectedDocuments::Field("intent".into()),
            },
        ),
    ];
    let rows: Vec<Row> = (0..)
        .zip(records(BANKING77))
        .map(|(place, record)| {
            let label = record["expected"].as_str().unwrap();
            let said = if is_right(place) { label } else { WRONG };
            let call = |label: &str| json!({"label": label});
            let expected = json!({"intent": label, "calls": [{"name": "route", "arguments": call(label)}]});
            Row {
                example: example(
                    record["id"].as_str().unwrap(),
                    record["input"].as_str().unwrap(),
                    &expected,
                    label,
                ),
                answer: json!({"intent": said}).to_string(),
                tool_calls: vec![ToolCall {
                    id: "1".into(),
                    name: "route".into(),
                    arguments: call(said).to_string(),
                    result: None,
                    round: 0,
                }],
                place,
            }
        })
        .collect();
    check(graders, &Judges::default(), &rows, |name, row| match name {
        "json" => true,
        "schema" => row.answer == r#"{"intent":"card_arrival"}"#,
        _ => is_right(row.place),
    })
    .await;
}

#[tokio::test]
async fn numbers_of_gsm8k() {
    let (judges, mut graders) = judges();
    // What a judge that reads words says of a number is whether it is the same.
    graders.retain(|(name, _)| *name != "pair_v1");
    graders.push((
        "number",
        GraderKind::NumericTolerance {
            field: None,
            expected_field: None,
            absolute: 0.0,
            relative: 0.0,
        },
    ));
    let rows: Vec<Row> = (0..)
        .zip(records(GSM8K))
        .map(|(place, record)| {
            let (_, number) = record["answer"].as_str().unwrap().rsplit_once("#### ").unwrap();
            let number: u64 = number.replace(',', "").parse().unwrap();
            let said = if is_right(place) { number } else { number + 1 };
            Row {
                example: example(
                    record["id"].as_str().unwrap(),
                    record["question"].as_str().unwrap(),
                    &json!(number),
                    "none",
                ),
                answer: said.to_string(),
                tool_calls: Vec::new(),
                place,
            }
        })
        .collect();
    check(graders, &judges, &rows, |_, row| is_right(row.place)).await;
}
