//! The mouse over what lies over a screen.

use super::*;
use crate::tui::screens::ScreenEvent;

/// Presses the first button on the first place where the screen shows `text`, after a frame was drawn.
fn click(app: &mut App, text: &str) -> Vec<Order> {
    let screen = drawn(app, 80, 24);
    app.update(NOW, Msg::Drawn);
    let found = screen.lines().enumerate().find_map(|(row, line)| {
        let (before, _) = line.split_once(text)?;
        Some((crate::text::width(before), row))
    });
    let (column, row) = found.unwrap_or_else(|| panic!("no {text:?} in\n{screen}"));
    let mouse = Mouse {
        kind: MouseKind::Press,
        column: u16::try_from(column).unwrap(),
        row: u16::try_from(row).unwrap(),
    };
    app.update(NOW, Msg::Mouse(mouse))
}

fn with_probe() -> App {
    let mut app = app_at(80, 24);
    app.push(Box::new(Probe::default()));
    app.finish();
    app
}

#[test]
fn a_question_is_answered_on_its_words_alone() {
    let mut app = with_probe();
    press(&mut app, "ctrl-c ctrl-c");
    assert!(!click(&mut app, "Quit?").contains(&Order::Quit));
    assert!(app.layer.is_some(), "that was no answer");
    click(&mut app, "n no");
    assert!(app.layer.is_none());
    press(&mut app, "ctrl-c ctrl-c");
    assert!(click(&mut app, "yes").contains(&Order::Quit));
}

#[test]
fn fields_and_buttons_of_a_dialog_are_clicked() {
    let mut app = with_probe();
    press(&mut app, "P");
    click(&mut app, "[ Promote ]");
    let screen = drawn(&app, 80, 24);
    assert!(screen.contains("! off until the name matches"), "{screen}");
    click(&mut app, "Reason");
    app.update(NOW, Msg::Paste("better on every route".into()));
    press(&mut app, "shift-tab p r o d _ v 9");
    click(&mut app, "[ Promote ]");
    assert!(app.layer.is_none(), "it was confirmed");
}

#[test]
fn a_form_is_sent_by_its_button_and_left_by_the_footer() {
    let mut app = with_probe();
    press(&mut app, "H");
    click(&mut app, "[ Send ]");
    assert!(drawn(&app, 80, 24).contains("! Reason is missing"));
    press(&mut app, "w h y");
    let orders = click(&mut app, "[ Send ]");
    let sent = |order: &Order| {
        matches!(
            order,
            Order::Ask {
                request: Request::Reviews,
                ..
            }
        )
    };
    assert!(orders.iter().any(sent), "{orders:?}");

    press(&mut app, "H");
    click(&mut app, "esc stop");
    assert!(app.layer.is_none());
}

#[test]
fn an_entry_of_the_palette_is_run_by_a_click_and_the_wheel_moves() {
    let mut app = with_probe();
    press(&mut app, ":");
    let wheel = Mouse {
        kind: MouseKind::ScrollDown,
        column: 40,
        row: 10,
    };
    app.update(NOW, Msg::Mouse(wheel));
    assert!(drawn(&app, 80, 24).contains("> Go to Prompts"));
    click(&mut app, "Go to Releases");
    assert!(app.layer.is_none());
    assert_eq!(app.tab, Tab::Releases);
}

#[test]
fn no_click_reaches_the_screen_below() {
    let mut app = with_probe();
    press(&mut app, "P");
    click(&mut app, "probe");
    press(&mut app, "esc");
    let mouse = format!(
        "{:?}",
        ScreenEvent::Mouse(
            Mouse {
                kind: MouseKind::Press,
                column: 0,
                row: 1
            },
            Rect::new(0, 1, 80, 21),
        )
    );
    let screen = drawn(&app, 80, 24);
    assert!(!screen.contains(&mouse));
    // The probe counts what it has seen: its answer to P, and nothing since.
    assert!(screen.contains("probe 1"), "{screen}");
}
