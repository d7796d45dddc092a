//! Who gave a command line, and what it may reach of them: streams, variables, files, editor, terminal. The same
//! command runs for the person at this process's terminal and for a guest of the host.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

#[cfg(unix)]
use super::lending::Lender;
use super::parking::Parking;
use super::rescue::Rescue;
use super::session::{Ended, RequestHandler, run_local};
use super::signing::ToSign;
use super::terminal::MouseReports;
use super::{HostError, editor, signing};
use crate::domain::actor::Actor;
use crate::domain::origin::Origin;
use crate::tui::keymap::Keymap;
use crate::tui::msg::Note;
use crate::tui::session_info::SessionInfo;
use crate::workbench::{Attendance, Fault};

/// Variables of a guest that a command or a session looks at. Nothing else of a guest's environment is sent, above all
/// no key of a provider.
pub const VARIABLES: [&str; 14] = [
    "TERM",
    "COLORTERM",
    "COLORFGBG",
    "NO_COLOR",
    "LC_ALL",
    "LC_CTYPE",
    "LANG",
    "SSH_CONNECTION",
    "SSH_TTY",
    "PEGBOX_USER",
    "USER",
    "LOGNAME",
    "USERNAME",
    "COLUMNS",
];

/// Interrupts that wait for a command.
const INTERRUPTS_MAX: usize = 4;

/// Where a command's output goes.
pub struct Streams {
    /// Standard output.
    pub stdout: Box<dyn Write + Send>,
    /// Standard error.
    pub stderr: Box<dyn Write + Send>,
    /// Whether standard output is a terminal.
    pub is_stdout_terminal: bool,
    /// Whether standard error is a terminal.
    pub is_stderr_terminal: bool,
}

impl Streams {
    /// The process's own.
    pub fn of_process() -> Self {
        Self {
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            is_stdout_terminal: io::stdout().is_terminal(),
            is_stderr_terminal: io::stderr().is_terminal(),
        }
    }
}

/// Who gave a command line.
pub struct Caller {
    /// Standard input.
    pub stdin: Box<dyn Read + Send>,
    /// The environment, as far as it concerns the person and the terminal.
    pub variables: Variables,
    /// The files that names on the command line mean.
    pub files: Files,
    /// Who they are.
    pub identity: Identity,
    /// From where they act, and by which key.
    pub origin: Origin,
    /// What they sit at.
    pub desk: Box<dyn Desk>,
}

impl Caller {
    /// The person at this process's terminal.
    pub fn of_process() -> Self {
        Self {
            stdin: Box::new(io::stdin()),
            variables: Variables::Process,
            files: Files::Process,
            identity: Identity::Claimed { uid: own_uid() },
            origin: local_origin(own_uid()),
            desk: Box::new(OwnDesk {
                note: None,
                interrupts: None,
            }),
        }
    }

    /// The person at this process's terminal, where a host was wished for and cannot be: the screens say so first.
    pub fn without_host(why: &str) -> Self {
        let note = Note::warning(format!(
            "no host could be started, so runs end with this terminal: {why}"
        ));
        Self {
            desk: Box::new(OwnDesk {
                note: Some(note),
                interrupts: None,
            }),
            ..Self::of_process()
        }
    }
}

/// Where somebody with this account of this machine acts from.
pub fn local_origin(uid: Option<u32>) -> Origin {
    Origin::of_place(uid.map_or_else(|| "this machine".to_owned(), |uid| format!("account {uid} here")))
}

/// The number of the account that owns this process, and with it the store that it has open.
#[cfg(unix)]
pub fn own_uid() -> Option<u32> {
    Some(rustix::process::getuid().as_raw())
}

/// The number of the account that owns this process: other systems have none.
#[cfg(not(unix))]
pub fn own_uid() -> Option<u32> {
    None
}

/// How it is known who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// They say so themselves: whoever has this account may read and write the store's files anyhow.
    Claimed {
        /// The number of their account.
        uid: Option<u32>,
    },
    /// A key proves it, and no claim changes it.
    Proven(Actor),
}

/// Environment variables of whoever gave the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variables {
    /// This process's.
    Process,
    /// What a guest sent.
    Sent(BTreeMap<String, String>),
}

impl Variables {
    /// One variable.
    pub fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Process => std::env::var(name).ok(),
            Self::Sent(variables) => variables.get(name).cloned(),
        }
    }

    /// What a guest sends of this process's environment.
    pub fn to_send() -> BTreeMap<String, String> {
        let set = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
        VARIABLES.iter().filter_map(set).collect()
    }
}

/// Which files names on the command line mean.
#[derive(Debug, Clone)]
pub enum Files {
    /// This process's, from its current folder.
    Process,
    /// Those of a guest on this machine with the host's account.
    Guest {
        /// Its current folder.
        folder: PathBuf,
        /// Its process, as the system says.
        pid: Option<i32>,
    },
    /// Those of a guest on this machine with another account, which its own process reads.
    #[cfg(unix)]
    Lent(Arc<Lender>),
    /// None: the person is elsewhere, and the files here are not theirs.
    Elsewhere,
}

impl Files {
    /// Whether the person is elsewhere.
    pub fn are_elsewhere(&self) -> bool {
        matches!(self, Self::Elsewhere)
    }

    /// Whether this process may read and write them as whoever named them may.
    pub fn are_ours(&self) -> bool {
        matches!(self, Self::Process | Self::Guest { .. })
    }

    /// The file that `path` means to whoever named it.
    ///
    /// # Errors
    /// The person has no files here, or none that this process has a right to.
    pub fn locate(&self, path: &Path) -> Result<PathBuf, Fault> {
        match self {
            Self::Process => Ok(path.to_owned()),
            Self::Guest { folder, pid } => Ok(seen_by(*pid, &folder.join(path))),
            #[cfg(unix)]
            Self::Lent(_) => Err(Fault {
                what: format!(
                    "the host runs as another account than yours, and touches {} neither for you nor for itself",
                    path.display()
                ),
                hint: "name files to read on the command line, and send what is printed to a file: ... > FILE".into(),
            }),
            Self::Elsewhere => Err(Fault {
                what: format!("{} is a file of the host's machine, not of yours", path.display()),
                hint: "send the content through standard input and name it -, as in ssh HOST ... - < FILE".into(),
            }),
        }
    }

    /// The same for what standard input is no way for, as where something is to be written; `instead` says what is.
    ///
    /// # Errors
    /// The person has no files here.
    pub fn locate_or(&self, path: &Path, instead: &str) -> Result<PathBuf, Fault> {
        self.locate(path).map_err(|fault| Fault {
            hint: instead.to_owned(),
            ..fault
        })
    }
}

/// A path as a guest's process sees it: `/dev/stdin`, `/dev/fd/63` and `/proc/self/...` mean other things to the host.
fn seen_by(pid: Option<i32>, path: &Path) -> PathBuf {
    let Some(pid) = pid else {
        return path.to_owned();
    };
    let process = PathBuf::from(format!("/proc/{pid}"));
    let streams = [("/dev/stdin", "fd/0"), ("/dev/stdout", "fd/1"), ("/dev/stderr", "fd/2")];
    if let Some((_, stream)) = streams.iter().find(|(name, _)| path == Path::new(name)) {
        return process.join(stream);
    }
    if let Ok(number) = path.strip_prefix("/dev/fd") {
        return process.join("fd").join(number);
    }
    match path.strip_prefix("/proc/self") {
        Ok(rest) => process.join(rest),
        Err(_) => path.to_owned(),
    }
}

/// Why a command that waits should not wait any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// The person asked for it.
    Asked,
    /// Nobody is there any more.
    Gone,
}

/// Everything that the screens need beside a terminal.
pub struct Screens {
    /// Carries out what they ask.
    pub handler: Arc<dyn RequestHandler>,
    /// What is known of terminal and person.
    pub info: SessionInfo,
    /// The person's keys.
    pub keymap: Keymap,
    /// Whether the mouse is wished for.
    pub mouse: MouseReports,
    /// Their place in the roster.
    pub attendance: Attendance,
    /// What is said first.
    pub note: Option<Note>,
    /// Where the screens wait when the terminal is gone; they end with it where there is none.
    pub parking: Option<Arc<Parking>>,
    /// Where text goes that the store does not take.
    pub rescue: Rescue,
}

/// What the person sits at. Called on threads that may block.
pub trait Desk: Send {
    /// Opens a text in the person's editor, and gives what was saved.
    ///
    /// # Errors
    /// There is no editor, or it failed.
    fn edit(&mut self, text: &str) -> Result<String, Fault>;

    /// Signs a decision with a key of the person, where they are. They see what it says.
    ///
    /// # Errors
    /// There is no such key, or it does not sign.
    fn sign(&mut self, to_sign: &ToSign, runtime: &Handle) -> Result<String, Fault>;

    /// From now on an interrupt does not end the command, but comes here, however often that is asked for.
    ///
    /// # Errors
    /// The system refuses to tell.
    fn interrupts(&mut self, runtime: &Handle) -> io::Result<&mut mpsc::Receiver<Interrupt>>;

    /// Opens the screens, and comes back when they are closed.
    ///
    /// # Errors
    /// There is no terminal, it failed, or a screen panicked.
    fn run_screens(&mut self, screens: Screens, runtime: &Handle) -> Result<Ended, HostError>;
}

/// This process's own terminal.
struct OwnDesk {
    /// What the screens say first.
    note: Option<Note>,
    interrupts: Option<mpsc::Receiver<Interrupt>>,
}

impl Desk for OwnDesk {
    fn edit(&mut self, text: &str) -> Result<String, Fault> {
        editor::edit(&editor::command(|name| std::env::var(name).ok()), text)
    }

    fn sign(&mut self, to_sign: &ToSign, runtime: &Handle) -> Result<String, Fault> {
        // Nobody depends on it, so a closed standard error stops no work.
        let _ = writeln!(io::stderr(), "{}", to_sign.shown()?);
        runtime.block_on(signing::sign(to_sign))
    }

    fn interrupts(&mut self, runtime: &Handle) -> io::Result<&mut mpsc::Receiver<Interrupt>> {
        if self.interrupts.is_none() {
            self.interrupts = Some(listen(runtime)?);
        }
        self.interrupts.as_mut().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    fn run_screens(&mut self, mut screens: Screens, runtime: &Handle) -> Result<Ended, HostError> {
        screens.note = self.note.take().or(screens.note);
        runtime.block_on(run_local(screens))
    }
}

/// What stops a command of this process, from now on.
fn listen(runtime: &Handle) -> io::Result<mpsc::Receiver<Interrupt>> {
    let _inside = runtime.enter();
    let mut signals = StopSignals::listen()?;
    let (sender, receiver) = mpsc::channel(INTERRUPTS_MAX);
    runtime.spawn(async move {
        loop {
            signals.next().await;
            if sender.send(Interrupt::Asked).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Ctrl-C and a polite kill.
#[cfg(unix)]
pub struct StopSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    /// Listens from now on, inside a runtime: the signals do not end the process any more.
    ///
    /// # Errors
    /// The system refuses.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
pub struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    /// Listens from now on.
    ///
    /// # Errors
    /// None here.
    pub fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guests_names_mean_the_guests_files() {
        let guest = Files::Guest {
            folder: "/home/anna/work".into(),
            pid: Some(7),
        };
        for (named, meant) in [
            ("a.md", "/home/anna/work/a.md"),
            ("../a.md", "/home/anna/work/../a.md"),
            ("/etc/hosts", "/etc/hosts"),
            ("/dev/stdin", "/proc/7/fd/0"),
            ("/dev/fd/63", "/proc/7/fd/63"),
            ("/proc/self/fd/63", "/proc/7/fd/63"),
        ] {
            assert_eq!(guest.locate(Path::new(named)), Ok(meant.into()), "{named}");
        }
        let elsewhere = Files::Elsewhere.locate(Path::new("/etc/shadow")).unwrap_err();
        assert!(elsewhere.what.starts_with("/etc/shadow is a file of the host's"));
    }
}
