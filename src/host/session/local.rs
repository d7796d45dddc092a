//! The session on the process's own terminal.

use std::io::Write;

use ratatui::layout::Size;
use tokio::sync::mpsc;

use super::{Control, Ended, Session, Surface};
use crate::host::caller::Screens;
use crate::host::signing::{self, ToSign};
use crate::host::terminal::{self, MouseReports};
use crate::host::tty::{ReaderGate, start_reader};
use crate::host::{HostError, editor, fence};
use crate::workbench::Fault;

/// Signals that wait for the session.
const CONTROLS_MAX: usize = 8;

/// Runs the workbench on the process's terminal until it ends. The terminal is as it was before, whatever happens.
pub async fn run_local(screens: Screens) -> Result<Ended, HostError> {
    let mouse = screens.mouse;
    fence::install_panic_hook();
    let control = listen_to_signals()?;
    let restore = RestoreOnDrop;
    terminal::enter(mouse)?;
    let (input, gate) = start_reader();
    let surface = LocalSurface { mouse, gate };
    let size = terminal::size()?;
    let mut session = Session::new(screens, surface, terminal::stdout()?, size)?;
    let ended = session.run(input, control).await;
    drop(restore);
    rescue_typed(&session, ended)
}

/// Keeps what was typed and could not be stored in files, and says so instead of how the session ended.
pub(in crate::host) fn rescue_typed<W: Write, S: Surface>(
    session: &Session<W, S>,
    ended: Result<Ended, HostError>,
) -> Result<Ended, HostError> {
    let unsaved = match ended {
        // Who quits was asked before anything is lost.
        Ok(Ended::Quit) => Vec::new(),
        _ => session.unsaved_texts(),
    };
    if unsaved.is_empty() {
        return ended;
    }
    let told: Vec<String> = unsaved.iter().map(|unsaved| session.rescue.keep(unsaved)).collect();
    Err(HostError::NotStored(told.join("; ")))
}

/// Restores the terminal on every way out of a function.
struct RestoreOnDrop;

impl Drop for RestoreOnDrop {
    fn drop(&mut self) {
        terminal::leave();
    }
}

struct LocalSurface {
    mouse: MouseReports,
    gate: ReaderGate,
}

impl Surface for LocalSurface {
    fn is_there(&self) -> bool {
        terminal::is_there()
    }

    fn release(&mut self) {
        self.gate.close();
        terminal::leave();
    }

    fn take_back(&mut self) -> Result<Size, HostError> {
        terminal::enter(self.mouse)?;
        self.gate.open();
        Ok(terminal::size()?)
    }

    fn stop(&mut self) -> Result<(), String> {
        terminal::stop()
    }

    fn toggle_mouse(&mut self) -> Result<&'static str, HostError> {
        let (mouse, told) = self.mouse.toggled();
        terminal::set_mouse(mouse)?;
        self.mouse = mouse;
        Ok(told)
    }

    fn edit(&mut self, text: &str) -> Result<String, Fault> {
        let command = editor::command(|name| std::env::var(name).ok());
        // The editor has the terminal: there is nothing else for this session to do meanwhile.
        tokio::task::block_in_place(|| editor::edit(&command, text))
    }

    fn sign(&mut self, to_sign: &ToSign) -> Result<String, Fault> {
        // A key may wait to be touched; the screens wait with it.
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(signing::sign(to_sign)))
    }

    fn term(&self) -> String {
        std::env::var("TERM").unwrap_or_default()
    }
}

/// Turns signals into messages. Without a listener any of them would leave the terminal in our modes.
#[cfg(unix)]
fn listen_to_signals() -> Result<mpsc::Receiver<Control>, HostError> {
    use tokio::signal::unix::{SignalKind, signal};

    // SIGTSTP has no name in tokio; the number is the same on every system that has job control and runs Rust's std.
    const SIGTSTP: i32 = rustix::process::Signal::TSTP.as_raw();
    const SIGCONT: i32 = rustix::process::Signal::CONT.as_raw();

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut stop = signal(SignalKind::from_raw(SIGTSTP))?;
    let mut go_on = signal(SignalKind::from_raw(SIGCONT))?;
    let (sender, receiver) = mpsc::channel(CONTROLS_MAX);
    tokio::spawn(async move {
        loop {
            let control = tokio::select! {
                _ = terminate.recv() => Control::Terminate,
                _ = interrupt.recv() => Control::Terminate,
                _ = quit.recv() => Control::Terminate,
                _ = hang_up.recv() => Control::HangUp,
                _ = stop.recv() => Control::Stop,
                _ = go_on.recv() => Control::Continued,
            };
            if sender.send(control).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

#[cfg(not(unix))]
fn listen_to_signals() -> Result<mpsc::Receiver<Control>, HostError> {
    let (sender, receiver) = mpsc::channel(CONTROLS_MAX);
    tokio::spawn(async move {
        // Ctrl-C is a key in raw mode; this is the console being closed.
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = sender.send(Control::Terminate).await;
        }
    });
    Ok(receiver)
}
