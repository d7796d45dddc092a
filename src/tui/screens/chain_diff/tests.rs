use super::*;
use crate::domain::chain::{ChainContent, ChainStep, StepInput, StepParser, StepValue};
use crate::domain::chain_diff::chain_diff;
use crate::domain::condition::{Condition, Test};
use crate::domain::json::JsonText;
use crate::tui::screens::diff::tests::prompt_diff;
use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};

fn step(name: &str, version: &str) -> ChainStep {
    ChainStep {
        name: name.into(),
        version: version.parse().unwrap(),
        inputs: vec![StepInput {
            variable: "ticket".into(),
            value: StepValue::From {
                path: "input.ticket".parse().unwrap(),
                default: None,
            },
        }],
        when: Vec::new(),
        parser: StepParser::Json { schema: None },
        tools: None,
    }
}

fn content(steps: Vec<ChainStep>) -> ChainContent {
    ChainContent {
        description: "routes a ticket, and answers it".into(),
        steps,
        answer: None,
    }
}

fn screen() -> ChainDiff {
    let old = content(vec![
        step("route", "support_triage_v12"),
        step("lookup", "lookup_v1"),
        step("reply", "reply_v4"),
    ]);
    let mut refund = step("refund", "refund_v2");
    refund.when.push(Condition {
        path: "route.topic".parse().unwrap(),
        test: Test::Equals(JsonText::string("billing")),
    });
    let new = content(vec![
        step("route", "support_triage_v13"),
        refund,
        step("reply", "reply_v4"),
    ]);
    let diff = chain_diff(&old, &new);
    let prompts = diff
        .steps
        .iter()
        .map(|step| step.versions.is_some().then(prompt_diff))
        .collect();
    let [old, new]: [ChainVersionId; 2] = ["triage_flow@v3", "triage_flow@v4"].map(|id| id.parse().unwrap());
    let mut screen = ChainDiff::new(old.clone(), new.clone());
    let view = ChainDiffView {
        old,
        new,
        diff,
        prompts,
    };
    let request = screen.requests().remove(0);
    assert!(drawn(&screen, 80, 21).contains("loading the diff"));
    answered(&mut screen, request, Ok(Answer::ChainDiff(Box::new(view))));
    screen
}

#[test]
fn looks_as_designed() {
    let screen = screen();
    check_drawn("chain_diff", &screen);
    check_any_size(&screen);
}

#[test]
fn a_step_leads_to_the_diff_of_its_prompt() {
    let mut screen = screen();
    let [Effect::Open(Place::Diff { old, new })] = &commanded(&mut screen, CommandId::Open)[..] else {
        panic!("the first step runs another version");
    };
    assert_eq!(format!("{old} {new}"), "support_triage_v12 support_triage_v13");
    for _ in ["lookup, which is gone", "refund, which is new"] {
        commanded(&mut screen, CommandId::ProblemNext);
    }
    let added = drawn(&screen, 100, 27);
    assert!(added.contains("route.topic = \"billing\""), "{added}");
    assert_eq!(
        screen.availability(CommandId::Open),
        Err("both chains run the same prompt version here".into())
    );
    let places: Vec<String> = (0..4)
        .map(|_| {
            let name = screen.steps.selected().unwrap().step.name.clone();
            commanded(&mut screen, CommandId::ProblemNext);
            name
        })
        .collect();
    assert!(places.iter().all(|name| name != "reply"), "{places:?}");
    commanded(&mut screen, CommandId::First);
    for _ in 0..50 {
        commanded(&mut screen, CommandId::PageDown);
    }
    let end = drawn(&screen, 80, 21);
    assert!(!end.contains("the step"), "{end}");
    assert_eq!(
        commanded(&mut screen, CommandId::CopyCommand),
        [Effect::Copy("pegbox chain diff triage_flow@v3 triage_flow@v4".into())]
    );
}
