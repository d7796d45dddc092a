use super::super::samples::{dataset, dataset_id, run, suite, suite_id, version_id};
use super::super::testing::NOW;
use super::*;
use crate::domain::actor::Actor;
use crate::domain::money::UsdNanos;
use crate::domain::prompt::Prompt;
use crate::domain::run::AnswerSource;
use crate::tui::overlays::form::FieldValue;

fn prompt(name: &str, newest: u32, production: Option<u32>) -> PromptSummary {
    let version = |number: u32| format!("{name}_v{number}").parse().unwrap();
    PromptSummary {
        prompt: Prompt {
            name: PromptName::new(name).unwrap(),
            description: String::new(),
            owner: Actor::new("anna").unwrap(),
            created_at: NOW,
        },
        newest: Some(version(newest)),
        has_draft: false,
        staging: None,
        production: production.map(version),
        verdict: None,
        changed_at: NOW,
    }
}

fn answers(datasets: Vec<DatasetVersion>) -> [Answer; 3] {
    [
        Answer::Suites(vec![suite()]),
        Answer::Prompts(vec![prompt("router", 3, None), prompt("support_triage", 13, Some(11))]),
        Answer::Datasets(datasets),
    ]
}

fn estimate() -> RunEstimate {
    RunEstimate {
        outcomes: 480,
        input_tokens: 12_000,
        output_tokens: 480,
        cost: Some(UsdNanos(30_000_000)),
        elapsed_ms: Some(12_000),
        judging: None,
        basis: "what 240 outcomes of support_triage_v12 took in run_3".into(),
    }
}

fn sent(concurrency: &str) -> Filled {
    let text = |text: &str| FieldValue::Text(text.to_owned());
    Filled::for_test(
        SETTINGS,
        vec![
            ("concurrency", text(concurrency)),
            ("repeats", text("2")),
            ("cap_cost", text("1.50")),
            ("base_url", text("")),
        ],
    )
}

#[test]
fn asks_only_what_is_open_with_the_likeliest_first() {
    let earlier = run(3, 12, AnswerSource::Simulated);
    let mut start = RunStart::default();
    assert_eq!(start.begin(RunWish::after(&earlier)).len(), 3);
    let [suites, prompts, datasets] = answers(vec![dataset()]);
    assert_eq!(start.answered(&suites), []);
    assert_eq!(start.answered(&prompts), []);
    let effects = start.answered(&datasets);
    let [Effect::Choose(choice)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let offered: Vec<&str> = choice.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(offered, ["support_triage_v13", "support_triage_v11", "router_v3"]);
    let chosen = Chosen {
        tag: choice.tag,
        id: "support_triage_v13".into(),
    };
    let effects = start.chosen(&chosen).unwrap();
    assert!(
        matches!(&effects[..], [Effect::Ask(Request::EstimateRun(_))]),
        "one dataset and one suite are not asked about: {effects:?}"
    );
    let effects = start.answered(&Answer::Estimate(estimate()));
    assert!(
        matches!(&effects[..], [Effect::Fill(form)] if form.title.contains("support_triage_v13 on support_triage_reg")),
        "{effects:?}"
    );
    let [Effect::Fill(form)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        form.notes,
        [
            "estimate: 480 outcomes, 12k tokens in, 480 out, about $0.0300, about 0:12",
            "it rests on what 240 outcomes of support_triage_v12 took in run_3"
        ]
    );
    let effects = start.filled(&sent("many")).unwrap();
    assert!(matches!(&effects[..], [Effect::Say(_), Effect::Fill(_)]), "{effects:?}");
    let effects = start.filled(&sent("16")).unwrap();
    let [Effect::Ask(Request::StartRun(request))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (request.subject.clone(), request.settings.in_flight()),
        (version_id(13).into(), InFlight::Fixed(16))
    );
    assert_eq!(
        (request.settings.repeats, request.settings.caps.cost),
        (2, Some(UsdNanos(1_500_000_000)))
    );
    assert_eq!(
        (request.dataset.clone(), request.suite.clone()),
        (dataset_id(), suite_id())
    );
}

#[test]
fn again_asks_for_the_settings_alone() {
    let mut start = RunStart::default();
    start.begin(RunWish::again(&run(3, 12, AnswerSource::Simulated)));
    let effects: Vec<Effect> = answers(vec![dataset()])
        .iter()
        .flat_map(|answer| start.answered(answer))
        .collect();
    assert!(
        matches!(&effects[..], [Effect::Ask(Request::EstimateRun(_))]),
        "{effects:?}"
    );
    let fault = Fault {
        what: "no key".into(),
        hint: "set one".into(),
    };
    let effects = start.unestimated(&fault);
    assert!(
        matches!(&effects[..], [Effect::Fill(form)]
            if form.title.contains("support_triage_v12") && form.notes == ["no estimate: no key"]),
        "an endpoint that cannot be asked yet may be named in the form: {effects:?}"
    );
    assert_eq!(
        start.answered(&answers(Vec::new())[2]),
        [],
        "later answers are for others"
    );
}

fn text(name: &'static str, text: &str) -> (&'static str, FieldValue) {
    (name, FieldValue::Text(text.to_owned()))
}

/// The flow with its last form open.
fn at_the_form() -> RunStart {
    let mut start = RunStart::default();
    start.begin(RunWish::again(&run(3, 12, AnswerSource::Simulated)));
    for answer in answers(vec![dataset()]) {
        start.answered(&answer);
    }
    start.answered(&Answer::Estimate(estimate()));
    start
}

#[test]
fn what_few_runs_need_stands_on_a_page_of_its_own() {
    let mut start = at_the_form();
    let effects = start.filled(&sent("16").with_more()).unwrap();
    assert!(
        matches!(&effects[..], [Effect::Fill(form)] if form.tag == MORE),
        "{effects:?}"
    );
    let more = |cap_tokens: &str| {
        let values = vec![
            ("reuse", FieldValue::Choice(1)),
            ("stops_early", FieldValue::Choice(1)),
            text("cap_tokens", cap_tokens),
            text("attempts", "4"),
            text("timeout", "1m"),
            text("deadline", "90s"),
        ];
        Filled::for_test(MORE, values)
    };
    let effects = start.filled(&more("many")).unwrap();
    assert!(
        matches!(&effects[..], [Effect::Say(note), Effect::Fill(form)]
            if note.text.contains("'many' is no number") && form.tag == MORE),
        "{effects:?}"
    );
    let effects = start.filled(&more("5000")).unwrap();
    let [Effect::Ask(Request::EstimateRun(estimated))] = &effects[..] else {
        panic!("what was set may change the estimate: {effects:?}");
    };
    let effects = start.answered(&Answer::Estimate(estimate()));
    assert!(
        matches!(&effects[..], [Effect::Fill(form)] if form.tag == SETTINGS && form.notes[2]
            == "more settings: reuses stored answers: no evidence for a release, ends once its gate is decided, \
                pauses at 5000 tokens, 90s an example"),
        "{effects:?}"
    );
    let effects = start.filled(&sent("16")).unwrap();
    assert_eq!(effects, [Effect::Ask(Request::StartRun(estimated.clone()))]);
    let settings = &estimated.settings;
    assert!(settings.reuses_answers && settings.stops_early && settings.deadline_ms == Some(90_000));
    assert_eq!(
        (settings.caps.tokens, settings.in_flight()),
        (Some(5_000), InFlight::Fixed(16))
    );
}

#[test]
fn what_is_recorded_with_a_run_is_a_page_behind_that() {
    let mut start = at_the_form();
    let more = Filled::for_test(MORE, vec![text("attempts", "4"), text("timeout", "1m")]).with_more();
    let effects = start.filled(&more).unwrap();
    assert!(
        matches!(&effects[..], [Effect::Fill(form)] if form.tag == RECORDED),
        "{effects:?}"
    );
    let recorded = |flags: &str| {
        let base = text("base", "support_triage_v9");
        Filled::for_test(
            RECORDED,
            vec![base, text("environment", "staging"), text("flags", flags)],
        )
    };
    let effects = start.filled(&recorded("new")).unwrap();
    assert!(
        matches!(&effects[..], [Effect::Say(_), Effect::Fill(form)] if form.tag == RECORDED),
        "{effects:?}"
    );
    let effects = start.filled(&recorded("new=1, old=0")).unwrap();
    let [Effect::Ask(Request::EstimateRun(run))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (run.base.clone(), run.environment),
        (Some(version_id(9)), Some(Environment::Staging))
    );
    assert_eq!(run.context.feature_flags, ["new=1", "old=0"]);
}

#[test]
fn says_what_is_missing() {
    let mut start = RunStart::default();
    start.begin(RunWish {
        subject: Some(version_id(12).into()),
        ..RunWish::default()
    });
    let effects: Vec<Effect> = answers(Vec::new())
        .iter()
        .flat_map(|answer| start.answered(answer))
        .collect();
    assert!(
        matches!(&effects[..], [Effect::Say(note)] if note.text.contains("import one in Data")),
        "{effects:?}"
    );
}
