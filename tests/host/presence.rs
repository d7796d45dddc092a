//! Who is here: two people at one host see each other and what the other does.

use std::process::{Child, Stdio};

use crate::house::{House, until};
use crate::pegbox::{PROMOTE, REASON, RUN, Said};
use crate::terminal::Terminal;

/// Two people at one host, on Home.
fn anna_and_ben(house: &House) -> (Terminal, Terminal) {
    let store = house.pegbox.store();
    let mut both = ["anna", "ben"].map(|name| Terminal::open_as(name, &store, &[]));
    for terminal in &mut both {
        terminal.wait_for("Needs you");
        // What is said first, such as what another session left unsaved, goes with a key.
        terminal.type_in("1");
    }
    let [anna, ben] = both;
    (anna, ben)
}

/// Opens the draft of the only prompt in the editor.
fn open_draft(terminal: &mut Terminal) {
    terminal.type_in("2");
    terminal.wait_for("every answer is JSON");
    terminal.type_in("e");
    // The text, and not only its frame: until it is there nothing can be typed.
    terminal.wait_for("You triage");
}

fn said_by_status(house: &House) -> Vec<String> {
    let status = house.pegbox.json(&["host", "status"]);
    let said = |presence: &serde_json::Value| format!("{} {}", presence["name"], presence["doing"]);
    let mut said: Vec<String> = status["present"].as_array().unwrap().iter().map(said).collect();
    said.sort_unstable();
    said
}

#[test]
fn each_sees_what_the_other_is_at() {
    let house = House::with_records(1);
    let (mut anna, mut ben) = anna_and_ben(&house);
    anna.wait_for("here: ben in Home");
    ben.wait_for("here: anna in Home");
    open_draft(&mut ben);
    anna.wait_for("here: ben editing support_triage");
    // Before she types anything, she is warned; and so is he.
    open_draft(&mut anna);
    anna.wait_for("ben has this draft open too");
    ben.wait_for("anna has this draft open too");
    assert_eq!(
        said_by_status(&house),
        [
            r#""anna" {"editing":"support_triage"}"#,
            r#""ben" {"editing":"support_triage"}"#
        ]
    );
    assert!(house.pegbox.does(&["who"]).contains("editing support_triage"));
    ben.child.kill().unwrap();
    anna.wait_until_gone("ben has this draft open too");
    until("ben's leaving", || said_by_status(&house).len() == 1);
}

#[test]
fn what_one_does_is_on_the_screen_of_the_other() {
    let house = House::with_records(1);
    let (mut anna, mut ben) = anna_and_ben(&house);
    anna.type_in("2");
    anna.wait_for("every answer is JSON");
    // A draft.
    open_draft(&mut ben);
    ben.type_in("i\x1b[200~Zebras are striped.\x1b[201~\x1b");
    ben.wait_for("draft kept");
    anna.wait_for("draft");
    open_draft(&mut anna);
    anna.wait_for("Zebras are striped.");
    // And back: what anna types is in ben's editor, which he does not type into.
    anna.type_in("i\x1b[200~Lions are not.\x1b[201~\x1b");
    ben.wait_for("Lions are not.");
    anna.wait_for("draft kept");
    // A run, a review and a decision.
    for (terminal, tab, shown) in [(&mut anna, "4", "[4 Runs]"), (&mut ben, "5", "[5 Review]")] {
        terminal.type_in("\x1b");
        terminal.wait_until_gone("NORMAL");
        terminal.type_in(tab);
        terminal.wait_for(shown);
    }
    house.pegbox.says(&RUN);
    anna.wait_for("run_1");
    house.pegbox.does(&[
        "review",
        "request",
        "support_triage_v1",
        "--to",
        "staging",
        "--reason",
        REASON,
        "--user",
        "mei",
    ]);
    ben.wait_for("Review(1)");
    house
        .pegbox
        .does(&["review", "reject", "review_1", "--reason", REASON, "--user", "mei"]);
    ben.wait_until_gone("Review(1)");
}

/// A form that is half filled stays while the store changes under it.
#[test]
fn what_is_half_typed_is_left_alone() {
    let house = House::with_records(1);
    let (mut anna, _ben) = anna_and_ben(&house);
    anna.type_in("a");
    anna.wait_for("New prompt");
    anna.type_in("refund_pol");
    anna.wait_for("refund_pol");
    let words = ["prompt", "new", "welcome_mail", "--description", "greets a customer"];
    house.pegbox.does(&words);
    anna.wait_for("welcome_mail");
    assert!(
        anna.shown().contains("New prompt") && anna.shown().contains("refund_pol"),
        "{}",
        anna.shown()
    );
}

#[test]
fn of_two_who_type_over_each_other_one_is_told() {
    let house = House::with_records(1);
    let (mut anna, mut ben) = anna_and_ben(&house);
    open_draft(&mut anna);
    open_draft(&mut ben);
    // Who is in the middle of typing does not take over what the other keeps.
    ben.type_in("i");
    ben.wait_for("INSERT");
    anna.type_in("iAnna.");
    anna.wait_for("draft kept");
    ben.type_in("Ben.");
    ben.wait_for("NOT KEPT");
    ben.type_in("\x1b");
    ben.wait_for("keep mine");
}

/// Starts a command of somebody without waiting for it.
fn start(house: &House, words: &[&str], person: &str) -> Child {
    let mut command = house.pegbox.command(words);
    command.args(["--user", person]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn of_two_who_promote_at_once_one_wins_and_the_other_is_told() {
    let house = House::with_records(4);
    let does = |words: &[&str]| house.pegbox.does(&[words, &["--reason", REASON]].concat());
    let version = "support_triage_v1";
    house
        .pegbox
        .does(&["run", "start", version, "--dataset", "tickets", "--suite", "shape"]);
    does(&["review", "request", version, "--to", "production", "--user", "anna"]);
    does(&["store", "policy", "--simulated", "accept"]);
    does(&["review", "approve", "review_1", "--user", "mei"]);

    let both = ["ben", "mei"].map(|person| start(&house, &PROMOTE, person));
    let said = both.map(|child| Said::of(&child.wait_with_output().unwrap()));
    let mut codes = [said[0].code, said[1].code];
    codes.sort_unstable();
    assert_eq!(codes, [0, 4], "{said:?}");
    let [winner, loser] = if said[0].code == 0 {
        [&said[0], &said[1]]
    } else {
        [&said[1], &said[0]]
    };
    assert!(winner.stdout.contains("support_triage_prod_v1 is live"), "{winner:?}");
    assert!(
        loser.stderr.starts_with("error: ") && loser.stderr.contains("hint: "),
        "{loser:?}"
    );
    let releases = house.pegbox.json(&["release", "list"]);
    assert_eq!(
        releases["environments"][0]["production"]["promotion"]["version"],
        version
    );
}
