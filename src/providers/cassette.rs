//! Cassettes: a run's HTTP traffic in a file, to be answered from later without sending anything.
//!
//! A cassette is JSON lines. The first says that it is one, and in which format; each other one is a request with what
//! came of it: a `reply`, or the `failure` below HTTP. Keys are never on it: the header that carries the key is left
//! out, and known keys in texts are masked. A request is answered by one of the same content: the path and query below
//! the base URL, the format's headers, and the body byte for byte. Of several that are the same, as repeats and
//! attempts are, each is answered once, in the order in which they came back.

mod recorder;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use recorder::Recorder;

use super::http::HttpReply;
use super::{ProviderError, Retry};
use crate::domain::endpoint::endpoints_text;
use crate::domain::hash::ContentHash;
use crate::domain::outcome::ErrorKind;

/// The format that is written, and the newest that is read.
const FORMAT: u32 = 1;
/// Reply headers that mean something to whoever reads the reply, besides those about rate limits.
const HEADERS_KEPT: [&str; 6] = [
    "content-type",
    "location",
    "retry-after",
    "retry-after-ms",
    "x-request-id",
    "request-id",
];

/// Why a cassette cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    /// A file is in the way of a new one.
    #[error("{path} is there already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be opened, read or written.
    #[error("the cassette {path} cannot be used: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its first line is none of a cassette, or of a newer one.
    #[error("{path} is no cassette of format {FORMAT}")]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// A line cannot be read.
    #[error("line {line} of the cassette {path} cannot be read: {why}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Why.
        why: String,
    },
}

impl CassetteError {
    /// What to do; begins with a verb.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "choose another name: a cassette is never written over",
            Self::Io { .. } => "check the path and its permissions",
            Self::Format { .. } | Self::Line { .. } => "record it again with pegbox run start --record FILE",
        }
    }
}

/// What becomes of a provider's HTTP traffic.
#[derive(Clone, Default)]
pub enum Tape {
    /// It is sent, and nothing is kept of it.
    #[default]
    Off,
    /// It is sent, and kept in a cassette.
    Record(Arc<Recorder>),
    /// Nothing is sent: a cassette answers.
    Replay(Arc<Player>),
}

impl Tape {
    /// Keeps the traffic in a new file.
    ///
    /// # Errors
    ///
    /// A file of this name is there, or none can be made.
    pub fn record(path: &Path) -> Result<Self, CassetteError> {
        Recorder::create(path).map(|recorder| Self::Record(Arc::new(recorder)))
    }

    /// Goes on with the file of a run that was recorded up to its pause.
    ///
    /// # Errors
    ///
    /// It cannot be read or written, or is no cassette.
    pub fn record_on(path: &Path) -> Result<Self, CassetteError> {
        Recorder::append(path).map(|recorder| Self::Record(Arc::new(recorder)))
    }

    /// Answers from a file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no cassette.
    pub fn replay(path: &Path) -> Result<Self, CassetteError> {
        Player::open(path).map(|player| Self::Replay(Arc::new(player)))
    }

    /// Where the requests on a cassette went, by provider where it has several; `None` where none is played.
    pub fn base_url(&self) -> Option<String> {
        match self {
            Self::Replay(player) => player.base_url(),
            Self::Off | Self::Record(_) => None,
        }
    }

    /// Whether nothing is sent.
    pub fn is_replay(&self) -> bool {
        matches!(self, Self::Replay(_))
    }

    /// That a run has been started whose traffic it keeps: a cassette of no run does not stay behind.
    pub fn begin(&self) {
        if let Self::Record(recorder) = self {
            recorder.begin();
        }
    }

    /// Whether it was to be recorded and nothing was sent that it could keep.
    pub fn is_empty_recording(&self) -> bool {
        matches!(self, Self::Record(recorder) if recorder.is_empty())
    }

    /// Why the cassette that was recorded is not whole, where it is not.
    pub fn fault(&self) -> Option<CassetteError> {
        match self {
            Self::Record(recorder) => recorder.fault(),
            Self::Off | Self::Replay(_) => None,
        }
    }
}

/// A request without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TapedRequest {
    /// Who was asked; not part of what is compared. Older cassettes do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<String>,
    /// Where it was sent; not part of what is compared, since a test server has another address each time.
    pub(super) base_url: String,
    /// Path and query below the base URL.
    pub(super) target: String,
    /// Headers besides those of every request and the key's.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl TapedRequest {
    /// What makes it the same as another one.
    fn hash(&self) -> ContentHash {
        let mut content = self.target.clone();
        for (name, value) in &self.headers {
            content.extend(["\n", name, ": ", value]);
        }
        content.extend(["\n\n", &self.body]);
        ContentHash::of_bytes(content.as_bytes())
    }
}

/// A piece of a stream: when it came, in milliseconds from the start, and its length in bytes.
type PieceMark = (u64, usize);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Came {
    Reply {
        status: u16,
        headers: BTreeMap<String, String>,
        body: String,
        is_utf8: bool,
        latency_ms: u64,
        /// How the body came, where it was streamed and is here byte for byte.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pieces: Vec<PieceMark>,
    },
    Failure {
        kind: ErrorKind,
        message: String,
        may_pass: bool,
        status: Option<u16>,
        raw: Option<String>,
        latency_ms: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    request: TapedRequest,
    #[serde(flatten)]
    came: Came,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    pegbox_cassette: u32,
}

/// Plays a cassette. It holds where each reply lies, not the replies.
pub struct Player {
    path: PathBuf,
    /// Where each provider was asked first.
    base_urls: Vec<(Option<String>, String)>,
    file: Mutex<File>,
    /// Where its last whole line ends.
    whole_bytes: u64,
    entries: Mutex<HashMap<ContentHash, Replies>>,
}

/// Replies to the same request.
#[derive(Debug, Default)]
struct Replies {
    /// First byte and length of the lines that were not used yet, in order.
    left: VecDeque<(u64, usize)>,
    used: usize,
}

impl Player {
    fn open(path: &Path) -> Result<Self, CassetteError> {
        let io = |source| io_fault(path, source);
        let mut lines = BufReader::new(File::open(path).map_err(io)?);
        let mut line = Vec::new();
        let mut at = lines.read_until(b'\n', &mut line).map_err(io)? as u64;
        let head: Option<Head> = serde_json::from_slice(&line).ok();
        if head.is_none_or(|head| head.pegbox_cassette != FORMAT) {
            return Err(CassetteError::Format { path: path.to_owned() });
        }
        let mut base_urls: Vec<(Option<String>, String)> = Vec::new();
        let mut entries: HashMap<ContentHash, Replies> = HashMap::new();
        for number in 2.. {
            line.clear();
            let length = lines.read_until(b'\n', &mut line).map_err(io)?;
            // Half a line is what a recording that was killed leaves: its reply is in no outcome either.
            if length == 0 || line.last() != Some(&b'\n') {
                break;
            }
            let entry: Entry = serde_json::from_slice(&line).map_err(|error| CassetteError::Line {
                path: path.to_owned(),
                line: number,
                why: error.to_string(),
            })?;
            let replies = entries.entry(entry.request.hash()).or_default();
            replies.left.push_back((at, length));
            let TapedRequest { provider, base_url, .. } = entry.request;
            if base_urls.iter().all(|(known, _)| *known != provider) {
                base_urls.push((provider, base_url));
            }
            at += length as u64;
        }
        Ok(Self {
            path: path.to_owned(),
            base_urls,
            file: Mutex::new(lines.into_inner()),
            whole_bytes: at,
            entries: Mutex::new(entries),
        })
    }

    fn base_url(&self) -> Option<String> {
        if let [(_, only)] = self.base_urls.as_slice() {
            return Some(only.clone());
        }
        let named = self.base_urls.iter();
        endpoints_text(named.filter_map(|(of, url)| Some((of.clone()?, url.clone()))).collect())
    }

    /// What came of a request of the same content when it was recorded.
    pub(super) fn answer(
        &self,
        request: &TapedRequest,
        on_chunk: &mut (dyn FnMut(&[u8], u64) + Send),
    ) -> Result<HttpReply, ProviderError> {
        let (at, length) = self.next_line(request)?;
        match self.read(at, length) {
            Ok(came) => came.played(on_chunk),
            Err(error) => Err(refusal(format!(
                "the cassette {} cannot be read: {error}",
                self.path.display()
            ))),
        }
    }

    fn next_line(&self, request: &TapedRequest) -> Result<(u64, usize), ProviderError> {
        let hash = request.hash();
        let mut entries = lock(&self.entries);
        let replies = entries.entry(hash).or_default();
        if let Some(line) = replies.left.pop_front() {
            replies.used += 1;
            return Ok(line);
        }
        let path = self.path.display();
        Err(refusal(match replies.used {
            0 => format!(
                "the cassette {path} has no reply to this request (POST {}, {} bytes, {}): prompt, data or settings \
                 are not those of the recording; nothing was sent",
                request.target,
                request.body.len(),
                hash.short()
            ),
            used => {
                format!("the cassette {path} has {used} replies to this request, and all were used; nothing was sent")
            }
        }))
    }

    fn read(&self, at: u64, length: usize) -> io::Result<Came> {
        let mut bytes = vec![0; length];
        let mut file = lock(&self.file);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut bytes)?;
        drop(file);
        let entry: Entry = serde_json::from_slice(&bytes)?;
        Ok(entry.came)
    }
}

impl Came {
    fn played(self, on_chunk: &mut (dyn FnMut(&[u8], u64) + Send)) -> Result<HttpReply, ProviderError> {
        match self {
            Self::Reply {
                status,
                headers,
                body,
                is_utf8,
                latency_ms,
                pieces,
            } => {
                let mut rest = body.as_bytes();
                for (at_ms, length) in pieces {
                    let (piece, further) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                    on_chunk(piece, at_ms);
                    rest = further;
                }
                if !rest.is_empty() {
                    on_chunk(rest, latency_ms);
                }
                Ok(HttpReply {
                    status: StatusCode::from_u16(status).map_err(|error| refusal(error.to_string()))?,
                    headers: played_headers(&headers),
                    body,
                    is_utf8,
                    latency_ms,
                })
            }
            Self::Failure {
                kind,
                message,
                may_pass,
                status,
                raw,
                latency_ms,
            } => Err(ProviderError {
                status,
                raw,
                latency_ms,
                ..ProviderError::new(kind, if may_pass { Retry::Yes } else { Retry::No }, message)
            }),
        }
    }
}

fn played_headers(headers: &BTreeMap<String, String>) -> HeaderMap {
    let pairs = headers
        .iter()
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?)));
    pairs.collect()
}

fn refusal(message: String) -> ProviderError {
    ProviderError::new(ErrorKind::BadRequest, Retry::No, message)
}

fn io_fault(path: &Path, source: io::Error) -> CassetteError {
    CassetteError::Io {
        path: path.to_owned(),
        source,
    }
}

/// What is behind these locks is whole between any two statements, so a panic elsewhere cannot have broken it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
