//! What happened to an example over all runs, and which runs rest on a version.

use pegbox::domain::ids::RunId;
use pegbox::domain::outcome::OutcomePlace;

use super::bench::*;

#[test]
fn an_example_and_a_version_have_their_history_over_all_runs() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    let dataset = bench.dataset(&tickets());
    let suites = [("failing", FAILING), ("passing", PASSING)];
    let suites = suites.map(|(name, grader)| bench.suite(&suite(name, grader, "point")));
    for suite in [&suites[0], &suites[1], &suites[0]] {
        bench.run(&start(&version, &dataset, suite));
    }
    let other = bench.version(&document("two"));
    bench.run(&start(&other, &dataset, &suites[1]));

    let workbench = &bench.workbench;
    let example = workbench
        .case(RunId(1), OutcomePlace::first(2))
        .unwrap()
        .example
        .content
        .id;
    let history = |before, limit| {
        let rows = workbench
            .example_history(&dataset.name, &example, before, limit)
            .unwrap();
        rows.iter().map(|row| (row.run.0, row.passed)).collect::<Vec<_>>()
    };
    assert_eq!(history(None, 9), [(4, true), (3, false), (2, true), (1, false)]);
    assert_eq!(history(Some(RunId(4)), 2), [(3, false), (2, true)]);
    assert_eq!(
        workbench.example_before(RunId(3), &example).unwrap(),
        Some((RunId(2), true))
    );
    assert_eq!(workbench.example_before(RunId(1), &example).unwrap(), None);

    let runs_of = |before, limit| {
        let runs = workbench.runs_of(&version.clone().into(), before, limit).unwrap();
        runs.iter().map(|summary| summary.run.id.0).collect::<Vec<_>>()
    };
    assert_eq!((runs_of(None, 2), runs_of(Some(RunId(2)), 9)), (vec![3, 2], vec![1]));

    let lineage = workbench.lineage(&version.to_string()).unwrap();
    let runs = lineage.nodes.iter().filter(|node| node.kind == "run");
    let runs: Vec<&str> = runs.map(|node| node.id.as_str()).collect();
    assert_eq!(runs, ["run_3", "run_2", "run_1"], "what rests on it");
}
