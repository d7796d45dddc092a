//! What a person types, for whoever reads it: the screens, or a command that reads its standard input on a terminal.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ratatui::layout::Size;
use tokio::sync::{mpsc, oneshot};

use super::spool::{SpoolReader, SpoolWriter};
use crate::host::caller::Interrupt;
use crate::host::input::Typed;

/// Ctrl-C and Ctrl-D, where no screens take them.
const INTERRUPT: u8 = 3;
const END: u8 = 4;
/// What a command is told that reads on when the host is told to end.
const HOST_STOPS: &str = "the host of this store stops";

/// What the command behind a line does with what is typed.
#[derive(Debug, Default)]
pub struct Mode {
    /// The screens are open, and take every key.
    pub has_screens: AtomicBool,
    /// The command wants to know of interrupts rather than end by them.
    pub takes_interrupts: AtomicBool,
    /// The host stops, and waits for nothing that is typed.
    pub host_stops: AtomicBool,
}

/// Why the line ends before its command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The person interrupted a command that does not know of interrupts.
    Interrupted,
    /// The line is gone.
    Gone,
}

/// Where what comes over a line goes. Nothing here waits; what is too much is dropped. When this is dropped, all learn
/// that the line is gone.
pub struct Inlets {
    /// Keys and sizes, on a terminal; `None` once no more keys come.
    pub typed: Option<mpsc::Sender<Typed>>,
    /// Standard input, where there is no terminal.
    pub stdin: Option<SpoolWriter>,
    /// To the command.
    pub interrupts: mpsc::Sender<Interrupt>,
    /// Cuts the line.
    pub cut: Option<oneshot::Sender<Cut>>,
    /// What the command does.
    pub mode: Arc<Mode>,
}

impl Inlets {
    /// Bytes came.
    pub fn data(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &self.stdin {
            stdin.push(bytes);
            return;
        }
        let mut bytes = bytes.to_owned();
        if !self.mode.has_screens.load(Ordering::Acquire) && bytes.contains(&INTERRUPT) {
            bytes.retain(|byte| *byte != INTERRUPT);
            self.interrupt();
        }
        if !bytes.is_empty() {
            self.send(Typed::Bytes(bytes));
        }
    }

    /// The terminal has another size. Whether there is anybody to tell.
    pub fn resized(&self, size: Size) -> bool {
        self.send(Typed::Resized(size))
    }

    fn send(&self, typed: Typed) -> bool {
        self.typed.as_ref().is_some_and(|to| to.try_send(typed).is_ok())
    }

    /// No more bytes come. For a command that reads what is typed that is Ctrl-D, for the screens the end.
    pub fn end(&mut self) {
        if let Some(stdin) = &self.stdin {
            stdin.complete();
            return;
        }
        if !self.mode.has_screens.load(Ordering::Acquire) {
            self.send(Typed::Bytes(vec![END]));
        }
        self.typed = None;
    }

    /// The host stops: a command that waits for its standard input gets no more of it. The screens are told otherwise.
    pub fn host_stops(&mut self) {
        if let Some(stdin) = &self.stdin {
            stdin.break_off(HOST_STOPS);
        }
        if !self.mode.has_screens.load(Ordering::Acquire) {
            self.mode.host_stops.store(true, Ordering::Release);
            self.typed = None;
        }
    }

    /// The person wants the command to end.
    pub fn interrupt(&mut self) {
        if self.mode.takes_interrupts.load(Ordering::Acquire) {
            let _ = self.interrupts.try_send(Interrupt::Asked);
        } else if let Some(cut) = self.cut.take() {
            let _ = cut.send(Cut::Interrupted);
        }
    }
}

/// What is typed, until somebody takes it.
pub type TypedSlot = Arc<Mutex<Option<mpsc::Receiver<Typed>>>>;

/// Takes what is typed: the first gets it.
pub fn take(slot: &TypedSlot) -> Option<mpsc::Receiver<Typed>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Standard input of a command.
pub enum Stdin {
    /// Without a terminal.
    Spooled(SpoolReader),
    /// On a terminal.
    Terminal(TerminalInput),
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Spooled(spooled) => spooled.read(buffer),
            Self::Terminal(terminal) => terminal.read(buffer),
        }
    }
}

/// What is typed as a command reads it: Enter ends a line, Ctrl-D the input.
pub struct TerminalInput {
    slot: TypedSlot,
    mode: Arc<Mode>,
    typed: Option<mpsc::Receiver<Typed>>,
    piece: Vec<u8>,
    has_ended: bool,
}

impl TerminalInput {
    /// That of a line.
    pub fn new(slot: TypedSlot, mode: Arc<Mode>) -> Self {
        Self {
            slot,
            mode,
            typed: None,
            piece: Vec::new(),
            has_ended: false,
        }
    }

    /// Waits for bytes.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        if self.typed.is_none() {
            self.typed = take(&self.slot);
        }
        let mode = Arc::clone(&self.mode);
        let gone = || {
            if mode.host_stops.load(Ordering::Acquire) {
                io::Error::new(io::ErrorKind::BrokenPipe, HOST_STOPS)
            } else {
                io::Error::from(io::ErrorKind::BrokenPipe)
            }
        };
        let typed = self.typed.as_mut().ok_or_else(gone)?;
        loop {
            match tokio::task::block_in_place(|| typed.blocking_recv()).ok_or_else(gone)? {
                Typed::Bytes(bytes) => return Ok(bytes),
                Typed::Resized(_) => {}
            }
        }
    }
}

impl Read for TerminalInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.has_ended {
            let mut piece = self.next()?;
            if let Some(end) = piece.iter().position(|byte| *byte == END) {
                piece.truncate(end);
                self.has_ended = true;
            }
            for byte in &mut piece {
                if *byte == b'\r' {
                    *byte = b'\n';
                }
            }
            self.piece = piece;
        }
        let count = self.piece.as_slice().read(buffer)?;
        self.piece.drain(..count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ends {
        slot: TypedSlot,
        interrupts: mpsc::Receiver<Interrupt>,
        cut: oneshot::Receiver<Cut>,
    }

    fn line(mode: Mode) -> (Inlets, Ends) {
        let (typed, keys) = mpsc::channel(4);
        let (to_interrupts, interrupts) = mpsc::channel(1);
        let (to_cut, cut) = oneshot::channel();
        let inlets = Inlets {
            typed: Some(typed),
            stdin: None,
            interrupts: to_interrupts,
            cut: Some(to_cut),
            mode: Arc::new(mode),
        };
        let slot = Arc::new(Mutex::new(Some(keys)));
        (inlets, Ends { slot, interrupts, cut })
    }

    #[test]
    fn a_command_on_a_terminal_reads_lines_until_ctrl_d() {
        let (mut inlets, ends) = line(Mode::default());
        inlets.data(b"one\rtwo\r\x04three");
        let mut text = String::new();
        let mode = Arc::clone(&inlets.mode);
        TerminalInput::new(ends.slot, mode).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn a_host_that_stops_waits_for_no_line() {
        let (mut inlets, ends) = line(Mode::default());
        inlets.data(b"one\r");
        inlets.host_stops();
        let mut input = TerminalInput::new(ends.slot, Arc::clone(&inlets.mode));
        let error = input.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), HOST_STOPS);

        let (mut inlets, ends) = line(Mode {
            has_screens: true.into(),
            ..Mode::default()
        });
        inlets.host_stops();
        inlets.data(b"q");
        assert_eq!(take(&ends.slot).unwrap().try_recv(), Ok(Typed::Bytes(b"q".to_vec())));
    }

    #[test]
    fn ctrl_c_goes_to_whoever_wants_it() {
        let (mut inlets, mut ends) = line(Mode::default());
        inlets.data(b"a\x03b");
        assert_eq!(ends.cut.try_recv(), Ok(Cut::Interrupted));
        inlets.data(b"\x03");
        assert_eq!(take(&ends.slot).unwrap().try_recv(), Ok(Typed::Bytes(b"ab".to_vec())));

        let (mut inlets, mut ends) = line(Mode {
            takes_interrupts: true.into(),
            ..Mode::default()
        });
        inlets.data(b"\x03");
        assert_eq!(ends.interrupts.try_recv(), Ok(Interrupt::Asked));
        assert!(ends.cut.try_recv().is_err());

        let (mut inlets, mut ends) = line(Mode {
            has_screens: true.into(),
            ..Mode::default()
        });
        inlets.data(b"\x03");
        assert_eq!(take(&ends.slot).unwrap().try_recv(), Ok(Typed::Bytes(vec![3])));
        assert!(ends.cut.try_recv().is_err());
    }

    #[test]
    fn a_flood_of_keys_is_dropped_and_blocks_nothing() {
        let (mut inlets, ends) = line(Mode::default());
        for _ in 0..100 {
            inlets.data(b"x");
        }
        inlets.end();
        let mut typed = take(&ends.slot).unwrap();
        drop(inlets);
        assert_eq!(std::iter::from_fn(|| typed.blocking_recv()).count(), 4);
    }
}
