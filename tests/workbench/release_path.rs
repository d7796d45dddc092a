//! A version enters an environment on one path only: finished run, passing gate, approval, promotion. And back.

use std::sync::{Arc, Barrier};
use std::thread;

use pegbox::domain::decision::{DecisionKind, OtherCause};
use pegbox::domain::ids::RunId;
use pegbox::domain::model::ModelConfig;
use pegbox::domain::policy::{EnvironmentRules, Policy, SelfApproval};
use pegbox::domain::promotion::{Environment, Promotion};
use pegbox::domain::reason::Reason;
use pegbox::domain::release::{ModelBundle, ReleaseKind};
use pegbox::domain::review::{Approval, ReviewState};
use pegbox::domain::run::{EndState, Run};
use pegbox::domain::time::Timestamp;
use pegbox::domain::version::PromptVersion;
use pegbox::releases::rollback::Leaving;
use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::{Change, Store};
use pegbox::workbench::{FaultKind, Judgement, Need};

use super::bench::*;

const GATED: [Environment; 2] = [Environment::Staging, Environment::Production];

/// A run like `of`, as a process leaves it that dies at once.
fn unfinished_run(bench: &Bench, of: RunId) -> RunId {
    let run = Run {
        id: RunId(99),
        ..bench.workbench.run_detail(of).unwrap().run
    };
    let audit = bench.workbench.audit_page(1, 1).unwrap().remove(0).2;
    let change = Change::new(audit).insert_run(&run).unwrap();
    change.commit(&Store::new(Arc::clone(&bench.engine))).unwrap();
    run.id
}

fn assert_nothing_entered(bench: &Bench) {
    for environment in GATED {
        assert_eq!(bench.workbench.promotions(&triage(), environment).unwrap(), []);
        assert_refused(
            bench.workbench.approved_review(&triage(), environment),
            "no approved review",
        );
    }
}

#[test]
fn a_review_needs_a_finished_run_of_this_very_content() {
    let bench = Bench::new();
    let (old, new) = (bench.version(&document("one")), bench.version(&document("two")));
    let ask = |environment, run| bench.workbench.request_review(&anna(), &new, environment, run, REASON);
    assert_refused(ask(Environment::Staging, None), "no finished run of triage_v2");
    let of_old = bench.passing_run(&old);
    let unfinished = unfinished_run(&bench, bench.passing_run(&new));
    for environment in GATED {
        assert_refused(ask(environment, Some(of_old)), "tested triage_v1 with content");
        assert_refused(ask(environment, Some(unfinished)), "has not finished");
    }
    bench.workbench.cancel_run(&anna(), unfinished).unwrap();
    assert_eq!(bench.workbench.wait_run(unfinished).unwrap().state, EndState::Cancelled);
    assert_refused(ask(Environment::Production, Some(unfinished)), "has not finished");
    assert_refused(ask(Environment::Experiment, None), "needs no review");
    assert_fault(
        ask(Environment::Production, Some(RunId(77))),
        FaultKind::NotFound,
        "run_77",
    );
    let note = bench
        .workbench
        .request_review(&anna(), &new, Environment::Staging, None, "lgtm");
    assert_fault(note, FaultKind::Invalid, "not concrete");
    assert_eq!(bench.workbench.reviews().unwrap(), []);
    assert_nothing_entered(&bench);
}

#[test]
fn a_gate_that_fails_or_cannot_tell_stops_an_approval_in_words() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    let dataset = bench.dataset(&tickets());
    let gates = [
        (suite("failing", FAILING, "point"), "the gate says fail"),
        (suite("unsure", PASSING, "proven"), "the gate says cannot tell yet"),
    ];
    for (source, words) in gates {
        let (run, _) = bench.run(&start(&version, &dataset, &bench.suite(&source)));
        for environment in GATED {
            let review = bench
                .workbench
                .request_review(&anna(), &version, environment, Some(run), REASON)
                .unwrap()
                .id;
            let detail = bench.workbench.review_detail(&ben(), review).unwrap();
            assert_eq!(detail.checks.iter().filter(|check| check.fault.is_some()).count(), 1);
            let approval = bench.workbench.decide(&ben(), review, Judgement::Approve, REASON);
            assert_refused(approval, words);
            assert_refused(bench.workbench.promote(&ben(), review, REASON), "is open, not approved");
            assert_eq!(bench.workbench.review_detail(&ben(), review).unwrap().decisions, []);
        }
    }
    assert_nothing_entered(&bench);
}

#[test]
fn rejected_paused_and_other_causes_stop_a_promotion_even_after_an_approval() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    let judgements = [
        (Judgement::Reject, "is rejected, not approved"),
        (Judgement::Pause, "is paused, not approved"),
        (
            Judgement::NotAPromptProblem(OtherCause::Retrieval),
            "is not a prompt problem, not approved",
        ),
    ];
    for (judgement, words) in judgements {
        for environment in GATED {
            let review = bench.approved(&version, environment);
            bench.workbench.decide(&ben(), review, judgement, REASON).unwrap();
            assert_refused(bench.workbench.promote(&ben(), review, REASON), words);
            let again = bench.workbench.decide(&ben(), review, Judgement::Approve, REASON);
            if judgement == Judgement::Reject {
                assert_refused(again, "was rejected: ask for a new review");
            } else {
                // What was put off can be taken up again; here it is put off once more.
                again.unwrap();
                bench.workbench.decide(&ben(), review, judgement, REASON).unwrap();
            }
        }
    }
    assert_nothing_entered(&bench);
}

#[test]
fn an_approval_counts_for_its_environment_and_once() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    let review = bench.approved(&version, Environment::Staging);
    let promotion = bench.workbench.promote(&ben(), review, REASON).unwrap();
    assert_eq!(promotion.promotion().id.to_string(), "triage_staging_v1");
    assert!(promotion.into_release().is_none());
    assert_eq!(bench.workbench.releases(&triage()).unwrap(), []);
    assert_refused(
        bench.workbench.approved_review(&triage(), Environment::Production),
        "no approved review of triage for production",
    );
    assert_refused(
        bench.workbench.promote(&ben(), review, REASON),
        "is promoted, not approved",
    );
    for judgement in [Judgement::Approve, Judgement::Reject, Judgement::Pause] {
        let late = bench.workbench.decide(&ben(), review, judgement, REASON);
        assert_refused(late, "led to a promotion already");
    }
    assert_eq!(
        bench
            .workbench
            .promotions(&triage(), Environment::Staging)
            .unwrap()
            .len(),
        1
    );

    let review = bench.approved(&bench.version(&document("two")), Environment::Staging);
    let detail = bench.workbench.review_detail(&ben(), review).unwrap();
    let rules = EnvironmentRules::default();
    let approval = Approval::of(&detail.review, &detail.decisions, &detail.version, &rules).unwrap();
    let elsewhere = Promotion::new(
        "triage_prod_v1".parse().unwrap(),
        &approval,
        None,
        ben(),
        Reason::new(REASON).unwrap(),
        Timestamp(0),
    );
    assert!(elsewhere.unwrap_err().to_string().contains("for triage_v2 in staging"));
    let other_content = PromptVersion {
        content_hash: pegbox::domain::hash::ContentHash::of_bytes(b"other"),
        ..detail.version
    };
    assert!(Approval::of(&detail.review, &detail.decisions, &other_content, &rules).is_err());
}

#[test]
fn the_policy_says_who_may_approve_and_what_counts() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    bench.passing_run(&version);
    let review = bench.review(&version, Environment::Production);
    let approve = |actor| bench.workbench.decide(&actor, review, Judgement::Approve, REASON);

    bench
        .workbench
        .set_policy(&anna(), &Policy::default(), "from now on a real store")
        .unwrap();
    assert_refused(approve(ben()), "simulated model, which is no evidence");
    bench.accept_simulated(SelfApproval::Refused);
    assert_refused(approve(anna()), "anna wrote triage_v1 and may not be its only approver");
    approve(ben()).unwrap();

    // A rule that became stricter after the approval holds for the promotion too.
    bench
        .workbench
        .set_policy(&anna(), &Policy::default(), "from now on a real store")
        .unwrap();
    assert_refused(bench.workbench.promote(&ben(), review, REASON), "cannot be promoted");
    assert_eq!(bench.workbench.releases(&triage()).unwrap(), []);
    bench.accept_simulated(SelfApproval::Allowed);
    approve(anna()).unwrap();
    bench.workbench.promote(&anna(), review, REASON).unwrap();
}

#[test]
fn an_approval_is_for_the_change_that_was_read() {
    let bench = Bench::new();
    bench.release("one");
    let two = bench.version(&document("two"));
    let read_against_one = bench.approved(&two, Environment::Production);
    bench.passing_run(&two);
    let open = bench.review(&two, Environment::Production);
    bench.release("three");
    let words = "production holds triage_v3 now (triage_prod_v2 by ben at ";
    let promotion = bench.workbench.promote(&ben(), read_against_one, REASON);
    assert_refused(promotion, words);
    let again = bench.workbench.promote(&ben(), read_against_one, REASON).unwrap_err();
    let words_after = "the change was read against triage_v1: ask for a new review";
    assert!(again.to_string().contains(words_after), "{again}");
    let approval = bench.workbench.decide(&ben(), open, Judgement::Approve, REASON);
    assert_refused(approval, words);
    let detail = bench.workbench.review_detail(&ben(), open).unwrap();
    let faults: Vec<_> = detail.checks.iter().filter(|check| check.fault.is_some()).collect();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].title, "production still holds triage_v1");

    // Back where it was, the change that was read is again the one that is made.
    let live = Leaving::Live(triage());
    bench.workbench.roll_back(&ben(), &live, REASON).unwrap();
    bench.workbench.promote(&ben(), read_against_one, REASON).unwrap();
    let detail = bench.workbench.review_detail(&ben(), read_against_one).unwrap();
    assert!(
        detail.checks.iter().all(|check| check.fault.is_none()),
        "it stays as it was"
    );
}

#[test]
fn home_says_that_an_approval_was_overtaken_until_there_is_a_new_review() {
    let bench = Bench::new();
    bench.release("one");
    let two = bench.version(&document("two"));
    bench.approved(&two, Environment::Production);
    let overtaken = || -> Vec<_> {
        let needs = bench.workbench.status().unwrap().needs;
        let approved = needs.into_iter().filter_map(|need| match need {
            Need::Approved { overtaken_by, .. } => Some(overtaken_by.map(|version| version.to_string())),
            _ => None,
        });
        approved.collect()
    };
    assert_eq!(overtaken(), [None]);
    bench.release("three");
    assert_eq!(overtaken(), [Some("triage_v3".to_owned())]);
    let fresh = bench.review(&two, Environment::Production);
    assert_eq!(overtaken(), []);
    bench
        .workbench
        .decide(&ben(), fresh, Judgement::Approve, REASON)
        .unwrap();
    assert_eq!(overtaken(), [None]);
}

#[test]
fn what_is_live_is_not_released_again() {
    let bench = Bench::new();
    let live = bench.release("one").promotion.version;
    let again = bench
        .workbench
        .request_review(&anna(), &live, Environment::Production, None, REASON);
    assert_refused(again, "triage_v1 is in production already");
    bench.review(&live, Environment::Staging);
}

#[test]
fn every_decision_needs_a_concrete_reason() {
    let bench = Bench::new();
    bench.release("one");
    let version = bench.version(&document("two"));
    let review = bench.approved(&version, Environment::Production);
    let (before, policy) = (
        bench.workbench.decisions("").unwrap(),
        bench.workbench.policy().unwrap(),
    );
    let (workbench, live) = (&bench.workbench, Leaving::Live(triage()));
    for empty in ["", "   ", "ok", "LGTM", "looks good to me!", "as discussed."] {
        for judgement in [
            Judgement::Approve,
            Judgement::Reject,
            Judgement::Pause,
            Judgement::NotAPromptProblem(OtherCause::FineTuning),
        ] {
            let decided = workbench.decide(&ben(), review, judgement, empty);
            assert_fault(decided, FaultKind::Invalid, "reason");
        }
        assert_fault(workbench.promote(&ben(), review, empty), FaultKind::Invalid, "reason");
        assert_fault(workbench.roll_back(&ben(), &live, empty), FaultKind::Invalid, "reason");
        let policy = workbench.set_policy(&anna(), &Policy::default(), empty);
        assert_fault(policy, FaultKind::Invalid, "reason");
    }
    assert_eq!(workbench.decisions("").unwrap(), before);
    assert_eq!(workbench.policy().unwrap(), policy);
    assert_eq!(workbench.releases(&triage()).unwrap().len(), 1);
}

#[test]
fn a_release_keeps_what_it_replaces_and_the_way_back() {
    let bench = Bench::new();
    let first = bench.release("one");
    assert_eq!(
        (
            &first.replaced_bundle,
            &first.rollback_target,
            &first.promotion.replaces
        ),
        (&None, &None, &None)
    );
    let second = bench.release("two");
    let promotion = &second.promotion;
    let version = |id| bench.workbench.version(id).unwrap();
    assert_eq!(promotion.id.to_string(), "triage_prod_v2");
    assert_eq!(promotion.replaces.as_ref(), Some(&first.promotion.id));
    assert_eq!(second.bundle, ModelBundle::of(&version(&promotion.version)));
    assert_eq!(
        second.replaced_bundle,
        Some(ModelBundle::of(&version(&first.promotion.version)))
    );
    let model: &ModelConfig = &second.bundle.model;
    assert_eq!((model.name.as_str(), model.seed), ("triage-sim-1", Some(7)));
    let review = bench.workbench.review_detail(&ben(), promotion.review).unwrap();
    assert_eq!(promotion.run, review.review.run);
    assert_eq!(promotion.content_hash, review.run.subject.content_hash());
    assert_eq!(promotion.approved_by, review.decisions[0].id);
    assert_eq!(review.state, ReviewState::Promoted);
    let guards: Vec<_> = second.guards.iter().map(|g| (g.metric.as_str(), g.limit)).collect();
    assert_eq!(guards, [("share", 0.9)]);
    let target = second.rollback_target.as_ref().unwrap();
    assert_eq!(
        (&target.release, &target.version),
        (&first.promotion.id, &first.promotion.version)
    );
    assert!(
        target.command.contains("release rollback triage_prod_v2"),
        "{}",
        target.command
    );
    assert_eq!(bench.workbench.release(&promotion.id).unwrap(), second);
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn going_back_takes_effect_at_once_and_is_a_release_and_a_decision() {
    let bench = Bench::new();
    let (first, second) = (bench.release("one"), bench.release("two"));
    let live = || bench.workbench.environments().unwrap()[0].production.clone().unwrap();
    let leave = |id| bench.workbench.roll_back(&ben(), &Leaving::Release(id), REASON);
    assert_eq!(live(), second);
    assert_refused(leave(first.promotion.id.clone()), "triage_prod_v1 is not live");

    let back = leave(second.promotion.id.clone()).unwrap();
    assert_eq!(live(), back);
    assert_eq!(back.promotion.id.to_string(), "triage_prod_v3");
    assert_eq!(back.bundle, first.bundle);
    assert_eq!(back.replaced_bundle.as_ref(), Some(&second.bundle));
    assert_eq!(back.promotion.replaces.as_ref(), Some(&second.promotion.id));
    let kind = ReleaseKind::Rollback {
        from: second.promotion.id.clone(),
        to: first.promotion.id.clone(),
    };
    assert_eq!(back.kind, kind);
    let decision = bench.workbench.decisions("rolled_back").unwrap().remove(0);
    assert_eq!(decision.kind, DecisionKind::RolledBack(back.promotion.id.clone()));
    assert_eq!((&decision.version, &decision.actor), (&second.bundle.version, &ben()));
    assert_eq!(decision.reason.as_str(), REASON);
    let audit = bench.workbench.audit_page(1, 10_000).unwrap().pop().unwrap().2;
    assert_eq!(
        (audit.action.as_str(), audit.subject.as_str(), audit.reason.as_str()),
        ("release.rollback", "triage_prod_v2", REASON)
    );

    assert_refused(leave(second.promotion.id), "triage_prod_v2 is not live");
    assert_refused(leave(back.promotion.id), "went back to triage_prod_v1");
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn the_first_release_has_no_way_back() {
    let bench = Bench::new();
    let live = Leaving::Live(triage());
    assert_refused(bench.workbench.roll_back(&ben(), &live, REASON), "has no release");
    let first = bench.release("one");
    assert_refused(bench.workbench.rollback_target(&live), "is the first release of triage");
    assert_refused(
        bench.workbench.roll_back(&ben(), &live, REASON),
        "is the first release of triage",
    );
    assert_eq!(bench.workbench.releases(&triage()).unwrap(), [first]);
}

#[test]
fn back_twice_and_then_forward() {
    let bench = Bench::new();
    let (first, second) = (bench.release("one"), bench.release("two"));
    bench.release("three");
    let live = Leaving::Live(triage());
    let to_second = bench.workbench.roll_back(&ben(), &live, REASON).unwrap();
    assert_eq!(to_second.bundle, second.bundle);
    let target = to_second.rollback_target.clone().unwrap();
    assert_eq!(target.release, first.promotion.id);
    assert!(target.command.contains("triage_prod_v4"), "{}", target.command);
    let to_first = bench.workbench.roll_back(&ben(), &live, REASON).unwrap();
    assert_eq!(to_first.bundle, first.bundle);
    assert_refused(
        bench.workbench.roll_back(&ben(), &live, REASON),
        "there is none before it",
    );

    let forward = bench.release("four");
    assert_eq!(forward.promotion.id.to_string(), "triage_prod_v6");
    assert_eq!(forward.replaced_bundle, Some(first.bundle.clone()));
    let back = bench.workbench.roll_back(&ben(), &live, REASON).unwrap();
    assert_eq!(back.bundle, first.bundle);
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn of_two_people_at_the_same_moment_one_wins_and_the_other_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::over(Arc::new(EmbeddedEngine::open(folder.path()).unwrap()));
    bench.accept_simulated(SelfApproval::Allowed);
    for round in 0..5 {
        let version = bench.version(&document(&format!("round {round}")));
        let review = bench.approved(&version, Environment::Production);
        let before = bench.workbench.releases(&triage()).unwrap().len();
        let promoted = both(|| bench.workbench.promote(&ben(), review, REASON).map(drop));
        assert_one_won(promoted);
        let releases = bench.workbench.releases(&triage()).unwrap();
        assert_eq!(releases.len(), before + 1);
        assert_eq!(bench.workbench.decisions("promoted").unwrap().len(), before + 1);
    }
    for _ in 0..3 {
        let live = bench.workbench.releases(&triage()).unwrap().remove(0);
        let leaving = Leaving::Release(live.promotion.id.clone());
        let rolled_back = both(|| bench.workbench.roll_back(&ben(), &leaving, REASON).map(drop));
        assert_one_won(rolled_back);
        let back = bench.workbench.releases(&triage()).unwrap().remove(0);
        assert_eq!(back.promotion.replaces, Some(live.promotion.id));
    }
    for round in 0..5 {
        let review = bench.approved(&bench.version(&document(&format!("again {round}"))), GATED[0]);
        let promote_or_reject = both_of(
            || bench.workbench.promote(&ben(), review, REASON).map(drop),
            || {
                bench
                    .workbench
                    .decide(&anna(), review, Judgement::Reject, REASON)
                    .map(drop)
            },
        );
        assert_one_won(promote_or_reject);
    }
    assert!(bench.workbench.verify().unwrap().is_sound());
}

pub type Done = Result<(), pegbox::workbench::WorkbenchError>;

fn both(act: impl Fn() -> Done + Sync) -> [Done; 2] {
    both_of(&act, &act)
}

pub fn both_of(one: impl Fn() -> Done + Sync, other: impl Fn() -> Done + Sync) -> [Done; 2] {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            barrier.wait();
            other()
        });
        barrier.wait();
        [one(), other.join().unwrap()]
    })
}

#[track_caller]
pub fn assert_one_won(results: [Done; 2]) {
    let losses: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(losses.len(), 1, "{losses:?}");
    assert_eq!(losses[0].kind(), FaultKind::Refused, "{}", losses[0]);
}

#[test]
fn decisions_are_kept_and_found() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    bench.passing_run(&version);
    let judgements = [
        (Judgement::Pause, "wait for the legal team"),
        (
            Judgement::NotAPromptProblem(OtherCause::Retrieval),
            "the index lacks the 2026 policy",
        ),
        (Judgement::Reject, "refund tickets still go to general"),
    ];
    for (judgement, reason) in judgements {
        let review = bench.review(&version, Environment::Staging);
        bench.workbench.decide(&ben(), review, judgement, reason).unwrap();
        // The next one rests on another run: a review that waits is not asked for twice.
        bench.passing_run(&version);
    }
    let found = |search: &str| -> Vec<String> {
        let decisions = bench.workbench.decisions(search).unwrap();
        decisions.iter().map(|decision| decision.id.to_string()).collect()
    };
    let cases: [(&str, &[&str]); 9] = [
        ("", &["decision_3", "decision_2", "decision_1"]),
        ("LEGAL wait", &["decision_1"]),
        ("retrieval", &["decision_2"]),
        ("not_a_prompt_problem", &["decision_2"]),
        ("rejected ben", &["decision_3"]),
        ("triage_v1 run_1 paused", &["decision_1"]),
        ("decision_2", &["decision_2"]),
        ("triage_v9", &[]),
        ("legal general", &[]),
    ];
    for (search, ids) in cases {
        assert_eq!(found(search), ids, "{search}");
    }
}
