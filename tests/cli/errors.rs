//! Exit codes and error texts: what failed, why, what to do.

use crate::pegbox::{Pegbox, REASON};

/// Arguments, the exit code, and what standard error says.
type Case<'a> = (&'a [&'a str], i32, &'a str);

/// What fails on a store with a prompt, a dataset and a suite.
const CASES: &[Case<'static>] = &[
    (&["prompt", "commit", "support_triage"], 2, "--kind <KIND>"),
    (
        &["prompt", "show", "Support"],
        2,
        "prompt name 'Support' is not valid: ",
    ),
    (
        &["suite", "import", "absent.toml", "--reason", REASON],
        2,
        "error: absent.toml cannot be read: ",
    ),
    (
        &["dataset", "rows", "tickets", "--where", "\"open"],
        2,
        "error: the filter has a quote without an end",
    ),
    (&["diff", "v1", "v2"], 2, "error: v1 of which prompt?"),
    (
        &["prompt", "show", "support_triage_v9"],
        3,
        "error: no version named support_triage_v9",
    ),
    (&["label", "list"], 2, "<--run <RUN>|--suite <SUITE>>"),
    (&["label", "list", "--suite", "nope"], 3, "error: no suite named nope"),
    (&["suite", "quarantined", "nope"], 3, "error: no suite named nope"),
    (&["suite", "quarantined", "nope@v1"], 3, "error: no suite named nope@v1"),
    (&["run", "show", "run_9"], 3, "error: no run named run_9"),
    (&["lineage", "run_9"], 3, "error: no record named run_9"),
    (
        &[
            "release",
            "promote",
            "support_triage",
            "--to",
            "staging",
            "--reason",
            REASON,
        ],
        4,
        "error: refused: ",
    ),
    (
        &[
            "prompt",
            "commit",
            "support_triage",
            "--kind",
            "bug",
            "--reason",
            REASON,
        ],
        3,
        "error: no draft named support_triage",
    ),
];

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let pegbox = Pegbox::with_records(3);
    let broken = pegbox.write("broken.jsonl", "{\"id\":\"a\",\"input\":\"x\"}\n{\"id\":\"b\",\n");
    let not_text = pegbox.write("latin.md", b"-- system --\ncaf\xe9\n");
    let empty = pegbox.write("empty.csv", "");
    let packed = pegbox.write("rows.jsonl.gz", b"\x1f\x8b\x08\x00\x00");
    let of_files: [Case; 5] = [
        (
            &["dataset", "import", &empty, "--name", "b", "--reason", REASON],
            2,
            "empty.csv has no row that can be used",
        ),
        (
            &["dataset", "import", &packed, "--name", "b", "--reason", REASON],
            2,
            "rows.jsonl.gz is compressed with gzip\nhint: unpack it",
        ),
        (
            &[
                "dataset", "import", &broken, "--name", "b", "--reason", REASON, "--map", "input",
            ],
            2,
            "error: mapping 'input': write it as part=field\nhint: write the mapping as part=field",
        ),
        (
            &["suite", "import", &not_text, "--reason", REASON],
            2,
            "is not UTF-8 text: line 2, byte 16 of the file",
        ),
        (
            &["dataset", "import", &broken, "--name", "b", "--reason", REASON],
            2,
            "error: nothing was imported: 1 of 2 rows of ",
        ),
    ];
    for (arguments, code, text) in CASES.iter().chain(&of_files) {
        let said = pegbox.says(arguments);
        assert_eq!(said.code, *code, "{arguments:?} said {said:?}");
        assert!(said.stderr.contains(text), "{arguments:?} said {said:?}");
        assert!(said.stderr.starts_with("error: "), "{arguments:?} said {said:?}");
        let has_hint =
            said.stderr.lines().any(|line| line.starts_with("hint: ")) || said.stderr.contains("try '--help'");
        assert!(has_hint, "{arguments:?} said {said:?}");
    }
    assert!(
        !pegbox.does(&["dataset", "list"]).contains("b@"),
        "nothing is half-imported"
    );
}

#[test]
fn errors_are_json_where_json_is_asked_for() {
    let pegbox = Pegbox::with_records(1);
    let cases: &[(&[&str], &str)] = &[
        (&["run", "show", "run_9", "--json"], "not_found"),
        (&["prompt", "comit", "--json"], "invalid"),
        (
            &["release", "rollback", "support_triage", "--reason", REASON, "--json"],
            "refused",
        ),
    ];
    for (arguments, kind) in cases {
        let said = pegbox.says(arguments);
        assert_eq!(said.stdout, "", "{arguments:?}");
        let document: serde_json::Value = serde_json::from_str(&said.stderr).unwrap();
        let error = document["error"].as_object().unwrap();
        assert_eq!(error["kind"], *kind, "{error:?}");
        assert_eq!(error.keys().collect::<Vec<_>>(), ["kind", "what", "hint"]);
        assert!(
            error
                .values()
                .all(|value| value.as_str().is_some_and(|text| !text.is_empty())),
            "{error:?}"
        );
    }
}

#[test]
fn a_mistake_in_the_configuration_names_its_line_and_the_nearest_key() {
    let pegbox = Pegbox::with_records(1);
    std::fs::write(pegbox.store().join("config.toml"), "mouse = false\ncolour = \"auto\"\n").unwrap();
    let said = pegbox.says(&["status"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.stderr
            .contains("config.toml, line 2: unknown key colour: did you mean color?"),
        "{said:?}"
    );
}
