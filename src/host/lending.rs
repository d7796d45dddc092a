//! Files of a guest with another account than the host's. Its own process reads them, with its own rights, and sends
//! what is in them: the host opens nothing for it. The guest in turn gives only what its command line names, so that a
//! host cannot ask for more.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::hosted::gone;
use super::remote::Outbox;
use super::wire::{PIECE_BYTES_MAX, ToGuest, ToHost};

/// A piece of a file, empty at its end, or why there is none.
pub type Piece = Result<Vec<u8>, String>;

/// The host's end.
#[derive(Debug)]
pub struct Lender {
    outbox: Outbox<ToGuest>,
    pieces: Mutex<mpsc::Receiver<Piece>>,
}

impl Lender {
    /// That of a guest: where it is asked, and where its pieces come in.
    pub fn new(outbox: Outbox<ToGuest>, pieces: mpsc::Receiver<Piece>) -> Self {
        Self {
            outbox,
            pieces: Mutex::new(pieces),
        }
    }

    /// A file of the guest's, which is opened when it is first read. One at a time.
    pub fn open(self: &Arc<Self>, path: &Path) -> LentFile {
        LentFile {
            lender: Arc::clone(self),
            ask: Some(ToGuest::Lend(path.to_string_lossy().into_owned())),
            piece: Vec::new(),
            read: 0,
        }
    }

    fn next(&self, ask: ToGuest) -> io::Result<Vec<u8>> {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        self.outbox.post(ask)?;
        let piece = tokio::task::block_in_place(|| pieces.blocking_recv());
        piece.ok_or_else(gone)?.map_err(io::Error::other)
    }
}

/// A file that a guest reads for the host, asked for piece by piece.
pub struct LentFile {
    lender: Arc<Lender>,
    /// What to ask for next; nothing at the end.
    ask: Option<ToGuest>,
    piece: Vec<u8>,
    read: usize,
}

impl Read for LentFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() {
            let Some(ask) = self.ask.take() else {
                return Ok(0);
            };
            self.piece = self.lender.next(ask)?;
            self.read = 0;
            if !self.piece.is_empty() {
                self.ask = Some(ToGuest::LendMore);
            }
        }
        let mut rest = self.piece.get(self.read..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

/// The guest's end.
pub(super) struct Shelf {
    words: Vec<String>,
    open: Arc<Mutex<Option<File>>>,
}

impl Shelf {
    /// With what a command line names.
    pub(super) fn new(words: Vec<String>) -> Self {
        Self {
            words,
            open: Arc::default(),
        }
    }

    /// Reads the first piece of a file, or the next one of the file before, on a thread that may block: a name may be
    /// that of a pipe.
    pub(super) fn lend(&self, path: Option<String>, pieces: mpsc::Sender<ToHost>) {
        let is_named = path.as_ref().is_none_or(|path| self.names(path));
        let open = Arc::clone(&self.open);
        tokio::task::spawn_blocking(move || {
            let piece = if is_named {
                read_piece(&open, path.as_deref()).map_err(|error| error.to_string())
            } else {
                Err("the command line does not name it".to_owned())
            };
            let message = piece.map_or_else(ToHost::NotLent, ToHost::Lent);
            let _ = pieces.blocking_send(message);
        });
    }

    /// Whether the command line names a file, as a word of its own, behind `=`, or as the one to a signature beside it.
    fn names(&self, path: &str) -> bool {
        let is_it = |word: &str| word == path || word.strip_suffix(".sig") == Some(path);
        let behind = |word: &str| word.split_once('=').is_some_and(|(_, value)| is_it(value));
        self.words.iter().any(|word| is_it(word) || behind(word))
    }
}

fn read_piece(open: &Mutex<Option<File>>, path: Option<&str>) -> io::Result<Vec<u8>> {
    let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = path {
        *open = Some(File::open(path)?);
    }
    let mut piece = Vec::new();
    if let Some(file) = open.as_mut() {
        file.take(PIECE_BYTES_MAX as u64).read_to_end(&mut piece)?;
    }
    if piece.is_empty() {
        *open = None;
    }
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(words: &[&str]) -> Shelf {
        Shelf::new(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn only_what_the_command_line_names_is_given() {
        let shelf = shelf(&["pegbox", "user", "add", "anna", "--key=a.pub", "--signature", "s.sig"]);
        for named in ["a.pub", "s.sig", "s", "anna"] {
            assert!(shelf.names(named), "{named}");
        }
        for other in ["b.pub", "/etc/passwd", "./a.pub", "a", ""] {
            assert!(!shelf.names(other), "{other}");
        }
    }

    #[test]
    fn a_file_comes_in_pieces_up_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.txt");
        let text = vec![b'x'; PIECE_BYTES_MAX + 1];
        std::fs::write(&path, &text).unwrap();
        let open = Mutex::default();
        let lengths: Vec<usize> = [path.to_str(), None, None, None]
            .into_iter()
            .map(|path| read_piece(&open, path).unwrap().len())
            .collect();
        assert_eq!(lengths, [PIECE_BYTES_MAX, 1, 0, 0]);
        assert!(read_piece(&open, folder.path().join("none").to_str()).is_err());
    }
}
