//! One line of a connection: a command or the screens, from the request to the exit code.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::server::{Handle, Msg};
use russh::{ChannelId, ChannelWriteHalf, Sig};
use tokio::sync::{mpsc, oneshot, watch};

use super::agent::AgentLine;
use super::connection::{LINES_MAX, Shared};
use super::desk::{Pty, SshDesk, ToLine};
use super::input::{Cut, Inlets, Mode, Stdin, TerminalInput, TypedSlot};
use super::spool::spool;
use crate::domain::actor::Actor;
use crate::domain::origin::Origin;
use crate::host::caller::{Caller, Files, Identity, Streams, Variables};
use crate::host::hosted::{PANICKED, failed, run_apart, stop_session, told};
use crate::host::remote::{Outbox, Outgoing, Outlet, outbox};
use crate::host::serve::{Call, GUESTS_MAX};
use crate::text::words;

/// Pieces of typed input that wait; a paste of a megabyte is fewer.
const TYPED_MAX: usize = 256;
/// Other things that wait.
const EVENTS_MAX: usize = 8;
/// The command line's exit codes of a store that cannot be reached now, and of a command line that cannot be read.
const NO_PLACE: u8 = 5;
const NOT_READ: u8 = 2;

/// The lines of one connection.
pub struct Lines {
    open: Mutex<HashMap<ChannelId, Line>>,
    live: watch::Sender<usize>,
}

/// A line, before and after it was asked for something.
pub enum Line {
    /// Nothing was asked for yet.
    Idle(Box<IdleLine>),
    /// A command is at work.
    Busy(Inlets),
}

/// A line on which nothing runs yet.
pub struct IdleLine {
    /// The way out.
    pub write: ChannelWriteHalf<Msg>,
    /// The terminal that was asked for.
    pub pty: Option<Pty>,
    /// The variables that were sent.
    pub variables: BTreeMap<String, String>,
    /// Counts it as live.
    pub live: Live,
    /// There were as many as there may be when it was opened.
    pub is_too_many: bool,
}

/// Counts a line for as long as it, or its command, lives.
pub struct Live(Arc<Lines>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.live.send_modify(|count| *count -= 1);
    }
}

impl Lines {
    /// None.
    pub fn none() -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            live: watch::Sender::new(0),
        })
    }

    /// How many live, now and from now on.
    pub fn live(&self) -> watch::Receiver<usize> {
        self.live.subscribe()
    }

    /// The open ones. Held for no longer than a look.
    pub fn open(&self) -> MutexGuard<'_, HashMap<ChannelId, Line>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new one in.
    pub fn add(self: &Arc<Self>, write: ChannelWriteHalf<Msg>, variables: BTreeMap<String, String>) {
        let is_too_many = *self.live.borrow() >= LINES_MAX;
        self.live.send_modify(|count| *count += 1);
        let line = IdleLine {
            write,
            pty: None,
            variables,
            live: Live(Arc::clone(self)),
            is_too_many,
        };
        self.open().insert(line.write.id(), Line::Idle(Box::new(line)));
    }

    /// Tells the commands that the host stops. One that begins later learns it as it begins.
    pub fn host_stops(&self) {
        for line in self.open().values_mut() {
            if let Line::Busy(inlets) = line {
                inlets.host_stops();
            }
        }
    }

    /// Puts a command on an idle line: what it needs, where there was one.
    pub fn begin(&self, id: ChannelId, shared: &Shared) -> Option<Begun> {
        let mut open = self.open();
        let line = match open.remove(&id)? {
            Line::Idle(line) => *line,
            busy @ Line::Busy(_) => {
                open.insert(id, busy);
                return None;
            }
        };
        let (typed, keys) = mpsc::channel(TYPED_MAX);
        let (to_interrupts, interrupts) = mpsc::channel(EVENTS_MAX);
        let (to_control, control) = mpsc::channel(EVENTS_MAX);
        let (to_cut, cut) = oneshot::channel();
        let keys: TypedSlot = Arc::new(Mutex::new(Some(keys)));
        let mode = Arc::new(Mode::default());
        let (writer, stdin) = if line.pty.is_some() {
            let input = TerminalInput::new(Arc::clone(&keys), Arc::clone(&mode));
            (None, Stdin::Terminal(input))
        } else {
            let (writer, reader) = spool(&shared.spools);
            (Some(writer), Stdin::Spooled(reader))
        };
        tokio::spawn(stop_session(shared.reception.stop.clone(), to_control));
        let mut inlets = Inlets {
            typed: Some(typed),
            stdin: writer,
            interrupts: to_interrupts,
            cut: Some(to_cut),
            mode: Arc::clone(&mode),
        };
        if *shared.reception.stop.borrow() {
            inlets.host_stops();
        }
        open.insert(id, Line::Busy(inlets));
        Some(Begun {
            line,
            stdin,
            keys,
            control,
            interrupts,
            cut,
            mode,
        })
    }
}

/// A line on which a command begins.
pub struct Begun {
    line: IdleLine,
    stdin: Stdin,
    keys: TypedSlot,
    control: mpsc::Receiver<crate::host::session::Control>,
    interrupts: mpsc::Receiver<crate::host::caller::Interrupt>,
    cut: oneshot::Receiver<Cut>,
    mode: Arc<Mode>,
}

/// Who gives the command.
pub struct Asker {
    /// The person.
    pub person: Actor,
    /// From where, and by which key.
    pub origin: Origin,
    /// The way to their agent.
    pub agent: AgentLine,
    /// The connection.
    pub handle: Handle,
}

impl Begun {
    /// Carries the command line out, and closes the line with its exit code. What to log of it.
    pub async fn attend(self, asked: Vec<u8>, asker: Asker, shared: &Shared, lines: &Lines) -> String {
        let person = asker.person.clone();
        let handle = asker.handle.clone();
        let (outbox, to_send) = outbox();
        let Self {
            line:
                IdleLine {
                    write,
                    pty,
                    variables,
                    live: _live,
                    is_too_many,
                },
            cut,
            ..
        } = self;
        let is_terminal = pty.is_some();
        let desk = SshDesk {
            outbox: outbox.clone(),
            typed: self.keys,
            control: Some(self.control),
            interrupts: self.interrupts,
            pty,
            mode: self.mode,
            agent: asker.agent,
        };
        let streams = Streams {
            stdout: Box::new(Outlet::new(outbox.clone(), ToLine::Output)),
            stderr: Box::new(Outlet::new(outbox.clone(), ToLine::Error)),
            is_stdout_terminal: is_terminal,
            is_stderr_terminal: is_terminal,
        };
        let caller = Caller {
            stdin: Box::new(self.stdin),
            variables: Variables::Sent(variables),
            files: Files::Elsewhere,
            identity: Identity::Proven(asker.person),
            origin: asker.origin,
            desk: Box::new(desk),
        };
        let work = async {
            if is_too_many {
                let _ = outbox.send(ToLine::Error(too_many().into_bytes())).await;
                drop((outbox, streams, caller));
                return Ok(NO_PLACE);
            }
            carry_out(&asked, streams, caller, outbox, shared).await
        };
        let sending = send_or_cut(&write, to_send, is_terminal, cut, &handle);
        let (ended, is_open) = tokio::join!(work, sending);
        if is_open {
            // A client that is gone needs no exit code.
            let code = *ended.as_ref().unwrap_or(&PANICKED);
            let _ = write.exit_status(code.into()).await;
            let _ = write.eof().await;
            let _ = write.close().await;
        }
        lines.open().remove(&write.id());
        format!("{person} {}", told(&ended))
    }
}

/// What one line more than there may be is told.
fn too_many() -> String {
    format!(
        "error: this connection has {LINES_MAX} sessions already\n\
         hint: end one of them, or connect anew, as with ssh -S none\n"
    )
}

/// Carries a command line out, and holds the outbox until it has ended. Its exit code, or why it panicked.
async fn carry_out(
    asked: &[u8],
    streams: Streams,
    caller: Caller,
    outbox: Outbox<ToLine>,
    shared: &Shared,
) -> Result<u8, String> {
    let say = async |text: String| {
        let _ = outbox.send(ToLine::Error(text.into_bytes())).await;
    };
    let Some(_place) = shared.reception.place() else {
        say(format!(
            "error: the host of this store has {GUESTS_MAX} guests already\nhint: try again when some have left\n"
        ))
        .await;
        return Ok(NO_PLACE);
    };
    shared.reception.note();
    let words = match words::asked(asked) {
        Ok(words) => words.into_iter().map(OsString::from).collect(),
        Err(why) => {
            say(format!(
                "error: the command line cannot be read: {why}\nhint: {}\n",
                words::QUOTING_HINT
            ))
            .await;
            return Ok(NOT_READ);
        }
    };
    let call = Call { words, streams, caller };
    let ended = run_apart(call, Arc::clone(&shared.reception.commands)).await;
    if let Err(why) = &ended {
        say(failed(why)).await;
    }
    ended
}

/// Sends what the command says until it has ended or the line is cut. Whether the line is still open.
async fn send_or_cut(
    write: &ChannelWriteHalf<Msg>,
    to_send: Outgoing<ToLine>,
    is_terminal: bool,
    cut: oneshot::Receiver<Cut>,
    handle: &Handle,
) -> bool {
    let cut = tokio::select! {
        is_open = send_all(write, to_send, is_terminal) => return is_open,
        cut = cut => cut.unwrap_or(Cut::Gone),
    };
    if cut == Cut::Interrupted {
        let told = "^C".to_owned();
        let _ = handle
            .exit_signal_request(write.id(), Sig::INT, false, told, String::new())
            .await;
        let _ = write.close().await;
    }
    false
}

/// Sends all that comes. False where the line is gone.
async fn send_all(write: &ChannelWriteHalf<Msg>, mut to_send: Outgoing<ToLine>, is_terminal: bool) -> bool {
    /// The number of standard error among a channel's streams, of RFC 4254, section 5.2.
    const STDERR: u32 = 1;
    while let Some(message) = to_send.next().await {
        let sent = match message {
            ToLine::Output(bytes) | ToLine::Error(bytes) if is_terminal => write.data_bytes(for_terminal(&bytes)).await,
            ToLine::Screen(bytes) | ToLine::Output(bytes) => write.data_bytes(bytes).await,
            ToLine::Error(bytes) => write.extended_data_bytes(STDERR, bytes).await,
        };
        if sent.is_err() {
            return false;
        }
    }
    true
}

/// Text for a terminal in raw mode, where a line feed does not go back to the first column.
fn for_terminal(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        if byte == b'\n' {
            text.push(b'\r');
        }
        text.push(byte);
    }
    text
}
