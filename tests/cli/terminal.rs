//! What reaches a terminal, and what happens when nobody reads.

use crate::pegbox::{Pegbox, REASON, Said};

/// Clears the screen, sets the title, reverses the reading direction, hides itself.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}gone\u{200b}\u{e0041}";

fn acts(text: &str) -> bool {
    text.chars().any(|c| {
        let is_hidden =
            matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{e0000}'..='\u{e007f}');
        (c.is_control() && c != '\n') || is_hidden
    })
}

#[test]
fn escape_sequences_of_a_ticket_act_on_no_terminal() {
    let pegbox = Pegbox::with_records(1);
    let row = serde_json::json!({ "id": "h-1", "ticket": HOSTILE, "label": HOSTILE });
    let file = pegbox.write("hostile.jsonl", format!("{row}\n"));
    let import = [
        "dataset",
        "import",
        &file,
        "--name",
        "hostile",
        "--map",
        "input.ticket=ticket,expected=label",
    ];
    pegbox.does(&[&import[..], &["--reason", REASON]].concat());
    pegbox.says(&[
        "run",
        "start",
        "support_triage_v1",
        "--dataset",
        "hostile",
        "--suite",
        "shape",
    ]);
    let commands: [&[&str]; 8] = [
        &["dataset", "rows", "hostile"],
        &["dataset", "rows", "hostile", "--json"],
        &["dataset", "export", "hostile"],
        &["dataset", "import", &file, "--name", "x", "--dry-run"],
        &["dataset", "rows", "hostile", "--where", HOSTILE],
        &["run", "case", "run_1", "h-1"],
        &["run", "case", "run_1", "h-1", "--json"],
        &["review", "decisions", HOSTILE],
    ];
    for arguments in commands {
        let said = pegbox.says(arguments);
        assert_eq!(said.code, 0, "{arguments:?} said {said:?}");
        assert!(
            !acts(&said.stdout) && !acts(&said.stderr),
            "{arguments:?} said {said:?}"
        );
    }
    let said = pegbox.says(&["prompt", "show", HOSTILE]);
    assert!(said.code == 2 && !acts(&said.stderr), "{said:?}");

    let rows = pegbox.json(&["dataset", "rows", "hostile"]);
    let kept = &rows["rows"][0]["example"]["content"]["input"]["ticket"];
    assert_eq!(kept, HOSTILE, "the record keeps what was there");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let pegbox = Pegbox::with_records(20);
    for arguments in [
        &["dataset", "export", "tickets"][..],
        &["status"],
        &["status", "--json"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = pegbox.command(arguments).stdout(writer).output().unwrap();
        let said = Said::of(&output);
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn an_export_can_be_imported_again() {
    let pegbox = Pegbox::with_records(5);
    let exported = pegbox.does(&["dataset", "export", "tickets"]);
    let file = pegbox.write("again.jsonl", &exported);
    let report = pegbox.json(&[
        "dataset", "import", &file, "--name", "again", "--label", "v1", "--reason", REASON,
    ]);
    let hash = pegbox.json(&["dataset", "show", "tickets"])["content_hash"].clone();
    assert_eq!(report["dataset"]["content_hash"], hash);

    let document = pegbox.does(&["prompt", "export", "support_triage_v1"]);
    let file = pegbox.write("again.md", document);
    pegbox.does(&["prompt", "import", "copy", &file]);
    pegbox.does(&["prompt", "commit", "copy", "--kind", "experiment", "--reason", REASON]);
    let hash_of = |version: &str| pegbox.json(&["prompt", "show", version])["content_hash"].clone();
    assert_eq!(hash_of("copy_v1"), hash_of("support_triage_v1"));
}

#[test]
fn without_a_terminal_the_screens_say_so() {
    let pegbox = Pegbox::with_records(1);
    let said = pegbox.says(&[]);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{said:?}");
    assert!(
        said.stderr.starts_with("error: the workbench needs a terminal"),
        "{said:?}"
    );
    assert_eq!(pegbox.says(&["--json"]).code, 2);
}
