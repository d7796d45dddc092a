use super::*;
use crate::domain::metric::{Metric, Slice};
use crate::evals::metrics::Tally;
use crate::evals::samples::{failed_outcome, threshold, triage_run, triage_suite};

fn story() -> (SuiteContent, Vec<MetricResult>) {
    let suite = triage_suite();
    let mut tally = Tally::new(&suite);
    for (outcome, example) in &triage_run() {
        tally.push(outcome, example);
    }
    let results = tally.results();
    (suite, results)
}

/// A gate without a base run.
fn settle_alone(suite: &SuiteContent, results: &[MetricResult]) -> Gate {
    let why = "there is no base run".into();
    settle(suite, results, &Against::Nothing { why })
}

fn rate(hits: u64, total: u64) -> MetricResult {
    MetricResult {
        metric: "escalation_recall".into(),
        slice: None,
        measure: if total == 0 {
            Measure::Undefined
        } else {
            Measure::Rate { hits, total }
        },
        interval: None,
        missed: Vec::new(),
        errored: 0,
        excluded: 0,
        bounds: (None, None),
        method: Some(IntervalMethod::Wilson),
    }
}

fn gate_of(rule: Threshold, result: MetricResult, policy: GatePolicy) -> Gate {
    let suite = SuiteContent {
        thresholds: vec![rule],
        policy,
        ..triage_suite()
    };
    settle_alone(&suite, &[result])
}

fn recall_gate(comparison: Comparison, value: f64, hits: u64, total: u64, policy: GatePolicy) -> Gate {
    gate_of(
        threshold("escalation_recall", comparison, value),
        rate(hits, total),
        policy,
    )
}

#[test]
fn the_story_prints_as_it_should() {
    let (suite, results) = story();
    let gate = settle_alone(&suite, &results);
    assert_eq!(gate.verdict, Verdict::Fail);
    assert_eq!(
        gate.reason,
        "escalation_recall 34/35 = 97.1% < 98%; 1 missed: t-117 (topic=billing dispute)"
    );
    let lines = [
        "PASS  routing_accuracy    230/240  95.8% >= 94%   95% CI 92.5% to 97.7%   not proven (lower bound 93.0%); \
         needs 232/240 to be proven",
        "PASS  json_validity       240/240  no violation   failure rate < 1.24% (95%)",
        "FAIL  escalation_recall     34/35  97.1% <  98%   95% CI 85.5% to 99.5%   1 missed: t-117 \
         (topic=billing dispute)",
        "      with 35 positives one miss fails this gate",
        "      the run neither proves nor refutes 98%",
        "      to prove 98%: 149 positives with 0 misses, 236 with 1, 313 with 2",
        "=> do_not_promote (policy point). proven: do_not_promote. not_refuted: promote.",
    ];
    assert_eq!(print(&gate, &Units::of(&suite.metrics)), lines);
    let evidence: Vec<Evidence> = gate.rules.iter().map(|rule| rule.evidence).collect();
    assert_eq!(
        evidence,
        [Evidence::Inconclusive, Evidence::ZeroViolations, Evidence::Inconclusive]
    );
}

#[test]
fn policies_read_the_same_facts() {
    use Comparison::{AtLeast, AtMost, Equals};
    use GatePolicy::{NotRefuted, Point, Proven};
    use Verdict::{CannotTell, Fail, Pass};
    for (comparison, value, hits, total, verdicts) in [
        (AtLeast, 0.98, 34, 35, [Fail, Fail, Pass]),
        (AtLeast, 0.98, 35, 35, [Pass, CannotTell, Pass]),
        (AtLeast, 0.98, 149, 149, [Pass, Pass, Pass]),
        (AtLeast, 0.98, 49, 50, [Pass, CannotTell, Pass]),
        (AtLeast, 0.98, 10, 35, [Fail, Fail, Fail]),
        (AtLeast, 0.94, 230, 240, [Pass, CannotTell, Pass]),
        (AtMost, 0.05, 0, 240, [Pass, Pass, Pass]),
        (AtMost, 0.05, 200, 240, [Fail, Fail, Fail]),
        (Equals, 1.0, 240, 240, [Pass, Pass, Pass]),
        (Equals, 1.0, 239, 240, [Fail, Fail, Fail]),
        (Equals, 0.0, 0, 40, [Pass, Pass, Pass]),
        (Equals, 0.0, 1, 40, [Fail, Fail, Fail]),
        (AtLeast, 0.0, 0, 0, [CannotTell, CannotTell, CannotTell]),
        (Equals, 0.0, 0, 0, [CannotTell, CannotTell, CannotTell]),
    ] {
        for (policy, verdict) in [Point, Proven, NotRefuted].into_iter().zip(verdicts) {
            let gate = recall_gate(comparison, value, hits, total, policy);
            assert_eq!(
                gate.verdict, verdict,
                "{hits}/{total} {comparison:?} {value} {policy:?}"
            );
            assert!(!gate.reason.is_empty());
        }
    }
}

#[test]
fn what_is_not_known_never_passes() {
    let (mut suite, results) = story();
    suite.thresholds.truncate(1);
    assert_eq!(settle_alone(&suite, &results).verdict, Verdict::Pass);
    assert_eq!(
        settle_alone(&suite, &[]).verdict,
        Verdict::CannotTell,
        "the metric is missing"
    );
    let empty_slice = Threshold {
        slice: Some(Slice::of("topic", "nobody wrote about it")),
        min_samples: 20,
        ..suite.thresholds[0].clone()
    };
    suite.thresholds.push(empty_slice);
    let gate = settle_alone(&suite, &results);
    assert_eq!(gate.verdict, Verdict::CannotTell);
    assert_eq!(gate.reason, "no data for routing_accuracy[topic=nobody wrote about it]");
    suite.thresholds.clear();
    let gate = settle_alone(&suite, &results);
    assert_eq!(
        (gate.verdict, gate.reason.as_str()),
        (Verdict::CannotTell, "the suite has no thresholds")
    );
    let mut all_errored = Tally::new(&triage_suite());
    for (outcome, example) in &triage_run() {
        all_errored.push(&failed_outcome(outcome.index), example);
    }
    assert_eq!(
        settle_alone(&triage_suite(), &all_errored.results()).verdict,
        Verdict::Fail
    );
}

#[test]
fn too_few_samples_are_reported_only() {
    let few = Threshold {
        min_samples: 20,
        ..threshold("escalation_recall", Comparison::AtLeast, 0.98)
    };
    let gate = gate_of(few, rate(6, 7), GatePolicy::Point);
    assert_eq!(gate.verdict, Verdict::CannotTell, "nothing else gates");
    assert_eq!(gate.reason, "no rule gates: each has fewer samples than it needs");
    assert!(
        gate.rules[0]
            .note
            .starts_with("too few to judge, reported only: 7 of the 20 samples that it needs; ")
    );
    assert!(print(&gate, &Units::default())[0].starts_with("info  "));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn numbers_stand_by_their_bounds() {
    let mut suite = triage_suite();
    suite.metrics = vec![Metric::new(
        "p95_ms",
        MetricKind::LatencyPercentile { percentile: 95.0 },
    )];
    suite.policy = GatePolicy::Proven;
    suite.thresholds = vec![threshold("p95_ms", Comparison::AtMost, 800.0)];
    let result = |value, lower, upper| MetricResult {
        metric: "p95_ms".into(),
        measure: Measure::Value { value, count: 240 },
        errored: 2,
        bounds: (lower, upper),
        method: Some(IntervalMethod::OrderStatistics),
        ..rate(0, 0)
    };
    let told = |value, lower, upper| {
        let gate = settle_alone(&suite, &[result(value, lower, upper)]);
        (
            gate.verdict,
            gate.rules[0].evidence,
            gate.rules[0].note.clone(),
            gate.reason,
        )
    };
    let left_out = "2 without an answer are left out";
    for (value, lower, upper, verdict, evidence, note) in [
        (
            700.0,
            Some(650.0),
            Some(799.0),
            Verdict::Pass,
            Evidence::Proven,
            "proven (upper bound 799 ms)",
        ),
        (
            700.0,
            Some(650.0),
            Some(900.0),
            Verdict::CannotTell,
            Evidence::Inconclusive,
            "not proven (upper bound 900 ms)",
        ),
        (
            700.0,
            Some(650.0),
            None,
            Verdict::CannotTell,
            Evidence::Inconclusive,
            "not proven: too few for a bound",
        ),
        (
            900.0,
            Some(850.0),
            None,
            Verdict::Fail,
            Evidence::Refuted,
            "refuted (lower bound 850 ms)",
        ),
    ] {
        let (is, shown, words, _) = told(value, lower, upper);
        assert_eq!((is, shown), (verdict, evidence));
        assert_eq!(words, format!("over 240 answers; {note}; {left_out}"));
    }
    assert_eq!(told(812.0, None, None).3, "p95_ms 812 ms > 800 ms");
    assert_eq!(told(f64::NAN, None, None).0, Verdict::CannotTell);
}

#[test]
fn no_rounding_contradicts_a_verdict() {
    for total in [1, 3, 7, 34, 35, 49, 50, 51, 99, 120_u64] {
        for hits in 0..=total {
            for value in [0.0, 0.333, 0.5, 0.94, 0.9714, 0.98, 0.999, 1.0] {
                for comparison in [Comparison::AtLeast, Comparison::AtMost] {
                    let gate = recall_gate(comparison, value, hits, total, GatePolicy::Point);
                    let shown = words::number(Unit::Share, gate.rules[0].measure, value);
                    let shown: f64 = shown.trim_end_matches('%').parse().unwrap();
                    let value = (value * 1e6).round() / 1e4;
                    let holds = if comparison == Comparison::AtLeast {
                        shown >= value
                    } else {
                        shown <= value
                    };
                    assert_eq!(
                        holds,
                        gate.verdict == Verdict::Pass,
                        "{hits}/{total} {value} shown {shown}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_slice_that_explains_most_comes_first() {
    let slice = |value: &str, hits, total| MetricResult {
        slice: Some(Slice::of("topic", value)),
        ..rate(hits, total)
    };
    let results = [
        rate(80, 100),
        slice("most", 62, 80),
        slice("disputes", 1, 13),
        slice("tiny", 0, 1),
        slice("fine", 9, 9),
    ];
    let rule = threshold("escalation_recall", Comparison::AtLeast, 0.9);
    let suite = SuiteContent {
        thresholds: vec![rule],
        ..triage_suite()
    };
    let gate = settle_alone(&suite, &results);
    let named: Vec<String> = gate.rules[0]
        .breaking_slices
        .iter()
        .map(|b| format!("{} {}", b.slice, b.count))
        .collect();
    assert_eq!(named, ["topic=disputes 12", "topic=most 18", "topic=tiny 1"]);
}
