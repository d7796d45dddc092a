//! How often intervals hold the true value.

use pegbox::domain::metric::{IntervalMethod, MetricKind};
use pegbox::evals::metrics::Tally;
use pegbox::stats::SplitMix64;

use crate::simulated::{accuracy, chance, example, measured, normal, outcome, run_of, slack, suite, uniform};

const REPETITIONS: u32 = 400;
const PROMISED: f64 = 0.95;

/// The share of repetitions whose interval holds the truth.
fn coverage(seed: u64, truth: f64, mut run: impl FnMut(&mut SplitMix64) -> Tally) -> f64 {
    let mut random = SplitMix64::new(seed);
    let holds = (0..REPETITIONS).filter(|_| {
        let (low, high) = measured(&run(&mut random)).interval.unwrap();
        low <= truth && truth <= high
    });
    holds.count() as f64 / f64::from(REPETITIONS)
}

fn assert_covers(covered: f64) {
    let slack = slack(PROMISED, REPETITIONS);
    assert!(covered >= PROMISED - slack, "{covered} of {PROMISED}");
}

fn no_rules(metric: MetricKind) -> pegbox::domain::suite::SuiteContent {
    suite(metric, Vec::new(), pegbox::domain::gate::GatePolicy::Point)
}

#[test]
fn of_a_rate() {
    for (rate, count) in [(0.9, 240), (0.98, 100), (0.5, 60)] {
        let suite = no_rules(accuracy());
        let covered = coverage(1, rate, |random| {
            let passed: Vec<bool> = (0..count).map(|_| chance(random, rate)).collect();
            run_of(&suite, &passed)
        });
        // The share moves in steps, so that no interval covers at exactly its promise: 0.967 at (0.98, 100).
        assert_covers(covered + 0.01);
        assert!(covered <= 0.99, "wider than it has to be: {covered}");
    }
}

/// Customers differ: the outcomes of one are alike. An interval that takes them for independent is too narrow.
#[test]
fn of_a_rate_over_clusters() {
    let run = |is_declared: bool| {
        let mut suite = no_rules(accuracy());
        suite.cluster = is_declared.then(|| "customer".to_owned());
        coverage(2, 0.8, move |random| {
            let mut tally = Tally::new(&suite);
            for customer in 0..50_u64 {
                let rate = if chance(random, 0.5) { 1.0 } else { 0.6 };
                let of_customer = example(&[("customer", customer.to_string())]);
                for question in 0..8 {
                    tally.push(&outcome(customer * 8 + question, 0, chance(random, rate)), &of_customer);
                }
            }
            tally
        })
    };
    assert_covers(run(true));
    let naive = run(false);
    assert!(naive < 0.85, "clusters make no difference here: {naive}");
}

/// Repeats of one example are alike too: examples are what is counted.
#[test]
fn of_a_rate_over_repeats() {
    let suite = no_rules(accuracy());
    let covered = coverage(3, 0.8, |random| {
        let mut tally = Tally::new(&suite);
        let blank = example(&[]);
        for index in 0..80 {
            let rate = if chance(random, 0.5) { 1.0 } else { 0.6 };
            for repeat in 0..4 {
                tally.push(&outcome(index, repeat, chance(random, rate)), &blank);
            }
        }
        let method = measured(&tally).method;
        assert_eq!(method, Some(IntervalMethod::Examples { count: 80 }));
        tally
    });
    assert_covers(covered);
}

#[test]
fn of_a_mean_and_of_a_percentile() {
    for (metric, truth) in [
        (MetricKind::LatencyMean, 1_000.0),
        (
            MetricKind::LatencyPercentile { percentile: 90.0 },
            1_000.0 + 1.281_552 * 100.0,
        ),
    ] {
        let suite = no_rules(metric);
        let covered = coverage(4, truth, |random| {
            let mut tally = Tally::new(&suite);
            let blank = example(&[]);
            for index in 0..100 {
                let mut answered = outcome(index, 0, true);
                answered.latency_ms = whole_ms(1_000.0 + 100.0 * normal(random));
                tally.push(&answered, &blank);
            }
            tally
        });
        // Twelve uniform numbers are nearly normal, and milliseconds are whole.
        assert_covers(covered + 0.01);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "near 1000, within six deviations"
)]
fn whole_ms(value: f64) -> u64 {
    value.round() as u64
}

/// F1 has no simple interval: the bootstrap's holds it nearly as often as it promises.
#[test]
fn of_a_macro_f1() {
    let suite = no_rules(MetricKind::MacroF1(pegbox::domain::metric::FieldOf {
        field: "class".into(),
        expected_field: None,
        labels: Vec::new(),
    }));
    // Two classes, half of the examples each; an answer is right in 80 %: precision and recall of both are 0.8.
    let mut random = SplitMix64::new(5);
    let repetitions = 60_u32;
    let holds = (0..repetitions).filter(|_| {
        let mut tally = Tally::new(&suite);
        for index in 0..150 {
            let class = uniform(&mut random) < 0.5;
            let answered = if chance(&mut random, 0.8) { class } else { !class };
            let mut outcome = outcome(index, 0, true);
            outcome.parsed = Some(pegbox::domain::json::JsonText::parse(&format!("{{\"class\":{answered}}}")).unwrap());
            let mut expected = example(&[]);
            expected.expected = Some(pegbox::domain::json::JsonText::parse(&format!("{{\"class\":{class}}}")).unwrap());
            tally.push(&outcome, &expected);
        }
        let (low, high) = measured(&tally).interval.unwrap();
        low <= 0.8 && 0.8 <= high
    });
    let covered = holds.count() as f64 / f64::from(repetitions);
    assert!(covered >= PROMISED - 0.02 - slack(PROMISED, repetitions), "{covered}");
}
