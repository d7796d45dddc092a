//! One connection: who it is, and what it asks for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ratatui::layout::Size;
use russh::keys::Certificate;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, Pty as PtyMode, Sig};

use super::agent::AgentLine;
use super::desk::Pty;
use super::identify::{self, Visitor};
use super::line::{Asker, Line, Lines};
use super::spool::Spools;
use crate::domain::origin::Origin;
use crate::domain::people::People;
use crate::host::caller::VARIABLES;
use crate::host::serve::Reception;
use crate::host::terminal::believed;

/// Lines of one connection at a time.
pub const LINES_MAX: usize = 8;
/// Lines more that are opened only to be told so.
const TOLD_MAX: usize = 8;
/// Lines of one connection in all. The library keeps a little of each, so a connection does not live for ever.
const LINES_IN_ALL_MAX: usize = 1_000;
/// Reasons that are kept of why one connection was not let in.
const REFUSALS_MAX: usize = 6;
/// Longest command line, in bytes.
const ASKED_BYTES_MAX: usize = 64 << 10;
/// Variables that a client may set on a line, and the longest value of one, in bytes.
const VARIABLES_MAX: usize = 16;
const VARIABLE_BYTES_MAX: usize = 256;
/// Those of them that it may not: they say who somebody is, or from where.
const OURS: [&str; 8] = [
    "TERM",
    "COLUMNS",
    "SSH_CONNECTION",
    "SSH_TTY",
    "PEGBOX_USER",
    "USER",
    "LOGNAME",
    "USERNAME",
];

/// What all connections share.
#[derive(Clone)]
pub struct Shared {
    /// What guests need.
    pub reception: Reception,
    /// Where standard input waits.
    pub spools: Arc<Spools>,
}

/// What is known of one connection outside of it.
#[derive(Debug, Default)]
pub struct Login {
    /// Somebody has logged in.
    pub is_known: Arc<AtomicBool>,
    /// Who.
    visitor: OnceLock<Visitor>,
    /// Why somebody was not let in, each time.
    refused: Mutex<Vec<String>>,
}

impl Login {
    /// Why nobody was let in.
    pub fn refusal(&self) -> String {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_empty() {
            return "left without a key".into();
        }
        refused.join("; ")
    }

    /// Whether whoever logged in is still let in, by the same key.
    pub fn is_still_known(&self, people: &People) -> bool {
        self.visitor.get().is_none_or(|visitor| visitor.is_known(people))
    }

    fn refuse(&self, why: String) -> Auth {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() < REFUSALS_MAX && !refused.contains(&why) {
            refused.push(why);
        }
        Auth::reject()
    }
}

/// One connection.
pub struct Connection {
    shared: Arc<Shared>,
    peer: SocketAddr,
    own: SocketAddr,
    login: Arc<Login>,
    lines: Arc<Lines>,
    visitor: Option<Visitor>,
    lines_in_all: usize,
    has_agent: Arc<AtomicBool>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Whatever runs on a line learns that it is gone.
        let lines = std::mem::take(&mut *self.lines.open());
        drop(lines);
    }
}

impl Connection {
    /// One between these two addresses.
    pub fn new(shared: Arc<Shared>, peer: SocketAddr, own: SocketAddr, login: Arc<Login>, lines: Arc<Lines>) -> Self {
        Self {
            shared,
            peer,
            own,
            login,
            lines,
            visitor: None,
            lines_in_all: 0,
            has_agent: Arc::default(),
        }
    }

    /// Everybody in the store, read anew each time: whoever is removed stays out from then on.
    async fn people(&self) -> Result<People, String> {
        let workbench = Arc::clone(&self.shared.reception.workbench);
        let read = tokio::task::spawn_blocking(move || workbench.people()).await;
        match read {
            Ok(Ok(people)) => Ok(people),
            Ok(Err(error)) => Err(format!("the store cannot be read: {error}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether somebody is known by what they show; `find` looks for them.
    async fn let_in(&mut self, user: &str, find: impl FnOnce(&People) -> Result<Visitor, String>) -> Auth {
        let found = self.people().await.and_then(|people| find(&people));
        match found {
            Ok(visitor) => {
                self.visitor = Some(visitor);
                Auth::Accept
            }
            Err(why) => self.login.refuse(format!("user {user:?}: {why}")),
        }
    }

    /// The person is still one who is let in, by the same key.
    async fn still_known(&self) -> Option<Visitor> {
        let visitor = self.visitor.clone()?;
        let people = self.people().await.ok()?;
        visitor.is_known(&people).then_some(visitor)
    }

    fn place(&self) -> String {
        format!("ssh {}", self.peer.ip().to_canonical())
    }

    /// What a line's variables begin with.
    fn variables(&self) -> BTreeMap<String, String> {
        let (peer, own) = (self.peer, self.own);
        let connection = format!("{} {} {} {}", peer.ip(), peer.port(), own.ip(), own.port());
        BTreeMap::from([("SSH_CONNECTION".to_owned(), connection)])
    }

    /// Begins what a line was asked for.
    async fn begin(&mut self, id: ChannelId, asked: Vec<u8>, session: &mut Session) -> Result<(), Error> {
        let visitor = match self.still_known().await {
            Some(visitor) if asked.len() <= ASKED_BYTES_MAX => visitor,
            _ => return session.channel_failure(id),
        };
        let Some(begun) = self.lines.begin(id, &self.shared) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let handle = session.handle();
        let asker = Asker {
            person: visitor.person,
            origin: Origin {
                place: self.place(),
                key: visitor.key,
            },
            agent: AgentLine::new(handle.clone(), Arc::clone(&self.has_agent)),
            handle,
        };
        let (shared, lines, place) = (Arc::clone(&self.shared), Arc::clone(&self.lines), self.place());
        tokio::spawn(async move {
            let said = begun.attend(asked, asker, &shared, &lines).await;
            shared.reception.log.line(&format!("{place} {said}"));
        });
        Ok(())
    }

    /// Answers a request on an idle line.
    fn on_idle(
        &self,
        id: ChannelId,
        session: &mut Session,
        change: impl FnOnce(&mut super::line::IdleLine) -> bool,
    ) -> Result<(), Error> {
        let is_done = match self.lines.open().get_mut(&id) {
            Some(Line::Idle(line)) => change(line),
            _ => false,
        };
        if is_done {
            session.channel_success(id)
        } else {
            session.channel_failure(id)
        }
    }
}

/// A size in a message, as far as it is believed.
fn size_of(columns: u32, rows: u32) -> Size {
    let short = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    believed(short(columns), short(rows))
}

impl Handler for Connection {
    type Error = Error;

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        let may_try = |people: People| identify::may_try(&people, user, offer.public_key, offer.algorithm);
        Ok(match self.people().await.and_then(may_try) {
            Ok(()) => Auth::Accept,
            Err(why) => self.login.refuse(format!("user {user:?}: {why}")),
        })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let find = |people: &People| identify::by_key(people, user, key.public_key, key.algorithm);
        Ok(self.let_in(user, find).await)
    }

    async fn auth_openssh_certificate(&mut self, user: &str, certificate: &Certificate) -> Result<Auth, Error> {
        let from = self.peer.ip().to_canonical();
        let find = |people: &People| identify::by_certificate(people, user, from, certificate);
        Ok(self.let_in(user, find).await)
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Error> {
        self.login.is_known.store(true, Ordering::Release);
        if let Some(visitor) = &self.visitor {
            // Nobody logs in twice on one connection.
            let _ = self.login.visitor.set(visitor.clone());
            let came = format!("{} {} came with {}", self.place(), visitor.person, visitor.proof);
            self.shared.reception.log.line(&came);
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        let live = *self.lines.live().borrow();
        if live >= LINES_MAX + TOLD_MAX || self.lines_in_all >= LINES_IN_ALL_MAX {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        self.lines_in_all += 1;
        // What comes is told to us here; a half that nobody reads would hold the connection up.
        let (_read, write) = channel.split();
        self.lines.add(write, self.variables());
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Error> {
        let line = self.lines.open().remove(&id);
        drop(line);
        Ok(())
    }

    async fn channel_eof(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Error> {
        if let Some(Line::Busy(inlets)) = self.lines.open().get_mut(&id) {
            inlets.end();
        }
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), Error> {
        if let Some(Line::Busy(inlets)) = self.lines.open().get_mut(&id) {
            inlets.data(data);
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(PtyMode, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        let size = size_of(columns, rows);
        self.on_idle(id, session, |line| {
            if term.len() > VARIABLE_BYTES_MAX {
                return false;
            }
            line.variables.insert("TERM".into(), term.to_owned());
            line.variables.insert("COLUMNS".into(), size.width.to_string());
            line.pty = Some(Pty {
                term: term.to_owned(),
                size,
            });
            true
        })
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.on_idle(id, session, |line| {
            let is_wanted = VARIABLES.contains(&name) && !OURS.contains(&name);
            let fits = line.variables.len() < VARIABLES_MAX && value.len() <= VARIABLE_BYTES_MAX;
            if is_wanted && fits {
                line.variables.insert(name.to_owned(), value.to_owned());
            }
            is_wanted && fits
        })
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.begin(id, Vec::new(), session).await
    }

    async fn exec_request(&mut self, id: ChannelId, asked: &[u8], session: &mut Session) -> Result<(), Error> {
        self.begin(id, asked.to_owned(), session).await
    }

    async fn subsystem_request(&mut self, id: ChannelId, _name: &str, session: &mut Session) -> Result<(), Error> {
        session.channel_failure(id)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _is_single: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(id)
    }

    async fn window_change_request(
        &mut self,
        id: ChannelId,
        columns: u32,
        rows: u32,
        _width: u32,
        _height: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        let size = size_of(columns, rows);
        let is_known = match self.lines.open().get_mut(&id) {
            Some(Line::Busy(inlets)) => inlets.resized(size),
            Some(Line::Idle(line)) => line.pty.as_mut().map(|pty| pty.size = size).is_some(),
            None => false,
        };
        if is_known {
            session.channel_success(id)
        } else {
            session.channel_failure(id)
        }
    }

    async fn agent_request(&mut self, _id: ChannelId, _session: &mut Session) -> Result<bool, Error> {
        self.has_agent.store(true, Ordering::Release);
        Ok(true)
    }

    async fn signal(&mut self, id: ChannelId, signal: Sig, _session: &mut Session) -> Result<(), Error> {
        let is_polite = matches!(signal, Sig::INT | Sig::TERM | Sig::HUP | Sig::QUIT);
        if let Some(Line::Busy(inlets)) = self.lines.open().get_mut(&id)
            && is_polite
        {
            inlets.interrupt();
        }
        Ok(())
    }
}
