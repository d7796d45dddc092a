//! Home by messages and as it is drawn.

use super::*;
use crate::domain::gate::{LabelledVerdict, Verdict};
use crate::domain::promotion::Environment;
use crate::domain::prompt::Prompt;
use crate::domain::run::RunState;
use crate::tui::overlays::form::FieldValue;
use crate::tui::screens::release_samples::{actor, hours_ago, of_a_model, progress, run_summary, simulated};
use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn, sent};
use crate::workbench::{Fault, PromptSummary};

fn needs() -> Vec<Need> {
    vec![
        Need::Review {
            id: "review_88".parse().unwrap(),
            version: "support_triage_v14".parse().unwrap(),
            environment: Environment::Production,
            by: "anna".into(),
            at: hours_ago(2),
            verdict: Some(of_a_model(Verdict::CannotTell)),
        },
        Need::Review {
            id: "review_87".parse().unwrap(),
            version: "sales_intro_v8".parse().unwrap(),
            environment: Environment::Staging,
            by: "mei".into(),
            at: hours_ago(5),
            verdict: Some(simulated(Verdict::Pass)),
        },
        Need::Approved {
            id: "review_80".parse().unwrap(),
            version: "router_v3".parse().unwrap(),
            environment: Environment::Production,
            overtaken_by: None,
            stale: None,
        },
        Need::FailedGate {
            run: RunId(418),
            version: "support_triage_v14".parse().unwrap(),
            reason: "escalation_recall 28/30 < 0.95".into(),
            verdict: simulated(Verdict::Fail),
        },
        Need::Untested {
            version: "router_v4".parse().unwrap(),
            by: "ben".into(),
            at: hours_ago(20),
        },
        Need::InterruptedRun {
            run: RunId(415),
            subject: "support_triage_v13".into(),
            saved: 120,
            total: 240,
        },
        Need::Draft {
            prompt: PromptName::new("refund_policy").unwrap(),
            saved_at: hours_ago(30),
        },
    ]
}

fn prompt(name: &str, newest: Option<u32>, verdict: Option<LabelledVerdict>) -> PromptSummary {
    let version = |number| format!("{name}_v{number}").parse().unwrap();
    PromptSummary {
        prompt: Prompt {
            name: PromptName::new(name).unwrap(),
            description: "sorts tickets".into(),
            owner: actor("anna"),
            created_at: hours_ago(900),
        },
        newest: newest.map(version),
        has_draft: newest.is_none(),
        staging: None,
        production: newest.map(|number| version(number - 1)),
        verdict,
        changed_at: hours_ago(2),
    }
}

fn status() -> Status {
    let mut slow = progress(420);
    slow.notice = Some("429 from beta, 4 of 8 in flight".into());
    Status {
        needs: needs(),
        active: vec![progress(421), slow],
        recent: vec![
            run_summary(421, 14, RunState::Running, None),
            run_summary(420, 14, RunState::Running, None),
            run_summary(418, 14, RunState::Finished, Some(Verdict::Fail)),
            run_summary(417, 13, RunState::Finished, Some(Verdict::Pass)),
            run_summary(415, 13, RunState::Interrupted, None),
        ],
        prompts: vec![
            prompt("support_triage", Some(14), Some(of_a_model(Verdict::CannotTell))),
            prompt("sales_intro", Some(8), Some(simulated(Verdict::Pass))),
            prompt("refund_policy", None, None),
        ],
        audit_entries: 18_220,
    }
}

fn home(status: Status) -> (Home, Vec<Effect>) {
    let mut home = Home::default();
    let effects = answered(&mut home, Request::Status, Ok(Answer::Status(Box::new(status))));
    (home, effects)
}

fn empty() -> Status {
    Status {
        needs: Vec::new(),
        active: Vec::new(),
        recent: Vec::new(),
        prompts: Vec::new(),
        audit_entries: 0,
    }
}

#[test]
fn counts_the_reviews_that_wait() {
    let (home, effects) = home(status());
    assert_eq!(effects, [Effect::Count(Tab::Review, 2)]);
    assert_eq!(home.watches(), [RunId(421), RunId(420)]);
    assert_eq!(home.requests(), [Request::Status]);
}

#[test]
fn enter_opens_what_the_need_is_about() {
    let (mut home, _) = home(status());
    let expected = [
        Place::Review("review_88".parse().unwrap()),
        Place::Review("review_87".parse().unwrap()),
        Place::Review("review_80".parse().unwrap()),
        Place::Failures(RunId(418)),
        Place::Editor(PromptName::new("router").unwrap()),
        Place::Run(RunId(415)),
        Place::Editor(PromptName::new("refund_policy").unwrap()),
    ];
    for place in expected {
        assert_eq!(commanded(&mut home, CommandId::Open), [Effect::Open(place)]);
        commanded(&mut home, CommandId::MoveDown);
    }
    commanded(&mut home, CommandId::PaneNext);
    assert_eq!(
        commanded(&mut home, CommandId::Open),
        [Effect::Open(Place::Run(RunId(421)))]
    );
}

#[test]
fn a_selection_stays_on_its_need_when_others_go() {
    let (mut home, _) = home(status());
    for _ in 0..3 {
        commanded(&mut home, CommandId::MoveDown);
    }
    let mut fewer = status();
    fewer.needs.remove(0);
    answered(&mut home, Request::Status, Ok(Answer::Status(Box::new(fewer))));
    assert_eq!(
        commanded(&mut home, CommandId::Open),
        [Effect::Open(Place::Failures(RunId(418)))]
    );
}

#[test]
fn progress_moves_the_run_that_it_is_about() {
    let (mut home, _) = home(status());
    let mut later = progress(421);
    later.totals.saved = 2_000;
    sent(&mut home, ScreenEvent::Progress(Box::new(later)));
    assert!(drawn(&home, 100, 27).contains("100%"));
    sent(&mut home, ScreenEvent::Progress(Box::new(progress(7))));
    assert_eq!(
        home.watches(),
        [RunId(421), RunId(420)],
        "a run that is not shown changes nothing"
    );
}

#[test]
fn a_new_prompt_opens_its_editor() {
    let (mut home, _) = home(empty());
    assert!(matches!(
        commanded(&mut home, CommandId::PromptNew)[..],
        [Effect::Fill(_)]
    ));
    let filled = |name: &str| {
        let text = |text: &str| FieldValue::Text(text.into());
        Filled::for_test(NEW_PROMPT, vec![("name", text(name)), ("description", text("sorts"))])
    };
    let effects = sent(&mut home, ScreenEvent::Filled(filled("Not A Name")));
    assert!(matches!(&effects[..], [Effect::Say(note)] if note.text.contains("lower-case")));
    let name = PromptName::new("triage").unwrap();
    let request = Request::CreatePrompt {
        name: name.clone(),
        description: "sorts".into(),
    };
    assert_eq!(
        sent(&mut home, ScreenEvent::Filled(filled("triage"))),
        [Effect::Ask(request.clone())]
    );
    let made = prompt("triage", None, None).prompt;
    let effects = answered(&mut home, request, Ok(Answer::PromptCreated(made)));
    assert_eq!(effects, [Effect::Open(Place::Editor(name))]);
}

#[test]
fn r_runs_the_untested_version_and_opens_its_run() {
    let (mut home, _) = home(status());
    (0..4).for_each(|_| drop(commanded(&mut home, CommandId::MoveDown)));
    let asked = [Request::Prompts, Request::Datasets, Request::Suites].map(Effect::Ask);
    assert_eq!(commanded(&mut home, CommandId::RunStart), asked);
    answered(&mut home, Request::Prompts, Ok(Answer::Prompts(Vec::new())));
    answered(&mut home, Request::Datasets, Ok(Answer::Datasets(Vec::new())));
    let effects = answered(&mut home, Request::Suites, Ok(Answer::Suites(Vec::new())));
    // The version is known, so the first question is the dataset, and there is none.
    assert!(matches!(&effects[..], [Effect::Say(note)] if note.text.contains("no dataset")));
    let effects = answered(&mut home, Request::Status, Ok(Answer::Run(RunId(9))));
    assert_eq!(effects.last(), Some(&Effect::Open(Place::Run(RunId(9)))));
}

#[test]
fn says_what_is_missing() {
    let mut unloaded = Home::default();
    assert!(drawn(&unloaded, 80, 21).contains("loading"));
    let fault = Fault {
        what: "the store is busy".into(),
        hint: "wait a moment".into(),
    };
    let effects = answered(&mut unloaded, Request::Status, Err(fault));
    assert!(matches!(&effects[..], [Effect::Say(_)]));
    assert!(drawn(&unloaded, 80, 21).contains("the store is busy"));
    let (home, _) = home(empty());
    assert!(drawn(&home, 80, 21).contains("pegbox demo fills a sample store"));
    assert_eq!(home.availability(CommandId::Open), Err("nothing waits for you".into()));
}

#[test]
fn looks_as_designed() {
    let (home, _) = home(status());
    check_drawn("home", &home);
    check_any_size(&home);
}
