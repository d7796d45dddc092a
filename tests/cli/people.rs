//! People on the command line: who may do what, who one is, and what is refused in words.

use std::process::Command;

use crate::pegbox::{PROMOTE, Pegbox, REASON, REQUEST, RUN, Said};

/// A key of OpenSSH, and its fingerprint.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

fn as_user(pegbox: &Pegbox, user: &str, arguments: &[&str]) -> Said {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--user", user]).collect();
    pegbox.says(&arguments)
}

/// Runs a command that must be refused by a rule, and gives what it said.
fn refused(pegbox: &Pegbox, user: &str, arguments: &[&str]) -> String {
    let said = as_user(pegbox, user, arguments);
    assert_eq!(said.code, 4, "{said:?}");
    said.stderr
}

fn peopled() -> Pegbox {
    let pegbox = Pegbox::with_records(3);
    for (name, role) in [
        ("root", "admin"),
        ("anna", "author"),
        ("ben", "reviewer"),
        ("mei", "releaser"),
    ] {
        let said = as_user(
            &pegbox,
            "root",
            &["user", "add", name, "--role", role, "--reason", REASON],
        );
        assert_eq!(said.code, 0, "{said:?}");
    }
    pegbox
}

#[test]
fn from_the_first_person_on_only_people_who_are_listed_act() {
    let pegbox = Pegbox::with_records(3);
    let first = pegbox.says(&["user", "add", "anna", "--role", "author", "--reason", REASON]);
    assert_eq!(first.code, 4);
    assert!(first.stderr.contains("the first one must be an admin"), "{first:?}");
    let added = pegbox.does(&["user", "add", "root", "--role", "admin", "--reason", REASON]);
    assert!(added.contains("only people who are listed may act"), "{added}");
    assert!(added.contains("you acted as tess, who is not listed"), "{added}");
    let said = pegbox.says(&RUN);
    assert_eq!(said.code, 4);
    let words = "tess may not start a run: that takes the role author, and tess is not among the people of this store";
    assert!(said.stderr.contains(words), "{said:?}");
    assert!(
        said.stderr.contains("ask an admin, who can add people: root"),
        "{said:?}"
    );
    // Reading is open to whoever is let in.
    pegbox.does(&["prompt", "list"]);
    assert!(pegbox.does(&["whoami"]).contains("tess is not among the people"));
}

#[test]
fn the_way_into_production_takes_a_person_of_each_role() {
    let pegbox = peopled();
    assert!(refused(&pegbox, "ben", &RUN).contains("ben may not start a run"));
    assert_eq!(as_user(&pegbox, "anna", &RUN).code, 0);
    let policy = ["store", "policy", "--simulated", "accept", "--reason", REASON];
    assert!(refused(&pegbox, "anna", &policy).contains("takes the role admin, and anna is author"));
    assert_eq!(as_user(&pegbox, "root", &policy).code, 0);
    assert_eq!(as_user(&pegbox, "anna", &REQUEST).code, 0);
    let approve = ["review", "approve", "review_1", "--reason", REASON];
    assert!(refused(&pegbox, "anna", &approve).contains("ask ben, who may, or an admin"));
    assert_eq!(as_user(&pegbox, "ben", &approve).code, 0);
    assert!(refused(&pegbox, "ben", &PROMOTE).contains("takes the role releaser"));
    assert_eq!(as_user(&pegbox, "mei", &PROMOTE).code, 0);
}

#[test]
fn roles_are_asked_for_before_anything_else() {
    let pegbox = peopled();
    let said = as_user(&pegbox, "root", &["user", "add", "eve", "--role", "read-only"]);
    assert_eq!(said.code, 0, "{said:?}");
    for (command, takes) in [
        (&RUN[..], "author"),
        (&["prompt", "import", "router", "no such file"], "author"),
        (&["suite", "import", "no such file", "--reason", "no"], "author"),
        (
            &[
                "review",
                "request",
                "nothing_v9",
                "--to",
                "production",
                "--reason",
                "no",
            ],
            "author",
        ),
        (&["review", "approve", "review_9", "--reason", "no"], "reviewer"),
        (
            &["release", "promote", "nothing", "--to", "production", "--reason", "no"],
            "releaser",
        ),
        (&["release", "rollback", "nothing", "--reason", "no"], "releaser"),
        (&["store", "policy", "--approvals", "2", "--reason", "no"], "admin"),
        (&["user", "change", "ben", "--reason", "no"], "admin"),
    ] {
        let refusal = refused(&pegbox, "eve", command);
        let words = format!("that takes the role {takes}, and eve is read-only");
        assert!(refusal.contains(&words), "{command:?}: {refusal}");
        assert!(!refusal.contains("estimate"), "{command:?}: {refusal}");
    }
    // What only looks is open to everybody.
    let looks = [&RUN[..], &["--dry-run"]].concat();
    assert_eq!(as_user(&pegbox, "eve", &looks).code, 0);
}

#[test]
fn a_role_has_one_word() {
    let pegbox = peopled();
    let said = as_user(
        &pegbox,
        "root",
        &["user", "add", "eve", "--role", "read-only", "--json"],
    );
    assert_eq!(
        said.json()["person"]["roles"],
        serde_json::json!(["read-only"]),
        "{said:?}"
    );
    assert_eq!(
        pegbox.json(&["whoami", "--user", "eve"])["roles"],
        serde_json::json!(["read-only"])
    );
}

#[test]
fn a_review_is_asked_for_once_and_a_promotion_names_what_waits() {
    let pegbox = Pegbox::with_records(3);
    pegbox.does(&["store", "policy", "--simulated", "accept", "--reason", REASON]);
    pegbox.does(&RUN);
    let request = |to| {
        let words = ["review", "request", "support_triage_v1", "--to", to, "--reason", REASON];
        pegbox.says(&words)
    };
    assert_eq!(request("production").code, 0);
    let again = request("production");
    assert_eq!(again.code, 4, "{again:?}");
    assert!(
        again.stderr.contains("review_1 asks this already, and is open"),
        "{again:?}"
    );
    assert_eq!(request("staging").code, 0, "another environment is another question");
    let promote = || {
        let said = pegbox.says(&PROMOTE);
        assert_eq!(said.code, 4, "{said:?}");
        said.stderr
    };
    assert!(
        promote().contains("review_1 is open, and has to be approved first"),
        "{}",
        promote()
    );
    pegbox.does(&[
        "review",
        "pause",
        "review_1",
        "--reason",
        "the billing team is asked first",
    ]);
    let refusal = promote();
    assert!(refusal.contains("review_1 is paused by tess at "), "{refusal}");
    assert!(refusal.contains("(the billing team is asked first)"), "{refusal}");
    // Whoever was told no may ask again.
    pegbox.does(&["review", "reject", "review_1", "--reason", REASON]);
    assert_eq!(request("production").code, 0);
}

#[test]
fn what_is_empty_unknown_or_too_short_is_refused_in_words() {
    let pegbox = Pegbox::with_records(1);
    let empty = pegbox.says(&["prompt", "import", "router", "-"]);
    assert_eq!(empty.code, 2, "{empty:?}");
    assert!(empty.stderr.contains("the document for router is empty"), "{empty:?}");
    let unknown = pegbox.says(&["audit", "log", "--action", "bogus"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(
        unknown.stderr.contains("release.promote, release.rollback"),
        "{unknown:?}"
    );
    for known in ["suite", "suite.import"] {
        assert!(
            pegbox
                .does(&["audit", "log", "--action", known])
                .contains("suite.import")
        );
    }
    for short in ["", "no", "unbelievable"] {
        let said = pegbox.says(&["store", "policy", "--approvals", "2", "--reason", short]);
        assert!(
            said.code == 2 && said.stderr.contains("two words or more"),
            "{short}: {said:?}"
        );
        assert!(said.stderr.contains("ten characters"), "{short}: {said:?}");
    }
}

#[test]
fn rules_of_an_environment_are_set_and_shown() {
    let pegbox = peopled();
    let set = |rules: &[&str]| {
        let arguments: Vec<&str> = ["store", "policy"].iter().chain(rules).copied().collect();
        as_user(&pegbox, "root", &[&arguments[..], &["--reason", REASON]].concat())
    };
    let said = set(&[
        "--environment",
        "production",
        "--approvals",
        "2",
        "--evidence-days",
        "30",
        "--suites",
        "shape",
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(
        set(&["--self-approval", "not-alone", "--signatures", "required"]).code,
        0
    );
    let policy = pegbox.json(&["store", "policy"]);
    assert_eq!(policy["production"]["approvals"], 2);
    assert_eq!(policy["production"]["evidence_days_max"], 30);
    assert_eq!(policy["production"]["suites"][0], "shape");
    assert_eq!(policy["staging"]["approvals"], 1);
    assert_eq!(policy["staging"]["self_approval"], "not_alone");
    assert_eq!(policy["staging"]["signatures"], "required");
    for (rules, code, words) in [
        (&["--approvers", "anna,ben"][..], 4, "anna is not a reviewer"),
        (&["--approvals", "0"], 2, "from 1 to 20"),
        (&["--suites", "nothing"], 3, "no suite named nothing"),
        (
            &["--environment", "draft", "--approvals", "1"],
            2,
            "only staging and production",
        ),
        (&["--environment", "staging"], 2, "no rule of that environment"),
    ] {
        let said = set(rules);
        assert_eq!(said.code, code, "{rules:?}: {said:?}");
        assert!(said.stderr.contains(words), "{rules:?}: {said:?}");
    }
    assert_eq!(set(&["--evidence-days", "0", "--suites", ""]).code, 0);
    assert_eq!(
        pegbox.json(&["store", "policy"])["production"]["evidence_days_max"],
        serde_json::Value::Null
    );
}

#[test]
fn keys_are_added_shown_and_removed() {
    let pegbox = peopled();
    let file = pegbox.write("key.pub", format!("{KEY} somebody@somewhere\n"));
    let root = |arguments: &[&str]| as_user(&pegbox, "root", arguments);
    assert_eq!(
        root(&["user", "change", "ben", "--add-key", &file, "--reason", REASON]).code,
        0
    );
    let shown = pegbox.json(&["user", "show", "ben"]);
    assert_eq!(shown["person"]["keys"][0]["public_key"], KEY);
    let fingerprint = shown["person"]["keys"][0]["fingerprint"].as_str().unwrap().to_owned();
    let taken = root(&["user", "change", "mei", "--add-key", &file, "--reason", REASON]);
    assert!(
        taken.code == 4 && taken.stderr.contains("is ben's already"),
        "{taken:?}"
    );
    let gone = root(&[
        "user",
        "change",
        "ben",
        "--remove-key",
        &fingerprint,
        "--reason",
        REASON,
    ]);
    assert_eq!(gone.code, 0);
    let authority = [
        "user",
        "change",
        "mei",
        "--add-key",
        &file,
        "--certificate-authority",
        "--reason",
        REASON,
    ];
    assert!(root(&authority).stdout.contains("signs certificates"));
    let nothing = root(&["user", "change", "mei", "--reason", REASON]);
    assert_eq!(nothing.code, 2, "{nothing:?}");
    let bad = pegbox.write("bad.pub", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    let said = root(&[
        "user", "add", "eve", "--role", "author", "--key", &bad, "--reason", REASON,
    ]);
    assert!(said.code == 2 && said.stderr.contains("private key"), "{said:?}");
}

#[test]
fn the_audit_log_tells_a_claim_from_an_account() {
    let pegbox = Pegbox::with_records(3);
    let audit = |folder: &str| {
        let folder = pegbox.home.path().join(folder);
        pegbox.does(&["store", "export", folder.to_str().unwrap()]);
        let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read(entry.unwrap().path()).unwrap_or_default();
        let bytes: Vec<u8> = std::fs::read_dir(folder).unwrap().flat_map(read).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    assert!(
        !audit("before").contains(", claimed"),
        "without people there is nothing to claim"
    );
    pegbox.does(&["user", "add", "tess", "--role", "admin", "--reason", REASON]);
    let list = ["user", "add", "ben", "--role", "reviewer", "--reason", REASON];
    pegbox.does(&list);
    let after = audit("after");
    let claimed = after
        .lines()
        .filter(|line| line.contains(", claimed") && line.contains("person.add"));
    assert_eq!(
        claimed.count(),
        1,
        "the first person was added to a store without people"
    );
}

#[cfg(unix)]
#[test]
fn a_listed_account_is_its_person_and_nobody_else() {
    let pegbox = peopled();
    let uid = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap();
    let uid = uid.trim();
    let list = ["user", "change", "ben", "--add-account", uid, "--reason", REASON];
    assert_eq!(as_user(&pegbox, "root", &list).code, 0);
    let known = pegbox.json(&["whoami"]);
    assert_eq!((&known["name"], &known["proof"]), (&"ben".into(), &"account".into()));
    assert_eq!(known["roles"][0], "reviewer");
    let refusal = refused(&pegbox, "root", &["whoami"]);
    assert!(
        refusal.contains("is ben's, and acts for nobody else, so not for root"),
        "{refusal}"
    );
}
