//! A chain of five steps with two routes through the real binary, on the simulated model; what a release asks of it.

use serde_json::{Value, json};

use crate::pegbox::{COMMIT, PROMOTE, PROMPT, Pegbox, REASON};

/// Rows of the dataset.
const ROWS: usize = 40;

const CHAIN: &str = r#"name = "triage_flow"
description = "routes a ticket, and answers it"

[[steps]]
name = "route"
version = "support_triage_v1"
inputs = { ticket = "input.ticket" }
parser = "json"

[[steps]]
name = "lookup"
version = "helper_v1"
inputs = { ticket = "input.ticket" }
when = [{ path = "route.route", equals = "billing" }]

[[steps]]
name = "refund"
version = "helper_v1"
inputs = { ticket = "lookup.text" }
when = [{ path = "route.route", equals = "billing" }]

[[steps]]
name = "fix"
version = "helper_v1"
inputs = { ticket = "input.ticket" }
when = [{ path = "route.route", not_equals = "billing" }]

[[steps]]
name = "reply"
version = "helper_v1"
inputs = { ticket = { from = "refund.text", default = "nothing to refund" } }
parser = "json"
"#;

const SUITE: &str = r#"name = "flow_quality"
description = "the route and the answer"

[[graders]]
name = "routed"
kind = "field_match"
field = "route"
step = "route"

[[graders]]
name = "json"
kind = "json_valid"

[[metrics]]
name = "routing"
kind = "accuracy"
grader = "routed"

[[thresholds]]
metric = "routing"
at_least = 0.5
"#;

fn with_chain() -> Pegbox {
    let pegbox = Pegbox::with_records(ROWS);
    let file = |name: &str, text: &str| pegbox.write(name, text);
    pegbox.does(&["prompt", "import", "helper", &file("helper.md", PROMPT)]);
    let commit = [
        "prompt",
        "commit",
        "helper",
        "--kind",
        "requirement",
        "--reason",
        REASON,
    ];
    pegbox.does(&commit);
    pegbox.does(&["suite", "import", &file("flow_quality.toml", SUITE), "--reason", REASON]);
    pegbox.does(&["chain", "import", &file("flow.toml", CHAIN), "--reason", REASON]);
    pegbox
}

fn start<'a>(subject: &'a str, suite: &'a str) -> [&'a str; 7] {
    ["run", "start", subject, "--dataset", "tickets", "--suite", suite]
}

#[test]
fn a_chain_runs_step_by_step_and_says_which_ways_it_took() {
    let pegbox = with_chain();
    let status = pegbox.does(&["status"]);
    assert!(
        !status.contains("no run has tested"),
        "a run of the chain tests its steps: {status}"
    );
    let text = pegbox.does(&start("triage_flow", "flow_quality"));
    assert!(
        text.contains("route → fix → reply") && text.contains("route → lookup → refund → reply"),
        "{text}"
    );
    let record = pegbox.json(&["run", "show", "run_1"]);
    assert_eq!(
        (&record["workflow"], &record["prompt_version"]),
        (&json!("triage_flow"), &json!("triage_flow@v1"))
    );
    let paths = record["paths"].as_array().unwrap();
    let outcomes: u64 = paths.iter().map(|path| path["outcomes"].as_u64().unwrap()).sum();
    assert_eq!((paths.len(), outcomes), (2, ROWS as u64));
    let reached = |at: usize| record["steps"][at]["reached"].as_u64().unwrap();
    assert_eq!((reached(0), reached(4)), (ROWS as u64, ROWS as u64));
    assert_eq!((reached(1), reached(1) + reached(3)), (reached(2), ROWS as u64));
    let case = pegbox.json(&["run", "case", "run_1", "t-001"]);
    let names: Vec<&Value> = case["outcome"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["name"])
        .collect();
    assert_eq!(names.first(), Some(&&json!("route")));
    assert_eq!(names.last(), Some(&&json!("reply")));
    let said = pegbox.does(&["run", "case", "run_1", "t-001"]);
    assert!(
        said.contains("step route (support_triage_v1, triage-sim-1 (simulated))"),
        "{said}"
    );
    let lineage = pegbox.does(&["lineage", "run_1/t-001"]);
    assert!(
        lineage.contains("triage_flow@v1") && lineage.contains("helper_v1"),
        "{lineage}"
    );
    pegbox.does(&["store", "verify"]);
    let source = pegbox.json(&["chain", "export", "triage_flow"])["source"].clone();
    let file = pegbox.write("again.toml", source.as_str().unwrap());
    let again = pegbox.says(&["chain", "import", &file, "--reason", REASON]);
    assert!(again.stderr.contains("it is equal to triage_flow@v1"), "{again:?}");
}

/// The chain's store with another version of its first step's prompt, which passed its own run and waits for a review.
fn with_second_version() -> Pegbox {
    let pegbox = with_chain();
    pegbox.does(&[
        "store",
        "policy",
        "--simulated",
        "accept",
        "--reason",
        "nothing in this store is real",
    ]);
    pegbox.does(&[
        "prompt",
        "import",
        "support_triage",
        &pegbox.write("v2.md", PROMPT.replace("short reason", "reason")),
    ]);
    pegbox.does(&COMMIT);
    pegbox.does(&start("support_triage_v2", "shape"));
    let request = [
        "review",
        "request",
        "support_triage_v2",
        "--to",
        "production",
        "--reason",
        REASON,
    ];
    pegbox.does(&request);
    pegbox
}

#[test]
fn a_version_is_released_only_when_its_chains_pass_with_it() {
    let pegbox = with_second_version();
    let approve = ["review", "approve", "review_1", "--reason", REASON];
    let no_version = pegbox.says(&approve);
    let bump = "make one with pegbox chain bump triage_flow support_triage_v2";
    assert!(
        no_version.code == 4 && no_version.stderr.contains(bump),
        "{no_version:?}"
    );
    let detail = pegbox.does(&["review", "show", "review_1"]);
    assert!(detail.contains("triage_flow passes with support_triage_v2"), "{detail}");
    pegbox.does(&["chain", "bump", "triage_flow", "support_triage_v2", "--reason", REASON]);
    let diff = pegbox.json(&["chain", "diff", "triage_flow@v1", "triage_flow@v2"]);
    let changes: Vec<&Value> = diff["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["change"])
        .collect();
    assert_eq!(changes, ["changed", "same", "same", "same", "same"]);
    assert_eq!(diff["steps"][0]["prompt"]["removed_lines"], 2);
    let text = pegbox.does(&["chain", "diff", "triage_flow@v1"]);
    assert!(
        text.contains("~ route  version\n    version: support_triage_v1 -> support_triage_v2\n"),
        "{text}"
    );
    let no_run = pegbox.says(&approve);
    let run = "triage_flow@v2 has no finished run: start one with pegbox run start triage_flow@v2 \
               --dataset DATASET --suite SUITE";
    assert!(no_run.code == 4 && no_run.stderr.contains(run), "{no_run:?}");
    pegbox.does(&start("triage_flow", "flow_quality"));
    pegbox.does(&approve);
    pegbox.does(&PROMOTE);
    let shown = pegbox.json(&["chain", "show", "triage_flow"]);
    assert_eq!(shown["steps"][0]["live_in"], json!(["production"]));
}

#[test]
fn a_chain_passes_only_with_what_it_passed_before() {
    let pegbox = with_second_version();
    // The chain's evidence before the new version of its prompt.
    pegbox.does(&start("triage_flow@v1", "flow_quality"));
    pegbox.does(&["chain", "bump", "triage_flow", "support_triage_v2", "--reason", REASON]);
    let weak = SUITE
        .replace("flow_quality", "anything_goes")
        .replace("at_least = 0.5", "at_least = 0.0");
    pegbox.does(&["suite", "import", &pegbox.write("weak.toml", weak), "--reason", REASON]);
    pegbox.does(&start("triage_flow@v2", "anything_goes"));
    let approve = ["review", "approve", "review_1", "--reason", REASON];
    let refused = pegbox.says(&approve);
    let why = "it was with anything_goes on tickets, and triage_flow@v1 passed with flow_quality on tickets in run_2";
    let command = "pegbox run start triage_flow@v2 --dataset tickets --suite flow_quality";
    assert!(
        refused.code == 4 && refused.stderr.contains(why) && refused.stderr.contains(command),
        "{refused:?}"
    );
    pegbox.does(&start("triage_flow@v2", "flow_quality"));
    let detail = pegbox.does(&["review", "show", "review_1"]);
    assert!(
        detail.contains("passes with support_triage_v2: run_4, flow_quality@v1 on tickets@"),
        "{detail}"
    );
    pegbox.does(&approve);
}

#[test]
fn a_metric_over_classes_that_the_chains_answer_cannot_have_is_refused() {
    let pegbox = with_chain();
    let chain = CHAIN.replace(
        "default = \"nothing to refund\" } }\nparser = \"json\"",
        "default = \"none\" } }\nparser = { kind = \"regex\", pattern = '(?<word>\\w+)' }",
    );
    pegbox.does(&["chain", "import", &pegbox.write("text.toml", chain), "--reason", REASON]);
    let classes = "\n[[metrics]]\nname = \"macro\"\nkind = \"macro_f1\"\nfield = \"route\"\n";
    let suite = SUITE.replace("\n[[thresholds]]", &format!("{classes}\n[[thresholds]]"));
    pegbox.does(&["suite", "import", &pegbox.write("of.toml", suite), "--reason", REASON]);
    let refused = pegbox.says(&start("triage_flow", "flow_quality"));
    let why = "metric macro: it reads 'route' in the chain's answer, which step reply gives, and that has only word";
    assert!(refused.code != 0 && refused.stderr.contains(why), "{refused:?}");
}

#[test]
fn what_a_chain_cannot_do_is_refused_with_its_place() {
    let pegbox = with_chain();
    let hostile = CHAIN
        .replace("helper_v1", "helper_v7")
        .replace("route.route", "reply.text");
    let refused = pegbox.says(&[
        "chain",
        "import",
        &pegbox.write("bad.toml", hostile),
        "--reason",
        REASON,
    ]);
    assert!(
        refused.code != 0
            && refused
                .stderr
                .contains("line 12: step lookup.version: there is no helper_v7"),
        "{refused:?}"
    );
    let prompt = pegbox.says(&start("support_triage_v1", "flow_quality"));
    assert!(
        prompt
            .stderr
            .contains("grader routed: it looks at step 'route', and what is run is no chain"),
        "{prompt:?}"
    );
    let unknown = pegbox.says(&start("no_flow@v1", "flow_quality"));
    assert!(unknown.stderr.contains("no chain named no_flow@v1"), "{unknown:?}");
}
