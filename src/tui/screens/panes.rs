//! What screens of several panes share: which pane is under the mouse, and text for their lines.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;

use crate::text::{Printable, wrap_lines};
use crate::tui::command::CommandId;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::widgets::listing::{HasId, Listing};

/// Commands whose keys work everywhere, but which not every screen has a use for.
const OF_SOME_SCREENS: [CommandId; 16] = [
    CommandId::PaneNext,
    CommandId::PanePrevious,
    CommandId::PaneZoom,
    CommandId::MoveLeft,
    CommandId::MoveRight,
    CommandId::ProblemNext,
    CommandId::ProblemPrevious,
    CommandId::Search,
    CommandId::MatchNext,
    CommandId::MatchPrevious,
    CommandId::Wrap,
    CommandId::Options,
    CommandId::CopyValue,
    CommandId::CopyCommand,
    CommandId::CopyJson,
    CommandId::CopyPlain,
];

/// Whether a screen has a use for a command: it names those of the commands for some screens that it takes.
pub fn offered(command: CommandId, taken: &[CommandId]) -> Result<(), String> {
    if !OF_SOME_SCREENS.contains(&command) || taken.contains(&command) {
        return Ok(());
    }
    Err(match command {
        CommandId::PaneNext | CommandId::PanePrevious | CommandId::PaneZoom => "there is one pane".into(),
        CommandId::CopyJson => "the commands print JSON: pegbox ... --json".into(),
        _ => "there is nothing for it on this screen".into(),
    })
}

/// Panes with the areas that they are drawn into, borders included.
pub type Areas<P> = Vec<(P, Rect)>;

/// The pane under the mouse, with its area.
pub fn pane_at<P: Copy>(areas: &[(P, Rect)], mouse: Mouse) -> Option<(P, Rect)> {
    let position = Position::new(mouse.column, mouse.row);
    areas.iter().find(|(_, area)| area.contains(position)).copied()
}

/// Takes the mouse over a list that is drawn in a pane below one line of column names.
pub fn mouse_on_list<T: HasId>(listing: &mut Listing<T>, mouse: Mouse, pane: Rect) {
    match mouse.kind {
        MouseKind::ScrollDown => {
            listing.command(CommandId::MoveDown);
        }
        MouseKind::ScrollUp => {
            listing.command(CommandId::MoveUp);
        }
        MouseKind::Press => {
            // Below the border and the column names.
            if let Some(line) = mouse.row.checked_sub(pane.y.saturating_add(2)) {
                listing.click(line);
            }
        }
    }
}

/// The titles of a pane's views with brackets around the one that is shown: `[Input] Messages Raw`.
pub fn view_bar<const N: usize>(titles: [&str; N], shown: &str) -> String {
    let marked = titles.map(|title| {
        if title == shown {
            format!("[{title}]")
        } else {
            title.to_owned()
        }
    });
    marked.join(" ")
}

/// One line of any text, made harmless.
pub fn line(text: impl AsRef<str>, style: Style) -> Line<'static> {
    Line::styled(Printable::line(text.as_ref()).to_string(), style)
}

/// Draws lines from the top of an area; those that do not fit are left out.
pub fn draw_lines<'a>(frame: &mut Frame, area: Rect, lines: impl IntoIterator<Item = Line<'a>>) {
    for (line, y) in lines.into_iter().zip(area.y..area.bottom()) {
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

/// Draws a sentence, wrapped: what an empty, loading or failed pane says.
pub fn draw_sentence(frame: &mut Frame, area: Rect, text: &str, style: Style) {
    let text = Printable::line(text);
    let lines = wrap_lines(text.as_str(), usize::from(area.width));
    draw_lines(frame, area, lines.into_iter().map(|line| Line::styled(line, style)));
}

/// A whole number with its thousands apart: `18,220`.
pub fn count_text(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration as a clock shows it: `0:47`, `1:02:03`.
pub fn duration_text(duration_ms: u64) -> String {
    let seconds = duration_ms / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (18_220_001, "18,220,001")] {
            assert_eq!(count_text(count), text);
        }
        for (duration_ms, text) in [(0, "0:00"), (47_900, "0:47"), (546_000, "9:06"), (3_723_000, "1:02:03")] {
            assert_eq!(duration_text(duration_ms), text);
        }
    }

    #[test]
    fn a_command_without_a_use_says_so() {
        let taken = [CommandId::PaneNext];
        assert_eq!(offered(CommandId::PaneNext, &taken), Ok(()));
        assert_eq!(offered(CommandId::PaneZoom, &taken), Err("there is one pane".into()));
        assert_eq!(offered(CommandId::MoveDown, &taken), Ok(()), "every screen moves");
    }

    #[test]
    fn the_mouse_finds_its_pane() {
        let areas = [('a', Rect::new(0, 0, 10, 5)), ('b', Rect::new(10, 0, 10, 5))];
        let press = |column, row| Mouse {
            kind: MouseKind::Press,
            column,
            row,
        };
        assert_eq!(pane_at(&areas, press(9, 4)).map(|(pane, _)| pane), Some('a'));
        assert_eq!(pane_at(&areas, press(10, 0)).map(|(pane, _)| pane), Some('b'));
        assert_eq!(pane_at(&areas, press(10, 5)), None);
    }
}
