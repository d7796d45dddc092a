//! Modes of the process's terminal: all set on entering, all unset on leaving, whatever way out is taken.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::queue;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Size;

use super::HostError;

/// Largest terminal that is believed, so that a wrong claim cannot make us allocate a screen of 65535 x 65535.
const COLUMNS_MAX: u16 = 500;
const ROWS_MAX: u16 = 300;
/// The size of a terminal that does not know its own.
const COLUMNS_UNKNOWN: u16 = 80;
const ROWS_UNKNOWN: u16 = 24;

/// Whether the modes are set. A process has one terminal, and its panic hook must know.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Whether the terminal reports the mouse to us, or keeps it for selecting text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseReports {
    /// To us.
    On,
    /// The terminal keeps it.
    Off,
}

impl MouseReports {
    /// The other, and what to tell the user.
    pub fn toggled(self) -> (Self, &'static str) {
        match self {
            Self::On => (Self::Off, "mouse off: the terminal selects text as usual"),
            Self::Off => (Self::On, "mouse on: click and wheel; hold shift to select text"),
        }
    }
}

/// Whether there is a terminal to work on. False too once it has hung up.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Sets all modes: raw, alternate screen, bracketed paste, mouse, hidden cursor.
pub fn enter(mouse: MouseReports) -> Result<(), HostError> {
    if !is_there() {
        return Err(HostError::NoTerminal);
    }
    ENTERED.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    write_entering(&mut io::stdout(), mouse)?;
    Ok(())
}

/// Writes what sets the modes of a terminal, but for raw mode, which is not set by writing.
///
/// # Errors
/// It cannot be written.
pub fn write_entering(out: &mut impl Write, mouse: MouseReports) -> io::Result<()> {
    // A terminal that a killed client left on that screen still shows what was drawn there.
    let blank = Clear(ClearType::All);
    queue!(out, EnterAlternateScreen, blank, EnableBracketedPaste, Hide)?;
    write_mouse(out, mouse)
}

/// Writes what unsets the modes again.
///
/// # Errors
/// It cannot be written.
pub fn write_leaving(out: &mut impl Write) -> io::Result<()> {
    queue!(
        out,
        DisableMouseCapture,
        DisableBracketedPaste,
        ResetColor,
        LeaveAlternateScreen,
        Show
    )?;
    out.flush()
}

/// Writes what turns mouse reports on or off.
///
/// # Errors
/// It cannot be written.
pub fn write_mouse(out: &mut impl Write, mouse: MouseReports) -> io::Result<()> {
    match mouse {
        MouseReports::On => queue!(out, EnableMouseCapture)?,
        MouseReports::Off => queue!(out, DisableMouseCapture)?,
    }
    out.flush()
}

/// Unsets every mode that [`enter`] sets; does nothing where they are not set. Failures are passed over: the terminal
/// may be gone, and the other modes are still to be unset.
pub fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = write_leaving(&mut io::stdout());
    let _ = disable_raw_mode();
}

/// Turns mouse reports on or off.
pub fn set_mouse(mouse: MouseReports) -> io::Result<()> {
    write_mouse(&mut io::stdout(), mouse)
}

/// Standard output without a buffer of its own, so that a frame is one write.
#[cfg(unix)]
pub fn stdout() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;
    Ok(std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
pub fn stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

/// Standard input without a buffer, so that nothing is taken that is not looked at.
#[cfg(unix)]
pub fn stdin() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;
    Ok(std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// The terminal's size, as far as it is believed.
pub fn size() -> io::Result<Size> {
    let (width, height) = crossterm::terminal::size()?;
    Ok(believed(width, height))
}

/// A claimed size, cut to what is believed. Zero says that nobody knows.
pub fn believed(width: u16, height: u16) -> Size {
    let known = |claimed: u16, unknown: u16| if claimed == 0 { unknown } else { claimed };
    Size::new(
        known(width, COLUMNS_UNKNOWN).min(COLUMNS_MAX),
        known(height, ROWS_UNKNOWN).min(ROWS_MAX),
    )
}

/// Stops the process group, as Ctrl-Z does where no program takes it; returns when the shell continues it.
/// The sentence says why that cannot be done.
#[cfg(unix)]
pub fn stop() -> Result<(), String> {
    use rustix::process::{Signal, getpid, getsid, kill_current_process_group};

    if getsid(None).is_ok_and(|session| session == getpid()) {
        return Err("cannot suspend: no shell has started this session".into());
    }
    kill_current_process_group(Signal::STOP).map_err(|error| format!("cannot suspend: {error}"))
}

/// Stops the process group.
#[cfg(not(unix))]
pub fn stop() -> Result<(), String> {
    Err("cannot suspend: this system has no way to".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_begin_on_a_blank_terminal() {
        let mut sent = Vec::new();
        write_entering(&mut sent, MouseReports::Off).unwrap();
        assert!(sent.starts_with(b"\x1b[?1049h\x1b[2J"), "{sent:?}");
    }

    #[test]
    fn an_absurd_size_is_not_believed() {
        assert_eq!(believed(65_535, 65_535), Size::new(500, 300));
        assert_eq!(believed(0, 0), Size::new(80, 24));
        assert_eq!((believed(0, 1), believed(1, 0)), (Size::new(80, 1), Size::new(1, 24)));
        assert_eq!(believed(80, 24), Size::new(80, 24));
    }
}
