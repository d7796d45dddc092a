//! The way in: listening, taking connections in, and seeing them off.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Algorithm, HashAlg, PrivateKey};
use russh::server::{Config, Handle, run_stream};
use russh::{Disconnect, MethodKind, MethodSet, Preferred, SshId, cipher, compression, mac};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::connection::{Connection, Login, Shared};
use super::grace::Grace;
use super::host_key;
use super::limits::Strangers;
use super::line::Lines;
use super::refusals::{Refusals, SPELL};
use super::spool::Spools;
use crate::domain::people::People;
use crate::host::home::{Home, HomeError};
use crate::host::serve::Reception;
use crate::host::standing::until_out;

/// How long a login may take, and how long it may wait for its turn before.
const LOGIN_WAIT: Duration = Duration::from_secs(20);
/// How long a connection may stay on which nothing runs.
const IDLE_WAIT: Duration = Duration::from_secs(60);
/// How long what runs on a connection may go on once it is to end: runs are parked meanwhile.
const STAY_WAIT: Duration = Duration::from_secs(4);
/// How long a connection may take to go once it was told to.
const LEAVE_WAIT: Duration = Duration::from_secs(2);
/// How long a client has to show what it was sent last when the host stops.
const LAST_WORDS_WAIT: Duration = Duration::from_secs(1);
/// How long to wait after the system refused to give a connection.
const REFUSED_WAIT: Duration = Duration::from_millis(100);
/// Bytes that the system may hold unsent. A frame is drawn only when the last has left, so that a slow line shows what
/// is so and not what was so seconds ago.
const UNSENT_BYTES_MAX: u32 = 8 << 10;

/// Where the host is reached over SSH, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshPlace {
    /// Its addresses.
    pub addresses: Vec<SocketAddr>,
    /// The SHA-256 fingerprint of its host key.
    pub host_key: String,
}

/// A way in that is open, and at which nobody stands yet.
pub struct Door {
    listeners: Vec<TcpListener>,
    key: PrivateKey,
    spools: Arc<Spools>,
    /// What is said of it.
    pub place: SshPlace,
}

/// All that those who take connections in share.
struct Post {
    config: Arc<Config>,
    shared: Arc<Shared>,
    strangers: Arc<Strangers>,
    refusals: Refusals,
}

impl Door {
    /// Listens at these addresses, inside a runtime; with port 0 at one that is free.
    ///
    /// # Errors
    /// An address is taken, or the host key cannot be used.
    pub fn open(home: &Home, addresses: &[SocketAddr]) -> Result<Self, HomeError> {
        let key = host_key::open(&home.ssh_host_key())?;
        let mut listeners = Vec::new();
        let mut bound = Vec::new();
        for address in addresses {
            let listener = listen(*address).map_err(|source| HomeError::Io {
                what: format!("cannot listen for SSH at {address}"),
                source,
            })?;
            bound.push(listener.local_addr().unwrap_or(*address));
            listeners.push(listener);
        }
        let place = SshPlace {
            addresses: bound,
            host_key: key.fingerprint(HashAlg::Sha256).to_string(),
        };
        Ok(Self {
            listeners,
            key,
            spools: Arc::new(Spools::new(&home.folder())),
            place,
        })
    }

    /// Takes people in until the host stops, and sees them off.
    pub async fn serve(self, reception: Reception) {
        let refusals = Refusals::new(Arc::clone(&reception.log));
        let shared = Shared {
            reception,
            spools: self.spools,
        };
        let post = Arc::new(Post {
            config: Arc::new(config(self.key)),
            shared: Arc::new(shared),
            strangers: Strangers::none(),
            refusals,
        });
        let mut tasks = JoinSet::new();
        for listener in self.listeners {
            tasks.spawn(Arc::clone(&post).take_in(listener));
        }
        while tasks.join_next().await.is_some() {}
        post.refusals.settle();
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Public keys alone, and of the library's algorithms those that have no known weakness. The kinds of key exchange are
/// its own list, which carries its defence against Terrapin.
fn config(key: PrivateKey) -> Config {
    let sha2 = |algorithm: &Algorithm| !matches!(algorithm, Algorithm::Rsa { hash: None } | Algorithm::Dsa);
    let kinds: Vec<Algorithm> = Preferred::DEFAULT
        .key
        .iter()
        .filter(|kind| sha2(kind))
        .cloned()
        .collect();
    Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-pegbox")),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: Duration::from_millis(500),
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        event_buffer_size: 4,
        preferred: Preferred {
            key: Cow::Owned(kinds),
            cipher: Cow::Borrowed(&[cipher::CHACHA20_POLY1305, cipher::AES_256_GCM]),
            mac: Cow::Borrowed(&[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM]),
            compression: Cow::Borrowed(&[compression::NONE]),
            ..Preferred::DEFAULT
        },
        max_auth_attempts: 6,
        inactivity_timeout: Some(Duration::from_secs(120)),
        keepalive_interval: Some(Duration::from_secs(20)),
        keepalive_max: 3,
        nodelay: true,
        ..Config::default()
    }
}

impl Post {
    /// Takes in who comes to one address.
    async fn take_in(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        let mut stop = self.shared.reception.stop.clone();
        let mut spell = tokio::time::interval(SPELL);
        while !*stop.borrow_and_update() {
            tokio::select! {
                _ = stop.changed() => {}
                taken = listener.accept() => match taken {
                    Ok((stream, peer)) => {
                        connections.spawn(Arc::clone(&self).attend(stream, peer));
                    }
                    Err(error) => {
                        self.refusals.say(&format!("ssh a connection could not be taken in: {error}"));
                        sleep(REFUSED_WAIT).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                _ = spell.tick() => self.refusals.settle(),
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    /// Attends to one connection until it is gone.
    async fn attend(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let from = peer.ip().to_canonical();
        let mut stop = self.shared.reception.stop.clone();
        let turn = tokio::select! {
            turn = timeout(LOGIN_WAIT, self.strangers.admit(from)) => turn,
            _ = stop.wait_for(|stopped| *stopped) => return,
        };
        let ticket = match turn.unwrap_or(Err("no place for its login came free in time")) {
            Ok(ticket) => ticket,
            Err(why) => {
                // A client shows a line that comes before the protocol. Whoever does not take it at once goes without.
                let _ = stream.try_write(b"pegbox: too many connections wait for their login; try again soon\r\n");
                self.refusals.say(&format!("ssh {from} refused: {why}"));
                return;
            }
        };
        set_up(&stream);
        let login = Arc::new(Login::default());
        let lines = Lines::none();
        let own = stream.local_addr().unwrap_or(peer);
        let (leave, leaving) = watch::channel(false);
        let mut shared = Shared::clone(&self.shared);
        shared.reception.stop = leaving.clone();
        let connection = Connection::new(Arc::new(shared), peer, own, Arc::clone(&login), Arc::clone(&lines));
        let stream = Grace::new(stream, LOGIN_WAIT, Arc::clone(&login.is_known), ticket);
        let ended = match run_stream(Arc::clone(&self.config), stream, connection).await {
            Ok(mut session) => {
                let handle = session.handle();
                tokio::select! {
                    ended = &mut session => ended,
                    () = self.told_to_leave(&login, &leave) => Ok(()),
                    why = unneeded(leaving, &lines) => {
                        see_off(&handle, why).await;
                        timeout(LEAVE_WAIT, session).await.unwrap_or(Ok(()))
                    }
                }
            }
            Err(error) => Err(error),
        };
        if !login.is_known.load(std::sync::atomic::Ordering::Acquire) {
            self.refusals.say(&format!("ssh {from} refused: {}", login.refusal()));
        } else if let Err(russh::Error::Join(error)) = ended {
            self.shared.reception.log.line(&format!("ssh {from} failed: {error}"));
        }
    }

    /// Tells the lines of a connection to end once the host stops, or whoever logged in is let in no more.
    async fn told_to_leave(&self, login: &Login, leave: &watch::Sender<bool>) {
        let mut stop = self.shared.reception.stop.clone();
        let is_known = |people: &People| login.is_still_known(people);
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => {}
            () = until_out(Arc::clone(&self.shared.reception.workbench), is_known) => {}
        }
        leave.send_replace(true);
        std::future::pending::<()>().await;
    }
}

/// Waits until a connection is of no use any more: nothing has run on it for long, or it is to end and nothing runs
/// on it or does not end.
async fn unneeded(mut leaving: watch::Receiver<bool>, lines: &Lines) -> &'static str {
    const LEFT: &str = "the host stops, or lets you in no more";
    let mut live = lines.live();
    let mut deadline = Instant::now() + IDLE_WAIT;
    loop {
        let is_idle = *live.borrow_and_update() == 0;
        let is_leaving = *leaving.borrow_and_update();
        if is_idle && is_leaving {
            // A client that is told to go does not show what it was sent last: one that is done goes by itself.
            sleep(LAST_WORDS_WAIT).await;
            return LEFT;
        }
        if is_leaving {
            lines.host_stops();
        }
        tokio::select! {
            changed = live.changed() => match changed {
                Ok(()) => deadline = Instant::now() + IDLE_WAIT,
                Err(_) => std::future::pending().await,
            },
            changed = leaving.changed() => if changed.is_err() { std::future::pending().await },
            () = sleep_until(deadline), if is_idle => return "nothing runs on this connection",
            () = sleep(STAY_WAIT), if is_leaving => return LEFT,
        }
    }
}

async fn see_off(handle: &Handle, why: &str) {
    let _ = handle
        .disconnect(Disconnect::ByApplication, why.to_owned(), String::new())
        .await;
}

/// Has keys and frames go at once. Where the system does not know how, it is slower and no worse.
fn set_up(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX);
}

#[cfg(test)]
mod tests {
    use russh::client;
    use russh::keys::ssh_key::private::Ed25519Keypair;
    use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate};
    use russh::server::{Auth, Handler, PublicKeyOffer, VerifiedPublicKey};
    use tokio::io::{copy_bidirectional, duplex};
    use tokio::sync::oneshot;

    use super::*;

    /// What a line holds of what is under way.
    const HELD_BYTES: usize = 64 << 10;

    struct AnyKey;

    impl Handler for AnyKey {
        type Error = russh::Error;

        async fn auth_publickey_offered(&mut self, _: &str, _: PublicKeyOffer<'_>) -> Result<Auth, russh::Error> {
            Ok(Auth::Accept)
        }

        async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
            Ok(Auth::Accept)
        }
    }

    struct AnyHost;

    impl client::Handler for AnyHost {
        type Error = russh::Error;

        async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
            Ok(true)
        }
    }

    fn key(seed: u8) -> PrivateKey {
        PrivateKey::new(Ed25519Keypair::from_seed(&[seed; 32]).into(), "").unwrap()
    }

    /// A line that is not closed, and over which nothing comes any more: a laptop that was shut.
    #[tokio::test(start_paused = true)]
    async fn a_line_that_goes_silent_is_given_up() {
        let (near, mut near_end) = duplex(HELD_BYTES);
        let (mut far_end, far) = duplex(HELD_BYTES);
        let (shut, is_shut) = oneshot::channel();
        tokio::spawn(async move {
            tokio::select! {
                _ = copy_bidirectional(&mut near_end, &mut far_end) => {}
                _ = is_shut => std::future::pending().await,
            }
        });
        let serving = tokio::spawn(async move { run_stream(Arc::new(config(key(1))), far, AnyKey).await?.await });
        let mut client = client::connect_stream(Arc::default(), near, AnyHost).await.unwrap();
        let own = PrivateKeyWithHashAlg::new(Arc::new(key(2)), None);
        assert!(client.authenticate_publickey("anna", own).await.unwrap().success());
        // While the other side answers, a line on which nothing else goes stays for hours.
        sleep(Duration::from_hours(2)).await;
        assert!(!serving.is_finished());
        let began = Instant::now();
        shut.send(()).unwrap();
        assert!(serving.await.unwrap().is_err());
        assert!(began.elapsed() <= Duration::from_secs(120), "{:?}", began.elapsed());
    }
}
