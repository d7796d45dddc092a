//! The prompts screen by messages, and as it is drawn.

use super::*;
use crate::domain::actor::Actor;
use crate::domain::gate::Verdict;
use crate::domain::ids::RunId;
use crate::domain::prompt::Prompt;
use crate::domain::time::Timestamp;
use crate::tui::input::{Key, KeyCode};
use crate::tui::overlays::choose::Chosen;
use crate::tui::overlays::dialog::Confirmed;
use crate::tui::overlays::form::{FieldValue, Filled};
use crate::tui::screens::diff::tests::version_summary;
use crate::tui::screens::release_samples::{of_a_model, simulated};
use crate::tui::screens::testing::{NOW, drawn, with_context};

fn name(text: &str) -> PromptName {
    PromptName::new(text).unwrap()
}

fn summary(text: &str, hours: i64) -> PromptSummary {
    PromptSummary {
        prompt: Prompt {
            name: name(text),
            description: format!("what {text} is for"),
            owner: Actor::new("ben").unwrap(),
            created_at: NOW,
        },
        newest: None,
        has_draft: false,
        staging: None,
        production: None,
        verdict: None,
        changed_at: Timestamp(NOW.0 - hours * 3_600_000),
    }
}

fn prompts() -> Vec<PromptSummary> {
    let id = |number| Some(format!("support_triage_v{number}").parse().unwrap());
    let triage = PromptSummary {
        newest: id(13),
        has_draft: true,
        staging: id(12),
        production: id(11),
        verdict: Some(simulated(Verdict::Fail)),
        ..summary("support_triage", 1)
    };
    let intro = PromptSummary {
        newest: Some("sales_intro_v8".parse().unwrap()),
        verdict: Some(of_a_model(Verdict::CannotTell)),
        ..summary("sales_intro", 5)
    };
    vec![intro, triage, summary("a_new_one", 30)]
}

fn detail() -> PromptDetail {
    let mut versions = vec![version_summary(13, 1), version_summary(12, 3), version_summary(11, 6)];
    versions[0].newest_run = Some((RunId(421), Some(simulated(Verdict::Fail))));
    versions[1].newest_run = Some((RunId(418), None));
    versions[1].live_in = vec!["support_triage_staging_v5".parse().unwrap()];
    versions[2].newest_run = Some((RunId(417), Some(simulated(Verdict::Pass))));
    versions[2].live_in = vec!["support_triage_prod_v8".parse().unwrap()];
    PromptDetail {
        prompt: prompts()[1].prompt.clone(),
        draft: Some(Draft {
            prompt: name("support_triage"),
            base: Some("support_triage_v13".parse().unwrap()),
            source: "one\ntwo".into(),
            saved_by: Actor::new("anna").unwrap(),
            saved_at: Timestamp(NOW.0 - 18 * 60_000),
        }),
        versions,
    }
}

fn update(screen: &mut Prompts, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn command(screen: &mut Prompts, command: CommandId) -> Vec<Effect> {
    update(screen, ScreenEvent::Command(command))
}

fn answer(screen: &mut Prompts, answer: Answer) -> Vec<Effect> {
    let request = Request::Prompts;
    update(
        screen,
        ScreenEvent::Answered {
            request,
            result: Ok(answer),
        },
    )
}

fn loaded() -> Prompts {
    let mut screen = Prompts::default();
    let effects = answer(&mut screen, Answer::Prompts(prompts()));
    assert_eq!(
        effects,
        [Effect::Ask(Request::PromptDetail(name("support_triage")))],
        "the newest change is first"
    );
    answer(&mut screen, Answer::PromptDetail(Box::new(detail())));
    screen
}

/// With the focus on the versions, `down` rows below the draft.
fn on_version(down: usize) -> Prompts {
    let mut screen = loaded();
    command(&mut screen, CommandId::PaneNext);
    for _ in 0..down {
        command(&mut screen, CommandId::MoveDown);
    }
    screen
}

#[test]
fn moving_loads_the_versions_and_late_answers_are_dropped() {
    let mut screen = loaded();
    let effects = command(&mut screen, CommandId::MoveDown);
    assert_eq!(effects, [Effect::Ask(Request::PromptDetail(name("sales_intro")))]);
    answer(&mut screen, Answer::PromptDetail(Box::new(detail())));
    assert_eq!(screen.versions.total(), 0, "of another prompt");
    let mut reloaded = prompts();
    reloaded.insert(0, summary("brand_new", 0));
    answer(&mut screen, Answer::Prompts(reloaded));
    assert_eq!(screen.selected_prompt().unwrap().prompt.name, name("sales_intro"));
}

#[test]
fn enter_and_e_open_what_they_stand_on() {
    let editor = [Effect::Open(Place::Editor(name("support_triage")))];
    assert_eq!(command(&mut loaded(), CommandId::Open), editor);
    assert_eq!(command(&mut loaded(), CommandId::DraftEdit), editor);
    assert_eq!(command(&mut on_version(0), CommandId::Open), editor);
    assert_eq!(
        command(&mut on_version(1), CommandId::DraftEdit),
        editor,
        "the draft is on v13"
    );
    let effects = command(&mut on_version(1), CommandId::Open);
    let sides = |old: &str, new: &str| Place::Diff {
        old: PromptRef::parse(old).unwrap(),
        new: PromptRef::parse(new).unwrap(),
    };
    assert_eq!(
        effects,
        [Effect::Open(sides("support_triage_v12", "support_triage_v13"))]
    );
    let effects = command(&mut on_version(3), CommandId::Open);
    assert!(
        matches!(effects.as_slice(), [Effect::ShowPlain { .. }]),
        "a first version has no base"
    );
}

#[test]
fn a_draft_from_an_older_version_asks_before_it_replaces_another() {
    let mut screen = on_version(3);
    assert!(matches!(
        command(&mut screen, CommandId::DraftEdit).as_slice(),
        [Effect::Confirm(_)]
    ));
    let yes = Confirmed::for_test(CommandId::DraftEdit, None, "");
    let effects = update(&mut screen, ScreenEvent::Confirmed(yes));
    assert!(matches!(effects.as_slice(), [Effect::Act(Request::DiscardDraft(_), _)]));
    let from = Request::DraftFrom("support_triage_v11".parse().unwrap());
    assert_eq!(answer(&mut screen, Answer::DraftDiscarded), [Effect::Ask(from.clone())]);

    let without = PromptDetail {
        draft: None,
        ..detail()
    };
    answer(&mut screen, Answer::PromptDetail(Box::new(without)));
    assert_eq!(
        command(&mut screen, CommandId::DraftEdit),
        [Effect::Ask(from)],
        "nothing to replace"
    );
}

#[test]
fn dropping_a_draft_needs_a_confirmation() {
    let mut screen = loaded();
    assert!(matches!(
        command(&mut screen, CommandId::DraftDrop).as_slice(),
        [Effect::Confirm(_)]
    ));
    let yes = Confirmed::for_test(CommandId::DraftDrop, None, "");
    let effects = update(&mut screen, ScreenEvent::Confirmed(yes.clone()));
    assert_eq!(
        effects,
        [Effect::Act(Request::DiscardDraft(name("support_triage")), yes)]
    );
    command(&mut screen, CommandId::MoveDown);
    assert!(screen.why_off(CommandId::DraftDrop).is_err());
}

#[test]
fn commands_say_why_they_are_off() {
    let screen = loaded();
    assert_eq!(screen.why_off(CommandId::RunStart), Ok(()));
    assert_eq!(screen.why_off(CommandId::ReviewRequest), Ok(()));
    let why = |down| on_version(down).why_off(CommandId::ReviewRequest).unwrap_err();
    assert_eq!(why(0), "a draft is no version yet: ^s saves it as one");
    assert_eq!(why(2), "run_418 has no gate yet: a review rests on a finished run");
    let empty = Prompts::default();
    assert!(empty.why_off(CommandId::Open).is_err() && empty.why_off(CommandId::PromptNew).is_ok());
}

#[test]
fn a_review_is_asked_for_the_selected_version() {
    let mut screen = on_version(1);
    let effects = command(&mut screen, CommandId::ReviewRequest);
    let [Effect::Fill(form)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        form.title,
        "Request a review of support_triage_v13 on run_421, gate fail (simulated)"
    );
    let values = vec![
        ("environment", FieldValue::Choice(1)),
        ("note", FieldValue::Text("escalation is fixed".into())),
    ];
    let effects = update(&mut screen, ScreenEvent::Filled(Filled::for_test("review", values)));
    let [
        Effect::Ask(Request::RequestReview {
            version,
            environment,
            note,
            run: None,
        }),
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (version.number, environment.as_str(), note.as_str()),
        (13, "production", "escalation is fixed")
    );
}

#[test]
fn a_new_prompt_opens_in_the_editor_and_a_bad_name_is_filled_in_again() {
    let mut screen = loaded();
    command(&mut screen, CommandId::PromptNew);
    let filled = |name: &str| {
        let values = vec![
            ("name", FieldValue::Text(name.into())),
            ("description", FieldValue::Text("answers refunds".into())),
        ];
        ScreenEvent::Filled(Filled::for_test("new prompt", values))
    };
    let effects = update(&mut screen, filled("Refund Policy"));
    let [Effect::Say(_), Effect::Fill(form)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(format!("{form:?}").contains("Refund Policy"));
    let effects = update(&mut screen, filled("refund_policy"));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Ask(Request::CreatePrompt { .. })]
    ));
    let created = summary("refund_policy", 0).prompt;
    let effects = answer(&mut screen, Answer::PromptCreated(created));
    assert_eq!(
        effects.last(),
        Some(&Effect::Open(Place::Editor(name("refund_policy"))))
    );
}

#[test]
fn compares_a_version_with_what_is_live() {
    let mut screen = on_version(1);
    let effects = command(&mut screen, CommandId::Compare);
    let [Effect::Choose(choice)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let ids: Vec<&str> = choice.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(
        ids,
        ["support_triage_v12", "support_triage_v11", "support_triage draft"]
    );
    let chosen = Chosen {
        tag: "against",
        id: "support_triage_v11".into(),
    };
    let effects = update(&mut screen, ScreenEvent::Chosen(chosen));
    assert!(matches!(effects.as_slice(), [Effect::Open(Place::Diff { .. })]));
}

#[test]
fn a_filter_narrows_as_it_is_typed_and_esc_clears_it() {
    let mut screen = loaded();
    command(&mut screen, CommandId::Search);
    assert!(screen.takes_text());
    for c in "intro".chars() {
        update(&mut screen, ScreenEvent::Key(Key::char(c)));
    }
    update(&mut screen, ScreenEvent::Key(Key::plain(KeyCode::Enter)));
    assert_eq!((screen.list.total(), screen.takes_text()), (1, false));
    assert_eq!(screen.status(), "1 of 3 prompts  /intro");
    assert!(screen.step_back() && screen.list.total() == 3);
    assert!(!screen.step_back());
}

#[test]
fn says_what_an_empty_list_is_for_and_why_it_cannot_be_read() {
    let mut screen = Prompts::default();
    assert!(drawn(&screen, 80, 21).contains("loading the prompts"));
    let fault = Fault {
        what: "the store is damaged".into(),
        hint: String::new(),
    };
    let request = Request::Prompts;
    update(
        &mut screen,
        ScreenEvent::Answered {
            request,
            result: Err(fault),
        },
    );
    assert!(drawn(&screen, 80, 21).contains("The prompts cannot be read: the store is damaged"));
    answer(&mut screen, Answer::Prompts(Vec::new()));
    assert!(drawn(&screen, 80, 21).contains("No prompt yet. a makes one."));
}

#[test]
fn looks_right_at_80_columns() {
    insta::assert_snapshot!(drawn(&on_version(1), 80, 21));
}

#[test]
fn looks_right_at_100_columns() {
    insta::assert_snapshot!(drawn(&loaded(), 100, 27));
}

#[test]
fn looks_right_at_160_columns() {
    insta::assert_snapshot!(drawn(&on_version(0), 160, 47));
}

#[test]
fn draws_at_any_size() {
    let mut screen = loaded();
    command(&mut screen, CommandId::Search);
    for (width, height) in [(0, 0), (1, 1), (2, 2), (5, 3), (60, 13), (100, 2), (160, 1)] {
        drawn(&screen, width, height);
    }
}
