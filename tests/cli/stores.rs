//! Which store a command works on, and what it says when it cannot.

use std::sync::Arc;

use pegbox::domain::time::Timestamp;
use pegbox::workbench::Workbench;

use crate::pegbox::{Pegbox, REASON, Said, with_variable};

#[test]
fn the_option_beats_the_variable_beats_the_project_beats_the_user() {
    let pegbox = Pegbox::new();
    let home = pegbox.home.path();
    let made = |folder: &std::path::Path| folder.join("FORMAT").exists();
    let new = ["prompt", "new", "triage", "--description", "routes tickets"];

    assert_eq!(Said::of(&pegbox.bare(&new).output().unwrap()).code, 0);
    let user = home.join(".local/share/pegbox");
    assert!(made(&user), "without anything else it is the user's data folder");

    std::fs::create_dir(home.join(".pegbox")).unwrap();
    let deep = home.join("deep/er");
    std::fs::create_dir_all(&deep).unwrap();
    let mut from_below = pegbox.bare(&new);
    assert_eq!(Said::of(&from_below.current_dir(&deep).output().unwrap()).code, 0);
    assert!(made(&home.join(".pegbox")), "the project's folder is found from below");

    let variable = home.join("variable");
    assert_eq!(with_variable(&mut pegbox.bare(&new), "PEGBOX_STORE", &variable).code, 0);
    assert!(made(&variable));

    assert_eq!(
        with_variable(&mut pegbox.command(&new), "PEGBOX_STORE", &variable).code,
        0
    );
    assert!(made(&pegbox.store()));
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_looking() {
    let pegbox = Pegbox::new();
    let said = pegbox.says(&["prompt", "list"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.stderr.starts_with("error: no store at "), "{said:?}");
    assert!(!pegbox.store().exists());
}

#[test]
fn a_second_process_on_a_busy_store_gets_a_clear_sentence() {
    let pegbox = Pegbox::with_records(1);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let clock = Arc::new(|| Timestamp(0));
    let held = Workbench::open(&pegbox.store(), clock, runtime.handle().clone()).unwrap();
    let said = pegbox.says(&["status"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(
        said.stderr.contains("is in use: another pegbox process holds its lock"),
        "{said:?}"
    );
    assert!(said.stderr.contains("hint: close the other pegbox"), "{said:?}");
    drop(held);
    pegbox.does(&["status"]);
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let pegbox = Pegbox::new();
    std::fs::create_dir(pegbox.store()).unwrap();
    std::fs::write(pegbox.store().join("thesis.txt"), "years of work").unwrap();
    let said = pegbox.says(&["status"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.stderr.contains("is not a pegbox store"), "{said:?}");
    assert_eq!(std::fs::read_dir(pegbox.store()).unwrap().count(), 1);
}

#[test]
fn the_user_is_who_the_option_or_the_environment_says() {
    let pegbox = Pegbox::with_records(1);
    let author = |reference: &str| pegbox.json(&["prompt", "show", reference])["author"].clone();
    assert_eq!(author("support_triage_v1"), "tess");
    let source = pegbox
        .does(&["prompt", "export", "support_triage_v1"])
        .replace("Larkspur", "Skylark");
    let file = pegbox.write("next.md", source);
    pegbox.does(&["prompt", "import", "support_triage", &file, "--user", "mara"]);
    let commit = [
        "prompt",
        "commit",
        "support_triage",
        "--kind",
        "bug",
        "--reason",
        REASON,
        "--user",
        "mara",
    ];
    pegbox.does(&commit);
    assert_eq!(author("support_triage_v2"), "mara");
    assert_eq!(pegbox.says(&["status", "--user", "not a name"]).code, 2);
}

#[test]
fn an_edited_example_makes_a_new_version() {
    let pegbox = Pegbox::with_records(2);
    let line = pegbox
        .says(&["dataset", "export", "tickets"])
        .stdout
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let file = pegbox.home.path().join("edited.json");
    let mut example: serde_json::Value = serde_json::from_str(&line).unwrap();
    example["labels"] = serde_json::json!(["corrected"]);
    std::fs::write(&file, example.to_string()).unwrap();
    let edit = ["dataset", "edit", "tickets", file.to_str().unwrap(), "--reason", REASON];
    let said = pegbox.says(&edit);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.stdout.contains("0 added, 1 changed, 0 removed, 0 excluded"),
        "{said:?}"
    );
    assert!(
        pegbox
            .says(&["dataset", "export", "tickets"])
            .stdout
            .contains("corrected")
    );
    std::fs::write(&file, "{\"id\":\"t-1\"").unwrap();
    assert_eq!(pegbox.says(&edit).code, 2);
}
