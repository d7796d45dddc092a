//! Runs outlive those who started them.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};

use crate::house::{House, signal, until};
use crate::pegbox::{Pegbox, RUN};
use crate::support::server::{Answer, Server};

/// A store whose prompt asks an endpoint.
pub fn asking(rows: usize) -> Pegbox {
    let pegbox = Pegbox::with_records(rows);
    let prompt = "+++\n[model]\nprovider = \"openai\"\nname = \"m\"\n\n[[variables]]\nname = \"ticket\"\n\
                  description = \"what is asked\"\n+++\n-- user --\n{{ ticket }}\n";
    let file = pegbox.write("asking.md", prompt);
    pegbox.does(&["prompt", "import", "asking", &file]);
    let reason = crate::pegbox::REASON;
    pegbox.does(&[
        "prompt",
        "commit",
        "asking",
        "--kind",
        "requirement",
        "--reason",
        reason,
    ]);
    pegbox
}

/// The command that runs it.
pub fn start_asking(url: &str) -> [&str; 9] {
    [
        "run",
        "start",
        "asking_v1",
        "--dataset",
        "tickets",
        "--suite",
        "shape",
        "--base-url",
        url,
    ]
}

/// A guest that follows a run.
struct Follower {
    process: Child,
    stderr: BufReader<ChildStderr>,
}

impl Follower {
    fn start(house: &House, words: &[&str]) -> Self {
        let mut command = house.pegbox.command(words);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        Self { process, stderr }
    }

    /// Reads on until it says something. From the first progress on it takes interrupts.
    fn wait_for(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "'{text}' never came");
        }
    }

    /// How it ended.
    fn code(mut self) -> Option<i32> {
        self.process.wait().unwrap().code()
    }
}

fn state(house: &House, run: &str) -> String {
    let shown = house.pegbox.says(&["run", "show", run]);
    let line = shown.stdout.lines().find_map(|line| line.strip_prefix("state "));
    line.unwrap_or_default().trim().to_owned()
}

fn is_running(house: &House, run: &str) -> bool {
    state(house, run).starts_with("running:")
}

#[test]
fn a_run_outlives_the_guest_that_started_it() {
    let house = House::of(asking(2), &[]);
    let server = Server::start(|_| Answer::Hang);
    let mut first = Follower::start(&house, &start_asking(&server.base_url()));
    first.wait_for("run_1  0/2");
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    until("the end of the guest", || house.guests() == 1);
    assert!(is_running(&house, "run_1"));

    // Who only looks leaves it alone.
    let mut watcher = Follower::start(&house, &["run", "watch", "run_1"]);
    watcher.wait_for("run_1  0/2");
    signal(&watcher.process, "INT");
    watcher.wait_for("error: left: run_1 goes on, with 0 of 2");
    assert_eq!(watcher.code(), Some(130));
    assert!(is_running(&house, "run_1"));

    // Parking waits for what is in flight, and here that never comes back: the second signal stops at once.
    house.signal("TERM");
    until("the word of it", || house.log().contains("stopping"));
    house.signal("TERM");
    house.pegbox.says(&["host", "stop"]);
    let stopped = house.pegbox.does(&["run", "show", "run_1"]);
    assert!(stopped.contains("interrupted: 0 of 2 saved"), "{stopped}");
}

#[test]
fn an_interrupt_parks_the_run_of_the_command_and_no_other() {
    let house = House::of(asking(2), &[]);
    let server = Server::start(|_| Answer::Hang);
    let mut other = Follower::start(&house, &start_asking(&server.base_url()));
    other.wait_for("run_1  0/2");
    let mut mine = Follower::start(&house, &start_asking(&server.base_url()));
    mine.wait_for("run_2  0/2");
    signal(&mine.process, "INT");
    mine.wait_for("finishing what is in flight; once more stops at once");
    signal(&mine.process, "INT");
    mine.wait_for("error: interrupted: run_2 has 0 of 2");
    assert_eq!(mine.code(), Some(130));
    assert!(is_running(&house, "run_1"));
    other.process.kill().unwrap();
    other.process.wait().unwrap();
}

#[test]
fn stopping_the_host_parks_its_runs() {
    let house = House::with_records(20);
    let slow = ["--repeats", "1000", "--concurrency", "1"];
    let mut follower = Follower::start(&house, &[&RUN[..], &slow[..]].concat());
    follower.wait_for("run_1  0/20000");
    house.pegbox.does(&["host", "stop"]);
    follower.wait_for("error: interrupted: run_1 has ");
    assert_eq!(follower.code(), Some(130));
    let state = state(&house, "run_1");
    assert!(state.starts_with("interrupted:"), "{state}");
    let log = house.log();
    assert!(log.trim_end().ends_with("stopped"), "{log}");
}

#[test]
fn a_command_of_several_runs_does_them_all() {
    let house = House::with_records(3);
    let sweep = [
        "run",
        "sweep",
        "support_triage_v1",
        "--model",
        "simulated:triage-sim-1",
        "--model",
        "simulated:triage-sim-2",
        "--dataset",
        "tickets",
        "--suite",
        "shape",
    ];
    let swept = house.pegbox.json(&sweep);
    assert_eq!((&swept["cells"], &swept["finished"]), (&2.into(), &2.into()), "{swept}");
    assert_eq!(swept["matrix"]["cells"].as_array().unwrap().len(), 2, "{swept}");
    let runs = house.pegbox.json(&["run", "list"]);
    let states: Vec<&str> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["finished", "finished"]);
}
