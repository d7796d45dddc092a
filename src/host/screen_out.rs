//! The way of a frame to the terminal: collected in one buffer, written at once, and not at all where nothing changed.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// A ratatui backend over a byte sink. The size is told to it, never asked of the process's terminal.
#[derive(Debug)]
pub struct ScreenOut<W: Write> {
    sink: W,
    /// Bytes of the frame so far.
    frame: Vec<u8>,
    size: Size,
    cursor: Option<Position>,
    /// Where the terminal's cursor is shown; unknown after drawing.
    shown: Shown,
    drew: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Hidden,
    At(Position),
    Unknown,
}

impl<W: Write> ScreenOut<W> {
    /// A backend that writes frames to `sink`, whose cursor is hidden.
    pub fn new(sink: W, size: Size) -> Self {
        Self {
            sink,
            frame: Vec::new(),
            size,
            cursor: None,
            shown: Shown::Hidden,
            drew: false,
        }
    }

    /// The terminal has another size; the next frame has it too.
    pub fn set_size(&mut self, size: Size) {
        self.size = size;
    }

    /// Writes bytes that are no part of a frame, such as a copy to the clipboard.
    pub fn write_apart(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)?;
        self.sink.flush()
    }

    /// Where the bytes go.
    pub fn sink(&self) -> &W {
        &self.sink
    }
}

impl<W: Write> Backend for ScreenOut<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_some() {
            self.drew = true;
            CrosstermBackend::new(&mut self.frame).draw(content)?;
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.cursor = None;
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.cursor.get_or_insert_default();
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        if self.cursor.is_some() {
            self.cursor = Some(position.into());
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.drew = true;
        CrosstermBackend::new(&mut self.frame).clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::default(),
        })
    }

    /// Ends a frame: one write of all that was collected.
    fn flush(&mut self) -> io::Result<()> {
        if self.drew && self.shown != Shown::Hidden {
            self.shown = Shown::Unknown;
        }
        let wanted = self.cursor.map_or(Shown::Hidden, Shown::At);
        if self.shown != wanted {
            let mut frame = CrosstermBackend::new(&mut self.frame);
            match self.cursor {
                None => frame.hide_cursor()?,
                Some(position) => {
                    frame.set_cursor_position(position)?;
                    frame.show_cursor()?;
                }
            }
            self.shown = wanted;
        }
        self.drew = false;
        if self.frame.is_empty() {
            return Ok(());
        }
        let written = self.sink.write_all(&self.frame);
        self.frame.clear();
        written?;
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::text::Line;

    use super::*;

    /// Keeps each write apart.
    #[derive(Debug, Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_owned());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn draw(terminal: &mut Terminal<ScreenOut<Writes>>, text: &str, cursor: Option<Position>) -> usize {
        let before = terminal.backend().sink().0.len();
        let draw_one = |frame: &mut ratatui::Frame| {
            frame.render_widget(Line::raw(text), frame.area());
            if let Some(cursor) = cursor {
                frame.set_cursor_position(cursor);
            }
        };
        terminal.draw(draw_one).unwrap();
        terminal.backend().sink().0.len() - before
    }

    #[test]
    fn a_frame_is_one_write_and_no_change_is_none() {
        let size = Size::new(40, 3);
        let mut terminal = Terminal::new(ScreenOut::new(Writes::default(), size)).unwrap();
        assert_eq!(draw(&mut terminal, "hello", None), 1);
        assert_eq!(draw(&mut terminal, "hello", None), 0);
        assert_eq!(draw(&mut terminal, "hallo", None), 1);
        assert!(terminal.backend().sink().0.last().unwrap().len() < 60);
        let cursor = Some(Position::new(2, 0));
        assert_eq!(draw(&mut terminal, "hallo", cursor), 1);
        assert_eq!(draw(&mut terminal, "hallo", cursor), 0);
        assert_eq!(draw(&mut terminal, "hullo", cursor), 1);
        let last = String::from_utf8(terminal.backend().sink().0.last().unwrap().clone()).unwrap();
        assert!(
            last.contains("\u{1b}[1;3H"),
            "the cursor is put back behind the drawing: {last:?}"
        );
        assert_eq!(draw(&mut terminal, "hullo", None), 1);
    }

    #[test]
    fn a_resize_and_a_clear_draw_everything() {
        let mut terminal = Terminal::new(ScreenOut::new(Writes::default(), Size::new(40, 3))).unwrap();
        draw(&mut terminal, "hello", None);
        terminal.backend_mut().set_size(Size::new(30, 2));
        assert_eq!(draw(&mut terminal, "hello", None), 1);
        terminal.clear().unwrap();
        assert_eq!(draw(&mut terminal, "hello", None), 1);
        let last = String::from_utf8(terminal.backend().sink().0.last().unwrap().clone()).unwrap();
        assert!(last.contains("hello"));
    }
}
