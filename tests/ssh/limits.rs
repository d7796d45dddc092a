//! Floods, garbage, and peers that do nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::house::until;
use crate::site::{Site, is_missing};

/// Logins of one address at a time, and connections of it that have not logged in, with those that wait for their turn.
const PLACES_PER_SOURCE: usize = 16;
const STRANGERS_PER_SOURCE_MAX: usize = 64;

/// A connection that says nothing, and what the host said first.
fn stranger(site: &Site) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(site.address).unwrap();
    let mut bytes = [0; 256];
    let count = stream.read(&mut bytes).unwrap();
    (stream, String::from_utf8_lossy(&bytes[..count]).into_owned())
}

#[test]
fn so_many_wait_for_their_login_and_the_next_are_told_so() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let strangers: Vec<_> = (0..PLACES_PER_SOURCE).map(|_| stranger(&site)).collect();
    assert!(strangers.iter().all(|(_, said)| said.starts_with("SSH-2.0-pegbox\r\n")));
    let waiting = STRANGERS_PER_SOURCE_MAX - PLACES_PER_SOURCE;
    let mut waiting: Vec<TcpStream> = (0..=waiting)
        .map(|_| TcpStream::connect(site.address).unwrap())
        .collect();
    // The last is not always the one that is sent away: they are taken in side by side.
    let mut refused = None;
    until("one that is sent away", || {
        refused = refused.or_else(|| waiting.iter().position(has_something));
        refused.is_some()
    });
    let mut refused = waiting.remove(refused.unwrap());
    let mut said = String::new();
    refused.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("pegbox: too many connections"), "{said}");
    assert!(
        site.logged("too many connections of its address")
            .contains("ssh 127.0.0.1 refused")
    );
    assert!(!waiting.iter().any(has_something), "the others wait");
    drop((strangers, waiting));
    until("a place", || site.try_key("anna", "pegbox") == 0);
}

/// Whether the host has sent something.
fn has_something(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let has = stream.peek(&mut [0]).is_ok();
    stream.set_nonblocking(false).unwrap();
    has
}

/// Other addresses of the loopback network are there without being set up on Linux alone.
#[cfg(target_os = "linux")]
#[test]
fn another_address_has_places_of_its_own() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let from = |source: &str| {
        let mut command = site.ssh("anna", "pegbox");
        command.args(["-b", source, "127.0.0.1", "status"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let strangers: Vec<(TcpStream, String)> = (0..PLACES_PER_SOURCE).map(|_| stranger(&site)).collect();
    let mut behind = from("127.0.0.1");
    let mut beside = from("127.0.0.9");
    assert_eq!(beside.wait().unwrap().code(), Some(0));
    assert_eq!(behind.try_wait().unwrap(), None, "it waits for its turn");
    drop(strangers);
    assert_eq!(behind.wait().unwrap().code(), Some(0));
}

/// So many clients with a wrong key at once.
fn storm(site: &Site, count: usize) -> Vec<Child> {
    let start = |_| {
        let mut command = site.ssh("mallory", "pegbox");
        command.args(["127.0.0.1", "status"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    (0..count).map(start).collect()
}

/// Sends wrong keys, in waves, and then a right one. The log grows by a few lines a minute.
fn withstand(waves: usize, wave: usize) {
    let site = Site::with_records(1);
    site.key("mallory", &["-t", "ed25519"]);
    let before = site.house.log().len();
    for _ in 0..waves {
        for mut child in storm(&site, wave) {
            assert_eq!(child.wait().unwrap().code(), Some(255));
        }
    }
    until("a place", || site.try_key("anna", "pegbox") == 0);
    let log = site.house.log();
    assert!(log.contains("refused: "), "{log}");
    let minutes = 1 + waves;
    assert!(log.len() - before < minutes * 25 * 200, "{} bytes", log.len() - before);
}

#[test]
fn two_hundred_wrong_keys_at_once_keep_nobody_out_for_long() {
    if is_missing() {
        return;
    }
    withstand(1, 200);
}

/// The long form of the test above, for a machine with time: `PEGBOX_WRONG_KEYS=10000`.
#[test]
#[ignore = "takes many minutes: set PEGBOX_WRONG_KEYS to how many, such as 10000"]
fn ten_thousand_wrong_keys_fill_no_disk() {
    let count: usize = std::env::var("PEGBOX_WRONG_KEYS").unwrap().parse().unwrap();
    withstand(count.div_ceil(50), 50);
}

#[test]
fn garbage_ends_its_own_connection() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let hello = b"SSH-2.0-x\r\n".as_slice();
    for garbage in [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".as_slice(),
        &[0; 4_096],
        vec![0xff; 70_000].as_slice(),
        &[hello, &[0xff; 64]].concat(),
        &[hello, &[0, 0, 0, 1, 0]].concat(),
        &[hello, &[0, 0, 0, 12, 0], &[20; 11]].concat(),
        &[hello, &[0x7f, 0xff, 0xff, 0xff, 4, 20]].concat(),
    ] {
        let mut stream = TcpStream::connect(site.address).unwrap();
        // The host may have closed it before all is written.
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(site.try_key("anna", "pegbox"), 0);
    site.house.pegbox.does(&["store", "verify"]);
}
