//! What the app says of those who are here too.

use super::*;
use crate::domain::actor::Actor;
use crate::domain::ids::PromptName;
use crate::workbench::{Doing, Presence};

fn presence(name: &str, doing: Doing) -> Presence {
    Presence {
        number: 7,
        name: Actor::new(name).unwrap(),
        place: "ssh 192.0.2.7".into(),
        since: NOW,
        doing,
    }
}

fn editing() -> Doing {
    Doing::Editing(PromptName::new("router").unwrap())
}

fn status_line(app: &App, columns: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, 24)).unwrap();
    terminal.draw(|frame| app.view(frame)).unwrap();
    let drawn = grid(terminal.backend());
    drawn.lines().nth(22).unwrap().to_owned()
}

fn app_at(place: &Place) -> App {
    let mut app = App::new(session_info(), Keymap::default(), Size::new(80, 24));
    app.start(NOW);
    app.open(place);
    app
}

#[test]
fn home_says_who_is_here_in_as_many_words_as_fit() {
    let mut app = app_at(&Place::Home);
    assert_eq!(status_line(&app, 80), "");
    let others = vec![
        presence("ben", editing()),
        presence("mei", Doing::Looking("Runs > run_421".into())),
        presence("anna", Doing::Looking("Home".into())),
    ];
    app.update(NOW, Msg::Others(others));
    let line = status_line(&app, 120);
    let expected = "here: ben editing router, mei in Runs > run_421, you elsewhere in Home";
    assert!(line.ends_with(expected), "{line}");
    assert!(status_line(&app, 60).ends_with("here: ben editing router, mei in Runs > run_421, +1"));
    app.update(NOW, Msg::Note(Note::warning("x".repeat(70))));
    assert!(!status_line(&app, 80).contains("here:"), "a note goes first");
    app.update(NOW, Msg::Others(Vec::new()));
    assert!(!status_line(&app, 120).contains("here:"));
}

#[test]
fn an_editor_warns_before_anything_is_typed() {
    let prompt = PromptName::new("router").unwrap();
    let mut app = app_at(&Place::Editor(prompt));
    let others = |names: &[&str]| Msg::Others(names.iter().map(|name| presence(name, editing())).collect());
    app.update(NOW, others(&["ben"]));
    assert!(status_line(&app, 80).ends_with("ben has this draft open too"));
    app.update(NOW, others(&["ben", "anna"]));
    assert!(status_line(&app, 80).ends_with("ben, you elsewhere have this draft open too"));
    let other_draft = Doing::Editing(PromptName::new("greeting").unwrap());
    app.update(NOW, Msg::Others(vec![presence("ben", other_draft)]));
    assert_eq!(status_line(&app, 80), "");
}

#[test]
fn others_are_told_what_one_is_at_once_for_each_change() {
    let mut app = App::new(session_info(), Keymap::default(), Size::new(80, 24));
    let told = |orders: Vec<Order>| -> Vec<Doing> {
        let doing = |order| match order {
            Order::NowAt(doing) => Some(doing),
            _ => None,
        };
        orders.into_iter().filter_map(doing).collect()
    };
    assert_eq!(told(app.start(NOW)), [Doing::Looking("Home".into())]);
    assert_eq!(
        told(app.update(NOW, Msg::Key(Key::parse("2").unwrap()))),
        [Doing::Looking("Prompts".into())]
    );
    assert_eq!(told(app.update(NOW, Msg::Key(Key::parse("j").unwrap()))), []);
}

#[test]
fn a_form_that_is_half_filled_stays_as_it_is_whoever_comes() {
    let mut app = app_at(&Place::Home);
    app.apply(app.visible().unwrap().id, Effect::Fill(why_form()));
    app.update(NOW, Msg::Drawn);
    for key in ["a", "b"] {
        app.update(NOW, Msg::Key(Key::parse(key).unwrap()));
    }
    let before = format!("{:?}", app.layer);
    app.update(NOW, Msg::Others(vec![presence("ben", editing())]));
    app.update(NOW, Msg::Changed);
    assert_eq!(format!("{:?}", app.layer), before);
}

#[test]
fn screens_that_move_to_another_terminal_are_as_they_were_and_load_anew() {
    let mut app = app_at(&Place::Models);
    app.apply(app.visible().unwrap().id, Effect::Fill(why_form()));
    app.update(NOW, Msg::Keep);
    let mut session = session_info();
    session.link = crate::tui::session_info::Link::Remote;
    app.move_to(session, Keymap::default(), Size::new(120, 40));
    let orders = app.start(NOW);
    let asked = orders.iter().filter(|order| matches!(order, Order::Ask { .. })).count();
    assert!(asked > 0, "{orders:?}");
    assert_eq!(app.visible().unwrap().screen.place(), Place::Models);
    assert!(
        app.layer.as_ref().is_some_and(|layer| !layer.drawn),
        "no key reaches it before it is seen"
    );
}

fn why_form() -> Form {
    Form {
        tag: "why",
        title: "Why".into(),
        notes: Vec::new(),
        fields: vec![FormField::text("reason", "Reason").required()],
        button: "Send".into(),
        more: None,
    }
}
