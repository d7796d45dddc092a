//! What a run takes from earlier ones: the answers of a chain's steps one by one, and judgements. Nothing is taken
//! where the request differs in anything, and what is taken is counted and costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pegbox::domain::ids::{PromptName, RunId};
use pegbox::domain::judgement::Judgement;
use pegbox::domain::metric::Measure;
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{Outcome, OutcomePlace};
use pegbox::domain::promotion::Environment;
use pegbox::domain::run::{RunEnd, RunSettings, RuntimeContext};
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::StartRun;
use serde_json::json;

use super::bench::*;
use super::support::server::{Answer, Received, Server};

const STEPS: u64 = 5;
const EXAMPLES: u64 = 3;
/// $0.40 and $1.60 for a million: 90 tokens sent and 10 generated.
const STEP_COST: u64 = 52_000;

/// A prompt that says its name, and politely where that is asked of it.
fn prompt(name: &str, manner: &str) -> String {
    format!(
        "+++\n[model]\nprovider = \"openai\"\nname = \"gpt-4.1-mini\"\n[[variables]]\nname = \"text\"\n+++\n\
         -- user --\n{name}{manner}: {{{{ text }}}}\n"
    )
}

fn commit(bench: &Bench, name: &str, source: &str) {
    let name = PromptName::new(name).unwrap();
    bench.workbench.import_prompt(&anna(), &name, "", source).unwrap();
    bench.workbench.commit(&anna(), &name, &why()).unwrap();
}

/// Five steps, each of which reads what the one before said; of the third one this version.
fn chain(third: u32) -> String {
    let step = |n: u64| {
        let text = match n {
            1 => "input".to_owned(),
            _ => format!("s{}.text", n - 1),
        };
        let version = if n == 3 { third } else { 1 };
        format!("[[steps]]\nname = \"s{n}\"\nversion = \"p{n}_v{version}\"\ninputs = {{ text = \"{text}\" }}\n")
    };
    format!("name = \"flow\"\n{}", (1..=STEPS).map(step).collect::<String>())
}

/// Says again what it was sent; politeness changes nothing of it.
fn echo(request: &Received) -> Answer {
    let said = request.body["messages"][0]["content"].as_str().unwrap_or_default();
    let body = json!({
        "model": "gpt-4.1-mini-may",
        "choices": [{"message": {"content": said.replace(" politely", "")}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 90, "completion_tokens": 10},
    });
    Answer::new(200, body.to_string())
}

struct Flow {
    bench: Bench,
    server: Server,
    start: StartRun,
}

impl Flow {
    fn new(suite: &str) -> Self {
        let server = Server::start(echo);
        let bench = Bench::over(Arc::new(MemoryEngine::new()));
        for n in 1..=STEPS {
            commit(&bench, &format!("p{n}"), &prompt(&format!("p{n}"), ""));
        }
        let row = |n| format!("{{\"id\":\"q-{n}\",\"input\":\"number {n}\",\"expected\":\"number {n}\"}}\n");
        let dataset = bench.dataset(&(0..EXAMPLES).map(row).collect::<String>());
        let suite = bench.suite(suite);
        let subject = bench.workbench.import_chain(&anna(), &chain(1), REASON).unwrap().id;
        let start = StartRun {
            subject: subject.into(),
            dataset,
            suite,
            base: None,
            environment: None,
            context: RuntimeContext::default(),
            settings: RunSettings {
                concurrency: 1,
                attempts_max: 1,
                base_url: Some(server.base_url()),
                ..RunSettings::default()
            },
        };
        Self { bench, server, start }
    }

    /// Gives the third step another prompt.
    fn change(&mut self, version: u32, source: &str) {
        commit(&self.bench, "p3", source);
        let chain = self.bench.workbench.import_chain(&anna(), &chain(version), REASON);
        self.start.subject = chain.unwrap().id.into();
    }

    fn reusing(&self) -> (RunId, RunEnd) {
        let mut start = self.start.clone();
        start.settings.reuses_answers = true;
        self.bench.run(&start)
    }

    fn sent(&self) -> u64 {
        self.server.requests().len() as u64
    }

    fn outcomes(&self, run: RunId) -> Vec<Outcome> {
        let case = |at| self.bench.workbench.case(run, OutcomePlace::first(at)).unwrap().outcome;
        (0..EXAMPLES).map(case).collect()
    }
}

/// Of which run each step's answer is.
fn sources(outcome: &Outcome) -> Vec<Option<RunId>> {
    outcome.steps.iter().map(|step| step.reused_from).collect()
}

#[test]
fn the_steps_before_a_changed_one_are_reused_and_those_after_it_run_anew() {
    let mut flow = Flow::new(&suite("echoes", "kind = \"contains\"", "point"));
    let (first, end) = flow.bench.run(&flow.start);
    let cost = |steps: u64| UsdNanos(steps * EXAMPLES * STEP_COST);
    assert_eq!((flow.sent(), end.totals.cost), (5 * EXAMPLES, cost(5)));
    flow.bench.run(&flow.start);
    assert_eq!(flow.sent(), 10 * EXAMPLES, "evidence is asked for anew");

    flow.change(2, &prompt("third", ""));
    let (changed, end) = flow.reusing();
    let totals = end.totals;
    assert_eq!((flow.sent(), totals.cost), (13 * EXAMPLES, cost(3)));
    assert_eq!((totals.reused, totals.reused_steps), (EXAMPLES, 2 * EXAMPLES));
    let asked_last = Some(RunId(2));
    for outcome in flow.outcomes(changed) {
        assert_eq!(sources(&outcome), [asked_last, asked_last, None, None, None]);
        assert_eq!(
            (outcome.all_attempts().count(), outcome.cost),
            (3, Some(UsdNanos(3 * STEP_COST)))
        );
        let text = outcome.text.unwrap();
        assert!(text.starts_with("p5: p4: third: p2: p1: number"), "{text}");
    }
    let caveats = flow.bench.workbench.run_detail(changed).unwrap().caveats;
    assert_eq!(caveats.reused_text().as_deref(), Some("6 steps of 3 reused from run_2"));
    assert!(
        !caveats
            .faults(&flow.bench.workbench.run_detail(changed).unwrap().run)
            .is_empty()
    );

    // Another prompt whose answer is the same: those after it are sent what they were sent before.
    flow.change(3, &prompt("p3", " politely"));
    let (polite, end) = flow.reusing();
    assert_eq!((flow.sent(), end.totals.reused_steps), (14 * EXAMPLES, 4 * EXAMPLES));
    let outcome = flow.outcomes(polite).remove(0);
    assert_eq!(
        sources(&outcome),
        [asked_last, asked_last, None, asked_last, asked_last]
    );
    assert_eq!(outcome.text, flow.outcomes(first).remove(0).text);
    assert!(flow.bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn a_chain_without_a_new_request_costs_nothing_and_a_limit_on_cost_says_why_it_cannot_tell() {
    let price = "[[metrics]]\nname = \"price\"\nkind = \"cost_per_example\"\n";
    let flow = Flow::new(&(suite("cheap", "kind = \"cost\"\nat_most_usd = 1.0", "point") + price));
    let price_of = |end: &RunEnd| {
        let result = end.results.iter().find(|result| result.metric == "price");
        result.unwrap().measure
    };
    let (_, end) = flow.bench.run(&flow.start);
    assert_eq!(end.totals.passed, EXAMPLES);
    assert!(matches!(price_of(&end), Measure::Value { value, .. } if value > 0.0));
    let (again, end) = flow.reusing();
    let totals = end.totals;
    assert_eq!((flow.sent(), totals.cost.0, totals.cost_unknown), (5 * EXAMPLES, 0, 0));
    assert_eq!((totals.reused_steps, totals.failed), (5 * EXAMPLES, EXAMPLES));
    assert_eq!(price_of(&end), Measure::Undefined, "nobody asked, so nobody knows");
    let why = flow.outcomes(again).remove(0).why().unwrap();
    assert!(why.contains("the answer is that of run_1"), "{why}");
    let row = flow.bench.workbench.failures(again, None, 1).unwrap().remove(0);
    assert_eq!(row.reused_from, Some(RunId(1)));
}

const JUDGED: &str = r#"name = "judged"
[[graders]]
name = "good"
kind = "judge_rubric"
judge = "assessor_v1"
repeats = 2
min = 1
max = 5
at_least = 3
[[metrics]]
name = "share"
kind = "accuracy"
grader = "good"
[[thresholds]]
metric = "share"
at_least = 0.9
"#;

/// A prompt that is always answered alike, and a judge that never gives the same reason twice.
struct House {
    bench: Bench,
    judged: Arc<AtomicU64>,
    start: StartRun,
    _server: Server,
}

impl House {
    fn new() -> Self {
        let judged = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&judged);
        let server = Server::start(move |received| {
            let (model, text) = match received.body["model"].as_str() {
                Some("judge") => {
                    let count = counter.fetch_add(1, Ordering::SeqCst) + 1;
                    let said = json!({"score": 4, "explanation": format!("reason {count}")});
                    ("judge-may", said.to_string())
                }
                _ => ("house-may", "fine".to_owned()),
            };
            let body = json!({
                "model": model,
                "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 20, "completion_tokens": 4},
            });
            Answer::new(200, body.to_string())
        });
        let bench = Bench::over(Arc::new(MemoryEngine::new()));
        let named = |model: &str, variable: &str| {
            format!(
                "+++\n[model]\nprovider = \"openai\"\nname = \"{model}\"\n[[variables]]\nname = \"{variable}\"\n+++\n\
                 -- user --\nLook at this: {{{{ {variable} }}}}\n"
            )
        };
        commit(&bench, "assessor", &named("judge", "answer"));
        let version = bench.version(&named("house", "input"));
        let row = |id| format!("{{\"id\":\"{id}\",\"input\":\"{id}\",\"expected\":\"fine\"}}\n");
        let dataset = bench.dataset(&["a", "b", "c"].map(row).concat());
        let suite = bench.suite(JUDGED);
        let settings = RunSettings {
            attempts_max: 1,
            base_url: Some(server.base_url()),
            ..RunSettings::default()
        };
        let start = StartRun {
            settings,
            ..start(&version, &dataset, &suite)
        };
        Self {
            bench,
            judged,
            start,
            _server: server,
        }
    }

    fn reusing(&self) -> (RunId, RunEnd) {
        let mut start = self.start.clone();
        start.settings.reuses_answers = true;
        self.bench.run(&start)
    }

    fn judged(&self) -> u64 {
        self.judged.load(Ordering::SeqCst)
    }

    /// All judgements of a run, in order of examples and repeats.
    fn judgements(&self, run: RunId) -> Vec<Judgement> {
        let case = |at| self.bench.workbench.case(run, OutcomePlace::first(at)).unwrap().outcome;
        (0..EXAMPLES).flat_map(|at| case(at).judgements).collect()
    }
}

fn reasons(judgements: &[Judgement]) -> Vec<&str> {
    judgements
        .iter()
        .map(|judgement| judgement.explanation.as_str())
        .collect()
}

#[test]
fn judgements_are_reused_one_by_one_and_only_where_a_run_asks_for_it() {
    let house = House::new();
    house.bench.run(&house.start);
    let (second, end) = house.bench.run(&house.start);
    assert_eq!((house.judged(), end.totals.judging.reused), (12, 0));

    let (third, end) = house.reusing();
    let judging = end.totals.judging;
    assert_eq!((house.judged(), judging.judgements, judging.reused), (12, 6, 6));
    assert_eq!((judging.cost.0, judging.tokens(), judging.cost_unknown), (0, 0, 0));
    assert_eq!(end.totals.passed, EXAMPLES);
    // All answers are alike, and so is all that the judge is sent: yet each keeps the judgement of its own.
    let (before, now) = (house.judgements(second), house.judgements(third));
    assert_eq!(reasons(&now), reasons(&before));
    assert!(now.iter().all(|judgement| judgement.reused_from == Some(second)));
    assert_eq!(now[1].heading(), "good: assessor_v1, repeat 2 (reused from run_2)");
    let caveats = house.bench.workbench.run_detail(third).unwrap().caveats;
    assert_eq!(
        caveats.reused_text().as_deref(),
        Some("3 and 6 judgements reused from run_2")
    );
    let version = house
        .bench
        .workbench
        .run_detail(third)
        .unwrap()
        .run
        .subject
        .version()
        .cloned();
    let asked =
        house
            .bench
            .workbench
            .request_review(&anna(), &version.unwrap(), Environment::Staging, Some(third), REASON);
    assert_refused(asked, "answers that count for a release are fresh");
    assert!(house.bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn a_judgement_counts_by_the_rule_of_the_suite_that_uses_it() {
    let mut house = House::new();
    house.bench.run(&house.start);
    // The same request with a stricter rule, then one more judgement of each answer, which nobody made yet.
    house.start.suite = house.bench.suite(&JUDGED.replace("at_least = 3", "at_least = 5"));
    let (_, end) = house.reusing();
    assert_eq!(
        (house.judged(), end.totals.judging.reused, end.totals.failed),
        (6, 6, EXAMPLES)
    );
    house.start.suite = house.bench.suite(&JUDGED.replace("repeats = 2", "repeats = 3"));
    let (third, end) = house.reusing();
    assert_eq!((house.judged(), end.totals.judging.reused), (9, 6));
    let judgements = house.judgements(third);
    assert!(
        judgements
            .iter()
            .all(|one| one.reused_from.is_some() == (one.repeat < 2))
    );
    let mut distinct = reasons(&judgements);
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 9);
    // On another scale the score was never given.
    house.start.suite = house
        .bench
        .suite(&JUDGED.replace("max = 5", "max = 3.5").replace("min = 1", "min = 0"));
    let (_, end) = house.reusing();
    assert_eq!((house.judged(), end.totals.judging.reused), (15, 0));
    assert!(house.bench.workbench.verify().unwrap().is_sound());
}
