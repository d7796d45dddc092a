//! What tests of screens share: a fixed session, a drawn screen as text.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

use super::review::Viewed;
use super::{Context, Screen};
use crate::domain::actor::Actor;
use crate::domain::time::Timestamp;
use crate::tui::keymap::Keymap;
use crate::tui::layout::size_class;
use crate::tui::session_info::{ColourDepth, GlyphSet, Link, SessionInfo};
use crate::tui::theme::Theme;

/// The moment at which tests happen: 2026-06-01 12:00 UTC.
pub const NOW: Timestamp = Timestamp(1_780_315_200_000);

/// A session in ASCII without colours, so that a drawn screen is plain text.
pub fn session_info() -> SessionInfo {
    SessionInfo {
        user: Actor::new("anna").unwrap(),
        roles: String::new(),
        store: "demo".into(),
        link: Link::Local,
        colours: ColourDepth::None,
        glyphs: GlyphSet::Ascii,
        light: false,
    }
}

/// Runs `act` with the context of a terminal of that size.
pub fn with_context<T>(width: u16, height: u16, act: impl FnOnce(&Context) -> T) -> T {
    let session = session_info();
    let theme = Theme::new(&session);
    let keymap = Keymap::default();
    let smallest = Size::new(60, 16);
    act(&Context {
        theme: &theme,
        size_class: size_class(Size::new(width, height))
            .or_else(|| size_class(smallest))
            .unwrap(),
        now: NOW,
        session: &session,
        viewed: &Viewed::default(),
        keymap: &keymap,
    })
}

/// A screen's body drawn alone into `width` x `height` cells, as text.
pub fn drawn(screen: &dyn Screen, width: u16, height: u16) -> String {
    // The body of a terminal with three rows more: title, status and footer.
    with_context(width, height.saturating_add(3), |context| {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| screen.view(frame, frame.area(), context))
            .unwrap();
        grid(terminal.backend())
    })
}

/// The cells of a test terminal as lines of text, without the spaces at their ends.
pub fn grid(backend: &TestBackend) -> String {
    let buffer = backend.buffer();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut row = String::new();
        let mut x = 0;
        while let Some(cell) = buffer.cell((x, y)).filter(|_| x < buffer.area.width) {
            row.push_str(cell.symbol());
            // A wide character covers the cell behind it.
            x += u16::try_from(crate::text::width(cell.symbol())).unwrap().max(1);
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// Compares a screen drawn in terminals of the three sizes of the layout rules with its snapshots.
pub fn check_drawn(name: &str, screen: &dyn Screen) {
    for (width, height) in [(80, 24), (100, 30), (160, 50)] {
        // Title, status and footer are the app's.
        let body = drawn(screen, width, height - 3);
        let name = format!("{name}_{width}x{height}");
        insta::with_settings!({prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(name, body);
        });
    }
}

/// Draws a screen into sizes that nobody asked for: it must only not panic.
pub fn check_any_size(screen: &dyn Screen) {
    for (width, height) in [(0, 0), (1, 0), (0, 1), (1, 1), (2, 2), (60, 13), (3, 40), (200, 3)] {
        drawn(screen, width, height);
    }
}

/// Sends an event to a screen in a terminal of 100x30.
pub fn sent(screen: &mut dyn Screen, event: super::ScreenEvent) -> Vec<crate::tui::effect::Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

/// Sends a command.
pub fn commanded(screen: &mut dyn Screen, command: crate::tui::command::CommandId) -> Vec<crate::tui::effect::Effect> {
    sent(screen, super::ScreenEvent::Command(command))
}

/// Sends an answer, or a failure.
pub fn answered(
    screen: &mut dyn Screen,
    request: crate::workbench::Request,
    result: Result<crate::workbench::Answer, crate::workbench::Fault>,
) -> Vec<crate::tui::effect::Effect> {
    sent(screen, super::ScreenEvent::Answered { request, result })
}
