use super::*;
use crate::domain::metric::{ClassOf, FieldOf};
use crate::domain::suite::SuiteContent;
use crate::evals::compare::{Pairs, RunScores};
use crate::evals::samples::{example, outcome, triage_suite};

const LABELS: [&str; 3] = ["billing", "refunds", "other"];

fn field() -> FieldOf {
    FieldOf {
        field: "route".into(),
        expected_field: None,
        labels: Vec::new(),
    }
}

fn class() -> ClassOf {
    ClassOf {
        field: "route".into(),
        expected_field: None,
        class: "billing".into(),
    }
}

fn suite(kind: MetricKind, cluster: Option<&str>) -> SuiteContent {
    SuiteContent {
        metrics: vec![Metric::new("it", kind)],
        thresholds: Vec::new(),
        slices: Vec::new(),
        cluster: cluster.map(Into::into),
        ..triage_suite()
    }
}

/// Example `index` belongs to the class of that number and gets another one where `is_wrong`; four examples hang
/// together in a topic.
fn run(suite: &SuiteContent, count: u64, is_wrong: impl Fn(u64) -> bool) -> RunScores {
    let mut scores = RunScores::new(suite);
    for index in 0..count {
        let label = |number: u64| format!("{{\"route\":\"{}\"}}", LABELS[usize::try_from(number % 3).unwrap()]);
        let answer = label(if is_wrong(index) { index + 1 } else { index });
        let outcome = outcome(index, &answer, &[("route", !is_wrong(index)), ("json", true)]);
        scores.push(&outcome, &example(index, &label(index), &format!("t{}", index / 4)));
    }
    scores
}

fn effect(kind: MetricKind, cluster: Option<&str>, before: fn(u64) -> bool, now: fn(u64) -> bool) -> Effect {
    let suite = suite(kind, cluster);
    let (before, now) = (run(&suite, 120, before), run(&suite, 120, now));
    Pairs::new(&before, &now).metric(0).unwrap()
}

fn aggregates() -> [MetricKind; 6] {
    [
        MetricKind::Precision(class()),
        MetricKind::F1(class()),
        MetricKind::MacroF1(field()),
        MetricKind::BalancedAccuracy(field()),
        MetricKind::Kappa(field()),
        MetricKind::Mcc(field()),
    ]
}

#[test]
fn what_only_all_examples_have_is_paired_by_resampling() {
    for kind in aggregates() {
        let better = effect(kind.clone(), None, |index| index % 4 == 0, |index| index % 40 == 0);
        let worse = effect(kind.clone(), None, |index| index % 40 == 0, |index| index % 4 == 0);
        assert!(matches!(
            better.method,
            PairedMethod::Resampling { drawn_from: 120, .. }
        ));
        assert!(better.gain() > 0.1 && better.is_sure(), "{kind:?}: {better:?}");
        assert!((better.gain() + worse.gain()).abs() < 1e-12, "{kind:?}");
        let (low, high) = better.interval.unwrap();
        assert!(low < better.gain() && better.gain() < high, "{kind:?}");
        assert!(better.p.unwrap() < 0.01 && better.p_worse.unwrap() > 0.99, "{kind:?}");
        assert!(worse.p_worse.unwrap() < 0.01, "{kind:?}");
        let run = run(&suite(kind.clone(), None), 120, |index| index % 40 == 0);
        assert!((run.metric(0).unwrap() - better.candidate).abs() < 1e-12, "{kind:?}");
    }
}

#[test]
fn runs_that_answer_alike_have_no_change_and_say_why_it_has_no_interval() {
    for kind in aggregates() {
        let same = effect(kind, None, |index| index % 5 == 0, |index| index % 5 == 0);
        assert_eq!((same.gain(), same.p, same.interval), (0.0, Some(1.0), None));
        assert!(same.no_interval().unwrap().contains("the same"), "{same:?}");
    }
}

#[test]
fn clusters_widen_the_interval_where_their_examples_fail_together() {
    let accuracy = MetricKind::Accuracy { grader: "route".into() };
    for kind in [accuracy, MetricKind::MacroF1(field()), MetricKind::MicroF1(field())] {
        let width = |cluster| {
            // Whole topics of four go wrong.
            let effect = effect(kind.clone(), cluster, |_| false, |index| index / 4 % 6 == 0);
            let (low, high) = effect.interval.unwrap();
            (high - low, effect.method)
        };
        let ((single, _), (clustered, method)) = (width(None), width(Some("topic")));
        assert!(clustered > 1.5 * single, "{kind:?}: {clustered} and {single}");
        let count = match method {
            PairedMethod::Clusters { count } => count,
            PairedMethod::Resampling { drawn_from, .. } => drawn_from,
            PairedMethod::PassOrFail | PairedMethod::ExampleMeans => 0,
        };
        assert_eq!(count, 30, "{method:?}");
    }
}

#[test]
fn only_a_percentile_is_not_paired() {
    let suite = suite(MetricKind::LatencyPercentile { percentile: 95.0 }, None);
    let run = run(&suite, 12, |_| false);
    let why = Pairs::new(&run, &run).metric(0).unwrap_err();
    assert!(why.starts_with("a percentile is no mean"), "{why}");
}

#[test]
fn the_same_data_give_the_same_interval() {
    let kind = MetricKind::MacroF1(field());
    let of = || effect(kind.clone(), None, |index| index % 7 == 0, |index| index % 9 == 0);
    assert_eq!(of(), of());
}
