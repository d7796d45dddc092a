mod leaving;
mod mouse;
mod present;
mod viewed;

use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::{Frame, Terminal};

use super::*;
use crate::tui::input::{KeyCode, Mouse, MouseKind};
use crate::tui::overlays::dialog::{Dialog, Fact, ReasonRule};
use crate::tui::overlays::form::{Form, FormField};
use crate::tui::screens::UnsavedText;
use crate::tui::screens::testing::{NOW, grid, session_info};
use crate::workbench::{Answer, Fault};

/// A screen that notes what happens to it.
#[derive(Debug, Default)]
struct Probe {
    seen: Vec<String>,
    typing: bool,
    steps_back: usize,
    unsaved: bool,
}

impl Screen for Probe {
    fn place(&self) -> Place {
        Place::Home
    }
    fn scopes(&self) -> Vec<Scope> {
        if self.typing {
            vec![Scope::EditorInsert]
        } else {
            vec![Scope::Releases]
        }
    }
    fn title(&self) -> String {
        "Probe".into()
    }
    fn requests(&self) -> Vec<Request> {
        vec![Request::Status]
    }
    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        self.seen.push(format!("{event:?}"));
        match event {
            ScreenEvent::Command(CommandId::Search) => self.typing = true,
            ScreenEvent::Command(CommandId::ReleasePromote) => {
                let facts = vec![Fact::new("makes", "support_triage_prod_v9")];
                let command = CommandId::ReleasePromote;
                return vec![Effect::Confirm(Dialog::typed(
                    command, "Promote", facts, "Promote", "prod_v9",
                ))];
            }
            ScreenEvent::Command(CommandId::History) => {
                let fields = vec![FormField::text("reason", "Reason").required()];
                let (title, button) = ("Why".to_owned(), "Send".to_owned());
                return vec![Effect::Fill(Form {
                    tag: "why",
                    title,
                    notes: Vec::new(),
                    fields,
                    button,
                    more: None,
                })];
            }
            ScreenEvent::Filled(_) => return vec![Effect::Ask(Request::Reviews)],
            ScreenEvent::EditorClosed(_) => return vec![Effect::Back],
            ScreenEvent::Answered { result: Ok(_), .. } => self.unsaved = false,
            ScreenEvent::Command(CommandId::ReleaseRollBack) => {
                let command = CommandId::ReleaseRollBack;
                let reason = Dialog::reason(command, "Roll back", vec![], "Roll back", ReasonRule::Required);
                return vec![Effect::Confirm(reason)];
            }
            _ => {}
        }
        Vec::new()
    }
    fn view(&self, frame: &mut Frame, area: Rect, _context: &Context) {
        frame.render_widget(Line::raw(format!("probe {}", self.seen.len())), area);
    }
    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::Lineage => Err("nothing is selected".into()),
            _ => Ok(()),
        }
    }
    fn takes_text(&self) -> bool {
        self.typing
    }
    fn step_back(&mut self) -> bool {
        let any = self.steps_back > 0;
        self.steps_back = self.steps_back.saturating_sub(1);
        any
    }
    fn unsaved_text(&self) -> Option<UnsavedText> {
        self.unsaved.then(|| UnsavedText {
            what: "the probe".into(),
            text: "typed".into(),
        })
    }
    fn is_unsaved(&self) -> bool {
        self.unsaved
    }
    fn close(&mut self) -> Vec<Effect> {
        vec![Effect::Ask(Request::Status)]
    }
    fn watches(&self) -> Vec<RunId> {
        vec![RunId(421)]
    }
}

fn app_at(width: u16, height: u16) -> App {
    let mut app = App::new(session_info(), Keymap::default(), Size::new(width, height));
    app.start(NOW);
    app
}

/// An app with a probe on top of Home.
fn probed() -> App {
    let mut app = app_at(80, 24);
    app.push(Box::new(Probe::default()));
    app.finish();
    app
}

fn said(app: &App) -> &str {
    app.note.as_ref().map_or("", |note| note.text.as_str())
}

/// Presses keys. The orders that come of them, but for what others are told.
fn press(app: &mut App, keys: &str) -> Vec<Order> {
    let press_one = |key| app.update(NOW, Msg::Key(Key::parse(key).unwrap()));
    let orders = keys.split(' ').flat_map(press_one);
    orders.filter(|order| !matches!(order, Order::NowAt(_))).collect()
}

fn drawn(app: &App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| app.view(frame)).unwrap();
    grid(terminal.backend())
}

fn last_seen(app: &App) -> String {
    let debug = format!("{:?}", app.visible().unwrap().screen);
    debug.rsplit_once("typing").unwrap().0.to_owned()
}

#[test]
fn opens_home_and_asks_for_what_it_shows() {
    let mut app = App::new(session_info(), Keymap::default(), Size::new(80, 24));
    let from = ScreenId(0);
    let request = Request::Status;
    let told = Order::NowAt(Doing::Looking("Home".into()));
    assert_eq!(app.start(NOW), [Order::Ask { from, request }, told]);
}

#[test]
fn esc_never_quits_and_q_quits_only_on_home() {
    let mut app = app_at(80, 24);
    press(&mut app, "4");
    assert_eq!(app.tab, Tab::Runs);
    assert_eq!(press(&mut app, "esc esc esc"), []);
    assert_eq!(app.tab, Tab::Home);
    press(&mut app, "6");
    assert!(!press(&mut app, "q").contains(&Order::Quit));
    assert!(press(&mut app, "q").contains(&Order::Quit));
}

#[test]
fn a_screen_takes_its_own_step_back_before_it_is_left() {
    let mut app = app_at(80, 24);
    app.push(Box::new(Probe {
        steps_back: 1,
        ..Probe::default()
    }));
    press(&mut app, "esc");
    assert_eq!(app.stack().len(), 2);
    let orders = press(&mut app, "esc");
    assert_eq!(app.stack().len(), 1);
    assert!(
        matches!(orders.as_slice(), [Order::Ask { .. }, Order::Unwatch(RunId(421))]),
        "{orders:?}"
    );
}

#[test]
fn a_chord_shows_what_may_follow_and_waits() {
    let mut app = probed();
    press(&mut app, "y");
    let screen = drawn(&app, 80, 24);
    assert!(
        screen.contains(" y:  v value  i id  c command  j json  a all  s show plain"),
        "{screen}"
    );
    press(&mut app, "esc");
    assert!(app.pending.is_empty());
    press(&mut app, "y i");
    assert!(last_seen(&app).contains("Command(CopyId)"));
}

#[test]
fn a_command_that_is_off_says_why() {
    let mut app = probed();
    press(&mut app, "L");
    assert!(drawn(&app, 80, 24).contains("! Lineage is off: nothing is selected"));
    assert_eq!(app.availability(CommandId::RunCancel), Err("only on Runs".into()));
    press(&mut app, "?");
    let mut help = drawn(&app, 100, 30);
    for c in "lineage".chars() {
        app.update(NOW, Msg::Key(Key::char(c)));
        help = drawn(&app, 100, 30);
    }
    assert!(
        help.contains("Not now") && help.contains("Lineage: nothing is selected"),
        "{help}"
    );
}

#[test]
fn a_paste_without_a_field_runs_nothing() {
    let mut app = probed();
    let before = last_seen(&app);
    app.update(NOW, Msg::Paste("P B q 2".into()));
    assert_eq!(last_seen(&app), before);
    assert!(drawn(&app, 80, 24).contains("pasted text was dropped"));
    press(&mut app, "/");
    app.update(NOW, Msg::Paste("P B q 2".into()));
    assert!(last_seen(&app).contains(r#"Paste(\"P B q 2\")"#));
}

#[test]
fn letters_are_text_while_a_field_has_the_focus() {
    let mut app = probed();
    press(&mut app, "/ P 2 q");
    assert_eq!(app.tab, Tab::Home);
    assert!(app.layer.is_none());
    press(&mut app, "ctrl-s");
    let seen = last_seen(&app);
    assert!(
        seen.contains("Key(Key { code: Char('q')") && seen.contains("Command(VersionCommit)"),
        "{seen}"
    );
}

#[test]
fn a_dangerous_dialog_takes_no_key_before_it_was_seen() {
    let mut app = probed();
    press(&mut app, "P p r o d _ v 9 tab b e c a u s e space w h y tab enter");
    assert!(app.layer.is_some(), "typed ahead: nothing reached the dialog");
    app.update(NOW, Msg::Drawn);
    press(&mut app, "enter enter enter");
    assert!(app.layer.is_some(), "half filled: nothing happens");
    assert!(drawn(&app, 80, 24).contains("off until the name matches and a reason is given"));
    press(&mut app, "tab p r o d _ v 9 tab b e c a u s e space w h y tab enter");
    assert!(app.layer.is_none());
    let seen = last_seen(&app);
    assert!(
        seen.contains("Confirmed(Confirmed { command: ReleasePromote, level: Typed"),
        "{seen}"
    );
    assert!(seen.contains("reason: \\\"because why\\\""), "{seen}");
}

#[test]
fn no_key_reaches_the_screen_under_an_overlay() {
    let mut app = probed();
    app.update(NOW, Msg::Drawn);
    press(&mut app, ":");
    let before = last_seen(&app);
    press(&mut app, "x P 4 ctrl-d");
    assert_eq!((last_seen(&app), app.tab), (before, Tab::Home));
    press(&mut app, "esc");
    assert!(app.layer.is_none());
}

#[test]
fn the_palette_runs_what_it_finds() {
    let mut app = probed();
    press(&mut app, ": r o l l space b a c k enter");
    assert!(
        matches!(&app.layer, Some(layer) if layer.owner.is_some()),
        "the dialog of the screen is open"
    );
}

#[test]
fn changes_are_asked_for_once_at_a_time() {
    let mut app = app_at(80, 24);
    let (from, request) = (ScreenId(0), Request::Status);
    let ask = Order::Ask {
        from,
        request: request.clone(),
    };
    for _ in 0..3 {
        assert_eq!(app.update(NOW, Msg::Changed), [], "the first is not answered yet");
    }
    let answered = || Msg::Answered {
        to: from,
        request: request.clone(),
        result: Ok(Answer::DraftDiscarded),
    };
    assert_eq!(app.update(NOW, answered()), std::slice::from_ref(&ask));
    assert_eq!(app.update(NOW, answered()), []);
    assert_eq!(app.update(NOW, Msg::Changed), [ask]);
}

#[test]
fn a_late_answer_finds_nobody_but_a_failure_is_told() {
    let mut app = probed();
    press(&mut app, "esc");
    let answered = |result| Msg::Answered {
        to: ScreenId(1),
        request: Request::Status,
        result,
    };
    app.update(NOW, answered(Ok(Answer::DraftDiscarded)));
    assert_eq!(app.note, None);
    let fault = Fault {
        what: "draft not kept: disk full".into(),
        hint: "free space".into(),
    };
    app.update(NOW, answered(Err(fault)));
    assert!(drawn(&app, 80, 24).contains("! draft not kept: disk full. free space"));
}

#[test]
fn runs_are_watched_while_their_screen_is_shown() {
    let mut app = app_at(80, 24);
    app.push(Box::new(Probe::default()));
    assert!(app.finish().contains(&Order::Watch(RunId(421))));
    assert!(press(&mut app, "2").contains(&Order::Unwatch(RunId(421))));
    assert!(press(&mut app, "ctrl-c").is_empty());
}

#[test]
fn interrupting_twice_asks_to_quit() {
    let mut app = app_at(80, 24);
    assert_eq!(press(&mut app, "ctrl-c ctrl-c"), []);
    assert!(drawn(&app, 80, 24).contains(" Quit?  What is saved stays."));
    assert_eq!(press(&mut app, "enter"), [], "no is the default");
    press(&mut app, "ctrl-c");
    app.update(Timestamp(NOW.0 + 3_000), Msg::Key(Key::ctrl('c')));
    assert!(app.layer.is_none(), "too late to be the second");
    app.update(Timestamp(NOW.0 + 3_500), Msg::Key(Key::ctrl('c')));
    assert!(press(&mut app, "y").contains(&Order::Quit));
}

#[test]
fn the_mouse_acts_where_tabs_and_footer_are_drawn() {
    let mut app = app_at(80, 24);
    let screen = drawn(&app, 80, 24);
    let column = |line: usize, text: &str| {
        let at = screen.lines().nth(line).unwrap().find(text).unwrap();
        u16::try_from(at).unwrap()
    };
    let click = |column, row| {
        let kind = MouseKind::Press;
        Msg::Mouse(Mouse { kind, column, row })
    };
    app.update(NOW, click(column(0, "Review"), 0));
    assert_eq!(app.tab, Tab::Review);
    app.update(NOW, click(column(23, ": cmd"), 23));
    assert!(drawn(&app, 80, 24).contains("Command"));
    app.update(NOW, Msg::Key(Key::plain(KeyCode::Esc)));
    app.update(NOW, click(column(23, "? help"), 23));
    assert!(drawn(&app, 80, 24).contains("Help:"));
}

#[test]
fn too_small_a_terminal_has_keys_off() {
    let mut app = app_at(59, 15);
    press(&mut app, "4 :");
    assert_eq!((app.tab, app.layer.is_some()), (Tab::Home, false));
    assert_eq!(press(&mut app, "q"), []);
    assert_eq!(press(&mut app, "ctrl-z"), [Order::Suspend]);
    assert_eq!(press(&mut app, "ctrl-c"), [Order::Quit]);
    assert!(drawn(&app, 48, 10).starts_with("too small: 48 x 10\nneeds 60 x 16\n"));
}

#[test]
fn draws_into_any_size() {
    let mut app = probed();
    app.update(NOW, Msg::Drawn);
    for keys in ["?", ":", "P", "B", "y"] {
        press(&mut app, keys);
        for size in [
            (0, 0),
            (1, 0),
            (0, 1),
            (1, 1),
            (2, 2),
            (60, 2),
            (2, 16),
            (60, 16),
            (500, 300),
        ] {
            app.update(NOW, Msg::Resize(Size::new(size.0, size.1)));
            drawn(&app, size.0, size.1);
        }
        app.update(NOW, Msg::Resize(Size::new(80, 24)));
        press(&mut app, "esc");
    }
}

#[test]
fn home_at_the_sizes_of_the_design() {
    for (width, height) in [(60, 16), (80, 24), (100, 30), (160, 50)] {
        let app = app_at(width, height);
        insta::assert_snapshot!(format!("home_{width}x{height}"), drawn(&app, width, height));
    }
}

#[test]
fn overlays_at_80x24() {
    let mut app = probed();
    app.counts[Tab::Review as usize] = 3;
    for (keys, name) in [(":", "palette"), ("?", "help"), ("P", "promote"), ("B", "reason")] {
        press(&mut app, keys);
        insta::assert_snapshot!(name, drawn(&app, 80, 24));
        app.update(NOW, Msg::Drawn);
        press(&mut app, "esc");
    }
}

#[test]
fn a_key_that_works_elsewhere_says_where() {
    let mut app = app_at(80, 24);
    app.push(Box::new(Probe::default()));
    press(&mut app, "A");
    assert_eq!(said(&app), "A does nothing here; it is Approve on Review");
    press(&mut app, "O");
    assert_eq!(said(&app), "", "a key of the editor is no news elsewhere");
    press(&mut app, "/ A");
    assert_eq!(said(&app), "", "while typing it is text");
}
