//! The audit log and signed decisions, with the keys and programs that people have.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::deeds::{APPROVE, checked, with, with_review};
use crate::pegbox::{PROMOTE, Pegbox, REASON, RUN, Said};
use crate::ssh_tools as ssh;

#[test]
fn a_key_in_a_file_signs_and_the_export_proves_it() {
    if !ssh::is_here() {
        return;
    }
    let (pegbox, key) = with_review("ed25519");
    let key = key.to_str().unwrap();
    let said = pegbox.says(&with(&APPROVE, &["--sign-key", key]));
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.stdout
            .starts_with("decision_1: review_1 is approved by tess, signed"),
        "{said:?}"
    );
    assert!(said.stderr.contains("signing as decision@pegbox"), "{said:?}");
    assert!(
        said.stderr.contains("\"decision\": \"approved\""),
        "what is signed is shown: {said:?}"
    );

    let promoted = pegbox.json(&with(&PROMOTE, &["--sign-key", key]));
    assert_eq!(promoted["promotion"]["id"], "support_triage_prod_v1");
    let export = pegbox.home.path().join("audit");
    let exported = pegbox.json(&["audit", "export", export.to_str().unwrap()]);
    assert_eq!(exported["signatures"], 2);
    assert_eq!(checked(&export), 2);
    let lines = fs::read_to_string(export.join("audit.jsonl")).unwrap();
    assert_eq!(lines.lines().count() as u64, exported["commits"].as_u64().unwrap());
    let verified = pegbox.json(&["audit", "verify"]);
    assert_eq!(
        (&verified["sound"], &verified["tip"]["hash"]),
        (&true.into(), &exported["hash"])
    );
    assert!(pegbox.does(&["store", "verify"]).contains("the store is sound"));
}

#[test]
fn the_agent_signs_with_whichever_of_their_keys_it_has() {
    if !ssh::is_here() {
        return;
    }
    let (pegbox, key) = with_review("ecdsa");
    let none = pegbox.says(&with(&APPROVE, &["--sign"]));
    assert!(
        none.code != 0 && none.stderr.contains("there is no SSH agent to sign with"),
        "{none:?}"
    );
    let stranger = ssh::key(pegbox.home.path(), "ed25519", "stranger");
    let under_agent = |keys: &[&Path], arguments: &[&str]| {
        let command = pegbox.command(arguments);
        let words = command.get_args().map(|word| format!("'{}'", word.to_str().unwrap()));
        let words: Vec<String> = words.collect();
        let keys: Vec<&str> = keys.iter().map(|key| key.to_str().unwrap()).collect();
        let line = format!(
            "ssh-add -q {} && exec '{}' {}",
            keys.join(" "),
            env!("CARGO_BIN_EXE_pegbox"),
            words.join(" ")
        );
        let mut agent = Command::new("ssh-agent");
        agent.args(["sh", "-c", &line]).current_dir(pegbox.home.path());
        agent.env("HOME", pegbox.home.path()).env("USER", "tess");
        Said::of(&agent.output().unwrap())
    };
    let other = under_agent(&[&stranger], &with(&APPROVE, &["--sign"]));
    let wanted = ssh::fingerprint(&key);
    assert!(other.code != 0 && other.stderr.contains(&wanted), "{other:?}");
    let signed = under_agent(&[&stranger, &key], &with(&APPROVE, &["--sign"]));
    assert!(
        signed.code == 0 && signed.stdout.contains("approved by tess, signed"),
        "{signed:?}"
    );
    // A public key stands for the private one in the agent.
    let public = key.with_extension("pub");
    let promoted = under_agent(&[&key], &with(&PROMOTE, &["--sign-key", public.to_str().unwrap()]));
    assert!(promoted.code == 0 && promoted.stdout.contains("signed"), "{promoted:?}");
    let export = pegbox.home.path().join("audit");
    pegbox.does(&["audit", "export", export.to_str().unwrap()]);
    assert_eq!(checked(&export), 2);
}

#[test]
fn two_steps_need_nothing_but_ssh_keygen() {
    if !ssh::is_here() {
        return;
    }
    let (pegbox, key) = with_review("rsa");
    let sign = |statement: &str| ssh::signature(&key, "decision@pegbox", statement);
    let statement = pegbox.does(&with(&APPROVE, &["--statement"]));
    assert!(statement.starts_with('{') && statement.ends_with('}'), "{statement}");
    assert_eq!(
        pegbox.json(&["review", "show", "review_1"])["state"],
        "open",
        "nothing was done"
    );
    // Both in one, as over SSH.
    let both = pegbox.write("both", statement.clone() + &sign(&statement));
    assert!(pegbox.does(&with(&APPROVE, &["--signature", &both])).contains("signed"));

    // Beside each other, after something has changed in between.
    let statement = pegbox.does(&with(&PROMOTE, &["--statement"]));
    let file = pegbox.write("promotion", &statement);
    let signature = pegbox.write("promotion.sig", sign(&statement));
    pegbox.does(&["review", "pause", "review_1", "--reason", REASON]);
    pegbox.does(&APPROVE);
    let changed = pegbox.says(&with(&PROMOTE, &["--signature", &signature]));
    assert_eq!(changed.code, 4, "{changed:?}");
    assert!(changed.stderr.contains("follows is"), "{changed:?}");
    let statement = pegbox.does(&with(&PROMOTE, &["--statement"]));
    fs::write(&file, &statement).unwrap();
    fs::write(&signature, sign(&statement)).unwrap();
    assert!(
        pegbox
            .does(&with(&PROMOTE, &["--signature", &signature]))
            .contains("signed")
    );
    let lacking = pegbox.says(&with(&APPROVE, &["--signature", &file]));
    assert!(
        lacking.code != 0 && lacking.stderr.contains("no SSH signature in it"),
        "{lacking:?}"
    );
    assert!(pegbox.does(&["audit", "verify"]).contains("the store is sound"));
}

#[test]
fn keys_that_cannot_sign_say_what_to_do() {
    if !ssh::is_here() {
        return;
    }
    let (pegbox, key) = with_review("ed25519");
    let locked = ssh::key(pegbox.home.path(), "ed25519", "locked");
    let set = format!("ssh-keygen -q -p -N secret -f '{}'", locked.display());
    assert!(ssh::shell(pegbox.home.path(), &set).0);
    let stranger = ssh::key(pegbox.home.path(), "ed25519", "stranger");
    let no_key = pegbox.write("no_key", "hello");
    for (file, words) in [
        (locked.to_str().unwrap(), "the key is encrypted"),
        (stranger.to_str().unwrap(), "is no key of yours in this store"),
        (no_key.as_str(), "not a key that OpenSSH writes"),
        ("absent", "absent: No such file"),
    ] {
        let said = pegbox.says(&with(&APPROVE, &["--sign-key", file]));
        assert!(
            said.code != 0 && said.stderr.contains(words) && said.stderr.contains("hint: "),
            "{said:?}"
        );
    }
    assert_eq!(pegbox.json(&["review", "show", "review_1"])["state"], "open");
    assert!(
        pegbox
            .does(&with(&APPROVE, &["--sign-key", key.to_str().unwrap()]))
            .contains("signed")
    );
}

#[test]
fn the_log_is_narrowed_and_read_in_pages() {
    let pegbox = Pegbox::with_records(4);
    pegbox.does(&RUN);
    let entries = |more: &[&str]| {
        let log = pegbox.json(&with(&["audit", "log"], more));
        log["entries"].as_array().unwrap().clone()
    };
    let all = entries(&["--all", "--limit", "1000"]);
    let newest = all[0]["sequence"].as_u64().unwrap();
    assert_eq!(all.len() as u64, newest, "every commit");
    let shown = entries(&[]);
    assert!(
        shown.len() < all.len() && shown.iter().all(|entry| entry["action"] != "run.outcome"),
        "{shown:?}"
    );
    assert!(
        entries(&["--action", "run.outcome"])
            .iter()
            .all(|entry| entry["action"] == "run.outcome")
    );
    assert_eq!(entries(&["--action", "run"]).len(), 2, "a start and an end");
    assert_eq!(entries(&["--subject", "RUN_1", "start"]).len(), 1);
    assert_eq!(entries(&["--actor", "nobody"]).len(), 0);
    assert_eq!(entries(&["--since", "1h"]).len(), shown.len());
    assert_eq!(entries(&["--until", "2026-01-01"]).len(), 0);
    assert!(shown[0]["place"].as_str().unwrap().starts_with("account "), "{shown:?}");

    let (mut before, mut paged) = (None, Vec::new());
    loop {
        let from: Option<String> = before.map(|before: u64| before.to_string());
        let mut arguments = vec!["audit", "log", "--all", "--limit", "3"];
        arguments.extend(from.iter().flat_map(|from| ["--before", from.as_str()]));
        let page = pegbox.json(&arguments);
        paged.extend(page["entries"].as_array().unwrap().clone());
        before = page["before"].as_u64();
        if before.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
    let text = pegbox.does(&["audit", "log", "--limit", "2"]);
    assert!(text.contains("older ones: add --before "), "{text}");
}

#[test]
fn what_was_changed_on_disk_is_named_and_a_cut_history_is_noticed() {
    let pegbox = Pegbox::with_records(4);
    let tip = pegbox.json(&["audit", "verify"])["tip"].clone();
    let known = format!("{}:{}", tip["sequence"], tip["hash"].as_str().unwrap());
    pegbox.does(&["prompt", "new", "intent", "--description", "names it"]);
    assert!(
        pegbox
            .does(&["audit", "verify", "--expect", &known])
            .contains("is the expected one")
    );
    // So many digits as the log shows are enough, and fewer are not.
    let digits: String = tip["hash"].as_str().unwrap().chars().take(8).collect();
    assert!(pegbox.does(&["audit", "log"]).contains(&digits));
    let mut short = format!("{}:{digits}", tip["sequence"]);
    pegbox.does(&["audit", "verify", "--expect", &short]);
    short.pop();
    assert_eq!(pegbox.says(&["audit", "verify", "--expect", &short]).code, 2);
    let wrong = known.replacen(|digit: char| digit.is_ascii_digit(), "9", 1);
    let cut = pegbox.says(&["audit", "verify", "--expect", &wrong.replacen('9', "99", 1)]);
    assert!(cut.code != 0 && cut.stderr.contains("the history was cut"), "{cut:?}");
    let other = format!("{}:{}", tip["sequence"], "0".repeat(64));
    let anew = pegbox.says(&["audit", "verify", "--expect", &other]);
    assert!(
        anew.code != 0 && anew.stderr.contains("the history was written anew"),
        "{anew:?}"
    );

    let file = pegbox.store().join("journal/00000001.seg");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(6).position(|window| window == b"ticket").unwrap();
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();
    let damaged = pegbox.says(&["audit", "verify"]);
    assert_eq!(damaged.code, pegbox.says(&["store", "verify"]).code);
    assert!(
        damaged.code != 0 && damaged.stdout.contains("journal/00000001.seg, byte "),
        "{damaged:?}"
    );
    assert!(damaged.stdout.contains(", commit "), "{damaged:?}");
}
