//! A store with as many commits as a team makes in years, to measure what the audit log costs then.

use std::collections::VecDeque;
use std::path::PathBuf;

use pegbox::domain::origin::Origin;
use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::{AuditEntry, Batch, Engine, Pending};

const COMMITS: u64 = 1_000_000;
/// Commits that wait for one sync.
const IN_FLIGHT: usize = 250;

fn entry(number: u64) -> AuditEntry {
    let actors = ["ann", "ben", "mei", "tess"];
    let actions = [
        "run.outcome",
        "draft.save",
        "review.approved",
        "release.promote",
        "dataset.import",
    ];
    let turn = usize::try_from(number).expect("small");
    AuditEntry {
        at_ms: 1_780_000_000_000 + i64::try_from(number).expect("small") * 60_000,
        actor: actors[turn % actors.len()].into(),
        action: actions[turn % actions.len()].into(),
        subject: format!("support_triage_v{}", number % 400),
        reason: format!("routing is worth one miss, as ticket {number} shows"),
        origin: Origin {
            place: "ssh 192.0.2.7".into(),
            key: "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s".into(),
        },
    }
}

/// Makes the store in the folder that `PEGBOX_MILLION_STORE` names, with `PEGBOX_MILLION_COMMITS` commits.
#[test]
#[ignore = "it writes half a gigabyte, to be measured with the binary"]
fn a_store_with_a_million_commits_is_made() {
    let folder = PathBuf::from(std::env::var_os("PEGBOX_MILLION_STORE").expect("a folder"));
    let asked = std::env::var("PEGBOX_MILLION_COMMITS").ok();
    let commits = asked.map_or(COMMITS, |commits| commits.parse().expect("a number"));
    let engine = EmbeddedEngine::open(&folder).expect("it opens");
    let mut pending: VecDeque<Pending> = VecDeque::new();
    for number in 1..=commits {
        if pending.len() == IN_FLIGHT {
            pending.pop_front().expect("one").wait().expect("taken");
        }
        let key = format!("measured/{:08}", number / 2);
        pending.push_back(engine.submit(Batch::new(entry(number)).put(key, "value ".repeat(20))));
    }
    assert!(pending.into_iter().all(|pending| pending.wait().is_ok()));
    assert_eq!(engine.stats().expect("stats").commits, commits);
}
