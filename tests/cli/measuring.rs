//! What a run measures, from the command line: crossed and binned slices, clusters, comparisons with every metric, and
//! flaky examples from their discovery to the day on which they count again.

use serde_json::Value;

use crate::pegbox::{COMMIT, PROMPT, Pegbox, REASON};

/// Metrics of every kind over the routes, sliced by topic and by length, and clustered by day.
const WIDE: &str = r#"
name = "wide"
description = "routes, by topic and length"
slices = ["topic"]
cluster = "received"

[[bins]]
field = "words"
bounds = [10, 20]

[[crossings]]
fields = ["topic", "words"]

[[graders]]
name = "route"
kind = "field_match"
field = "route"

[[metrics]]
name = "routed"
kind = "accuracy"
grader = "route"

[[metrics]]
name = "macro"
kind = "macro_f1"
field = "route"

[[metrics]]
name = "speed"
kind = "latency_mean"

[[metrics]]
name = "p95"
kind = "latency_percentile"
percentile = 95

[[thresholds]]
metric = "routed"
at_least = 0.5

[[thresholds]]
metric = "routed"
at_least = 0.1
slice = ["topic=returns and refunds", "words=10..20"]

[[thresholds]]
metric = "macro"
no_worse_by = 0.5

[pass_rule]
policy = "point"
"#;

/// A store with the tickets, each with the number of its words in its metadata.
fn wide(rows: usize) -> Pegbox {
    let pegbox = Pegbox::with_records(1);
    let tickets = crate::pegbox::TICKETS.lines().take(rows).map(|line| {
        let mut ticket: Value = serde_json::from_str(line).unwrap();
        let words = ticket["input"]["ticket"].as_str().unwrap().split_whitespace().count();
        ticket["metadata"]["words"] = words.to_string().into();
        format!("{ticket}\n")
    });
    let file = pegbox.write("sized.jsonl", tickets.collect::<String>());
    pegbox.does(&[
        "dataset", "import", &file, "--name", "sized", "--label", "v1", "--reason", REASON,
    ]);
    let file = pegbox.write("wide.toml", WIDE);
    pegbox.does(&["suite", "import", &file, "--reason", REASON]);
    pegbox
}

/// A further version of the prompt with one change to its document.
fn commit(pegbox: &Pegbox, from: &str, to: &str) {
    assert!(PROMPT.contains(from), "the prompt says {from}");
    let file = pegbox.write("next.md", PROMPT.replace(from, to));
    pegbox.does(&["prompt", "import", "support_triage", &file]);
    pegbox.does(&COMMIT);
}

fn start(pegbox: &Pegbox, version: &str, suite: &str, further: &[&str]) -> i32 {
    let start = ["run", "start", version, "--dataset", "sized", "--suite", suite];
    pegbox.says(&[&start[..], further].concat()).code
}

#[test]
fn a_suite_file_crosses_fields_and_bins_numbers() {
    let pegbox = wide(80);
    start(&pegbox, "support_triage_v1", "wide", &[]);
    let shown = pegbox.does(&["run", "show", "run_1"]);
    for slice in [
        "words=<10",
        "words=10..20",
        "words=>=20",
        "topic=delivery & words=10..20",
    ] {
        assert!(shown.contains(slice), "{slice} in {shown}");
    }
    assert!(
        shown.contains("routed[topic=returns and refunds & words=10..20] >= "),
        "{shown}"
    );
    let source = pegbox.does(&["suite", "show", "wide@v1"]);
    for part in ["[[bins]]", "bounds = [10", "[[crossings]]", "cluster = \"received\""] {
        assert!(source.contains(part), "{part} in {source}");
    }
    let unknown = pegbox.write("wrong.toml", WIDE.replace("bounds = [10, 20]", "bounds = [20, 10]"));
    assert_ne!(pegbox.says(&["suite", "import", &unknown, "--reason", REASON]).code, 0);
}

#[test]
fn a_comparison_goes_by_the_clusters_of_the_suite_and_tests_every_mean() {
    let pegbox = wide(80);
    commit(&pegbox, "- billing: ", "- billing: parcel, package, ");
    for version in ["support_triage_v1", "support_triage_v2"] {
        start(&pegbox, version, "wide", &[]);
    }
    let compared = pegbox.json(&["run", "compare", "run_1", "run_2"]);
    let metric = |name: &str| {
        let metrics = compared["metrics"].as_array().unwrap();
        metrics.iter().find(|metric| metric["metric"] == name).unwrap().clone()
    };
    assert!(
        metric("routed")["effect"]["method"]["clusters"]["count"]
            .as_u64()
            .unwrap()
            < 80
    );
    assert!(metric("macro")["effect"]["method"]["resampling"]["resamples"].is_u64());
    assert!(metric("macro")["effect"]["interval"].is_array());
    assert!(metric("speed")["effect"]["ratio"].is_f64());
    assert_eq!(metric("p95")["effect"], Value::Null);
    assert!(
        metric("p95")["not_compared"]
            .as_str()
            .unwrap()
            .starts_with("a percentile")
    );
    let text = pegbox.does(&["run", "compare", "run_1", "run_2"]);
    assert!(text.contains("no interval of p95: a percentile is no mean"), "{text}");
    assert!(
        text.contains("paired t of ") && text.contains("paired bootstrap (BCa)"),
        "{text}"
    );
    let gate = pegbox.does(&["run", "show", "run_2"]);
    assert!(gate.contains("macro >= base -50 points"), "{gate}");
    assert!(!gate.contains("cannot be compared"), "{gate}");
}

/// A suite of one metric over the classes of a field.
fn of_classes(field: &str, labels: &str) -> String {
    format!(
        "name = \"classes\"\n[[metrics]]\nname = \"macro\"\nkind = \"macro_f1\"\n\
         field = \"{field}\"\nlabels = [{labels}]\n"
    )
}

#[test]
fn a_field_that_names_nothing_is_refused_and_a_label_that_never_occurs_is_named() {
    let pegbox = Pegbox::with_records(20);
    let import = |text: String| {
        let file = pegbox.write("classes.toml", text);
        pegbox.says(&["suite", "import", &file, "--reason", REASON])
    };
    let nonsense = import(of_classes("..", ""));
    assert!(
        nonsense.code != 0 && nonsense.stderr.contains("the field '..' names nothing"),
        "{nonsense:?}"
    );
    assert_eq!(import(of_classes("route", "\"billing\", \"biling\"")).code, 0);
    let ends = ["support_triage_v1", "--dataset", "tickets", "--suite", "classes"];
    let text = pegbox.says(&[&["run", "start"][..], &ends].concat()).stdout;
    assert!(text.contains("no answer gives biling, which the suite names"), "{text}");
}

#[test]
fn without_a_base_run_the_gate_says_that_only_this_is_missing() {
    let pegbox = wide(20);
    start(&pegbox, "support_triage_v1", "wide", &[]);
    let shown = pegbox.does(&["run", "show", "run_1"]);
    assert!(shown.contains("cannot be compared with a base run: macro"), "{shown}");
    assert!(!shown.contains("no data"), "{shown}");
}

#[test]
fn a_flaky_example_is_found_kept_out_of_gates_and_let_back() {
    let pegbox = wide(60);
    commit(
        &pegbox,
        "name = \"triage-sim-1\"\ntemperature = 0.0",
        "name = \"triage-sim-2\"\ntemperature = 1.0",
    );
    start(&pegbox, "support_triage_v2", "wide", &["--repeats", "3"]);
    let flaky = pegbox.json(&["run", "flaky", "run_1"]);
    let found = flaky["examples"].as_array().unwrap();
    let undecided = found
        .iter()
        .find(|example| {
            example["passed"].as_u64() > Some(0) && example["passed"].as_u64() < example["answered"].as_u64()
        })
        .unwrap();
    let example = undecided["example"].as_str().unwrap();
    every_repeat_can_be_shown(&pegbox, example);
    let shown = pegbox.does(&["run", "show", "run_1"]);
    assert!(shown.contains("(60 examples x 3 repeats)"), "{shown}");
    assert!(
        shown.contains("over 180 answers in ") && !shown.contains("180 examples"),
        "{shown}"
    );

    let why = "two labels fit this ticket, says the support lead";
    pegbox.does(&["run", "quarantine", "run_1", example, "--reason", why]);
    assert!(pegbox.does(&["suite", "quarantined", "wide"]).contains("out of gates"));
    assert_eq!(
        pegbox
            .says(&["run", "quarantine", "run_1", example, "--reason", why])
            .code,
        4
    );
    start(&pegbox, "support_triage_v2", "wide", &["--repeats", "3"]);
    let named = format!("{example} is quarantined and does not count in the gate");
    assert!(pegbox.does(&["run", "show", "run_2"]).contains(&named));
    assert!(
        !pegbox.does(&["run", "show", "run_1"]).contains(&named),
        "an ended run never changes"
    );

    lifting_makes_evidence_stale(&pegbox, example);
    start(&pegbox, "support_triage_v2", "wide", &["--repeats", "3"]);
    assert!(!pegbox.does(&["run", "show", "run_3"]).contains(&named));
    assert_eq!(
        pegbox.json(&["run", "flaky", "run_3"])["examples"]
            .as_array()
            .unwrap()
            .len(),
        found.len()
    );
}

/// A review of `run_2`, whose gate left the example out, says so, and is refused once it counts again.
fn lifting_makes_evidence_stale(pegbox: &Pegbox, example: &str) {
    let request = [
        "review",
        "request",
        "support_triage_v2",
        "--to",
        "staging",
        "--run",
        "run_2",
    ];
    pegbox.does(&[&request[..], &["--reason", REASON]].concat());
    let line = "1 of 60 examples quarantined, left out of the gate; with them";
    let review = pegbox.does(&["review", "show", "review_1"]);
    assert!(review.contains(line), "{review}");
    let approve = ["review", "approve", "review_1", "--reason", REASON];
    let stale = format!("run_2 is stale: {example} counts again since the quarantine was lifted");
    assert!(!pegbox.says(&approve).stderr.contains(&stale));

    pegbox.does(&[
        "suite",
        "lift",
        "wide",
        example,
        "--reason",
        "the ticket has one label now",
    ]);
    let refused = pegbox.says(&approve);
    assert!(refused.code == 4 && refused.stderr.contains(&stale), "{refused:?}");
}

/// The words of a text's line about latency, from the median on.
fn latency(text: &str) -> &str {
    assert!(text.contains("p50 "), "a latency in {text}");
    let from_median = text.find("p50 ").and_then(|at| text.get(at..)).unwrap_or_default();
    from_median.lines().next().unwrap_or_default().trim_end()
}

#[test]
fn a_run_shows_the_same_latencies_wherever_it_is_read() {
    let pegbox = wide(60);
    let start = [
        "run",
        "start",
        "support_triage_v1",
        "--dataset",
        "sized",
        "--suite",
        "wide",
        "--repeats",
        "3",
    ];
    let started = pegbox.says(&start).stdout;
    let shown = latency(&started);
    assert_eq!(latency(&pegbox.does(&["run", "show", "run_1"])), shown);
    let cell = &pegbox.json(&["run", "matrix", "run_1"])["cells"][0];
    let ms = |key: &str| cell[key].as_f64().or(cell["figures"][key].as_f64()).unwrap();
    let of_cell = format!("p50 {} ms, p95 {} ms", ms("latency_p50_ms"), ms("latency_p95_ms"));
    assert!(shown.starts_with(&of_cell), "{of_cell} in {shown}");
}

#[test]
fn a_plan_counts_the_examples_of_each_rule_in_a_dataset() {
    let pegbox = wide(80);
    let assumed = pegbox.json(&["suite", "power", "wide", "--examples", "240"]);
    let counts = |plan: &Value| -> Vec<u64> {
        let rules = plan["rules"].as_array().unwrap();
        rules.iter().map(|rule| rule["examples"].as_u64().unwrap()).collect()
    };
    assert_eq!(counts(&assumed), [240; 3]);
    let file = pegbox.write(
        "loose.toml",
        WIDE.replace("cluster = \"received\"", "")
            .replace("\"wide\"", "\"loose\""),
    );
    pegbox.does(&["suite", "import", &file, "--reason", REASON]);
    let counted = counts(&pegbox.json(&["suite", "power", "loose", "--dataset", "sized"]));
    start(&pegbox, "support_triage_v1", "loose", &[]);
    let record = pegbox.json(&["run", "show", "run_1"]);
    let rules = record["gate"]["rules"].as_array().unwrap();
    let measured = |at: usize| {
        rules[at]["measure"]["total"]
            .as_u64()
            .or(rules[at]["measure"]["rate"]["total"].as_u64())
    };
    assert_eq!(counted[0], 80);
    assert_eq!(measured(1), Some(counted[1]), "{rules:#?}");
    assert!(counted[1] < 80, "{counted:?}");
    let result = &record["metrics"][0];
    assert_eq!(
        (&result["method"], &result["bounds_method"]),
        (&"wilson".into(), &"clopper_pearson".into())
    );
    let neither = pegbox.says(&["suite", "power", "wide"]);
    assert_ne!(neither.code, 0, "{neither:?}");
}

#[test]
fn labels_are_refused_where_a_metric_cannot_choose_classes() {
    let pegbox = wide(5);
    for kind in ["micro_f1", "kappa", "mcc"] {
        let named = format!("kind = \"{kind}\"\nlabels = [\"billing\"]");
        let file = pegbox.write("named.toml", WIDE.replace("kind = \"macro_f1\"", &named));
        let refused = pegbox.says(&["suite", "import", &file, "--reason", REASON]);
        assert_ne!(refused.code, 0, "{refused:?}");
        assert!(
            refused
                .stderr
                .contains(&format!("{kind} counts every answer and takes no labels")),
            "{refused:?}"
        );
    }
}

#[test]
fn a_report_compares_with_what_had_ended_before_its_run() {
    let pegbox = wide(40);
    commit(&pegbox, "- billing: ", "- billing: parcel, package, ");
    for version in ["support_triage_v1", "support_triage_v2"] {
        start(&pegbox, version, "wide", &[]);
    }
    let report = pegbox.does(&["run", "report", "run_2"]);
    assert!(report.contains("run_1 (support_triage_v1) to run_2"), "{report}");
    start(&pegbox, "support_triage_v1", "wide", &[]);
    assert_eq!(pegbox.does(&["run", "report", "run_2"]), report);
    start(&pegbox, "support_triage_v2", "wide", &[]);
    let newer = pegbox.does(&["run", "report", "run_4"]);
    assert!(newer.contains("run_3 (support_triage_v1) to run_4"), "{newer}");
}

/// Of an example that is asked three times in `run_1`, and does not come out the same each time.
fn every_repeat_can_be_shown(pegbox: &Pegbox, example: &str) {
    let case = |repeat: &'static str| pegbox.json(&["run", "case", "run_1", example, "--repeat", repeat]);
    let cases = ["1", "2", "3"].map(case);
    let verdicts = cases.each_ref().map(|case| case["passed"].as_bool().unwrap());
    assert!(verdicts.contains(&true) && verdicts.contains(&false), "{verdicts:?}");
    for (case, repeat) in cases.iter().zip(1..) {
        assert_eq!(
            (&case["repeat"], &case["outcome"]["repeat"]),
            (&repeat.into(), &(repeat - 1).into())
        );
        let said = case["repeats"].as_array().unwrap().iter();
        let said: Vec<bool> = said.map(|repeat| repeat["passed"].as_bool().unwrap()).collect();
        assert_eq!(said, verdicts);
    }
    let others = |passed: bool| {
        let numbers = [2, 3].into_iter().filter(|number| verdicts[number - 1] == passed);
        let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
        let verdict = if passed { "passed" } else { "failed" };
        (!numbers.is_empty()).then(|| format!("; {verdict} in {}", numbers.join(", ")))
    };
    let line = format!(
        "1 of 3{}{}\n",
        others(false).unwrap_or_default(),
        others(true).unwrap_or_default()
    );
    let text = pegbox.does(&["run", "case", "run_1", example]);
    assert!(text.contains(&line), "'{line}' in {text}");
    let none = pegbox.says(&["run", "case", "run_1", example, "--repeat", "4"]);
    assert!(none.stderr.contains("which is asked 3 times"), "{none:?}");
    assert_eq!(none.code, 3, "{none:?}");
}
