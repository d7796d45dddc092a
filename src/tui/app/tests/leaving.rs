//! What was typed is not lost when screens close, the session ends or a request is refused.

use super::*;

/// An app with a probe on Home that holds text which is not stored.
fn unsaved() -> (App, ScreenId) {
    let mut app = app_at(80, 24);
    app.push(Box::new(Probe {
        unsaved: true,
        ..Probe::default()
    }));
    app.finish();
    let id = app.visible().unwrap().id;
    (app, id)
}

fn answer(app: &mut App, to: ScreenId, request: Request, why_not: Option<&str>) -> Vec<Order> {
    let fault = |why: &str| Fault {
        what: why.to_owned(),
        hint: "make room".into(),
    };
    let result = why_not.map_or(Ok(Answer::DraftDiscarded), |why| Err(fault(why)));
    app.update(NOW, Msg::Answered { to, request, result })
}

#[test]
fn quitting_waits_until_what_was_typed_is_stored() {
    let (mut app, probe) = unsaved();
    app.go_to(Tab::Runs);
    let orders = press(&mut app, "ctrl-c ctrl-c y");
    let save = Order::Ask {
        from: probe,
        request: Request::Status,
    };
    assert!(
        orders.contains(&save) && !orders.contains(&Order::Quit),
        "the save is first: {orders:?}"
    );
    assert!(answer(&mut app, probe, Request::Status, None).contains(&Order::Quit));
}

#[test]
fn a_save_that_fails_keeps_the_session_until_losing_the_text_is_agreed_to() {
    let (mut app, probe) = unsaved();
    app.go_to(Tab::Runs);
    press(&mut app, "ctrl-c ctrl-c y");
    let orders = answer(&mut app, probe, Request::Status, Some("the disk is full"));
    assert!(!orders.contains(&Order::Quit), "{orders:?}");
    let screen = drawn(&app, 80, 24);
    assert!(
        screen.contains("NOT kept: the disk is full. Quit and lose what was typed?"),
        "{screen}"
    );
    assert!(!press(&mut app, "n").contains(&Order::Quit));
    press(&mut app, "ctrl-c ctrl-c y");
    answer(&mut app, probe, Request::Status, Some("the disk is full"));
    assert!(press(&mut app, "y").contains(&Order::Quit));
}

#[test]
fn the_digit_of_the_tab_closes_no_screen_whose_text_is_not_stored() {
    let (mut app, probe) = unsaved();
    press(&mut app, "1");
    answer(&mut app, probe, Request::Status, Some("the disk is full"));
    assert_eq!(app.stack().len(), 2, "the text is still there");
    press(&mut app, "1");
    answer(&mut app, probe, Request::Status, None);
    assert_eq!(app.stack().len(), 1);
}

#[test]
fn a_screen_that_goes_back_takes_only_itself_away() {
    let mut app = probed();
    let probe = app.visible().unwrap().id;
    app.push(Place::Decisions.build());
    let closed = Msg::EditorClosed {
        to: probe,
        result: Ok(String::new()),
    };
    app.update(NOW, closed);
    assert_eq!(app.visible().unwrap().screen.place(), Place::Decisions);
    assert_eq!(app.stack().len(), 2);
    assert!(app.stack().iter().all(|open| open.id != probe));
}

#[test]
fn a_refused_form_comes_back_with_what_was_typed_and_the_whole_reason() {
    let mut app = probed();
    let probe = app.visible().unwrap().id;
    let refused =
        "reason: not concrete: say what decided it, for example the metric, the failing example or the person";
    press(&mut app, "H b e t t e r enter enter");
    answer(&mut app, probe, Request::Reviews, Some(refused));
    let screen = drawn(&app, 80, 24);
    assert!(
        screen.contains("[ better ") && screen.contains("or the person. make room"),
        "{screen}"
    );
    // Once it went well, a later failure of the same request opens nothing.
    press(&mut app, "enter");
    answer(&mut app, probe, Request::Reviews, None);
    answer(&mut app, probe, Request::Reviews, Some("the disk is full"));
    assert!(app.layer.is_none());
}

#[test]
fn a_warning_goes_with_the_next_key_and_a_failure_stays() {
    let mut app = probed();
    press(&mut app, "L");
    assert!(app.note.is_some());
    press(&mut app, "j");
    assert_eq!(app.note, None);
    let probe = app.visible().unwrap().id;
    answer(&mut app, ScreenId(9), Request::Reviews, Some("the disk is full"));
    assert_ne!(probe, ScreenId(9));
    press(&mut app, "j");
    assert!(app.note.is_some());
}
