//! A real `ssh` to a real `sshd` whose forced command joins the host.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::deeds::{checked, with_review};
use crate::house::House;
use crate::pegbox::{REASON, Said};

const SSHD: &str = "/usr/sbin/sshd";
/// sshd of some systems wants it, and only its service makes it.
const PRIVILEGE_FOLDER: &str = "/run/sshd";

/// A server for one key.
struct Ssh {
    house: House,
    server: Child,
    port: u16,
    person: &'static str,
}

impl Drop for Ssh {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn is_missing() -> bool {
    let tools = [Path::new(SSHD).exists(), has("ssh"), has("ssh-keygen")];
    let is_missing = tools.contains(&false);
    if is_missing {
        println!("skipped: ssh, ssh-keygen or {SSHD} is not installed");
    }
    is_missing
}

fn has(program: &str) -> bool {
    Command::new(program).arg("-?").stderr(Stdio::null()).status().is_ok()
}

fn make_key(path: &Path) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path);
    assert!(command.status().unwrap().success());
}

impl Ssh {
    fn start() -> Self {
        let house = House::with_records(1);
        make_key(&house.pegbox.home.path().join("anna"));
        Self::of(house, "anna", "restrict,pty")
    }

    /// For a person whose key is in the file of their name, with so much allowed.
    fn of(house: House, person: &'static str, allowed: &str) -> Self {
        let home = house.pegbox.home.path().to_owned();
        make_key(&home.join("host_key"));
        let key = std::fs::read_to_string(home.join(person).with_extension("pub")).unwrap();
        let forced = format!(
            "{allowed},command=\"{} login {person} --store {}\" {key}",
            env!("CARGO_BIN_EXE_pegbox"),
            house.pegbox.store().display()
        );
        std::fs::write(home.join("keys"), forced).unwrap();
        // Only the superuser needs it, and may make it.
        let _ = std::fs::create_dir(PRIVILEGE_FOLDER);
        let (port, server) = (0..10).find_map(|_| Self::listen(&home)).expect("a free port");
        Self {
            house,
            server,
            port,
            person,
        }
    }

    /// Starts the server on a port that was free a moment ago.
    fn listen(home: &Path) -> Option<(u16, Child)> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {0}/host_key\nAuthorizedKeysFile {0}/keys\n\
             StrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\n",
            home.display()
        );
        let file = home.join("sshd_config");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(SSHD);
        command.args(["-D", "-e", "-f"]).arg(&file).stderr(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut said = BufReader::new(server.stderr.take().unwrap());
        let mut line = String::new();
        while said.read_line(&mut line).unwrap() > 0 {
            if line.contains("Server listening") {
                // Whatever else it says must not block it.
                std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
                return Some((port, server));
            }
        }
        server.wait().unwrap();
        println!("sshd did not start: {line}");
        None
    }

    fn identity(&self) -> PathBuf {
        self.house.pegbox.home.path().join(self.person)
    }

    /// `ssh` without a word of what to do.
    fn ssh(&self) -> Command {
        let mut command = Command::new("ssh");
        command.args([
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]);
        command.args([
            "-o",
            "LogLevel=ERROR",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
        ]);
        command
            .arg("-p")
            .arg(self.port.to_string())
            .arg("-i")
            .arg(self.identity());
        command
    }

    /// What `ssh` says to a command line, with a text on its standard input.
    fn says(&self, line: &str, stdin: &str) -> Said {
        let mut command = self.ssh();
        command.args(["127.0.0.1", line]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        Said::of(&child.wait_with_output().unwrap())
    }
}

#[test]
fn a_command_over_ssh_is_that_of_the_keys_person() {
    if is_missing() {
        return;
    }
    let ssh = Ssh::start();
    let status = ssh.says("status --json", "");
    assert_eq!(
        status.stdout,
        ssh.house.pegbox.does(&["status", "--json"]),
        "{status:?}"
    );
    assert_eq!(ssh.says("pegbox prompt show nobody", "").code, 3);

    let imported = ssh.says("prompt import remote -", crate::pegbox::PROMPT);
    assert_eq!(imported.code, 0, "{imported:?}");
    let commit = format!("prompt commit remote --kind requirement --reason '{REASON}'");
    let committed = ssh.says(&commit, "");
    assert_eq!(committed.code, 0, "{committed:?}");
    let shown = ssh.house.pegbox.does(&["prompt", "show", "remote_v1"]);
    assert!(
        shown
            .lines()
            .any(|line| line.starts_with("by ") && line.contains("anna")),
        "{shown}"
    );
    assert!(shown.contains(REASON), "{shown}");
}

#[test]
fn nothing_of_the_hosts_machine_is_theirs() {
    if is_missing() {
        return;
    }
    let ssh = Ssh::start();
    let secret = ssh.house.pegbox.write("secret", "key");
    let elsewhere = ssh.house.pegbox.home.path().join("made");
    let elsewhere = elsewhere.display();
    for (line, why) in [
        (format!("prompt import x {secret}"), "is a file of the host's machine"),
        (
            format!("dataset import {secret} --name x --reason '{REASON}'"),
            "is a file of the host's machine",
        ),
        (
            format!("prompt export support_triage_v1 --output {elsewhere}"),
            "is a file of the host's machine",
        ),
        (format!("store export {elsewhere}"), "is a file of the host's machine"),
        (format!("store backup {elsewhere}"), "this command is not for a host"),
        ("host stop".to_owned(), "this command is not for a host"),
        ("login mallory".to_owned(), "this command is not for a host"),
        (
            "prompt edit support_triage".to_owned(),
            "there is no editor of your own",
        ),
        (
            "status --user mallory".to_owned(),
            "your key is anna's, and acts for nobody else",
        ),
        ("status; id".to_owned(), "unrecognized subcommand 'status;'"),
        ("status 'x".to_owned(), "a single quote is not closed"),
        (String::new(), "needs a terminal"),
    ] {
        let said = ssh.says(&line, "");
        assert!(said.code != 0 && said.stderr.contains(why), "{line}: {said:?}");
    }
    assert!(!Path::new(&elsewhere.to_string()).exists());
}

#[test]
fn an_agent_that_the_systems_sshd_forwards_signs() {
    if is_missing() || !has("ssh-agent") {
        return;
    }
    let (pegbox, key) = with_review("ed25519");
    let ssh = Ssh::of(House::of(pegbox, &[]), "tess", "restrict,pty,agent-forwarding");
    let approve = format!("review approve review_1 --reason '{REASON}' --sign");
    let none = ssh.says(&approve, "");
    assert!(
        none.code != 0 && none.stderr.contains("there is no SSH agent"),
        "{none:?}"
    );
    // The key that logs in is taken from its file, and the agent has it too.
    let words: Vec<String> = ssh
        .ssh()
        .get_args()
        .map(|word| quoted(word.to_str().unwrap()))
        .collect();
    let under_agent = format!(
        "ssh-add -q {} && exec ssh {} -A 127.0.0.1 {}",
        quoted(key.to_str().unwrap()),
        words.join(" "),
        quoted(&approve)
    );
    let mut agent = Command::new("ssh-agent");
    agent.args(["sh", "-c", &under_agent]).stdin(Stdio::null());
    let signed = Said::of(&agent.output().unwrap());
    assert!(
        signed.code == 0 && signed.stdout.contains("approved by tess, signed"),
        "{signed:?}"
    );
    let export = ssh.house.pegbox.home.path().join("audit");
    ssh.house.pegbox.does(&["audit", "export", export.to_str().unwrap()]);
    assert_eq!(checked(&export), 1);
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
