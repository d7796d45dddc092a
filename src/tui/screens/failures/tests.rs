use super::super::case_samples::{case, case_row, failure_rows};
use super::super::samples::{dataset, ended_detail, failure_line};
use super::super::testing::{drawn, with_context};
use super::*;
use crate::tui::input::Key;
use crate::tui::overlays::form::{FieldValue, Filled};
use crate::workbench::ExampleEdit;

const RUN: RunId = RunId(3);

fn send(screen: &mut Failures, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn command(screen: &mut Failures, command: CommandId) -> Vec<Effect> {
    send(screen, ScreenEvent::Command(command))
}

fn answer(screen: &mut Failures, request: Request, answer: Answer) -> Vec<Effect> {
    let event = ScreenEvent::Answered {
        request,
        result: Ok(answer),
    };
    send(screen, event)
}

fn asked_case(effects: &[Effect]) -> Option<u64> {
    match effects.first() {
        Some(Effect::Ask(Request::Case { place, .. })) => Some(place.index),
        _ => None,
    }
}

fn loaded() -> Failures {
    let mut screen = Failures::new(RUN);
    answer(
        &mut screen,
        Request::RunDetail(RUN),
        Answer::RunDetail(Box::new(ended_detail(3))),
    );
    let window = screen.window();
    let effects = answer(&mut screen, window, Answer::Cases(failure_rows()));
    assert_eq!(asked_case(&effects), Some(95), "the first case needs no key");
    screen
}

fn with_case() -> Failures {
    let mut screen = loaded();
    command(&mut screen, CommandId::ProblemNext);
    command(&mut screen, CommandId::ProblemNext);
    let request = Request::Case {
        run: RUN,
        place: OutcomePlace::first(146),
    };
    answer(&mut screen, request, Answer::Case(Box::new(case(146, "t-147"))));
    screen
}

#[test]
fn goes_through_all_groups_and_round() {
    let mut screen = loaded();
    assert_eq!(asked_case(&command(&mut screen, CommandId::ProblemNext)), Some(130));
    assert_eq!(
        asked_case(&command(&mut screen, CommandId::ProblemNext)),
        Some(146),
        "into the next group"
    );
    let effects = command(&mut screen, CommandId::ProblemNext);
    assert_eq!(asked_case(&effects), Some(95));
    assert!(matches!(&effects[1], Effect::Say(note) if note.text.contains("that was the last")));
    assert_eq!(asked_case(&command(&mut screen, CommandId::ProblemPrevious)), Some(146));
}

#[test]
fn a_closed_group_opens_for_its_failure() {
    let mut screen = loaded();
    command(&mut screen, CommandId::First);
    command(&mut screen, CommandId::Open);
    assert!(drawn(&screen, 100, 27).contains("+ route"), "closed");
    command(&mut screen, CommandId::ProblemNext);
    assert!(drawn(&screen, 100, 27).contains("- route"), "open again");
}

#[test]
fn more_failures_than_a_window_are_reached() {
    let row = |place: u64| case_row(place, failure_line(&format!("t-{place}"), "route: wrong", 5), None);
    let mut screen = Failures::new(RUN);
    let first = screen.window();
    let rows: Vec<CaseRow> = (0..WINDOW_ROWS as u64).map(row).collect();
    answer(&mut screen, first.clone(), Answer::Cases(rows.clone()));
    command(&mut screen, CommandId::Last);
    let effects = command(&mut screen, CommandId::ProblemNext);
    let [Effect::Ask(second)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert!(
        matches!(
            second,
            Request::Cases {
                after: Some(OutcomePlace { index: 499, .. }),
                ..
            }
        ),
        "{second:?}"
    );
    let effects = answer(&mut screen, second.clone(), Answer::Cases(vec![row(600)]));
    assert_eq!(asked_case(&effects), Some(600));
    let effects = command(&mut screen, CommandId::ProblemPrevious);
    assert_eq!(effects, [Effect::Ask(first.clone())]);
    assert_eq!(asked_case(&answer(&mut screen, first, Answer::Cases(rows))), Some(499));
}

#[test]
fn a_late_case_of_another_failure_is_not_shown() {
    let mut screen = loaded();
    command(&mut screen, CommandId::ProblemNext);
    let request = Request::Case {
        run: RUN,
        place: OutcomePlace::first(95),
    };
    answer(&mut screen, request, Answer::Case(Box::new(case(95, "t-096"))));
    assert!(screen.case.is_none());
}

#[test]
fn a_case_is_kept_with_the_right_answer() {
    let mut screen = with_case();
    assert_eq!(
        command(&mut screen, CommandId::ExampleKeep),
        [Effect::Ask(Request::Datasets)]
    );
    let effects = answer(&mut screen, Request::Datasets, Answer::Datasets(vec![dataset()]));
    let [Effect::Fill(form)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let sent = |expected: &str| {
        let text = |text: &str| FieldValue::Text(text.to_owned());
        ScreenEvent::Filled(Filled::for_test(
            form.tag,
            vec![
                ("dataset", FieldValue::Choice(0)),
                ("expected", text(expected)),
                ("label", text("")),
                ("reason", text("disputes must reach a person")),
            ],
        ))
    };
    let effects = send(&mut screen, sent("{escalate}"));
    assert!(matches!(&effects[..], [Effect::Say(_), Effect::Fill(_)]), "{effects:?}");
    let effects = send(&mut screen, sent("{\"escalate\":true}"));
    let [Effect::Ask(Request::ChangeExample(change))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(change.dataset, dataset().id);
    assert!(
        matches!(&change.edit, ExampleEdit::AddFailedCase { run: RUN, expected: Some(json), .. }
            if json.as_str() == "{\"escalate\":true}"),
        "{change:?}"
    );
}

#[test]
fn keys_lead_to_lineage_prompt_and_comparison() {
    let mut screen = with_case();
    assert_eq!(
        command(&mut screen, CommandId::Lineage),
        [Effect::Open(Place::Lineage("run_3/t-147".into()))]
    );
    assert!(matches!(
        &command(&mut screen, CommandId::DraftEdit)[..],
        [Effect::Open(Place::Editor(prompt))] if prompt.as_str() == "support_triage"
    ));
    assert_eq!(
        command(&mut screen, CommandId::Compare),
        [Effect::Open(Place::Comparison {
            base: RunId(2),
            candidate: RUN
        })]
    );
    let effects = command(&mut screen, CommandId::RunRepeat);
    assert!(
        matches!(&effects[..], [Effect::Fill(form)] if form.title == "Ask examples of run_3 again"),
        "{effects:?}"
    );
}

#[test]
fn a_run_without_failures_says_so() {
    let mut screen = Failures::new(RUN);
    assert!(drawn(&screen, 100, 27).contains("loading failures"));
    let window = screen.window();
    answer(&mut screen, window, Answer::Cases(Vec::new()));
    assert!(drawn(&screen, 100, 27).contains("Nothing failed so far"));
    assert!(drawn(&screen, 80, 21).contains("Nothing failed so far"));
    assert!(screen.availability(CommandId::ExampleKeep).is_err());
}

#[test]
fn one_case_on_one_screen() {
    let mut screen = with_case();
    insta::assert_snapshot!("failures_80x24", drawn(&screen, 80, 21));
    insta::assert_snapshot!("failures_100x30", drawn(&screen, 100, 27));
    insta::assert_snapshot!("failures_160x50", drawn(&screen, 160, 47));
    for _ in 0..5 {
        command(&mut screen, CommandId::PaneNext);
        command(&mut screen, CommandId::MoveRight);
    }
    insta::assert_snapshot!("failures_attempts_100x30", drawn(&screen, 100, 27));
    for (width, height) in [(0, 0), (1, 1), (2, 2), (2, 30), (60, 13)] {
        drawn(&screen, width, height);
    }
}

#[test]
fn a_search_narrows_the_failures_and_esc_brings_them_back() {
    let mut screen = loaded();
    let all = screen.groups.cases().count();
    command(&mut screen, CommandId::Search);
    assert!(screen.takes_text() && screen.scopes().is_empty());
    let mut effects = Vec::new();
    for c in "t-147".chars() {
        effects.extend(send(&mut screen, ScreenEvent::Key(Key::char(c))));
    }
    assert_eq!(
        asked_case(&effects[effects.len() - 1..]),
        Some(146),
        "the found one is shown"
    );
    assert!(all > 1 && screen.groups.cases().count() == 1);
    send(&mut screen, ScreenEvent::Paste(" nowhere".into()));
    assert!(drawn(&screen, 100, 27).contains("No failure has these words"));
    assert!(screen.step_back() && !screen.takes_text());
    assert!(screen.step_back());
    assert_eq!(screen.groups.cases().count(), all);
}

#[test]
fn enter_on_a_text_gives_it_the_whole_screen() {
    let mut screen = with_case();
    command(&mut screen, CommandId::PaneNext);
    command(&mut screen, CommandId::Open);
    assert!(!drawn(&screen, 100, 27).contains("Expected"));
    assert!(screen.step_back());
    assert!(drawn(&screen, 100, 27).contains("Expected"));
}

#[test]
fn a_judgement_is_shown_with_what_was_sent_and_what_came_back() {
    let mut screen = loaded();
    let mut judged = case(95, "t-096");
    judged.outcome.judgements = vec![super::super::case_samples::judgement()];
    let request = Request::Case {
        run: RUN,
        place: OutcomePlace::first(95),
    };
    answer(&mut screen, request, Answer::Case(Box::new(judged)));
    for _ in 0..4 {
        command(&mut screen, CommandId::PaneNext);
        command(&mut screen, CommandId::MoveRight);
    }
    insta::assert_snapshot!("failures_judges_80x24", drawn(&screen, 80, 21));
    insta::assert_snapshot!("failures_judges_160x50", drawn(&screen, 160, 47));
}
