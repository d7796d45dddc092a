//! The diff by messages, and as it is drawn.

use super::*;
use crate::domain::actor::Actor;
use crate::domain::diff::{DiffLine, LineKind, MessageDiff, PromptDiff, Segment, SettingChange};
use crate::domain::model::ModelConfig;
use crate::domain::prompt::{MessageTemplate, Prompt, PromptContent, Role};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::domain::version::{ChangeKind, ChangeReason, PromptVersion};
use crate::tui::overlays::choose::Chosen;
use crate::tui::screens::testing::{NOW, drawn, with_context};
use crate::workbench::{Fault, VersionSummary};

/// A line whose changed words stand in brackets.
pub fn line(kind: LineKind, old: u32, new: u32, text: &str) -> DiffLine {
    let mut segments = Vec::new();
    for (at, part) in text.split(['[', ']']).enumerate() {
        if !part.is_empty() {
            segments.push(Segment {
                text: part.into(),
                changed: at % 2 == 1,
            });
        }
    }
    DiffLine {
        kind,
        old_line: (kind != LineKind::Added).then_some(old),
        new_line: (kind != LineKind::Removed).then_some(new),
        segments,
    }
}

pub fn prompt_diff() -> PromptDiff {
    let equal = |old, new, text: &str| line(LineKind::Equal, old, new, text);
    let mut system: Vec<DiffLine> = (1..=5)
        .map(|n| equal(n, n, "- a rule that is the same in both"))
        .collect();
    system.push(equal(6, 6, "Escalate when the ticket mentions:"));
    system.push(equal(
        7,
        7,
        "- a lawyer, a solicitor, an attorney, legal action, small claims or court",
    ));
    system.push(line(
        LineKind::Removed,
        8,
        0,
        "- a regulator, an ombudsman or [the police]",
    ));
    system.push(line(
        LineKind::Added,
        0,
        8,
        "- a regulator, an ombudsman or [trading standards, consumer protection, or the police of any country]",
    ));
    system.push(line(LineKind::Added, 0, 9, "- a disputed bill\u{200b}"));
    system.extend((9..=19).map(|n| equal(n, n + 1, "text that is the same in both")));
    PromptDiff {
        settings: vec![SettingChange {
            name: "model.temperature".into(),
            old: Some("0.7".into()),
            new: Some("0.2".into()),
        }],
        messages: vec![
            MessageDiff {
                role: Role::System,
                lines: system,
            },
            MessageDiff {
                role: Role::User,
                lines: vec![equal(1, 1, "{{ ticket }}")],
            },
        ],
        schema_lines: Vec::new(),
    }
}

fn no_diff() -> PromptDiff {
    PromptDiff {
        settings: Vec::new(),
        schema_lines: Vec::new(),
        messages: Vec::new(),
    }
}

/// A version made some days before now.
pub fn version_summary(number: u32, days: i64) -> VersionSummary {
    let content = PromptContent {
        messages: vec![MessageTemplate {
            role: Role::User,
            text: "{{ ticket }}".into(),
        }],
        variables: Vec::new(),
        model: ModelConfig::new("simulated", "triage-sim-1"),
    };
    let reason = ChangeReason {
        kind: ChangeKind::EvalFailure,
        text: Reason::new("billing disputes were missed").unwrap(),
        link: None,
    };
    let id = |number| format!("support_triage_v{number}").parse().unwrap();
    let base = (number > 11).then(|| id(number - 1));
    let at = Timestamp(NOW.0 - days * 86_400_000);
    VersionSummary {
        version: PromptVersion::new(id(number), content, base, Actor::new("ben").unwrap(), reason, at).unwrap(),
        live_in: Vec::new(),
        newest_run: None,
    }
}

fn detail() -> PromptDetail {
    let mut versions = vec![version_summary(13, 1), version_summary(12, 3), version_summary(11, 6)];
    versions[2].live_in = vec!["support_triage_prod_v8".parse().unwrap()];
    PromptDetail {
        prompt: Prompt {
            name: PromptName::new("support_triage").unwrap(),
            description: String::new(),
            owner: Actor::new("ben").unwrap(),
            created_at: NOW,
        },
        draft: None,
        versions,
    }
}

fn side(text: &str) -> PromptRef {
    PromptRef::parse(text).unwrap()
}

fn update(screen: &mut Diff, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn command(screen: &mut Diff, command: CommandId) -> Vec<Effect> {
    update(screen, ScreenEvent::Command(command))
}

fn answer(screen: &mut Diff, answer: Answer) -> Vec<Effect> {
    let request = screen.request();
    update(
        screen,
        ScreenEvent::Answered {
            request,
            result: Ok(answer),
        },
    )
}

fn loaded_with(diff: PromptDiff) -> Diff {
    let mut screen = Diff::new(side("support_triage_v11"), side("support_triage_v13"));
    let view = DiffView {
        old: "support_triage_v11".into(),
        new: "support_triage_v13".into(),
        diff,
    };
    answer(&mut screen, Answer::Diff(Box::new(view)));
    answer(&mut screen, Answer::PromptDetail(Box::new(detail())));
    screen
}

fn loaded() -> Diff {
    loaded_with(prompt_diff())
}

#[test]
fn goes_from_change_to_change_and_says_when_it_goes_round() {
    let mut screen = loaded();
    assert_eq!(
        screen.status(),
        "change 1 of 2   +2 -1 lines   1 setting   1 hidden character"
    );
    assert_eq!(command(&mut screen, CommandId::ProblemNext), []);
    assert!(screen.status().starts_with("change 2 of 2"));
    let effects = command(&mut screen, CommandId::ProblemNext);
    assert!(matches!(effects.as_slice(), [Effect::Say(_)]) && screen.status().starts_with("change 1"));
    command(&mut screen, CommandId::ProblemPrevious);
    assert!(screen.status().starts_with("change 2"));
}

#[test]
fn enter_expands_a_fold_and_a_reload_keeps_the_place() {
    let mut screen = loaded();
    command(&mut screen, CommandId::First);
    for _ in 0..3 {
        command(&mut screen, CommandId::MoveDown);
    }
    let folded = screen.rows().len();
    command(&mut screen, CommandId::Open);
    assert_eq!(screen.rows().len(), folded + 4);
    let view = screen.view.clone().unwrap();
    answer(&mut screen, Answer::Diff(Box::new(view)));
    assert_eq!((screen.cursor, screen.rows().len()), (3, folded + 4));
    command(&mut screen, CommandId::Last);
    command(&mut screen, CommandId::MoveDown);
    assert_eq!(screen.cursor, screen.rows().len() - 1);
}

#[test]
fn compares_with_another_version_and_drops_late_answers() {
    let mut screen = loaded();
    let effects = command(&mut screen, CommandId::Compare);
    let [Effect::Choose(choice)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let ids: Vec<&str> = choice.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(
        ids,
        ["support_triage_v12", "support_triage_v11"],
        "its base, then what is live"
    );
    let chosen = Chosen {
        tag: AGAINST_TAG,
        id: "support_triage_v12".into(),
    };
    let late = screen.request();
    let effects = update(&mut screen, ScreenEvent::Chosen(chosen));
    assert_eq!(effects, [Effect::Ask(screen.request())]);
    let view = DiffView {
        old: String::new(),
        new: String::new(),
        diff: prompt_diff(),
    };
    let result = Ok(Answer::Diff(Box::new(view)));
    update(&mut screen, ScreenEvent::Answered { request: late, result });
    assert_eq!(screen.view, None);
}

#[test]
fn says_why_it_cannot_compare() {
    let mut screen = Diff::new(side("support_triage_v11"), side("support_triage"));
    assert!(drawn(&screen, 80, 21).contains("loading the diff"));
    let fault = Fault {
        what: "no version named support_triage_v11".into(),
        hint: String::new(),
    };
    let request = screen.request();
    update(
        &mut screen,
        ScreenEvent::Answered {
            request,
            result: Err(fault),
        },
    );
    assert!(drawn(&screen, 80, 21).contains("cannot be compared: no version named support_triage_v11"));
}

#[test]
fn two_equal_contents_say_so() {
    let screen = loaded_with(no_diff());
    assert_eq!(screen.status(), "no difference");
    assert!(drawn(&screen, 80, 21).contains("no difference"));
    assert!(screen.availability(CommandId::ProblemNext).is_err());
}

#[test]
fn s_forces_two_sides() {
    let mut screen = loaded();
    assert!(drawn(&screen, 80, 21).contains("S forces them"));
    with_context(80, 24, |context| {
        screen.update(ScreenEvent::Command(CommandId::DiffSplit), context)
    });
    let split = drawn(&screen, 80, 21);
    assert!(!split.contains("S forces them") && split.lines().next().unwrap().contains("+="));
}

#[test]
fn looks_right_at_80_columns() {
    insta::assert_snapshot!(drawn(&loaded(), 80, 21));
}

#[test]
fn looks_right_at_100_columns() {
    insta::assert_snapshot!(drawn(&loaded(), 100, 27));
}

#[test]
fn looks_right_at_160_columns() {
    insta::assert_snapshot!(drawn(&loaded(), 160, 47));
}

#[test]
fn draws_at_any_size() {
    for (width, height) in [(0, 0), (1, 1), (2, 2), (5, 3), (14, 3), (60, 13), (100, 1)] {
        drawn(&loaded(), width, height);
    }
}
