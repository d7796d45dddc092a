//! The rules of each environment: how many approve, who, on how fresh evidence, and which suites the content passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pegbox::domain::decision::Decision;
use pegbox::domain::ids::ReviewId;
use pegbox::domain::person::{PersonChange, Role};
use pegbox::domain::policy::{EnvironmentRules, Policy, SelfApproval, SimulatedEvidence};
use pegbox::domain::promotion::Environment;
use pegbox::domain::review::ReviewState;
use pegbox::domain::time::Timestamp;
use pegbox::store::engine::Engine;
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::{FaultKind, Judgement, WorkbenchError};

use crate::bench::*;
use crate::release_path::{assert_one_won, both_of};

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

fn set(bench: &Bench, production: EnvironmentRules) {
    let policy = Policy {
        simulated_evidence: SimulatedEvidence::Accepted,
        production,
        ..Policy::default()
    };
    bench
        .workbench
        .set_policy(&anna(), &policy, "rules that the test needs")
        .unwrap();
}

fn two_approvals() -> EnvironmentRules {
    EnvironmentRules {
        approvals: 2,
        ..EnvironmentRules::default()
    }
}

/// A review of a version by anna, on a run that passes.
fn asked(bench: &Bench, note: &str) -> ReviewId {
    let version = bench.version(&document(note));
    bench.passing_run(&version);
    bench.review(&version, Environment::Production)
}

fn decide(bench: &Bench, name: &str, review: ReviewId, judgement: Judgement) -> Result<Decision, WorkbenchError> {
    bench.workbench.decide(&actor(name), review, judgement, REASON)
}

fn approve(bench: &Bench, name: &str, review: ReviewId) -> Result<Decision, WorkbenchError> {
    decide(bench, name, review, Judgement::Approve)
}

fn state(bench: &Bench, review: ReviewId) -> ReviewState {
    bench.workbench.review_detail(&ben(), review).unwrap().state
}

fn missing(bench: &Bench, review: ReviewId) -> Option<String> {
    let detail = bench.workbench.review_detail(&ben(), review).unwrap();
    detail.approvals.and_then(|check| check.fault)
}

#[test]
fn as_many_people_approve_as_the_rules_say_each_once() {
    let bench = Bench::new();
    set(&bench, two_approvals());
    let review = asked(&bench, "one");
    assert_eq!(
        missing(&bench, review).unwrap(),
        "0 of 2 approvals; still needed: 2 more of another person"
    );
    approve(&bench, "ben", review).unwrap();
    assert_eq!(state(&bench, review), ReviewState::PartlyApproved);
    assert_refused(approve(&bench, "ben", review), "ben approved it already, in decision_1");
    assert_refused(
        bench.workbench.promote(&ben(), review, REASON),
        "1 of 2 approvals: ben; still needed: one more of another person",
    );
    assert_fault(
        bench.workbench.approved_review(&triage(), Environment::Production),
        FaultKind::Refused,
        "review_1 cannot be promoted: 1 of 2 approvals: ben; still needed: one more of another person",
    );

    // Whoever decides otherwise takes all approvals with it.
    decide(&bench, "cleo", review, Judgement::Pause).unwrap();
    assert_eq!(state(&bench, review), ReviewState::Paused);
    approve(&bench, "cleo", review).unwrap();
    assert_eq!(state(&bench, review), ReviewState::PartlyApproved);
    let last = approve(&bench, "ben", review).unwrap();
    assert_eq!(
        (state(&bench, review), missing(&bench, review)),
        (ReviewState::Approved, None)
    );
    let promoted = bench.workbench.promote(&ben(), review, REASON).unwrap();
    assert_eq!(promoted.promotion().approved_by, last.id);
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn the_rules_name_who_may_approve_and_say_who_still_could() {
    let bench = Bench::new();
    let review = asked(&bench, "one");
    set(
        &bench,
        EnvironmentRules {
            approvers: vec![actor("cleo"), actor("dora")],
            ..two_approvals()
        },
    );
    assert_refused(
        approve(&bench, "ben", review),
        "ben is not among those who approve for production: cleo, dora",
    );
    approve(&bench, "cleo", review).unwrap();
    assert_eq!(
        missing(&bench, review).unwrap(),
        "1 of 2 approvals: cleo; still needed: one more of dora"
    );
    approve(&bench, "dora", review).unwrap();
    // Somebody who is not named any more does not count any more.
    set(
        &bench,
        EnvironmentRules {
            approvers: vec![actor("cleo"), actor("ben")],
            ..two_approvals()
        },
    );
    assert_eq!(state(&bench, review), ReviewState::PartlyApproved);
    assert_refused(
        bench.workbench.promote(&ben(), review, REASON),
        "1 of 2 approvals: cleo; still needed: one more of ben",
    );
    approve(&bench, "ben", review).unwrap();
    bench.workbench.promote(&ben(), review, REASON).unwrap();
}

#[test]
fn reviewers_who_could_approve_are_named_where_people_are_listed() {
    let bench = Bench::new();
    let review = asked(&bench, "one");
    for (name, roles) in [
        ("root", vec![Role::Admin]),
        ("anna", vec![Role::Admin, Role::Reviewer]),
        ("ben", vec![Role::Reviewer]),
        ("cleo", vec![Role::Reviewer]),
    ] {
        let first = PersonChange {
            add_roles: roles,
            ..PersonChange::default()
        };
        let added = bench.workbench.add_person(&actor("root"), &actor(name), first, REASON);
        added.unwrap();
    }
    set(
        &bench,
        EnvironmentRules {
            self_approval: SelfApproval::Refused,
            ..two_approvals()
        },
    );
    assert_eq!(
        missing(&bench, review).unwrap(),
        "0 of 2 approvals; still needed: 2 more of ben, cleo"
    );
    let unknown = EnvironmentRules {
        approvers: vec![actor("root")],
        ..EnvironmentRules::default()
    };
    let policy = Policy {
        production: unknown,
        ..Policy::default()
    };
    assert_refused(
        bench.workbench.set_policy(&anna(), &policy, REASON),
        "root is not a reviewer of this store",
    );
    let detail = bench.workbench.review_detail(&actor("root"), review).unwrap();
    let role = detail.checks.iter().find(|check| check.title == "a reviewer approves");
    let fault = role.and_then(|check| check.fault.clone()).unwrap();
    assert!(
        fault.contains("root may not approve: that takes the role reviewer"),
        "{fault}"
    );
}

#[test]
fn an_author_is_not_alone_where_the_rules_say_so() {
    let bench = Bench::new();
    let review = asked(&bench, "one");
    set(
        &bench,
        EnvironmentRules {
            self_approval: SelfApproval::NotAlone,
            ..EnvironmentRules::default()
        },
    );
    approve(&bench, "anna", review).unwrap();
    assert_eq!(state(&bench, review), ReviewState::PartlyApproved);
    assert_refused(
        bench.workbench.promote(&ben(), review, REASON),
        "one more of another person",
    );
    approve(&bench, "ben", review).unwrap();
    bench.workbench.promote(&anna(), review, REASON).unwrap();
}

#[test]
fn evidence_grows_too_old_for_an_approval_and_for_a_promotion() {
    let now = Arc::new(AtomicI64::new(1_780_300_000_000));
    let read = Arc::clone(&now);
    let engine = Arc::new(MemoryEngine::new()) as Arc<dyn Engine>;
    let bench = Bench::timed(engine, Arc::new(move || Timestamp(read.load(Ordering::Relaxed))));
    set(
        &bench,
        EnvironmentRules {
            evidence_days_max: Some(30),
            ..EnvironmentRules::default()
        },
    );
    let review = asked(&bench, "one");
    now.fetch_add(30 * DAY_MS, Ordering::Relaxed);
    approve(&bench, "ben", review).unwrap();
    now.fetch_add(1, Ordering::Relaxed);
    assert_refused(approve(&bench, "cleo", review), "ended 30 days ago");
    assert_refused(
        bench.workbench.promote(&ben(), review, REASON),
        "run_1 ended 30 days ago",
    );
    let detail = bench.workbench.review_detail(&ben(), review).unwrap();
    let titles: Vec<&str> = detail.checks.iter().map(|check| check.title.as_str()).collect();
    assert!(titles.contains(&"evidence is not older than 30 days"), "{titles:?}");
}

#[test]
fn the_content_passes_the_suites_that_the_rules_name() {
    let bench = Bench::new();
    let review = asked(&bench, "one");
    let strict = bench.suite(&suite("strict", FAILING, "point"));
    set(
        &bench,
        EnvironmentRules {
            suites: vec![strict.name.clone(), "passing".parse().unwrap()],
            ..EnvironmentRules::default()
        },
    );
    assert_refused(
        approve(&bench, "ben", review),
        "triage_v1 has no finished run with strict: start one",
    );
    let version = "triage_v1".parse().unwrap();
    let dataset = bench.workbench.resolve_dataset("rows").unwrap();
    bench.run(&start(&version, &dataset, &strict));
    assert_refused(approve(&bench, "ben", review), "the gate of run_2 says fail");
    let lenient = bench.suite(&suite("strict", PASSING, "point"));
    bench.run(&start(&version, &dataset, &lenient));
    approve(&bench, "ben", review).unwrap();
    bench.workbench.promote(&ben(), review, REASON).unwrap();

    let unknown = EnvironmentRules {
        suites: vec!["nothing".parse().unwrap()],
        ..EnvironmentRules::default()
    };
    let policy = Policy {
        staging: unknown,
        ..Policy::default()
    };
    assert_fault(
        bench.workbench.set_policy(&anna(), &policy, REASON),
        FaultKind::NotFound,
        "no suite named nothing",
    );
}

#[test]
fn rules_that_nobody_could_keep_are_refused() {
    let bench = Bench::new();
    let refused = |production: EnvironmentRules, words: &str| {
        let policy = Policy {
            production,
            ..Policy::default()
        };
        assert_fault(
            bench.workbench.set_policy(&anna(), &policy, REASON),
            FaultKind::Invalid,
            words,
        );
    };
    for approvals in [0, 21, u32::MAX] {
        let rules = EnvironmentRules {
            approvals,
            ..EnvironmentRules::default()
        };
        refused(rules, "from 1 to 20");
    }
    let rules = EnvironmentRules {
        approvers: vec![ben()],
        ..two_approvals()
    };
    refused(rules, "fewer than the 2 approvals");
}

#[test]
fn an_edit_after_the_approval_is_another_content_that_nobody_approved() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    let review = bench.approved(&version, Environment::Production);
    let edited = bench.version(&document("two"));
    bench.passing_run(&edited);
    // The approval is of what was read: the edit needs a review of its own.
    let promoted = bench.workbench.promote(&ben(), review, REASON).unwrap();
    assert_eq!(promoted.promotion().version, version);
    assert_fault(
        bench.workbench.approved_review(&triage(), Environment::Production),
        FaultKind::Refused,
        "no approved review",
    );
    let of_edited = bench.review(&edited, Environment::Production);
    assert_refused(
        bench.workbench.promote(&ben(), of_edited, REASON),
        "is open, not approved",
    );
    approve(&bench, "ben", of_edited).unwrap();

    // Bytes that are exchanged behind everybody's back are not what was approved either.
    let other = bench.engine.get(b"version/triage/0000000001").unwrap();
    let key = "version/triage/0000000002";
    assert!(
        other.is_some() && bench.engine.get(key.as_bytes()).unwrap().is_some(),
        "the keys have changed"
    );
    bench.replace(key, other);
    assert!(bench.workbench.promote(&ben(), of_edited, REASON).is_err());
    assert_eq!(bench.workbench.releases(&triage()).unwrap().len(), 1);
}

#[test]
fn of_two_who_act_on_one_release_at_once_one_wins_under_two_approvals_too() {
    let bench = Bench::new();
    set(&bench, two_approvals());
    for round in 0..5 {
        let review = asked(&bench, &format!("round {round}"));
        // The same person twice is one approval, and one is told.
        let one = || approve(&bench, "ben", review).map(drop);
        assert_one_won(both_of(one, one));
        assert_eq!(state(&bench, review), ReviewState::PartlyApproved);
        // Two others: whoever is told that it changed meanwhile looks again.
        let results = both_of(
            || approve(&bench, "cleo", review).map(drop),
            || approve(&bench, "dora", review).map(drop),
        );
        assert!(results.iter().any(Result::is_ok), "{results:?}");
        assert_eq!(state(&bench, review), ReviewState::Approved);
        let before = bench.workbench.releases(&triage()).unwrap().len();
        let promote = || bench.workbench.promote(&ben(), review, REASON).map(drop);
        assert_one_won(both_of(promote, promote));
        assert_eq!(bench.workbench.releases(&triage()).unwrap().len(), before + 1);
    }
    assert!(bench.workbench.verify().unwrap().is_sound());
}
