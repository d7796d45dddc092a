//! A version's way into staging and production and back, by commands alone.

use crate::pegbox::{PROMOTE, Pegbox, REASON, REQUEST, RUN};

#[test]
fn simulated_results_release_nothing_unless_the_store_says_so() {
    let pegbox = Pegbox::with_records(4);
    pegbox.does(&RUN);
    pegbox.does(&REQUEST);
    for list in [&["status"][..], &["prompt", "list"], &["review", "list"]] {
        assert!(pegbox.does(list).contains("pass (simulated)"), "{list:?}");
    }
    assert_eq!(pegbox.json(&["review", "list"])["reviews"][0]["answers"], "simulated");
    let refused = pegbox.says(&["review", "approve", "review_1", "--reason", REASON]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.stderr.contains("simulated model"), "{refused:?}");
    assert_eq!(
        pegbox.says(&["store", "policy", "--simulated", "accept"]).code,
        2,
        "a rule changes with a reason"
    );
    pegbox.does(&[
        "store",
        "policy",
        "--simulated",
        "accept",
        "--reason",
        "nothing in this store is real",
    ]);
    assert_eq!(pegbox.json(&["store", "policy"])["simulated_evidence"], "accepted");
    pegbox.does(&["review", "approve", "review_1", "--reason", REASON]);
    assert!(
        pegbox
            .does(&PROMOTE)
            .contains("support_triage_prod_v1 is live with support_triage_v1")
    );
}

#[test]
fn the_demo_told_as_text_ends_well_and_leaves_a_store_to_read() {
    let pegbox = Pegbox::new();
    let told = pegbox.does(&["demo", "--headless"]);
    for words in [
        "230/240",
        "t-121",
        "do_not_promote",
        "support_triage_prod_v9",
        "every step gave what it should",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let live = pegbox.json(&["release", "list"]);
    assert_eq!(
        live["environments"][0]["production"]["promotion"]["version"],
        "support_triage_v11"
    );
    assert_eq!(
        pegbox.json(&["run", "compare", "run_10", "run_11"])["fixed"]["examples"][0],
        "t-121"
    );
    assert_eq!(
        pegbox.json(&["run", "failures", "run_10", "--group", "grader"])["groups"][0]["group"],
        "route"
    );
    assert!(
        pegbox
            .does(&["diff", "support_triage_v12", "v13"])
            .contains("\n+- a disputed charge, a chargeback\n")
    );
    assert!(pegbox.does(&["lineage", "run_10/t-121"]).contains("support_triage_v12"));
    assert_eq!(pegbox.json(&["store", "verify"])["sound"], true);
    let decisions = pegbox.json(&["review", "decisions", "billing", "dispute"]);
    assert_eq!(decisions["decisions"][0]["kind"], "rejected");
    changes_the_store(&pegbox);
}

/// What the demo's store lets a person do next, and what not.
fn changes_the_store(pegbox: &Pegbox) {
    let leave = [
        "release",
        "rollback",
        "support_triage_prod_v9",
        "--reason",
        "the queue doubled again",
    ];
    let refused = pegbox.says(&leave);
    assert_eq!(refused.code, 4, "only the live release can be left: {refused:?}");
    let case = [
        "dataset",
        "add-case",
        "support_triage_smoke",
        "run_10",
        "t-121",
        "--label",
        "v2",
        "--reason",
        REASON,
    ];
    assert_eq!(pegbox.json(&case)["added"], 1);
    let exclude = [
        "dataset",
        "exclude",
        "support_triage_smoke",
        "t-001",
        "--label",
        "v3",
        "--reason",
        REASON,
    ];
    assert_eq!(pegbox.json(&exclude)["excluded"], 1);
}

#[test]
fn an_editor_changes_the_draft() {
    let pegbox = Pegbox::with_records(1);
    let edited = |editor: &str| {
        let mut command = pegbox.command(&["prompt", "edit", "support_triage"]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        crate::pegbox::Said::of(&command.env("PATH", path).env("EDITOR", editor).output().unwrap())
    };
    assert!(edited("true").stdout.contains("nothing was changed"));
    assert_eq!(edited("false").code, 2);
    let said = edited("sed -i s/Larkspur/Skylark/");
    assert!(said.stdout.contains("the draft of support_triage is saved"), "{said:?}");
    let diff = pegbox.does(&["diff", "support_triage_v1", "support_triage"]);
    assert!(diff.contains("Skylark"), "{diff}");
    pegbox.does(&["prompt", "drafts", "discard", "support_triage"]);
    assert_eq!(
        pegbox.json(&["prompt", "drafts", "list"])["drafts"],
        serde_json::json!([])
    );
}

#[test]
fn a_try_answers_and_records_nothing() {
    let pegbox = Pegbox::new();
    pegbox.does(&["demo", "--headless"]);
    let runs = pegbox.json(&["run", "list"]);
    let words = [
        "prompt",
        "try",
        "support_triage_v13",
        "--dataset",
        "support_triage_regression",
        "--suite",
        "triage_quality",
    ];
    let said = pegbox.does(&words);
    assert!(said.contains("t-001") && said.contains("(simulated)"), "{said}");
    assert_eq!(pegbox.json(&["run", "list"]), runs);
}
