//! How often gates pass what they should not.

use pegbox::domain::gate::{GatePolicy, Verdict};
use pegbox::domain::ids::RunId;
use pegbox::domain::metric::MetricKind;
use pegbox::domain::suite::{Comparison, SuiteContent};
use pegbox::evals::against::Against;
use pegbox::evals::gate::settle;
use pegbox::evals::metrics::Tally;
use pegbox::stats::SplitMix64;

use crate::simulated::{accuracy, chance, example, normal, outcome, rule, run_of, slack, suite};

const REPETITIONS: u32 = 250;
const PROMISED: f64 = 0.05;

fn alone() -> Against<'static> {
    let why = "there is no base run".into();
    Against::Nothing { why }
}

fn verdict(suite: &SuiteContent, candidate: &Tally, base: &Tally) -> Verdict {
    let run = RunId(1);
    settle(suite, &candidate.results(), &Against::Base { run, base, candidate }).verdict
}

/// The share of repetitions with this verdict.
fn share(seed: u64, of: Verdict, mut verdict: impl FnMut(&mut SplitMix64) -> Verdict) -> f64 {
    let mut random = SplitMix64::new(seed);
    let hits = (0..REPETITIONS).filter(|_| verdict(&mut random) == of).count();
    hits as f64 / f64::from(REPETITIONS)
}

fn assert_rare(passed: f64) {
    assert!(
        passed <= PROMISED + slack(PROMISED, REPETITIONS),
        "{passed} of {PROMISED}"
    );
}

#[test]
fn a_rate_at_the_threshold_is_rarely_proven() {
    let suite = suite(accuracy(), vec![rule(Comparison::AtLeast, 0.9)], GatePolicy::Proven);
    let run = |rate: f64| {
        let suite = suite.clone();
        move |random: &mut SplitMix64| {
            let passed: Vec<bool> = (0..300).map(|_| chance(random, rate)).collect();
            settle(&suite, &run_of(&suite, &passed).results(), &alone()).verdict
        }
    };
    assert_rare(share(1, Verdict::Pass, run(0.9)));
    let good = share(2, Verdict::Pass, run(0.96));
    assert!(good > 0.9, "a good version is proven: {good}");
}

/// What each example of both runs came to; the base passes `rate` of them, the candidate loses `loss` of all.
fn pairs(random: &mut SplitMix64, count: usize, loss: f64) -> (Vec<bool>, Vec<bool>) {
    (0..count)
        .map(|_| match crate::simulated::uniform(random) {
            // Passed by the base alone, by the candidate alone, by none, by both.
            at if at < 0.02 + loss => (true, false),
            at if at < 0.04 + loss => (false, true),
            at if at < 0.12 + loss => (false, false),
            _ => (true, true),
        })
        .unzip()
}

#[test]
fn a_version_worse_by_the_margin_rarely_passes() {
    let suite = suite(accuracy(), vec![rule(Comparison::NoWorseBy, 0.05)], GatePolicy::Point);
    let run = |loss: f64| {
        let suite = suite.clone();
        move |random: &mut SplitMix64| {
            let (base, candidate) = pairs(random, 300, loss);
            verdict(&suite, &run_of(&suite, &candidate), &run_of(&suite, &base))
        }
    };
    assert_rare(share(3, Verdict::Pass, run(0.05)));
    let equal = share(4, Verdict::Pass, run(0.0));
    assert!(equal > 0.9, "a version as good as its base passes: {equal}");
    let bad = share(5, Verdict::Pass, run(0.15));
    assert!(bad.abs() < f64::EPSILON, "a bad one never: {bad}");
}

#[test]
fn repeats_and_clusters_keep_the_promise() {
    let mut suite = suite(accuracy(), vec![rule(Comparison::NoWorseBy, 0.05)], GatePolicy::Point);
    suite.cluster = Some("customer".into());
    let passed = share(6, Verdict::Pass, |random| {
        let (mut base, mut candidate) = (Tally::new(&suite), Tally::new(&suite));
        for customer in 0..40_u64 {
            let of_customer = example(&[("customer", customer.to_string())]);
            // Half of the customers lose a tenth: 0.05 in all, the margin.
            let (before, after) = if chance(random, 0.5) { (0.9, 0.8) } else { (0.9, 0.9) };
            for question in 0..3 {
                for repeat in 0..2 {
                    let index = customer * 3 + question;
                    base.push(&outcome(index, repeat, chance(random, before)), &of_customer);
                    candidate.push(&outcome(index, repeat, chance(random, after)), &of_customer);
                }
            }
        }
        verdict(&suite, &candidate, &base)
    });
    assert_rare(passed);
}

#[test]
fn a_version_slower_by_the_ratio_rarely_passes() {
    let suite = suite(
        MetricKind::LatencyMean,
        vec![rule(Comparison::AtMostRatio, 1.05)],
        GatePolicy::Point,
    );
    let run = |ratio: f64| {
        let suite = suite.clone();
        move |random: &mut SplitMix64| {
            let (mut base, mut candidate) = (Tally::new(&suite), Tally::new(&suite));
            let blank = example(&[]);
            for index in 0..100 {
                let size = 2_000.0 * (0.5 * normal(random)).exp();
                for (tally, scale) in [(&mut base, 1.0), (&mut candidate, ratio)] {
                    let mut answered = outcome(index, 0, true);
                    answered.latency_ms = whole_ms(size * scale * (0.1 * normal(random)).exp());
                    tally.push(&answered, &blank);
                }
            }
            verdict(&suite, &candidate, &base)
        }
    };
    assert_rare(share(7, Verdict::Pass, run(1.05)));
    assert!(share(8, Verdict::Pass, run(1.0)) > 0.85);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and some seconds at most"
)]
fn whole_ms(value: f64) -> u64 {
    value.round() as u64
}

/// Over a dozen slices some look worse by chance; Holm's correction keeps false alarms to the promised share of runs,
/// and still finds the slice that broke.
#[test]
fn a_false_alarm_among_many_slices_is_rare() {
    let mut suite = suite(accuracy(), Vec::new(), GatePolicy::Point);
    suite.slices = vec!["topic".into()];
    let alarms = |seed: u64, broken_topic: Option<u64>| {
        let mut random = SplitMix64::new(seed);
        let mut flagged = 0;
        for _ in 0..REPETITIONS {
            let (mut base, mut candidate) = (Tally::new(&suite), Tally::new(&suite));
            for index in 0..240 {
                let topic = index % 12;
                let about = example(&[("topic", topic.to_string())]);
                let loss = if broken_topic == Some(topic) { 0.8 } else { 0.0 };
                let now = chance(&mut random, 0.85 - loss);
                base.push(&outcome(index, 0, chance(&mut random, 0.85)), &about);
                candidate.push(&outcome(index, 0, now), &about);
            }
            let run = RunId(1);
            let (base, candidate) = (&base, &candidate);
            let summary = Against::Base { run, base, candidate }.summary().unwrap();
            assert_eq!(summary.tests, 13);
            flagged += u32::from(summary.regressions.iter().any(|regression| {
                let is_broken = regression.slice.as_ref().map(|slice| slice.value.as_str());
                regression.is_flagged && broken_topic.is_none_or(|topic| is_broken == Some(&topic.to_string()))
            }));
        }
        f64::from(flagged) / f64::from(REPETITIONS)
    };
    assert_rare(alarms(9, None));
    let found = alarms(10, Some(3));
    assert!(found > 0.9, "{found}");
}
