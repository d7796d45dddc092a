use super::super::samples::{dataset, dataset_id, examples};
use super::super::testing::{drawn, with_context};
use super::*;
use crate::tui::overlays::dialog::Confirmed;
use crate::tui::overlays::form::{FieldValue, Filled, Form};
use crate::workbench::ExampleEdit;

fn send(screen: &mut Dataset, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn command(screen: &mut Dataset, command: CommandId) -> Vec<Effect> {
    send(screen, ScreenEvent::Command(command))
}

fn keys(screen: &mut Dataset, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for c in text.chars() {
        let key = if c == '\n' {
            Key::plain(KeyCode::Enter)
        } else {
            Key::char(c)
        };
        effects.extend(send(screen, ScreenEvent::Key(key)));
    }
    effects
}

fn answer(screen: &mut Dataset, result: Result<Answer, Fault>) -> Vec<Effect> {
    let request = screen.requests().swap_remove(0);
    send(screen, ScreenEvent::Answered { request, result })
}

fn window(total: u64) -> Answer {
    Answer::DatasetRows(RowsWindow {
        dataset: dataset(),
        total,
        rows: (0..).zip(examples()).collect(),
    })
}

fn loaded() -> Dataset {
    let mut screen = Dataset::new(dataset_id());
    answer(&mut screen, Ok(window(240)));
    screen
}

fn form(effects: &[Effect]) -> &Form {
    let Some(Effect::Fill(form)) = effects.last() else {
        panic!("{effects:?}");
    };
    form
}

fn filled(form: &Form, changed: &[(&'static str, &str)]) -> ScreenEvent {
    let values = form.fields.iter().map(|field| {
        let typed = changed
            .iter()
            .find(|(name, _)| *name == field.name)
            .map(|(_, value)| *value);
        let text = match (&field.kind, typed) {
            (_, Some(typed)) => typed.to_owned(),
            (crate::tui::overlays::form::FieldKind::Text(initial), None) => initial.clone(),
            _ => String::new(),
        };
        (field.name, FieldValue::Text(text))
    });
    ScreenEvent::Filled(Filled::for_test(form.tag, values.collect()))
}

#[test]
fn a_window_is_asked_for_and_the_next_one_when_it_ends() {
    let mut screen = loaded();
    let effects = command(&mut screen, CommandId::Last);
    assert_eq!(
        effects,
        [Effect::Ask(Request::DatasetRows {
            dataset: dataset_id(),
            filter: String::new(),
            from: 139,
            limit: 200
        })]
    );
    assert!(drawn(&screen, 100, 27).contains("~ loading rows"));
}

#[test]
fn a_filter_is_typed_applied_and_cleared() {
    let mut screen = loaded();
    command(&mut screen, CommandId::Search);
    assert!(screen.takes_text() && screen.scopes().is_empty());
    let effects = keys(&mut screen, "topic=delivery\n");
    assert!(
        matches!(&effects[..], [Effect::Ask(Request::DatasetRows { filter, from: 0, .. })]
            if filter == "topic=delivery"),
        "{effects:?}"
    );
    answer(&mut screen, Ok(window(2)));
    assert!(drawn(&screen, 100, 27).contains("filter topic=delivery   2 of 240"));
    assert!(screen.step_back() && screen.filter.is_empty());
    assert!(!screen.step_back(), "nothing left to step back from");
}

#[test]
fn an_answer_to_an_older_filter_is_not_shown() {
    let mut screen = loaded();
    let late = screen.requests().swap_remove(0);
    command(&mut screen, CommandId::Search);
    keys(&mut screen, "refund\n");
    let event = ScreenEvent::Answered {
        request: late,
        result: Ok(window(7)),
    };
    send(&mut screen, event);
    assert_eq!(screen.list.total(), 240);
}

#[test]
fn a_filter_that_cannot_be_read_is_typed_on() {
    let mut screen = loaded();
    command(&mut screen, CommandId::Search);
    keys(&mut screen, "topic=\"bill\n");
    let fault = Fault {
        what: "a quote is not closed".into(),
        hint: "close it".into(),
    };
    answer(&mut screen, Err(fault));
    assert!(screen.takes_text());
    let screen = drawn(&screen, 100, 27);
    assert!(
        screen.contains("filter topic=\"bill") && screen.contains("! a quote is not closed"),
        "{screen}"
    );
}

#[test]
fn the_value_under_the_cursor_filters() {
    let mut screen = loaded();
    command(&mut screen, CommandId::Last);
    command(&mut screen, CommandId::First);
    for _ in 0..2 {
        command(&mut screen, CommandId::MoveRight);
    }
    let effects = command(&mut screen, CommandId::FilterKeep);
    assert!(
        matches!(&effects[..], [Effect::Ask(Request::DatasetRows { filter, .. })] if filter == "topic=delivery"),
        "{effects:?}"
    );
    answer(&mut screen, Ok(window(2)));
    command(&mut screen, CommandId::MoveLeft);
    let effects = command(&mut screen, CommandId::FilterDrop);
    assert!(
        matches!(&effects[..], [Effect::Ask(Request::DatasetRows { filter, .. })]
            if filter == "topic=delivery expected.route!=shipping"),
        "{effects:?}"
    );
}

#[test]
fn excluding_needs_a_confirmed_reason() {
    let mut screen = loaded();
    let effects = command(&mut screen, CommandId::ExampleExclude);
    assert!(matches!(&effects[..], [Effect::Confirm(_)]));
    let confirmed = Confirmed::for_test(CommandId::ExampleExclude, None, "the label is wrong");
    let effects = send(&mut screen, ScreenEvent::Confirmed(confirmed.clone()));
    let [Effect::Act(Request::ChangeExample(change), token)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(token, &confirmed);
    assert_eq!(change.reason, "the label is wrong");
    assert_eq!(change.edit, ExampleEdit::Exclude(ExampleId::new("t-001").unwrap()));

    let mut next = dataset();
    next.id = "support_triage_regression@2026-06-02".parse().unwrap();
    let event = ScreenEvent::Answered {
        request: Request::ChangeExample(change.clone()),
        result: Ok(Answer::DatasetChanged(next)),
    };
    send(&mut screen, event);
    assert_eq!(screen.title(), "Data > support_triage_regression@2026-06-02");
}

#[test]
fn an_edit_in_the_form_is_checked_and_replaces() {
    let mut screen = loaded();
    let effects = command(&mut screen, CommandId::ExampleEdit);
    let first = form(&effects).clone();
    let effects = send(
        &mut screen,
        filled(&first, &[("expected", "{\"route\":"), ("reason", "route was wrong")]),
    );
    assert!(matches!(&effects[0], Effect::Say(note) if note.text.contains("expected")));
    let again = form(&effects).clone();
    let event = filled(&again, &[("expected", "\"billing\""), ("labels", "vip, urgent")]);
    let effects = send(&mut screen, event);
    let [Effect::Ask(Request::ChangeExample(change))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(change.reason, "route was wrong", "what was typed before stays");
    let ExampleEdit::Replace(content) = &change.edit else {
        panic!("{change:?}");
    };
    assert_eq!(content.labels, ["vip", "urgent"]);
    assert_eq!(content.input, examples()[0].content.input);
}

#[test]
fn what_the_external_editor_saved_is_never_lost() {
    let mut screen = loaded();
    let effects = command(&mut screen, CommandId::ExampleEditExternal);
    let [Effect::OpenEditor(text)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let broken = text.replace("\"delivery\"", "\"delivery");
    let effects = send(&mut screen, ScreenEvent::EditorClosed(Ok(broken.clone())));
    assert!(matches!(&effects[..], [Effect::Say(note)] if note.text.starts_with("NOT used")));
    let effects = command(&mut screen, CommandId::ExampleEditExternal);
    assert_eq!(effects, [Effect::OpenEditor(broken)]);
    let edited = text.replace("\"delivery\"", "\"parcels\"");
    let effects = send(&mut screen, ScreenEvent::EditorClosed(Ok(edited)));
    let event = filled(form(&effects), &[("reason", "topic has another name")]);
    let effects = send(&mut screen, event);
    assert!(
        matches!(&effects[..], [Effect::Ask(Request::ChangeExample(_))]),
        "{effects:?}"
    );
}

#[test]
fn draws_into_any_area() {
    for (width, height) in [(0, 0), (1, 1), (2, 2), (2, 30), (60, 13), (59, 3)] {
        drawn(&loaded(), width, height);
        drawn(&Dataset::new(dataset_id()), width, height);
    }
}

#[test]
fn rows_with_the_selected_example() {
    let mut screen = loaded();
    command(&mut screen, CommandId::MoveDown);
    command(&mut screen, CommandId::MoveDown);
    insta::assert_snapshot!("dataset_80x24", drawn(&screen, 80, 21));
    insta::assert_snapshot!("dataset_100x30", drawn(&screen, 100, 27));
    insta::assert_snapshot!("dataset_160x50", drawn(&screen, 160, 47));
}

#[test]
fn a_filter_being_typed() {
    let mut screen = loaded();
    command(&mut screen, CommandId::Search);
    keys(&mut screen, "topic=delivery channel!=email");
    insta::assert_snapshot!("dataset_filter_80x24", drawn(&screen, 80, 21));
}
