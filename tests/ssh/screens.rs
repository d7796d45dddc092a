//! The screens over SSH: the terminal is somebody's far away.

use std::process::Command;

use portable_pty::CommandBuilder;

use crate::house::until;
use crate::pegbox::{REASON, Said};
use crate::site::{Site, given, is_missing};
use crate::terminal::Terminal;

/// `ssh` with a terminal, for anna.
fn on_terminal(site: &Site, term: &str, line: Option<&str>) -> Terminal {
    let ssh = site.ssh("anna", "pegbox");
    let mut command = CommandBuilder::new(ssh.get_program());
    command.args(ssh.get_args());
    command.args(["-tt", "-o", "SendEnv=LC_ALL", "127.0.0.1"]);
    command.args(line);
    command.env("TERM", term);
    command.env("LC_ALL", "C.UTF-8");
    Terminal::of(command)
}

#[test]
fn the_screens_draw_take_keys_follow_the_size_and_give_the_terminal_back() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let mut terminal = on_terminal(&site, "xterm-256color", None);
    terminal.wait_for("Needs you");
    assert!(!terminal.is_restored(), "the screens set modes of their own");
    terminal.type_in("2");
    terminal.wait_for("support_triage");
    // What another makes is seen without a key.
    site.says("prompt new welcome_mail --description 'greets a customer by name'", "");
    terminal.wait_for("welcome_mail");
    terminal.resize(160, 50);
    terminal.wait_for("author");
    terminal.type_in("1q");
    terminal.read_to_end();
    assert!(terminal.is_restored(), "{}", terminal.shown());
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn a_terminal_that_cannot_draw_is_told_so() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    for term in ["dumb", "unknown"] {
        let mut terminal = on_terminal(&site, term, None);
        terminal.wait_for("cannot be drawn on a terminal whose TERM is");
        terminal.read_to_end();
        assert_eq!(terminal.child.wait().unwrap().exit_code(), 2);
        assert!(terminal.is_restored());
    }
    let said = site.says("", "");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("ask for one with ssh -t"), "{said:?}");
}

#[test]
fn the_host_that_stops_gives_the_terminal_back() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let mut terminal = on_terminal(&site, "xterm-256color", None);
    terminal.wait_for("Needs you");
    site.house.signal("TERM");
    terminal.wait_for("the host was stopped");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn whoever_is_let_in_no_more_is_seen_off() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let pegbox = &site.house.pegbox;
    let mut connection = site.ssh("anna", "pegbox");
    let control = format!("ControlPath={}", site.path("control").display());
    let mut master = connection
        .args(["-M", "-N", "-o", &control, "127.0.0.1"])
        .spawn()
        .unwrap();
    let over_master = || {
        let mut command = Command::new("ssh");
        command.args([
            "-F",
            "none",
            "-o",
            &control,
            "-o",
            "ControlMaster=no",
            "nowhere.invalid",
            "status",
        ]);
        given(command, b"").status.code()
    };
    until("the connection that others share", || over_master() == Some(0));
    let mut terminal = on_terminal(&site, "xterm-256color", None);
    terminal.wait_for("Needs you");
    let shown = pegbox.json(&["user", "show", "anna"]);
    let key = shown["person"]["keys"][0]["fingerprint"].as_str().unwrap();
    pegbox.does(&["user", "change", "anna", "--remove-key", key, "--reason", REASON]);
    assert_ne!(over_master(), Some(0), "the key is hers no more");
    terminal.wait_for("you are let in no more, or not by this key");
    terminal.read_to_end();
    assert!(terminal.is_restored(), "{}", terminal.shown());
    master.wait().unwrap();
}

#[test]
fn what_was_typed_is_kept_when_the_line_is_lost() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let mut terminal = on_terminal(&site, "xterm-256color", None);
    terminal.wait_for("Needs you");
    terminal.type_in("2");
    terminal.wait_for("every answer is JSON");
    terminal.type_in("e");
    terminal.wait_for("draft on v1");
    terminal.type_in("i\x1b[200~Zebras are striped.\x1b[201~");
    terminal.wait_for("Zebras are striped.");
    terminal.child.kill().unwrap();
    until("the draft", || {
        let said = site.house.pegbox.says(&["prompt", "export", "support_triage"]);
        said.stdout.contains("Zebras are striped.")
    });
}

#[test]
fn an_absurd_size_is_not_believed() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let mut terminal = on_terminal(&site, "xterm-256color", None);
    terminal.wait_for("Needs you");
    terminal.claim_size(65_535, 65_535);
    terminal.claim_size(1, 1);
    terminal.claim_size(80, 24);
    terminal.type_in("2");
    terminal.wait_for("support_triage");
    terminal.type_in("1");
    terminal.wait_for("Needs you");
    terminal.type_in("q");
    terminal.read_to_end();
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn an_absurd_size_from_the_start_is_not_believed_either() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let present = || {
        let status = site.house.pegbox.json(&["host", "status"]);
        status["present"].as_array().unwrap().len()
    };
    for (size, shown) in [(0, true), (1, false), (65_535, false)] {
        let ssh = site.ssh("anna", "pegbox");
        let mut command = CommandBuilder::new("sh");
        let script = format!("stty rows {size} columns {size} && exec ssh \"$@\"");
        command.args(["-c", &script, "sh"]);
        command.args(ssh.get_args());
        command.args(["-tt", "127.0.0.1"]);
        command.env("TERM", "xterm-256color");
        let mut terminal = Terminal::of(command);
        if shown {
            // One that does not know its size is taken for one of 80x24.
            terminal.wait_for("Needs you");
        }
        until("the screens", || present() == 1);
        terminal.claim_size(80, 24);
        // A key may overtake the size, and a screen that is too small for anything takes none.
        terminal.wait_for("Needs you");
        terminal.type_in("2");
        terminal.wait_for("every answer is JSON");
        terminal.type_in("1q");
        terminal.read_to_end();
        assert!(terminal.child.wait().unwrap().success(), "{size}");
        assert!(terminal.is_restored(), "{size}");
        until("the end of the session", || present() == 0);
    }
}

#[test]
fn no_color_and_the_locale_are_the_clients() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let mut command = site.ssh("anna", "pegbox");
    command.env("NO_COLOR", "1").env("TERM", "xterm-256color");
    command.args(["-tt", "-o", "SendEnv=NO_COLOR", "127.0.0.1"]);
    // Its standard input ends, and the screens with it.
    let said = Said::of(&given(command, b"2"));
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.ends_with("\x1b[?25h"), "{said:?}");
    assert!(!said.stdout.contains("\x1b[38;5;"), "{said:?}");
}
