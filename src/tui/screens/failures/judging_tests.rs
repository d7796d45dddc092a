use super::super::case_samples::{case, failure_rows, label};
use super::super::samples::ended_detail;
use super::super::testing::{drawn, with_context};
use super::*;
use crate::domain::decision::OtherCause;
use crate::domain::label::LabelVerdict;
use crate::domain::outcome::FailureCategory;
use crate::tui::overlays::form::{FieldValue, Form};

const RUN: RunId = RunId(3);

fn send(screen: &mut Failures, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn command(screen: &mut Failures, command: CommandId) -> Vec<Effect> {
    send(screen, ScreenEvent::Command(command))
}

fn answer(screen: &mut Failures, request: Request, answer: Answer) -> Vec<Effect> {
    let result = Ok(answer);
    send(screen, ScreenEvent::Answered { request, result })
}

fn fill(screen: &mut Failures, form: &Form, values: Vec<(&'static str, FieldValue)>) -> Vec<Effect> {
    send(screen, ScreenEvent::Filled(Filled::for_test(form.tag, values)))
}

fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.to_owned())
}

fn form(effects: Vec<Effect>) -> Form {
    match effects.into_iter().next() {
        Some(Effect::Fill(form)) => form,
        other => panic!("{other:?}"),
    }
}

/// Of eleven failures six are not the prompt's.
fn triage() -> RunTriage {
    RunTriage {
        failures: 11,
        left_out: 0,
        categories: vec![
            (FailureCategory::Prompt, 5),
            (FailureCategory::Retrieval, 4),
            (FailureCategory::Label, 2),
        ],
        unknown: 0,
        by_hand: 1,
        overrides: 1,
    }
}

/// The three failures, the first of them shown with what somebody says against the graders.
fn loaded() -> Failures {
    let mut screen = Failures::new(RUN);
    let detail = Answer::RunDetail(Box::new(ended_detail(3)));
    answer(&mut screen, Request::RunDetail(RUN), detail);
    let mut case = case(95, "t-096");
    case.labels = vec![label(&case, LabelVerdict::Passed, "both routes are right here")];
    let mut rows = failure_rows();
    rows[0].labels.clone_from(&case.labels);
    let window = screen.window();
    answer(&mut screen, window, Answer::Cases(rows));
    let place = OutcomePlace::first(95);
    answer(
        &mut screen,
        Request::Case { run: RUN, place },
        Answer::Case(Box::new(case)),
    );
    answer(
        &mut screen,
        Request::RunTriage(RUN),
        Answer::RunTriage(Box::new(triage())),
    );
    screen
}

#[test]
fn a_label_is_about_the_answer_or_one_grader() {
    let mut screen = loaded();
    let asked = form(command(&mut screen, CommandId::CaseLabel));
    assert_eq!(asked.title, "Say whether the answer to t-096 is right");
    let values = |expected: &str| {
        vec![
            ("verdict", FieldValue::Choice(0)),
            ("about", FieldValue::Choice(2)),
            ("class", text("")),
            ("expected", text(expected)),
            ("comment", text("the customer asks for nothing")),
        ]
    };
    let effects = fill(&mut screen, &asked, values("{route}"));
    assert!(matches!(&effects[..], [Effect::Say(_), Effect::Fill(_)]), "{effects:?}");
    let effects = fill(&mut screen, &asked, values(""));
    let [
        Effect::Ask(Request::AddLabel {
            run: RUN,
            place,
            content,
        }),
    ] = &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(*place, OutcomePlace::first(95));
    assert_eq!(content.grader.as_deref(), Some("escalation"));
    assert_eq!(
        (content.verdict, &content.expected),
        (Some(LabelVerdict::Passed), &None)
    );

    let made = label(&case(95, "t-096"), LabelVerdict::Failed, "");
    let request = Request::AddLabel {
        run: RUN,
        place: *place,
        content: content.clone(),
    };
    let effects = answer(&mut screen, request, Answer::Labelled(Box::new(made)));
    assert!(effects.contains(&Effect::Ask(Request::RunTriage(RUN))), "{effects:?}");
}

#[test]
fn marked_failures_and_groups_are_triaged_at_once() {
    let mut screen = loaded();
    let reason = || {
        vec![
            ("category", FieldValue::Choice(1)),
            ("reason", text("no page about it")),
        ]
    };
    let triaged = |screen: &mut Failures| {
        let asked = form(command(screen, CommandId::CaseTriage));
        let effects = fill(screen, &asked, reason());
        let [Effect::Ask(Request::AddTriages { places, category, .. })] = &effects[..] else {
            panic!("{effects:?}");
        };
        assert_eq!(*category, FailureCategory::Retrieval);
        (asked.title, places.iter().map(|place| place.index).collect::<Vec<_>>())
    };
    assert_eq!(
        triaged(&mut screen),
        ("Say where the cause lies: t-096".into(), vec![95])
    );
    command(&mut screen, CommandId::First);
    command(&mut screen, CommandId::Mark);
    command(&mut screen, CommandId::Last);
    command(&mut screen, CommandId::Mark);
    let (title, places) = triaged(&mut screen);
    assert_eq!(
        (title.as_str(), places),
        ("Say where the cause lies: 3 marked failures", vec![95, 130, 146])
    );
    assert!(
        screen.step_back() && screen.chosen().len() == 1,
        "esc takes the marks away"
    );
}

#[test]
fn a_decision_is_offered_where_most_failures_are_not_the_prompts() {
    let mut screen = loaded();
    assert_eq!(screen.availability(CommandId::RunDecide), Ok(()));
    let asked = form(command(&mut screen, CommandId::RunDecide));
    assert!(
        asked.notes[0].contains("6 of 11 failures are not the prompt's"),
        "{asked:?}"
    );
    let values = vec![
        ("cause", FieldValue::Choice(0)),
        ("reason", text("the index lacks them")),
    ];
    let effects = fill(&mut screen, &asked, values);
    assert!(
        matches!(
            &effects[..],
            [Effect::Ask(Request::DecideOtherCause {
                cause: OtherCause::Retrieval,
                ..
            })]
        ),
        "{effects:?}"
    );
    let few = RunTriage {
        categories: vec![(FailureCategory::Prompt, 6), (FailureCategory::Label, 5)],
        ..triage()
    };
    answer(&mut screen, Request::RunTriage(RUN), Answer::RunTriage(Box::new(few)));
    assert!(screen.availability(CommandId::RunDecide).is_err());
}

#[test]
fn another_list_begins_anew() {
    let mut screen = loaded();
    let asked = form(command(&mut screen, CommandId::Options));
    let values = vec![("list", FieldValue::Choice(1)), ("group", FieldValue::Choice(0))];
    let effects = fill(&mut screen, &asked, values);
    assert!(
        matches!(
            &effects[..],
            [Effect::Ask(Request::Cases {
                listed: Listed::Passed,
                after: None,
                ..
            })]
        ),
        "{effects:?}"
    );
    assert!(drawn(&screen, 100, 27).contains("Passed"));
    let late = Request::Cases {
        run: RUN,
        listed: Listed::Failed,
        after: None,
        limit: WINDOW_ROWS,
    };
    answer(&mut screen, late, Answer::Cases(failure_rows()));
    assert_eq!(
        screen.groups.cases().count(),
        0,
        "an answer to the former list is not shown"
    );
}

#[test]
fn groups_by_category_and_slice_on_one_screen() {
    let mut screen = loaded();
    let by = |screen: &mut Failures, grouping| {
        let asked = form(command(screen, CommandId::Options));
        let values = vec![("list", FieldValue::Choice(0)), ("group", FieldValue::Choice(grouping))];
        fill(screen, &asked, values);
    };
    by(&mut screen, 1);
    insta::assert_snapshot!("failures_by_category_100x30", drawn(&screen, 100, 27));
    insta::assert_snapshot!("failures_by_category_160x50", drawn(&screen, 160, 47));
    by(&mut screen, 2);
    screen.focus = Some(Pane::Groups);
    insta::assert_snapshot!("failures_by_slice_80x24", drawn(&screen, 80, 21));
    for (width, height) in [(0, 0), (1, 1), (2, 2), (2, 30), (60, 13)] {
        drawn(&screen, width, height);
    }
}
