//! Standard input that does not come to its end.

use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};

use crate::house::{signal, until};
use crate::pegbox::{REASON, Said};
use crate::site::{Site, is_missing};

/// A command of anna's that waits for the rest of its standard input.
fn waiting(site: &Site) -> (Child, ChildStdin) {
    let mut command = site.ssh("anna", "pegbox");
    let line = format!("dataset import - --name late --reason '{REASON}'");
    command.args(["127.0.0.1", &line]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut client = command.spawn().unwrap();
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(b"{\"id\": \"r1\", \"input\": \"is late\"}\n").unwrap();
    // What came waits in a file that has no name any more.
    let files = format!("/proc/{}/fd", site.house.host.id());
    until("what was sent", || {
        let open = std::fs::read_dir(&files).unwrap().filter_map(Result::ok);
        let mut targets = open.filter_map(|file| std::fs::read_link(file.path()).ok());
        targets.any(|target| target.to_string_lossy().contains("/host/input-"))
    });
    (client, stdin)
}

#[test]
fn input_that_breaks_off_is_no_input() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    // The client is told to end: it takes its own way out, and what it had sent is not used.
    let (mut client, stdin) = waiting(&site);
    let before = site.house.log().len();
    signal(&client, "TERM");
    assert_eq!(client.wait().unwrap().code(), Some(255));
    drop(stdin);
    assert!(site.logged_after(before, "anna ended with").ends_with(" 130"));
    let datasets = site.house.pegbox.does(&["dataset", "list"]);
    assert!(!datasets.contains("late"), "{datasets}");

    // The host is told to end: the client says so.
    let (client, stdin) = waiting(&site);
    site.house.signal("TERM");
    let said = Said::of(&client.wait_with_output().unwrap());
    drop(stdin);
    assert_eq!(said.code, 130, "{said:?}");
    assert!(
        said.stderr
            .contains("standard input broke off: the host of this store stops")
            && said
                .stderr
                .contains("hint: give the command again with all of its input"),
        "{said:?}"
    );
}
