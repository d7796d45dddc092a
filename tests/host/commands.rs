//! A command that runs in the host is as if it ran here.

use std::io::Write;
use std::process::Stdio;

use crate::house::{House, until};
use crate::pegbox::{Pegbox, REASON, Said, with_variable};
use crate::support::server::{Answer, Server};

/// Commands that change nothing, some of them wrong.
const LOOKS: [&[&str]; 9] = [
    &["status"],
    &["status", "--json"],
    &["prompt", "list", "--json"],
    &["prompt", "show", "support_triage"],
    &["prompt", "show", "nobody"],
    &["dataset", "export", "tickets"],
    &["run", "show", "run_9", "--json"],
    &["prompt", "import", "x", "no-such-file"],
    &["no-such-command"],
];

#[test]
fn a_command_says_the_same_in_the_host_and_without() {
    let pegbox = Pegbox::with_records(3);
    let alone: Vec<Said> = LOOKS.iter().map(|words| pegbox.says(words)).collect();
    let house = House::of(pegbox, &[]);
    for (words, alone) in LOOKS.iter().zip(alone) {
        let hosted = house.pegbox.says(words);
        assert_eq!((hosted.code, &hosted.stdout), (alone.code, &alone.stdout), "{words:?}");
        // A file that is not there is named in full by the host.
        if !words.contains(&"no-such-file") {
            assert_eq!(hosted.stderr, alone.stderr, "{words:?}");
        }
    }
    until("all but the one that is no command", || {
        house.guests() == LOOKS.len() - 1
    });
}

#[test]
fn files_are_the_guests_own() {
    let house = House::with_records(1);
    let (pegbox, home) = (&house.pegbox, house.pegbox.home.path());
    let folder = home.join("deep");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("near.md"), crate::pegbox::PROMPT).unwrap();
    let near = pegbox
        .command(&["prompt", "import", "near", "near.md"])
        .current_dir(&folder)
        .output();
    assert_eq!(Said::of(&near.unwrap()).code, 0);
    let out = pegbox
        .command(&["prompt", "export", "support_triage_v1", "--output", "out.md"])
        .current_dir(&folder)
        .output();
    assert_eq!(Said::of(&out.unwrap()).code, 0);
    assert_eq!(
        std::fs::read_to_string(folder.join("out.md")).unwrap(),
        pegbox.does(&["prompt", "export", "support_triage_v1"])
    );

    let fed = |words: &[&str], text: &str| {
        let mut command = pegbox.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Said::of(&child.wait_with_output().unwrap())
    };
    let long = format!("{}\n{}", crate::pegbox::PROMPT, "more\n".repeat(100_000));
    for (name, prompt) in [("-", "fed"), ("/dev/stdin", "fed_too")] {
        assert_eq!(fed(&["prompt", "import", prompt, name], &long).code, 0, "{name}");
        let stored = pegbox.does(&["prompt", "export", prompt]);
        assert!(stored.trim_end() == long.trim_end(), "{name}: {} bytes", stored.len());
    }
    let rows = "{\"id\": \"a\", \"input\": \"x\"}\n{\"id\": \"b\", \"input\": \"y\"}\n";
    let imported = fed(&["dataset", "import", "-", "--name", "fed", "--reason", REASON], rows);
    assert_eq!(imported.code, 0, "{imported:?}");
    assert_eq!(pegbox.does(&["dataset", "export", "fed"]).lines().count(), 2);
}

/// In a shell's loop the rest of standard input belongs to the loop.
#[test]
fn standard_input_that_is_not_read_stays() {
    let house = House::with_records(1);
    let store = house.pegbox.store();
    let script = format!(
        "printf '1\\n2\\n' | while read n; do '{}' status --store '{}' >/dev/null && echo $n; done",
        env!("CARGO_BIN_EXE_pegbox"),
        store.display()
    );
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(Said::of(&output).stdout, "1\n2\n");
    until("both guests' lines in the log", || house.guests() == 2);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let house = House::with_records(1);
    let mut command = house.pegbox.command(&["prompt", "list"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let said = Said::of(&child.wait_with_output().unwrap());
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
}

#[test]
fn who_acts_is_who_the_guest_says() {
    let house = House::with_records(1);
    let new = |name: &'static str| ["prompt", "new", name, "--description", "greets a customer by name"];
    let by = |name: &str| {
        let shown = house.pegbox.does(&["prompt", "show", name, "--json"]);
        ["tess", "mara", "robin"].into_iter().find(|who| shown.contains(who))
    };
    house.pegbox.does(&new("first"));
    assert_eq!(by("first"), Some("tess"));
    let mut second = house.pegbox.command(&new("second"));
    assert_eq!(with_variable(&mut second, "PEGBOX_USER", "mara".as_ref()).code, 0);
    assert_eq!(by("second"), Some("mara"));
    house.pegbox.does(&[&new("third")[..], &["--user", "robin"]].concat());
    assert_eq!(by("third"), Some("robin"));
}

/// Keys of providers are the host's: a guest's environment is not sent.
#[test]
fn keys_are_the_hosts() {
    let house = House::of(crate::runs::asking(1), &[("OPENAI_API_KEY", "key-of-host")]);
    let server = Server::start(|_| Answer::chat("{}"));
    let url = server.base_url();
    let mut command = house.pegbox.command(&crate::runs::start_asking(&url));
    command.env("OPENAI_API_KEY", "key-of-guest");
    assert_eq!(Said::of(&command.output().unwrap()).code, 0);
    let requests = server.requests();
    assert_eq!(requests[0].header("authorization"), Some("Bearer key-of-host"));
}
