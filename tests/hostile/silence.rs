//! Servers that say nothing, too little, or nothing to the end.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::desk::Desk;
use crate::support::server::{Answer, Server};

#[test]
fn a_server_that_hangs_is_given_up() {
    let server = Server::start(|_| Answer::Hang);
    let fault = Desk::new(1).fails(&server.base_url(), &["--attempts", "2"]);
    fault.assert_is("timeout", 2, &["no answer from 127.0.0.1 within 1 s"]);
    assert_eq!(server.requests().len(), 2);
}

/// The head of an answer at once, and then a byte a second for as long as somebody listens.
fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")?;
    loop {
        stream.write_all(b" ")?;
        thread::park_timeout(Duration::from_secs(1));
    }
}

#[test]
fn a_server_that_drips_does_not_hold_a_run_up() {
    let server = Server::start(|_| Answer::By(drip));
    let fault = Desk::new(1).fails(&server.base_url(), &["--attempts", "2"]);
    fault.assert_is("timeout", 2, &["no answer from 127.0.0.1 within 1 s"]);
    assert_eq!(server.requests().len(), 2);
}

/// The system resets a connection that is closed with bytes that nobody has read.
fn resetting() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let accepting = listener.try_clone().unwrap();
    thread::spawn(move || {
        for stream in accepting.incoming() {
            let Ok(stream) = stream else { return };
            drop(stream.peek(&mut [0]));
        }
    });
    listener
}

#[test]
fn a_server_that_resets_is_tried_again_and_named() {
    let listener = resetting();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let fault = Desk::new(1).fails(&base_url, &["--attempts", "2"]);
    fault.assert_is("connect", 2, &["127.0.0.1"]);
}

fn longer_than_it_is(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"choices\":[{\"message\"")
}

fn shorter_than_it_is(stream: &mut TcpStream) -> std::io::Result<()> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"yes\"}}]}")
}

fn no_length(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: some\r\n\r\n{}")
}

fn two_lengths(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 900\r\n\r\n{}")
}

fn no_http(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n")?;
    // Until the other side is gone.
    stream.read_to_end(&mut Vec::new()).map(drop)
}

#[test]
fn a_wrong_content_length_is_no_answer() {
    type Case = (
        fn(&mut TcpStream) -> std::io::Result<()>,
        &'static str,
        usize,
        &'static str,
    );
    let cases: [Case; 5] = [
        (longer_than_it_is, "connect", 2, "the connection to 127.0.0.1 broke"),
        (shorter_than_it_is, "bad_response", 1, "not JSON"),
        (no_length, "connect", 2, "the connection to 127.0.0.1 broke"),
        (two_lengths, "connect", 2, "the connection to 127.0.0.1 broke"),
        (no_http, "connect", 2, "the connection to 127.0.0.1 broke"),
    ];
    for (write, kind, attempts, part) in cases {
        let server = Server::start(move |_| Answer::By(write));
        let fault = Desk::new(1).fails(&server.base_url(), &["--attempts", "2"]);
        fault.assert_is(kind, attempts, &[part]);
        assert_eq!(server.requests().len(), attempts);
    }
}
