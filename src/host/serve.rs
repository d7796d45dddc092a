//! The host: it owns the store, takes guests in, and ends without hurting anybody.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::admission::Threshold;
use super::attached::attend;
use super::caller::{Caller, StopSignals, Streams};
use super::fence;
use super::home::{Claim, Home, HomeError, Running};
use super::log::Log;
use super::needs::Needs;
use super::shared::Group;
use super::ssh::Door;
use super::wire::{self, Refusal, ToGuest};
use crate::workbench::Workbench;

/// Guests at a time. Each has a thread.
pub const GUESTS_MAX: usize = 200;
/// How long guests may take to leave when the host stops.
const LEAVE_WAIT: Duration = Duration::from_secs(5);
/// How long to wait after the system refused to give a connection, such as for want of file descriptors.
const REFUSED_WAIT: Duration = Duration::from_millis(100);
/// How often the host looks whether it can still be reached, and whether anybody needs it.
const CHECK: Duration = Duration::from_secs(1);

/// A command line of a guest.
pub struct Call {
    /// The words, with the program's name first.
    pub words: Vec<OsString>,
    /// Where its output goes.
    pub streams: Streams,
    /// Who gave it.
    pub caller: Caller,
}

/// Carries out command lines of guests. Called on threads that may block.
pub trait CommandLine: Send + Sync + 'static {
    /// Carries one out, and gives its exit code.
    fn carry_out(&self, call: Call) -> u8;
}

/// What guests need of the host, whatever way they come.
#[derive(Clone)]
pub struct Reception {
    /// Where people are known.
    pub workbench: Arc<Workbench>,
    /// Carries out what they ask.
    pub commands: Arc<dyn CommandLine>,
    places: Arc<Semaphore>,
    /// Whom the socket lets in.
    pub threshold: Threshold,
    /// The host's log.
    pub log: Arc<Log>,
    /// Becomes true when the host stops.
    pub stop: watch::Receiver<bool>,
    served: Arc<AtomicU64>,
}

/// A guest's place, given back when it is dropped.
pub struct Place<'a> {
    _permit: SemaphorePermit<'a>,
}

impl Reception {
    /// A place for a guest, if there is one.
    pub fn place(&self) -> Option<Place<'_>> {
        let permit = self.places.try_acquire().ok()?;
        Some(Place { _permit: permit })
    }

    /// Notes that the host was needed, for a guest that may be gone before anybody looks.
    pub fn note(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }

    fn guests(&self) -> usize {
        GUESTS_MAX - self.places.available_permits()
    }
}

/// The ways in beside the socket for the host's own account, and how it was started.
#[derive(Debug, Default)]
pub struct Ways {
    /// Where it listens for SSH.
    pub ssh: Vec<SocketAddr>,
    /// Whose members may use the socket, which then lies beside the store.
    pub group: Option<Group>,
    /// Whether it was started in the background, by a guest that found none.
    pub is_detached: bool,
}

/// A host that can be reached, and is not yet at work.
pub struct Server {
    claim: Claim,
    listener: UnixListener,
    socket: PathBuf,
    socket_inode: u64,
    log: Arc<Log>,
    signals: StopSignals,
    door: Option<Door>,
    group: Option<Group>,
    /// What it says of itself.
    pub running: Running,
}

impl Server {
    /// Makes the host reachable, inside a runtime. From here on a polite kill is waited for rather than died of.
    ///
    /// # Errors
    /// There is no place for the socket or the log, or no way in for SSH.
    pub fn open(claim: Claim, home: &Home, ways: Ways) -> Result<Self, HomeError> {
        fence::install_panic_hook();
        let io = |what: &str| {
            let what = what.to_owned();
            move |source: io::Error| HomeError::Io { what, source }
        };
        let log = Log::open(&home.log()).map_err(io("cannot open the host's log"))?;
        let signals = StopSignals::listen().map_err(io("cannot wait for signals"))?;
        let door = if ways.ssh.is_empty() {
            None
        } else {
            Some(Door::open(home, &ways.ssh)?)
        };
        let (listener, socket) = claim.bind(ways.group.as_ref())?;
        let running = Running {
            ssh: door.as_ref().map(|door| door.place.clone()),
            group: ways.group.as_ref().map(|group| group.name.clone()),
            detached: ways.is_detached,
            ..Running::at(&socket)
        };
        claim.publish(&running)?;
        log.line(&format!("started: pegbox {}, process {}", running.version, running.pid));
        for address in running.ssh.iter().flat_map(|ssh| &ssh.addresses) {
            log.line(&format!("listening for SSH at {address}"));
        }
        if let Some(ssh) = &running.ssh {
            log.line(&format!("host key {}", ssh.host_key));
        }
        if let Some(group) = &running.group {
            log.line(&format!(
                "letting in members of the group {group} whose account is a person's"
            ));
        }
        if let Some(left) = &claim.left {
            log.line(&killed(left));
        }
        Ok(Self {
            claim,
            listener,
            socket_inode: inode(&socket),
            socket,
            log: Arc::new(log),
            signals,
            door,
            group: ways.group,
            running,
        })
    }

    /// What is to be said of the host before, where it did not end as it should.
    pub fn left(&self) -> Option<String> {
        self.claim.left.as_ref().map(killed)
    }

    /// Takes guests in until the process is told to stop, or has had no guest and no run for `idle_max`; then parks the
    /// runs and sees the guests off. A second signal stops at once: what is saved is safe. Gives back the claim, which
    /// is to be held for as long as the store is open.
    pub async fn run(
        mut self,
        commands: Arc<dyn CommandLine>,
        workbench: Arc<Workbench>,
        idle_max: Option<Duration>,
    ) -> Claim {
        let (stop, stopping) = watch::channel(false);
        let reception = Reception {
            workbench: Arc::clone(&workbench),
            commands,
            places: Arc::new(Semaphore::new(GUESTS_MAX)),
            threshold: Threshold::of_process(self.group.is_some()),
            log: Arc::clone(&self.log),
            stop: stopping,
            served: Arc::default(),
        };
        let mut guests = JoinSet::new();
        let mut from_afar = JoinSet::new();
        if let Some(door) = self.door.take() {
            from_afar.spawn(door.serve(reception.clone()));
        }
        self.take_guests(&reception, &workbench, idle_max, &mut guests).await;
        self.log.line("stopping");
        self.claim.withdraw(&self.socket);
        drop(self.listener);
        let _ = stop.send(true);
        let leaving = async {
            let parked = tokio::task::spawn_blocking(move || workbench.park_runs());
            let _ = parked.await;
            let gone = async {
                while guests.join_next().await.is_some() {}
                while from_afar.join_next().await.is_some() {}
            };
            let _ = tokio::time::timeout(LEAVE_WAIT, gone).await;
        };
        tokio::select! {
            () = leaving => {}
            () = self.signals.next() => {}
        }
        self.log.line("stopped");
        self.claim
    }

    /// Takes guests in until a signal, or until nobody has needed the host for `idle_max`.
    async fn take_guests(
        &mut self,
        reception: &Reception,
        workbench: &Workbench,
        idle_max: Option<Duration>,
        guests: &mut JoinSet<bool>,
    ) {
        let mut number = 0_u64;
        let mut last_used = Instant::now();
        let mut served = 0;
        let mut check = tokio::time::interval(CHECK);
        loop {
            tokio::select! {
                () = self.signals.next() => return,
                taken = self.listener.accept() => match taken {
                    Ok((stream, _)) => {
                        number += 1;
                        let needs = Needs {
                            is_detached: self.running.detached,
                            guests: reception.guests(),
                            runs: workbench.runs_at_work(),
                        };
                        let guest = Guest { number, reception: reception.clone(), needs };
                        guests.spawn(guest.attend(stream));
                    }
                    Err(error) => {
                        self.log.line(&format!("a guest could not be taken in: {error}"));
                        tokio::time::sleep(REFUSED_WAIT).await;
                    }
                },
                Some(ended) = guests.join_next() => if !matches!(ended, Ok(false)) {
                    last_used = Instant::now();
                },
                _ = check.tick() => {
                    if !self.mend() {
                        return;
                    }
                    let count = reception.served.load(Ordering::Relaxed);
                    if reception.guests() > 0 || count > served || workbench.has_live_runs() {
                        served = count;
                        last_used = Instant::now();
                    } else if idle_max.is_some_and(|idle_max| last_used.elapsed() >= idle_max) {
                        self.log.line("nobody needs the host any more");
                        return;
                    }
                }
            }
        }
    }
}

impl Server {
    /// Binds the socket anew, and takes the lock anew, where somebody has removed them: those who clean up runtime
    /// folders do. Whether the host can go on.
    fn mend(&mut self) -> bool {
        let is_lock_mended = match self.claim.mend() {
            Ok(is_mended) => is_mended,
            Err(error) => {
                self.log.line(&format!("the place of the host is lost: {error}"));
                return false;
            }
        };
        let metadata = std::fs::symlink_metadata(&self.socket);
        let is_there = metadata.is_ok_and(|found| found.ino() == self.socket_inode);
        if is_there && !is_lock_mended {
            return true;
        }
        match self.bind_again() {
            Ok(()) => self.log.line("the socket or the lock was removed, and is there again"),
            Err(error) => self.log.line(&format!("the socket is gone: {error}")),
        }
        true
    }

    fn bind_again(&mut self) -> Result<(), HomeError> {
        let (listener, socket) = self.claim.bind(self.group.as_ref())?;
        self.socket_inode = inode(&socket);
        self.listener = listener;
        self.running.socket.clone_from(&socket);
        self.claim.publish(&self.running)?;
        self.socket = socket;
        Ok(())
    }
}

fn inode(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).map_or(0, |found| found.ino())
}

/// What is said of a host that left its lock file as it was.
fn killed(left: &Running) -> String {
    format!(
        "the host before, process {} of pegbox {}, did not end as it should: it was killed, or the machine stopped; \
         runs that it worked at can be resumed",
        left.pid, left.version
    )
}

/// One that has connected.
struct Guest {
    number: u64,
    reception: Reception,
    needs: Needs,
}

impl Guest {
    /// Attends to the guest until it is gone. Whether it was a reason for the host to be there.
    async fn attend(self, mut stream: UnixStream) -> bool {
        let Some(_place) = self.reception.place() else {
            let refusal = Refusal {
                what: format!("the host of this store has {GUESTS_MAX} guests already"),
                hint: "try again when some have left".into(),
                is_replaceable: false,
                is_of_the_guest: false,
            };
            let _ = wire::send(&mut stream, ToGuest::Refused(refusal)).await;
            return false;
        };
        let said = match attend(stream, &self.reception, &self.needs).await {
            Ok(None) => return false,
            Ok(Some(said)) => said,
            Err(why) => format!("turned away: {why}"),
        };
        self.reception.log.line(&format!("guest {} {said}", self.number));
        true
    }
}
