//! Dataset files: JSON Lines, CSV and JSON arrays become examples, by a mapping that is guessed, shown and open to
//! change.
//!
//! A file is read as a stream; a row is held whole, a file never. Each row that cannot be used is reported by its line.

mod convert;
mod csv;
mod guess;
mod json_array;
mod jsonl;
mod mapping;
mod pieces;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use super::InterchangeError;
use crate::domain::example::Example;
use crate::domain::hash::ContentHash;
use crate::domain::ids::ExampleId;

pub use self::convert::print_jsonl;
pub use self::guess::guess;
pub use self::mapping::{FieldPath, Mapping, ValueMapping};
pub use self::pieces::ROW_BYTES_MAX;
use self::rows::Rows;
pub use self::rows::{Row, RowFault};

/// Faults that are kept; further ones are only counted, since nobody reads them.
pub const FAULTS_MAX: usize = 1000;
/// Most examples of one import: their ids and hashes are held until the last row is known to be good.
pub const EXAMPLES_MAX: u64 = 1_000_000;
/// Rows from which a mapping is guessed.
const SAMPLE_ROWS_MAX: usize = 200;
/// Rows that a preview shows.
const PREVIEW_ROWS_MAX: usize = 20;
/// Bytes of sampled rows: two rows of the largest size.
const SAMPLE_BYTES_MAX: usize = 2 * ROW_BYTES_MAX;

/// How a dataset file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object on each line.
    Jsonl,
    /// A JSON array of objects.
    JsonArray,
    /// A header row, then rows of cells between commas, semicolons or tabs.
    Csv,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jsonl => "JSON Lines",
            Self::JsonArray => "JSON array",
            Self::Csv => "CSV",
        })
    }
}

/// How files begin that hold no UTF-8 text, what they are, and what makes them readable.
const FOREIGN: [(&[u8], &str, &str); 6] = [
    (
        b"\x1f\x8b",
        "compressed with gzip",
        "unpack it and import what is inside",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed with zstd",
        "unpack it and import what is inside",
    ),
    (
        b"PK\x03\x04",
        "a zip archive or a spreadsheet",
        "unpack it, or save the sheet as CSV",
    ),
    (b"PAR1", "a Parquet file", "save its rows as JSON Lines or CSV"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
];

/// The format that the name's ending says, or else the first character.
///
/// # Errors
///
/// The first bytes are those of a file that holds no rows as UTF-8 text.
pub fn detect_format(path: &Path, first_bytes: &[u8]) -> Result<Format, InterchangeError> {
    if let Some((_, what, hint)) = FOREIGN.into_iter().find(|(magic, ..)| first_bytes.starts_with(magic)) {
        let path = path.to_owned();
        return Err(InterchangeError::Foreign { path, what, hint });
    }
    let text = first_bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first_bytes);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .map(str::to_ascii_lowercase);
    Ok(match (ending.as_deref(), first) {
        (Some("csv" | "tsv"), _) => Format::Csv,
        (Some("jsonl" | "ndjson"), _) => Format::Jsonl,
        (_, Some(b'[')) => Format::JsonArray,
        (Some("json"), _) | (_, Some(b'{')) => Format::Jsonl,
        _ => Format::Csv,
    })
}

/// What an import would read.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The guessed mapping.
    pub mapping: Mapping,
    /// The names of the fields, in the order of the file.
    pub columns: Vec<String>,
    /// The first rows that can be read.
    pub first_rows: Vec<Row>,
    /// What is wrong with rows among the first.
    pub faults: Vec<RowFault>,
    /// The format that they were read in.
    pub format: Format,
}

/// Reads the first rows and guesses the mapping from them.
pub fn preview(reader: impl Read, format: Format, file: &str) -> Result<Preview, InterchangeError> {
    let read = || -> io::Result<Preview> {
        let mut rows = Rows::open(reader, format)?;
        let (mut sample, mut faults, mut bytes) = (Vec::new(), Vec::new(), 0);
        while sample.len() + faults.len() < SAMPLE_ROWS_MAX && bytes < SAMPLE_BYTES_MAX {
            match rows.next()? {
                Some(Ok(row)) => {
                    bytes += row.bytes;
                    sample.push(row);
                }
                Some(Err(fault)) => faults.push(fault),
                None => break,
            }
        }
        let (mapping, columns) = (guess(&sample), guess::columns(&sample));
        sample.truncate(PREVIEW_ROWS_MAX);
        Ok(Preview {
            mapping,
            columns,
            first_rows: sample,
            faults,
            format,
        })
    };
    read().map_err(|source| InterchangeError::read(file, source))
}

/// What reading a whole file found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Rows that are examples.
    pub read: u64,
    /// The first [`FAULTS_MAX`] rows that are none, by line.
    pub faults: Vec<RowFault>,
    /// How many there are in all.
    pub fault_count: u64,
}

impl Findings {
    fn push_fault(&mut self, line: u64, reason: impl Into<String>) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(RowFault::new(line, reason));
        }
    }
}

/// Reads a file, and hands over its examples one after the other; holds one of them, and a short hash of each id.
/// `file` is the name under which examples say where they come from.
///
/// # Errors
///
/// The file cannot be read, or what `take` says.
pub fn each_example<E: From<InterchangeError>>(
    reader: impl Read,
    format: Format,
    mapping: &Mapping,
    file: &str,
    mut take: impl FnMut(Example) -> Result<(), E>,
) -> Result<Findings, E> {
    let unreadable = |source| E::from(InterchangeError::read(file, source));
    let mut rows = Rows::open(reader, format).map_err(unreadable)?;
    let mut findings = Findings::default();
    let mut lines: HashMap<IdHash, u64> = HashMap::new();
    let mut number = 0;
    while let Some(row) = rows.next().map_err(unreadable)? {
        number += 1;
        let row = match row {
            Ok(row) => row,
            Err(fault) => {
                findings.push_fault(fault.line, fault.reason);
                continue;
            }
        };
        if findings.read == EXAMPLES_MAX {
            let reason = format!("there are more than {EXAMPLES_MAX} examples: split the file");
            findings.push_fault(row.line, reason);
            break;
        }
        match convert::example(&row, number, mapping, file) {
            Ok(example) => match lines.entry(id_hash(&example.content.id)) {
                Entry::Occupied(first) => {
                    let (id, first) = (&example.content.id, first.get());
                    let reason = format!("the id '{id}' is there twice, first on line {first}");
                    findings.push_fault(row.line, reason);
                }
                Entry::Vacant(place) => {
                    place.insert(row.line);
                    findings.read += 1;
                    take(example)?;
                }
            },
            Err(reason) => findings.push_fault(row.line, reason),
        }
    }
    if number == 0 {
        findings.push_fault(1, rows.why_empty());
    }
    Ok(findings)
}

/// Half a hash of an id: no two ids of any file have the same.
type IdHash = [u8; 16];

fn id_hash(id: &ExampleId) -> IdHash {
    let hash = ContentHash::of_bytes(id.as_str().as_bytes());
    let mut half = IdHash::default();
    half.iter_mut()
        .zip(hash.as_bytes())
        .for_each(|(byte, hashed)| *byte = *hashed);
    half
}

/// What an import read. Only with `fault_count` 0 is it the whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The examples in the order of the file.
    pub examples: Vec<Example>,
    /// The first [`FAULTS_MAX`] rows that cannot be used, by line.
    pub faults: Vec<RowFault>,
    /// How many there are in all.
    pub fault_count: u64,
}

/// Reads a small file whole, and holds it. As [`each_example`].
///
/// # Errors
///
/// The file cannot be read.
pub fn import(reader: impl Read, format: Format, mapping: &Mapping, file: &str) -> Result<Imported, InterchangeError> {
    let mut examples = Vec::new();
    let findings = each_example(reader, format, mapping, file, |example| {
        examples.push(example);
        Ok::<_, InterchangeError>(())
    })?;
    Ok(Imported {
        examples,
        faults: findings.faults,
        fault_count: findings.fault_count,
    })
}
