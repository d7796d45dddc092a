//! Command lines over SSH: as if they were given here.

use std::fmt::Write as _;
use std::process::Stdio;

use crate::pegbox::{PROMPT, Pegbox, REASON, Said};
use crate::site::{Site, given, is_missing};

#[test]
fn a_command_says_the_same_as_here() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(3);
    let pegbox = &site.house.pegbox;
    let exported = site.says("prompt export support_triage_v1", "");
    assert_eq!(exported.stdout, pegbox.does(&["prompt", "export", "support_triage_v1"]));
    assert_eq!((exported.code, exported.stderr.as_str()), (0, ""));
    let named = site.says("pegbox status --json", "");
    assert_eq!(named.stdout, pegbox.does(&["status", "--json"]));
    // 0 done, 2 not understood, 3 not found: the client ends with the command's own code.
    for (line, code, why) in [
        ("status --bogus", 2, "unexpected argument '--bogus'"),
        ("status 'x", 2, "a single quote is not closed"),
        ("prompt show nobody", 3, "no prompt named nobody"),
        ("", 2, "the screens need a terminal"),
        ("host stop", 2, "this command is not for a host"),
        ("status --user tess", 4, "your key is anna's"),
        ("prompt import x /etc/hostname", 2, "is a file of the host's machine"),
        ("audit export audit", 2, "ssh HOST audit export - > audit.tar"),
        ("store export all", 2, "give the command on the host's machine"),
        ("prompt export support_triage_v1 --output x.md", 2, "> FILE"),
        ("prompt edit support_triage", 2, "there is no editor of your own"),
    ] {
        let said = site.says(line, "");
        assert!(said.stderr.contains(why) && said.stdout.is_empty(), "{line}: {said:?}");
        assert_eq!(said.code, code, "{line}: {said:?}");
    }
}

#[test]
fn what_is_sent_is_what_is_read() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let imported = site.says("prompt import remote -", PROMPT);
    assert_eq!(imported.code, 0, "{imported:?}");
    let line = format!("prompt commit remote --kind requirement --reason '{REASON}'");
    assert_eq!(site.says(&line, "").code, 0);
    let shown = site.house.pegbox.does(&["prompt", "show", "remote_v1"]);
    assert!(shown.contains("anna") && shown.contains(REASON), "{shown}");

    // Larger than any window or buffer on the way, and compared by its hash.
    let mut rows = String::new();
    for row in 0..40_000 {
        let ticket = "text ".repeat(40);
        let _ = writeln!(rows, "{{\"id\": \"r{row}\", \"ticket\": \"{ticket}\"}}");
    }
    let line = format!("dataset import - --name large --reason '{REASON}'");
    let imported = site.says(&line, &rows);
    assert_eq!(imported.code, 0, "{imported:?}");
    let versions = site.says("dataset list --json", "");
    assert!(versions.stdout.contains("40000"), "{versions:?}");
    let left: Vec<_> = std::fs::read_dir(site.house.pegbox.store().join("host"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("input-"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn bytes_are_whole_when_the_keys_change_under_them() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    // More than 20 MB in the form that is exported, with no two rows alike.
    let mut rows = String::new();
    for row in 0..2_000 {
        let ticket = format!("{row} is late ").repeat(900);
        let _ = writeln!(rows, r#"{{"id":"r{row}","input":"{ticket}"}}"#);
    }
    assert!(rows.len() > 20 << 20, "{} bytes", rows.len());
    let says = |line: &str, stdin: &str| {
        let mut command = site.ssh("anna", "pegbox");
        command.args(["-o", "RekeyLimit=1M", "127.0.0.1", line]);
        Said::of(&given(command, stdin.as_bytes()))
    };
    let line = format!("dataset import - --name large --label v1 --reason '{REASON}'");
    let imported = says(&line, &rows);
    assert_eq!(imported.code, 0, "{imported:?}");
    let exported = says("dataset export large@v1", "");
    assert_eq!((exported.code, exported.stderr.as_str()), (0, ""));
    assert_eq!(exported.stdout.lines().count(), 2_000);
    // What is exported has fields more behind those that came.
    let is_whole = |(sent, got): (&str, &str)| got.starts_with(sent.trim_end_matches('}'));
    let broken = rows
        .lines()
        .zip(exported.stdout.lines())
        .position(|pair| !is_whole(pair));
    assert_eq!(broken, None, "the number of a row that is not what was sent");
}

#[test]
fn a_command_that_reads_nothing_is_not_held_up_by_what_comes() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let flood = "x".repeat(8 << 20);
    let said = site.says("prompt show support_triage_v1", &flood);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("support_triage_v1"));
}

#[test]
fn a_command_on_a_terminal_has_lines_as_a_terminal_wants_them() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let mut command = site.ssh("anna", "pegbox");
    command.args(["-tt", "127.0.0.1", "prompt list"]);
    let said = Said::of(&given(command, b""));
    let lines = said.stdout.matches('\n').count();
    assert!(lines >= 2, "{said:?}");
    assert_eq!(said.stdout.matches("\r\n").count(), lines, "{said:?}");
    assert!(!said.stdout.contains("\r\r"), "{said:?}");
}

#[test]
fn what_is_no_session_is_refused_and_hangs_nobody() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    for (arguments, why) in [
        (&["-s", "127.0.0.1", "sftp"][..], "subsystem request failed"),
        (&["-W", "127.0.0.1:22", "127.0.0.1"], "stdio forwarding failed"),
        (
            &[
                "-o",
                "ExitOnForwardFailure=yes",
                "-R",
                "0:127.0.0.1:22",
                "127.0.0.1",
                "status",
            ],
            "remote port forwarding failed",
        ),
    ] {
        let mut command = site.ssh("anna", "pegbox");
        command.args(arguments);
        let said = Said::of(&given(command, b""));
        assert!(said.code == 255 && said.stderr.contains(why), "{arguments:?}: {said:?}");
    }
    // X11 is refused, and the command goes on without it.
    let mut command = site.ssh("anna", "pegbox");
    command.env("DISPLAY", ":0").args(["-X", "127.0.0.1", "status"]);
    assert_eq!(given(command, b"").status.code(), Some(0));
    let mut command = site.ssh("anna", "pegbox");
    command.args(["-o", "PreferredAuthentications=password,keyboard-interactive"]);
    command.args(["127.0.0.1", "status"]);
    let said = Said::of(&given(command, b""));
    assert!(said.stderr.contains("Permission denied (publickey)"), "{said:?}");
}

#[test]
fn an_absurd_command_line_is_refused() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let said = site.says(&"x".repeat(100_000), "");
    assert_ne!(said.code, 0);
    assert!(said.stderr.contains("exec request failed"), "{said:?}");
    assert_eq!(site.try_key("anna", "pegbox"), 0);
}

#[test]
fn variables_that_say_who_somebody_is_are_not_taken() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let mut command = site.ssh("anna", "pegbox");
    for variable in ["PEGBOX_USER", "USER", "LOGNAME", "SSH_CONNECTION"] {
        command
            .env(variable, "mallory")
            .args(["-o", &format!("SendEnv={variable}")]);
    }
    command.args(["127.0.0.1", "whoami"]);
    let said = Said::of(&given(command, b""));
    assert!(
        said.stdout.contains("anna") && !said.stdout.contains("mallory"),
        "{said:?}"
    );
    assert!(said.stdout.contains("ssh 127.0.0.1"), "{said:?}");
}

#[test]
fn the_host_says_how_it_is_reached() {
    if is_missing() {
        return;
    }
    let site = Site::without_people(Pegbox::with_records(1));
    let status = site.house.pegbox.does(&["host", "status"]);
    let json = site.house.pegbox.json(&["host", "status"]);
    let print = json["host"]["ssh"]["host_key"].as_str().unwrap();
    assert!(
        status.contains(print) && status.contains(&site.address.to_string()),
        "{status}"
    );
    assert!(site.logged("host key").contains(print));
    // The fingerprint is the one that ssh shows.
    let mut command = std::process::Command::new("ssh-keyscan");
    command.args(["-p", &site.address.port().to_string(), "127.0.0.1"]);
    let scanned = command.stderr(Stdio::null()).output().unwrap();
    let file = site.house.pegbox.write("scanned", &scanned.stdout);
    let shown = std::process::Command::new("ssh-keygen")
        .args(["-lf", &file])
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains(print), "{shown}");

    // The same port again is a clear error.
    let other = Pegbox::with_records(1);
    let said = other.says(&["host", "--ssh", &site.address.to_string()]);
    assert!(
        said.code != 0 && said.stderr.contains("cannot listen for SSH at"),
        "{said:?}"
    );
    let said = other.says(&["host", "--detach", "--ssh", &site.address.to_string()]);
    assert!(
        said.code != 0 && said.stderr.contains("cannot listen for SSH at"),
        "{said:?}"
    );
}

#[test]
fn an_apostrophe_does_not_break_a_reason_and_no_other_store_is_named() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    assert_eq!(site.says("prompt import remote -", PROMPT).code, 0);
    let committed = site.says(
        "prompt commit remote --kind requirement --reason it doesn't route, and won't --json",
        "",
    );
    assert_eq!(committed.code, 0, "{committed:?}");
    assert!(
        committed.stdout.contains("it doesn't route, and won't"),
        "{committed:?}"
    );
    let elsewhere = site.says("prompt list --store /somewhere/else", "");
    assert!(
        elsewhere.code == 2 && elsewhere.stderr.contains("--store cannot name one"),
        "{elsewhere:?}"
    );
}
