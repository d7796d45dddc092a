//! What the host costs with fifty people at its screens over SSH, and how fast it answers them.
//!
//! The limit is an echo over SSH: the same client, and a server of the same library that sends back what it is sent.
//!
//! How to read it:
//! - *login to the first bytes*: from the start of `ssh` until it prints something; the limit is the greeting of the
//!   echo. 1 would mean that the screens cost nothing.
//! - *a key to the screen it asks for*: while a run goes on that all fifty sessions look at, by a byte and its echo. A
//!   frame is drawn at most every 100 ms over a network, so the ratio is large and the figure is what counts: it is to
//!   stay below 200 ms.
//! - the lines below the table are of the host's process alone: processor time in percent of one core, memory, and
//!   bytes of a terminal.
//!
//! `PEGBOX_BENCH_ROUNDS=1 cargo bench --bench host` is a smoke run. It needs `ssh` and `ssh-keygen`.

#[path = "support/echo.rs"]
mod echo;
#[path = "support/table.rs"]
mod table;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use table::{Extent, Fault, Pairs, Row, Table, median};
use tempfile::TempDir;

/// People at their screens.
const SESSIONS: usize = 50;
/// Keys of one measurement.
const KEYS: usize = 200;
/// Between two keys, so that each finds the session at rest.
const PAUSE: Duration = Duration::from_millis(130);
/// For how long the host is watched.
const WATCH: Duration = Duration::from_secs(10);
/// After so long without a byte nothing more will come.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Pieces of output that wait to be looked at.
const PIECES_MAX: usize = 100_000;
/// Ticks in a second in `/proc`.
const TICKS_PER_S: f64 = 100.0;
/// A reason as every act wants one.
const REASON: &str = "somebody has to measure it";

const PROMPT: &str = include_str!("../assets/demo/support_triage_v13.prompt.md");
const ROWS: &str = include_str!("../assets/demo/support_triage_regression.jsonl");
const SUITE: &str = r#"
name = "shape"
description = "answers are JSON"

[[graders]]
name = "json"
kind = "json_valid"

[[metrics]]
name = "json_validity"
kind = "validity_rate"
grader = "json"

[[thresholds]]
metric = "json_validity"
at_least = 0.9

[pass_rule]
policy = "point"
"#;

/// `ssh` with a terminal; what it prints is noted with its time.
struct Session {
    process: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    bytes: usize,
}

impl Session {
    fn open(key: &Path, address: SocketAddr) -> Result<Self, Fault> {
        let mut command = ssh(key, address);
        command.args(["-tt", "127.0.0.1"]).env("TERM", "xterm-256color");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn()?;
        let keys = process.stdin.take().ok_or("no input")?;
        let mut stdout = process.stdout.take().ok_or("no output")?;
        let (sender, output) = sync_channel(PIECES_MAX);
        thread::spawn(move || {
            let mut bytes = [0; 8_192];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            process,
            keys,
            output,
            screen: vt100::Parser::new(24.try_into()?, 80.try_into()?, 0),
            bytes: 0,
        })
    }

    fn read_some(&mut self) -> Result<(), Fault> {
        let piece = self.output.recv_timeout(SILENCE_MAX)?;
        self.take(&piece);
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) {
        self.screen.process(piece);
        self.bytes += piece.len();
    }

    fn wait_for(&mut self, text: &str) -> Result<(), Fault> {
        while !self.screen.screen().contents().contains(text) {
            self.read_some()
                .map_err(|error| format!("'{text}' never came: {error}"))?;
        }
        Ok(())
    }

    /// Takes what has come, and gives the bytes since the last time.
    fn catch_up(&mut self) -> usize {
        while let Ok(piece) = self.output.try_recv() {
            self.take(&piece);
        }
        std::mem::take(&mut self.bytes)
    }

    fn type_in(&mut self, keys: &str) -> Result<(), Fault> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ssh(key: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new("ssh");
    command.args(["-F", "none"]).arg("-i").arg(key);
    for option in [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
    ] {
        command.args(["-o", option]);
    }
    command.args(["-l", "pegbox", "-p", &address.port().to_string()]);
    command
}

/// A host with a store, which ends with this.
struct Host {
    home: TempDir,
    process: Child,
    address: SocketAddr,
}

impl Host {
    fn start() -> Result<Self, Fault> {
        let home = tempfile::tempdir()?;
        for (name, text) in [("prompt.md", PROMPT), ("suite.toml", SUITE), ("rows.jsonl", ROWS)] {
            fs::write(home.path().join(name), text)?;
        }
        let mut keygen = Command::new("ssh-keygen");
        keygen
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(home.path().join("key"));
        keygen.status()?;
        for words in [
            &["prompt", "import", "support_triage", "prompt.md"][..],
            &[
                "prompt",
                "commit",
                "support_triage",
                "--kind",
                "requirement",
                "--reason",
                REASON,
            ],
            &[
                "dataset",
                "import",
                "rows.jsonl",
                "--name",
                "tickets",
                "--label",
                "v1",
                "--reason",
                REASON,
            ],
            &["suite", "import", "suite.toml", "--reason", REASON],
            &[
                "user", "add", "anna", "--role", "admin", "--role", "author", "--key", "key.pub", "--reason", REASON,
            ],
        ] {
            let output = pegbox(home.path(), words).output()?;
            if !output.status.success() {
                return Err(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
            }
        }
        let mut command = pegbox(home.path(), &["host", "--ssh", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let said = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut lines = said.lines();
        let address = loop {
            let line = lines.next().ok_or("the host ended")??;
            if let Some(rest) = line.strip_prefix("ssh: ") {
                break rest.split(',').next().unwrap_or_default().parse()?;
            }
        };
        Ok(Self { home, process, address })
    }

    fn open(&self) -> Result<Session, Fault> {
        Session::open(&self.home.path().join("key"), self.address)
    }

    /// Has a run begin that outlasts the measurement.
    fn run(&self) -> Result<Child, Fault> {
        let mut command = ssh(&self.home.path().join("key"), self.address);
        let line = "run start support_triage_v1 --dataset tickets --suite shape --concurrency 1 --repeats 1000";
        command.args(["127.0.0.1", line]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command.spawn()?)
    }

    /// Processor seconds so far.
    fn cpu_seconds(&self) -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks = |place: usize| fields.split_whitespace().nth(place)?.parse::<f64>().ok();
        Some((ticks(11)? + ticks(12)?) / TICKS_PER_S)
    }

    /// Resident memory in kB.
    fn memory_kb(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Percent of one core over a while.
    fn load(&self, while_watched: Duration) -> Option<f64> {
        let (before, began) = (self.cpu_seconds()?, Instant::now());
        thread::sleep(while_watched);
        Some((self.cpu_seconds()? - before) / began.elapsed().as_secs_f64() * 100.0)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn pegbox(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pegbox"));
    command.args(words).arg("--store").arg(home.join("store"));
    command.current_dir(home).env("HOME", home).env("USER", "anna");
    command
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// Milliseconds until a session prints something.
fn first_bytes(open: impl FnOnce() -> Result<Session, Fault>) -> Result<f64, Fault> {
    let began = Instant::now();
    let mut session = open()?;
    session.read_some()?;
    Ok(ms(began))
}

/// Milliseconds from a key to the screen that it asks for, for each of so many keys.
fn keys(session: &mut Session, count: usize) -> Result<Vec<f64>, Fault> {
    let mut times = Vec::new();
    for number in 0..count {
        thread::sleep(PAUSE);
        session.catch_up();
        let (key, shown) = if number % 2 == 0 { ("2", "[2 ") } else { ("4", "[4 ") };
        let began = Instant::now();
        session.type_in(key)?;
        session.wait_for(shown)?;
        times.push(ms(began));
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The same for a byte and its echo.
fn echoes(session: &mut Session, count: usize) -> Result<Vec<f64>, Fault> {
    session.wait_for(echo::GREETING)?;
    let mut times = Vec::new();
    for _ in 0..count {
        thread::sleep(PAUSE / 10);
        let began = Instant::now();
        session.type_in("x")?;
        session.read_some()?;
        times.push(ms(began));
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The figure that so many percent are not above.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

const FIRST_BYTES: Row = Row {
    what: "login to the first bytes",
    limit: "the greeting of an echo over SSH",
    unit: "ms",
    good: "low",
};
const KEY_P50: Row = Row {
    what: "a key to its screen, p50",
    limit: "a byte and its echo over SSH, p50",
    unit: "ms",
    good: "below 200 ms",
};
const KEY_P99: Row = Row {
    what: "a key to its screen, p99",
    limit: "a byte and its echo over SSH, p99",
    unit: "ms",
    good: "below 400 ms",
};

/// What fifty people cost the host.
#[derive(Debug, Default)]
struct Cost {
    /// Percent of a core while nobody does anything.
    idle: Option<f64>,
    /// The same while a run goes on that all look at.
    live: Option<f64>,
    /// kB of a session.
    memory: Option<f64>,
    /// Bytes to the terminal up to the first screen, in a second of the run, and to draw anew.
    first: f64,
    second: f64,
    redraw: usize,
}

impl Cost {
    fn print(&self, sessions: usize) -> Result<(), Fault> {
        let mut out = std::io::stdout();
        let figure =
            |figure: Option<f64>| figure.map_or("not measurable on this system".into(), |it| format!("{it:.1}"));
        let (idle, live, memory) = (figure(self.idle), figure(self.live), figure(self.memory));
        writeln!(
            out,
            "{sessions} sessions, percent of a core: idle {idle}, with a run {live}"
        )?;
        writeln!(out, "memory of a session, kB: {memory}")?;
        let Self {
            first, second, redraw, ..
        } = self;
        writeln!(
            out,
            "bytes to a terminal: its first screen {first:.0}, a second of a run {second:.0}, drawing anew {redraw}"
        )?;
        Ok(())
    }
}

/// Opens the screens for so many people.
fn open_all(host: &Host, count: usize, cost: &mut Cost) -> Result<Vec<Session>, Fault> {
    let empty = host.memory_kb();
    let mut people = Vec::new();
    for _ in 0..count {
        let mut session = host.open()?;
        session.wait_for("Needs you")?;
        people.push(session);
    }
    let each = |(full, empty): (f64, f64)| (full - empty) / count as f64;
    cost.memory = host.memory_kb().zip(empty).map(each);
    cost.idle = host.load(WATCH);
    cost.first = median_of(people.iter_mut().map(Session::catch_up));
    Ok(people)
}

/// Has all look at a run.
fn look_on(host: &Host, people: &mut [Session], cost: &mut Cost) -> Result<(), Fault> {
    for session in people.iter_mut() {
        session.type_in("4")?;
        session.wait_for("[4 ")?;
        session.catch_up();
    }
    cost.live = host.load(WATCH);
    cost.second = median_of(people.iter_mut().map(Session::catch_up)) / WATCH.as_secs_f64();
    Ok(())
}

fn median_of(figures: impl Iterator<Item = usize>) -> f64 {
    let mut sorted: Vec<f64> = figures.map(|figure| figure as f64).collect();
    sorted.sort_by(f64::total_cmp);
    median(&sorted)
}

/// Bytes of a frame that draws everything.
fn redraw(session: &mut Session) -> Result<usize, Fault> {
    thread::sleep(PAUSE);
    session.catch_up();
    session.type_in("\x0c")?;
    thread::sleep(PAUSE * 2);
    Ok(session.catch_up())
}

fn main() -> Result<(), Fault> {
    let extent = Extent::from_environment()?;
    let (sessions, key_count) = (extent.count(SESSIONS), extent.count(KEYS));
    let host = Host::start()?;
    let echo_at = echo::start()?;
    let key = host.home.path().join("key");
    let mut table = Table::begin("host over SSH", extent)?;
    let mut firsts = Pairs::default();
    extent.repeat(|| {
        let limit = first_bytes(|| Session::open(&key, echo_at))?;
        firsts.push(first_bytes(|| host.open())?, limit);
        Ok(())
    })?;
    table.row("", FIRST_BYTES, &firsts)?;

    let mut cost = Cost::default();
    let mut people = open_all(&host, sessions, &mut cost)?;
    let mut run = host.run()?;
    look_on(&host, &mut people, &mut cost)?;
    let mut first = people.pop().ok_or("nobody is there")?;
    let mut echo = Session::open(&key, echo_at)?;
    let (mut p50, mut p99) = (Pairs::default(), Pairs::default());
    extent.repeat(|| {
        let limit = echoes(&mut echo, key_count)?;
        let ours = keys(&mut first, key_count)?;
        p50.push(percentile(&ours, 50), percentile(&limit, 50));
        p99.push(percentile(&ours, 99), percentile(&limit, 99));
        Ok(())
    })?;
    table.row("", KEY_P50, &p50)?;
    table.row("", KEY_P99, &p99)?;
    cost.redraw = redraw(&mut first)?;
    let _ = run.kill();
    run.wait()?;
    cost.print(sessions)
}
