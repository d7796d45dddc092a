//! How often the interval of a change holds the true change, and how often a p-value is small by chance.

use pegbox::domain::gate::GatePolicy;
use pegbox::domain::json::JsonText;
use pegbox::domain::metric::{FieldOf, MetricKind};
use pegbox::domain::suite::SuiteContent;
use pegbox::evals::compare::{Pairs, RunScores};
use pegbox::evals::paired::{Change, Effect};
use pegbox::stats::SplitMix64;

use crate::simulated::{accuracy, chance, example, outcome, slack, suite};

/// Fewer than elsewhere: each draws its examples again a thousand times.
const REPETITIONS: u32 = 60;
const EXAMPLES: u64 = 120;

/// Both runs answer each example of one of two classes rightly at these rates, each by itself. The macro F1 of such
/// answers is the rate.
fn macro_f1(random: &mut SplitMix64, base: f64, candidate: f64) -> Effect {
    let field = FieldOf {
        field: "class".into(),
        expected_field: None,
        labels: Vec::new(),
    };
    let suite = suite(MetricKind::MacroF1(field), Vec::new(), GatePolicy::Point);
    let (mut before, mut now) = (RunScores::new(&suite), RunScores::new(&suite));
    for index in 0..EXAMPLES {
        let class = chance(random, 0.5);
        let json = |class: bool| JsonText::parse(&format!("{{\"class\":{class}}}")).unwrap();
        let mut expected = example(&[]);
        expected.expected = Some(json(class));
        for (scores, rate) in [(&mut before, base), (&mut now, candidate)] {
            let is_right = chance(random, rate);
            let mut answered = outcome(index, 0, is_right);
            answered.parsed = Some(json(is_right == class));
            scores.push(&answered, &expected);
        }
    }
    Pairs::new(&before, &now).metric(0).unwrap()
}

fn difference(effect: &Effect) -> f64 {
    match effect.change {
        Change::Difference(difference) => difference,
        Change::Ratio(_) => f64::NAN,
    }
}

fn holds(effect: &Effect, truth: f64) -> bool {
    effect.interval.is_some_and(|(low, high)| low <= truth && truth <= high)
}

#[test]
fn the_interval_of_a_change_of_f1_holds_it_as_often_as_promised() {
    let mut random = SplitMix64::new(21);
    let effects: Vec<Effect> = (0..REPETITIONS).map(|_| macro_f1(&mut random, 0.85, 0.7)).collect();
    let covered = effects.iter().filter(|effect| holds(effect, -0.15)).count();
    let covered = covered as f64 / f64::from(REPETITIONS);
    assert!(covered >= 0.95 - slack(0.95, REPETITIONS), "{covered}");
    let mean = effects.iter().map(difference).sum::<f64>() / f64::from(REPETITIONS);
    assert!((mean + 0.15).abs() < 0.02, "{mean}");
    let seen = effects
        .iter()
        .filter(|effect| effect.p.is_some_and(|p| p < 0.05))
        .count();
    assert!(
        seen as f64 > 0.6 * f64::from(REPETITIONS),
        "so large a drop is mostly seen: {seen}"
    );
}

#[test]
fn without_a_change_of_f1_a_small_p_is_rare() {
    let mut random = SplitMix64::new(22);
    let effects = (0..REPETITIONS).map(|_| macro_f1(&mut random, 0.8, 0.8));
    let alarms = effects.filter(|effect| effect.p.is_some_and(|p| p < 0.05)).count();
    let alarms = alarms as f64 / f64::from(REPETITIONS);
    assert!(alarms <= 0.05 + slack(0.05, REPETITIONS), "{alarms}");
}

/// Whole customers get better or worse: of 40 with 6 questions each. The interval that takes their questions for
/// independent is too narrow.
fn by_customer(random: &mut SplitMix64, suite: &SuiteContent) -> Effect {
    let (mut before, mut now) = (RunScores::new(suite), RunScores::new(suite));
    for customer in 0..40_u64 {
        let of_customer = example(&[("customer", customer.to_string())]);
        let rates = if chance(random, 0.5) { (0.9, 0.4) } else { (0.4, 0.9) };
        for question in 0..6 {
            for (scores, rate) in [(&mut before, rates.0), (&mut now, rates.1)] {
                scores.push(&outcome(customer * 6 + question, 0, chance(random, rate)), &of_customer);
            }
        }
    }
    Pairs::new(&before, &now).metric(0).unwrap()
}

#[test]
fn a_comparison_by_clusters_holds_where_one_by_examples_does_not() {
    let covered = |cluster: Option<&str>| {
        let suite = SuiteContent {
            cluster: cluster.map(Into::into),
            ..suite(accuracy(), Vec::new(), GatePolicy::Point)
        };
        let mut random = SplitMix64::new(23);
        let repetitions = 300_u32;
        let effects = (0..repetitions).map(|_| by_customer(&mut random, &suite));
        let held = effects.filter(|effect| holds(effect, 0.0)).count();
        (held as f64 / f64::from(repetitions), repetitions)
    };
    let (by_clusters, repetitions) = covered(Some("customer"));
    assert!(by_clusters >= 0.95 - slack(0.95, repetitions), "{by_clusters}");
    let (by_examples, _) = covered(None);
    assert!(by_examples < 0.85, "clusters make no difference here: {by_examples}");
}
