//! Imports of dataset files. A file is read twice: the first time says whether every row can be used, the second stores
//! them; neither holds more than the ids and hashes of its examples.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::datasets::NewRows;
use super::room::EXAMPLE_BYTES;
use super::{Workbench, WorkbenchError};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::dataset::{DatasetVersion, ROWS_PER_PAGE, Row};
use crate::domain::example::Example;
use crate::domain::ids::{DatasetLabel, DatasetName, DatasetVersionId};
use crate::domain::reason::Reason;
pub use crate::interchange::dataset_file::RowFault;
use crate::interchange::dataset_file::{self, Findings, Format, Mapping};
use crate::store::engine::AuditEntry;

/// Rows that a preview shows.
const PREVIEW_ROWS_MAX: usize = 5;
/// Bytes from which the format is told.
const FORMAT_BYTES: u64 = 4_096;
/// Where the demo's examples say that they come from.
const DEMO_FILE: &str = "support_triage_regression.jsonl";

/// A file that is to become a dataset version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// The file.
    pub path: PathBuf,
    /// The dataset.
    pub name: DatasetName,
    /// The new version's label; the day's date, or the next free number after it, where not given.
    pub label: Option<DatasetLabel>,
    /// Overrides of the guessed mapping, as `input.ticket=text,expected=label`.
    pub mapping: String,
    /// Why.
    pub reason: String,
}

/// What an import would read.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportPreview {
    /// `JSON Lines`, `JSON array` or `CSV`.
    pub format: String,
    /// The names of the fields, in the order of the file.
    pub columns: Vec<String>,
    /// Which column becomes what, as target and source.
    pub mapping: Vec<(String, String)>,
    /// The first rows as examples.
    pub rows: Vec<Example>,
    /// Well-formed rows in the whole file.
    pub read: u64,
    /// Malformed rows, the first of them.
    pub faults: Vec<RowFault>,
    /// How many there are in all.
    pub fault_count: u64,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// The new version; `None` where rows were malformed, since nothing is half-imported.
    pub dataset: Option<DatasetVersion>,
    /// Which column became what.
    pub mapping: Vec<(String, String)>,
    /// Malformed rows, the first of them.
    pub faults: Vec<RowFault>,
    /// How many there are in all.
    pub fault_count: u64,
    /// Well-formed rows.
    pub read: u64,
}

impl Workbench {
    /// What an import would read: the format, the columns, the mapping and the first rows.
    pub fn preview_import(&self, path: &Path, mapping: &str) -> Result<ImportPreview, WorkbenchError> {
        let file = DatasetFile::open(path, mapping)?;
        let mut rows = Vec::new();
        let findings = file.each_example(|example| {
            if rows.len() < PREVIEW_ROWS_MAX {
                rows.push(example);
            }
            Ok(())
        })?;
        Ok(ImportPreview {
            format: file.format.to_string(),
            mapping: file.mapping.describe(),
            columns: file.columns,
            rows,
            read: findings.read,
            faults: findings.faults,
            fault_count: findings.fault_count,
        })
    }

    /// Imports a file as a dataset version, or reports every malformed row and imports nothing.
    pub fn import_dataset(&self, actor: &Actor, request: &ImportRequest) -> Result<ImportReport, WorkbenchError> {
        self.permit(actor, Action::DatasetImport)?;
        let reason = Reason::new(&request.reason)?;
        let file = DatasetFile::open(&request.path, &request.mapping)?;
        let mut rows = Vec::new();
        let findings = file.each_example(|example| {
            rows.push(Row::of(&example));
            Ok(())
        })?;
        let mut report = ImportReport {
            dataset: None,
            mapping: file.mapping.describe(),
            read: findings.read,
            faults: findings.faults,
            fault_count: findings.fault_count,
        };
        if report.fault_count == 0 {
            // A file that has gone since it was read counts as empty.
            let file_bytes = std::fs::metadata(&request.path).map_or(0, |file| file.len());
            let what = format!("an import of {} examples", report.read);
            self.check_room(
                &what,
                file_bytes.saturating_add(report.read.saturating_mul(EXAMPLE_BYTES)),
            )?;
            let parent = self.store.dataset_versions(&request.name)?.pop();
            let label = self.free_label(&request.name, request.label.as_ref())?;
            let id = DatasetVersionId {
                name: request.name.clone(),
                label,
            };
            let put = |audit: &AuditEntry, rows: &[Row]| self.put_examples_of(&file, audit, rows);
            report.dataset = Some(self.put_dataset(actor, id, parent, NewRows::of(rows), reason, put)?);
        }
        Ok(report)
    }

    /// Stores the examples of a file that was read before, and had these rows.
    fn put_examples_of(&self, file: &DatasetFile, audit: &AuditEntry, rows: &[Row]) -> Result<(), WorkbenchError> {
        let changed = || {
            let what = format!("{} changed while it was imported", file.path.display());
            WorkbenchError::refused(what, "import it again")
        };
        let mut expected = rows.iter();
        let mut examples = Vec::with_capacity(ROWS_PER_PAGE);
        file.each_example(|example| {
            if expected.next() != Some(&Row::of(&example)) {
                return Err(changed());
            }
            examples.push(example);
            if examples.len() == ROWS_PER_PAGE {
                self.store.put_examples(audit, &examples)?;
                examples.clear();
            }
            Ok(())
        })?;
        if expected.next().is_some() {
            return Err(changed());
        }
        Ok(self.store.put_examples(audit, &examples)?)
    }

    /// Imports rows that are in memory already, such as the demo's.
    pub(super) fn import_rows(
        &self,
        actor: &Actor,
        id: DatasetVersionId,
        bytes: &[u8],
        reason: Reason,
    ) -> Result<DatasetVersion, WorkbenchError> {
        let guess = dataset_file::preview(bytes, Format::Jsonl, DEMO_FILE)?.mapping;
        let imported = dataset_file::import(bytes, Format::Jsonl, &guess, DEMO_FILE)?;
        if let Some(fault) = imported.faults.first() {
            let why = format!("line {}: {}", fault.line, fault.reason);
            return Err(WorkbenchError::invalid(why, "correct the rows"));
        }
        let rows = imported.examples.iter().map(Row::of).collect();
        self.put_dataset(actor, id, None, NewRows::of(rows), reason, |audit, _rows| {
            Ok(self.store.put_examples(audit, &imported.examples)?)
        })
    }
}

/// A dataset file with the mapping by which it is read.
struct DatasetFile<'p> {
    path: &'p Path,
    /// What examples say that they come from.
    name: String,
    format: Format,
    columns: Vec<String>,
    mapping: Mapping,
}

impl<'p> DatasetFile<'p> {
    /// Guesses the mapping, and overrides it.
    fn open(path: &'p Path, mapping: &str) -> Result<Self, WorkbenchError> {
        let unreadable = |error| unreadable(path, &error);
        // It is read from its beginning several times, which no pipe and no device allows; some of those never end.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(WorkbenchError::invalid(
                format!("cannot read {}: it is no regular file", path.display()),
                "write the rows to a file, and import that",
            ));
        }
        let open = || File::open(path).map_err(unreadable);
        let mut first_bytes = Vec::new();
        open()?
            .take(FORMAT_BYTES)
            .read_to_end(&mut first_bytes)
            .map_err(unreadable)?;
        let format = dataset_file::detect_format(path, &first_bytes)?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let preview = dataset_file::preview(open()?, format, &name)?;
        Ok(Self {
            path,
            name,
            format,
            columns: preview.columns,
            mapping: Mapping::parse(mapping, preview.mapping)?,
        })
    }

    /// Reads it from its beginning.
    fn each_example(
        &self,
        take: impl FnMut(Example) -> Result<(), WorkbenchError>,
    ) -> Result<Findings, WorkbenchError> {
        let file = File::open(self.path).map_err(|error| unreadable(self.path, &error))?;
        dataset_file::each_example(file, self.format, &self.mapping, &self.name, take)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> WorkbenchError {
    WorkbenchError::invalid(format!("cannot read {}: {error}", path.display()), "check the path")
}
