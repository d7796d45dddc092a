//! Peers that are no pegbox, or another one.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use crate::house::House;

/// A message as it goes over the socket.
fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind], &length[..], payload].concat()
}

/// What the host answers to bytes before it closes the connection.
fn answer(house: &House, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(house.socket()).unwrap();
    // The host may have closed it already.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn only_the_owner_can_reach_the_socket() {
    let house = House::with_records(1);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let socket = house.socket();
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn hostile_bytes_get_nothing_and_hurt_nobody() {
    let house = House::with_records(1);
    let hello = br#"{"protocol":1,"version":"0","words":["pegbox","status"]}"#;
    let huge = [&[1][..], &u32::MAX.to_be_bytes()].concat();
    let deep = "[".repeat(500_000);
    let cases: [(&str, Vec<u8>); 8] = [
        ("nothing", Vec::new()),
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("a length of 4 GB", huge),
        ("half a greeting", message(1, hello)[..20].to_vec()),
        ("no greeting first", message(3, b"")),
        ("no JSON", message(1, b"hello")),
        ("deep JSON", message(1, deep.as_bytes())),
        ("an unknown kind", message(99, hello)),
    ];
    for (what, bytes) in cases {
        assert!(answer(&house, &bytes).is_empty(), "{what}");
    }
    // Well greeted, then garbage: the command is carried out, and the rest is not listened to.
    let greeted = [message(1, hello), message(200, &[0; 64])].concat();
    assert!(!answer(&house, &greeted).is_empty());
    let unasked = [message(1, hello), message(2, b"input"), message(2, b"input")].concat();
    assert!(!answer(&house, &unasked).is_empty());
    assert_eq!(house.pegbox.says(&["status"]).code, 0);
}

#[test]
fn another_version_is_told_what_to_do() {
    let house = House::with_records(1);
    let answer = answer(&house, &message(1, br#"{"protocol":99,"version":"9.0.0","new":true}"#));
    let (head, refusal) = answer.split_at(5);
    assert_eq!(head[0], 2);
    let refusal: serde_json::Value = serde_json::from_slice(refusal).unwrap();
    let what = refusal["what"].as_str().unwrap();
    assert!(
        what.contains("protocol 2") && what.contains("pegbox 9.0.0 (protocol 99)"),
        "{what}"
    );
    assert!(
        refusal["hint"].as_str().unwrap().contains("pegbox host stop"),
        "{refusal}"
    );
}
