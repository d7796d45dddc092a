//! One JSON request over HTTP, with limits on time and size, and its failures in words.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect, retry};
use tokio::sync::Semaphore;

use super::base_url::BaseUrl;
use super::cassette::{Tape, TapedRequest};
use super::limits;
use super::redact::Redactor;
use super::secret::Secret;
use super::wire::{Auth, WireRequest};
use super::{ProviderError, Retry};
use crate::domain::outcome::ErrorKind;

/// Largest body that is read. A long answer is far below; a server that never ends must not fill the memory.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A body beyond this, which no answer in one piece is, waits for its turn: many at once would fill the memory too.
const LARGE_BODY_BYTES: usize = 1024 * 1024;
/// Turns to read on beyond that, over all endpoints.
static LARGE_BODIES: Semaphore = Semaphore::const_new(4);
/// How much of a larger body is kept as evidence.
const OVERSIZED_BYTES_KEPT: usize = 64 * 1024;
/// Time to reach a host: one that does not answer by then is down, however long its model may think.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of a server's text goes into a message.
const EXCERPT_CHARS_MAX: usize = 200;

/// What a server sent, whatever its status.
#[derive(Debug)]
pub(super) struct HttpReply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The body without keys; bytes that are not UTF-8 are replaced.
    pub(super) body: String,
    /// Whether no byte had to be replaced.
    pub(super) is_utf8: bool,
    pub(super) latency_ms: u64,
}

/// Sends requests to one endpoint.
pub(super) struct HttpClient {
    client: Client,
    base_url: BaseUrl,
    timeout: Duration,
    key: Option<KeyHeaders>,
    redactor: Redactor,
    tape: Tape,
    /// Whose requests a tape holds.
    provider: Option<&'static str>,
}

/// The key as either kind of header holds it.
struct KeyHeaders {
    bearer: HeaderValue,
    plain: HeaderValue,
}

impl HttpClient {
    /// A client that sends `key` with every request, and takes what `redactor` knows out of every reply.
    pub(super) fn new(
        base_url: BaseUrl,
        timeout: Duration,
        key: Option<(&Secret, &str)>,
        redactor: Redactor,
    ) -> Result<Self, ProviderError> {
        install_tls();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut builder = Client::builder()
            .user_agent(concat!("pegbox/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect would carry prompts to a host that nobody named.
            .redirect(redirect::Policy::none())
            // Attempts are counted and recorded, so none may be made unseen.
            .retry(retry::never());
        if base_url.is_loopback() {
            // A proxy is another machine: its loopback is not ours.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|e| {
            let message = format!("cannot set up HTTP: {}", innermost(&e));
            ProviderError::new(ErrorKind::Connect, Retry::No, message)
        })?;
        Ok(Self {
            client,
            base_url,
            timeout,
            key: key.map(|(key, variable)| key_headers(key, variable)).transpose()?,
            redactor,
            tape: Tape::Off,
            provider: None,
        })
    }

    /// The same, with its traffic on a tape as that of this provider.
    pub(super) fn on_tape(self, tape: Tape, provider: &'static str) -> Self {
        let provider = Some(provider);
        Self { tape, provider, ..self }
    }

    /// Whether a cassette answers and nothing is sent.
    pub(super) fn is_replay(&self) -> bool {
        self.tape.is_replay()
    }

    pub(super) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// Takes what is secret out of text.
    pub(super) fn clean(&self, text: String) -> String {
        self.redactor.clean(text)
    }

    /// Sends a request, or lets the tape answer it, and reads all of the reply. `on_chunk` gets bytes of it as they
    /// come, with the time since the start in milliseconds.
    pub(super) async fn post(
        &self,
        request: WireRequest,
        on_chunk: &mut (dyn FnMut(&[u8], u64) + Send),
    ) -> Result<HttpReply, ProviderError> {
        match &self.tape {
            Tape::Off => self.send(request, on_chunk).await,
            Tape::Replay(player) => player.answer(&self.taped(&request), on_chunk),
            Tape::Record(recorder) => {
                let (taped, streams) = (self.taped(&request), request.streams);
                let mut pieces = Vec::new();
                let mut take = |bytes: &[u8], at_ms| {
                    if streams {
                        pieces.push((at_ms, bytes.len()));
                    }
                    on_chunk(bytes, at_ms);
                };
                let reply = self.send(request, &mut take).await;
                recorder.keep(taped, &reply, pieces, |text| self.clean(text));
                reply
            }
        }
    }

    /// The request as a tape holds it: without the header that carries the key.
    fn taped(&self, request: &WireRequest) -> TapedRequest {
        let url = self.base_url.join(&request.path, &request.query);
        let path = request.path.join("/");
        let target = url
            .query()
            .map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
        let headers = request.headers.iter();
        TapedRequest {
            provider: self.provider.map(str::to_owned),
            base_url: self.base_url.to_string(),
            target: self.clean(target),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), self.clean(value.clone())))
                .collect::<BTreeMap<_, _>>(),
            body: self.clean(String::from_utf8_lossy(&request.body).into_owned()),
        }
    }

    async fn send(
        &self,
        request: WireRequest,
        on_chunk: &mut (dyn FnMut(&[u8], u64) + Send),
    ) -> Result<HttpReply, ProviderError> {
        let started = Instant::now();
        let mut on_chunk = |bytes: &[u8]| on_chunk(bytes, elapsed_ms(started));
        let streams = request.streams;
        let reply = match self.builder(request)?.send().await {
            Ok(response) => self.read(response, streams, &mut on_chunk).await,
            Err(error) => Err(self.failure(&error)),
        };
        let latency_ms = elapsed_ms(started);
        match reply {
            Ok(reply) => Ok(HttpReply { latency_ms, ..reply }),
            Err(error) => Err(ProviderError { latency_ms, ..error }),
        }
    }

    fn builder(&self, request: WireRequest) -> Result<RequestBuilder, ProviderError> {
        let mut builder = self.client.post(self.base_url.join(&request.path, &request.query));
        if let Some(key) = &self.key {
            builder = match request.auth {
                Auth::Bearer => builder.header(AUTHORIZATION, key.bearer.clone()),
                Auth::Header(name) => builder.header(HeaderName::from_static(name), key.plain.clone()),
            };
        }
        for (name, value) in request.headers {
            let Ok(value) = HeaderValue::from_str(&value) else {
                let message = format!("the header {name} cannot carry '{}'", excerpt(&value));
                return Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, message));
            };
            builder = builder.header(HeaderName::from_static(name), value);
        }
        Ok(builder.body(request.body))
    }

    /// Where a redirect leads, without the key.
    pub(super) fn location(&self, headers: &HeaderMap) -> Option<String> {
        let location = String::from_utf8_lossy(headers.get(LOCATION)?.as_bytes());
        Some(excerpt(&self.redactor.clean(location.into_owned())))
    }

    async fn read(
        &self,
        mut response: Response,
        streams: bool,
        on_chunk: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<HttpReply, ProviderError> {
        let status = response.status();
        let is_declared = response
            .content_length()
            .is_some_and(|length| length > BODY_BYTES_MAX as u64);
        // Of one that says so itself, only the evidence is read.
        let bytes_max = if is_declared {
            OVERSIZED_BYTES_KEPT
        } else {
            BODY_BYTES_MAX
        };
        let mut turn = None;
        let mut bytes = Vec::new();
        loop {
            // A stream is long because it says little at a time, and must not wait.
            if bytes.len() > LARGE_BODY_BYTES && turn.is_none() && !streams {
                // It is never closed, so a turn always comes.
                turn = LARGE_BODIES.acquire().await.ok();
            }
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    on_chunk(&chunk);
                    bytes.extend_from_slice(&chunk);
                    if bytes.len() > bytes_max {
                        bytes.truncate(OVERSIZED_BYTES_KEPT);
                        return Err(oversized(status, self.cut_text(&bytes, streams)));
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    return Err(ProviderError {
                        status: Some(status.as_u16()),
                        rate_limits: Box::new(limits::read(response.headers())),
                        raw: (!bytes.is_empty()).then(|| self.cut_text(&bytes, streams)),
                        ..self.failure(&error)
                    });
                }
            }
        }
        let (body, is_utf8) = match String::from_utf8(bytes) {
            Ok(text) if streams => (self.redactor.clean_stream(text), true),
            Ok(text) => (self.redactor.clean(text), true),
            Err(error) => (self.text(error.as_bytes()), false),
        };
        Ok(HttpReply {
            status,
            headers: std::mem::take(response.headers_mut()),
            body,
            is_utf8,
            latency_ms: 0,
        })
    }

    fn text(&self, bytes: &[u8]) -> String {
        self.redactor.clean(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The text of a body whose end is missing.
    fn cut_text(&self, bytes: &[u8], streams: bool) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let text = if streams {
            self.redactor.clean_stream(text)
        } else {
            text
        };
        self.redactor.clean_cut(text)
    }

    /// What went wrong below HTTP.
    fn failure(&self, error: &reqwest::Error) -> ProviderError {
        let host = self.base_url.host();
        if let Some(cause) = refused_certificate(error) {
            let message = format!(
                "the certificate of {host} is refused: {cause}: check the base URL, or name the authority that signed \
                 it in SSL_CERT_FILE"
            );
            return ProviderError::new(ErrorKind::Connect, Retry::No, message);
        }
        // Nothing of what was sent stands in it as far as is known, but others wrote it.
        let cause = self.clean(innermost(error));
        if error.is_connect() {
            let message = format!("cannot reach {}: {cause}", self.base_url);
            ProviderError::new(ErrorKind::Connect, Retry::Yes, message)
        } else if error.is_timeout() {
            let message = format!("no answer from {host} within {} s", self.timeout.as_secs_f64());
            ProviderError::new(ErrorKind::Timeout, Retry::Yes, message)
        } else {
            let message = format!("the connection to {host} broke: {cause}");
            ProviderError {
                may_be_charged: true,
                ..ProviderError::new(ErrorKind::Connect, Retry::Yes, message)
            }
        }
    }
}

/// Why the server's certificate was not taken, where that is the cause: it will not be a second later either.
fn refused_certificate(error: &reqwest::Error) -> Option<String> {
    let mut cause: &dyn Error = error;
    loop {
        // An error of input and output passes its source over.
        let inner: Option<&(dyn Error + 'static)> = match cause.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => None,
        };
        cause = inner.or_else(|| cause.source())?;
        if let Some(rustls::Error::InvalidCertificate(why)) = cause.downcast_ref() {
            return Some(why.to_string());
        }
    }
}

/// Names the cryptography of TLS, once for the process; without it the first client would panic.
fn install_tls() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // An error only says that the program around this library has chosen already.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

fn key_headers(key: &Secret, variable: &str) -> Result<KeyHeaders, ProviderError> {
    // The error of the header type is not repeated: it may show the value.
    let value = |text: &str| {
        let Ok(mut value) = HeaderValue::from_str(text) else {
            let message = format!("the key holds characters that a header cannot carry: check {variable}");
            return Err(ProviderError::new(ErrorKind::Auth, Retry::No, message));
        };
        value.set_sensitive(true);
        Ok(value)
    };
    Ok(KeyHeaders {
        bearer: value(&format!("Bearer {}", key.expose()))?,
        plain: value(key.expose())?,
    })
}

fn oversized(status: StatusCode, text: String) -> ProviderError {
    let limit_mib = BODY_BYTES_MAX / (1024 * 1024);
    let message = format!(
        "the answer is larger than {limit_mib} MiB; it begins: {}",
        excerpt(&text)
    );
    ProviderError {
        status: Some(status.as_u16()),
        raw: Some(text),
        ..ProviderError::new(ErrorKind::BadResponse, Retry::No, message)
    }
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The cause below the wrappers, which repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The beginning of a server's text as one line for a message.
pub(super) fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(EXCERPT_CHARS_MAX).collect();
    let words = start.split(|c: char| c.is_whitespace() || c.is_control());
    let mut line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if start.len() < text.len() {
        line.push('…');
    }
    line
}
