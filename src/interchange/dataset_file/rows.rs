//! The rows of a dataset file, whatever its format.

use std::fmt;
use std::io::{self, BufReader, Chain, Cursor, Read};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::Format;
use super::csv::{CsvRows, sniff_delimiter};
use super::json_array::ElementCut;
use super::jsonl::{self, LineCut};
use super::pieces::{Piece, Pieces, ROW_BYTES_MAX};
use crate::domain::json::overlong_integer;

/// Bytes that are looked at before reading: enough for the widest header.
const HEAD_BYTES: u64 = 64 * 1024;
/// What some editors write at the start of UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One row as it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Its size in the file.
    pub bytes: usize,
    /// Its fields in the order of the file.
    pub fields: Map<String, Json>,
}

/// Why a row cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl RowFault {
    pub(super) fn new(line: u64, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { line, reason }
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

type Source<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

/// Rows one after the other, each read or with the reason why not.
pub(super) enum Rows<R> {
    Jsonl(Pieces<Source<R>, LineCut>),
    JsonArray(Pieces<Source<R>, ElementCut>, ArrayEnd),
    Csv(CsvRows<Source<R>>),
}

/// Whether the end of an array was looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrayEnd {
    Open,
    Checked,
}

impl<R: Read> Rows<R> {
    pub(super) fn open(mut reader: R, format: Format) -> io::Result<Self> {
        let mut head = Vec::new();
        reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
        let mut offset = 0;
        if head.starts_with(BYTE_ORDER_MARK) {
            head.drain(..BYTE_ORDER_MARK.len());
            offset = BYTE_ORDER_MARK.len() as u64;
        }
        let delimiter = sniff_delimiter(&head);
        let source = BufReader::new(Cursor::new(head).chain(reader));
        Ok(match format {
            Format::Jsonl => Self::Jsonl(Pieces::new(source, LineCut, offset)),
            Format::JsonArray => Self::JsonArray(Pieces::new(source, ElementCut::new(), offset), ArrayEnd::Open),
            Format::Csv => Self::Csv(CsvRows::open(source, delimiter, offset)?),
        })
    }

    /// The next row; `None` at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Row, RowFault>>> {
        match self {
            Self::Csv(rows) => rows.next(),
            Self::Jsonl(pieces) => {
                while let Some(piece) = pieces.next()? {
                    if let Some(row) = jsonl::read(&piece) {
                        return Ok(Some(row));
                    }
                }
                Ok(None)
            }
            Self::JsonArray(pieces, end) => {
                while let Some(piece) = pieces.next()? {
                    if piece.is_last {
                        *end = ArrayEnd::Checked;
                    }
                    if !piece.bytes.is_empty() || piece.is_too_long {
                        return Ok(Some(element(&piece)));
                    }
                }
                let fault = if *end == ArrayEnd::Open {
                    pieces.cut.fault()
                } else {
                    None
                };
                *end = ArrayEnd::Checked;
                Ok(fault.map(|reason| Err(RowFault::new(pieces.line, reason))))
            }
        }
    }

    /// What to say of a file without a row.
    pub(super) fn why_empty(&self) -> &'static str {
        match self {
            Self::Csv(rows) if !rows.columns.is_empty() => "there is a header but no row below it",
            Self::JsonArray(..) => "the array is empty",
            _ => "the file is empty",
        }
    }
}

/// The row of an array's element; one that ends with the file is cut off, even where it is whole.
fn element(piece: &Piece) -> Result<Row, RowFault> {
    let text = utf8(piece)?;
    if piece.is_last {
        Err(cut_off(piece))
    } else {
        object(text, piece)
    }
}

fn cut_off(piece: &Piece) -> RowFault {
    RowFault::new(piece.line, "the file ends within this row: it may be cut off")
}

/// The text of a piece.
pub(super) fn utf8(piece: &Piece) -> Result<&str, RowFault> {
    if piece.is_too_long {
        let reason = format!("it is longer than {} MiB", ROW_BYTES_MAX / (1024 * 1024));
        return Err(RowFault::new(piece.line, reason));
    }
    std::str::from_utf8(&piece.bytes).map_err(|error| {
        let valid = error.valid_up_to();
        let before = piece.bytes.get(..valid).unwrap_or_default();
        let newlines = std::str::from_utf8(before).unwrap_or_default().matches('\n').count();
        let offset = piece.offset + valid as u64;
        RowFault::new(
            piece.line + newlines as u64,
            format!("it is not UTF-8: the byte at offset {offset} of the file begins no character"),
        )
    })
}

/// The fields of an object, each there once: of two with one name, JSON readers keep the last and say nothing.
struct Fields(Map<String, Json>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Fields, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = entries.next_entry::<String, Json>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("the field '{name}' is there twice")));
            }
            fields.insert(name, value);
        }
        Ok(Fields(fields))
    }
}

/// The row of a JSON object.
pub(super) fn object(text: &str, piece: &Piece) -> Result<Row, RowFault> {
    let Fields(fields) = serde_json::from_str(text).map_err(|error| no_object(text, piece, &error))?;
    if let Some(number) = overlong_integer(text) {
        let reason = format!("{number} is a whole number beyond 2^53, which is not kept exactly: write it as text");
        return Err(RowFault::new(piece.line, reason));
    }
    Ok(Row {
        line: piece.line,
        bytes: piece.bytes.len(),
        fields,
    })
}

/// Why a text is no object, or none whose fields are all there once.
fn no_object(text: &str, piece: &Piece, fault: &serde_json::Error) -> RowFault {
    let (line, what) = place_and_message(piece, fault);
    let kind = match serde_json::from_str(text) {
        Ok(Json::Object(_)) => return RowFault::new(line, what),
        Ok(Json::Array(_)) => "an array",
        Ok(Json::String(_)) => "a string",
        Ok(Json::Number(_)) => "a number",
        Ok(Json::Bool(_)) => "a boolean",
        Ok(Json::Null) => "null",
        Err(error) if error.is_eof() && piece.is_last => return cut_off(piece),
        Err(error) if error.is_eof() => {
            let reason = "it ends before its JSON does: each row must be one whole object, on one line in JSON Lines";
            return RowFault::new(piece.line, reason);
        }
        Err(error) => {
            let (line, what) = place_and_message(piece, &error);
            return RowFault::new(line, format!("not JSON: {what} at column {}", error.column()));
        }
    };
    RowFault::new(piece.line, format!("it is {kind}, not an object"))
}

/// The line in the file, and what is wrong there without the place in the row.
fn place_and_message(piece: &Piece, error: &serde_json::Error) -> (u64, String) {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or_default();
    (piece.line + error.line().saturating_sub(1) as u64, what.to_owned())
}
