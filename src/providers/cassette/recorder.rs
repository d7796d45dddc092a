//! Writes a cassette while its run goes on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::HeaderMap;
use serde::Serialize;

use super::{Came, CassetteError, Entry, FORMAT, HEADERS_KEPT, Head, PieceMark, Player, TapedRequest, io_fault, lock};
use crate::providers::http::HttpReply;
use crate::providers::limits;
use crate::providers::{ProviderError, Retry};

/// Writes a cassette.
pub struct Recorder {
    path: PathBuf,
    /// The file, until writing to it fails.
    file: Mutex<Result<File, io::Error>>,
    /// Whether there is a run whose cassette it is.
    is_used: AtomicBool,
    /// Whether anything came that it keeps.
    has_kept: AtomicBool,
}

impl Recorder {
    pub(super) fn create(path: &Path) -> Result<Self, CassetteError> {
        let fault = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => CassetteError::Exists { path: path.to_owned() },
            _ => io_fault(path, source),
        };
        let mut file = File::create_new(path).map_err(fault)?;
        write_line(
            &mut file,
            &Head {
                pegbox_cassette: FORMAT,
            },
        )
        .map_err(fault)?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(Ok(file)),
            is_used: AtomicBool::new(false),
            has_kept: AtomicBool::new(false),
        })
    }

    /// Goes on with a cassette that is there. Half a line at its end is what a process that was killed left: its reply
    /// is in no outcome, and it is taken away.
    pub(super) fn append(path: &Path) -> Result<Self, CassetteError> {
        let player = Player::open(path)?;
        let io = |source| io_fault(path, source);
        let mut file = File::options().read(true).write(true).open(path).map_err(io)?;
        file.set_len(player.whole_bytes).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(Ok(file)),
            is_used: AtomicBool::new(true),
            has_kept: AtomicBool::new(false),
        })
    }

    /// Keeps what came of a request. `clean` takes secrets out of a header's value; bodies come without them. A file
    /// that cannot be written does not spoil the run: the fault is kept for who asks at the end.
    pub(in crate::providers) fn keep(
        &self,
        request: TapedRequest,
        came: &Result<HttpReply, ProviderError>,
        pieces: Vec<PieceMark>,
        clean: impl Fn(String) -> String,
    ) {
        let came = match came {
            Ok(reply) => Came::Reply {
                status: reply.status.as_u16(),
                headers: kept_headers(&reply.headers, clean),
                is_utf8: reply.is_utf8,
                latency_ms: reply.latency_ms,
                pieces: Some(pieces)
                    .filter(|pieces| pieces.iter().map(|(_, length)| length).sum::<usize>() == reply.body.len())
                    .unwrap_or_default(),
                body: reply.body.clone(),
            },
            Err(error) => Came::Failure {
                kind: error.kind,
                message: error.message.clone(),
                may_pass: error.retry == Retry::Yes,
                status: error.status,
                raw: error.raw.clone(),
                latency_ms: error.latency_ms,
            },
        };
        self.begin();
        self.has_kept.store(true, Ordering::Relaxed);
        let mut file = lock(&self.file);
        if let Ok(open) = file.as_mut()
            && let Err(error) = write_line(open, &Entry { request, came })
        {
            *file = Err(error);
        }
    }

    /// That a run has been started whose traffic it keeps.
    pub(super) fn begin(&self) {
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// Whether a run has used it, and nothing came that it keeps.
    pub(super) fn is_empty(&self) -> bool {
        self.is_used.load(Ordering::Relaxed) && !self.has_kept.load(Ordering::Relaxed)
    }

    pub(super) fn fault(&self) -> Option<CassetteError> {
        let file = lock(&self.file);
        let error = file.as_ref().err()?;
        Some(io_fault(&self.path, io::Error::new(error.kind(), error.to_string())))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !*self.is_used.get_mut() {
            // Nobody waits for it: a file that stays is only in the way.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn write_line(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    // In one write, so that a process that dies leaves at most one half line.
    file.write_all(&bytes)
}

fn kept_headers(headers: &HeaderMap, clean: impl Fn(String) -> String) -> BTreeMap<String, String> {
    let kept = headers
        .iter()
        .filter(|(name, _)| HEADERS_KEPT.contains(&name.as_str()) || limits::reads(name.as_str()));
    kept.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), clean(value))
    })
    .collect()
}
