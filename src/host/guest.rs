//! A process that joins the host of a store: it lends its streams, its editor and its terminal to a command that runs
//! there. It knows nothing of keys and screens.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::caller::{Streams, Variables};
use super::home::HomeError;
use super::join::Joined;
use super::lending::Shelf;
use super::signing::ToSign;
use super::terminal::{self, MouseReports};
use super::tty::ReaderGate;
use super::wire::{self, Hello, PIECE_BYTES_MAX, PROTOCOL, Refusal, ToGuest, ToHost, WireError};
use super::{editor, signing};
use crate::domain::actor::Actor;

/// Messages of either side that wait.
const MESSAGES_MAX: usize = 4;
/// Things that the person does that wait.
const URGENT_MAX: usize = 64;
/// How long the keyboard is waited for before the gate is looked at, in nanoseconds.
const KEYBOARD_WAIT_NS: i64 = 50_000_000;

/// Why a command could not be carried out by the host.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// It cannot be found.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// It is there and does not answer.
    #[error("the host of this store (process {pid}) does not answer at {socket}: {source}")]
    Silent {
        /// Its process.
        pid: i32,
        /// Its socket.
        socket: String,
        /// What the system says.
        source: io::Error,
    },
    /// It has been starting or stopping for too long.
    #[error("the host of this store has been starting or stopping for half a minute")]
    NotReady,
    /// It was to be started in the background, and ended.
    #[error("the host did not start: {0}")]
    NotStarted(String),
    /// It said no.
    #[error("{}", .0.what)]
    Refused(Refusal),
    /// The store is another account's, and this one is not let in.
    #[error("{what}")]
    Closed {
        /// Whose it is, and what they let in.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A word of the command line that cannot be sent.
    #[error("the host takes only UTF-8 on the command line: {0}")]
    NotUtf8(String),
    /// It died, or the connection to it did, before it had said welcome.
    #[error("the host ended as it was given the command: {0}")]
    NotGreeted(WireError),
    /// It died, or the connection to it did.
    #[error("the host ended before the command did: {0}")]
    HostGone(WireError),
    /// Our own terminal or output failed.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl GuestError {
    /// Whether it is for who the guest is that nothing was done.
    pub fn is_of_the_guest(&self) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Refused(refusal) => refusal.is_of_the_guest,
            _ => false,
        }
    }

    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.hint.clone(),
            Self::Closed { hint, .. } | Self::Home(HomeError::NotShared { hint, .. }) => hint.clone(),
            Self::NotStarted(_) => "start it in the foreground to see more: pegbox host".into(),
            Self::Silent { .. } | Self::NotReady => {
                "look at host/log in the store's folder; pegbox host stop ends it".into()
            }
            Self::NotGreeted(_) | Self::HostGone(_) => {
                "what was saved is intact: go on with a run by pegbox run resume RUN, as pegbox run list shows; \
                 give any other command again"
                    .into()
            }
            Self::NotUtf8(_) => "use a name in UTF-8, or standard input".into(),
            Self::Home(HomeError::NotPrivate(_)) => "make it yours alone, as with chmod 700, or remove it".into(),
            Self::Home(HomeError::Taken(_)) => "use it, or stop it with pegbox host stop".into(),
            Self::Home(HomeError::Io { .. }) | Self::Output(_) => "check the folder and its disk".into(),
        }
    }
}

/// Has the host carry a command line out, and gives its exit code. A person that is named is elsewhere, and known by a
/// key: the files and the editor of this machine are not theirs.
///
/// # Errors
/// The host says no, or dies meanwhile. The terminal is restored.
pub fn attach(joined: Joined, words: &[OsString], person: Option<&Actor>) -> Result<u8, GuestError> {
    let hello = greeting(words, person)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let restore = RestoreOnDrop;
    let ended = runtime.block_on(async { Attached::greet(joined.into_stream()?, hello).await?.lend().await });
    drop(restore);
    // A read of standard input cannot be given up.
    runtime.shutdown_background();
    ended
}

fn greeting(words: &[OsString], person: Option<&Actor>) -> Result<Hello, GuestError> {
    let word = |word: &OsString| {
        let text = word.to_str().map(str::to_owned);
        text.ok_or_else(|| GuestError::NotUtf8(word.to_string_lossy().into_owned()))
    };
    let streams = Streams::of_process();
    Ok(Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        words: words.iter().map(word).collect::<Result<_, _>>()?,
        person: person.cloned(),
        folder: std::env::current_dir()?,
        variables: Variables::to_send(),
        terminals: [
            io::IsTerminal::is_terminal(&io::stdin()),
            streams.is_stdout_terminal,
            streams.is_stderr_terminal,
        ],
        size: terminal::size().map_or((0, 0), |size| (size.width, size.height)),
        is_looking: false,
    })
}

/// Restores the terminal on every way out.
struct RestoreOnDrop;

impl Drop for RestoreOnDrop {
    fn drop(&mut self) {
        terminal::leave();
    }
}

/// A connection to a host that has said welcome.
struct Attached {
    stdout: File,
    messages: mpsc::Receiver<Result<ToGuest, WireError>>,
    outbox: Outbox,
    signals: Signals,
    keyboard: Option<ReaderGate>,
    shelf: Shelf,
}

impl Attached {
    async fn greet(mut stream: UnixStream, hello: Hello) -> Result<Self, GuestError> {
        let shelf = Shelf::new(hello.words.clone());
        let sent = wire::send(&mut stream, ToHost::Hello(Box::new(hello))).await;
        // One that is turned away at once may be told why all the same.
        let greeted = match (wire::receive(&mut stream).await, sent) {
            (Err(_), Err(error)) | (Err(error), Ok(())) => Err(error),
            (Ok(message), _) => Ok(message),
        };
        match greeted.map_err(GuestError::NotGreeted)? {
            ToGuest::Welcome(_) => {}
            ToGuest::Refused(refusal) => return Err(GuestError::Refused(refusal)),
            _ => return Err(GuestError::NotGreeted(WireError::Malformed(0))),
        }
        let (read, write) = stream.into_split();
        Ok(Self {
            stdout: terminal::stdout()?,
            messages: receive_all(read),
            outbox: send_all(write),
            signals: Signals::default(),
            keyboard: None,
            shelf,
        })
    }

    /// Lends everything out until the command has ended.
    async fn lend(mut self) -> Result<u8, GuestError> {
        loop {
            tokio::select! {
                message = self.messages.recv() => {
                    let message = message.unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
                    if let Some(code) = self.obey(message.map_err(GuestError::HostGone)?)? {
                        return Ok(code);
                    }
                }
                kind = self.signals.next() => if let Some(code) = self.signalled(kind) {
                    return Ok(code);
                },
            }
        }
    }

    /// Tells the host, without waiting for it: whoever waits hears nothing. One that is gone is noticed by what it does
    /// not say.
    fn tell(&self, message: ToHost) {
        let _ = self.outbox.urgent.try_send(message);
    }

    fn obey(&mut self, message: ToGuest) -> Result<Option<u8>, GuestError> {
        match message {
            ToGuest::Output(bytes) => return written(write_all(&mut self.stdout, &bytes)),
            // Nobody depends on it, so a closed standard error stops no work.
            ToGuest::Error(bytes) => drop(write_all(&mut io::stderr(), &bytes)),
            ToGuest::WantInput => self.read_input(),
            ToGuest::TakesInterrupts => self.signals.take_interrupts()?,
            ToGuest::Enter(mouse) => self.enter(mouse)?,
            ToGuest::Leave => self.leave(),
            ToGuest::Mouse(mouse) => terminal::set_mouse(mouse)?,
            ToGuest::Stop => {
                let stopped = terminal::stop();
                self.tell(ToHost::Stopped(stopped));
            }
            ToGuest::Edit(text) => {
                let command = editor::command(|name| std::env::var(name).ok());
                let edited = editor::edit(&command, &text).map_err(|fault| (fault.what, fault.hint));
                self.tell(ToHost::Edited(edited));
            }
            ToGuest::Sign(to_sign) => self.sign(to_sign),
            ToGuest::Lend(path) => self.shelf.lend(Some(path), self.outbox.pieces.clone()),
            ToGuest::LendMore => self.shelf.lend(None, self.outbox.pieces.clone()),
            ToGuest::Exit(code) => return Ok(Some(code)),
            ToGuest::Welcome(_) | ToGuest::Refused(_) => {}
        }
        Ok(None)
    }

    /// Signs beside everything else: a key may wait to be touched. Whoever sits at the screens has seen what it says.
    fn sign(&self, to_sign: ToSign) {
        let (outbox, has_screens) = (self.outbox.urgent.clone(), self.keyboard.is_some());
        tokio::spawn(async move {
            let signed = signing::sign_as_guest(&to_sign, has_screens).await;
            let _ = outbox.send(ToHost::Signed(signed)).await;
        });
    }

    fn enter(&mut self, mouse: MouseReports) -> Result<(), GuestError> {
        self.signals.take_all()?;
        if terminal::enter(mouse).is_err() {
            // The host takes the end of the keyboard for the end of the terminal.
            return Err(io::Error::from(io::ErrorKind::NotConnected).into());
        }
        match &self.keyboard {
            Some(gate) => gate.open(),
            None => self.keyboard = Some(start_keyboard(self.outbox.pieces.clone())?),
        }
        self.tell_size();
        Ok(())
    }

    fn leave(&mut self) {
        if let Some(gate) = &self.keyboard {
            gate.close();
        }
        terminal::leave();
    }

    fn tell_size(&self) {
        if let Ok(size) = terminal::size() {
            self.tell(ToHost::Resized(size));
        }
    }

    /// Reads a piece of standard input beside everything else.
    fn read_input(&self) {
        let pieces = self.outbox.pieces.clone();
        tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; PIECE_BYTES_MAX];
            // What cannot be read has ended, as a closed standard input has.
            let count = io::stdin().read(&mut piece).unwrap_or(0);
            piece.truncate(count);
            let message = if count == 0 {
                ToHost::InputEnd
            } else {
                ToHost::Input(piece)
            };
            let _ = pieces.blocking_send(message);
        });
    }

    /// What a signal means: an exit code where it ends this process.
    fn signalled(&self, kind: SignalKind) -> Option<u8> {
        if kind == SignalKind::window_change() {
            self.tell_size();
        } else if kind == CONTINUED {
            self.tell(ToHost::Continued);
        } else if self.signals.has_all || ![SignalKind::interrupt(), SignalKind::terminate()].contains(&kind) {
            // The host notices that we are gone, and keeps what was typed.
            let number = u8::try_from(kind.as_raw_value()).unwrap_or_default();
            return Some(SIGNALLED.saturating_add(number));
        } else {
            self.tell(ToHost::Interrupt);
        }
        None
    }
}

/// What shells add to the number of a signal that ended a process.
const SIGNALLED: u8 = 128;

/// SIGCONT, which has no name in tokio.
const CONTINUED: SignalKind = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());

/// Whether what reads our output is still there: where it is not, nobody is left to be told.
fn written(result: io::Result<()>) -> Result<Option<u8>, GuestError> {
    match result {
        Ok(()) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Some(0)),
        Err(error) => Err(error.into()),
    }
}

fn write_all(to: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

/// The way to the host.
struct Outbox {
    /// What the person does; it goes first.
    urgent: mpsc::Sender<ToHost>,
    /// What is read and typed; whoever reads it waits while the host is busy.
    pieces: mpsc::Sender<ToHost>,
}

/// Sends on a task of its own, so that a host that is busy drawing and a guest that is busy typing never wait for each
/// other.
fn send_all(mut write: OwnedWriteHalf) -> Outbox {
    let (urgent, mut urgent_messages) = mpsc::channel(URGENT_MAX);
    let (pieces, mut piece_messages) = mpsc::channel(MESSAGES_MAX);
    tokio::spawn(async move {
        loop {
            let message = tokio::select! {
                biased;
                Some(message) = urgent_messages.recv() => message,
                Some(message) = piece_messages.recv() => message,
                else => return,
            };
            if wire::send(&mut write, message).await.is_err() {
                return;
            }
        }
    });
    Outbox { urgent, pieces }
}

/// Receives on a task of its own, since half a message cannot be given up.
fn receive_all(mut read: OwnedReadHalf) -> mpsc::Receiver<Result<ToGuest, WireError>> {
    let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
    tokio::spawn(async move {
        loop {
            let message = wire::receive(&mut read).await;
            let is_last = message.is_err();
            if sender.send(message).await.is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// Reads the keyboard on a thread of its own, which the gate stops while an editor or a shell has the terminal.
fn start_keyboard(pieces: mpsc::Sender<ToHost>) -> io::Result<ReaderGate> {
    let gate = ReaderGate::new();
    let reader_gate = gate.clone();
    let mut keyboard = terminal::stdin()?;
    thread::spawn(move || {
        let mut bytes = [0; 4_096];
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: KEYBOARD_WAIT_NS,
        };
        loop {
            reader_gate.pass();
            let is_ready = poll(&mut [PollFd::new(&keyboard, PollFlags::IN)], Some(&wait));
            match is_ready {
                Ok(0) if pieces.is_closed() => return,
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(_) => return,
            }
            let Ok(count @ 1..) = keyboard.read(&mut bytes) else {
                return;
            };
            let typed = bytes.get(..count).unwrap_or_default().to_owned();
            if pieces.blocking_send(ToHost::Typed(typed)).is_err() {
                return;
            }
        }
    });
    Ok(gate)
}

/// Signals that are waited for. None at first: then Ctrl-C ends the process, as it would without a host.
#[derive(Default)]
struct Signals {
    listened: Vec<(SignalKind, Signal)>,
    /// Whether the screens need all of them.
    has_all: bool,
}

impl Signals {
    fn listen(&mut self, kinds: &[SignalKind]) -> io::Result<()> {
        for kind in kinds {
            if self.listened.iter().all(|(known, _)| known != kind) {
                self.listened.push((*kind, signal(*kind)?));
            }
        }
        Ok(())
    }

    fn take_interrupts(&mut self) -> io::Result<()> {
        self.listen(&[SignalKind::interrupt(), SignalKind::terminate()])
    }

    fn take_all(&mut self) -> io::Result<()> {
        self.has_all = true;
        self.take_interrupts()?;
        self.listen(&[
            SignalKind::hangup(),
            SignalKind::quit(),
            SignalKind::window_change(),
            CONTINUED,
        ])
    }

    /// The next signal that came; for ever where none is waited for.
    async fn next(&mut self) -> SignalKind {
        std::future::poll_fn(|context| {
            let ready =
                |(kind, signal): &mut (SignalKind, Signal)| signal.poll_recv(context).is_ready().then_some(*kind);
            match self.listened.iter_mut().find_map(ready) {
                Some(kind) => std::task::Poll::Ready(kind),
                None => std::task::Poll::Pending,
            }
        })
        .await
    }
}
