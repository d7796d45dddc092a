//! A model behind a name, which stands for another one whenever a test wants it.

use std::sync::{Arc, Mutex};

use pegbox::domain::ids::{RunId, VersionId};
use pegbox::domain::outcome::{Outcome, OutcomePlace};
use pegbox::domain::run::RunEnd;
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::StartRun;
use serde_json::json;

use super::bench::*;
use super::support::server::{Answer, Server};

const DOCUMENT: &str = r#"+++
[model]
provider = "openai"
name = "house"
temperature = 0.2
[model.response_format]
type = "json_object"
[[variables]]
name = "input"
description = "the question"
+++
-- system --
Answer with JSON only.
-- user --
Question: {{ input }}
"#;

/// Who answers to `house`, and with what.
#[derive(Debug, Clone)]
pub struct Model {
    pub name: &'static str,
    pub route: &'static str,
    /// Refused from this request on, counted from 0.
    pub fails_from: usize,
    /// Another one answers from this request on, counted from 0.
    pub becomes: Option<(usize, &'static str)>,
}

/// A server of that model, and a store with a prompt that asks it, four questions and a suite.
pub struct Lab {
    pub bench: Bench,
    pub server: Server,
    pub version: VersionId,
    pub start: StartRun,
    model: Arc<Mutex<Model>>,
}

impl Lab {
    pub fn new() -> Self {
        let model = Arc::new(Mutex::new(Model {
            name: "house-1",
            route: "a",
            fails_from: usize::MAX,
            becomes: None,
        }));
        let answering = Arc::clone(&model);
        let server = Server::start(move |_| answered(&mut answering.lock().unwrap()));
        let bench = Bench::over(Arc::new(MemoryEngine::new()));
        let version = bench.version(DOCUMENT);
        let dataset = bench.dataset(&questions(4));
        let suite = bench.suite(&suite("routes", "kind = \"field_match\"\nfield = \"route\"", "point"));
        let start = StartRun {
            settings: one_at_a_time(&server.base_url()),
            ..start(&version, &dataset, &suite)
        };
        Self {
            bench,
            server,
            version,
            start,
            model,
        }
    }

    /// From now on another one answers.
    pub fn becomes(&self, name: &'static str, route: &'static str) {
        self.change(|model| (model.name, model.route) = (name, route));
    }

    pub fn change(&self, edit: impl FnOnce(&mut Model)) {
        edit(&mut self.model.lock().unwrap());
    }

    pub fn run(&self) -> (RunId, RunEnd) {
        self.bench.run(&self.start)
    }

    /// A run that may use stored answers.
    pub fn reusing(&self) -> (RunId, RunEnd) {
        let mut start = self.start.clone();
        start.settings.reuses_answers = true;
        self.bench.run(&start)
    }

    pub fn outcomes(&self, run: RunId) -> Vec<Outcome> {
        let count = self.bench.workbench.run_detail(run).unwrap().progress.totals.saved;
        let places = 0..count;
        places
            .map(|place| {
                self.bench
                    .workbench
                    .case(run, OutcomePlace::first(place))
                    .unwrap()
                    .outcome
            })
            .collect()
    }

    pub fn sent(&self) -> usize {
        self.server.requests().len()
    }
}

/// Questions `q-0`, `q-1`, … that all expect route `a`.
fn questions(count: usize) -> String {
    let row = |n| format!("{{\"id\":\"q-{n}\",\"input\":\"number {n}\",\"expected\":{{\"route\":\"a\"}}}}\n");
    (0..count).map(row).collect()
}

fn answered(model: &mut Model) -> Answer {
    if model.fails_from == 0 {
        return Answer::new(400, "{\"error\":{\"message\":\"not today\"}}");
    }
    model.fails_from = model.fails_from.saturating_sub(1);
    match &mut model.becomes {
        Some((0, name)) => model.name = name,
        Some((left, _)) => *left -= 1,
        None => {}
    }
    let body = json!({
        "id": "chatcmpl-1", "model": model.name, "system_fingerprint": format!("fp-{}", model.name),
        "choices": [{
            "message": {"role": "assistant", "content": json!({"route": model.route}).to_string()},
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": 20, "completion_tokens": 4},
    });
    Answer::new(200, body.to_string())
}
