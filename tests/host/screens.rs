//! The screens of a guest: drawn by the host, on the guest's terminal.

use std::process::Command;

use crate::house::{House, until};
use crate::terminal::Terminal;

fn new_prompt(house: &House, name: &str) {
    let words = ["prompt", "new", name, "--description", "greets a customer by name"];
    house.pegbox.does(&words);
}

fn kill(terminal: &Terminal, signal: &str) {
    let id = terminal.child.process_id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn two_people_see_the_same_and_leave_the_host_as_it_was() {
    let house = House::with_records(1);
    let mut first = Terminal::open(&house.pegbox.store());
    let mut second = Terminal::open(&house.pegbox.store());
    for terminal in [&mut first, &mut second] {
        terminal.wait_for("Needs you");
        terminal.type_in("2");
        terminal.wait_for("support_triage");
        assert!(!terminal.is_restored(), "the screens set modes of their own");
    }
    // What one makes, the other sees without a key.
    new_prompt(&house, "welcome_mail");
    first.wait_for("welcome_mail");
    second.wait_for("welcome_mail");
    first.type_in("1q");
    first.read_to_end();
    assert!(first.is_restored());
    assert!(first.child.wait().unwrap().success());
    second.type_in("?");
    second.wait_for("Help: Prompts");
}

#[test]
fn a_guest_that_dies_hurts_nobody() {
    let house = House::with_records(1);
    let mut dying = Terminal::open(&house.pegbox.store());
    let mut living = Terminal::open(&house.pegbox.store());
    dying.wait_for("Needs you");
    living.wait_for("Needs you");
    kill(&dying, "KILL");
    until("its end", || {
        house.guests() > house.log().matches("ended with 130").count()
    });
    new_prompt(&house, "welcome_mail");
    living.wait_for("welcome_mail");
    living.type_in("q");
    living.read_to_end();
    assert!(living.child.wait().unwrap().success());
}

#[test]
fn a_polite_kill_gives_the_terminal_back() {
    let house = House::with_records(1);
    let mut terminal = Terminal::open(&house.pegbox.store());
    terminal.wait_for("Needs you");
    kill(&terminal, "TERM");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    assert_eq!(terminal.child.wait().unwrap().exit_code(), 143);
}

#[test]
fn a_host_that_dies_leaves_no_terminal_in_disorder() {
    let mut house = House::with_records(1);
    let mut terminal = Terminal::open(&house.pegbox.store());
    terminal.wait_for("Needs you");
    house.kill();
    terminal.wait_for("error: the host ended before the command did");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    assert_eq!(terminal.child.wait().unwrap().exit_code(), 5);
}

#[test]
fn a_host_that_stops_says_so() {
    let house = House::with_records(1);
    let mut terminal = Terminal::open(&house.pegbox.store());
    terminal.wait_for("Needs you");
    house.pegbox.does(&["host", "stop"]);
    terminal.wait_for("the host was stopped");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    assert!(terminal.child.wait().unwrap().success());
}

/// Typed text is kept when the line is lost, as it is when a terminal is closed.
#[test]
fn what_was_typed_is_kept_when_the_guest_dies() {
    let house = House::with_records(1);
    let mut terminal = Terminal::open(&house.pegbox.store());
    terminal.wait_for("Needs you");
    terminal.type_in("2");
    terminal.wait_for("every answer is JSON");
    terminal.type_in("e");
    terminal.wait_for("draft on v1");
    terminal.type_in("i\x1b[200~Zebras are striped.\x1b[201~");
    terminal.wait_for("Zebras are striped.");
    kill(&terminal, "KILL");
    until("the draft", || {
        house
            .pegbox
            .says(&["prompt", "export", "support_triage"])
            .stdout
            .contains("Zebras are striped.")
    });
}
