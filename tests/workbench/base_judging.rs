//! A pairwise judge that compares with what the base's run answered, and judges that are asked at once.

use std::sync::{Arc, Barrier, Condvar, Mutex};

use pegbox::domain::grader::{Score, ScoreValue};
use pegbox::domain::ids::{RunId, VersionId};
use pegbox::domain::metric::Measure;
use pegbox::domain::outcome::{FailureCategory, Outcome, OutcomePlace};
use pegbox::domain::run::{RunEnd, RunSettings};
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::StartRun;
use serde_json::json;

use super::bench::*;
use super::support::server::{Answer, Received, Server};

fn prompt(model: &str, variables: &[&str], text: &str) -> String {
    let declared = variables
        .iter()
        .map(|name| format!("[[variables]]\nname = \"{name}\"\n"));
    let declared: String = declared.collect();
    format!("+++\n[model]\nprovider = \"openai\"\nname = \"{model}\"\nseed = 7\n{declared}+++\n-- user --\n{text}\n")
}

fn chat(text: &str) -> Answer {
    Answer::chat(text)
}

/// The one message of a request.
fn shown(received: &Received) -> &str {
    received.body["messages"][0]["content"].as_str().unwrap()
}

/// A store with two versions of a prompt, a judge of pairs and one of single answers, and a server of them all.
struct House {
    bench: Bench,
    server: Server,
    base: VersionId,
    candidate: VersionId,
}

impl House {
    fn new(script: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let server = Server::start(script);
        let bench = Bench::over(Arc::new(MemoryEngine::new()));
        for (name, variables, text) in [
            (
                "pair",
                &["first", "second"][..],
                "First: {{ first }}\nSecond: {{ second }}",
            ),
            ("alone", &["answer"], "Score this: {{ answer }}"),
        ] {
            let judge = name.parse().unwrap();
            let source = prompt(name, variables, text);
            bench.workbench.import_prompt(&anna(), &judge, "", &source).unwrap();
            bench.workbench.commit(&anna(), &judge, &why()).unwrap();
        }
        let base = bench.version(&prompt("house-old", &["input"], "Answer: {{ input }}"));
        let candidate = bench.version(&prompt("house-new", &["input"], "Answer: {{ input }}"));
        Self {
            bench,
            server,
            base,
            candidate,
        }
    }

    /// A run of a version over these questions, whose expected answers nobody needs.
    fn run(
        &self,
        version: &VersionId,
        grader: &str,
        ids: &[&str],
        edit: impl FnOnce(&mut StartRun),
    ) -> (RunId, RunEnd) {
        let row = |id: &&str| format!("{{\"id\":\"{id}\",\"input\":\"{id}\"}}\n");
        let rows: Vec<String> = ids.iter().map(row).collect();
        let dataset = match self.bench.import("rows", "rows.jsonl", rows.concat()) {
            Ok(report) => report.dataset.unwrap().id,
            // The rows of the run before.
            Err(_) => self.bench.workbench.resolve_dataset("rows").unwrap(),
        };
        let name = if grader == PASSING { "valid" } else { "judged" };
        let source = suite(name, grader, "point");
        let suite = match self.bench.workbench.import_suite(&anna(), &source, REASON) {
            Ok(suite) => suite.id,
            Err(_) => self.bench.workbench.resolve_suite(name).unwrap(),
        };
        let mut start = StartRun {
            settings: RunSettings {
                base_url: Some(self.server.base_url()),
                attempts_max: 1,
                ..RunSettings::default()
            },
            ..start(version, &dataset, &suite)
        };
        edit(&mut start);
        self.bench.run(&start)
    }

    fn outcome(&self, run: RunId, place: OutcomePlace) -> Outcome {
        self.bench.workbench.case(run, place).unwrap().outcome
    }

    fn score(&self, run: RunId, place: u64) -> Score {
        self.outcome(run, OutcomePlace::first(place)).scores.remove(0)
    }
}

const AGAINST_BASE: &str = "kind = \"judge_pairwise\"\njudge = \"pair_v1\"\nagainst = \"base\"\ntie_passes = false";

/// Questions are answered with who answers them; the base fails at `lost`. The judge likes the new answers to `won` and
/// the old ones to `worse`, and what stands first otherwise.
fn answered(received: &Received) -> Answer {
    let text = shown(received);
    let liked = |liked: &str| {
        if text.starts_with(&format!("First: {liked}")) {
            "first"
        } else {
            "second"
        }
    };
    match received.body["model"].as_str().unwrap() {
        "house-old" if text.contains("lost") => Answer::new(400, "{\"error\":{\"message\":\"too long\"}}"),
        model @ ("house-old" | "house-new") => {
            chat(&format!("{model} on {}", text.trim_start_matches("Answer: ").trim()))
        }
        _ if text.contains("won") => {
            chat(&json!({"winner": liked("house-new"), "explanation": "it is kind"}).to_string())
        }
        _ if text.contains("worse") => chat(&json!({"winner": liked("house-old")}).to_string()),
        _ => chat(&json!({"winner": "first"}).to_string()),
    }
}

#[test]
fn answers_are_compared_with_those_of_the_base_s_run() {
    let house = House::new(answered);
    let ids = ["won-1", "won-2", "worse", "order", "lost"];
    let (base, _) = house.run(&house.base, PASSING, &ids, |_| {});
    let (run, end) = house.run(&house.candidate, AGAINST_BASE, &ids, |start| {
        start.base = Some(house.base.clone());
    });
    let score = |place| house.score(run, place);
    assert_eq!(
        score(0).explanation,
        format!("judged better than the answer of {base}: it is kind")
    );
    assert_eq!(
        (score(2).passed, score(2).explanation),
        (false, format!("judged worse than the answer of {base}"))
    );
    assert_eq!(score(3).explanation, "judged a tie, since it depends on the order");
    assert_eq!(score(3).value.map(ScoreValue::get), Some(0.5));
    let lost = score(4);
    assert!(!lost.gave_verdict());
    let words = format!("no verdict: {base}, the base's run, has no answer to it: bad request: HTTP 400: too long");
    assert_eq!(lost.explanation, words);
    let outcome = house.outcome(run, OutcomePlace::first(4));
    assert_eq!(
        (outcome.failure_category, outcome.judgements.len()),
        (Some(FailureCategory::Grader), 0)
    );
    let judged = house.outcome(run, OutcomePlace::first(0)).judgements;
    let texts: Vec<&str> = judged
        .iter()
        .map(|judgement| judgement.rendered[0].text.trim())
        .collect();
    assert_eq!(texts[0], "First: house-new on won-1\nSecond: house-old on won-1");
    assert_eq!(texts[1], "First: house-old on won-1\nSecond: house-new on won-1");
    assert!(judged[1].heading().contains("the other answer first"));
    // The share of wins with its interval: the one without a verdict counts as lost.
    let Measure::Rate { hits, total } = end.results[0].measure else {
        panic!("{:?}", end.results[0])
    };
    assert_eq!((hits, total), (2, 5));
    assert!(house.bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn what_there_is_no_base_for_is_said_in_each_outcome() {
    let house = House::new(answered);
    let (run, _) = house.run(&house.candidate, AGAINST_BASE, &["won"], |start| start.base = None);
    let explanation = house.score(run, 0).explanation;
    assert!(
        explanation.starts_with("no verdict: no finished run of "),
        "{explanation}"
    );
    assert!(explanation.contains("make one with pegbox run start"), "{explanation}");
    // A later run of the base does not change what a run was compared with, another run is.
    let (base, _) = house.run(&house.base, PASSING, &["won"], |_| {});
    let (run, _) = house.run(&house.candidate, AGAINST_BASE, &["won"], |start| {
        start.base = Some(house.base.clone());
    });
    assert!(house.score(run, 0).explanation.contains(&base.to_string()));
    // Other questions have other answers.
    let (run, _) = house.run(&house.candidate, AGAINST_BASE, &["won", "more"], |start| {
        start.base = Some(house.base.clone());
    });
    let explanation = house.score(run, 0).explanation;
    assert!(explanation.contains("over other data"), "{explanation}");
}

#[test]
fn repeats_are_compared_with_the_same_repeat_of_the_base() {
    let seen = Arc::new(Mutex::new(0));
    let house = House::new(move |received| match received.body["model"].as_str() {
        Some("house-old") => {
            let mut seen = seen.lock().unwrap();
            *seen += 1;
            chat(&format!("old answer {seen}"))
        }
        _ => answered(received),
    });
    let one_at_a_time = |start: &mut StartRun| (start.settings.concurrency, start.settings.repeats) = (1, 2);
    house.run(&house.base, PASSING, &["x"], one_at_a_time);
    let (run, _) = house.run(&house.candidate, AGAINST_BASE, &["x"], |start| {
        one_at_a_time(start);
        start.settings.repeats = 3;
        start.base = Some(house.base.clone());
    });
    let other = |repeat| {
        let outcome = house.outcome(run, OutcomePlace { index: 0, repeat });
        let text = &outcome.judgements[0].rendered[0].text;
        text.trim().rsplit(' ').next().unwrap().to_owned()
    };
    // The third time the base was not asked.
    assert_eq!([other(0), other(1), other(2)], ["1", "2", "1"]);
}

const THREE_TIMES: &str = "kind = \"judge_rubric\"\njudge = \"alone_v1\"\nrepeats = 3\nmin = 1\nmax = 5\nat_least = 3";

#[test]
fn judges_of_one_answer_are_asked_at_once_and_kept_in_order() {
    let barrier = Barrier::new(3);
    let house = House::new(move |received| {
        if received.body["model"] != "alone" {
            return answered(received);
        }
        // None is answered before all three have arrived.
        barrier.wait();
        chat(&json!({"score": 4, "explanation": received.body["seed"].to_string()}).to_string())
    });
    let (run, end) = house.run(&house.candidate, THREE_TIMES, &["x"], |_| {});
    assert_eq!(end.totals.passed, 1);
    let judged = house.outcome(run, OutcomePlace::first(0)).judgements;
    let order: Vec<_> = judged
        .iter()
        .map(|judgement| (judgement.repeat, judgement.explanation.as_str()))
        .collect();
    assert_eq!(order, [(0, "7"), (1, "8"), (2, "9")]);
}

#[test]
fn no_more_requests_are_in_flight_than_the_run_may_have() {
    let flight = Arc::new((Mutex::new((0, 0)), Condvar::new()));
    let house = House::new({
        let flight = Arc::clone(&flight);
        move |received| {
            let (counts, changed) = &*flight;
            let mut counts = counts.lock().unwrap();
            counts.0 += 1;
            counts.1 = counts.1.max(counts.0);
            changed.notify_all();
            // Two are allowed at the least, so the first waits for a second.
            let mut counts = changed.wait_while(counts, |counts| counts.1 < 2).unwrap();
            counts.0 -= 1;
            drop(counts);
            match received.body["model"].as_str() {
                Some("alone") => chat("{\"score\": 4}"),
                _ => answered(received),
            }
        }
    });
    let ids = ["a", "b", "c", "d", "e", "f"];
    let (_, end) = house.run(&house.candidate, THREE_TIMES, &ids, |start| {
        start.settings.concurrency = 2;
    });
    assert_eq!((end.totals.passed, end.totals.judging.judgements), (6, 18));
    assert_eq!(flight.0.lock().unwrap().1, 2);
}
