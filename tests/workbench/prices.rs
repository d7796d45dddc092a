//! A run that goes on under other list prices: what was saved keeps the cost that it had, and the run says that its
//! costs are of both.

use std::sync::Arc;

use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::OutcomePlace;
use pegbox::domain::run::{Caps, RunSettings};
use pegbox::store::engine::Engine;
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::StartRun;
use serde_json::json;

use super::bench::*;
use super::support::server::{Answer, Server};

const DOCUMENT: &str = "+++\n[model]\nprovider = \"openai\"\nname = \"gpt-4.1-mini\"\nmax_output_tokens = 10\n\
                        [[variables]]\nname = \"input\"\n+++\n-- user --\n{{ input }}\n";
/// Ten times the shipped ones.
const DEARER: &str = "as_of = \"2026-12-01\"\nsource = \"a test\"\n[[models]]\nproviders = [\"openai\"]\n\
                      names = [\"gpt-4.1-mini\"]\ninput = 4.0\noutput = 16.0\n";
/// $0.40 and $1.60 for a million: 90 tokens sent and 10 generated.
const COST: u64 = 52_000;

/// A server whose every answer takes as many tokens.
fn answering() -> Server {
    Server::start(|_| {
        let body = json!({
            "model": "gpt-4.1-mini",
            "choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 90, "completion_tokens": 10},
        });
        Answer::new(200, body.to_string())
    })
}

fn tokens(most: u64) -> Caps {
    Caps {
        tokens: Some(most),
        ..Caps::default()
    }
}

#[test]
fn costs_before_and_after_a_resume_under_other_prices_are_both_right_and_the_run_says_so() {
    let server = answering();
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
    let bench = Bench::over(Arc::clone(&engine));
    let version = bench.version(DOCUMENT);
    let row = |n| format!("{{\"id\":\"q-{n}\",\"input\":\"number {n}\",\"expected\":\"fine\"}}\n");
    let dataset = bench.dataset(&(0..4).map(row).collect::<String>());
    let suite = bench.suite(&suite("fine", "kind = \"contains\"", "point"));
    let settings = RunSettings {
        concurrency: 1,
        attempts_max: 1,
        caps: tokens(250),
        base_url: Some(server.base_url()),
        ..RunSettings::default()
    };
    let start = StartRun {
        settings,
        ..start(&version, &dataset, &suite)
    };
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    let saved = bench.workbench.progress(run).unwrap().totals.saved;
    assert!((1..4).contains(&saved), "{saved}");
    // Going on with the same prices is nothing to speak of.
    bench.workbench.resume_run(&anna(), run, tokens(250)).unwrap();
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    assert_eq!(bench.workbench.run_detail(run).unwrap().warnings(), [""; 0]);

    let later = Bench::over(Arc::clone(&engine)).priced(DEARER);
    later.workbench.resume_run(&anna(), run, tokens(10_000)).unwrap();
    let end = later.workbench.wait_run(run).unwrap();
    let costs: Vec<Option<UsdNanos>> = (0..4)
        .map(|at| later.workbench.case(run, OutcomePlace::first(at)).unwrap().outcome.cost)
        .collect();
    let expected: Vec<_> = (0..4)
        .map(|at| Some(UsdNanos(if at < saved { COST } else { 10 * COST })))
        .collect();
    assert_eq!(costs, expected);
    assert_eq!(end.totals.cost, UsdNanos(COST * (saved + 10 * (4 - saved))));
    let detail = later.workbench.run_detail(run).unwrap();
    let warnings = detail.warnings();
    let said = warnings
        .iter()
        .find(|warning| warning.contains("different list prices"))
        .unwrap();
    assert!(said.contains("at first those of 2026-11-23 ("), "{said}");
    assert!(said.contains("those of 2026-12-01 ("), "{said}");
    let record = later.workbench.tuning_record(run).unwrap();
    assert_eq!((record.prices.len(), record.later_prices.len()), (1, 1));
    let newest: Vec<_> = record.later_prices[0]
        .prices
        .iter()
        .map(|file| file.as_of.as_str())
        .collect();
    assert_eq!(newest, ["2026-12-01", "2026-11-23"]);
    assert!(later.workbench.verify().unwrap().is_sound());
}
