use super::super::samples::{ended_detail, live_detail, progress, run, suite, summary};
use super::super::testing::{drawn, with_context};
use super::measured_sample::measured_detail;
use super::single::SingleRun;
use super::*;
use crate::domain::money::UsdNanos;
use crate::domain::run::{AnswerSource, Caps, InFlight, RunSettings, RunState};
use crate::tui::overlays::dialog::Confirmed;
use crate::workbench::{Pause, Pick, Rerun};

fn answered(request: Request, answer: Answer) -> ScreenEvent {
    ScreenEvent::Answered {
        request,
        result: Ok(answer),
    }
}

fn send(screen: &mut dyn Screen, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn command(screen: &mut dyn Screen, command: CommandId) -> Vec<Effect> {
    send(screen, ScreenEvent::Command(command))
}

fn summaries() -> Vec<RunSummary> {
    vec![
        summary(run(4, 13, AnswerSource::Simulated), RunState::Running, 170, 8),
        summary(run(3, 12, AnswerSource::Simulated), RunState::Finished, 240, 11),
        summary(run(2, 11, AnswerSource::Model), RunState::Interrupted, 96, 2),
        summary(run(1, 11, AnswerSource::Model), RunState::Cancelled, 12, 0),
    ]
}

fn list() -> Runs {
    list_of(summaries())
}

fn list_of(summaries: Vec<RunSummary>) -> Runs {
    let mut screen = Runs::default();
    let request = screen.requests().swap_remove(0);
    let effects = send(&mut screen, answered(request, Answer::Runs(summaries)));
    assert_eq!(
        effects,
        [Effect::Ask(Request::RunDetail(RunId(4))), Effect::Ask(Request::Suites)]
    );
    send(
        &mut screen,
        answered(
            Request::RunDetail(RunId(4)),
            Answer::RunDetail(Box::new(live_detail(4))),
        ),
    );
    send(&mut screen, answered(Request::Suites, Answer::Suites(vec![suite()])));
    screen
}

fn single(detail: crate::workbench::RunDetail) -> SingleRun {
    let id = detail.run.id;
    let mut screen = SingleRun::new(id);
    send(
        &mut screen,
        answered(Request::RunDetail(id), Answer::RunDetail(Box::new(detail))),
    );
    send(&mut screen, answered(Request::Suites, Answer::Suites(vec![suite()])));
    screen
}

#[test]
fn the_selected_run_is_asked_for_and_watched() {
    let mut screen = list();
    assert_eq!(screen.watches(), [RunId(4)]);
    let effects = command(&mut screen, CommandId::MoveDown);
    assert_eq!(effects[0], Effect::Ask(Request::RunDetail(RunId(3))));
    assert_eq!(screen.watches(), [], "a finished run has nothing to tell");
    assert_eq!(
        command(&mut screen, CommandId::Open),
        [Effect::Open(Place::Failures(RunId(3)))]
    );
}

#[test]
fn in_a_narrow_list_enter_goes_to_the_run() {
    let mut screen = list();
    let effects = with_context(80, 24, |context| {
        screen.update(ScreenEvent::Command(CommandId::Open), context)
    });
    assert_eq!(effects, [Effect::Open(Place::Run(RunId(4)))]);
}

#[test]
fn progress_moves_list_and_pane_and_the_end_is_asked_for() {
    let mut screen = list();
    let moved = progress(4, RunState::Running, 200, 9);
    assert_eq!(send(&mut screen, ScreenEvent::Progress(Box::new(moved))), []);
    assert_eq!(screen.status(), "run_4: 200 saved, 9 failed");
    let done = progress(4, RunState::Finished, 240, 11);
    let effects = send(&mut screen, ScreenEvent::Progress(Box::new(done)));
    assert_eq!(effects, [Effect::Ask(Request::RunDetail(RunId(4)))]);
}

#[test]
fn the_selection_survives_newer_runs_unless_it_follows() {
    let mut screen = list();
    command(&mut screen, CommandId::MoveDown);
    let mut newer = summaries();
    newer.insert(0, summary(run(5, 13, AnswerSource::Model), RunState::Running, 0, 0));
    let request = screen.requests().swap_remove(0);
    send(&mut screen, answered(request.clone(), Answer::Runs(newer.clone())));
    assert!(screen.status().starts_with("run_3"), "{}", screen.status());

    command(&mut screen, CommandId::Follow);
    newer.insert(0, summary(run(6, 13, AnswerSource::Model), RunState::Running, 0, 0));
    send(&mut screen, answered(request, Answer::Runs(newer)));
    assert!(screen.status().starts_with("run_6"), "{}", screen.status());
}

#[test]
fn newer_runs_out_of_sight_are_counted() {
    let mut screen = list();
    let newer = (5..=30)
        .rev()
        .map(|number| summary(run(number, 13, AnswerSource::Simulated), RunState::Finished, 240, 11));
    let all: Vec<RunSummary> = newer.chain(summaries()).collect();
    let request = screen.requests().swap_remove(0);
    send(&mut screen, answered(request, Answer::Runs(all)));
    assert_eq!(screen.list.selected().map(|row| row.run.id), Some(RunId(4)));
    assert!(drawn(&screen, 100, 13).contains("20 newer above"));
    command(&mut screen, CommandId::First);
    assert!(drawn(&screen, 100, 13).contains("newest first"));
}

#[test]
fn a_page_further_down_begins_before_a_run() {
    let mut screen = Runs::default();
    let request = screen.requests().swap_remove(0);
    let newest: Vec<RunSummary> = (801..=1_000)
        .rev()
        .map(|id| summary(run(id, 12, AnswerSource::Model), RunState::Finished, 240, 0))
        .collect();
    send(&mut screen, answered(request, Answer::Runs(newest)));
    assert_eq!(screen.list.total(), 1_000);
    screen.list.select_row(300);
    let effects = command(&mut screen, CommandId::MoveDown);
    // Row 201 is where the page around row 301 begins; the run in it is run 799.
    assert_eq!(
        effects[0],
        Effect::Ask(Request::Runs {
            before: Some(RunId(800)),
            limit: 200
        })
    );
}

#[test]
fn a_number_that_is_not_there_leaves_no_run_out() {
    let mut screen = Runs::default();
    let request = screen.requests().swap_remove(0);
    let mut newest = summaries();
    newest.remove(1);
    send(&mut screen, answered(request, Answer::Runs(newest)));
    assert_eq!(screen.list.total(), 3);
    assert_eq!(screen.list.page_wanted(), None, "nothing is asked for again and again");
    command(&mut screen, CommandId::Last);
    assert_eq!(screen.list.selected().map(HasId::id), Some(RunId(1)));

    // Where the page further down begins with the missing numbers, it ends with the list.
    let page: Vec<RunSummary> = (301..=500)
        .rev()
        .map(|id| summary(run(id, 12, AnswerSource::Model), RunState::Finished, 240, 0))
        .collect();
    let request = screen.requests().swap_remove(0);
    send(&mut screen, answered(request, Answer::Runs(page)));
    screen.list.select_row(450);
    let before = Some(RunId(151));
    let request = Request::Runs { before, limit: 200 };
    assert_eq!(screen.page(350), request);
    send(&mut screen, answered(request, Answer::Runs(Vec::new())));
    assert_eq!((screen.list.total(), screen.list.cursor()), (350, 349));
}

#[test]
fn cancelling_is_asked_about_first() {
    let mut screen = list();
    let effects = command(&mut screen, CommandId::RunCancel);
    let [Effect::Confirm(dialog)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(dialog.level(), CommandId::RunCancel.command().danger);
    let confirmed = Confirmed::for_test(CommandId::RunCancel, None, "");
    let effects = send(&mut screen, ScreenEvent::Confirmed(confirmed.clone()));
    assert_eq!(effects, [Effect::Act(Request::CancelRun(RunId(4)), confirmed)]);
}

#[test]
fn commands_that_are_off_say_why() {
    let mut screen = list();
    for (id, why) in [
        (CommandId::RunRepeat, "is running"),
        (CommandId::ReviewRequest, "has not finished"),
    ] {
        let off = screen.availability(id).unwrap_err();
        assert!(off.contains(why), "{id}: {off}");
    }
    command(&mut screen, CommandId::MoveDown);
    assert_eq!(screen.availability(CommandId::ReviewRequest), Ok(()));
    assert!(screen.availability(CommandId::RunCancel).unwrap_err().contains("ended"));
    assert!(
        Runs::default()
            .availability(CommandId::Lineage)
            .unwrap_err()
            .contains("no run")
    );
}

fn resume(caps: Caps) -> Request {
    Request::ResumeRun { run: RunId(2), caps }
}

#[test]
fn a_running_run_is_paused_and_a_paused_one_goes_on() {
    let mut screen = list();
    let effects = command(&mut screen, CommandId::RunPause);
    assert_eq!(effects, [Effect::Ask(Request::PauseRun(RunId(4)))]);
    let effects = send(
        &mut screen,
        answered(Request::PauseRun(RunId(4)), Answer::Run(RunId(4))),
    );
    assert!(matches!(&effects[0], Effect::Say(note) if note.text.contains("sends nothing new")));
    command(&mut screen, CommandId::MoveDown);
    command(&mut screen, CommandId::MoveDown);
    let effects = command(&mut screen, CommandId::RunPause);
    assert_eq!(effects, [Effect::Ask(resume(Caps::default()))]);
}

#[test]
fn an_ended_run_is_run_again_whole_or_where_it_failed() {
    use crate::tui::overlays::choose::Chosen;
    use crate::tui::overlays::form::{FieldValue, Filled};
    let mut screen = single(ended_detail(3));
    let effects = command(&mut screen, CommandId::RunRepeat);
    let [Effect::Choose(choice)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let chosen = |id: &str| {
        ScreenEvent::Chosen(Chosen {
            tag: choice.tag,
            id: id.into(),
        })
    };
    let effects = send(&mut screen, chosen("failed"));
    let [Effect::Fill(form)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let filled = |repeats: &str| {
        let values = vec![
            ("pick", FieldValue::Choice(0)),
            ("repeats", FieldValue::Text(repeats.into())),
            ("concurrency", FieldValue::Text("4".into())),
            ("cap_cost", FieldValue::Text("0.5".into())),
        ];
        Filled::for_test(form.tag, values)
    };
    let effects = send(&mut screen, ScreenEvent::Filled(filled("often")));
    assert!(matches!(&effects[..], [Effect::Say(_), Effect::Fill(_)]), "{effects:?}");
    let effects = send(&mut screen, ScreenEvent::Filled(filled("5")));
    let settings = RunSettings {
        repeats: 5,
        caps: Caps {
            cost: Some(UsdNanos(500_000_000)),
            ..Caps::default()
        },
        ..RunSettings::default()
    };
    assert_eq!(
        effects,
        [Effect::Ask(Request::Rerun(Rerun {
            of: RunId(3),
            pick: Pick::Failed,
            settings: settings.with_in_flight(InFlight::Fixed(4)),
        }))]
    );
    let effects = send(&mut screen, chosen("all"));
    assert_eq!(effects.len(), 3, "the questions of a new run: {effects:?}");
}

#[test]
fn an_interrupted_run_goes_on() {
    let mut screen = list();
    command(&mut screen, CommandId::MoveDown);
    command(&mut screen, CommandId::MoveDown);
    assert_eq!(
        command(&mut screen, CommandId::RunRepeat),
        [Effect::Ask(resume(Caps::default()))]
    );
    let effects = send(&mut screen, answered(resume(Caps::default()), Answer::Run(RunId(2))));
    assert!(matches!(&effects[0], Effect::Say(note) if note.text.contains("goes on")));
}

/// With the caps that paused it, it would pause again at once.
#[test]
fn a_run_that_a_cap_paused_asks_for_a_higher_one() {
    use crate::tui::overlays::form::{FieldValue, Filled};
    let cap = |dollars: u64| Caps {
        cost: Some(UsdNanos(dollars * 1_000_000_000)),
        ..Caps::default()
    };
    let mut paused = summaries();
    paused[2].state = RunState::Paused;
    paused[2].pause = Some(Pause {
        reason: "the cap of $1.00 was reached".into(),
        caps: cap(1),
    });
    let mut screen = list_of(paused);
    command(&mut screen, CommandId::MoveDown);
    command(&mut screen, CommandId::MoveDown);
    let effects = command(&mut screen, CommandId::RunPause);
    let [Effect::Fill(form)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(form.notes[0], "paused: the cap of $1.00 was reached");
    let filled = |typed: &str| {
        let values = vec![("cap_cost", FieldValue::Text(typed.into()))];
        ScreenEvent::Filled(Filled::for_test(form.tag, values))
    };
    assert_eq!(send(&mut screen, filled("2")), [Effect::Ask(resume(cap(2)))]);
    let effects = send(&mut screen, filled("a lot"));
    assert!(matches!(&effects[..], [Effect::Say(_), Effect::Fill(_)]), "{effects:?}");
}

#[test]
fn comparing_offers_the_other_finished_runs() {
    let mut screen = list();
    let effects = command(&mut screen, CommandId::Compare);
    let [Effect::Ask(request)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let effects = send(&mut screen, answered(request.clone(), Answer::Runs(summaries())));
    let [Effect::Choose(choice)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let offered: Vec<(&str, bool)> = choice
        .entries
        .iter()
        .map(|entry| (entry.id.as_str(), entry.off.is_none()))
        .collect();
    assert_eq!(offered, [("run_2", false), ("run_1", false), ("run_3", true)]);
    let chosen = crate::tui::overlays::choose::Chosen {
        tag: choice.tag,
        id: "run_3".into(),
    };
    assert_eq!(
        send(&mut screen, ScreenEvent::Chosen(chosen)),
        [Effect::Open(Place::Comparison {
            base: RunId(3),
            candidate: RunId(4)
        })]
    );
}

#[test]
fn a_review_is_requested_for_the_run_that_is_shown() {
    use crate::tui::overlays::form::{FieldValue, Filled};
    let mut screen = single(ended_detail(3));
    let effects = command(&mut screen, CommandId::ReviewRequest);
    let [Effect::Fill(form)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert!(form.title.contains("gate FAIL"), "{}", form.title);
    let filled = Filled::for_test(
        form.tag,
        vec![
            ("environment", FieldValue::Choice(1)),
            ("note", FieldValue::Text("see t-147".into())),
        ],
    );
    let effects = send(&mut screen, ScreenEvent::Filled(filled));
    assert!(
        matches!(&effects[..], [Effect::Ask(Request::RequestReview { run: Some(RunId(3)), environment, note, .. })]
            if environment.as_str() == "production" && note == "see t-147"),
        "{effects:?}"
    );
}

#[test]
fn an_error_stands_where_the_list_would_be() {
    let mut screen = Runs::default();
    let fault = Fault {
        what: "the store is busy".into(),
        hint: "wait for the other process".into(),
    };
    let request = screen.requests().swap_remove(0);
    send(
        &mut screen,
        ScreenEvent::Answered {
            request: request.clone(),
            result: Err(fault),
        },
    );
    assert!(drawn(&screen, 100, 27).contains("the store is busy. wait for"));
    send(&mut screen, answered(request, Answer::Runs(Vec::new())));
    assert!(drawn(&screen, 100, 27).contains("No run yet. r runs a version"));
}

#[test]
fn draws_into_any_area() {
    for (width, height) in [(0, 0), (1, 1), (2, 2), (2, 40), (60, 13), (59, 2)] {
        drawn(&list(), width, height);
        drawn(&single(live_detail(4)), width, height);
        drawn(&single(ended_detail(3)), width, height);
        drawn(&single(measured_detail(3)), width, height);
    }
}

#[test]
fn list_with_a_live_run() {
    insta::assert_snapshot!("runs_80x24", drawn(&list(), 80, 21));
    insta::assert_snapshot!("runs_100x30", drawn(&list(), 100, 27));
    insta::assert_snapshot!("runs_160x50", drawn(&list(), 160, 47));
}

#[test]
fn a_live_run_alone() {
    insta::assert_snapshot!("run_live_80x24", drawn(&single(live_detail(4)), 80, 21));
    insta::assert_snapshot!("run_live_60x16", drawn(&single(live_detail(4)), 60, 13));
}

#[test]
fn an_ended_run_alone() {
    insta::assert_snapshot!("run_ended_80x24", drawn(&single(ended_detail(3)), 80, 21));
    insta::assert_snapshot!("run_ended_100x30", drawn(&single(ended_detail(3)), 100, 27));
    insta::assert_snapshot!("run_ended_160x50", drawn(&single(ended_detail(3)), 160, 47));
}

#[test]
fn an_ended_run_with_all_that_can_be_measured() {
    insta::assert_snapshot!("run_measured_80x24", drawn(&single(measured_detail(3)), 80, 21));
    insta::assert_snapshot!("run_measured_80_whole", drawn(&single(measured_detail(3)), 80, 90));
    insta::assert_snapshot!("run_measured_160x50", drawn(&single(measured_detail(3)), 160, 47));
    insta::assert_snapshot!("run_measured_160_whole", drawn(&single(measured_detail(3)), 160, 70));
}

#[test]
fn a_narrow_pane_says_what_it_leaves_out() {
    let narrow = drawn(&single(measured_detail(3)), 60, 100);
    assert!(narrow.contains("no room for recall, f1"), "{narrow}");
    assert!(narrow.contains("2 of 8 classes, those with the most"), "{narrow}");
    assert!(!narrow.contains("95 % intervals"), "{narrow}");
}

#[test]
fn there_are_no_problems_to_go_through_on_a_run() {
    for command in [CommandId::ProblemNext, CommandId::ProblemPrevious] {
        assert!(super::acts::availability(command, None).is_err());
    }
}

#[test]
fn a_slash_finds_runs_by_their_words() {
    let mut screen = list();
    command(&mut screen, CommandId::Search);
    assert!(
        screen.takes_text() && screen.scopes().is_empty(),
        "keys are words now, and no commands"
    );
    let mut asked = Vec::new();
    for letter in ["f", "a", "i", "l"] {
        asked = send(
            &mut screen,
            ScreenEvent::Key(crate::tui::input::Key::parse(letter).unwrap()),
        );
    }
    assert_eq!(asked, [Effect::Ask(Request::FindRuns("fail".into()))]);
    let late = answered(Request::FindRuns("f".into()), Answer::Runs(Vec::new()));
    send(&mut screen, late);
    assert!(screen.list.total() > 1, "an answer to fewer letters comes to nothing");
    let found = summary(run(7, 12, AnswerSource::Model), RunState::Finished, 240, 0);
    send(
        &mut screen,
        answered(Request::FindRuns("fail".into()), Answer::Runs(vec![found])),
    );
    assert_eq!(
        (screen.list.total(), screen.list.selected().map(HasId::id)),
        (1, Some(RunId(7)))
    );
    assert!(
        screen.step_back() && screen.step_back(),
        "out of the field, then without its words"
    );
    assert!(matches!(screen.requests()[0], Request::Runs { .. }));
}

#[test]
fn more_in_flight_than_the_provider_takes_now_is_said_as_that() {
    let mut progress = progress(7, RunState::Running, 60, 2);
    (progress.in_flight, progress.concurrency) = (50, 50);
    assert_eq!(progress.in_flight_text(), "in flight 50 of 50");
    progress.in_flight = 64;
    assert_eq!(progress.in_flight_text(), "in flight 64, going down to 50");
}
