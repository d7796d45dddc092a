//! Many who come at once: over connections of their own, and over one.

use std::process::{Child, Command, Stdio};

use crate::house::until;
use crate::pegbox::Said;
use crate::runs::{Follower, START};
use crate::site::{Site, given, is_missing};

/// What the host carries out over one connection at a time.
const SESSIONS_MAX: usize = 8;

#[test]
fn thirty_logins_at_once_all_succeed() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let start = |_| {
        let mut command = site.ssh("anna", "pegbox");
        command.args(["127.0.0.1", "whoami"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let clients: Vec<Child> = (0..30).map(start).collect();
    for client in clients {
        let said = Said::of(&client.wait_with_output().unwrap());
        assert!(said.code == 0 && said.stdout.contains("anna"), "{said:?}");
    }
    assert!(!site.house.log().contains("refused"), "{}", site.house.log());
}

/// A connection of anna's that others share.
struct Shared<'a> {
    site: &'a Site,
    control: String,
    master: Child,
}

impl<'a> Shared<'a> {
    fn open(site: &'a Site) -> Self {
        let control = format!("ControlPath={}", site.path("control").display());
        let mut command = site.ssh("anna", "pegbox");
        // The first of a kind of option counts, so this one is not among the others.
        let words: Vec<_> = command.get_args().filter(|word| *word != "ControlMaster=no").collect();
        let mut words: Vec<_> = words.into_iter().map(std::ffi::OsStr::to_owned).collect();
        let gap = words.iter().rposition(|word| word == "-o").unwrap();
        words.remove(gap);
        command = Command::new("ssh");
        command.args(words).args(["-M", "-N", "-o", &control, "127.0.0.1"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let master = command.spawn().unwrap();
        let shared = Self { site, control, master };
        until("the connection that others share", || shared.says("status").code == 0);
        shared
    }

    /// A command over it, and over nothing else: no host has such a name.
    fn ssh(&self, line: &str) -> Command {
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-o", &self.control, "-o", "ControlMaster=no"]);
        command.args(["nowhere.invalid", line]);
        command
    }

    fn says(&self, line: &str) -> Said {
        Said::of(&given(self.ssh(line), b""))
    }
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        let _ = self.master.kill();
        let _ = self.master.wait();
    }
}

#[test]
fn one_connection_carries_eight_sessions_and_tells_the_ninth_why_not() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(20);
    let shared = Shared::open(&site);
    let mut starter = Follower::start(&site, &format!("{START} 1000"));
    starter.wait_for("run_1  0/20000");
    let watch = |_| Follower::of(shared.ssh("run watch run_1"));
    let mut watchers: Vec<Follower> = (0..SESSIONS_MAX).map(watch).collect();
    for watcher in &mut watchers {
        watcher.wait_for("run_1  ");
    }
    let ninth = shared.says("status");
    assert_eq!((ninth.code, ninth.stdout.as_str()), (5, ""), "{ninth:?}");
    assert!(
        ninth.stderr.contains("this connection has 8 sessions already") && ninth.stderr.contains("hint: end one"),
        "{ninth:?}"
    );
    // Another connection is another matter, and so is this one when a session has ended.
    assert_eq!(site.says("status", "").code, 0);
    watchers[3].process.kill().unwrap();
    watchers[3].process.wait().unwrap();
    until("a session more", || shared.says("status").code == 0);
    site.says("run cancel run_1", "");
    starter.process.wait().unwrap();
    for mut watcher in watchers {
        watcher.process.wait().unwrap();
    }
    // Sessions one after the other are no crowd.
    for _ in 0..2 * SESSIONS_MAX {
        assert_eq!(shared.says("status").code, 0);
    }
    assert_eq!(shared.site.house.log().matches("anna came with").count(), 4);
}
