//! Evidence is fresh: a name that came to stand for another model makes what rests on the older one stale, and answers
//! that were not asked for carry no release.

use pegbox::domain::promotion::Environment;
use pegbox::workbench::{Judgement, Need};

use super::bench::*;
use super::lab::Lab;

const STAGING: Environment = Environment::Staging;

#[test]
fn a_ledger_keeps_since_when_a_name_stands_for_another_model() {
    let lab = Lab::new();
    assert!(lab.bench.workbench.model_ledgers().unwrap().is_empty());
    let (first, _) = lab.run();
    let (second, _) = lab.run();
    lab.becomes("house-2", "a");
    let (third, _) = lab.run();
    let uses = lab.bench.workbench.alias_uses_of("house").unwrap();
    assert_eq!(uses.len(), 1);
    let ledger = &uses[0].ledger;
    assert_eq!(ledger.alias.endpoint.as_deref(), Some(lab.server.base_url().as_str()));
    let stale: Vec<_> = uses[0].stale_runs.iter().map(|summary| summary.run.id).collect();
    assert_eq!(stale, [second, first]);
    let lines: Vec<_> = ledger
        .lines
        .iter()
        .map(|line| (line.model.as_str(), line.run))
        .collect();
    assert_eq!(lines, [("house-1", first), ("house-2", third)]);
    assert_eq!(ledger.lines[1].system_fingerprint.as_deref(), Some("fp-house-2"));
    assert_fault(
        lab.bench.workbench.alias_uses_of("mouse"),
        pegbox::workbench::FaultKind::NotFound,
        "mouse",
    );
    assert!(lab.bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn runs_of_the_older_model_are_stale_and_so_is_one_that_the_change_caught_half_way() {
    let lab = Lab::new();
    let (old, _) = lab.run();
    assert_eq!(lab.bench.workbench.run_detail(old).unwrap().caveats.stale, []);
    lab.change(|model| model.becomes = Some((2, "house-2")));
    let (caught, end) = lab.run();
    assert_eq!(end.resolved_models, ["house-1", "house-2"]);
    let (new, _) = lab.run();
    let stale = |run| lab.bench.workbench.run_detail(run).unwrap().caveats.stale.pop();
    let older = stale(old).unwrap();
    assert_eq!(
        (older.answered, older.now.model.as_str()),
        (vec!["house-1".to_owned()], "house-2")
    );
    assert_eq!(stale(caught).unwrap().answered, ["house-1"]);
    assert_eq!(stale(new), None);
    let listed = lab.bench.workbench.runs(None, 10).unwrap();
    let is_stale = |run| {
        listed
            .iter()
            .any(|summary| summary.run.id == run && !summary.caveats.stale.is_empty())
    };
    assert!(is_stale(old) && !is_stale(new));
    let record = lab.bench.workbench.tuning_record(old).unwrap();
    assert!(!record.caveats.stale.is_empty());
}

#[test]
fn stale_evidence_carries_no_review() {
    let lab = Lab::new();
    let workbench = &lab.bench.workbench;
    let (old, _) = lab.run();
    lab.becomes("house-2", "a");
    lab.run();
    assert_refused(
        workbench.request_review(&anna(), &lab.version, STAGING, Some(old), REASON),
        "house stands for house-2 since",
    );
    // Where none is named, the newest that counts is taken.
    let review = workbench
        .request_review(&anna(), &lab.version, STAGING, None, REASON)
        .unwrap();
    assert_ne!(review.run, old);
    // And what was fresh when it was asked for may be stale when it is approved.
    lab.becomes("house-3", "a");
    lab.run();
    assert_refused(
        workbench.decide(&ben(), review.id, Judgement::Approve, REASON),
        "stale: answered by house-2",
    );
    let detail = workbench.review_detail(&ben(), review.id).unwrap();
    assert!(!detail.caveats.stale.is_empty());
    assert!(workbench.reviews().unwrap()[0].caveats.stale.len() == 1);
}

#[test]
fn an_approval_does_not_outlive_its_model() {
    let lab = Lab::new();
    let workbench = &lab.bench.workbench;
    lab.run();
    let review = workbench
        .request_review(&anna(), &lab.version, STAGING, None, REASON)
        .unwrap();
    workbench.decide(&ben(), review.id, Judgement::Approve, REASON).unwrap();
    lab.becomes("house-2", "a");
    lab.run();
    assert_refused(workbench.promote(&ben(), review.id, REASON), "stale");
    let needs = workbench.status().unwrap().needs;
    let is_said = |need: &Need| matches!(need, Need::Approved { stale: Some(why), .. } if why.contains("house-2"));
    assert!(needs.iter().any(is_said), "who would promote it is told: {needs:?}");
    lab.run();
    let review = workbench
        .request_review(&anna(), &lab.version, STAGING, None, REASON)
        .unwrap();
    workbench.decide(&ben(), review.id, Judgement::Approve, REASON).unwrap();
    workbench.promote(&ben(), review.id, REASON).unwrap();
}

#[test]
fn a_release_whose_evidence_became_stale_says_so() {
    let lab = Lab::new();
    let workbench = &lab.bench.workbench;
    lab.run();
    let review = workbench
        .request_review(&anna(), &lab.version, Environment::Production, None, REASON)
        .unwrap();
    workbench.decide(&ben(), review.id, Judgement::Approve, REASON).unwrap();
    workbench.promote(&ben(), review.id, REASON).unwrap();
    let stale = || workbench.environments().unwrap().remove(0).stale;
    assert_eq!(stale(), []);
    lab.becomes("house-2", "a");
    lab.run();
    assert_eq!(stale()[0].answered, ["house-1"]);
    let needs = workbench.status().unwrap().needs;
    let is_said = |need: &Need| matches!(need, Need::StaleRelease { why, .. } if why.contains("house-2"));
    assert!(needs.iter().any(is_said), "{needs:?}");
    let release = workbench.releases(&lab.version.prompt).unwrap().remove(0);
    let nodes = workbench.lineage(&release.promotion.id.to_string()).unwrap().nodes;
    let run = nodes.iter().find(|node| node.kind == "run").unwrap();
    assert!(
        run.summary.contains("; stale: ") && run.summary.contains("house-2"),
        "{run:?}"
    );
}

#[test]
fn answers_are_reused_only_where_a_run_asks_for_it() {
    let lab = Lab::new();
    let (first, end) = lab.run();
    assert_eq!((lab.sent(), end.totals.reused), (4, 0));
    let (asked, _) = lab.run();
    assert_eq!(lab.sent(), 8, "evidence is asked for anew");
    let (again, end) = lab.reusing();
    assert_eq!((lab.sent(), end.totals.saved, end.totals.reused), (8, 4, 4));
    assert_eq!(
        (end.totals.input_tokens, end.totals.cost.0, end.totals.cost_unknown),
        (0, 0, 0)
    );
    assert_eq!(end.totals.passed, 4);
    let (before, now) = (&lab.outcomes(asked)[2], &lab.outcomes(again)[2]);
    assert_eq!(
        (&now.text, &now.raw_response, now.latency_ms),
        (&before.text, &before.raw_response, before.latency_ms)
    );
    assert_eq!((now.run, now.attempts.len()), (again, 0));
    let caveats = lab.bench.workbench.run_detail(again).unwrap().caveats;
    assert_eq!(caveats.reused_text().as_deref(), Some("4 reused from run_2"));
    assert_refused(
        lab.bench
            .workbench
            .request_review(&anna(), &lab.version, STAGING, Some(again), REASON),
        "4 reused from run_2: answers that count for a release are fresh",
    );
    let comparison = lab.bench.workbench.compare_runs(first, again).unwrap().result;
    assert!(
        comparison
            .differences
            .contains(&"run_3: 4 reused from run_2".to_owned()),
        "{:?}",
        comparison.differences
    );
    assert!(lab.bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn reused_answers_are_graded_anew() {
    let lab = Lab::new();
    lab.run();
    let mut start = lab.start.clone();
    start.suite = lab
        .bench
        .suite(&suite("others", "kind = \"contains\"\ntext = \"zebra\"", "point"));
    start.settings.reuses_answers = true;
    let (_, end) = lab.bench.run(&start);
    assert_eq!((lab.sent(), end.totals.reused, end.totals.failed), (4, 4, 4));
}

#[test]
fn errors_and_answers_of_an_older_model_are_asked_again() {
    let lab = Lab::new();
    lab.change(|model| model.fails_from = 3);
    let (_, end) = lab.run();
    assert_eq!(end.totals.errored, 1);
    lab.change(|model| model.fails_from = usize::MAX);
    let (_, end) = lab.reusing();
    assert_eq!((end.totals.reused, lab.sent()), (3, 5), "the error is no answer");
    lab.becomes("house-2", "a");
    let mut other = lab.start.clone();
    other.dataset = lab
        .bench
        .dataset("{\"id\":\"x\",\"input\":\"other\",\"expected\":{\"route\":\"a\"}}\n");
    lab.bench.run(&other);
    let (_, end) = lab.reusing();
    assert_eq!(
        (end.totals.reused, lab.sent()),
        (0, 10),
        "the name stands for another model now"
    );
}

#[test]
fn another_request_is_another_answer() {
    let lab = Lab::new();
    lab.run();
    let mut start = lab.start.clone();
    start.settings.reuses_answers = true;
    // The same server under another name: what a name means is up to the endpoint.
    start.settings.base_url = start.settings.base_url.map(|url| url.replace("127.0.0.1", "localhost"));
    let (_, end) = lab.bench.run(&start);
    assert_eq!((end.totals.reused, lab.sent()), (0, 8));
}
