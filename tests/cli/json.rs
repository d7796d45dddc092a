//! `--json`: every command prints one document with the keys that the README names.
//! `PEGBOX_BLESS=1 cargo test --test cli` writes the README's table anew.

use std::fmt::Write as _;

use crate::pegbox::{PROMPT, Pegbox, REASON, SUITE, TICKETS};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- json -->\n";
const END: &str = "<!-- end of json -->";

/// How many words name the command, none where it is only needed by the next ones, and the command line without
/// `--json`; words in capitals stand for files and a reason.
type Line = (usize, &'static str);

/// What a store needs to show something, in this order; each prints a document too.
const STORY: &[Line] = &[
    (2, "prompt new intent --description names-it"),
    (2, "prompt import support_triage PROMPT"),
    (2, "prompt commit support_triage --kind requirement --reason REASON"),
    (3, "dataset import --dry-run TICKETS --name tickets"),
    (2, "dataset import TICKETS --name tickets --label v1 --reason REASON"),
    (2, "suite import SUITE --reason REASON"),
    (2, "prompt try support_triage_v1 --dataset tickets@v1 --suite shape"),
    (
        3,
        "run start --dry-run support_triage_v1 --dataset tickets --suite shape",
    ),
    (2, "run start support_triage_v1 --dataset tickets --suite shape"),
    (2, "store policy --simulated accept --reason REASON"),
    (2, "review request support_triage_v1 --to production --reason REASON"),
    (2, "review approve review_1 --reason REASON"),
    (2, "release promote support_triage --to production --reason REASON"),
    (2, "dataset exclude tickets t-001 --label v2 --reason REASON"),
];

/// What reads it.
const READERS: &[Line] = &[
    (1, "status"),
    (2, "prompt list"),
    (3, "prompt show support_triage"),
    (3, "prompt show support_triage_v1"),
    (2, "prompt export support_triage_v1"),
    (3, "prompt drafts list"),
    (3, "prompt drafts discard intent"),
    (1, "diff support_triage_v1 support_triage_v1"),
    (2, "dataset list"),
    (2, "dataset show tickets"),
    (2, "dataset rows tickets"),
    (2, "dataset diff tickets@v1 tickets@v2"),
    (2, "suite list"),
    (2, "suite show shape"),
    (2, "suite calibrate shape --grader json --truth expected.escalate"),
    (2, "run list"),
    (2, "run failures run_1"),
    (3, "run failures --group grader run_1"),
    (2, "run case run_1 t-002"),
    (2, "case label run_1 t-002 --verdict pass"),
    (2, "label list --run run_1"),
    (2, "run report run_1"),
    (2, "run reproduce run_1"),
    (2, "model list"),
    (2, "review list"),
    (2, "review show review_1"),
    (2, "review decisions"),
    (2, "release list"),
    (3, "release list support_triage"),
    (2, "release show support_triage_prod_v1"),
    (1, "lineage run_1"),
    (2, "store verify"),
    (2, "store stats"),
    (2, "audit log"),
    (2, "audit verify"),
    (2, "audit export AUDIT"),
    (2, "user add tess --role admin --reason REASON"),
    (2, "user list"),
    (2, "user show tess"),
    (2, "user change tess --add-role author --reason REASON"),
    (1, "whoami"),
    (1, "completions bash"),
    (1, "keys"),
];

/// What compares versions and chains, and says which change did it: with a second version, which the lines above are
/// not to show.
const CAUSES: &[Line] = &[
    (2, "chain import CHAIN --reason REASON"),
    (0, "prompt import support_triage PROMPT2"),
    (0, "prompt commit support_triage --kind requirement --reason REASON"),
    (2, "chain bump flow support_triage_v2 --reason REASON"),
    (2, "chain list"),
    (2, "chain show flow"),
    (2, "chain export flow"),
    (2, "chain diff flow@v1 flow@v2"),
    (
        2,
        "run sweep support_triage_v1 support_triage_v2 --dataset tickets@v1 --suite shape",
    ),
    (2, "run compare run_1 run_3"),
    (2, "run matrix run_1"),
    (
        1,
        "bisect support_triage_v1 support_triage_v2 --metric json_validity --dataset tickets@v1 --suite shape",
    ),
    (
        1,
        "ablate support_triage_v1 support_triage_v2 --dataset tickets@v1 --suite shape",
    ),
    (2, "prompt blame support_triage_v2"),
    (2, "suite power shape --examples 240"),
    (2, "suite quarantined shape"),
    (2, "run flaky run_1"),
    (2, "host status"),
];

/// One step, so that a chain has something to show.
const CHAIN: &str =
    "name: flow\nsteps:\n- name: route\n  version: support_triage_v1\n  inputs: {ticket: input.ticket}\n";

#[test]
fn every_command_prints_the_documented_json() {
    let pegbox = Pegbox::new();
    let tickets: String = TICKETS.split_inclusive('\n').take(3).collect();
    let files = [
        ("PROMPT", pegbox.write("prompt.md", PROMPT)),
        ("TICKETS", pegbox.write("tickets.jsonl", tickets)),
        ("SUITE", pegbox.write("suite.toml", SUITE)),
        ("CHAIN", pegbox.write("flow.yaml", CHAIN)),
        (
            "PROMPT2",
            pegbox.write("second.md", PROMPT.replace("short reason", "reason")),
        ),
        ("REASON", REASON.to_owned()),
        ("AUDIT", pegbox.home.path().join("audit").to_str().unwrap().to_owned()),
    ];
    let meant = |word| {
        files
            .iter()
            .find(|(name, _)| *name == word)
            .map_or(word, |(_, text)| text.as_str())
    };
    let mut rows = String::from("| command | the keys of its document |\n| --- | --- |\n");
    for (words, line) in STORY.iter().chain(READERS).chain(CAUSES) {
        let arguments: Vec<&str> = line.split(' ').map(meant).collect();
        let said = pegbox.says(&[&arguments[..], &["--json"]].concat());
        // That there is no host is an answer too.
        let expected = if *line == "host status" { 3 } else { 0 };
        assert_eq!(said.code, expected, "{line} said {said:?}");
        let document = said.json();
        let keys: Vec<String> = document
            .as_object()
            .unwrap()
            .keys()
            .map(|key| format!("`{key}`"))
            .collect();
        if *words == 0 {
            continue;
        }
        let _ = writeln!(rows, "| `{}` | {} |", arguments[..*words].join(" "), keys.join(" "));
    }
    let readme = std::fs::read_to_string(README).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let expected = format!("\n{rows}\n");
    if std::env::var_os("PEGBOX_BLESS").is_some() {
        std::fs::write(README, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(
            table == expected,
            "the README's table is old: PEGBOX_BLESS=1 cargo test --test cli\n{expected}"
        );
    }
}
