//! A run can be reproduced: what it rests on is checked hash by hash, it is asked again, and what came out otherwise is
//! said.

use pegbox::domain::ids::RunId;
use pegbox::domain::run::Picked;
use pegbox::workbench::{Drift, Extent};

use super::bench::*;
use super::lab::Lab;

fn reproduce(lab: &Lab, run: RunId, extent: Extent) -> (RunId, Drift) {
    let workbench = &lab.bench.workbench;
    let again = workbench.reproduce_run(&anna(), run, extent).unwrap();
    workbench.wait_run(again).unwrap();
    (again, workbench.drift(run, again).unwrap())
}

#[test]
fn what_comes_out_the_same_is_reproduced() {
    let lab = Lab::new();
    let (run, _) = lab.run();
    let verified = lab.bench.workbench.verify_run(run).unwrap();
    let kinds: Vec<_> = verified.iter().map(|checked| checked.what).collect();
    assert_eq!(kinds, ["version", "dataset", "suite", "outcomes", "audit chain"]);
    assert!(verified.iter().all(|checked| checked.fault.is_none()), "{verified:?}");

    let (_, drift) = reproduce(&lab, run, Extent::All);
    assert_eq!((lab.sent(), drift.compared, drift.same_answer), (8, 4, 4));
    assert_eq!((drift.parsed, drift.same_parsed, drift.same_verdict), (4, 4, 4));
    assert!(drift.reproduced() && drift.drifted.is_empty());
    assert!(!drift.resolved_models.changed() && !drift.system_fingerprints.changed());
}

#[test]
fn a_sample_asks_as_many_and_is_no_evidence() {
    let lab = Lab::new();
    let (run, _) = lab.run();
    let (again, drift) = reproduce(&lab, run, Extent::Sample(2));
    assert_eq!((lab.sent(), drift.compared), (6, 2));
    let detail = lab.bench.workbench.run_detail(again).unwrap();
    let selection = detail.run.selection.unwrap();
    assert_eq!(
        (selection.of, selection.picked, selection.places.len()),
        (run, Picked::Sample, 2)
    );
    assert_eq!((detail.run.example_count, detail.end.unwrap().totals.saved), (2, 2));
    let environment = pegbox::domain::promotion::Environment::Staging;
    assert_refused(
        lab.bench
            .workbench
            .request_review(&anna(), &lab.version, environment, Some(again), REASON),
        "it asked only 2 examples that were picked in run_1",
    );
    // And where no run is named, it is passed over.
    let review = lab
        .bench
        .workbench
        .request_review(&anna(), &lab.version, environment, None, REASON);
    assert_eq!(review.unwrap().run, run);
    // A sample of a sample asks what the sample asked.
    let (smaller, _) = reproduce(&lab, again, Extent::Sample(9));
    let places = lab
        .bench
        .workbench
        .run_detail(smaller)
        .unwrap()
        .run
        .selection
        .unwrap()
        .places;
    assert_eq!(places, selection.places);
    assert!(lab.bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn drift_is_counted_and_named() {
    let lab = Lab::new();
    let (run, _) = lab.run();
    lab.becomes("house-2", "b");
    let (_, drift) = reproduce(&lab, run, Extent::All);
    assert_eq!((drift.compared, drift.same_answer, drift.same_parsed), (4, 0, 0));
    assert_eq!((drift.same_verdict, drift.broken, drift.fixed), (0, 4, 0));
    assert!(!drift.reproduced() && drift.resolved_models.changed() && drift.system_fingerprints.changed());
    assert_eq!((drift.drifted.len(), drift.drifted[0].passes_now), (4, false));

    // Another model that says the same is drift all the same.
    lab.becomes("house-3", "a");
    let (_, drift) = reproduce(&lab, run, Extent::All);
    assert_eq!((drift.same_answer, drift.same_verdict), (4, 4));
    assert!(!drift.reproduced() && drift.resolved_models.changed());

    // An answer that does not come says nothing about drift, and so the run is not reproduced.
    lab.becomes("house-1", "a");
    lab.change(|model| model.fails_from = 3);
    let (_, drift) = reproduce(&lab, run, Extent::All);
    assert_eq!((drift.compared, drift.unanswered, drift.same_verdict), (3, 1, 3));
    assert!(!drift.reproduced());
}

#[test]
fn a_record_that_is_not_what_it_was_is_found() {
    let lab = Lab::new();
    let (run, _) = lab.run();
    let (other, _) = {
        lab.becomes("house-2", "b");
        lab.run()
    };
    let key = |run: RunId| format!("outcome/{:010}/0000000002", run.0);
    let bytes = lab.bench.engine.get(key(other).as_bytes()).unwrap().unwrap();
    lab.bench.tamper(&key(run), bytes);
    let verified = lab.bench.workbench.verify_run(run).unwrap();
    let faulty: Vec<_> = verified
        .iter()
        .filter(|checked| checked.fault.is_some())
        .map(|checked| checked.what)
        .collect();
    assert_eq!(faulty, ["outcomes"]);
}

#[test]
fn only_a_finished_run_is_reproduced() {
    let lab = Lab::new();
    assert_fault(
        lab.bench.workbench.verify_run(RunId(9)),
        pegbox::workbench::FaultKind::NotFound,
        "run_9",
    );
}
