//! Judges: runs that ask them, what is kept of each judgement, what it costs, and calibration.

use serde_json::{Value, json};

use crate::pegbox::{PROMPT, Pegbox, REASON};
use crate::support::server::{Answer, Received, Server};

/// A judge for an endpoint, whose instructions begin with `MARK`.
const JUDGE: &str = r#"+++
[model]
provider = "openai"
name = "gpt-4.1-mini"
seed = 3

[model.response_format]
type = "json_object"

[[variables]]
name = "answer"
[[variables]]
name = "expected"
+++
-- system --
MARK Say {"score": 4, "explanation": "why"}.
-- user --
{{ input.ticket }}
Expected:
{{ expected }}
Answer:
{{ answer }}
"#;

/// Everything but the grader.
const METRICS: &str = r#"
[[metrics]]
name = "good"
kind = "accuracy"
grader = "good"
[[thresholds]]
metric = "good"
at_least = 0.5
"#;

fn suite(graders: &str) -> String {
    format!("name = \"judged\"\n[[graders]]\nname = \"good\"\n{graders}\n{METRICS}")
}

const RUBRIC: &str = "kind = \"judge_rubric\"\njudge = \"judge_v1\"\nmin = 1\nmax = 5\nat_least = 4\n";

/// A store with tickets, `support_triage_v1` that is simulated, `asking_v1` that asks an endpoint, and `judge_v1`.
fn with_judge(rows: usize, judge: &str) -> Pegbox {
    let pegbox = Pegbox::with_records(rows);
    let asking = PROMPT
        .replace("provider = \"simulated\"", "provider = \"openai\"")
        .replace("triage-sim-1", "gpt-4.1-mini");
    for (name, document) in [("asking", asking.as_str()), ("judge", judge)] {
        commit(&pegbox, name, document);
    }
    pegbox
}

fn commit(pegbox: &Pegbox, name: &str, document: &str) {
    let file = pegbox.write(&format!("{name}.md"), document);
    pegbox.does(&["prompt", "import", name, &file]);
    pegbox.does(&["prompt", "commit", name, "--kind", "requirement", "--reason", REASON]);
}

fn import(pegbox: &Pegbox, graders: &str) -> crate::pegbox::Said {
    let file = pegbox.write("judged.toml", suite(graders));
    pegbox.says(&["suite", "import", &file, "--reason", REASON])
}

fn run(pegbox: &Pegbox, version: &str, url: &str, further: &[&str]) -> Value {
    let mut arguments = vec![
        "run",
        "start",
        version,
        "--dataset",
        "tickets",
        "--suite",
        "judged",
        "--json",
    ];
    if !url.is_empty() {
        arguments.extend(["--base-url", url]);
    }
    arguments.extend(further);
    let said = pegbox.says(&arguments);
    assert!([0, 1].contains(&said.code), "{said:?}");
    said.json()
}

fn case(pegbox: &Pegbox, run: &str, example: &str) -> Value {
    pegbox.json(&["run", "case", run, example])["outcome"].clone()
}

/// Whether a request is for a judge.
fn is_judge(request: &Received) -> bool {
    request.body["messages"][0]["content"]
        .as_str()
        .is_some_and(|text| text.starts_with("MARK"))
}

/// Answers as a triage that is always right about the form, and judges by `judge`.
fn judging(judge: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        if is_judge(request) {
            judge(request)
        } else {
            Answer::chat(r#"{"route":"billing","escalate":false,"reason":"r"}"#)
        }
    })
}

#[test]
fn a_judgement_keeps_what_was_sent_and_what_came_back() {
    let pegbox = with_judge(2, JUDGE);
    assert_eq!(import(&pegbox, RUBRIC).code, 0);
    let server = judging(|_| Answer::chat(r#"{"score": 5, "explanation": "as a person would"}"#));
    let record = run(&pegbox, "asking_v1", &server.base_url(), &[]);
    let judging = &record["totals"]["judging"];
    assert_eq!(
        (judging["judgements"].clone(), judging["errored"].clone()),
        (json!(2), json!(0))
    );
    assert_eq!(
        (judging["input_tokens"].clone(), judging["output_tokens"].clone()),
        (json!(24), json!(6))
    );
    // 12 tokens at $0.40 and 3 at $1.60 a million, twice.
    assert_eq!(judging["cost"], 2 * (12 * 400 + 3 * 1_600));
    assert_eq!(
        record["totals"]["cost"], judging["cost"],
        "the answers took as much, in a sum of their own"
    );

    let outcome = case(&pegbox, "run_1", "t-001");
    let judgement = &outcome["judgements"][0];
    assert_eq!(judgement["judge"]["prompt"]["version"], "judge_v1");
    assert_eq!(
        (judgement["score"].clone(), judgement["passed"].clone()),
        (json!(5.0), json!(true))
    );
    assert_eq!(judgement["explanation"], "as a person would");
    assert_eq!(
        (judgement["source"].clone(), judgement["resolved_model"].clone()),
        (json!("model"), json!("test-model"))
    );
    let sent = judgement["rendered"][1]["text"].as_str().unwrap();
    assert!(sent.contains("Answer:\n{\"route\":\"billing\""), "{sent}");
    assert!(judgement["raw_response"].as_str().unwrap().contains("chat.completion"));
    assert_eq!(outcome["scores"][0]["value"], 1.0);
    assert_eq!(
        outcome["scores"][0]["explanation"],
        "score 5 of 1 to 5, at least 4: as a person would"
    );

    let text = pegbox.does(&["run", "case", "run_1", "t-001"]);
    assert!(
        text.contains("judgement of good: judge_v1\npass, 5: as a person would"),
        "{text}"
    );
    let text = pegbox.does(&["run", "show", "run_1"]);
    assert!(text.contains("judging $0.0000"), "{text}");
}

#[test]
fn a_judge_that_straddles_the_threshold_is_unstable() {
    let pegbox = with_judge(3, JUDGE);
    assert_eq!(
        import(&pegbox, &format!("{RUBRIC}repeats = 3\naverage = \"median\"\n")).code,
        0
    );
    // Seeds 3, 4 and 5 ask the same thrice; the last one is strict.
    let server = judging(|request| {
        let score = if request.body["seed"] == 5 { 3 } else { 4 };
        Answer::chat(&json!({"score": score, "explanation": "so"}).to_string())
    });
    let record = run(&pegbox, "asking_v1", &server.base_url(), &[]);
    assert_eq!(record["totals"]["judging"]["unstable"], 3);
    assert_eq!(record["totals"]["judging"]["judgements"], 9);
    let outcome = case(&pegbox, "run_1", "t-001");
    let why = "no verdict: unstable: judge_v1 passes it 2 times of 3; median 4 of the scores 4, 4, 3 of 1 to 5, \
               at least 4: so";
    assert_eq!(outcome["scores"][0]["explanation"], why);
    assert_eq!(outcome["failure_category"], "grader");
    let text = pegbox.does(&["run", "show", "run_1"]);
    assert!(text.contains("9 judgements, 3 unstable"), "{text}");
    // None of them passed, and none of them failed either: 0 of 3 would be refuted by half.
    let rule = &record["gate"]["rules"][0];
    assert_eq!(
        (&rule["verdict"], &rule["evidence"]),
        (&json!("cannot_tell"), &json!("inconclusive"))
    );
    let note = rule["note"].as_str().unwrap();
    assert!(
        note.contains("3 without a verdict (judgements unstable or missing)"),
        "{note}"
    );
    assert!(text.contains("good: 3 without a verdict"), "{text}");
}

#[test]
fn a_judge_that_fails_gives_no_verdict() {
    let pegbox = with_judge(4, JUDGE);
    assert_eq!(import(&pegbox, RUBRIC).code, 0);
    let asked = std::sync::atomic::AtomicU32::new(0);
    let server = judging(move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Answer::chat("I would say 5 of 5."),
        1 => Answer::new(400, r#"{"error":{"message":"too long for this model"}}"#),
        2 => Answer::chat(r#"{"score": 9}"#),
        _ => Answer::chat(r#"{"score": 2, "explanation": "wrong"}"#),
    });
    let record = run(&pegbox, "asking_v1", &server.base_url(), &["--concurrency", "1"]);
    assert_eq!(record["totals"]["judging"]["errored"], 3);
    assert_eq!(record["totals"]["passed"], 0, "what nobody judged has not passed");
    for (example, category, why) in [
        (
            "t-001",
            "grader",
            "no verdict: judge_v1: not JSON: plain text; it must say {\"score\"",
        ),
        ("t-002", "grader", "no verdict: judge_v1: "),
        (
            "t-003",
            "grader",
            "no verdict: judge_v1: its score 9 is not between 1 and 5",
        ),
        ("t-004", "prompt", "score 2 of 1 to 5 is below 4: wrong"),
    ] {
        let outcome = case(&pegbox, "run_1", example);
        let explanation = outcome["scores"][0]["explanation"].as_str().unwrap();
        assert!(explanation.starts_with(why), "{example}: {explanation}");
        assert_eq!(outcome["failure_category"], category, "{example}");
    }
    let raw = case(&pegbox, "run_1", "t-001")["judgements"][0]["raw_response"].clone();
    assert!(raw.as_str().unwrap().contains("I would say 5 of 5."), "{raw}");
}

#[test]
fn a_pairwise_judge_is_asked_in_both_orders() {
    let judge = JUDGE
        .replace("name = \"answer\"", "name = \"first\"")
        .replace("[[variables]]\nname = \"expected\"", "[[variables]]\nname = \"second\"")
        .replace(
            "Expected:\n{{ expected }}\nAnswer:\n{{ answer }}",
            "A: {{ first }}\nB: {{ second }}",
        );
    let pegbox = with_judge(3, &judge);
    let pairwise = "kind = \"judge_pairwise\"\njudge = \"judge_v1\"\ntie_passes = false\n";
    assert_eq!(import(&pegbox, pairwise).code, 0);
    let server = judging(|request| {
        let text = request.body["messages"][1]["content"].as_str().unwrap();
        let answer_is_first = text.contains("A: {\"route\":\"billing\",\"escalate\":false,\"reason\"");
        let winner = match text {
            // Whatever stands first.
            text if text.contains("Charged twice") => "first",
            _ if answer_is_first => "first",
            _ => "second",
        };
        Answer::chat(&json!({"winner": winner, "explanation": "e"}).to_string())
    });
    let record = run(&pegbox, "asking_v1", &server.base_url(), &[]);
    assert_eq!(record["totals"]["judging"]["judgements"], 6);
    let explanations: Vec<String> = (1..=3)
        .map(|number| case(&pegbox, "run_1", &format!("t-00{number}")))
        .map(|outcome| outcome["scores"][0]["explanation"].as_str().unwrap().to_owned())
        .collect();
    let ties = explanations
        .iter()
        .filter(|why| *why == "judged a tie, since it depends on the order: e")
        .count();
    let better = explanations
        .iter()
        .filter(|why| *why == "judged better than the expected answer: e")
        .count();
    assert_eq!(ties + better, 3, "{explanations:?}");
    assert!(better > 0, "{explanations:?}");
    let judgements = case(&pegbox, "run_1", "t-001")["judgements"].clone();
    assert_eq!(
        (judgements[0]["is_swapped"].clone(), judgements[1]["is_swapped"].clone()),
        (json!(false), json!(true))
    );
}

#[test]
fn judges_that_cannot_judge_are_refused_before_anything_is_sent() {
    let pegbox = with_judge(2, JUDGE);
    let said = import(&pegbox, &RUBRIC.replace("judge_v1", "judge_v9"));
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.stderr
            .contains("grader good.judge: the store has no judge_v9: commit the judge's prompt first"),
        "{said:?}"
    );
    commit(&pegbox, "blind", &JUDGE.replace("{{ answer }}", "nothing"));
    let said = import(&pegbox, &RUBRIC.replace("judge_v1", "blind_v1"));
    assert!(
        said.stderr
            .contains("its prompt never shows what is judged: use {{ answer }}"),
        "{said:?}"
    );
    let said = import(&pegbox, "kind = \"judge_pairwise\"\njudge = \"judge_v1\"\n");
    assert!(said.stderr.contains("use {{ first }} in a message"), "{said:?}");
    for (edit, why) in [
        (
            "max = 5\nat_least = 6",
            "grader good.at_least: 6 is not above 1 and at most 5",
        ),
        ("max = 1\nat_least = 1", "grader good.max: the scale must go up"),
        (
            "max = 5\nat_least = 4\nrepeats = 0",
            "grader good.repeats: 0 is not between 1 and 25",
        ),
    ] {
        let said = import(&pegbox, &RUBRIC.replace("max = 5\nat_least = 4", edit));
        assert!(said.code == 2 && said.stderr.contains(why), "{said:?}");
    }

    // A field of the input that this dataset does not have.
    let document = JUDGE.replace("name = \"answer\"", "name = \"answer\"\n[[variables]]\nname = \"tone\"");
    commit(
        &pegbox,
        "toned",
        &document.replace("{{ answer }}", "{{ answer }} {{ tone }}"),
    );
    assert_eq!(import(&pegbox, &RUBRIC.replace("judge_v1", "toned_v1")).code, 0);
    let server = judging(|_| Answer::chat("{}"));
    let start = ["run", "start", "asking_v1", "--dataset", "tickets", "--suite", "judged"];
    let said = pegbox.says(&[&start[..], &["--base-url", &server.base_url()]].concat());
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.stderr
            .contains("variable 'tone' is not defined: the first example has no such input"),
        "{said:?}"
    );
    assert!(server.requests().is_empty(), "nothing is sent");
    assert_eq!(pegbox.json(&["run", "list"])["runs"], json!([]), "nothing is recorded");
}

#[test]
fn a_suite_with_another_judge_is_another_suite() {
    let pegbox = with_judge(2, JUDGE);
    assert_eq!(import(&pegbox, RUBRIC).code, 0);
    commit(&pegbox, "judge", &JUDGE.replace("MARK", "MARK Be strict."));
    assert_eq!(import(&pegbox, &RUBRIC.replace("judge_v1", "judge_v2")).code, 0);
    let (one, two) = (
        pegbox.json(&["suite", "show", "judged@v1"]),
        pegbox.json(&["suite", "show", "judged@v2"]),
    );
    let pin = |suite: &Value| suite["content"]["graders"][0]["kind"]["judge"]["judges"][0].clone();
    assert_eq!(pin(&one)["version"], "judge_v1");
    let of_version = pegbox.json(&["prompt", "show", "judge_v2"]);
    assert_eq!(pin(&two)["content_hash"], of_version["content_hash"]);
    assert_ne!(one["content_hash"], two["content_hash"]);
}

#[test]
fn a_cap_counts_what_judges_take() {
    let pegbox = with_judge(8, JUDGE);
    assert_eq!(import(&pegbox, RUBRIC).code, 0);
    let server = judging(|_| Answer::chat(r#"{"score": 5, "explanation": "e"}"#));
    // Each example takes 15 tokens for the answer and 15 for the judge.
    let arguments = [
        "run",
        "start",
        "asking_v1",
        "--dataset",
        "tickets",
        "--suite",
        "judged",
        "--concurrency",
        "1",
    ];
    let said = pegbox.says(
        &[
            &arguments[..],
            &["--cap-tokens", "100", "--base-url", &server.base_url()],
        ]
        .concat(),
    );
    assert!(
        said.stderr.contains("the cap of 100 tokens is reached: 90 are used"),
        "{said:?}"
    );
    assert_eq!(server.requests().len(), 6, "three examples, each with its judge");
}

#[test]
fn traffic_of_judges_is_on_the_cassette() {
    let pegbox = with_judge(3, JUDGE);
    assert_eq!(import(&pegbox, RUBRIC).code, 0);
    let server = judging(|_| Answer::chat(r#"{"score": 5, "explanation": "e"}"#));
    let tape = pegbox.home.path().join("tape.jsonl");
    let tape = tape.to_str().unwrap();
    let recorded = run(&pegbox, "asking_v1", &server.base_url(), &["--record", tape]);
    drop(server);
    let replayed = run(&pegbox, "asking_v1", "", &["--replay", tape]);
    for totals in ["passed", "failed", "judging"] {
        let judgements = |record: &Value| record["totals"][totals].clone();
        assert_eq!(judgements(&recorded), judgements(&replayed), "{totals}");
    }
    let judgement = case(&pegbox, "run_2", "t-001")["judgements"][0].clone();
    assert_eq!(
        (judgement["source"].clone(), judgement["score"].clone()),
        (json!("replayed"), json!(5.0))
    );
}

/// The simulated judge, which errs at this temperature.
fn simulated(temperature: &str) -> String {
    JUDGE
        .replace("provider = \"openai\"", "provider = \"simulated\"")
        .replace("gpt-4.1-mini", "judge-sim-1")
        .replace("seed = 3", &format!("seed = 3\ntemperature = {temperature}"))
        .replace("MARK", "From 1 to 5.")
}

#[test]
fn a_simulated_judge_is_calibrated_against_the_dataset() {
    let pegbox = with_judge(40, &simulated("2.0"));
    // The truth here is a field that the judge does not look at: the counts must be right, not the judge.
    let classes = "kind = \"judge_rubric\"\njudge = \"judge_v1\"\nmin = 1\nmax = 5\nat_least = 4\n";
    assert_eq!(import(&pegbox, classes).code, 0);
    let record = run(&pegbox, "support_triage_v1", "", &[]);
    assert_eq!(record["totals"]["judging"]["simulated"], 40);
    let calibrate = [
        "suite",
        "calibrate",
        "judged",
        "--grader",
        "good",
        "--truth",
        "expected.escalate",
    ];
    let calibration = pegbox.json(&calibrate);
    // An independent count over the outcomes.
    let mut counts = [[0_u64; 2]; 2];
    for line in crate::pegbox::TICKETS.lines().take(40) {
        let ticket: Value = serde_json::from_str(line).unwrap();
        let outcome = case(&pegbox, "run_1", ticket["id"].as_str().unwrap());
        let human = usize::from(ticket["expected"]["escalate"] != true);
        let judge = usize::from(outcome["scores"][0]["passed"] != true);
        counts[human][judge] += 1;
    }
    assert_eq!(calibration["verdicts"]["table"], json!(counts));
    let people_pass: u64 = counts[0].iter().sum();
    assert_eq!(calibration["compared"], 40);
    assert_eq!(calibration["sensitivity"]["hits"], counts[0][0]);
    assert_eq!(calibration["sensitivity"]["total"], people_pass);
    assert_eq!(calibration["disagreement_count"], counts[0][1] + counts[1][0]);
    let text = pegbox.does(&calibrate);
    for part in [
        "the dataset \\ grader",
        "kappa",
        "careful: simulated:",
        "label at least 100",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let said = pegbox.says(&["suite", "calibrate", "judged", "--grader", "good"]);
    assert!(
        said.code != 0 && said.stderr.contains("nobody labelled a verdict of 'good'"),
        "{said:?}"
    );
    let said = pegbox.says(&[
        "suite",
        "calibrate",
        "judged",
        "--grader",
        "none",
        "--truth",
        "expected",
    ]);
    assert!(said.stderr.contains("has no grader named 'none'"), "{said:?}");
}
