//! Runs that somebody follows over SSH.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};

use portable_pty::CommandBuilder;

use crate::site::{Site, is_missing};
use crate::terminal::Terminal;

/// Starts a run that takes a while; how often it repeats its rows comes behind.
pub const START: &str = "run start support_triage_v1 --dataset tickets --suite shape --concurrency 1 --repeats";

/// A run that somebody follows.
pub struct Follower {
    pub process: Child,
    stderr: BufReader<ChildStderr>,
}

impl Follower {
    /// Gives a command that says how it goes on.
    pub fn start(site: &Site, line: &str) -> Self {
        Self::start_at(site, site.address, line)
    }

    /// Gives a command by some way to the host.
    pub fn start_at(site: &Site, address: SocketAddr, line: &str) -> Self {
        let mut command = site.ssh_at(address, "anna", "pegbox");
        command.args(["127.0.0.1", line]);
        Self::of(command)
    }

    /// Gives a command by an `ssh` of its own.
    pub fn of(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        Self { process, stderr }
    }

    /// Reads on until it says something.
    pub fn wait_for(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "'{text}' never came");
        }
    }
}

fn state(site: &Site, run: &str) -> String {
    let shown = site.house.pegbox.says(&["run", "show", run]);
    let line = shown.stdout.lines().find_map(|line| line.strip_prefix("state "));
    line.unwrap_or_default().trim().to_owned()
}

#[test]
fn a_run_whose_line_is_cut_is_complete_on_return() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(20);
    let mut follower = Follower::start(&site, &format!("{START} 100"));
    follower.wait_for("run_1  0/2000");
    follower.process.kill().unwrap();
    follower.process.wait().unwrap();
    site.logged("anna ended with");
    let watched = site.says("run watch run_1", "");
    assert!(watched.stdout.contains("finished"), "{watched:?}");
    assert!(watched.stdout.contains("2000"), "{watched:?}");
}

#[test]
fn ctrl_c_on_a_terminal_leaves_a_run_that_is_only_looked_at() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(20);
    let mut follower = Follower::start(&site, &format!("{START} 1000"));
    follower.wait_for("run_1  0/20000");
    let ssh = site.ssh("anna", "pegbox");
    let mut command = CommandBuilder::new(ssh.get_program());
    command.args(ssh.get_args());
    command.args(["-tt", "127.0.0.1", "run watch run_1"]);
    command.env("TERM", "xterm");
    let mut terminal = Terminal::of(command);
    terminal.wait_for("run_1  ");
    terminal.type_in("\x03");
    terminal.wait_for("left: run_1 goes on");
    terminal.read_to_end();
    assert_eq!(terminal.child.wait().unwrap().exit_code(), 130);
    assert!(state(&site, "run_1").starts_with("running:"));
    site.says("run cancel run_1", "");
    follower.process.wait().unwrap();
}

#[test]
fn a_host_that_stops_parks_the_run_and_says_so() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(20);
    let mut follower = Follower::start(&site, &format!("{START} 1000"));
    follower.wait_for("run_1  0/20000");
    site.house.pegbox.does(&["host", "stop"]);
    follower.wait_for("error: interrupted: run_1 has ");
    assert_eq!(follower.process.wait().unwrap().code(), Some(130));
}
