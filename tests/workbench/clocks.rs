//! A clock that jumps: order is that of the store, durations are those of a clock that cannot be set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use pegbox::domain::outcome::OutcomePlace;
use pegbox::domain::promotion::Environment;
use pegbox::domain::run::{Caps, EndState, RunState};
use pegbox::domain::time::Timestamp;
use pegbox::workbench::{Clock, Leaving, StartRun};

use super::bench::*;

const HOUR_MS: i64 = 3_600_000;
/// More than any part of a test takes, and far less than any jump.
const SOON_MS: u64 = 600_000;

/// A clock that goes by these jumps, over and over, from one reading to the next.
fn jumping(jumps: &'static [i64]) -> Clock {
    let (now, count) = (AtomicI64::new(1_780_300_000_000), AtomicUsize::new(0));
    Arc::new(move || {
        let jump = jumps[count.fetch_add(1, Ordering::SeqCst) % jumps.len()];
        Timestamp(now.fetch_add(jump, Ordering::SeqCst) + jump)
    })
}

/// Always back; back and forth; forth by years; before the epoch.
const CLOCKS: [&[i64]; 4] = [
    &[-HOUR_MS],
    &[-26 * HOUR_MS, 25 * HOUR_MS, 1, -1],
    &[10 * 365 * 24 * HOUR_MS, 1],
    &[-60 * 365 * 24 * HOUR_MS, 0, 0, 0, 0, 0, 0, 60 * 365 * 24 * HOUR_MS],
];

fn bench(jumps: &'static [i64]) -> (tempfile::TempDir, Bench) {
    let folder = tempfile::tempdir().unwrap();
    let engine = pegbox::store::embedded::EmbeddedEngine::open(&folder.path().join("store")).unwrap();
    let bench = Bench::timed(Arc::new(engine), jumping(jumps));
    bench.accept_simulated(pegbox::domain::policy::SelfApproval::Allowed);
    (folder, bench)
}

#[test]
fn releases_rollbacks_and_the_chain_stay_in_order() {
    for jumps in CLOCKS {
        let (_folder, bench) = bench(jumps);
        let first = bench.release("first");
        let second = bench.release("second");
        assert_eq!(
            second.replaced_bundle.as_ref().map(|bundle| &bundle.version),
            Some(&first.promotion.version)
        );
        let workbench = &bench.workbench;
        let back = workbench.roll_back(&ben(), &Leaving::Live(triage()), REASON).unwrap();
        assert_eq!(back.promotion.version, first.promotion.version);
        let releases: Vec<_> = workbench
            .releases(&triage())
            .unwrap()
            .into_iter()
            .map(|release| release.promotion.id.number)
            .collect();
        assert_eq!(releases, [3, 2, 1]);
        let runs: Vec<_> = workbench
            .runs(None, 10)
            .unwrap()
            .iter()
            .map(|summary| summary.run.id.0)
            .collect();
        assert_eq!(runs, [2, 1]);
        let sequence: Vec<u64> = workbench
            .audit_page(1, 1_000)
            .unwrap()
            .iter()
            .map(|(sequence, ..)| *sequence)
            .collect();
        assert!(
            sequence.len() > 10 && sequence.iter().copied().eq(1..=sequence.len() as u64),
            "{sequence:?}"
        );
        let report = workbench.verify().unwrap();
        assert!(report.is_sound(), "{jumps:?}: {report:?}");
    }
}

#[test]
fn how_long_something_took_does_not_come_from_the_clock() {
    for jumps in CLOCKS {
        let (_folder, bench) = bench(jumps);
        let version = bench.version(&document("clock"));
        let dataset = bench.dataset(&tickets());
        let suite = bench.suite(&suite_that_passes());
        let mut start: StartRun = start(&version, &dataset, &suite);
        // A jump of years uses none of this up.
        start.settings.caps = Caps {
            elapsed_ms: Some(SOON_MS),
            ..Caps::default()
        };
        let (run, end) = bench.run(&start);
        assert_eq!((end.state, end.totals.saved), (EndState::Finished, 4), "{jumps:?}");
        let detail = bench.workbench.run_detail(run).unwrap();
        assert_eq!(detail.progress.state, RunState::Finished);
        for index in 0..4 {
            let outcome = bench.workbench.case(run, OutcomePlace::first(index)).unwrap().outcome;
            assert!(outcome.latency_ms < SOON_MS, "{outcome:?}");
            assert!(outcome.attempts.iter().all(|attempt| attempt.latency_ms < SOON_MS));
        }
        bench.review(&version, Environment::Staging);
        assert!(bench.workbench.verify().unwrap().is_sound());
    }
}

#[test]
fn a_run_that_was_paused_goes_on_whatever_the_clock_says() {
    for jumps in CLOCKS {
        let (_folder, bench) = bench(jumps);
        let version = bench.version(&document("clock"));
        let dataset = bench.dataset(&tickets());
        let suite = bench.suite(&suite_that_passes());
        let mut start = start(&version, &dataset, &suite);
        start.settings.concurrency = 1;
        start.settings.caps = Caps {
            tokens: Some(1),
            ..Caps::default()
        };
        let run = bench.workbench.start_run(&anna(), &start).unwrap();
        assert!(bench.workbench.wait_run(run).is_err(), "the cap is reached at once");
        let raised = Caps {
            tokens: Some(1_000_000),
            ..Caps::default()
        };
        bench.workbench.resume_run(&anna(), run, raised).unwrap();
        let end = bench.workbench.wait_run(run).unwrap();
        assert_eq!((end.state, end.totals.saved), (EndState::Finished, 4), "{jumps:?}");
        assert!(bench.workbench.verify().unwrap().is_sound());
    }
}
