//! What tests of screens share: a fixed session, a drawn screen as text.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

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
