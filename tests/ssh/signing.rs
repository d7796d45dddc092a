//! Signing over SSH: with the agent that a person forwards, and in two steps without one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::pegbox::{REASON, Said};
use crate::site::{Site, is_missing};
use crate::ssh_tools as tools;

const APPROVE: &str = "review approve review_1 --reason 'the gate passes'";
const PROMOTE: &str = "release promote support_triage --to production --reason 'support is on shift'";

/// A site with a review that waits for anna.
fn with_review() -> Site {
    let site = Site::with_records(4);
    let pegbox = &site.house.pegbox;
    pegbox.does(&["store", "policy", "--simulated", "accept", "--reason", REASON]);
    for line in [
        "run start support_triage_v1 --dataset tickets --suite shape".to_owned(),
        format!("review request support_triage_v1 --to production --reason '{REASON}'"),
    ] {
        let said = site.says(&line, "");
        assert_eq!(said.code, 0, "{said:?}");
    }
    site
}

/// What `ssh -A` says to a command line of anna's, under an agent with these keys of hers.
fn with_agent(site: &Site, keys: &[&str], line: &str) -> Said {
    let mut ssh = site.ssh("anna", "pegbox");
    ssh.args(["-A", "127.0.0.1", line]);
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''"));
    let words: Vec<String> = ssh.get_args().map(quoted).collect();
    // The site has ssh look at no agent, and without one there is nothing to forward.
    let words = words
        .join(" ")
        .replace("IdentityAgent=none", "IdentityAgent=SSH_AUTH_SOCK");
    let line = format!("ssh-add -q {} && exec ssh {}", keys.join(" "), words);
    let mut agent = Command::new("ssh-agent");
    agent
        .args(["sh", "-c", &line])
        .current_dir(site.path(""))
        .env("HOME", site.path(""));
    Said::of(&agent.output().unwrap())
}

/// Unpacks what `audit export -` sends, as `ssh HOST audit export - | tar xf -` does.
fn export_over_ssh(site: &Site) -> PathBuf {
    let mut ssh = site.ssh("anna", "pegbox");
    let mut sender = ssh
        .args(["127.0.0.1", "audit export -"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut tar = Command::new("tar");
    let received = tar
        .args(["xf", "-"])
        .stdin(sender.stdout.take().unwrap())
        .current_dir(site.path(""))
        .status()
        .unwrap();
    assert!(received.success() && sender.wait().unwrap().success());
    site.path("audit")
}

#[test]
fn a_forwarded_agent_signs() {
    if is_missing() {
        return;
    }
    let site = with_review();
    site.key("stranger", &["-t", "ed25519"]);
    let none = site.says(&format!("{APPROVE} --sign"), "");
    assert!(
        none.code != 0 && none.stderr.contains("connect with ssh -A"),
        "{none:?}"
    );
    let file = site.says(&format!("{APPROVE} --sign-key anna"), "");
    assert!(
        file.code != 0 && file.stderr.contains("anna is a file of the host's machine"),
        "{file:?}"
    );
    let stranger = with_agent(&site, &["stranger"], &format!("{APPROVE} --sign"));
    assert!(
        stranger.code != 0 && stranger.stderr.contains("it has no key of yours"),
        "{stranger:?}"
    );
    let signed = with_agent(&site, &["stranger", "anna"], &format!("{APPROVE} --sign"));
    assert!(
        signed.code == 0 && signed.stdout.contains("approved by anna, signed"),
        "{signed:?}"
    );
    assert!(signed.stderr.contains("signing as decision@pegbox"), "{signed:?}");
    let promoted = with_agent(&site, &["anna"], &format!("{PROMOTE} --sign"));
    assert!(promoted.code == 0 && promoted.stdout.contains("signed"), "{promoted:?}");

    let export = site.path("here");
    let pegbox = &site.house.pegbox;
    pegbox.does(&["audit", "export", export.to_str().unwrap()]);
    let remote = export_over_ssh(&site);
    for folder in [&export, &remote] {
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("ssh-keygen ")).collect();
        assert_eq!(commands.len(), 2);
        for command in commands {
            let (is_good, said) = tools::shell(folder, command);
            assert!(is_good && said.starts_with("Good "), "{said}");
        }
    }
    for file in ["audit.jsonl", "allowed_signers"] {
        let text = |folder: &Path| std::fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(text(&remote), text(&export));
    }
    let log = pegbox.json(&["audit", "log", "--actor", "anna", "--action", "review.approved"]);
    let entry = &log["entries"][0];
    assert_eq!(entry["place"], "ssh 127.0.0.1");
    assert_eq!(entry["key"], tools::fingerprint(&site.path("anna")).as_str());
}

#[test]
fn two_steps_need_no_agent_and_a_policy_asks_for_them() {
    if is_missing() {
        return;
    }
    let site = with_review();
    let policy = "store policy --environment production --signatures required --reason";
    let policy: Vec<&str> = policy.split(' ').chain([REASON]).collect();
    site.house.pegbox.does(&policy);
    let unsigned = site.says(APPROVE, "");
    assert_eq!(unsigned.code, 4, "{unsigned:?}");
    assert!(
        unsigned
            .stderr
            .contains("approvals, promotions and roll backs of production are signed"),
        "{unsigned:?}"
    );
    for deed in [APPROVE, PROMOTE] {
        let statement = site.says(&format!("{deed} --statement"), "").stdout;
        let signature = tools::signature(&site.path("anna"), "decision@pegbox", &statement);
        let done = site.says(&format!("{deed} --signature -"), &(statement + &signature));
        assert!(done.code == 0 && done.stdout.contains("signed"), "{done:?}");
    }
    assert!(
        site.house
            .pegbox
            .does(&["audit", "verify"])
            .contains("the store is sound")
    );
}
