//! Releases by messages and as they are drawn.

use super::*;
use crate::domain::alias::Stale;
use crate::domain::gate::Verdict;
use crate::domain::ids::RunId;
use crate::domain::policy::Signatures;
use crate::domain::promotion::Environment;
use crate::domain::reason::Reason;
use crate::domain::review::ReviewState;
use crate::tui::command::Danger;
use crate::tui::input::{Key, KeyCode};
use crate::tui::screens::release_samples::{promotion, release, review_detail};
use crate::tui::screens::testing::NOW;
use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn, sent};
use crate::workbench::{PromptRef, Signing};

fn name(text: &str) -> PromptName {
    PromptName::new(text).unwrap()
}

fn rows() -> Vec<EnvironmentRow> {
    let nothing = |prompt: &str| EnvironmentRow {
        signatures: Signatures::Optional,
        prompt: name(prompt),
        staging: None,
        production: None,
        stale: Vec::new(),
        approved: None,
    };
    let mut staging = promotion(5, 13, 150);
    staging.id = "support_triage_staging_v5".parse().unwrap();
    vec![
        nothing("refund_policy"),
        EnvironmentRow {
            staging: Some(staging),
            production: Some(release(8, 13, 146)),
            approved: Some((ReviewId(88), Environment::Production)),
            ..nothing("support_triage")
        },
    ]
}

/// The table with the second prompt selected and its releases loaded.
fn releases() -> Releases {
    let mut screen = Releases::default();
    answered(&mut screen, Request::Environments, Ok(Answer::Environments(rows())));
    commanded(&mut screen, CommandId::MoveDown);
    let request = Request::Releases(name("support_triage"));
    let all = vec![release(8, 13, 146), release(7, 12, 900)];
    answered(&mut screen, request, Ok(Answer::Releases(all)));
    screen
}

#[test]
fn moving_asks_for_the_releases_of_the_selected_prompt() {
    let mut screen = Releases::default();
    assert_eq!(screen.requests(), [Request::Environments]);
    let asked = |prompt| Effect::Ask(Request::Releases(name(prompt)));
    let effects = answered(&mut screen, Request::Environments, Ok(Answer::Environments(rows())));
    assert_eq!(effects, [asked("refund_policy")]);
    assert_eq!(commanded(&mut screen, CommandId::MoveDown), [asked("support_triage")]);
    let late = answered(
        &mut screen,
        Request::Releases(name("refund_policy")),
        Ok(Answer::Releases(vec![release(1, 13, 9)])),
    );
    assert_eq!(
        (late, screen.earlier.total()),
        (vec![], 0),
        "an answer about another prompt"
    );
}

#[test]
fn b_a_digit_and_enter_roll_back_what_was_live_when_asked() {
    let mut screen = releases();
    let effects = commanded(&mut screen, CommandId::ReleaseRollBack);
    let [Effect::Confirm(dialog)] = &effects[..] else {
        panic!("a dialog was expected: {effects:?}");
    };
    assert_eq!(dialog.level(), Danger::Reason);
    let reason = "wrong answers in support_triage_prod_v8";
    let confirmed = Confirmed::for_test(CommandId::ReleaseRollBack, Some(0), reason);
    let request = Request::RollBack {
        leaving: Leaving::Release("support_triage_prod_v8".parse().unwrap()),
        reason: reason.into(),
        signing: Signing::Unsigned,
    };
    assert_eq!(
        sent(&mut screen, ScreenEvent::Confirmed(confirmed.clone())),
        [Effect::Act(request.clone(), confirmed.clone())]
    );
    // A refused dialog comes back, and is about the same release still.
    assert_eq!(
        sent(&mut screen, ScreenEvent::Confirmed(confirmed.clone())),
        [Effect::Act(request.clone(), confirmed)]
    );
    let back = Box::new(release(9, 12, 0));
    let effects = answered(&mut screen, request, Ok(Answer::RolledBack(back)));
    assert!(matches!(&effects[..], [Effect::Say(note)] if note.text.contains("support_triage_prod_v9")));
}

#[test]
fn every_reason_to_pick_says_enough_for_the_record() {
    let reasons = roll_back_reasons(&"support_triage_prod_v8".parse().unwrap());
    assert_eq!(reasons.len(), 5);
    for reason in reasons.iter().take(4) {
        assert!(Reason::new(reason).is_ok(), "{reason}");
    }
}

#[test]
fn promoting_asks_for_the_facts_first() {
    let mut screen = releases();
    let request = Request::ReviewDetail(ReviewId(88));
    assert_eq!(
        commanded(&mut screen, CommandId::ReleasePromote),
        [Effect::Ask(request.clone())]
    );
    let detail = |state| Ok(Answer::ReviewDetail(Box::new(review_detail(state, Verdict::Pass))));
    let effects = answered(&mut screen, request.clone(), detail(ReviewState::Promoted));
    assert!(
        matches!(&effects[..], [Effect::Say(_)]),
        "somebody was faster: {effects:?}"
    );
    let effects = answered(&mut screen, request, detail(ReviewState::Approved));
    assert!(matches!(&effects[..], [Effect::Confirm(dialog)] if dialog.level() == Danger::Typed));
    let confirmed = Confirmed::for_test(CommandId::ReleasePromote, None, "legal asked for it");
    let effects = sent(&mut screen, ScreenEvent::Confirmed(confirmed));
    assert!(matches!(
        &effects[..],
        [Effect::Act(
            Request::Promote {
                review: ReviewId(88),
                ..
            },
            _
        )]
    ));
}

#[test]
fn commands_that_are_off_say_why() {
    let mut screen = releases();
    assert_eq!(screen.availability(CommandId::ReleasePromote), Ok(()));
    assert_eq!(screen.availability(CommandId::ReleaseRollBack), Ok(()));
    commanded(&mut screen, CommandId::MoveUp);
    for (command, why) in [
        (
            CommandId::ReleasePromote,
            "no approved review of refund_policy waits to be promoted",
        ),
        (
            CommandId::ReleaseRollBack,
            "refund_policy has no release: there is nothing to roll back",
        ),
        (CommandId::Compare, "refund_policy has no two releases to compare"),
        (
            CommandId::Lineage,
            "nothing of refund_policy is in staging or production",
        ),
    ] {
        assert_eq!(screen.availability(command), Err(why.into()));
    }
    let mut first = rows();
    first[1].production = Some(release(1, 13, 5));
    answered(&mut screen, Request::Environments, Ok(Answer::Environments(first)));
    commanded(&mut screen, CommandId::MoveDown);
    let why = "support_triage_prod_v1 is the first release: there is none to go back to";
    assert_eq!(screen.availability(CommandId::ReleaseRollBack), Err(why.into()));
}

#[test]
fn leads_to_diff_history_and_lineage() {
    let mut screen = releases();
    let version = |number: u32| PromptRef::Version(format!("support_triage_v{number}").parse().unwrap());
    let diff = Place::Diff {
        old: version(12),
        new: version(13),
    };
    assert_eq!(commanded(&mut screen, CommandId::Compare), [Effect::Open(diff)]);
    assert_eq!(
        commanded(&mut screen, CommandId::History),
        [Effect::Open(Place::ReleaseHistory(name("support_triage")))]
    );
    assert_eq!(
        commanded(&mut screen, CommandId::Lineage),
        [Effect::Open(Place::Lineage("support_triage_prod_v8".into()))]
    );
}

#[test]
fn typing_narrows_and_esc_shows_all_again() {
    let mut screen = releases();
    commanded(&mut screen, CommandId::Search);
    assert!(screen.takes_text() && screen.scopes().is_empty(), "letters are text");
    for c in "refund".chars() {
        sent(&mut screen, ScreenEvent::Key(Key::char(c)));
    }
    assert_eq!(screen.rows.total(), 1);
    sent(&mut screen, ScreenEvent::Key(Key::plain(KeyCode::Enter)));
    assert!(!screen.takes_text());
    assert!(screen.step_back() && screen.rows.total() == 2);
    assert!(!screen.step_back());
}

#[test]
fn says_what_is_missing() {
    let mut screen = Releases::default();
    assert!(drawn(&screen, 80, 21).contains("loading"));
    answered(&mut screen, Request::Environments, Ok(Answer::Environments(Vec::new())));
    assert!(drawn(&screen, 80, 21).contains("No prompt yet. a on Prompts makes one."));
    assert_eq!(
        screen.availability(CommandId::ReleasePromote),
        Err("no prompt is selected".into())
    );
}

#[test]
fn looks_as_designed() {
    let screen = releases();
    check_drawn("releases", &screen);
    check_any_size(&screen);
}

#[test]
fn a_release_on_stale_evidence_is_marked_with_the_reason() {
    use crate::domain::alias::{Alias, Resolution};
    let mut rows = rows();
    assert!(!drawn(&releases(), 80, 21).contains("! v13"));
    rows[1].stale = vec![Stale {
        judges: Vec::new(),
        answered: vec!["m-1".into()],
        now: Resolution {
            alias: Alias {
                provider: "openai".into(),
                name: "m".into(),
                endpoint: None,
            },
            number: 2,
            model: "m-2".into(),
            system_fingerprint: None,
            run: RunId(9),
            seen_at: NOW,
        },
    }];
    let mut screen = Releases::default();
    answered(&mut screen, Request::Environments, Ok(Answer::Environments(rows)));
    commanded(&mut screen, CommandId::MoveDown);
    let text = drawn(&screen, 80, 21);
    assert!(text.contains("! v13 prod_v8"), "{text}");
    assert!(text.contains("! its evidence is stale: answered by m-1"), "{text}");
}
