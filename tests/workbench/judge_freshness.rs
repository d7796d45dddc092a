//! A judge's name, too, may come to stand for another model: what the older one judged carries no release.

use std::sync::{Arc, Mutex};

use pegbox::domain::alias::Stale;
use pegbox::domain::ids::{RunId, VersionId};
use pegbox::domain::promotion::Environment;
use pegbox::domain::review::Review;
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::{Judgement, StartRun, WorkbenchError};
use serde_json::{Value as Json, json};

use super::bench::*;
use super::support::server::{Answer, Received, Server};

const STAGING: Environment = Environment::Staging;

/// A prompt that asks the server for a model of this name.
fn prompt(model: &str, variable: &str) -> String {
    format!(
        "+++\n[model]\nprovider = \"openai\"\nname = \"{model}\"\n[[variables]]\nname = \"{variable}\"\n+++\n\
         -- user --\nLook at this: {{{{ {variable} }}}}\n"
    )
}

fn rows(ids: &[&str]) -> String {
    let row = |id| format!("{{\"id\":\"{id}\",\"input\":\"{id}\",\"expected\":\"fine\"}}\n");
    ids.iter().map(row).collect()
}

fn commit_judge(bench: &Bench, source: &str) {
    let judge = "assessor".parse().unwrap();
    bench.workbench.import_prompt(&anna(), &judge, "", source).unwrap();
    bench.workbench.commit(&anna(), &judge, &why()).unwrap();
}

const GRADERS: &str = r#"name = "judged"
[[graders]]
name = "good"
kind = "judge_rubric"
judge = "assessor_v1"
min = 1
max = 5
at_least = 3
[[graders]]
name = "near"
kind = "semantic_similarity"
provider = "openai"
model = "vectors"
at_least = 0.9
[[metrics]]
name = "share"
kind = "accuracy"
grader = "good"
[[thresholds]]
metric = "share"
at_least = 0.9
"#;

/// Whom the judge's name and the embedding model's stand for.
#[derive(Debug, Clone, Copy)]
struct Names {
    judge: &'static str,
    vectors: &'static str,
}

struct House {
    bench: Bench,
    names: Arc<Mutex<Names>>,
    version: VersionId,
    start: StartRun,
    _server: Server,
}

impl House {
    fn new() -> Self {
        let names = Arc::new(Mutex::new(Names {
            judge: "judge-may",
            vectors: "vectors-may",
        }));
        let standing = Arc::clone(&names);
        let server = Server::start(move |received| answered(received, *standing.lock().unwrap()));
        let bench = Bench::over(Arc::new(MemoryEngine::new()));
        commit_judge(&bench, &prompt("judge", "answer"));
        let version = bench.version(&prompt("house", "input"));
        let dataset = bench.dataset(&rows(&["a", "b", "c"]));
        let suite = bench.suite(GRADERS);
        let start = StartRun {
            settings: one_at_a_time(&server.base_url()),
            ..start(&version, &dataset, &suite)
        };
        Self {
            bench,
            names,
            version,
            start,
            _server: server,
        }
    }

    fn run(&self) -> RunId {
        let (run, end) = self.bench.run(&self.start);
        assert_eq!((end.totals.passed, end.totals.judging.errored), (3, 0));
        run
    }

    fn ask(&self, run: Option<RunId>) -> Result<Review, WorkbenchError> {
        let workbench = &self.bench.workbench;
        workbench.request_review(&anna(), &self.version, STAGING, run, REASON)
    }

    /// A run before the change is no evidence after it, which is said in these words, and a run after it is.
    fn overtaken_by(&mut self, words: &str, change: impl FnOnce(&mut Self)) {
        let old = self.run();
        let review = self.ask(None).unwrap();
        assert_eq!(review.run, old);
        change(self);
        let workbench = &self.bench.workbench;
        assert_refused(self.ask(Some(old)), words);
        assert_refused(workbench.decide(&ben(), review.id, Judgement::Approve, REASON), words);
        let detail = workbench.run_detail(old).unwrap();
        let warnings = detail.warnings();
        assert!(warnings.iter().any(|warning| warning.contains(words)), "{warnings:?}");
        assert_eq!(workbench.tuning_record(old).unwrap().overtaken, detail.overtaken);
        let new = self.run();
        assert_eq!(self.ask(None).unwrap().run, new);
        assert_eq!(workbench.run_detail(new).unwrap().overtaken, []);
    }

    fn change(&self, edit: impl FnOnce(&mut Names)) {
        edit(&mut self.names.lock().unwrap());
    }

    /// What is stale of a run, as its page says it.
    fn stale(&self, run: RunId) -> Vec<String> {
        let caveats = self.bench.workbench.run_detail(run).unwrap().caveats;
        caveats.stale.iter().map(Stale::answered_text).collect()
    }
}

fn answered(received: &Received, names: Names) -> Answer {
    let chat = |model: &str, text: String| {
        json!({
            "id": "1", "model": model,
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 4},
        })
    };
    let body: Json = match received.body["model"].as_str() {
        Some("judge") => chat(names.judge, json!({"score": 4, "explanation": "good"}).to_string()),
        Some("vectors") => {
            let texts = received.body["input"].as_array().map_or(0, Vec::len);
            let vector = |index| json!({"object": "embedding", "index": index, "embedding": [0.6, 0.8]});
            json!({
                "object": "list", "model": names.vectors, "usage": {"prompt_tokens": 2, "total_tokens": 2},
                "data": (0..texts).map(vector).collect::<Vec<_>>(),
            })
        }
        _ => chat("house-1", "fine".into()),
    };
    Answer::new(200, body.to_string())
}

#[test]
fn judges_have_ledgers_and_make_runs_stale() {
    let house = House::new();
    let workbench = &house.bench.workbench;
    let old = house.run();
    assert_eq!(house.stale(old), [""; 0]);
    house.change(|names| names.judge = "judge-june");
    let new = house.run();
    assert_eq!(house.stale(new), [""; 0]);
    assert_eq!(house.stale(old), ["assessor_v1 judged by judge-may"]);
    house.change(|names| names.vectors = "vectors-june");
    let newest = house.run();
    assert_eq!(house.stale(newest), [""; 0]);
    assert_eq!(house.stale(new), ["openai/vectors judged by vectors-may"]);
    assert_eq!(house.stale(old).len(), 2);

    let uses = workbench.alias_uses_of("judge").unwrap();
    let models: Vec<_> = uses[0].ledger.lines.iter().map(|line| line.model.as_str()).collect();
    assert_eq!(models, ["judge-may", "judge-june"]);
    let stale: Vec<_> = uses[0].stale_runs.iter().map(|summary| summary.run.id).collect();
    assert_eq!(stale, [old]);
    let listed = workbench.runs(None, 10).unwrap();
    let fresh: Vec<_> = listed
        .iter()
        .filter(|run| run.caveats.stale.is_empty())
        .map(|run| run.run.id)
        .collect();
    assert_eq!(fresh, [newest]);
    assert!(workbench.tuning_record(old).unwrap().caveats.stale.len() == 2);
    assert!(workbench.verify().unwrap().is_sound());
}

#[test]
fn what_an_older_judge_said_carries_no_review_approval_or_promotion() {
    let house = House::new();
    let workbench = &house.bench.workbench;
    let old = house.run();
    house.change(|names| names.judge = "judge-june");
    house.run();
    let words = "stale: assessor_v1 judged by judge-may; judge stands for judge-june since";
    assert_refused(
        workbench.request_review(&anna(), &house.version, STAGING, Some(old), REASON),
        words,
    );

    let ask = || {
        workbench
            .request_review(&anna(), &house.version, STAGING, None, REASON)
            .unwrap()
            .id
    };
    let approve = |review| workbench.decide(&ben(), review, Judgement::Approve, REASON);
    let review = ask();
    house.change(|names| names.judge = "judge-july");
    house.run();
    let words = "stale: assessor_v1 judged by judge-june";
    assert_refused(approve(review), words);
    let detail = workbench.review_detail(&ben(), review).unwrap();
    assert!(
        detail
            .checks
            .iter()
            .any(|check| check.fault.as_ref().is_some_and(|fault| fault.contains(words)))
    );

    let review = ask();
    approve(review).unwrap();
    house.change(|names| names.vectors = "vectors-june");
    house.run();
    assert_refused(
        workbench.promote(&ben(), review, REASON),
        "openai/vectors judged by vectors-may",
    );

    let review = ask();
    approve(review).unwrap();
    workbench.promote(&ben(), review, REASON).unwrap();
}

#[test]
fn a_release_says_that_its_judge_is_another_one_now() {
    let house = House::new();
    let workbench = &house.bench.workbench;
    house.run();
    let review = workbench
        .request_review(&anna(), &house.version, Environment::Production, None, REASON)
        .unwrap();
    workbench.decide(&ben(), review.id, Judgement::Approve, REASON).unwrap();
    workbench.promote(&ben(), review.id, REASON).unwrap();
    let stale = || {
        let rows = workbench.environments().unwrap();
        rows.into_iter().flat_map(|row| row.stale).collect::<Vec<_>>()
    };
    assert_eq!(stale(), []);
    house.change(|names| names.judge = "judge-june");
    house.run();
    assert_eq!(stale()[0].judges, ["assessor_v1"]);
}

#[test]
fn evidence_ends_where_its_dataset_its_suite_or_its_judge_changes() {
    let mut house = House::new();
    house.overtaken_by("the dataset changed since: rows@", |house| {
        house.start.dataset = house.bench.dataset(&rows(&["a", "b", "d"]));
    });
    house.overtaken_by("the suite changed since: judged@v2 follows judged@v1", |house| {
        house.start.suite = house.bench.suite(&GRADERS.replace("at_least = 0.9", "at_least = 0.8"));
    });
    house.overtaken_by("with other judges (assessor_v2)", |house| {
        commit_judge(&house.bench, &prompt("judge", "answer").replace("Look", "Look well"));
        house.start.suite = house.bench.suite(&GRADERS.replace("assessor_v1", "assessor_v2"));
    });
    // What was approved before a change is not promoted after it.
    let workbench = &house.bench.workbench;
    let review = workbench.reviews().unwrap().remove(0).review;
    workbench.decide(&ben(), review.id, Judgement::Approve, REASON).unwrap();
    house.bench.suite(GRADERS);
    assert_refused(workbench.promote(&ben(), review.id, REASON), "the suite changed since");
}
