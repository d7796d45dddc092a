//! Judges and embedding models at servers that others wrote.

use std::collections::BTreeMap;

use pegbox::domain::judgement::Judgement;
use pegbox::domain::outcome::{ErrorKind, Outcome, OutcomePlace};
use pegbox::domain::run::RunSettings;
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::StartRun;

use super::aimock::Aimock;
use super::bench::*;

/// What the mock answers: tickets by their number, and of judges each by its model.
const FIXTURES: &str = r#"{"fixtures":[
    {"match":{"model":"rubric","userMessage":"answer one"},
     "response":{"content":"{\"score\": 5, \"explanation\": \"kind\"}",
      "usage":{"prompt_tokens":30,"completion_tokens":9}}},
    {"match":{"model":"rubric","userMessage":"answer two"},"response":{"content":"{\"score\": 2}"}},
    {"match":{"model":"rubric","userMessage":"answer three"},"response":{"content":"Five out of five!"}},
    {"match":{"model":"rubric","userMessage":"answer four"},
     "response":{"error":{"message":"no such deployment","type":"invalid_request_error"},"status":400}},
    {"match":{"model":"classes","userMessage":"answer two"},"response":{"content":"{\"label\": \"rude\"}"}},
    {"match":{"model":"classes"},"response":{"content":"{\"label\": \"polite\"}"}},
    {"match":{"model":"pair","userMessage":"First: answer one"},"response":{"content":"{\"winner\": \"first\"}"}},
    {"match":{"model":"pair","userMessage":"Second: answer one"},"response":{"content":"{\"winner\": \"second\"}"}},
    {"match":{"model":"pair","userMessage":"answer two"},"response":{"content":"{\"winner\": \"first\"}"}},
    {"match":{"model":"pair"},"response":{"content":"{\"winner\": \"tie\"}"}},
    {"match":{"model":"house","userMessage":"ticket 1"},"response":{"content":"answer one"}},
    {"match":{"model":"house","userMessage":"ticket 2"},"response":{"content":"answer two"}},
    {"match":{"model":"house","userMessage":"ticket 3"},"response":{"content":"answer three"}},
    {"match":{"model":"house","userMessage":"ticket 4"},"response":{"content":"answer four"}}]}"#;

const SUITE: &str = r#"name = "judged"
[[graders]]
name = "good"
kind = "judge_rubric"
judge = "rubric_v1"
min = 1
max = 5
at_least = 4
[[graders]]
name = "tone"
kind = "judge_classification"
judge = "classes_v1"
labels = ["polite", "rude"]
passing = ["polite"]
[[graders]]
name = "better"
kind = "judge_pairwise"
judge = "pair_v1"
tie_passes = false
[[graders]]
name = "near"
kind = "semantic_similarity"
provider = "openai"
model = "vectors"
at_least = 0.99
[[metrics]]
name = "share"
kind = "accuracy"
grader = "good"
"#;

fn prompt(model: &str, variables: &[&str], text: &str) -> String {
    let declared = variables
        .iter()
        .map(|name| format!("[[variables]]\nname = \"{name}\"\n"));
    let declared: String = declared.collect();
    format!("+++\n[model]\nprovider = \"openai\"\nname = \"{model}\"\n{declared}+++\n-- user --\n{text}\n")
}

/// A finished run of four tickets at the server; its outcomes by example.
fn judged(base_url: String) -> BTreeMap<String, Outcome> {
    let bench = Bench::over(std::sync::Arc::new(MemoryEngine::new()));
    for (name, variables, text) in [
        ("rubric", &["answer"][..], "Score this: {{ answer }}"),
        ("classes", &["answer"], "Tone of this: {{ answer }}"),
        ("pair", &["first", "second"], "First: {{ first }}\nSecond: {{ second }}"),
    ] {
        let judge = name.parse().unwrap();
        let source = prompt(name, variables, text);
        bench.workbench.import_prompt(&anna(), &judge, "", &source).unwrap();
        bench.workbench.commit(&anna(), &judge, &why()).unwrap();
    }
    let version = bench.version(&prompt("house", &["input"], "Answer this: {{ input }}"));
    // The third answer is what was expected.
    let row = |n: usize, expected: &str| {
        format!("{{\"id\":\"t-{n}\",\"input\":\"ticket {n}\",\"expected\":\"{expected}\"}}\n")
    };
    let rows = [
        row(1, "a poor one"),
        row(2, "a fair one"),
        row(3, "answer three"),
        row(4, "another"),
    ];
    let dataset = bench.dataset(&rows.concat());
    let suite = bench.suite(SUITE);
    let start = StartRun {
        settings: RunSettings {
            base_url: Some(base_url),
            attempts_max: 1,
            ..RunSettings::default()
        },
        ..start(&version, &dataset, &suite)
    };
    let (run, end) = bench.run(&start);
    assert_eq!((end.totals.saved, end.totals.judging.judgements), (4, 20));
    // One that is no JSON, one that was refused.
    assert_eq!(end.totals.judging.errored, 2);
    let outcome = |place| bench.workbench.case(run, OutcomePlace::first(place)).unwrap().outcome;
    (0..4)
        .map(outcome)
        .map(|outcome| (outcome.example.to_string(), outcome))
        .collect()
}

/// What each grader said, in the suite's order: pass, fail, or `-` where there is no verdict.
fn verdicts(outcome: &Outcome) -> String {
    let said = outcome
        .scores
        .iter()
        .map(|score| match (score.passed, score.gave_verdict()) {
            (true, _) => 'p',
            (false, true) => 'f',
            (false, false) => '-',
        });
    said.collect()
}

#[test]
fn aimock_judges_in_every_way() {
    let Some(aimock) = Aimock::start(FIXTURES) else { return };
    let outcomes = judged(format!("http://127.0.0.1:{}/v1", aimock.port));
    let said: Vec<_> = outcomes
        .iter()
        .map(|(id, outcome)| (id.as_str(), verdicts(outcome)))
        .collect();
    // The second wins in whichever place it stands first: a tie, which fails here. Equal texts are near, others not.
    let expected = [("t-1", "pppf"), ("t-2", "ffff"), ("t-3", "-pfp"), ("t-4", "-pff")];
    assert_eq!(said, expected.map(|(id, verdicts)| (id, verdicts.to_owned())));

    let of = |id: &str| &outcomes[id].judgements;
    let asked: Vec<_> = of("t-1")
        .iter()
        .map(|judgement| (judgement.judge.to_string(), judgement.is_swapped))
        .collect();
    let order = [
        ("rubric_v1", false),
        ("classes_v1", false),
        ("pair_v1", false),
        ("pair_v1", true),
        ("openai/vectors", false),
    ];
    assert_eq!(asked, order.map(|(judge, is_swapped)| (judge.to_owned(), is_swapped)));
    let rubric: &Judgement = &of("t-1")[0];
    assert_eq!(
        (rubric.score, rubric.explanation.as_str(), rubric.passed),
        (Some(5.0), "kind", Some(true))
    );
    assert_eq!(
        (rubric.usage.input_tokens, rubric.usage.output_tokens),
        (Some(30), Some(9))
    );
    assert_eq!(rubric.resolved_model.as_deref(), Some("rubric"));
    assert!(rubric.raw_response.contains("chatcmpl"), "{}", rubric.raw_response);
    let unread = of("t-3")[0].error.as_ref().unwrap();
    assert_eq!(unread.kind, ErrorKind::BadResponse);
    assert!(unread.message.contains("it must say"), "{}", unread.message);
    let refused = of("t-4")[0].error.as_ref().unwrap();
    assert_eq!(refused.kind, ErrorKind::BadRequest);
    assert!(refused.message.contains("no such deployment"), "{}", refused.message);
    assert_eq!(of("t-3")[4].score, Some(1.0));
}
