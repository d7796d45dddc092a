use super::slicing::SLICE_VALUES_MAX;
use super::*;
use crate::domain::ids::ExampleId;
use crate::domain::metric::{Bins, ClassOf, ErrorRule, IntervalMethod, MISSED_MAX, Measure, MetricKind};
use crate::evals::samples::{example, failed_outcome, outcome, triage_run, triage_suite};

fn class(class: &str) -> ClassOf {
    ClassOf {
        field: "route".into(),
        expected_field: None,
        class: class.into(),
    }
}

fn suite_of(kinds: Vec<(&str, MetricKind)>) -> SuiteContent {
    let metrics = kinds.into_iter().map(|(name, kind)| Metric::new(name, kind));
    SuiteContent {
        metrics: metrics.collect(),
        thresholds: Vec::new(),
        ..triage_suite()
    }
}

fn routed(index: u64, expected: &str, got: &str) -> (Outcome, ExampleContent) {
    (
        outcome(index, &format!(r#"{{"route":"{got}"}}"#), &[("route", expected == got)]),
        example(index, &format!(r#"{{"route":"{expected}"}}"#), "t"),
    )
}

fn tally(suite: &SuiteContent, rows: &[(Outcome, ExampleContent)]) -> Tally {
    let mut tally = Tally::new(suite);
    for (outcome, example) in rows {
        tally.push(outcome, example);
    }
    tally
}

fn measures(suite: &SuiteContent, rows: &[(Outcome, ExampleContent)]) -> Vec<String> {
    let results = tally(suite, rows).whole_results();
    let text = |result: &MetricResult| match result.measure {
        Measure::Value { value, count } => format!("{value:.4} n={count}"),
        measure => measure.counts_text(),
    };
    results.iter().map(text).collect()
}

#[test]
fn the_story_gives_its_numbers() {
    let results = tally(&triage_suite(), &triage_run()).whole_results();
    let [routing, json, escalation] = results.as_slice() else {
        panic!("three metrics")
    };
    let near = |interval: Option<(f64, f64)>, lo: f64, hi: f64| {
        let (low, high) = interval.unwrap();
        assert!((low - lo).abs() < 1e-6 && (high - hi).abs() < 1e-6, "{low} {high}");
    };
    assert_eq!(routing.measure, Measure::Rate { hits: 230, total: 240 });
    near(routing.interval, 0.925_013, 0.977_213);
    assert_eq!(json.measure, Measure::Rate { hits: 240, total: 240 });
    near(json.interval, 0.984_246, 1.0);
    assert_eq!(escalation.measure, Measure::Rate { hits: 34, total: 35 });
    near(escalation.interval, 0.854_669, 0.994_939);
    assert_eq!(escalation.missed, vec![ExampleId::new("t-117").unwrap()]);
    assert_eq!(routing.missed.len(), 10);
}

#[test]
fn the_order_of_outcomes_makes_no_difference() {
    let (suite, mut rows) = (triage_suite(), triage_run());
    let forward = tally(&suite, &rows).results();
    assert_eq!(forward.len(), 9, "three metrics over the whole and two topics");
    rows.reverse();
    assert_eq!(tally(&suite, &rows).results(), forward);
    rows.sort_by_key(|(outcome, _)| (outcome.index * 97) % 240);
    assert_eq!(tally(&suite, &rows).results(), forward);
}

#[test]
fn classes_have_precision_recall_and_f1() {
    let suite = suite_of(vec![
        ("precision", MetricKind::Precision(class("a"))),
        ("recall", MetricKind::Recall(class("a"))),
        ("f1", MetricKind::F1(class("a"))),
        ("absent", MetricKind::F1(class("z"))),
        ("never", MetricKind::Precision(class("z"))),
    ]);
    let rows = [
        routed(0, "a", "a"),
        routed(1, "a", "b"),
        routed(2, "b", "a"),
        routed(3, "a", "a"),
        routed(4, "b", "b"),
    ];
    assert_eq!(
        measures(&suite, &rows),
        ["2/3", "2/3", "0.6667 n=4", "no data", "no data"]
    );
    let results = tally(&suite, &rows).whole_results();
    let missed: Vec<Vec<String>> = results
        .iter()
        .map(|r| r.missed.iter().map(ToString::to_string).collect())
        .collect();
    assert_eq!(missed[0], ["t-002"]);
    assert_eq!(missed[1], ["t-001"]);
    assert_eq!(missed[2], ["t-001", "t-002"]);
}

#[test]
fn an_errored_example_never_raises_a_metric() {
    let suite = suite_of(vec![
        ("accuracy", MetricKind::Accuracy { grader: "route".into() }),
        ("precision", MetricKind::Precision(class("a"))),
        ("recall", MetricKind::Recall(class("a"))),
        ("p50", MetricKind::LatencyPercentile { percentile: 50.0 }),
        ("cost", MetricKind::CostPerExample),
    ]);
    let mut rows = vec![routed(0, "a", "a"), routed(1, "a", "a")];
    assert_eq!(
        measures(&suite, &rows),
        ["2/2", "2/2", "2/2", "100.0000 n=2", "0.0000 n=2"]
    );
    rows.push((failed_outcome(2), example(2, r#"{"route":"a"}"#, "t")));
    assert_eq!(
        measures(&suite, &rows),
        ["2/3", "2/2", "2/3", "100.0000 n=2", "0.0000 n=2"]
    );
    // Tries that cost nothing make no example that cost nothing.
    rows[2].0.cost = Some(crate::domain::money::UsdNanos(0));
    assert_eq!(measures(&suite, &rows)[4], "0.0000 n=2");
    rows[2].0.cost = None;
    let result = &tally(&suite, &rows).whole_results()[2];
    assert_eq!((result.errored, result.missed.len()), (1, 1));
    rows[0].0.cost = None;
    assert_eq!(
        measures(&suite, &rows)[4],
        "no data",
        "one unknown price leaves the mean unknown"
    );
    let totals = tally(&suite, &rows).totals();
    assert_eq!(
        (totals.saved, totals.passed, totals.errored, totals.cost_unknown),
        (3, 2, 1, 2)
    );
}

#[test]
fn nothing_measured_is_undefined() {
    let suite = suite_of(vec![
        ("accuracy", MetricKind::Accuracy { grader: "route".into() }),
        ("p95", MetricKind::LatencyPercentile { percentile: 95.0 }),
        ("cost", MetricKind::CostPerExample),
    ]);
    assert_eq!(measures(&suite, &[]), ["no data", "no data", "no data"]);
}

#[test]
fn a_field_with_too_many_values_is_no_slice() {
    let mut suite = triage_suite();
    let named = Slice::of("topic", "t-7");
    suite.thresholds[0].slice = Some(named.clone());
    let many = u64::try_from(SLICE_VALUES_MAX).unwrap() + 50;
    let rows: Vec<_> = (0..many)
        .map(|index| {
            (
                outcome(index, "{}", &[("route", true)]),
                example(index, "{}", &format!("t-{index}")),
            )
        })
        .collect();
    let mut backward = rows.clone();
    backward.reverse();
    for rows in [rows, backward] {
        let results = tally(&suite, &rows).results();
        let slices: BTreeSet<&Slice> = results.iter().filter_map(|result| result.slice.as_ref()).collect();
        assert_eq!(slices, BTreeSet::from([&named]));
    }
}

#[test]
fn missed_examples_are_the_first_by_place() {
    let suite = triage_suite();
    let count = u64::try_from(MISSED_MAX).unwrap() + 30;
    let rows: Vec<_> = (0..count)
        .rev()
        .map(|index| (outcome(index, "{}", &[("route", false)]), example(index, "{}", "t")))
        .collect();
    let result = &tally(&suite, &rows).whole_results()[0];
    assert_eq!(result.missed.len(), MISSED_MAX);
    assert_eq!(result.missed[0].as_str(), "t-000");
    assert_eq!(result.measure, Measure::Rate { hits: 0, total: count });
}

fn field() -> FieldOf {
    FieldOf {
        field: "route".into(),
        expected_field: None,
        labels: Vec::new(),
    }
}

/// `(expected, got, how often)`, with scores from scikit-learn 1.5.
fn classified() -> Vec<(Outcome, ExampleContent)> {
    let counts = [
        ("a", "a", 3),
        ("a", "b", 1),
        ("b", "b", 4),
        ("b", "a", 2),
        ("c", "c", 1),
        ("c", "b", 1),
    ];
    let rows = counts
        .into_iter()
        .flat_map(|(expected, got, count)| vec![(expected, got); count]);
    rows.zip(0..)
        .map(|((expected, got), index)| routed(index, expected, got))
        .collect()
}

#[test]
fn a_mean_over_classes_is_over_those_that_the_suite_names() {
    let named = |labels: &[&str]| FieldOf {
        labels: labels.iter().map(ToString::to_string).collect(),
        ..field()
    };
    let rows: Vec<_> = [("a", "a"), ("a", "a"), ("a", "a"), ("b", "b"), ("b", "a")]
        .into_iter()
        .zip(0..)
        .map(|((expected, got), index)| routed(index, expected, got))
        .collect();
    // F1: a 6/7, b 2/3; recall 1 and 1/2. A class that neither occurs nor is answered has neither.
    for (labels, f1, recall) in [
        (&[][..], f64::midpoint(6.0 / 7.0, 2.0 / 3.0), 0.75),
        (&["a"], 6.0 / 7.0, 1.0),
        (&["b"], 2.0 / 3.0, 0.5),
        (&["b", "nowhere"], 2.0 / 3.0, 0.5),
    ] {
        let suite = suite_of(vec![
            ("macro", MetricKind::MacroF1(named(labels))),
            ("balanced", MetricKind::BalancedAccuracy(named(labels))),
        ]);
        let results = tally(&suite, &rows).results();
        for (at, expected) in [(0, f1), (1, recall)] {
            let value = results[at].measure.value().unwrap();
            assert!((value - expected).abs() < 1e-12, "{labels:?}: {value}");
        }
    }
}

#[test]
fn one_cluster_has_no_interval_and_says_why() {
    let suite = SuiteContent {
        cluster: Some("topic".into()),
        slices: Vec::new(),
        ..suite_of(vec![("right", MetricKind::Accuracy { grader: "route".into() })])
    };
    let rows: Vec<_> = (0..27)
        .map(|index| {
            let (outcome, _) = routed(index, "billing", if index < 25 { "billing" } else { "refunds" });
            (outcome, example(index, r#"{"route":"billing"}"#, "billing"))
        })
        .collect();
    let results = tally(&suite, &rows).results();
    assert_eq!(results[0].measure, Measure::Rate { hits: 25, total: 27 });
    assert_eq!((results[0].interval, results[0].bounds), (None, (None, None)));
    assert_eq!(results[0].no_interval_words(), Some("one cluster"));
    assert_eq!(results[0].bounds_method(), None);
    let gate = crate::evals::gate::settle(
        &SuiteContent {
            thresholds: vec![crate::evals::samples::threshold(
                "right",
                crate::domain::suite::Comparison::AtLeast,
                0.8,
            )],
            policy: crate::domain::gate::GatePolicy::Proven,
            ..suite
        },
        &results,
        &crate::evals::against::Against::Nothing { why: String::new() },
    );
    let note = &gate.rules[0].note;
    assert!(note.contains("one cluster: no count proves it"), "{note}");
    assert!(!note.contains("needs"), "{note}");
}

#[test]
fn metrics_over_all_classes() {
    let suite = suite_of(vec![
        ("macro", MetricKind::MacroF1(field())),
        ("micro", MetricKind::MicroF1(field())),
        ("balanced", MetricKind::BalancedAccuracy(field())),
        ("kappa", MetricKind::Kappa(field())),
        ("mcc", MetricKind::Mcc(field())),
    ]);
    let results = tally(&suite, &classified()).results();
    let value = |at: usize| results[at].measure.value().unwrap();
    // F1: a 6/9, b 8/12, c 2/3; recall 3/4, 4/6, 1/2; kappa (8*12 - 58)/(144 - 58).
    for (at, expected) in [
        (0, 2.0 / 3.0),
        (1, 8.0 / 12.0),
        (2, (0.75 + 4.0 / 6.0 + 0.5) / 3.0),
        (3, 38.0 / 86.0),
    ] {
        assert!((value(at) - expected).abs() < 1e-12, "{at}: {}", value(at));
    }
    assert!(
        (value(4) - 38.0 / (88.0_f64 * 82.0).sqrt()).abs() < 1e-12,
        "{}",
        value(4)
    );
    assert!(results[0].interval.unwrap().0 < 0.66 && results[0].interval.unwrap().1 > 0.67);
}

#[test]
fn no_answer_is_a_column_of_its_own_and_errors_count_as_declared() {
    let mut rows = classified();
    rows.push((failed_outcome(50), example(50, r#"{"route":"a"}"#, "t")));
    let (mut prose, expected) = routed(51, "b", "b");
    prose.parsed = None;
    rows.push((prose, expected));
    let measured = |errors| {
        let mut suite = suite_of(vec![("micro", MetricKind::MicroF1(field()))]);
        suite.metrics[0].errors = errors;
        let tally = tally(&suite, &rows);
        (tally.results()[0].clone(), tally.confusions())
    };
    let (failed, confusions) = measured(None);
    assert_eq!(failed.measure, Measure::Rate { hits: 8, total: 14 });
    assert_eq!(
        (confusions[0].rows[0].no_answer, confusions[0].rows[1].no_answer),
        (1, 1)
    );
    assert_eq!(confusions[0].rows[0].total(), 5);
    let (excluded, _) = measured(Some(ErrorRule::Exclude));
    assert_eq!(
        (excluded.measure, excluded.excluded),
        (Measure::Rate { hits: 8, total: 13 }, 1)
    );
}

/// Of every share, by default: an example more without an answer is never good news.
#[test]
fn an_errored_example_never_raises_a_metric_over_classes_or_repeats() {
    let grader = || "route".to_owned();
    let kinds = vec![
        ("accuracy", MetricKind::Accuracy { grader: grader() }),
        ("recall", MetricKind::Recall(class("a"))),
        ("f1", MetricKind::F1(class("a"))),
        ("macro", MetricKind::MacroF1(field())),
        ("micro", MetricKind::MicroF1(field())),
        ("balanced", MetricKind::BalancedAccuracy(field())),
        ("score", MetricKind::ScoreMean { grader: grader() }),
        ("pass_at_1", MetricKind::PassAtK { grader: grader(), k: 1 }),
        ("pass_hat_1", MetricKind::PassHatK { grader: grader(), k: 1 }),
    ];
    let suite = suite_of(kinds);
    let mut rows = classified();
    let before = tally(&suite, &rows).results();
    rows.push((failed_outcome(90), example(90, r#"{"route":"a"}"#, "t")));
    let after = tally(&suite, &rows).results();
    for (before, after) in before.iter().zip(&after).filter(|(before, _)| before.slice.is_none()) {
        let (was, is) = (before.measure.value().unwrap(), after.measure.value().unwrap());
        assert!(is < was, "{}: {was} before, {is} after", before.metric);
    }
}

#[test]
fn repeats_give_chances_over_examples() {
    let grader = || "route".to_owned();
    let suite = suite_of(vec![
        ("at", MetricKind::PassAtK { grader: grader(), k: 2 }),
        ("hat", MetricKind::PassHatK { grader: grader(), k: 2 }),
        ("same", MetricKind::Consistency { grader: grader() }),
        ("rate", MetricKind::Accuracy { grader: grader() }),
    ]);
    let mut rows = Vec::new();
    for (index, passes) in [
        (0, [true, true, true]),
        (1, [true, false, false]),
        (2, [false, false, false]),
    ] {
        for (repeat, passed) in (0..).zip(passes) {
            let (mut outcome, example) = routed(index, "a", if passed { "a" } else { "b" });
            outcome.repeat = repeat;
            rows.push((outcome, example));
        }
    }
    let results = tally(&suite, &rows).results();
    let value = |at: usize| results[at].measure.value().unwrap();
    assert!((value(0) - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
    assert!((value(1) - 1.0 / 3.0).abs() < 1e-12);
    assert!((value(2) - (1.0 + 1.0 / 3.0 + 1.0) / 3.0).abs() < 1e-12);
    assert_eq!(results[3].measure, Measure::Rate { hits: 4, total: 9 });
    assert_eq!(results[3].method, Some(IntervalMethod::Examples { count: 3 }));
}

#[test]
fn slices_are_crossed_and_numbers_binned() {
    let mut suite = suite_of(vec![("accuracy", MetricKind::Accuracy { grader: "route".into() })]);
    suite.slices = vec!["topic".into()];
    suite.bins = vec![Bins {
        field: "words".into(),
        bounds: vec![10.0, 100.0],
    }];
    suite.crossings = vec![vec!["topic".into(), "words".into()]];
    let rows: Vec<_> = [("bills", "3"), ("bills", "10"), ("login", "250"), ("login", "many")]
        .into_iter()
        .zip(0..)
        .map(|((topic, words), index)| {
            let (outcome, mut example) = routed(index, "a", "a");
            example.metadata = [("topic", topic), ("words", words)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
            (outcome, example)
        })
        .collect();
    let results = tally(&suite, &rows).results();
    let slices: Vec<String> = results
        .iter()
        .filter_map(|result| Some(result.slice.as_ref()?.to_string()))
        .collect();
    assert_eq!(
        slices,
        [
            "topic=bills",
            "topic=bills & words=10..100",
            "topic=bills & words=<10",
            "topic=login",
            "topic=login & words=>=100",
            "words=10..100",
            "words=<10",
            "words=>=100",
        ]
    );
}

/// Examples that all came out alike have no spread, which says nothing of the next one.
#[test]
fn a_perfect_rate_over_few_clusters_is_not_proven() {
    let suite = SuiteContent {
        cluster: Some("topic".into()),
        slices: Vec::new(),
        ..suite_of(vec![("right", MetricKind::Accuracy { grader: "route".into() })])
    };
    let rows: Vec<_> = (0..40)
        .map(|index| {
            let topic = if index < 20 { "billing" } else { "refunds" };
            let (outcome, _) = routed(index, "billing", "billing");
            (outcome, example(index, r#"{"route":"billing"}"#, topic))
        })
        .collect();
    let results = tally(&suite, &rows).results();
    assert_eq!(results[0].measure, Measure::Rate { hits: 40, total: 40 });
    assert_eq!(results[0].method, Some(IntervalMethod::Clusters { count: 2 }));
    // Two of two: Clopper-Pearson's one-sided bound is the square root of 0.05.
    let (lower, upper) = results[0].bounds;
    assert!((lower.unwrap() - 0.05_f64.sqrt()).abs() < 1e-9, "{lower:?}");
    assert_eq!(upper, Some(1.0));
}
