//! A guest on the host's socket, as the host sees it.

use std::ffi::OsString;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Size;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::HostError;
use super::admission::{Admitted, Way};
use super::caller::{Caller, Desk, Files, Interrupt, Screens, Streams, Variables};
use super::hosted::{NO_STOP, PANICKED, failed, gone, no_editor_over_ssh, passed_on, run_apart, stop_session, told};
use super::input::Typed;
use super::lending::{Lender, Piece};
use super::needs::Needs;
use super::remote::{Outbox, Outgoing, Outlet, outbox, run_remote};
use super::serve::{Call, CommandLine, Reception};
use super::session::{Control, Ended, Surface};
use super::signing::{self, ToSign};
use super::standing::until_out;
use super::terminal::{MouseReports, believed};
use super::wire::{self, HELLO_BYTES_MAX, Hello, PIECE_BYTES_MAX, PROTOCOL, Refusal, ToGuest, ToHost, Welcome};
use crate::workbench::{Fault, Workbench};

/// How long a guest may take to say what it wants.
const HELLO_WAIT: Duration = Duration::from_secs(5);
/// Pieces of typed input that wait.
const TYPED_MAX: usize = 64;
/// Other messages of a guest that wait.
const EVENTS_MAX: usize = 8;

/// Attends to one guest until it is gone or its command has ended. What to log of it, where it came as far as that;
/// none where it only looked.
pub async fn attend(mut stream: UnixStream, reception: &Reception, needs: &Needs) -> Result<Option<String>, String> {
    let (hello, guest) = let_in(&mut stream, reception, needs).await?;
    let (read, write) = stream.into_split();
    let (outbox, to_send) = outbox();
    let sending = tokio::spawn(send_all(write, to_send));
    let (inlets, desk, lender) = meet(&hello, guest.way, outbox.clone());
    tokio::spawn(stop_session(reception.stop.clone(), inlets.control.clone()));
    tokio::spawn(send_away(Arc::clone(&reception.workbench), guest.clone(), &inlets));
    let reading = tokio::spawn(route(read, inlets));
    let is_looking = hello.is_looking;
    let files = guest.files(&hello, lender);
    let ended = carry_out(hello, &guest, files, desk, &outbox, Arc::clone(&reception.commands)).await;
    let code = *ended.as_ref().unwrap_or(&PANICKED);
    let _ = outbox.send(ToGuest::Exit(code)).await;
    drop(outbox);
    let _ = sending.await;
    reading.abort();
    Ok((!is_looking).then(|| format!("of {guest}, {}", told(&ended))))
}

/// Hears what a guest wants, and welcomes it, or tells it why not. Why not, for the log.
async fn let_in(stream: &mut UnixStream, reception: &Reception, needs: &Needs) -> Result<(Hello, Admitted), String> {
    let peer = stream.peer_cred().map_err(|error| error.to_string())?;
    let hello = tokio::time::timeout(HELLO_WAIT, wire::receive_up_to(stream, HELLO_BYTES_MAX)).await;
    let hello = match hello {
        Ok(Ok(ToHost::Hello(hello))) => *hello,
        Ok(Ok(_)) => return Err("it did not begin with a greeting".into()),
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("it said nothing".into()),
    };
    let people = reception.workbench.people().map_err(|error| error.to_string())?;
    let admitted = reception.threshold.admit(&peer, &hello, &people);
    let guest = match admitted {
        Ok(_) if hello.protocol != PROTOCOL => Err(other_version(&hello, needs)),
        admitted => admitted,
    };
    let guest = match guest {
        Ok(guest) => guest,
        Err(refusal) => {
            let what = refusal.what.clone();
            let _ = wire::send(stream, ToGuest::Refused(refusal)).await;
            return Err(what);
        }
    };
    let welcome = Welcome {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let sent = wire::send(stream, ToGuest::Welcome(welcome)).await;
    sent.map_err(|error| error.to_string())?;
    Ok((hello, guest))
}

/// Ends what a guest has open when it is not any more who it came as. A command that only watches stops; what it has
/// begun goes on.
fn send_away(workbench: Arc<Workbench>, guest: Admitted, inlets: &Inlets) -> impl Future<Output = ()> + use<> {
    // That nobody holds the other end of the interrupts tells a command that its guest is gone.
    let (control, interrupts) = (inlets.control.clone(), inlets.interrupts.downgrade());
    async move {
        tokio::select! {
            () = until_out(workbench, |people| guest.is_still_known(people)) => {
                if let Some(interrupts) = interrupts.upgrade() {
                    let _ = interrupts.try_send(Interrupt::Gone);
                }
                let _ = control.send(Control::Terminate).await;
            }
            () = control.closed() => {}
        }
    }
}

/// What to tell a guest of another protocol. The host's own command, which works across versions, is the way out.
fn other_version(hello: &Hello, needs: &Needs) -> Refusal {
    Refusal {
        what: format!(
            "the host of this store is pegbox {} (process {}, protocol {PROTOCOL}), \
             and this is pegbox {} (protocol {}); {needs}",
            env!("CARGO_PKG_VERSION"),
            std::process::id(),
            hello.version,
            hello.protocol
        ),
        is_replaceable: needs.is_replaceable(),
        is_of_the_guest: false,
        hint: "stop it with pegbox host stop, which parks its runs, and start it in this version; or use its version"
            .into(),
    }
}

/// Runs the command on a thread of its own, since it may block. Its exit code, or why it panicked.
async fn carry_out(
    hello: Hello,
    guest: &Admitted,
    files: Files,
    desk: SocketDesk,
    outbox: &Outbox<ToGuest>,
    commands: Arc<dyn CommandLine>,
) -> Result<u8, String> {
    let (stdin, desk) = desk.with_input();
    let call = Call {
        words: hello.words.into_iter().map(OsString::from).collect(),
        streams: Streams {
            stdout: Box::new(Outlet::new(outbox.clone(), ToGuest::Output)),
            stderr: Box::new(Outlet::new(outbox.clone(), ToGuest::Error)),
            is_stdout_terminal: hello.terminals[1],
            is_stderr_terminal: hello.terminals[2],
        },
        caller: Caller {
            stdin: Box::new(stdin),
            files,
            origin: guest.origin(&hello.variables),
            identity: guest.identity(),
            variables: Variables::Sent(hello.variables),
            desk: Box::new(desk),
        },
    };
    let ended = run_apart(call, commands).await;
    if let Err(why) = &ended {
        let _ = outbox.send(ToGuest::Error(failed(why).into_bytes())).await;
    }
    ended
}

async fn send_all(mut write: OwnedWriteHalf, mut to_send: Outgoing<ToGuest>) {
    while let Some(message) = to_send.next().await {
        let sent = match message {
            ToGuest::Output(bytes) => send_pieces(&mut write, &bytes, ToGuest::Output).await,
            ToGuest::Error(bytes) => send_pieces(&mut write, &bytes, ToGuest::Error).await,
            message => wire::send(&mut write, message).await,
        };
        if sent.is_err() {
            return;
        }
    }
    let _ = write.shutdown().await;
}

async fn send_pieces(
    write: &mut OwnedWriteHalf,
    bytes: &[u8],
    message: fn(Vec<u8>) -> ToGuest,
) -> Result<(), wire::WireError> {
    for piece in bytes.chunks(PIECE_BYTES_MAX) {
        wire::send(write, message(piece.to_owned())).await?;
    }
    Ok(())
}

/// Where the messages of a guest go.
struct Inlets {
    stdin: mpsc::Sender<Vec<u8>>,
    typed: mpsc::Sender<Typed>,
    control: mpsc::Sender<Control>,
    interrupts: mpsc::Sender<Interrupt>,
    answers: mpsc::Sender<Answered>,
    lent: mpsc::Sender<Piece>,
}

/// What a guest did that it was asked for.
#[derive(Debug)]
enum Answered {
    Stopped(Result<(), String>),
    Edited(Result<String, Fault>),
    Signed(Result<String, Fault>),
}

/// Hands out what the guest sends, until it is gone or sends what nobody asked for.
async fn route(mut read: OwnedReadHalf, inlets: Inlets) {
    while let Ok(message) = wire::receive(&mut read).await {
        let is_in_order = match message {
            ToHost::Hello(_) => false,
            ToHost::Input(bytes) => !bytes.is_empty() && inlets.stdin.try_send(bytes).is_ok(),
            ToHost::InputEnd => inlets.stdin.try_send(Vec::new()).is_ok(),
            ToHost::Typed(bytes) => inlets.typed.send(Typed::Bytes(bytes)).await.is_ok(),
            ToHost::Resized(size) => inlets.typed.send(Typed::Resized(size)).await.is_ok(),
            ToHost::Interrupt => inlets.interrupts.send(Interrupt::Asked).await.is_ok(),
            ToHost::Continued => inlets.control.send(Control::Continued).await.is_ok(),
            ToHost::Stopped(result) => inlets.answers.try_send(Answered::Stopped(result)).is_ok(),
            ToHost::Edited(result) => {
                let result = result.map_err(|(what, hint)| Fault { what, hint });
                inlets.answers.try_send(Answered::Edited(result)).is_ok()
            }
            ToHost::Signed(result) => {
                let result = result.map_err(|(what, hint)| Fault { what, hint });
                inlets.answers.try_send(Answered::Signed(result)).is_ok()
            }
            ToHost::Lent(bytes) => inlets.lent.try_send(Ok(bytes)).is_ok(),
            ToHost::NotLent(why) => inlets.lent.try_send(Err(why)).is_ok(),
        };
        if !is_in_order {
            return;
        }
    }
}

/// The two ends of everything that a guest can send.
fn meet(hello: &Hello, way: Way, outbox: Outbox<ToGuest>) -> (Inlets, SocketDesk, Lender) {
    let (to_stdin, stdin) = mpsc::channel(1);
    let (to_typed, typed) = mpsc::channel(TYPED_MAX);
    let (to_control, control) = mpsc::channel(EVENTS_MAX);
    let (to_interrupts, interrupts) = mpsc::channel(EVENTS_MAX);
    let (to_answers, answers) = mpsc::channel(1);
    let (to_lent, lent) = mpsc::channel(1);
    let inlets = Inlets {
        stdin: to_stdin,
        typed: to_typed,
        control: to_control,
        interrupts: to_interrupts,
        answers: to_answers,
        lent: to_lent,
    };
    let lender = Lender::new(outbox.clone(), lent);
    let [is_stdin_terminal, is_stdout_terminal, _] = hello.terminals;
    let (columns, rows) = hello.size;
    let desk = SocketDesk {
        outbox,
        stdin: Some(stdin),
        typed: Some(typed),
        control: Some(control),
        interrupts,
        takes_interrupts: false,
        answers: Some(answers),
        has_terminal: is_stdin_terminal && is_stdout_terminal,
        size: believed(columns, rows),
        term: hello.variables.get("TERM").cloned().unwrap_or_default(),
        place: match way {
            Way::OwnAccount | Way::OtherAccount => Place::Here,
            Way::Network => Place::Elsewhere,
        },
    };
    (inlets, desk, lender)
}

/// A guest's terminal and editor. Each receiver is taken by the first that needs it.
struct SocketDesk {
    outbox: Outbox<ToGuest>,
    stdin: Option<mpsc::Receiver<Vec<u8>>>,
    typed: Option<mpsc::Receiver<Typed>>,
    control: Option<mpsc::Receiver<Control>>,
    interrupts: mpsc::Receiver<Interrupt>,
    takes_interrupts: bool,
    answers: Option<mpsc::Receiver<Answered>>,
    has_terminal: bool,
    size: Size,
    term: String,
    place: Place,
}

/// Where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On this machine: its programs are theirs to start.
    Here,
    /// Behind a network: an editor or a shell of this machine would be a way in.
    Elsewhere,
}

impl SocketDesk {
    fn with_input(mut self) -> (GuestInput, Self) {
        let input = GuestInput {
            outbox: self.outbox.clone(),
            pieces: self.stdin.take(),
            piece: Vec::new(),
            read: 0,
        };
        (input, self)
    }
}

/// Waits for what the guest was asked for.
fn answer(outbox: &Outbox<ToGuest>, answers: &mut mpsc::Receiver<Answered>, ask: ToGuest) -> Option<Answered> {
    outbox.post(ask).ok()?;
    tokio::task::block_in_place(|| answers.blocking_recv())
}

fn edited(answered: Option<Answered>) -> Result<String, Fault> {
    match answered {
        Some(Answered::Edited(result)) => result,
        _ => Err(Fault {
            what: "the terminal with the editor is gone".into(),
            hint: "attach again; the draft stays as it was".into(),
        }),
    }
}

fn signed(answered: Option<Answered>) -> Result<String, Fault> {
    match answered {
        Some(Answered::Signed(result)) => result,
        _ => Err(Fault {
            what: "the terminal with the key is gone".into(),
            hint: "attach again; nothing was decided".into(),
        }),
    }
}

/// Refuses key files to whoever is elsewhere.
fn no_key_file(place: Place, to_sign: &ToSign) -> Result<(), Fault> {
    match place {
        Place::Here => Ok(()),
        Place::Elsewhere => signing::no_key_file(to_sign),
    }
}

/// Refuses an editor to whoever has none here.
fn no_editor(place: Place) -> Result<(), Fault> {
    match place {
        Place::Here => Ok(()),
        Place::Elsewhere => Err(no_editor_over_ssh()),
    }
}

impl Desk for SocketDesk {
    fn edit(&mut self, text: &str) -> Result<String, Fault> {
        no_editor(self.place)?;
        let answers = self.answers.as_mut();
        edited(answers.and_then(|answers| answer(&self.outbox, answers, ToGuest::Edit(text.to_owned()))))
    }

    fn sign(&mut self, to_sign: &ToSign, _runtime: &Handle) -> Result<String, Fault> {
        no_key_file(self.place, to_sign)?;
        let answers = self.answers.as_mut();
        signed(answers.and_then(|answers| answer(&self.outbox, answers, ToGuest::Sign(to_sign.clone()))))
    }

    fn interrupts(&mut self, _runtime: &Handle) -> io::Result<&mut mpsc::Receiver<Interrupt>> {
        // The guest is told once.
        if !std::mem::replace(&mut self.takes_interrupts, true) {
            self.outbox.post(ToGuest::TakesInterrupts)?;
        }
        Ok(&mut self.interrupts)
    }

    fn run_screens(&mut self, screens: Screens, runtime: &Handle) -> Result<Ended, HostError> {
        let (Some(typed), Some(control), Some(answers)) = (self.typed.take(), self.control.take(), self.answers.take())
        else {
            return Err(HostError::NoTerminal);
        };
        if !self.has_terminal {
            return Err(HostError::NoTerminal);
        }
        let surface = SocketSurface {
            outbox: self.outbox.clone(),
            answers,
            mouse: screens.mouse,
            size: self.size,
            term: self.term.clone(),
            place: self.place,
        };
        self.outbox.post(ToGuest::Enter(screens.mouse))?;
        let outlet = Outlet::new(self.outbox.clone(), ToGuest::Output);
        let restore = Restore(self.outbox.clone());
        let ended = runtime.block_on(run_remote(screens, surface, outlet, self.size, typed, control));
        drop(restore);
        passed_on(ended)
    }
}

/// Gives the terminal back on every way out of the screens.
struct Restore(Outbox<ToGuest>);

impl Drop for Restore {
    fn drop(&mut self) {
        // Whoever is gone needs no terminal back.
        let _ = self.0.post(ToGuest::Leave);
    }
}

/// A guest's terminal while the screens are on it.
struct SocketSurface {
    outbox: Outbox<ToGuest>,
    answers: mpsc::Receiver<Answered>,
    mouse: MouseReports,
    size: Size,
    term: String,
    place: Place,
}

impl Surface for SocketSurface {
    fn is_there(&self) -> bool {
        !self.outbox.is_closed()
    }

    fn release(&mut self) {
        // A guest that is gone is noticed by what comes next.
        let _ = self.outbox.post(ToGuest::Leave);
    }

    fn take_back(&mut self) -> Result<Size, HostError> {
        // The guest tells the size that it has then.
        self.outbox.post(ToGuest::Enter(self.mouse))?;
        Ok(self.size)
    }

    fn stop(&mut self) -> Result<(), String> {
        if self.place == Place::Elsewhere {
            return Err(NO_STOP.into());
        }
        match answer(&self.outbox, &mut self.answers, ToGuest::Stop) {
            Some(Answered::Stopped(result)) => result,
            _ => Err("cannot suspend: the terminal is gone".into()),
        }
    }

    fn toggle_mouse(&mut self) -> Result<&'static str, HostError> {
        let (mouse, told) = self.mouse.toggled();
        self.outbox.post(ToGuest::Mouse(mouse))?;
        self.mouse = mouse;
        Ok(told)
    }

    fn edit(&mut self, text: &str) -> Result<String, Fault> {
        no_editor(self.place)?;
        edited(answer(&self.outbox, &mut self.answers, ToGuest::Edit(text.to_owned())))
    }

    fn sign(&mut self, to_sign: &ToSign) -> Result<String, Fault> {
        no_key_file(self.place, to_sign)?;
        signed(answer(&self.outbox, &mut self.answers, ToGuest::Sign(to_sign.clone())))
    }

    fn term(&self) -> String {
        self.term.clone()
    }

    async fn taken(&mut self) {
        self.outbox.taken().await;
    }
}

/// Standard input of a guest, asked for piece by piece: what the command does not read stays the guest's.
struct GuestInput {
    outbox: Outbox<ToGuest>,
    /// `None` once it has ended.
    pieces: Option<mpsc::Receiver<Vec<u8>>>,
    piece: Vec<u8>,
    read: usize,
}

impl Read for GuestInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() {
            let Some(pieces) = &mut self.pieces else {
                return Ok(0);
            };
            self.outbox.post(ToGuest::WantInput)?;
            let piece = tokio::task::block_in_place(|| pieces.blocking_recv());
            self.piece = piece.ok_or_else(gone)?;
            self.read = 0;
            if self.piece.is_empty() {
                self.pieces = None;
                return Ok(0);
            }
        }
        let mut rest = self.piece.get(self.read..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.read += count;
        Ok(count)
    }
}
