use super::*;
use crate::domain::gate::{Evidence, GatePolicy, Verdict};
use crate::domain::suite::{Comparison, SuiteContent};
use crate::evals::gate::settle;
use crate::evals::samples::{example, outcome, threshold, triage_suite};

fn suite(comparison: Comparison, value: f64) -> SuiteContent {
    SuiteContent {
        thresholds: vec![threshold("routing_accuracy", comparison, value)],
        ..triage_suite()
    }
}

fn run(suite: &SuiteContent, passed: &[bool]) -> Tally {
    let mut tally = Tally::new(suite);
    for (index, passed) in (0..).zip(passed) {
        let topic = if index % 2 == 0 { "billing" } else { "refunds" };
        tally.push(
            &outcome(index, "{}", &[("route", *passed), ("json", true)]),
            &example(index, "{}", topic),
        );
    }
    tally
}

fn of_both<'a>(base: &'a Tally, candidate: &'a Tally) -> Against<'a> {
    let run = RunId(7);
    Against::Base { run, base, candidate }
}

#[test]
fn swapping_the_runs_turns_the_difference_and_its_bounds_round() {
    let suite = suite(Comparison::NoWorseBy, 0.05);
    let first = run(&suite, &[vec![true; 60], vec![false; 8]].concat());
    let second = run(&suite, &[vec![true; 50], vec![false; 12], vec![true; 6]].concat());
    for slice in [None, Some(Slice::of("topic", "billing"))] {
        let there = of_both(&first, &second)
            .compare("routing_accuracy", slice.as_ref())
            .unwrap();
        let back = of_both(&second, &first)
            .compare("routing_accuracy", slice.as_ref())
            .unwrap();
        assert!((there.relative.effect + back.relative.effect).abs() < 1e-12);
        let ((low, high), (other_low, other_high)) = (there.relative.bounds.unwrap(), back.relative.bounds.unwrap());
        assert!((low + other_high).abs() < 1e-9 && (high + other_low).abs() < 1e-9);
    }
}

#[test]
fn without_a_base_a_rule_never_passes_and_says_what_to_do() {
    for policy in [GatePolicy::Point, GatePolicy::Proven, GatePolicy::NotRefuted] {
        let mut suite = suite(Comparison::NoWorseBy, 0.5);
        suite.thresholds[0].policy = Some(policy);
        let tally = run(&suite, &[true; 300]);
        let why = "no finished run of triage_v1: make one with pegbox run start triage_v1".to_owned();
        let gate = settle(&suite, &tally.results(), &Against::Nothing { why });
        assert_eq!(gate.verdict, Verdict::CannotTell);
        assert_eq!(gate.rules[0].evidence, Evidence::NoData);
        assert!(
            gate.rules[0].note.contains("pegbox run start triage_v1"),
            "{}",
            gate.rules[0].note
        );
    }
}

#[test]
fn as_good_is_shown_with_enough_pairs_only() {
    let verdict = |count: usize| {
        let suite = suite(Comparison::NoWorseBy, 0.01);
        let same = run(&suite, &vec![true; count]);
        let gate = settle(&suite, &same.results(), &of_both(&same, &same));
        (gate.verdict, gate.rules[0].note.clone())
    };
    // Even runs that are the same cannot show "no worse than 1 point" with fewer than 268 examples.
    assert_eq!(verdict(267).0, Verdict::CannotTell);
    assert_eq!(verdict(268).0, Verdict::Pass);
    let (_, note) = verdict(240);
    assert!(
        note.starts_with("inconclusive; 0 broken, 0 fixed of 240 pairs; 240 pairs can see a drop of"),
        "{note}"
    );
}

#[test]
fn a_small_regression_can_be_seen_and_allowed() {
    let suite = suite(Comparison::NoWorseBy, 0.10);
    let base = run(&suite, &[true; 400]);
    let candidate = run(&suite, &[vec![true; 388], vec![false; 12]].concat());
    let gate = settle(&suite, &candidate.results(), &of_both(&base, &candidate));
    assert_eq!(gate.verdict, Verdict::Pass);
    let relative = gate.rules[0].relative.unwrap();
    assert_eq!((relative.flips, relative.is_regression_detected), (Some((12, 0)), true));
    assert!(
        gate.rules[0]
            .note
            .contains("a regression is detected, within what is allowed")
    );
    let summary = of_both(&base, &candidate).summary().unwrap();
    assert!(
        summary
            .regressions
            .iter()
            .any(|found| found.slice.is_none() && found.is_flagged)
    );
}

#[test]
fn repeats_are_compared_by_the_means_of_the_examples() {
    let suite = suite(Comparison::NoWorseBy, 0.05);
    let repeated = |passes: fn(u64, u32) -> bool| {
        let mut tally = Tally::new(&suite);
        for index in 0..40 {
            for repeat in 0..3 {
                let mut outcome = outcome(index, "{}", &[("route", passes(index, repeat))]);
                outcome.repeat = repeat;
                tally.push(&outcome, &example(index, "{}", "t"));
            }
        }
        tally
    };
    let base = repeated(|_, _| true);
    let candidate = repeated(|index, repeat| index > 3 || repeat > 0);
    let compared = of_both(&base, &candidate).compare("routing_accuracy", None).unwrap();
    assert_eq!((compared.relative.pairs, compared.relative.flips), (40, None));
    assert!((compared.relative.effect + 4.0 / 3.0 / 40.0).abs() < 1e-12);
}
