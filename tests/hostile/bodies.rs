//! Servers that answer with something that is no answer.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::desk::Desk;
use crate::support::server::{Answer, Server};

#[test]
fn an_error_inside_a_200_is_an_error() {
    for (body, kind, attempts, part) in [
        (
            r#"{"error":{"message":"the model fell over","type":"server_error"}}"#,
            "server",
            2,
            "the model fell over (server_error)",
        ),
        (
            r#"{"error":{"message":"no such prompt","type":"invalid_request_error"}}"#,
            "bad_request",
            1,
            "no such prompt (invalid_request_error)",
        ),
        (
            r#"{"error":{"message":"a word of its own","code":"x_17"}}"#,
            "server",
            2,
            "a word of its own (x_17)",
        ),
    ] {
        let server = Server::start(move |_| Answer::new(200, body));
        let fault = Desk::new(1).fails(&server.base_url(), &["--attempts", "2"]);
        fault.assert_is(kind, attempts, &[part]);
        assert_eq!(fault.outcome["attempts"][0]["status"], 200, "{fault:#?}");
        assert_eq!(server.requests().len(), attempts);
    }
}

#[test]
fn what_is_not_json_is_kept_and_not_asked_for_again() {
    for body in [
        "{\"choices\":[{\"message\":{\"content\":\"ye",
        "yes",
        "<html>Sign in</html>",
        "",
        "\u{0}\u{1b}[2J",
    ] {
        let server = Server::start(move |_| Answer::new(200, body));
        let fault = Desk::new(1).fails(&server.base_url(), &["--attempts", "3"]);
        fault.assert_is("bad_response", 1, &["the answer cannot be read: "]);
        assert_eq!(fault.outcome["raw_response"], body);
        assert_eq!(server.requests().len(), 1);
    }
}

/// By the test that is told how many were sent, which no other one may spoil.
static SENT_BYTES: AtomicU64 = AtomicU64::new(0);

fn a_hundred_megabytes(stream: &mut TcpStream) -> std::io::Result<()> {
    const MEGABYTE: &[u8] = &[b'x'; 1_000_000];
    for _ in 0..100 {
        stream.write_all(MEGABYTE)?;
        SENT_BYTES.fetch_add(1_000_000, Ordering::SeqCst);
    }
    Ok(())
}

fn declared(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")?;
    a_hundred_megabytes(stream)
}

fn undeclared(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
    a_hundred_megabytes(stream)
}

#[test]
fn a_hundred_megabytes_are_not_read_to_the_end() {
    type Write = fn(&mut TcpStream) -> std::io::Result<()>;
    // What the system's buffers took counts as sent.
    let cases: [(Write, u64); 2] = [(declared, 20_000_000), (undeclared, 60_000_000)];
    for (write, most) in cases {
        SENT_BYTES.store(0, Ordering::SeqCst);
        let server = Server::start(move |_| Answer::By(write));
        let desk = Desk::new(1);
        let fault = desk.fails(&server.base_url(), &["--attempts", "3", "--timeout-s", "60"]);
        fault.assert_is("bad_response", 1, &["the answer is larger than 32 MiB; it begins: xxx"]);
        let sent = SENT_BYTES.load(Ordering::SeqCst);
        assert!(sent < most, "{sent} bytes were taken");
        let kept = fault.outcome["raw_response"].as_str().unwrap().len();
        assert_eq!(kept, 64 * 1024, "enough to see what it was");
    }
}

#[test]
fn many_large_answers_at_once_all_get_their_turn() {
    const AT_ONCE: usize = 12;
    let server = Server::start(|_| Answer::new(200, vec![b'x'; 34_000_000]));
    let desk = Desk::new(AT_ONCE);
    let in_flight = AT_ONCE.to_string();
    let further = ["--concurrency", &in_flight, "--timeout-s", "120"];
    let fault = desk.fails(&server.base_url(), &further);
    assert_eq!(fault.kind, "bad_response", "{fault:#?}");
    let shown = desk.does(&["run", "show", "run_1"]).stdout;
    assert!(shown.contains("12 of 12 saved"), "{shown}");
    assert_eq!(server.requests().len(), AT_ONCE);
}
