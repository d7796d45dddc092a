//! Text alone on a clean screen, without borders, for selection by mouse.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use super::{Overlay, Step};
use crate::text::Printable;
use crate::tui::command::CommandId;
use crate::tui::input::{Key, KeyCode};
use crate::tui::screens::Context;
use crate::tui::widgets::text_view::TextView;

/// The text while it is shown.
#[derive(Debug)]
pub struct Plain {
    title: String,
    text: Printable,
    view: TextView,
}

impl Plain {
    /// Shows text.
    pub fn new(title: &str, text: &str) -> Self {
        Self {
            title: Printable::line(title).to_string(),
            text: Printable::block(text),
            view: TextView::default(),
        }
    }
}

impl Overlay for Plain {
    fn key(&mut self, key: Key) -> Step {
        let command = match key.code {
            KeyCode::Down | KeyCode::Char('j') => CommandId::MoveDown,
            KeyCode::Up | KeyCode::Char('k') => CommandId::MoveUp,
            KeyCode::PageDown | KeyCode::Char(' ') => CommandId::PageDown,
            KeyCode::PageUp => CommandId::PageUp,
            KeyCode::Home | KeyCode::Char('g') => CommandId::First,
            KeyCode::End | KeyCode::Char('G') => CommandId::Last,
            KeyCode::Char('w') => CommandId::Wrap,
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return Step::Close,
            _ => return Step::Stay,
        };
        self.view.command(command, &self.text);
        Step::Stay
    }

    fn paste(&mut self, _text: &str) -> Result<(), &'static str> {
        Err("pasted text was dropped: no field has the focus")
    }

    fn view(&self, frame: &mut Frame, _area: Rect, footer: Rect, context: &Context) {
        let whole = frame.area();
        frame.render_widget(Clear, whole);
        let area = Rect {
            height: whole.height.saturating_sub(footer.height),
            ..whole
        };
        self.view
            .draw(frame, area, context.theme, &self.text, context.theme.text);
    }

    fn footer(&self) -> Option<String> {
        Some(format!("{}   j/k scroll   w wrap   esc close", self.title))
    }
}
