//! Guests and hosts that misbehave or are hit, and what it costs the others: nothing.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use crate::house::{House, until};
use crate::pegbox::Pegbox;
use crate::runs::{asking, start_asking};
use crate::support::server::{Answer, Server};
use crate::terminal::Terminal;

fn signal(terminal: &Terminal, name: &str) {
    let id = terminal.child.process_id().unwrap().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
}

fn new_prompt(pegbox: &Pegbox, name: &str) {
    pegbox.does(&["prompt", "new", name, "--description", "greets a customer by name"]);
}

#[test]
fn a_guest_that_stands_still_slows_nobody_and_is_up_to_date_again_when_it_goes_on() {
    let house = House::with_records(1);
    let store = house.pegbox.store();
    let mut stuck = Terminal::open_as("anna", &store, &[]);
    let mut other = Terminal::open_as("ben", &store, &[]);
    for terminal in [&mut stuck, &mut other] {
        terminal.wait_for("Needs you");
        terminal.type_in("2");
        terminal.wait_for("support_triage");
    }
    signal(&stuck, "STOP");
    for number in 0..4 {
        let name = format!("prompt_{number}");
        new_prompt(&house.pegbox, &name);
        other.wait_for(&name);
    }
    signal(&stuck, "CONT");
    stuck.wait_for("prompt_3");
    assert!(!stuck.is_restored(), "it is in its screens still");
    stuck.type_in("?");
    stuck.wait_for("Help: Prompts");
}

/// Bytes that look random and are the same every time (xorshift64).
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn noise_on_the_socket_hurts_nobody() {
    let house = House::with_records(1);
    let socket = house.socket();
    let hello = br#"{"protocol":1,"version":"0","words":["pegbox","status"],"terminals":[true,true,true]}"#;
    let length = u32::try_from(hello.len()).unwrap().to_be_bytes();
    let greeting = [&[1][..], &length, hello].concat();
    for seed in 1..200 {
        let mut stream = UnixStream::connect(&socket).unwrap();
        // Half of them are polite at first. A host that hangs up early is right.
        if seed % 2 == 0 {
            let _ = stream.write_all(&greeting);
        }
        // Kinds that there are, with lengths that fit, now and then: pure noise ends at its first length.
        let mut bytes = noise(seed, 300);
        if seed % 3 == 0 {
            bytes.splice(..5, [bytes[0] % 12, 0, 0, 0, bytes[4] % 64]);
        }
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    house.pegbox.does(&["status"]);
    assert!(!house.log().contains("panicked"), "{}", house.log());
}

#[test]
fn a_run_of_a_host_that_was_killed_can_be_resumed() {
    let mut house = House::of(asking(4), &[]);
    let server = Server::start(|_| Answer::Hang);
    let url = server.base_url();
    let mut command = house.pegbox.command(&start_asking(&url));
    let mut follower = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the run", || {
        house.pegbox.says(&["run", "show", "run_1"]).stdout.contains("running:")
    });
    let mut terminal = Terminal::open_as("anna", &house.pegbox.store(), &[]);
    terminal.wait_for("Needs you");
    house.kill();
    terminal.wait_for("pegbox run resume RUN");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    assert_eq!(follower.wait().unwrap().code(), Some(5));
    house.reopen();
    let shown = house.pegbox.does(&["run", "show", "run_1"]);
    assert!(shown.contains("interrupted: "), "{shown}");
    let mut terminal = Terminal::open_as("anna", &house.pegbox.store(), &[]);
    terminal.wait_for("did not end as it should");
}
