//! Suites with graders of every kind, through a run of the simulated model.
#![cfg(unix)]

use crate::pegbox::{Pegbox, REASON};

const SUITE: &str = r#"
name = "wide"
[[graders]]
name = "near"
kind = "edit_distance"
field = "route"
at_least = 0.3
[[graders]]
name = "no_apology"
kind = "contains"
text = "sorry"
case_sensitive = false
negate = true
[[graders]]
name = "no_tools"
kind = "tool_calls"
calls = "[]"
[[graders]]
name = "answers"
kind = "refusal"
[[graders]]
name = "cites"
kind = "citations"
pattern = '\[(\w+)\]'
[[graders]]
name = "free"
kind = "cost"
at_most_usd = 0
[[graders]]
name = "program"
kind = "command"
command = ["sh", "-c", 'grep -q "\"example\":" && echo "{\"passed\": true, \"score\": 0.5, \"explanation\": \"read\"}"']
time_limit_ms = 120000
[[graders]]
name = "never"
kind = "contains"
text = "no ticket has this in it"
[[graders]]
name = "either"
kind = "any_of"
graders = ["never", "answers"]
[[graders]]
name = "mix"
kind = "weighted"
weights = { program = 2, free = 1 }
at_least = 0.6

[[metrics]]
name = "mixed"
kind = "accuracy"
grader = "mix"
[[thresholds]]
metric = "mixed"
at_least = 1.0
"#;

fn run(pegbox: &Pegbox, name: &str) -> i32 {
    let start = [
        "run",
        "start",
        "support_triage_v1",
        "--dataset",
        "tickets",
        "--suite",
        name,
    ];
    pegbox.says(&start).code
}

#[test]
fn a_run_is_graded_by_every_kind() {
    let pegbox = Pegbox::with_records(4);
    let file = pegbox.write("wide.toml", SUITE);
    pegbox.does(&["suite", "import", &file, "--reason", REASON]);
    let shown = pegbox.does(&["suite", "show", "wide"]);
    for line in [
        "negate = true",
        "kind = \"any_of\"",
        "weights = { program = 2.0, free = 1.0 }",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert_eq!(
        run(&pegbox, "wide"),
        0,
        "{}",
        pegbox.does(&["run", "failures", "run_1"])
    );

    let case = pegbox.json(&["run", "case", "run_1", "t-001"]);
    assert_eq!(case["passed"], true);
    let scores = case["outcome"]["scores"].as_array().unwrap();
    let score = |name: &str| scores.iter().find(|score| score["grader"] == name).unwrap();
    assert_eq!(score("program")["value"], 0.5);
    assert_eq!(score("program")["explanation"], "read");
    // A part that failed does not fail what passed without it.
    assert_eq!(
        (&score("never")["passed"], &score("never")["part_of"][0]),
        (&false.into(), &"either".into())
    );
    let mix = score("mix")["value"].as_f64().unwrap();
    assert!((mix - 2.0 / 3.0).abs() < 1e-9, "{mix}");
    let text = pegbox.does(&["run", "case", "run_1", "t-001"]);
    assert!(
        text.contains("never (part of either)") && text.contains("0.667"),
        "{text}"
    );
    pegbox.does(&["store", "verify"]);
}

#[test]
fn a_broken_program_is_the_graders_fault() {
    let pegbox = Pegbox::with_records(2);
    let broken = SUITE.replacen("grep -q", "echo rules are missing >&2; exit 4; grep -q", 1);
    let file = pegbox.write("wide.toml", broken);
    pegbox.does(&["suite", "import", &file, "--reason", REASON]);
    assert_eq!(run(&pegbox, "wide"), 1);
    let case = pegbox.json(&["run", "case", "run_1", "t-001"]);
    assert_eq!(case["outcome"]["failure_category"], "grader");
    let why = pegbox.does(&["run", "failures", "run_1"]);
    assert!(
        why.contains("mix: weighted score") && why.contains("rules are missing"),
        "{why}"
    );
    let by_category = pegbox.does(&["run", "failures", "run_1", "--group", "category"]);
    assert!(by_category.contains("grader"), "{by_category}");
}

#[test]
fn circles_and_unknown_names_are_refused_at_import_with_the_line() {
    let pegbox = Pegbox::new();
    for (from, to, why) in [
        (
            "\"never\", \"answers\"",
            "\"nevr\"",
            "line 41: grader either.graders: no grader is named 'nevr'",
        ),
        (
            "\"never\", \"answers\"",
            "\"either\"",
            "line 41: grader either.graders: it is a part of itself: either -> either",
        ),
    ] {
        let file = pegbox.write("wide.toml", SUITE.replacen(from, to, 1));
        let said = pegbox.says(&["suite", "import", &file, "--reason", REASON]);
        assert!(said.code != 0 && said.stderr.contains(why), "{said:?}");
    }
}
