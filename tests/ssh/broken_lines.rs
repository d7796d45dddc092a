//! Slow, stuck and cut lines under the real `ssh`: whoever is on one sees what is so, and costs nobody else anything.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use vt100::Parser;

use crate::house::until;
use crate::proxy::Proxy;
use crate::runs::{Follower, START};
use crate::site::{Site, is_missing};

/// What may come of older frames before the one that shows what a key did.
const STALE_BYTES_MAX: usize = 32 << 10;
/// A line of 4 kB/s, a third of what the screens send at most.
const SLOW: usize = 40;
/// Frames that are asked for faster than a slow line carries them. All that are drawn would be more than what may be
/// stale.
const FRAMES: usize = 400;
const FRAME_WAIT: Duration = Duration::from_millis(10);
/// After so long without a byte nothing more will come.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Pieces of output that wait to be looked at.
const PIECES_MAX: usize = 100_000;

/// The screens at the end of a line, as `ssh` gives them to a pipe: every byte is counted.
struct Screens {
    ssh: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    parser: Parser,
    bytes: usize,
}

impl Screens {
    /// Anna's, over a line.
    fn open(site: &Site, line: &Proxy) -> Self {
        let mut command = site.ssh_at(line.address, "anna", "pegbox");
        command.args(["-tt", "127.0.0.1"]).env("TERM", "xterm-256color");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut ssh = command.spawn().unwrap();
        let mut stdout = ssh.stdout.take().unwrap();
        let (sender, output) = sync_channel(PIECES_MAX);
        thread::spawn(move || {
            let mut bytes = [0; 1_024];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = ssh.stdin.take().unwrap();
        let parser = Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        Self {
            ssh,
            keys,
            output,
            parser,
            bytes: 0,
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn is_shown(&self, text: &str) -> bool {
        self.parser.screen().contents().contains(text)
    }

    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.bytes += bytes.len();
    }

    /// Reads until a text is shown, and gives how many bytes came first.
    fn wait_for(&mut self, text: &str) -> usize {
        let before = self.bytes;
        while !self.is_shown(text) {
            let piece = self.output.recv_timeout(SILENCE_MAX);
            assert!(
                piece.is_ok(),
                "'{text}' never came:\n{}",
                self.parser.screen().contents()
            );
            self.take(&piece.unwrap());
        }
        self.bytes - before
    }

    /// Has the screens drawn anew, more often than the line carries them.
    fn ask_for_frames(&mut self) {
        for _ in 0..FRAMES {
            self.type_in("\x0c");
            thread::park_timeout(FRAME_WAIT);
        }
    }

    /// Takes what has come by now, and gives how many bytes it was.
    fn catch_up(&mut self) -> usize {
        let before = self.bytes;
        while let Ok(piece) = self.output.try_recv() {
            self.take(&piece);
        }
        self.bytes - before
    }
}

impl Drop for Screens {
    fn drop(&mut self) {
        let _ = self.ssh.kill();
        let _ = self.ssh.wait();
    }
}

/// A run that goes on, seen on its screen at the end of a line.
fn watching(site: &Site, line: &Proxy, direct: SocketAddr) -> (Screens, Follower) {
    let mut screens = Screens::open(site, line);
    screens.wait_for("Needs you");
    let mut follower = Follower::start_at(site, direct, &format!("{START} 1000"));
    follower.wait_for("run_1  0/20000");
    screens.type_in("4");
    screens.wait_for("[4 Runs]");
    (screens, follower)
}

/// How many sit at screens or wait for a command.
fn present(site: &Site) -> usize {
    let status = site.house.pegbox.json(&["host", "status"]);
    status["present"].as_array().unwrap().len()
}

#[test]
fn a_key_on_a_slow_line_is_not_behind_old_frames() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(20);
    let line = Proxy::to(site.address);
    let (mut screens, mut follower) = watching(&site, &line, site.address);
    line.slow_down(SLOW);
    for (key, shown) in [("5", "[5 "), ("1", "[1 ")] {
        screens.ask_for_frames();
        screens.catch_up();
        screens.type_in(key);
        let stale = screens.wait_for(shown);
        assert!(stale < STALE_BYTES_MAX, "{stale} bytes came before '{shown}'");
    }
    site.says("run cancel run_1", "");
    follower.process.wait().unwrap();
}

#[test]
fn a_stuck_line_slows_nobody_and_shows_what_is_so_when_it_goes_on() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(20);
    let line = Proxy::to(site.address);
    let (mut screens, mut follower) = watching(&site, &line, site.address);
    let beside = Proxy::to(site.address);
    let mut quick = Screens::open(&site, &beside);
    quick.wait_for("Needs you");
    quick.type_in("2");
    line.slow_down(0);
    screens.ask_for_frames();
    for number in 0..4 {
        let made = site.says(&format!("prompt new prompt_{number} --description 'greets'"), "");
        assert_eq!(made.code, 0, "{made:?}");
        quick.wait_for(&format!("prompt_{number}"));
    }
    screens.catch_up();
    screens.type_in("2");
    line.speed_up();
    let stale = screens.wait_for("prompt_3");
    assert!(stale < STALE_BYTES_MAX, "{stale} bytes came before what is so");
    site.says("run cancel run_1", "");
    follower.process.wait().unwrap();
}

#[test]
fn a_line_that_is_cut_ends_its_sessions_and_not_the_run() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(20);
    let line = Proxy::to(site.address);
    let mut screens = Screens::open(&site, &line);
    screens.wait_for("Needs you");
    // Who started the run is cut off too.
    let mut follower = Follower::start_at(&site, line.address, &format!("{START} 100"));
    follower.wait_for("run_1  0/2000");
    assert_eq!(present(&site), 2);
    line.slow_down(SLOW);
    screens.ask_for_frames();
    line.cut();
    until("the end of both sessions", || present(&site) == 0);
    assert_eq!(follower.process.wait().unwrap().code(), Some(255));
    assert_eq!(screens.ssh.wait().unwrap().code(), Some(255));
    let watched = site.says("run watch run_1", "");
    assert!(watched.stdout.contains("finished"), "{watched:?}");
    assert!(watched.stdout.contains("2000"), "{watched:?}");
}
