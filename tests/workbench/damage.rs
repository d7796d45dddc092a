//! What was changed behind the workbench's back is found, and named, by verification and by lineage.

use pegbox::domain::ids::RunId;
use pegbox::domain::origin::Origin;
use pegbox::domain::outcome::{Outcome, OutcomePlace};
use pegbox::domain::progress::FailureLine;
use pegbox::store::engine::AuditEntry;
use pegbox::store::envelope;
use pegbox::store::verify::RecordFinding;
use pegbox::store::{Change, Store};
use pegbox::traces::lineage::HashCheck;
use pegbox::workbench::FaultKind;

use super::bench::*;

/// The key of the first outcome of the first run.
const OUTCOME: &str = "outcome/0000000001/0000000000";

fn flipped(bench: &Bench, key: &str) -> Vec<u8> {
    let mut bytes = bench.engine.get(key.as_bytes()).unwrap().expect(key);
    *bytes.last_mut().unwrap() ^= 1;
    bytes
}

#[test]
fn an_outcome_that_was_rewritten_breaks_the_hash_of_its_run() {
    let bench = Bench::new();
    bench.release("one");
    assert!(bench.workbench.verify().unwrap().is_sound());
    let sound = bench.workbench.lineage("triage_prod_v1").unwrap();
    assert!(sound.is_sound());
    for kind in ["release", "version", "review", "decision", "run", "dataset", "suite"] {
        assert!(sound.nodes.iter().any(|node| node.kind == kind), "{kind}");
    }

    let outcome = Outcome {
        latency_ms: 1_234_567,
        ..bench
            .workbench
            .case("run_1".parse().unwrap(), OutcomePlace::first(0))
            .unwrap()
            .outcome
    };
    bench.tamper(OUTCOME, envelope::encode(&outcome).unwrap());
    let report = bench.workbench.verify().unwrap();
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert_eq!(report.findings[0].key, "run-end/0000000001");
    assert!(report.findings[0].what.contains("the outcomes of run_1 hash to"));
    for id in ["triage_prod_v1", "run_1", "run_1/t-001", "review_1"] {
        let lineage = bench.workbench.lineage(id).unwrap();
        let run = lineage.nodes.iter().find(|node| node.kind == "run").expect(id);
        assert!(matches!(run.check, HashCheck::Broken(_)), "{id}");
        assert!(!lineage.is_sound());
    }
}

#[test]
fn a_later_repeat_may_be_there_before_the_first_one() {
    let bench = Bench::new();
    bench.release("one");
    let id = "run_1".parse().unwrap();
    let outcome = bench.workbench.case(id, OutcomePlace::first(0)).unwrap().outcome;
    let mut run = bench.workbench.run_detail(id).unwrap().run;
    (run.id, run.settings.repeats) = (RunId(2), 2);
    let audit = AuditEntry {
        at_ms: 0,
        actor: "anna".into(),
        action: "run.outcome".into(),
        subject: "run_2".into(),
        reason: String::new(),
        origin: Origin::default(),
    };
    let outcome = Outcome {
        run: run.id,
        repeat: 1,
        ..outcome
    };
    let change = Change::new(audit).insert_run(&run).unwrap();
    let change = change.insert_outcome(&outcome).unwrap();
    change.submit(&Store::new(bench.engine.clone())).wait().unwrap();
    assert_eq!(bench.workbench.verify().unwrap().findings, []);
}

#[test]
fn one_unreadable_record_is_a_finding_and_not_the_end_of_the_search() {
    let bench = Bench::new();
    bench.release("one");
    bench.release("two");
    let keys = [
        OUTCOME,
        "version/triage/0000000001",
        "suite/passing/0000000001",
        "run/0000000002",
        "review/0000000001",
        "decision/0000000001",
        "release/triage/0000000001",
    ];
    for key in keys {
        let bytes = bench.engine.get(key.as_bytes()).unwrap().expect(key);
        bench.tamper(key, flipped(&bench, key));
        let report = bench.workbench.verify().unwrap();
        assert!(
            report.findings.iter().any(|f| f.key == key),
            "{key}: {:?}",
            report.findings
        );
        bench.tamper(key, bytes);
        assert!(bench.workbench.verify().unwrap().is_sound());
    }
    bench.tamper(OUTCOME, flipped(&bench, OUTCOME));
    assert_fault(bench.workbench.lineage("triage_prod_v1"), FaultKind::Store, OUTCOME);
}

#[test]
fn an_example_or_a_version_under_another_content_is_found() {
    let bench = Bench::new();
    let release = bench.release("one");
    let version = bench.workbench.version(&release.promotion.version).unwrap();
    let mut altered = version.clone();
    altered.content.messages[0].text.push('!');
    bench.tamper("version/triage/0000000001", envelope::encode(&altered).unwrap());
    let report = bench.workbench.verify().unwrap();
    assert!(
        report.findings[0].what.contains("triage_v1 does not match its hash"),
        "{report:?}"
    );
    assert!(!bench.workbench.lineage("triage_v1").unwrap().is_sound());
    bench.tamper("version/triage/0000000001", envelope::encode(&version).unwrap());

    let case = bench
        .workbench
        .case("run_1".parse().unwrap(), OutcomePlace::first(0))
        .unwrap();
    let mut example = case.example.clone();
    example.content.labels.push("added later".into());
    let key = format!("example/{}", example.content_hash);
    bench.tamper(&key, envelope::encode(&example).unwrap());
    let report = bench.workbench.verify().unwrap();
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert!(report.findings[0].what.contains("t-001 does not match its hash"));
    assert!(!bench.workbench.lineage("run_1/t-001").unwrap().is_sound());
}

/// Replaces the bytes under a key: verification says at which key that shows and why, and only as long as it lasts.
fn assert_found(bench: &Bench, key: &str, bytes: Option<Vec<u8>>, at: &str, what: &str) {
    let kept = bench.engine.get(key.as_bytes()).unwrap();
    bench.replace(key, bytes);
    let report = bench.workbench.verify().unwrap();
    let is_it = |finding: &&RecordFinding| finding.key == at && finding.what.contains(what);
    assert!(
        report.findings.iter().any(|finding| is_it(&finding)),
        "{key}: {:?}",
        report.findings
    );
    bench.replace(key, kept);
    assert!(bench.workbench.verify().unwrap().is_sound(), "{key}");
}

#[test]
fn a_model_bundle_that_is_not_its_versions_is_found() {
    let bench = Bench::new();
    bench.release("one");
    let release = bench.release("two");
    let key = "release/triage/0000000002";
    let mut forged = release.clone();
    forged.bundle.model.temperature = Some(1.5);
    let bytes = envelope::encode(&forged).unwrap();
    assert_found(&bench, key, Some(bytes), key, "is not that of triage_v2");
    let mut forged = release;
    forged.replaced_bundle = None;
    let bytes = envelope::encode(&forged).unwrap();
    assert_found(
        &bench,
        key,
        Some(bytes),
        key,
        "another model bundle than the one it replaced",
    );
}

#[test]
fn a_list_that_says_something_else_than_its_records_is_found() {
    let bench = Bench::new();
    bench.release("one");
    let outcome = bench
        .workbench
        .case("run_1".parse().unwrap(), OutcomePlace::first(0))
        .unwrap()
        .outcome;
    let place = format!("outcome-of/0000000001/{}", outcome.example);
    assert_found(&bench, &place, None, OUTCOME, "does not lead to it");
    let (bytes, stray) = (
        bench.engine.get(place.as_bytes()).unwrap(),
        "outcome-of/0000000001/stray",
    );
    assert_found(&bench, stray, bytes, stray, "leads to no outcome");
    let line = FailureLine {
        example: outcome.example,
        why: "invented".into(),
        latency_ms: 1,
    };
    let line = Some(envelope::encode(&line).unwrap());
    let (first, none) = ("failure/0000000001/0000000000", "failure/0000000001/0000000999");
    assert_found(
        &bench,
        first,
        line.clone(),
        OUTCOME,
        "list of failures says something else",
    );
    assert_found(&bench, none, line, none, "no such outcome");
    let mark = "run-of/triage/0000000001/0000000001";
    assert_found(&bench, mark, None, "run/0000000001", "in a list is missing");
}
