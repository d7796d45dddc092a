//! Who is let in: by which key, by which certificate, and for how long.

use std::process::{Child, Command, Stdio};

use crate::house::until;
use crate::pegbox::{Pegbox, REASON, Said};
use crate::site::{Site, given, is_missing, keygen};

#[test]
fn keys_of_each_kind_let_their_person_in() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    for (name, kind) in [
        ("rsa", &["-t", "rsa", "-b", "2048"][..]),
        ("ecdsa", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa5", &["-t", "ecdsa", "-b", "521"]),
    ] {
        let key = site.key(name, kind);
        assert_eq!(site.try_key(name, "pegbox"), 255, "{name} is nobody's yet");
        assert!(
            site.logged("is nobody's")
                .contains("refused: user \"pegbox\": key SHA256:")
        );
        site.adds(&[name, "--role", "read-only", "--key", &key]);
        assert_eq!(site.try_key(name, "pegbox"), 0, "{name}");
        assert_eq!(site.try_key(name, name), 0, "{name} under their own name");
        assert_eq!(site.try_key(name, "anna"), 255, "{name} under another's name");
    }
    let mut command = site.ssh("rsa", "pegbox");
    command.args(["-o", "PubkeyAcceptedAlgorithms=ssh-rsa", "127.0.0.1", "status"]);
    assert_eq!(given(command, b"").status.code(), Some(255), "SHA-1 proves nothing");
}

#[test]
fn a_host_without_people_lets_nobody_in() {
    if is_missing() {
        return;
    }
    let site = Site::without_people(Pegbox::with_records(1));
    site.key("anna", &["-t", "ed25519"]);
    assert_eq!(site.try_key("anna", "pegbox"), 255);
}

#[test]
fn whoever_is_removed_stays_out() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    assert_eq!(site.try_key("anna", "anna"), 0);
    site.house.pegbox.does(&["user", "remove", "anna", "--reason", REASON]);
    assert_eq!(site.try_key("anna", "anna"), 255);
}

/// Signs anna's certificate with an authority.
fn certify(site: &Site, authority: &str, arguments: &[&str]) {
    let authority = site.path(authority);
    let key = site.path("cert.pub");
    let all = [
        &["-s", authority.to_str().unwrap(), "-I", "anna at work"],
        arguments,
        &[key.to_str().unwrap()],
    ];
    keygen(all.concat());
}

#[test]
fn a_certificate_counts_for_whom_and_as_long_as_it_says() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let authority = site.key("authority", &["-t", "ed25519"]);
    site.key("forger", &["-t", "ed25519"]);
    site.key("cert", &["-t", "ed25519"]);
    for person in ["ben", "cleo"] {
        site.adds(&[
            person,
            "--role",
            "author",
            "--certificate-authority",
            "--key",
            &authority,
        ]);
    }
    let tried = |user| site.try_key("cert", user);
    assert_eq!(tried("ben"), 255, "the bare key is nobody's");
    assert_eq!(site.try_key("authority", "ben"), 255, "nor is that of the authority");

    certify(&site, "authority", &["-n", "ben", "-V", "+1h", "-z", "7"]);
    assert_eq!(
        (tried("ben"), tried("pegbox"), tried("cleo"), tried("anna")),
        (0, 0, 255, 255)
    );
    let came = site.logged("ben came with");
    assert!(
        came.contains("certificate \"anna at work\" number 7 of SHA256:"),
        "{came}"
    );
    let mut command = site.ssh("cert", "pegbox");
    command.args(["127.0.0.1", "whoami"]);
    assert!(Said::of(&given(command, b"")).stdout.contains("ben"));

    certify(&site, "authority", &["-n", "ben,cleo", "-V", "+1h"]);
    assert_eq!((tried("ben"), tried("cleo"), tried("pegbox")), (0, 0, 255));
    // Client and library turn down what is not valid now or not a person's before we see it: the bare key is left.
    for (arguments, why) in [
        (&["-n", "ben", "-V", "-2h:-1h"][..], "is nobody's"),
        (&["-n", "ben", "-V", "+1h:+2h"], "is nobody's"),
        (&["-n", "dora", "-V", "+1h"], "names nobody whose authority signed it"),
        (&["-V", "+1h"], "names nobody whose authority signed it"),
        (&["-h", "-n", "ben", "-V", "+1h"], "is nobody's"),
        (
            &["-n", "ben", "-V", "+1h", "-O", "force-command=status"],
            "has the critical option force-command",
        ),
    ] {
        certify(&site, "authority", arguments);
        let before = site.house.log().len();
        assert_eq!(tried("ben"), 255, "{arguments:?}");
        assert!(site.logged_after(before, why).contains("refused: user \"ben\""));
    }
    certify(&site, "forger", &["-n", "ben", "-V", "+1h"]);
    assert_eq!(tried("ben"), 255);
    assert!(site.logged("which nobody has as an authority").contains("SHA256:"));
}

#[test]
fn a_certificate_is_good_from_the_addresses_that_it_names() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let authority = site.key("authority", &["-t", "ed25519"]);
    site.key("cert", &["-t", "ed25519"]);
    site.adds(&[
        "ben",
        "--role",
        "author",
        "--certificate-authority",
        "--key",
        &authority,
    ]);
    let tried = |addresses: &str| {
        let option = format!("source-address={addresses}");
        certify(&site, "authority", &["-n", "ben", "-V", "+1h", "-O", &option]);
        site.try_key("cert", "ben")
    };
    for allowed in ["127.0.0.1", "192.0.2.0/24,127.0.0.0/8", "::/0,0.0.0.0/0"] {
        assert_eq!(tried(allowed), 0, "{allowed}");
    }
    for elsewhere in ["192.0.2.7", "192.0.2.0/24,127.0.0.2/31", "::1"] {
        let before = site.house.log().len();
        assert_eq!(tried(elsewhere), 255, "{elsewhere}");
        let why = format!("is good from \"{elsewhere}\" alone, not from 127.0.0.1");
        assert!(site.logged_after(before, &why).contains("refused: user \"ben\""));
    }
}

/// An agent, which ends with the test.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_agent_with_many_keys_finds_the_right_one() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(1);
    let socket = site.path("agent");
    let mut command = Command::new("ssh-agent");
    command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null());
    let agent = Agent(command.spawn().unwrap());
    let mut list = Command::new("ssh-add");
    list.arg("-l").env("SSH_AUTH_SOCK", &socket);
    // 2: there is no agent.
    until("the agent", || list.output().unwrap().status.code() != Some(2));
    for name in ["one", "two", "three"] {
        site.key(name, &["-t", "ed25519"]);
    }
    for name in ["one", "two", "three", "anna"] {
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(site.path(name)).env("SSH_AUTH_SOCK", &socket);
        assert!(add.status().unwrap().success());
    }
    let mut command = Command::new("ssh");
    command.args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"]);
    command.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]);
    command.arg("-o").arg(format!("IdentityAgent={}", socket.display()));
    command.args(["-A", "-l", "pegbox", "-p", &site.address.port().to_string()]);
    command.args(["127.0.0.1", "whoami"]);
    let said = Said::of(&given(command, b""));
    drop(agent);
    assert!(said.stdout.contains("anna"), "{said:?}");
}
