use super::*;
use crate::domain::actor::Actor;
use crate::domain::gate::{LabelledVerdict, Verdict};
use crate::domain::ids::RunId;
use crate::domain::prompt::Role;
use crate::domain::reason::Reason;
use crate::domain::run::AnswerSource;
use crate::domain::version::{ChangeKind, ChangeReason};
use crate::tui::screens::samples::ago;
use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};
use crate::workbench::{BlamedLine, BlamedPart};

fn origin(number: u32, author: &str, why: &str, run: Option<u32>) -> BlameOrigin {
    let verdict = LabelledVerdict {
        verdict: Verdict::Pass,
        answers: AnswerSource::Model,
    };
    BlameOrigin {
        version: format!("support_triage_v{number}").parse().unwrap(),
        author: Actor::new(author).unwrap(),
        committed_at: ago(86_400_000 * (13 - i64::from(number))),
        reason: ChangeReason {
            kind: ChangeKind::Bug,
            text: Reason::new(why).unwrap(),
            link: None,
        },
        run: run.map(|run| (RunId(run), Some(verdict))),
    }
}

fn part(role: Option<Role>, lines: &[(&str, usize)]) -> BlamedPart {
    let line = |(text, origin): &(&str, usize)| BlamedLine {
        text: (*text).into(),
        origin: *origin,
    };
    BlamedPart {
        role,
        lines: lines.iter().map(line).collect(),
    }
}

fn screen() -> Blame {
    let version: VersionId = "support_triage_v12".parse().unwrap();
    let mut screen = Blame::new(version.clone());
    assert!(drawn(&screen, 80, 21).contains("loading"));
    let blame = VersionBlame {
        version,
        origins: vec![
            origin(1, "anna", "first version, three intents", Some(4)),
            origin(9, "mei", "chargebacks were routed to sales", None),
            origin(12, "anna", "legal threats were missed by the regression set", Some(31)),
        ],
        parts: vec![
            part(None, &[("model.provider: openai", 0), ("model.temperature: 0.2", 1)]),
            part(
                Some(Role::System),
                &[
                    ("You triage support tickets.", 0),
                    ("Escalate when the ticket mentions:", 0),
                    (
                        "- a lawyer, a solicitor, an attorney, legal action, small claims or court",
                        2,
                    ),
                    ("- a disputed charge, a chargeback", 1),
                    ("- fraud, identity \u{202e}theft", 1),
                ],
            ),
            part(Some(Role::User), &[("Ticket: {{ ticket }}", 0)]),
        ],
    };
    let request = screen.requests().remove(0);
    answered(&mut screen, request, Ok(Answer::Blame(Box::new(blame))));
    screen
}

#[test]
fn looks_as_designed() {
    let screen = screen();
    check_drawn("blame", &screen);
    check_any_size(&screen);
}

#[test]
fn a_line_leads_to_its_run_and_to_what_changed_since() {
    let mut screen = screen();
    assert_eq!(
        commanded(&mut screen, CommandId::Open),
        [Effect::Open(Place::Run(RunId(4)))]
    );
    let place = Place::Diff {
        old: PromptRef::Version("support_triage_v1".parse().unwrap()),
        new: PromptRef::Version("support_triage_v12".parse().unwrap()),
    };
    assert_eq!(commanded(&mut screen, CommandId::Compare), [Effect::Open(place)]);
    commanded(&mut screen, CommandId::ProblemNext);
    assert!(screen.availability(CommandId::Open).is_err(), "v9 was never run");
    for _ in 0..2 {
        commanded(&mut screen, CommandId::ProblemNext);
    }
    assert_eq!(
        commanded(&mut screen, CommandId::CopyId),
        [Effect::Copy("support_triage_v12".into())]
    );
    assert!(
        screen.availability(CommandId::Compare).is_err(),
        "the line came with it"
    );
    assert!(drawn(&screen, 80, 21).contains("bug: legal threats were missed by the regression set"));
    commanded(&mut screen, CommandId::ProblemPrevious);
    assert_eq!(
        commanded(&mut screen, CommandId::CopyValue),
        [Effect::Copy("You triage support tickets.".into())]
    );
}
