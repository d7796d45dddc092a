//! What passes between the host and a guest on its socket: a kind, a length, a payload.
//!
//! [`Hello`], [`Welcome`] and [`Refusal`] are JSON whose known fields never change, so that two versions can always
//! tell each other what they are. All else is as of [`PROTOCOL`].

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use ratatui::layout::Size;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::domain::actor::Actor;

use super::remote::{Outbound, join_bytes};
use super::signing::ToSign;
use super::terminal::{MouseReports, believed};

/// Counts changes of what follows the greeting.
pub const PROTOCOL: u32 = 2;
/// Largest payload, in bytes: a text for an editor.
const PAYLOAD_BYTES_MAX: usize = 4 << 20;
/// Largest payload of a guest before it is welcome: a command line.
pub const HELLO_BYTES_MAX: usize = 1 << 20;
/// Streams are cut into pieces of at most so many bytes.
pub const PIECE_BYTES_MAX: usize = 32 << 10;

/// Why bytes are no message.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other side is gone.
    #[error("the connection ended: {0}")]
    Closed(#[from] io::Error),
    /// A length that no message has.
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    /// Not one of ours.
    #[error("a message of kind {0} is malformed or unknown")]
    Malformed(u8),
}

/// A guest says who it is and what it wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Its [`PROTOCOL`].
    pub protocol: u32,
    /// Its version, for people.
    pub version: String,
    /// The command line, with the program's name first.
    #[serde(default)]
    pub words: Vec<String>,
    /// Who is behind it, where they came over a network and a key has told: what this machine has is not theirs.
    #[serde(default)]
    pub person: Option<Actor>,
    /// Its current folder.
    #[serde(default)]
    pub folder: PathBuf,
    /// Its environment, as far as it is sent.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Which of standard input, output and error are terminals.
    #[serde(default)]
    pub terminals: [bool; 3],
    /// Columns and rows of its terminal.
    #[serde(default)]
    pub size: (u16, u16),
    /// Whether it only looks at the host itself: no reason for the host to stay, and none to log.
    #[serde(default)]
    pub is_looking: bool,
}

/// The host takes the guest in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The host's [`PROTOCOL`].
    pub protocol: u32,
    /// The host's version, for people.
    pub version: String,
}

/// The host turns the guest away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub what: String,
    /// What to do.
    pub hint: String,
    /// Whether nobody needs this host, and it was not started by hand: a guest may stop it and start its own.
    #[serde(default)]
    pub is_replaceable: bool,
    /// Whether it is for who the guest is.
    #[serde(default)]
    pub is_of_the_guest: bool,
}

/// From a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToHost {
    /// First of all.
    Hello(Box<Hello>),
    /// Bytes of standard input, as wanted.
    Input(Vec<u8>),
    /// Bytes that were typed while the screens are open.
    Typed(Vec<u8>),
    /// Standard input has ended.
    InputEnd,
    /// The terminal has another size.
    Resized(Size),
    /// Ctrl-C while the command takes interrupts.
    Interrupt,
    /// The guest's process was continued.
    Continued,
    /// It has stopped and goes on, or why it could not stop.
    Stopped(Result<(), String>),
    /// What the editor saved, or why nothing.
    Edited(Result<String, (String, String)>),
    /// The signature, or why none.
    Signed(Result<String, (String, String)>),
    /// A piece of the file that was asked for; an empty one is its end.
    Lent(Vec<u8>),
    /// Why the file cannot be read.
    NotLent(String),
}

/// From the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToGuest {
    /// Come in.
    Welcome(Welcome),
    /// Go away.
    Refused(Refusal),
    /// For standard output.
    Output(Vec<u8>),
    /// For standard error.
    Error(Vec<u8>),
    /// The command reads: send a piece of standard input.
    WantInput,
    /// From now on send interrupts instead of ending.
    TakesInterrupts,
    /// Set the terminal up for screens, send what is typed, and say the size.
    Enter(MouseReports),
    /// Restore the terminal and read nothing.
    Leave,
    /// Turn mouse reports on or off.
    Mouse(MouseReports),
    /// Stop, as by Ctrl-Z.
    Stop,
    /// Open a text in the person's editor.
    Edit(String),
    /// Show a decision, and sign it with a key of the person.
    Sign(ToSign),
    /// Read a file that the command line names, and send its first piece.
    Lend(String),
    /// Send the next piece of it.
    LendMore,
    /// The end, with the exit code.
    Exit(u8),
}

impl Outbound for ToGuest {
    fn join(&mut self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Output(first), Self::Output(next)) => join_bytes(first, next).map(Self::Output),
            (Self::Error(first), Self::Error(next)) => join_bytes(first, next).map(Self::Error),
            (_, next) => Some(next),
        }
    }
}

/// One of the two sides' messages.
pub trait Message: Sized {
    /// Kind and payload.
    fn parts(self) -> (u8, Vec<u8>);

    /// The message of a kind and a payload; none where they fit no message.
    fn of_parts(kind: u8, payload: Vec<u8>) -> Option<Self>;
}

impl Message for ToHost {
    fn parts(self) -> (u8, Vec<u8>) {
        match self {
            Self::Hello(hello) => (1, json(&hello)),
            Self::Input(bytes) => (2, bytes),
            Self::InputEnd => (3, Vec::new()),
            Self::Typed(bytes) => (9, bytes),
            Self::Resized(size) => (4, [size.width.to_be_bytes(), size.height.to_be_bytes()].concat()),
            Self::Interrupt => (5, Vec::new()),
            Self::Continued => (6, Vec::new()),
            Self::Stopped(result) => (7, json(&result)),
            Self::Edited(result) => (8, json(&result)),
            Self::Signed(result) => (20, json(&result)),
            Self::Lent(bytes) => (21, bytes),
            Self::NotLent(why) => (22, why.into_bytes()),
        }
    }

    fn of_parts(kind: u8, payload: Vec<u8>) -> Option<Self> {
        Some(match (kind, payload.as_slice()) {
            (1, _) => Self::Hello(parsed(&payload)?),
            (2, _) if payload.len() <= PIECE_BYTES_MAX => Self::Input(payload),
            (3, []) => Self::InputEnd,
            (9, _) if payload.len() <= PIECE_BYTES_MAX => Self::Typed(payload),
            (4, [w1, w2, h1, h2]) => {
                Self::Resized(believed(u16::from_be_bytes([*w1, *w2]), u16::from_be_bytes([*h1, *h2])))
            }
            (5, []) => Self::Interrupt,
            (6, []) => Self::Continued,
            (7, _) => Self::Stopped(parsed(&payload)?),
            (8, _) => Self::Edited(parsed(&payload)?),
            (20, _) => Self::Signed(parsed(&payload)?),
            (21, _) if payload.len() <= PIECE_BYTES_MAX => Self::Lent(payload),
            (22, _) => Self::NotLent(String::from_utf8(payload).ok()?),
            _ => return None,
        })
    }
}

impl Message for ToGuest {
    fn parts(self) -> (u8, Vec<u8>) {
        match self {
            Self::Welcome(welcome) => (1, json(&welcome)),
            Self::Refused(refusal) => (2, json(&refusal)),
            Self::Output(bytes) => (3, bytes),
            Self::Error(bytes) => (4, bytes),
            Self::WantInput => (5, Vec::new()),
            Self::TakesInterrupts => (6, Vec::new()),
            Self::Enter(mouse) => (7, vec![u8::from(mouse == MouseReports::On)]),
            Self::Leave => (8, Vec::new()),
            Self::Mouse(mouse) => (9, vec![u8::from(mouse == MouseReports::On)]),
            Self::Stop => (10, Vec::new()),
            Self::Edit(text) => (11, text.into_bytes()),
            Self::Sign(to_sign) => (20, json(&to_sign)),
            Self::Lend(path) => (21, path.into_bytes()),
            Self::LendMore => (22, Vec::new()),
            Self::Exit(code) => (12, vec![code]),
        }
    }

    fn of_parts(kind: u8, payload: Vec<u8>) -> Option<Self> {
        let mouse = |on: u8| if on == 0 { MouseReports::Off } else { MouseReports::On };
        Some(match (kind, payload.as_slice()) {
            (1, _) => Self::Welcome(parsed(&payload)?),
            (2, _) => Self::Refused(parsed(&payload)?),
            (3, _) => Self::Output(payload),
            (4, _) => Self::Error(payload),
            (5, []) => Self::WantInput,
            (6, []) => Self::TakesInterrupts,
            (7, [on]) => Self::Enter(mouse(*on)),
            (8, []) => Self::Leave,
            (9, [on]) => Self::Mouse(mouse(*on)),
            (10, []) => Self::Stop,
            (11, _) => Self::Edit(String::from_utf8(payload).ok()?),
            (20, _) => Self::Sign(parsed(&payload)?),
            (21, _) => Self::Lend(String::from_utf8(payload).ok()?),
            (22, []) => Self::LendMore,
            (12, [code]) => Self::Exit(*code),
            _ => return None,
        })
    }
}

/// Such values always have JSON: no map with other keys than texts, no number that JSON lacks.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn parsed<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    serde_json::from_slice(payload).ok()
}

/// Sends one message.
///
/// # Errors
/// The other side is gone.
pub async fn send<M: Message>(to: &mut (impl AsyncWrite + Unpin), message: M) -> Result<(), WireError> {
    let (kind, payload) = message.parts();
    let Ok(length) = u32::try_from(payload.len()) else {
        return Err(WireError::TooLong(payload.len()));
    };
    let mut bytes = Vec::with_capacity(payload.len() + 5);
    bytes.push(kind);
    bytes.extend(length.to_be_bytes());
    bytes.extend(payload);
    to.write_all(&bytes).await?;
    Ok(())
}

/// Takes the next message, whose payload has at most [`PAYLOAD_BYTES_MAX`].
///
/// # Errors
/// The other side is gone, or sent what is no message; the connection is of no use then.
pub async fn receive<M: Message>(from: &mut (impl AsyncRead + Unpin)) -> Result<M, WireError> {
    receive_up_to(from, PAYLOAD_BYTES_MAX).await
}

/// Takes the next message, whose payload has at most so many bytes.
///
/// # Errors
/// As of [`receive`].
pub async fn receive_up_to<M: Message>(
    from: &mut (impl AsyncRead + Unpin),
    payload_bytes_max: usize,
) -> Result<M, WireError> {
    let kind = from.read_u8().await?;
    let length = from.read_u32().await? as usize;
    if length > payload_bytes_max {
        return Err(WireError::TooLong(length));
    }
    // The length alone makes no room: a claim of 4 MB costs whoever claims 4 MB.
    let mut payload = Vec::new();
    let read = from.take(length as u64).read_to_end(&mut payload).await?;
    if read < length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    M::of_parts(kind, payload).ok_or(WireError::Malformed(kind))
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;

    use super::*;

    fn hello() -> Hello {
        Hello {
            protocol: PROTOCOL,
            version: "0.1.0".into(),
            words: vec!["pegbox".into(), "status".into()],
            person: Some(Actor::new("anna").unwrap()),
            folder: "/home/anna".into(),
            variables: [("TERM".to_owned(), "xterm".to_owned())].into(),
            terminals: [true, true, false],
            size: (80, 24),
            is_looking: true,
        }
    }

    fn both_ways<M: Message + Clone + PartialEq + Debug>(message: &M) {
        let (kind, payload) = message.clone().parts();
        assert_eq!(M::of_parts(kind, payload).as_ref(), Some(message));
    }

    #[test]
    fn every_message_comes_out_as_it_went_in() {
        let refusal = Refusal {
            what: "no".into(),
            hint: "go".into(),
            is_replaceable: true,
            is_of_the_guest: true,
        };
        let welcome = Welcome {
            protocol: 1,
            version: "0.1.0".into(),
        };
        for message in [
            ToHost::Hello(Box::new(hello())),
            ToHost::Input(vec![0, 255]),
            ToHost::InputEnd,
            ToHost::Typed(vec![27]),
            ToHost::Resized(Size::new(80, 24)),
            ToHost::Interrupt,
            ToHost::Continued,
            ToHost::Stopped(Ok(())),
            ToHost::Stopped(Err("no shell".into())),
            ToHost::Edited(Ok("text".into())),
            ToHost::Edited(Err(("failed".into(), "retry".into()))),
            ToHost::Signed(Ok("-----BEGIN SSH SIGNATURE-----".into())),
            ToHost::Signed(Err(("no agent".into(), "start one".into()))),
            ToHost::Lent(vec![0, 255]),
            ToHost::NotLent("no such file".into()),
        ] {
            both_ways(&message);
        }
        for message in [
            ToGuest::Welcome(welcome),
            ToGuest::Refused(refusal),
            ToGuest::Output(vec![1]),
            ToGuest::Error(vec![]),
            ToGuest::WantInput,
            ToGuest::TakesInterrupts,
            ToGuest::Enter(MouseReports::Off),
            ToGuest::Leave,
            ToGuest::Mouse(MouseReports::On),
            ToGuest::Stop,
            ToGuest::Edit("text".into()),
            ToGuest::Sign(ToSign {
                statement: "{}".into(),
                keys: vec!["ssh-ed25519 AAAA".into()],
                key_file: Some("id_ed25519".into()),
            }),
            ToGuest::Lend("prompt.md".into()),
            ToGuest::LendMore,
            ToGuest::Exit(130),
        ] {
            both_ways(&message);
        }
    }

    /// The greeting of another version has fields that this one does not know, and lacks others.
    #[test]
    fn another_versions_greeting_is_understood() {
        let later = br#"{"protocol":9,"version":"3.0.0","cluster":"east"}"#.to_vec();
        let Some(ToHost::Hello(hello)) = ToHost::of_parts(1, later) else {
            panic!("not understood");
        };
        assert_eq!((hello.protocol, hello.version.as_str()), (9, "3.0.0"));
    }

    #[test]
    fn an_absurd_size_is_cut() {
        let resized = ToHost::of_parts(4, vec![255; 4]);
        assert_eq!(resized, Some(ToHost::Resized(Size::new(500, 300))));
    }

    proptest! {
        /// Whatever comes, it is a message or an error, and never more is read than was sent.
        #[test]
        fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut from = bytes.as_slice();
                while let Ok(message) = receive_up_to::<ToHost>(&mut from, 64).await {
                    let (_, payload) = message.parts();
                    assert!(payload.len() <= 4_096);
                }
                let mut from = bytes.as_slice();
                while receive::<ToGuest>(&mut from).await.is_ok() {}
            });
        }

        /// A length beyond the limit is refused before its bytes are read.
        #[test]
        fn too_long_is_refused(kind in any::<u8>(), length in 65_u32..) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut bytes = vec![kind];
            bytes.extend(length.to_be_bytes());
            let received = runtime.block_on(receive_up_to::<ToHost>(&mut bytes.as_slice(), 64));
            prop_assert!(matches!(received, Err(WireError::TooLong(_))));
        }
    }
}
