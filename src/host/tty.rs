//! The process's terminal as a source of messages.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use tokio::sync::mpsc;

use super::terminal::believed;
use crate::tui::input::{Key, KeyCode, Modifiers, Mouse, MouseKind};
use crate::tui::msg::Msg;

/// Messages that wait for the session; a person types far less while a frame is drawn.
const WAITING_MAX: usize = 256;
/// How long the reader waits before it looks whether it should pause.
const PAUSE_CHECK: Duration = Duration::from_millis(50);
/// How long a pause is waited for. A reader that does not answer sits on a terminal that is gone.
const PAUSE_WAIT: Duration = Duration::from_secs(1);

/// Stops the reader while another program has the terminal, so that it takes no key of that program.
#[derive(Debug, Clone)]
pub struct ReaderGate {
    shared: Arc<(Mutex<Gate>, Condvar)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// Asked to pause.
    Closing,
    /// The reader waits.
    Closed,
}

impl ReaderGate {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::new((Mutex::new(Gate::Open), Condvar::new())),
        }
    }

    /// Returns once the reader takes no more keys.
    pub fn close(&self) {
        let (gate, changed) = &*self.shared;
        let mut state = gate.lock().unwrap_or_else(PoisonError::into_inner);
        *state = Gate::Closing;
        let waited = changed.wait_timeout_while(state, PAUSE_WAIT, |state| *state == Gate::Closing);
        drop(waited);
    }

    /// Lets the reader go on.
    pub fn open(&self) {
        let (gate, changed) = &*self.shared;
        *gate.lock().unwrap_or_else(PoisonError::into_inner) = Gate::Open;
        changed.notify_all();
    }

    /// Waits while the gate is closed. For the reader.
    pub(super) fn pass(&self) {
        let (gate, changed) = &*self.shared;
        let mut state = gate.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == Gate::Closing {
            *state = Gate::Closed;
            changed.notify_all();
        }
        let passed = changed.wait_while(state, |state| *state != Gate::Open);
        drop(passed);
    }
}

/// Starts the reader. The receiver ends when the terminal cannot be read any more.
///
/// On a terminal that has hung up, crossterm's reader spins for ever inside one call; so the session also asks
/// `terminal::is_there`, and the thread ends with the process.
pub fn start_reader() -> (mpsc::Receiver<Msg>, ReaderGate) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let gate = ReaderGate::new();
    let reader_gate = gate.clone();
    thread::spawn(move || {
        loop {
            reader_gate.pass();
            match event::poll(PAUSE_CHECK) {
                Ok(false) if sender.is_closed() => return,
                Ok(false) => continue,
                Ok(true) => {}
                Err(_) => return,
            }
            let Ok(event) = event::read() else {
                return;
            };
            if let Some(msg) = message(event)
                && sender.blocking_send(msg).is_err()
            {
                return;
            }
        }
    });
    (receiver, gate)
}

/// What an event of crossterm's means to the screens; none for those that mean nothing.
fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(event) => key(event).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(pasted(&text))),
        Event::Resize(width, height) => Some(Msg::Resize(believed(width, height))),
        Event::Mouse(event) => {
            let kind = match event.kind {
                MouseEventKind::Down(MouseButton::Left) => MouseKind::Press,
                MouseEventKind::ScrollUp => MouseKind::ScrollUp,
                MouseEventKind::ScrollDown => MouseKind::ScrollDown,
                _ => return None,
            };
            Some(Msg::Mouse(Mouse {
                kind,
                column: event.column,
                row: event.row,
            }))
        }
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let mut modifiers = Modifiers {
        ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        alt: event.modifiers.contains(KeyModifiers::ALT),
        shift: event.modifiers.contains(KeyModifiers::SHIFT),
    };
    let code = match event.code {
        // Ctrl-_ arrives as the byte 1F, which crossterm names after another key of the same byte.
        event::KeyCode::Char('7') if modifiers.ctrl => KeyCode::Char('_'),
        event::KeyCode::Char(c) if modifiers.ctrl => KeyCode::Char(c.to_ascii_lowercase()),
        event::KeyCode::Char(c) => KeyCode::Char(c),
        event::KeyCode::Enter => KeyCode::Enter,
        event::KeyCode::Esc => KeyCode::Esc,
        event::KeyCode::Tab => KeyCode::Tab,
        event::KeyCode::BackTab => {
            modifiers.shift = true;
            KeyCode::Tab
        }
        event::KeyCode::Backspace => KeyCode::Backspace,
        event::KeyCode::Delete => KeyCode::Delete,
        event::KeyCode::Left => KeyCode::Left,
        event::KeyCode::Right => KeyCode::Right,
        event::KeyCode::Up => KeyCode::Up,
        event::KeyCode::Down => KeyCode::Down,
        event::KeyCode::Home => KeyCode::Home,
        event::KeyCode::End => KeyCode::End,
        event::KeyCode::PageUp => KeyCode::PageUp,
        event::KeyCode::PageDown => KeyCode::PageDown,
        event::KeyCode::F(n) => KeyCode::F(n),
        _ => return None,
    };
    if modifiers.ctrl && matches!(code, KeyCode::Char(_)) {
        modifiers.shift = false;
    }
    Some(Key::new(code, modifiers))
}

/// Pasted text with LF at its line ends and without what could act on a terminal.
pub(super) fn pasted(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace("\x1b[201~", "")
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: event::KeyCode, modifiers: KeyModifiers) -> Option<String> {
        key(KeyEvent::new(code, modifiers)).map(|key| key.to_string())
    }

    #[test]
    fn keys_have_one_form_whatever_the_encoding() {
        for (code, modifiers, name) in [
            (event::KeyCode::Char('G'), KeyModifiers::NONE, "G"),
            (event::KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
            (event::KeyCode::Char('g'), KeyModifiers::SHIFT, "G"),
            (
                event::KeyCode::Char('S'),
                KeyModifiers::CONTROL | KeyModifiers::SHIFT,
                "^s",
            ),
            (event::KeyCode::Char('7'), KeyModifiers::CONTROL, "^_"),
            (event::KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
            (event::KeyCode::BackTab, KeyModifiers::NONE, "shift-tab"),
            (event::KeyCode::PageDown, KeyModifiers::NONE, "pgdn"),
        ] {
            assert_eq!(shown(code, modifiers).as_deref(), Some(name));
        }
        assert_eq!(shown(event::KeyCode::CapsLock, KeyModifiers::NONE), None);
        let mut release = KeyEvent::new(event::KeyCode::Enter, KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(key(release), None);
    }

    #[test]
    fn a_paste_is_harmless_text() {
        assert_eq!(pasted("a\r\nb\rc\nd\te\x1b[201~\x1b[2J\u{9b}"), "a\nb\nc\nd\te[2J");
    }

    #[test]
    fn a_closed_gate_holds_the_reader() {
        let gate = ReaderGate::new();
        let reader = gate.clone();
        let (passed, seen) = std::sync::mpsc::sync_channel(0);
        let thread = thread::spawn(move || {
            while passed.send(()).is_ok() {
                reader.pass();
            }
        });
        seen.recv().unwrap();
        let closer = gate.clone();
        let closing = thread::spawn(move || closer.close());
        // Whatever the reader still sends, it ends up waiting, and only then is the gate closed.
        while !closing.is_finished() {
            let _ = seen.try_recv();
        }
        assert_eq!(*gate.shared.0.lock().unwrap(), Gate::Closed);
        gate.open();
        seen.recv().unwrap();
        drop(seen);
        thread.join().unwrap();
    }
}
