use super::*;
use crate::domain::actor::Actor;
use crate::domain::chain::{ChainContent, ChainStep, StepParser};
use crate::domain::condition::{Condition, Test};
use crate::domain::ids::RunId;
use crate::domain::json::JsonText;
use crate::domain::reason::Reason;
use crate::domain::run::{AnswerSource, RunState};
use crate::tui::screens::samples::{ago, run, summary};
use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn, sent};

fn step(name: &str, version: &str, when: Vec<Condition>) -> ChainStep {
    ChainStep {
        name: name.into(),
        version: version.parse().unwrap(),
        inputs: Vec::new(),
        when,
        parser: StepParser::Json { schema: None },
        tools: None,
    }
}

fn chain() -> ChainDetail {
    let billing = Condition {
        path: "route.topic".parse().unwrap(),
        test: Test::Equals(JsonText::string("billing")),
    };
    let content = ChainContent {
        description: "routes a ticket, and answers it".into(),
        steps: vec![
            step("route", "support_triage_v12", Vec::new()),
            step("refund", "refund_v2", vec![billing]),
            step("reply", "reply_v4", Vec::new()),
        ],
        answer: None,
    };
    let reason = Reason::new("refunds have a step of their own").unwrap();
    let mei = Actor::new("mei").unwrap();
    ChainDetail {
        chain: ChainVersion::new("triage_flow@v3".parse().unwrap(), content, mei, reason, ago(3_600_000)).unwrap(),
        live: vec![
            vec![Environment::Staging, Environment::Production],
            Vec::new(),
            vec![Environment::Production],
        ],
        newer: vec![Some("support_triage_v13".parse().unwrap()), None, None],
        runs: vec![summary(run(7, 12, AnswerSource::Simulated), RunState::Finished, 240, 3)],
    }
}

fn chains(details: Vec<ChainDetail>) -> Chains {
    let mut screen = Chains::default();
    assert!(drawn(&screen, 80, 21).contains("loading"));
    answered(&mut screen, Request::Chains, Ok(Answer::Chains(details)));
    screen
}

#[test]
fn a_chain_leads_to_its_newest_run() {
    let mut screen = chains(vec![chain()]);
    assert_eq!(
        commanded(&mut screen, CommandId::Open),
        [Effect::Open(Place::Run(RunId(7)))]
    );
    let command = "pegbox run start triage_flow@v3";
    assert_eq!(
        commanded(&mut screen, CommandId::CopyCommand),
        [Effect::Copy(command.into())]
    );
    let mut untested = chain();
    untested.runs.clear();
    assert!(chains(vec![untested]).availability(CommandId::Open).is_err());
    assert!(chains(Vec::new()).availability(CommandId::CopyId).is_err());
}

#[test]
fn looks_as_designed() {
    let screen = chains(vec![chain()]);
    check_drawn("chains", &screen);
    check_any_size(&screen);
    assert!(drawn(&chains(Vec::new()), 80, 21).contains("No chain yet"));
}

#[test]
fn a_chain_is_run_and_compared() {
    let mut older = chain();
    older.chain.id = "triage_flow@v2".parse().unwrap();
    let mut screen = chains(vec![chain(), older]);
    let asked = commanded(&mut screen, CommandId::RunStart);
    assert_eq!(
        asked,
        [Request::Prompts, Request::Datasets, Request::Suites].map(Effect::Ask)
    );
    answered(&mut screen, Request::Prompts, Ok(Answer::Prompts(Vec::new())));
    answered(&mut screen, Request::Datasets, Ok(Answer::Datasets(Vec::new())));
    let none = answered(&mut screen, Request::Suites, Ok(Answer::Suites(Vec::new())));
    assert!(
        format!("{none:?}").contains("there is no dataset"),
        "the version is not asked for: {none:?}"
    );
    let [Effect::Choose(choice)] = &commanded(&mut screen, CommandId::Compare)[..] else {
        panic!("it asks with what");
    };
    assert_eq!(choice.entries[0].id, "triage_flow@v2");
    let chosen = Chosen {
        tag: choice.tag,
        id: "triage_flow@v2".into(),
    };
    let opened = sent(&mut screen, ScreenEvent::Chosen(chosen));
    let place = Place::ChainDiff {
        old: "triage_flow@v2".parse().unwrap(),
        new: "triage_flow@v3".parse().unwrap(),
    };
    assert_eq!(opened, [Effect::Open(place)]);
    assert!(chains(vec![chain()]).availability(CommandId::Compare).is_err());
    assert!(chains(Vec::new()).availability(CommandId::RunStart).is_err());
}
