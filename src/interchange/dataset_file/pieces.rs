//! Cuts a stream into the pieces that hold one row each, and never holds more of a row than its limit.

use std::io::{self, BufRead, ErrorKind};

/// Largest row in bytes: a long document fits, a file without line ends does not.
pub const ROW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What to do with a byte.
pub(super) enum Step {
    /// It belongs to the piece.
    Keep,
    /// It stands between pieces.
    Skip,
    /// It ends the piece, without belonging to it.
    End,
}

/// Finds the ends of rows, a byte at a time.
pub(super) trait Cut {
    fn step(&mut self, byte: u8) -> Step;
}

/// The bytes of one row.
pub(super) struct Piece {
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    /// Bytes of the file before it.
    pub(super) offset: u64,
    /// Empty where the piece is too long.
    pub(super) bytes: Vec<u8>,
    pub(super) is_too_long: bool,
    /// Whether it ended with the file rather than as its format ends a row.
    pub(super) is_last: bool,
}

impl Piece {
    fn keep(&mut self, byte: u8) {
        if self.bytes.len() < ROW_BYTES_MAX {
            self.bytes.push(byte);
        } else {
            self.is_too_long = true;
        }
    }

    /// Gives the memory of a piece that is too long back.
    fn limited(mut self) -> Self {
        if self.is_too_long {
            self.bytes = Vec::new();
        }
        self
    }
}

/// The pieces of a stream, in order.
pub(super) struct Pieces<R, C> {
    reader: R,
    pub(super) cut: C,
    /// The line of the next byte.
    pub(super) line: u64,
    offset: u64,
}

impl<R: BufRead, C: Cut> Pieces<R, C> {
    /// Reads on from `offset` bytes into the file, on its first line.
    pub(super) fn new(reader: R, cut: C, offset: u64) -> Self {
        Self {
            reader,
            cut,
            line: 1,
            offset,
        }
    }

    /// The next piece, which may be empty; `None` at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        let mut piece = Piece {
            line: self.line,
            offset: self.offset,
            bytes: Vec::new(),
            is_too_long: false,
            is_last: false,
        };
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                piece.is_last = true;
                return Ok((!piece.bytes.is_empty()).then(|| piece.limited()));
            }
            let mut used = 0;
            let mut is_ended = false;
            for byte in chunk {
                let step = self.cut.step(*byte);
                if matches!(step, Step::Keep) {
                    if piece.bytes.is_empty() {
                        (piece.line, piece.offset) = (self.line, self.offset + used);
                    }
                    piece.keep(*byte);
                }
                used += 1;
                self.line += u64::from(*byte == b'\n');
                if matches!(step, Step::End) {
                    is_ended = true;
                    break;
                }
            }
            self.offset += used;
            self.reader.consume(usize::try_from(used).unwrap_or(usize::MAX));
            if is_ended {
                return Ok(Some(piece.limited()));
            }
        }
    }
}
