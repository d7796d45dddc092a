//! JSON Lines: one object on each line.

use super::pieces::{Cut, Piece, Step};
use super::rows::{Row, RowFault, object, utf8};

/// Ends a row at each line end.
pub(super) struct LineCut;

impl Cut for LineCut {
    fn step(&mut self, byte: u8) -> Step {
        if byte == b'\n' { Step::End } else { Step::Keep }
    }
}

/// The row of a line; `None` for a blank one.
pub(super) fn read(piece: &Piece) -> Option<Result<Row, RowFault>> {
    match utf8(piece) {
        Ok(text) if text.trim().is_empty() => None,
        Ok(text) => Some(object(text, piece)),
        Err(fault) => Some(Err(fault)),
    }
}
