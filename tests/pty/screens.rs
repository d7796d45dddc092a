use std::path::Path;
use std::process::Command;

use crate::terminal::Terminal;

fn pegbox(store: &Path, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pegbox"))
        .arg("--store")
        .arg(store)
        .args(words)
        .output();
    let output = output.expect("the binary starts");
    assert!(
        output.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A store with one prompt that has no version.
fn store_with_a_prompt(folder: &Path) -> std::path::PathBuf {
    let store = folder.join("store");
    pegbox(
        &store,
        &[
            "prompt",
            "new",
            "greeting",
            "--description",
            "Greets a customer by name",
        ],
    );
    store
}

#[test]
fn quitting_gives_the_terminal_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = store_with_a_prompt(folder.path());
    let mut terminal = Terminal::open(&store);
    terminal.wait_for("greeting");
    assert!(!terminal.is_restored(), "the screens set modes of their own");
    terminal.type_in("q");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    assert!(terminal.child.wait().expect("its end").success());
}

#[cfg(unix)]
#[test]
fn a_signal_gives_the_terminal_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = store_with_a_prompt(folder.path());
    let mut terminal = Terminal::open(&store);
    terminal.wait_for("greeting");
    let id = terminal.child.process_id().expect("a process").to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill")
            .success()
    );
    terminal.read_to_end();
    assert!(terminal.is_restored());
}

#[test]
fn what_was_typed_survives_kill_9() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = store_with_a_prompt(folder.path());
    let mut terminal = Terminal::open(&store);
    terminal.wait_for("greeting");
    terminal.type_in("2");
    terminal.wait_for("[2 Prompts]");
    terminal.type_in("e");
    terminal.wait_for("NORMAL");
    terminal.type_in("G");
    terminal.type_in("o");
    terminal.wait_for("INSERT");
    terminal.type_in("typed before the crash");
    terminal.wait_for("typed before the crash");
    terminal.wait_for("draft kept");
    terminal.child.kill().expect("SIGKILL");
    terminal.child.wait().expect("its end");
    assert!(pegbox(&store, &["prompt", "export", "greeting"]).contains("typed before the crash"));
}

#[test]
fn escape_sequences_in_a_ticket_do_not_reach_the_terminal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = store_with_a_prompt(folder.path());
    let hostile = "{\"id\":\"t-1\",\"input\":\"\\u001b]0;owned\\u0007\\u001b[2Jgone\",\"expected\":\"x\"}\n";
    let file = folder.path().join("hostile.jsonl");
    std::fs::write(&file, hostile).expect("a file");
    let file = file.to_str().expect("a path in Unicode");
    pegbox(
        &store,
        &[
            "dataset",
            "import",
            file,
            "--name",
            "hostile",
            "--reason",
            "tickets that attack a terminal",
        ],
    );
    let mut terminal = Terminal::open(&store);
    terminal.wait_for("greeting");
    terminal.type_in("3");
    terminal.wait_for("hostile");
    terminal.type_in("\r");
    terminal.wait_for("<1B>");
    assert!(terminal.shown().contains("gone"));
    terminal.type_in("1");
    terminal.wait_for("[1 Home]");
    terminal.type_in("q");
    terminal.read_to_end();
    assert!(terminal.is_restored());
}
