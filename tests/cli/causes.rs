//! Which change did it: comparisons of several runs, sweeps, bisections, ablations and blame, with the simulated model,
//! which follows the lines of its prompt.

use serde_json::Value;

use super::pegbox::REASON;
use super::routing::{edited, over, runs, store};

/// What comes in place of what: seven edits that route nothing otherwise, and in the middle the one that loses a team.
const EDITS: [(&str, &str); 8] = [
    ("max_output_tokens = 200", "max_output_tokens = 220"),
    ("for Larkspur, a shop", "for Larkspur Ltd, a shop"),
    ("person must see it today,", "person must see it at once,"),
    (
        "- a lawyer, a solicitor, an attorney,",
        "- a lawyer, a solicitor, a barrister, an attorney,",
    ),
    (
        "- returns: return, refund, send back, sent back, replacement, exchange,",
        "- billing: return, refund, send back, sent back, replacement, exchange,",
    ),
    (
        "- a disputed charge, a chargeback",
        "- a disputed charge, a double charge, a chargeback",
    ),
    (
        "- fraud, identity theft,",
        "- fraud, theft of an identity, identity theft,",
    ),
    (
        "- a journalist, a newspaper or",
        "- a journalist, a blogger, a newspaper or",
    ),
];
/// The edit that loses a team, by its place among the edits.
const PLANTED: usize = 4;

/// The prompt with these of the edits.
fn with_edits(places: &[usize]) -> String {
    edited(places.iter().map(|place| &EDITS[*place]))
}

#[test]
fn ablation_finds_the_planted_edit_among_eight() {
    let pegbox = store(&[with_edits(&[]), with_edits(&[0, 1, 2, 3, 4, 5, 6, 7])]);
    let ablate = over(&["ablate", "support_triage_v1", "support_triage_v2", "--leave-out"]);
    let dry: Value = pegbox.json(&[&ablate[..], &["--dry-run"]].concat());
    assert_eq!(
        dry["estimate"]["runs"], 18,
        "two versions, eight alone, eight left out: {dry}"
    );
    assert_eq!(dry["estimate"]["outcomes"], 18 * 120);
    assert_eq!(runs(&pegbox), 0, "a dry run runs nothing");

    let ablation = pegbox.json(&ablate);
    let hunks = ablation["hunks"].as_array().unwrap();
    assert_eq!(hunks.len(), EDITS.len(), "{ablation:#}");
    let flagged: Vec<&Value> = hunks.iter().filter(|hunk| hunk["is_flagged"] == true).collect();
    assert_eq!(flagged.len(), 1, "{ablation:#}");
    let [_, planted] = flagged[0]["lines"].as_array().unwrap().as_slice() else {
        panic!("a line for a line: {ablation:#}");
    };
    assert_eq!(planted.as_str().unwrap(), format!("+{}", EDITS[PLANTED].1));
    let effect = &flagged[0]["effect"];
    for side in ["alone", "left_out"] {
        assert!(effect[side]["difference"].as_f64().unwrap() < -0.05, "{effect:#}");
        assert!(effect[side]["interval"][1].as_f64().unwrap() < 0.0, "{effect:#}");
    }
    assert!(effect["p_holm"].as_f64().unwrap() < 0.05);

    let before = runs(&pegbox);
    assert_eq!(before, 18);
    assert_eq!(pegbox.json(&ablate), ablation, "read again from the stored runs");
    assert_eq!(runs(&pegbox), before, "and nothing ran");
    pegbox.does(&["store", "verify"]);
}

#[test]
fn a_run_of_a_variant_is_a_run_like_others_but_no_evidence() {
    let pegbox = store(&[with_edits(&[])]);
    let sweep = over(&[
        "run",
        "sweep",
        "support_triage_v1",
        "--temperature",
        "0",
        "--temperature",
        "0.7",
    ]);
    let swept = pegbox.json(&sweep);
    assert_eq!((&swept["cells"], &swept["finished"]), (&2.into(), &2.into()));
    let cells = swept["matrix"]["cells"].as_array().unwrap();
    let label = "support_triage_v1 +model temperature 0.7";
    assert_eq!(cells[1]["subject"], label);
    assert!(cells[0]["standing"]["front"].is_object(), "{swept:#}");

    let record = pegbox.json(&["run", "show", "run_2"]);
    assert_eq!(record["prompt_version"], label);
    assert_eq!(
        (&record["workflow"], &record["model"]["temperature"]),
        (&"support_triage".into(), &0.7.into())
    );
    let comparison = pegbox.json(&["run", "compare", "run_1", "run_2"]);
    assert_eq!(comparison["candidate_subject"], label);
    assert_eq!(comparison["prompt_diff"]["settings"][0]["name"], "model.temperature");
    let reproduced = pegbox.says(&["run", "reproduce", "run_2", "--json"]);
    assert_eq!(reproduced.code, 0, "{reproduced:?}");
    let request = [
        "review",
        "request",
        "support_triage_v1",
        "--to",
        "staging",
        "--run",
        "run_2",
        "--reason",
        REASON,
    ];
    let refused = pegbox.says(&request);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("run_2 tested support_triage_v1 +model temperature 0.7"),
        "{refused:?}"
    );
    let before = runs(&pegbox);
    let again = pegbox.json(&sweep);
    assert_eq!(again["matrix"], swept["matrix"]);
    assert_eq!(runs(&pegbox), before, "finished cells are used again");
    pegbox.does(&["store", "verify"]);
}

#[test]
fn bisection_finds_the_version_that_broke_a_metric_and_an_example() {
    let versions: Vec<String> = [
        &[][..],
        &[1],
        &[1, 2],
        &[1, 2, 3],
        &[1, 2, 3, PLANTED],
        &[1, 2, 3, PLANTED, 5],
    ]
    .iter()
    .map(|edits| with_edits(edits))
    .collect();
    let pegbox = store(&versions);
    let found = pegbox.json(&over(&[
        "bisect",
        "support_triage_v1",
        "support_triage_v6",
        "--metric",
        "routing_accuracy",
    ]));
    assert_eq!(found["result"]["verdict"], "found", "{found:#}");
    assert_eq!(found["result"]["culprit"], "support_triage_v5");
    assert_eq!(found["versions"].as_array().unwrap().len(), 6);
    let looked: Vec<&str> = found["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["version"].as_str().unwrap())
        .collect();
    assert!(
        !looked.contains(&"support_triage_v2"),
        "half of them need no run: {looked:?}"
    );
    assert_eq!(found["diff"]["removed_lines"], 1);

    let broken = pegbox.json(&["run", "compare", "run_2", "run_1"]);
    let example = broken["broken"]["examples"][0].as_str().unwrap().to_owned();
    let before = runs(&pegbox);
    let bisect = [
        "bisect",
        "support_triage_v1",
        "support_triage_v6",
        "--example",
        &example,
        "--dataset",
        "tickets",
        "--suite",
        "routing",
    ];
    let found = pegbox.json(&bisect);
    assert_eq!(found["result"]["culprit"], "support_triage_v5", "{found:#}");
    assert_eq!(runs(&pegbox), before, "the runs that the metric needed say it");

    let same = pegbox.json(&over(&[
        "bisect",
        "support_triage_v1",
        "support_triage_v2",
        "--metric",
        "routing_accuracy",
    ]));
    assert_eq!(same["result"]["verdict"], "cannot_tell");
}

#[test]
fn a_bisection_looks_only_for_what_is_there() {
    let pegbox = store(&[with_edits(&[]), with_edits(&[PLANTED])]);
    let latency = "name = \"slow\"\n[[metrics]]\nname = \"p95\"\nkind = \"latency_percentile\"\npercentile = 95\n";
    let suite = pegbox.write("slow.toml", latency);
    pegbox.does(&["suite", "import", &suite, "--reason", REASON]);
    let by = |suite: &str, symptom: [&str; 2]| {
        let ends = ["bisect", "support_triage_v1", "support_triage_v2"];
        pegbox.says(&[&ends[..], &symptom, &["--dataset", "tickets", "--suite", suite]].concat())
    };
    let bisect = |symptom| by("routing", symptom);
    let nobody = bisect(["--example", "nope"]);
    assert!(
        nobody.code == 3 && nobody.stderr.contains("no example named tickets@"),
        "{nobody:?}"
    );
    assert!(bisect(["--metric", "nope"]).stderr.contains("has no metric 'nope'"));
    let percentile = by("slow", ["--metric", "p95"]);
    assert!(
        percentile.code != 0
            && percentile
                .stderr
                .contains("'p95' is a percentile, whose change has no interval"),
        "{percentile:?}"
    );
    assert_eq!(runs(&pegbox), 0, "and nothing was asked for it");
}

#[test]
fn a_bisection_that_cannot_tell_says_what_to_do() {
    let pegbox = store(&[with_edits(&[]), with_edits(&[1]), with_edits(&[1, PLANTED])]);
    let bisect = |ends: [&str; 2], symptom: [&str; 2]| {
        let found = pegbox.json(&over(&["bisect", ends[0], ends[1], symptom[0], symptom[1]]));
        let text = |key: &str| found["result"][key].as_str().unwrap_or_default().to_owned();
        (text("why"), text("hint"))
    };
    let (_, hint) = bisect(
        ["support_triage_v1", "support_triage_v2"],
        ["--metric", "routing_accuracy"],
    );
    assert!(hint.contains("--repeats 10, or use a larger dataset"), "{hint}");
    pegbox.does(&over(&["run", "start", "support_triage_v3"]));
    let compared = pegbox.json(&["run", "compare", "run_1", "run_3"]);
    let failing = compared["still_failing"]["examples"][0].as_str().unwrap();
    let (why, hint) = bisect(["support_triage_v1", "support_triage_v3"], ["--example", failing]);
    assert_eq!(why, format!("support_triage_v1 fails {failing} already"));
    assert!(hint.starts_with("name an older version as the good one"), "{hint}");
}

#[test]
fn blame_names_the_version_that_brought_a_line() {
    let pegbox = store(&[with_edits(&[]), with_edits(&[1]), with_edits(&[1, PLANTED])]);
    // The run that came with the version, and one of later that says nothing of why it was made.
    pegbox.does(&over(&["run", "start", "support_triage_v3"]));
    pegbox.does(&over(&["run", "start", "support_triage_v3"]));
    let blame = pegbox.json(&["prompt", "blame", "support_triage_v3"]);
    let origin = |text: &str| -> Value {
        let lines = blame["parts"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|part| part["lines"].as_array().unwrap());
        let line = lines
            .clone()
            .find(|line| line["text"].as_str().unwrap().contains(text))
            .unwrap();
        blame["origins"][usize::try_from(line["origin"].as_u64().unwrap()).unwrap()].clone()
    };
    assert_eq!(origin("coffee subscriptions")["version"], "support_triage_v1");
    assert_eq!(origin("Larkspur Ltd")["version"], "support_triage_v2");
    let planted = origin("- billing: return");
    assert_eq!(
        (&planted["version"], &planted["run"][0]),
        (&"support_triage_v3".into(), &"run_1".into())
    );
    assert_eq!(planted["reason"]["text"], REASON);
    let text = pegbox.does(&["prompt", "blame", "support_triage_v3"]);
    assert!(text.contains("support_triage_v3: experiment: "), "{text}");
}

#[test]
fn several_runs_stand_beside_each_other() {
    let pegbox = store(&[with_edits(&[]), with_edits(&[1]), with_edits(&[PLANTED])]);
    for version in ["support_triage_v1", "support_triage_v2", "support_triage_v3"] {
        pegbox.does(&["run", "start", version, "--dataset", "tickets", "--suite", "routing"]);
    }
    let compared = pegbox.json(&["run", "compare", "run_1", "run_2", "run_3"]);
    let comparisons = compared["comparisons"].as_array().unwrap();
    assert_eq!(comparisons[0]["broken"]["count"], 0);
    let broken = comparisons[1]["broken"]["count"].as_u64().unwrap();
    assert!(broken > 5, "{compared:#}");
    assert_eq!(
        compared["disagreed"].as_u64().unwrap(),
        broken + comparisons[1]["fixed"]["count"].as_u64().unwrap()
    );
    assert_eq!(compared["examples"][0]["passed"].as_array().unwrap().len(), 3);
    let slices = comparisons[1]["slices"].as_array().unwrap();
    assert_eq!(slices[0]["slice"]["value"], "returns and refunds");
    assert!(slices[0]["p_holm"].as_f64().unwrap() < 0.05, "{:#}", slices[0]);
    let text = pegbox.does(&["run", "compare", "run_1", "run_3"]);
    assert!(text.contains("topic=returns and refunds !"), "{text}");
    assert!(text.contains("+- billing: return"), "{text}");
}
