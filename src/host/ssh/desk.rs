//! What a person sits at who came over SSH.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ratatui::layout::Size;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::agent::AgentLine;
use super::input::{Mode, TypedSlot, take};
use crate::host::HostError;
use crate::host::caller::{Desk, Interrupt, Screens};
use crate::host::hosted::{NO_STOP, no_editor_over_ssh, passed_on};
use crate::host::remote::{Outbound, Outbox, Outlet, join_bytes, run_remote};
use crate::host::session::{Control, Ended, Surface};
use crate::host::signing::{self, ToSign};
use crate::host::terminal::{MouseReports, write_entering, write_leaving, write_mouse};
use crate::workbench::Fault;

/// What goes out over a line.
#[derive(Debug, PartialEq, Eq)]
pub enum ToLine {
    /// Standard output of a command.
    Output(Vec<u8>),
    /// Its standard error.
    Error(Vec<u8>),
    /// Bytes of the screens, for the terminal as they are.
    Screen(Vec<u8>),
}

impl Outbound for ToLine {
    fn join(&mut self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Output(first), Self::Output(next)) => join_bytes(first, next).map(Self::Output),
            (Self::Error(first), Self::Error(next)) => join_bytes(first, next).map(Self::Error),
            (_, next) => Some(next),
        }
    }
}

/// A terminal as SSH describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pty {
    /// Its kind.
    pub term: String,
    /// Its size, as far as it is believed.
    pub size: Size,
}

/// The desk. What is typed and what reaches the screens is taken by the first that needs it.
pub struct SshDesk {
    /// To the line.
    pub outbox: Outbox<ToLine>,
    /// What is typed.
    pub typed: TypedSlot,
    /// What reaches the screens.
    pub control: Option<mpsc::Receiver<Control>>,
    /// The person's interrupts.
    pub interrupts: mpsc::Receiver<Interrupt>,
    /// Their terminal, where they have one.
    pub pty: Option<Pty>,
    /// What is done with keys.
    pub mode: Arc<Mode>,
    /// The way to their agent.
    pub agent: AgentLine,
}

/// Whether screens can be drawn on such a terminal.
fn can_draw(term: &str) -> bool {
    !matches!(term, "" | "dumb" | "unknown")
}

impl Desk for SshDesk {
    fn edit(&mut self, _text: &str) -> Result<String, Fault> {
        Err(no_editor_over_ssh())
    }

    fn sign(&mut self, to_sign: &ToSign, runtime: &Handle) -> Result<String, Fault> {
        signing::no_key_file(to_sign)?;
        let shown = format!("{}\n", to_sign.shown()?);
        // Somebody who is gone is noticed by what comes next.
        let _ = self.outbox.post(ToLine::Error(shown.into_bytes()));
        runtime.block_on(sign_over(&self.agent, to_sign))
    }

    fn interrupts(&mut self, _runtime: &Handle) -> io::Result<&mut mpsc::Receiver<Interrupt>> {
        self.mode.takes_interrupts.store(true, Ordering::Release);
        Ok(&mut self.interrupts)
    }

    fn run_screens(&mut self, screens: Screens, runtime: &Handle) -> Result<Ended, HostError> {
        let pty = self.pty.clone().ok_or(HostError::NoPty)?;
        if !can_draw(&pty.term) {
            return Err(HostError::PoorTerminal(pty.term));
        }
        let (Some(typed), Some(control)) = (take(&self.typed), self.control.take()) else {
            return Err(HostError::NoTerminal);
        };
        let mut surface = SshSurface {
            outbox: self.outbox.clone(),
            mouse: screens.mouse,
            pty,
            agent: self.agent.clone(),
        };
        let size = surface.take_back()?;
        let restore = Restore {
            outbox: self.outbox.clone(),
            mode: Arc::clone(&self.mode),
        };
        self.mode.has_screens.store(true, Ordering::Release);
        let outlet = Outlet::new(self.outbox.clone(), ToLine::Screen);
        let ended = runtime.block_on(run_remote(screens, surface, outlet, size, typed, control));
        drop(restore);
        passed_on(ended)
    }
}

/// Gives the terminal back on every way out of the screens.
struct Restore {
    outbox: Outbox<ToLine>,
    mode: Arc<Mode>,
}

impl Drop for Restore {
    fn drop(&mut self) {
        self.mode.has_screens.store(false, Ordering::Release);
        // Whoever is gone needs no terminal back.
        let _ = leave(&self.outbox);
    }
}

fn leave(outbox: &Outbox<ToLine>) -> io::Result<()> {
    let mut bytes = Vec::new();
    write_leaving(&mut bytes)?;
    outbox.post(ToLine::Screen(bytes))
}

/// The terminal while the screens are on it.
struct SshSurface {
    outbox: Outbox<ToLine>,
    mouse: MouseReports,
    pty: Pty,
    agent: AgentLine,
}

/// Signs with the agent that the person forwarded.
async fn sign_over(agent: &AgentLine, to_sign: &ToSign) -> Result<String, Fault> {
    let stream = agent.open().await.map_err(|error| Fault {
        what: format!("there is no SSH agent of yours to sign with: {error}"),
        hint: signing::OVER_SSH.into(),
    })?;
    signing::over(stream, to_sign).await
}

impl Surface for SshSurface {
    fn is_there(&self) -> bool {
        !self.outbox.is_closed()
    }

    fn release(&mut self) {
        // Somebody who is gone is noticed by what comes next.
        let _ = leave(&self.outbox);
    }

    fn take_back(&mut self) -> Result<Size, HostError> {
        let mut bytes = Vec::new();
        write_entering(&mut bytes, self.mouse)?;
        self.outbox.post(ToLine::Screen(bytes))?;
        Ok(self.pty.size)
    }

    fn stop(&mut self) -> Result<(), String> {
        Err(NO_STOP.into())
    }

    fn toggle_mouse(&mut self) -> Result<&'static str, HostError> {
        let (mouse, told) = self.mouse.toggled();
        let mut bytes = Vec::new();
        write_mouse(&mut bytes, mouse)?;
        self.outbox.post(ToLine::Screen(bytes))?;
        self.mouse = mouse;
        Ok(told)
    }

    fn edit(&mut self, _text: &str) -> Result<String, Fault> {
        Err(no_editor_over_ssh())
    }

    fn sign(&mut self, to_sign: &ToSign) -> Result<String, Fault> {
        // The screens wait: a key may wait to be touched.
        tokio::task::block_in_place(|| Handle::current().block_on(sign_over(&self.agent, to_sign)))
    }

    fn term(&self) -> String {
        self.pty.term.clone()
    }

    async fn taken(&mut self) {
        self.outbox.taken().await;
    }
}
