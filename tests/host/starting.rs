//! Hosts that the screens start by themselves.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command};

use crate::house::until;
use crate::pegbox::Pegbox;
use crate::terminal::Terminal;

/// People who open screens at the same time.
const PEOPLE: usize = 12;

/// A store whose host, if the screens start one, is stopped when this is dropped.
struct Store(Pegbox);

impl Store {
    fn with_records() -> Self {
        Self(Pegbox::with_records(1))
    }

    fn open(&self) -> Terminal {
        let mut terminal = self.open_unseen();
        terminal.wait_for("Needs you");
        terminal
    }

    fn open_unseen(&self) -> Terminal {
        Terminal::open_as("anna", &self.0.store(), &[])
    }

    /// The process of the host.
    fn host(&self) -> Option<i64> {
        let said = self.0.says(&["host", "status", "--json"]);
        said.json()["host"]["pid"].as_i64()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.0.store().join("host/log")).unwrap_or_default()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.0.says(&["host", "stop"]);
    }
}

fn kill(pid: i64) {
    assert!(
        Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn quit(mut terminal: Terminal) {
    terminal.type_in("q");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn the_first_screens_start_a_host_that_stays() {
    let store = Store::with_records();
    assert_eq!(store.host(), None, "commands start none");
    quit(store.open());
    let host = store.host();
    assert!(host.is_some(), "{}", store.log());
    quit(store.open());
    assert_eq!(store.host(), host, "the second joins it");
}

#[test]
fn of_many_who_open_screens_at_once_one_starts_the_host() {
    let store = Store::with_records();
    let mut terminals: Vec<Terminal> = (0..PEOPLE).map(|_| store.open_unseen()).collect();
    for terminal in &mut terminals {
        terminal.wait_for("Needs you");
    }
    assert_eq!(store.log().matches("started: pegbox").count(), 1, "{}", store.log());
    let present = store.0.json(&["host", "status"])["present"].clone();
    assert_eq!(present.as_array().unwrap().len(), PEOPLE);
}

#[test]
fn whoever_wants_no_host_gets_none() {
    let store = Store::with_records();
    let mut terminal = Terminal::open(&store.0.store());
    terminal.wait_for("Needs you");
    assert_eq!(store.host(), None);
    quit(terminal);
    std::fs::write(store.0.store().join("config.toml"), "[host]\nstart = false\n").unwrap();
    let terminal = store.open();
    assert_eq!(store.host(), None);
    quit(terminal);
}

#[test]
fn screens_work_alone_where_no_host_can_be_started_and_say_so() {
    let store = Store::with_records();
    let folder = store.0.store().join("host");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let mut terminal = store.open_unseen();
    terminal.wait_for("no host could be started");
    terminal.wait_for("Needs you");
    quit(terminal);
}

#[test]
fn after_a_host_was_killed_the_next_screens_start_one_and_say_what_happened() {
    let store = Store::with_records();
    let mut terminal = store.open();
    let host = store.host().unwrap();
    kill(host);
    until("its end", || !is_alive(host));
    terminal.wait_for("the host ended before the command did");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    let mut terminal = store.open();
    terminal.wait_for("did not end as it should");
    quit(terminal);
    let mut terminal = store.open();
    terminal.type_in("1");
    assert!(!terminal.shown().contains("did not end"), "it is said once");
    quit(terminal);
}

#[test]
fn whoever_comes_back_is_where_they_were() {
    let store = Store::with_records();
    let mut terminal = store.open();
    terminal.type_in("a");
    terminal.wait_for("New prompt");
    terminal.type_in("refund_pol");
    terminal.wait_for("refund_pol");
    // The terminal is closed.
    terminal.child.kill().unwrap();
    until("the end of the guest", || {
        store.0.json(&["host", "status"])["present"]
            .as_array()
            .unwrap()
            .is_empty()
    });
    let mut terminal = store.open_unseen();
    terminal.wait_for("back where you were");
    terminal.wait_for("refund_pol");
    terminal.type_in("icy\x1b");
    terminal.wait_until_gone("New prompt");
    terminal.type_in("3");
    terminal.wait_for("[3 Data]");
    // Left by a command, to come back.
    terminal.type_in(":");
    terminal.wait_for("type to find");
    terminal.type_in("detach\r");
    terminal.wait_for("detached: pegbox comes back");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    let mut terminal = store.open_unseen();
    terminal.wait_for("[3 Data]");
    // Left for good.
    terminal.type_in("qq");
    terminal.read_to_end();
    let mut terminal = store.open();
    assert!(terminal.shown().contains("[1 Home]"), "{}", terminal.shown());
    terminal.type_in("q");
    terminal.read_to_end();
}

#[test]
fn a_socket_and_a_lock_that_somebody_removed_are_there_again() {
    let store = Store::with_records();
    let terminal = store.open();
    let host = store.host();
    std::fs::remove_dir_all(store.0.store().join("host")).unwrap();
    until("the host", || store.host() == host);
    store.0.does(&["who"]);
    quit(terminal);
}

#[test]
fn a_host_whose_store_is_removed_ends() {
    let store = Store::with_records();
    let terminal = store.open();
    let host = store.host().unwrap();
    quit(terminal);
    std::fs::remove_dir_all(store.0.store()).unwrap();
    until("its end", || !is_alive(host));
}

fn is_alive(pid: i64) -> bool {
    Command::new("kill")
        .args(["-0", &pid.to_string()])
        .output()
        .unwrap()
        .status
        .success()
}

/// Something that looks like a host of another version: a process, a lock, a socket that says no.
struct OtherVersion {
    process: Child,
    lock: std::fs::File,
    listener: UnixListener,
}

impl OtherVersion {
    fn at(store: &Store) -> Self {
        let folder = store.0.store().join("host");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        let socket = folder.join("other");
        let listener = UnixListener::bind(&socket).unwrap();
        let process = Command::new("sleep").arg("600").spawn().unwrap();
        let running = serde_json::json!({
            "pid": process.id(), "version": "0.0.1", "protocol": 0, "socket": socket, "detached": true,
        });
        std::fs::write(folder.join("lock"), running.to_string()).unwrap();
        let lock = std::fs::File::open(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        Self {
            process,
            lock,
            listener,
        }
    }

    /// Refuses the first guest, and is gone when it is told to be.
    fn refuse(mut self, is_replaceable: bool) -> std::thread::JoinHandle<()> {
        std::thread::spawn(move || {
            let (mut guest, _) = self.listener.accept().unwrap();
            let refusal = serde_json::json!({
                "what": "the host is pegbox 0.0.1; it works at run_7", "hint": "wait", "is_replaceable": is_replaceable,
            });
            let refusal = refusal.to_string().into_bytes();
            let length = u32::try_from(refusal.len()).unwrap().to_be_bytes();
            let message = [&[2][..], &length, &refusal].concat();
            std::io::Write::write_all(&mut guest, &message).unwrap();
            let mut greeting = Vec::new();
            let _ = guest.read_to_end(&mut greeting);
            if !is_replaceable {
                self.process.kill().unwrap();
            }
            self.process.wait().unwrap();
            drop(self.lock);
        })
    }
}

#[test]
fn a_host_of_another_version_that_nobody_needs_is_replaced() {
    let store = Store::with_records();
    let other = OtherVersion::at(&store);
    let pid = i64::from(other.process.id());
    let refusing = other.refuse(true);
    let terminal = store.open();
    assert!(store.host().is_some_and(|host| host != pid), "{}", store.log());
    quit(terminal);
    refusing.join().unwrap();
}

#[test]
fn a_host_of_another_version_that_is_needed_is_left_alone() {
    let store = Store::with_records();
    let refusing = OtherVersion::at(&store).refuse(false);
    let mut terminal = store.open_unseen();
    terminal.wait_for("it works at run_7");
    terminal.wait_for("hint: wait");
    terminal.read_to_end();
    refusing.join().unwrap();
}
