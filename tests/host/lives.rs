//! How hosts begin and end.

use crate::house::{House, host_command, until};
use crate::pegbox::{Pegbox, Said};
use crate::terminal::Terminal;

fn refused(pegbox: &Pegbox) -> Said {
    let said = Said::of(&host_command(pegbox).output().unwrap());
    assert_eq!(said.code, 5, "{said:?}");
    said
}

/// What `host status` says where there is none, with the exit code of what is not there.
fn no_host(pegbox: &Pegbox) -> serde_json::Value {
    let said = pegbox.says(&["host", "status", "--json"]);
    assert_eq!(said.code, 3, "{said:?}");
    said.json()
}

#[test]
fn a_store_has_one_host() {
    let house = House::with_records(1);
    let said = refused(&house.pegbox);
    let expected = format!("has a host already: process {}, pegbox ", house.host.id());
    assert!(said.stderr.contains(&expected), "{said:?}");
    assert_eq!(house.pegbox.json(&["host", "status"])["host"]["pid"], house.host.id());
}

#[test]
fn what_a_dead_host_left_is_replaced() {
    let mut house = House::with_records(1);
    let socket = house.socket();
    house.kill();
    assert!(socket.exists(), "a killed host takes nothing away");
    assert_eq!(no_host(&house.pegbox)["host"], serde_json::Value::Null);
    // Without a host the command opens the store itself.
    house.pegbox.does(&["status"]);
    let guests = house.guests();
    house.reopen();
    house.pegbox.does(&["status"]);
    until("one more guest's line in the log", || house.guests() == guests + 1);
}

#[test]
fn a_store_that_is_in_use_has_no_host() {
    let pegbox = Pegbox::with_records(1);
    let mut terminal = Terminal::open(&pegbox.store());
    terminal.wait_for("Needs you");
    let said = refused(&pegbox);
    assert!(
        said.stderr.contains("in use") && said.stderr.contains("hint: "),
        "{said:?}"
    );
    terminal.type_in("q");
    terminal.read_to_end();
}

#[test]
fn a_folder_that_others_can_enter_is_no_place_for_a_host() {
    use std::os::unix::fs::PermissionsExt;
    let pegbox = Pegbox::with_records(1);
    let folder = pegbox.store().join("host");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let said = refused(&pegbox);
    assert!(
        said.stderr
            .contains("is open to others (mode 755)\nhint: make it yours alone"),
        "{said:?}"
    );
}

/// A store so deep that its socket would not fit beside it.
#[test]
fn a_long_path_is_no_hindrance() {
    let outer = tempfile::tempdir().unwrap();
    let deep = outer.path().join("d".repeat(200));
    std::fs::create_dir(&deep).unwrap();
    let home = tempfile::tempdir_in(deep).unwrap();
    let temporary = std::env::temp_dir();
    let house = House::of(Pegbox { home }, &[("TMPDIR", temporary.to_str().unwrap())]);
    let socket = house.socket();
    assert!(socket.as_os_str().len() < 100, "{socket:?}");
    house.pegbox.does(&["status"]);
    until("the guest's line in the log", || house.guests() == 1);
    house.pegbox.does(&["host", "stop"]);
    assert!(!socket.exists());
}

#[test]
fn the_socket_is_where_the_system_keeps_such() {
    let pegbox = Pegbox::with_records(1);
    let runtime = pegbox.home.path().join("run");
    std::fs::create_dir(&runtime).unwrap();
    let house = House::of(pegbox, &[("XDG_RUNTIME_DIR", runtime.to_str().unwrap())]);
    assert!(house.socket().starts_with(&runtime), "{:?}", house.socket());
    // A guest without that variable, as from cron, finds it all the same.
    house.pegbox.does(&["status"]);
    until("the guest's line in the log", || house.guests() == 1);
}

#[test]
fn a_host_in_the_background_ends_when_nobody_needs_it() {
    let pegbox = Pegbox::with_records(1);
    let started = pegbox.does(&["host", "--detach", "--idle", "1s"]);
    assert!(started.starts_with("ready: process "), "{started}");
    pegbox.does(&["status"]);
    let log = || std::fs::read_to_string(pegbox.store().join("host/log")).unwrap();
    until("the guest's end", || log().contains("ended with 0"));
    until("its end", || {
        pegbox.says(&["host", "status"]).stdout.contains("has no host")
    });
    assert!(log().contains("nobody needs the host any more"), "{}", log());
}

#[test]
fn a_host_that_cannot_start_in_the_background_says_why() {
    let pegbox = Pegbox::with_records(1);
    std::fs::write(pegbox.store().join("config.toml"), "colour = 1\n").unwrap();
    let said = pegbox.says(&["host", "--detach"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(
        said.stderr.contains("the host did not start: ") && said.stderr.contains("colour"),
        "{said:?}"
    );
}

#[test]
fn stopping_tells_when_there_is_nothing_to_stop() {
    let pegbox = Pegbox::with_records(1);
    assert!(pegbox.does(&["host", "stop"]).contains("has no host"));
    let log = pegbox.store().join("host/log");
    assert_eq!(no_host(&pegbox)["log"], log.to_str().unwrap());
}
