//! Which stored runs a study uses again: those that are the same evidence. Of one that is not, it says what differs.

use pegbox::domain::ids::{ExampleId, RunId};
use pegbox::domain::run::{RunSettings, RuntimeContext};
use pegbox::workbench::{Candidate, Stored, Study, Symptom};

use super::bench::*;
use super::lab::Lab;

fn study(lab: &Lab) -> Study {
    Study {
        dataset: lab.start.dataset.clone(),
        suite: lab.start.suite.clone(),
        context: RuntimeContext::default(),
        settings: lab.start.settings.clone(),
        endpoints: Vec::new(),
    }
}

fn candidate(lab: &Lab) -> Candidate {
    Candidate::Version(lab.version.clone())
}

fn stored(lab: &Lab, study: &Study) -> Stored {
    lab.bench.workbench.stored_run(study, &candidate(lab)).unwrap()
}

/// The run that is passed over, with this among the reasons.
fn assert_passed_over(lab: &Lab, study: &Study, run: RunId, words: &str) {
    assert_eq!(stored(lab, study), Stored::Missing, "{words}");
    let passed_over = lab.bench.workbench.passed_over(study, &candidate(lab)).unwrap();
    let (passed, why) = passed_over.unwrap();
    assert!(passed == run && why.contains(words), "{passed}: {why}");
}

#[test]
fn a_stored_run_counts_where_it_is_the_same_evidence_and_else_the_difference_is_named() {
    let mut lab = Lab::new();
    let plain = study(&lab);
    assert_eq!(lab.bench.workbench.passed_over(&plain, &candidate(&lab)).unwrap(), None);
    lab.start.context.code_revision = Some("4c1f".into());
    let (run, _) = lab.run();
    assert_passed_over(&lab, &plain, run, "code revision 4c1f, and here none");
    let same = Study {
        context: lab.start.context.clone(),
        ..study(&lab)
    };
    assert_eq!(stored(&lab, &same), Stored::Finished(run));
    let settings = RunSettings {
        repeats: 3,
        ..same.settings.clone()
    };
    let oftener = Study {
        settings,
        ..same.clone()
    };
    assert_passed_over(
        &lab,
        &oftener,
        run,
        "it asked each example 1 times, and here --repeats is 3",
    );
    let settings = RunSettings {
        base_url: Some("http://127.0.0.1:9/v1".into()),
        ..same.settings.clone()
    };
    let elsewhere = Study {
        settings,
        ..same.clone()
    };
    assert_passed_over(&lab, &elsewhere, run, "and here it is http://127.0.0.1:9/v1");

    lab.start.context = RuntimeContext::default();
    let (reusing, _) = lab.reusing();
    assert_passed_over(&lab, &plain, reusing, "it was started with --reuse");
    assert_eq!(stored(&lab, &same), Stored::Finished(run), "the older one still counts");
}

#[test]
fn for_one_example_a_run_counts_that_has_it_however_it_ended() {
    let mut lab = Lab::new();
    lab.change(|model| model.fails_from = 2);
    lab.start.settings.caps.errors = Some(1);
    let run = lab.bench.workbench.start_run(&anna(), &lab.start).unwrap();
    assert_refused(lab.bench.workbench.wait_run(run), "was interrupted");
    let study = study(&lab);
    let stored_for = |example: &str| {
        let symptom = Symptom::Example(ExampleId::new(example).unwrap());
        let stored = lab.bench.workbench.stored_for(&study, &symptom, &lab.version);
        stored.unwrap()
    };
    let has = |example: &str| {
        let example = ExampleId::new(example).unwrap();
        lab.bench.workbench.has_outcomes_of(run, &example).unwrap()
    };
    assert_eq!(stored(&lab, &study), Stored::Unfinished(run));
    assert_eq!(
        (stored_for("q-0"), stored_for("q-3")),
        (Stored::Finished(run), Stored::Missing)
    );
    assert_eq!((has("q-0"), has("q-3")), (true, false));
    lab.bench.workbench.cancel_run(&anna(), run).unwrap();
    assert_eq!(stored(&lab, &study), Stored::Missing);
    assert_eq!(
        (stored_for("q-0"), stored_for("q-3")),
        (Stored::Finished(run), Stored::Missing)
    );
    assert_passed_over(&lab, &study, run, "it is cancelled and lacks outcomes");
}
