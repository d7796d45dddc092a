//! Comma-separated values with a header row; the delimiter may also be a semicolon or a tab. The rules of quotes are
//! those of the `csv` crate, which reads each row once its end is found here.

use std::io::{self, BufRead};

use serde_json::{Map, Value as Json};

use super::pieces::{Cut, Piece, Pieces, Step};
use super::rows::{Row, RowFault, utf8};
use crate::domain::json::overlong_integer;

/// Delimiters that are looked for, the most usual one first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Where in a record the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Cell,
    Quoted,
    QuoteInQuoted,
}

/// Ends a row at each line end outside quotes.
pub(super) struct RecordCut {
    delimiter: u8,
    place: Place,
}

impl Cut for RecordCut {
    fn step(&mut self, byte: u8) -> Step {
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::QuoteInQuoted,
            (Place::Quoted, _) | (Place::CellStart | Place::QuoteInQuoted, b'"') => Place::Quoted,
            (_, b'\n') => {
                self.place = Place::CellStart;
                return Step::End;
            }
            (_, byte) if byte == self.delimiter => Place::CellStart,
            _ => Place::Cell,
        };
        Step::Keep
    }
}

/// The delimiter that stands most often in the first line, outside quotes.
pub(super) fn sniff_delimiter(head: &[u8]) -> u8 {
    let mut is_quoted = false;
    let mut counts = [0_u32; DELIMITERS.len()];
    for byte in head.iter().take_while(|byte| **byte != b'\n') {
        is_quoted ^= *byte == b'"';
        for (delimiter, count) in DELIMITERS.iter().zip(&mut counts) {
            *count += u32::from(!is_quoted && byte == delimiter);
        }
    }
    let mut best = (b',', 0);
    for (delimiter, count) in DELIMITERS.into_iter().zip(counts) {
        if count > best.1 {
            best = (delimiter, count);
        }
    }
    best.0
}

/// The rows below a header.
pub(super) struct CsvRows<R> {
    pieces: Pieces<R, RecordCut>,
    pub(super) columns: Vec<String>,
    /// What is wrong with the header: no row below can be named.
    header_fault: Option<RowFault>,
}

impl<R: BufRead> CsvRows<R> {
    pub(super) fn open(reader: R, delimiter: u8, offset: u64) -> io::Result<Self> {
        let place = Place::CellStart;
        let mut pieces = Pieces::new(reader, RecordCut { delimiter, place }, offset);
        let mut header = None;
        while header.is_none()
            && let Some(piece) = pieces.next()?
        {
            header = cells(&piece, &pieces.cut).map(|cells| cells.and_then(|cells| columns(cells, piece.line)));
        }
        let (columns, header_fault) = match header {
            Some(Ok(columns)) => (columns, None),
            Some(Err(fault)) => (Vec::new(), Some(fault)),
            None => (Vec::new(), None),
        };
        Ok(Self {
            pieces,
            columns,
            header_fault,
        })
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Result<Row, RowFault>>> {
        if let Some(fault) = self.header_fault.take() {
            return Ok(Some(Err(fault)));
        }
        while !self.columns.is_empty()
            && let Some(piece) = self.pieces.next()?
        {
            if let Some(cells) = cells(&piece, &self.pieces.cut) {
                return Ok(Some(cells.and_then(|cells| self.row(cells, &piece))));
            }
        }
        Ok(None)
    }

    fn row(&self, cells: Vec<String>, piece: &Piece) -> Result<Row, RowFault> {
        if cells.len() != self.columns.len() {
            let reason = format!("it has {} cells, the header has {}", cells.len(), self.columns.len());
            return Err(RowFault::new(piece.line, reason));
        }
        let fields: Map<String, Json> = self.columns.iter().cloned().zip(cells.into_iter().map(value)).collect();
        Ok(Row {
            line: piece.line,
            bytes: piece.bytes.len(),
            fields,
        })
    }
}

/// Text stays text, also where it looks like a number; an object or array in a cell is read as such.
fn value(cell: String) -> Json {
    if cell.starts_with(['{', '['])
        && overlong_integer(&cell).is_none()
        && let Ok(value) = serde_json::from_str(&cell)
    {
        return value;
    }
    Json::String(cell)
}

/// The cells of a record; `None` for a blank line.
fn cells(piece: &Piece, cut: &RecordCut) -> Option<Result<Vec<String>, RowFault>> {
    if piece.is_last && cut.place == Place::Quoted {
        let reason = "a quote in it is never closed: the file may be cut off";
        return Some(Err(RowFault::new(piece.line, reason)));
    }
    let text = match utf8(piece) {
        Ok(text) => text.strip_suffix('\r').unwrap_or(text),
        Err(fault) => return Some(Err(fault)),
    };
    if text.trim().is_empty() {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(cut.delimiter)
        .buffer_capacity(text.len())
        .from_reader(text.as_bytes());
    let record = reader.records().next()?;
    Some(match record {
        Ok(record) => Ok(record.iter().map(str::to_owned).collect()),
        Err(error) => Err(RowFault::new(piece.line, error.to_string())),
    })
}

/// The names of a header; a column without one is called by its number.
fn columns(cells: Vec<String>, line: u64) -> Result<Vec<String>, RowFault> {
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    for (index, cell) in cells.into_iter().enumerate() {
        let name = match cell.trim() {
            "" => format!("column_{}", index + 1),
            name => name.to_owned(),
        };
        if names.contains(&name) {
            return Err(RowFault::new(line, format!("the header has the column '{name}' twice")));
        }
        names.push(name);
    }
    Ok(names)
}
