//! The editor by messages, and as it is drawn.

use super::marks::lint_mark;
use super::samples::{SOURCE, dataset, draft, name, outcome, suite, unstored, version};
use super::*;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use crate::tui::input::{Key, KeyCode};
use crate::tui::msg::{Note, Urgency};
use crate::tui::overlays::choose::Chosen;
use crate::tui::overlays::dialog::Confirmed;
use crate::tui::overlays::form::{FieldValue, Filled};
use crate::tui::screens::testing::{NOW, drawn, with_context};
use crate::workbench::{Answer, Fault};

fn update(editor: &mut Editor, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| editor.update(event, context))
}

fn command(editor: &mut Editor, command: CommandId) -> Vec<Effect> {
    update(editor, ScreenEvent::Command(command))
}

fn answer(editor: &mut Editor, answer: Answer) -> Vec<Effect> {
    let request = Request::OpenDraft(name());
    update(
        editor,
        ScreenEvent::Answered {
            request,
            result: Ok(answer),
        },
    )
}

fn save_fails(editor: &mut Editor) -> Vec<Effect> {
    let request = Request::SaveDraft {
        prompt: name(),
        over: DraftSeen::Version(None),
        source: String::new(),
    };
    let fault = Fault {
        what: "the disk is full".into(),
        hint: "make room".into(),
    };
    update(
        editor,
        ScreenEvent::Answered {
            request,
            result: Err(fault),
        },
    )
}

fn opened() -> Editor {
    let mut editor = Editor::new(name());
    answer(&mut editor, Answer::Draft(draft(SOURCE, NOW)));
    answer(&mut editor, Answer::Datasets(vec![dataset()]));
    answer(&mut editor, Answer::Suites(vec![suite()]));
    assert_eq!(editor.document.cursor(), (14, 0), "the first text of a message");
    editor.document.jump(0, 0);
    editor
}

fn typed(editor: &mut Editor, text: &str) -> Vec<Effect> {
    command(editor, CommandId::EditorInsert);
    text.chars()
        .flat_map(|c| update(editor, ScreenEvent::Key(Key::char(c))))
        .collect()
}

fn saved_sources(effects: &[Effect]) -> Vec<&str> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(Request::SaveDraft { source, .. }) => Some(source.as_str()),
            _ => None,
        })
        .collect()
}

fn ticks(editor: &mut Editor, count: usize) -> Vec<Effect> {
    (0..count).flat_map(|_| update(editor, ScreenEvent::Tick)).collect()
}

#[test]
fn typing_is_kept_soon_after_it_stops_and_idle_costs_nothing() {
    let mut editor = opened();
    assert_eq!((editor.tick_ms(), editor.takes_text()), (None, false));
    assert_eq!(typed(&mut editor, "x"), [], "not at every key");
    assert!(editor.takes_text() && editor.tick_ms().is_some());
    let effects = ticks(&mut editor, 2);
    assert_eq!(saved_sources(&effects), [format!("x{SOURCE}")]);
    assert_eq!(ticks(&mut editor, 9), [], "one save at a time");
    answer(&mut editor, Answer::DraftSaved(NOW, Vec::new()));
    assert_eq!(
        (editor.status().as_str(), editor.tick_ms()),
        ("draft kept 12:00:00", None)
    );
}

/// Carries the last save out, as the workbench does.
fn save_is_kept(editor: &mut Editor, effects: &[Effect]) -> DraftSeen {
    let Some(Effect::Ask(request @ Request::SaveDraft { over, .. })) = effects.last() else {
        panic!("{effects:?}");
    };
    let kept = ScreenEvent::Answered {
        request: request.clone(),
        result: Ok(Answer::DraftSaved(NOW, Vec::new())),
    };
    update(editor, kept);
    over.clone()
}

#[test]
fn each_save_says_what_it_was_typed_over() {
    let mut editor = opened();
    typed(&mut editor, "x");
    let effects = ticks(&mut editor, 2);
    assert_eq!(save_is_kept(&mut editor, &effects), DraftSeen::text(SOURCE));
    let effects = command(&mut editor, CommandId::EditorDone);
    assert_eq!(effects, []);
    let effects = command(&mut editor, CommandId::EditorDeleteLine);
    assert_eq!(
        save_is_kept(&mut editor, &effects),
        DraftSeen::text(&format!("x{SOURCE}"))
    );

    answer(&mut editor, Answer::Committed(Box::new(version())));
    let effects = command(&mut editor, CommandId::EditorDeleteLine);
    let newest = DraftSeen::Version(Some(version().id));
    assert_eq!(save_is_kept(&mut editor, &effects), newest);
}

#[test]
fn a_draft_that_somebody_else_changed_is_chosen_and_neither_text_is_lost() {
    for (choice, on_screen, after_undo) in [
        ("keep mine", format!("x{SOURCE}"), "theirs".to_owned()),
        ("take theirs", "theirs".to_owned(), format!("x{SOURCE}")),
    ] {
        let mut editor = opened();
        typed(&mut editor, "x");
        assert_eq!(saved_sources(&ticks(&mut editor, 2)).len(), 1);
        let overtaken = || Answer::DraftOvertaken("ben saved another text".into(), Box::new(draft("theirs", NOW)));
        let effects = answer(&mut editor, overtaken());
        assert!(
            matches!(effects.as_slice(), [Effect::Say(_)]),
            "no list while keys are text: {effects:?}"
        );
        assert!(editor.status().starts_with("NOT kept: ben saved another text"));
        let effects = command(&mut editor, CommandId::EditorDone);
        assert_eq!(saved_sources(&effects).len(), 1, "tried again");
        let effects = answer(&mut editor, overtaken());
        let [Effect::Choose(list)] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        assert!(list.entries.iter().any(|entry| entry.id == choice));
        let chosen = Chosen {
            tag: list.tag,
            id: choice.into(),
        };
        let effects = update(&mut editor, ScreenEvent::Chosen(chosen));
        assert_eq!(editor.document.source(), on_screen);
        if choice == "keep mine" {
            assert_eq!(saved_sources(&effects), [on_screen]);
            assert_eq!(save_is_kept(&mut editor, &effects), DraftSeen::text("theirs"));
        } else {
            assert_eq!((effects, editor.save.is_unsaved()), (Vec::new(), false));
        }
        command(&mut editor, CommandId::EditorUndo);
        assert_eq!(editor.document.source(), after_undo);
    }
}

#[test]
fn leaving_insert_keeps_at_once_and_so_does_a_command() {
    let mut editor = opened();
    typed(&mut editor, "x");
    assert_eq!(saved_sources(&command(&mut editor, CommandId::EditorDone)).len(), 1);
    answer(&mut editor, Answer::DraftSaved(NOW, Vec::new()));
    let effects = command(&mut editor, CommandId::EditorDeleteLine);
    assert_eq!(saved_sources(&effects), [SOURCE.split_once('\n').unwrap().1]);
}

#[test]
fn a_failed_save_is_said_kept_in_memory_and_tried_again() {
    let mut editor = opened();
    typed(&mut editor, "ab");
    ticks(&mut editor, 2);
    let effects = save_fails(&mut editor);
    let [Effect::Say(note)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (note.urgency, note.text.as_str()),
        (Urgency::Failure, "the disk is full. make room")
    );
    assert!(editor.status().starts_with("NOT kept: the disk is full"));
    assert_eq!(editor.tick_ms(), None, "no loop against a full disk");
    assert!(drawn(&editor, 80, 21).contains("NOT KEPT"));
    assert_eq!(
        saved_sources(&command(&mut editor, CommandId::VersionCommit)).len(),
        1,
        "^s tries again"
    );
    save_fails(&mut editor);
    typed(&mut editor, "c");
    assert_eq!(saved_sources(&ticks(&mut editor, 2)), [format!("abc{SOURCE}")]);
}

#[test]
fn leaving_waits_for_the_save_and_asks_when_it_fails() {
    let mut editor = opened();
    assert!(!editor.step_back(), "nothing to keep");
    typed(&mut editor, "x");
    command(&mut editor, CommandId::EditorDone);
    assert!(editor.step_back(), "a save is under way");
    assert_eq!(answer(&mut editor, Answer::DraftSaved(NOW, Vec::new())), [Effect::Back]);

    let mut editor = opened();
    typed(&mut editor, "x");
    command(&mut editor, CommandId::EditorDone);
    save_fails(&mut editor);
    assert!(editor.step_back() && editor.tick_ms().is_some());
    assert_eq!(saved_sources(&ticks(&mut editor, 1)).len(), 1);
    assert!(matches!(save_fails(&mut editor).as_slice(), [Effect::Confirm(_)]));
    let confirmed = Confirmed::for_test(CommandId::DraftDrop, None, "");
    assert_eq!(update(&mut editor, ScreenEvent::Confirmed(confirmed)), [Effect::Back]);
    assert_eq!(editor.close(), []);

    let mut editor = opened();
    typed(&mut editor, "x");
    assert_eq!(
        saved_sources(&editor.close()).len(),
        1,
        "a session that ends keeps the draft"
    );
}

#[test]
fn a_reload_never_replaces_newer_text() {
    let mut editor = opened();
    typed(&mut editor, "mine ");
    answer(&mut editor, Answer::Draft(draft("other", NOW)));
    assert!(editor.document.source().starts_with("mine "));
    ticks(&mut editor, 2);
    answer(&mut editor, Answer::DraftSaved(Timestamp(NOW.0 + 5), Vec::new()));
    answer(&mut editor, Answer::Draft(draft("older", NOW)));
    assert!(editor.document.source().starts_with("mine "), "read before the save");
    answer(&mut editor, Answer::Draft(draft("newer", Timestamp(NOW.0 + 9))));
    assert_eq!(editor.document.source(), "newer");
    command(&mut editor, CommandId::EditorUndo);
    assert!(
        editor.document.source().starts_with("mine "),
        "and it can be taken back"
    );
}

#[test]
fn a_version_is_made_of_the_kept_text_with_a_concrete_reason() {
    let mut editor = opened();
    typed(&mut editor, "x");
    let effects = command(&mut editor, CommandId::VersionCommit);
    assert_eq!(saved_sources(&effects).len(), 1);
    assert!(matches!(effects.last(), Some(Effect::Fill(form)) if form.fields.len() == 3));
    let filled = |text: &str| {
        let values = vec![
            ("kind", FieldValue::Choice(2)),
            ("reason", FieldValue::Text(text.into())),
            ("link", FieldValue::Text("run_7".into())),
        ];
        ScreenEvent::Filled(Filled::for_test("commit", values))
    };
    let effects = update(&mut editor, filled("ok"));
    assert!(
        matches!(effects.as_slice(), [Effect::Say(_), Effect::Fill(_)]),
        "what was typed is filled in again"
    );
    assert_eq!(
        update(&mut editor, filled("billing disputes were missed")),
        [],
        "waits for the save"
    );
    let effects = answer(&mut editor, Answer::DraftSaved(NOW, Vec::new()));
    let [Effect::Ask(Request::Commit { prompt, reason, .. })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((prompt, reason.link.as_deref()), (&name(), Some("run_7")));
}

#[test]
fn r_tries_a_draft_and_runs_a_version_that_was_just_saved() {
    let mut editor = opened();
    let effects = command(&mut editor, CommandId::RunStart);
    assert!(
        matches!(effects.as_slice(), [Effect::Fill(form)] if form.tag == "try"),
        "{effects:?}"
    );
    let filled = |row: &str| {
        let row = ("row", FieldValue::Text(row.into()));
        ScreenEvent::Filled(Filled::for_test("try", vec![row]))
    };
    let effects = update(&mut editor, filled("241"));
    let [Effect::Say(Note { text, .. }), Effect::Fill(_)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(text.ends_with("it has rows 1 to 240"), "{text}");
    let effects = update(&mut editor, filled("18"));
    let [Effect::Ask(Request::Try { place, source, .. })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((*place, source.as_str()), (17, SOURCE));

    answer(&mut editor, Answer::Committed(Box::new(version())));
    answer(&mut editor, Answer::Draft(unstored("printed as it is kept")));
    let effects = command(&mut editor, CommandId::RunStart);
    assert_eq!(effects.len(), 3, "asks what there is to run on: {effects:?}");
    typed(&mut editor, "x");
    let effects = command(&mut editor, CommandId::RunStart);
    assert!(
        matches!(effects.as_slice(), [Effect::Fill(form)] if form.tag == "try"),
        "changed since"
    );
    let effects = answer(&mut editor, Answer::Run(RunId(7)));
    assert_eq!(effects.last(), Some(&Effect::Open(Place::Run(RunId(7)))));
}

#[test]
fn marks_search_and_availability() {
    let mut editor = opened();
    command(&mut editor, CommandId::ProblemNext);
    assert_eq!(editor.document.cursor(), (18, 0));
    assert!(editor.why_off(CommandId::MatchNext).is_err());
    command(&mut editor, CommandId::Search);
    assert!(editor.takes_text() && editor.scopes().is_empty());
    for c in "ticket".chars() {
        update(&mut editor, ScreenEvent::Key(Key::char(c)));
    }
    update(&mut editor, ScreenEvent::Key(Key::plain(KeyCode::Enter)));
    assert_eq!(editor.search.found, Some((4, 4)));
    assert!(editor.step_back() && editor.search.query.is_empty());

    answer(
        &mut editor,
        Answer::DraftSaved(NOW, vec![lint_mark(15, true, "unknown variable 'compny'")]),
    );
    assert_eq!(
        editor.why_off(CommandId::VersionCommit),
        Err("line 15: unknown variable 'compny'".into())
    );
    typed(&mut editor, "x");
    assert_eq!(
        editor.why_off(CommandId::VersionCommit),
        Ok(()),
        "the marks are of an older text"
    );
    assert!(Editor::new(name()).why_off(CommandId::EditorInsert).is_err());
}

fn worked_in() -> Editor {
    let mut editor = opened();
    command(&mut editor, CommandId::DraftTry);
    let row = ("row", FieldValue::Text("18".into()));
    update(&mut editor, ScreenEvent::Filled(Filled::for_test("try", vec![row])));
    answer(&mut editor, Answer::Tried(Box::new(outcome())));
    editor.document.jump(17, 71);
    typed(&mut editor, "; a disputed bill");
    editor
}

#[test]
fn looks_right_at_80_columns() {
    insta::assert_snapshot!(drawn(&worked_in(), 80, 21));
}

#[test]
fn looks_right_at_100_columns() {
    insta::assert_snapshot!(drawn(&worked_in(), 100, 27));
}

#[test]
fn looks_right_at_160_columns() {
    insta::assert_snapshot!(drawn(&worked_in(), 160, 47));
}

#[test]
fn a_side_pane_takes_half_of_a_narrow_screen() {
    let mut editor = worked_in();
    command(&mut editor, CommandId::EditorDone);
    command(&mut editor, CommandId::PanePrevious);
    insta::assert_snapshot!(drawn(&editor, 80, 21));
}

#[test]
fn says_that_it_loads_and_why_it_cannot() {
    let mut editor = Editor::new(name());
    assert!(drawn(&editor, 80, 21).contains("loading the draft"));
    let fault = Fault {
        what: "no prompt named support_triage".into(),
        hint: String::new(),
    };
    let request = Request::OpenDraft(name());
    update(
        &mut editor,
        ScreenEvent::Answered {
            request,
            result: Err(fault),
        },
    );
    assert!(drawn(&editor, 80, 21).contains("The draft cannot be opened: no prompt named support_triage"));
}

#[test]
fn draws_at_any_size() {
    let mut editor = worked_in();
    for _ in 0..3 {
        for (width, height) in [(0, 0), (1, 1), (2, 2), (5, 3), (60, 13), (80, 4), (100, 2), (160, 1)] {
            drawn(&editor, width, height);
        }
        command(&mut editor, CommandId::PaneNext);
    }
}
