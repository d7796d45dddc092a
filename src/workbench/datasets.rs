//! Datasets: import, look, edit. Every change is a new version that says what changed and why.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::filter::Filter;
use super::room::EXAMPLE_BYTES;
use super::{Workbench, WorkbenchError, found};
use crate::domain::actor::Actor;
use crate::domain::dataset::{DatasetChanges, DatasetVersion, Exclusion, ROWS_PER_PAGE, Row};
use crate::domain::example::{Example, ExampleContent, ExampleSource};
use crate::domain::ids::{DatasetLabel, DatasetName, DatasetVersionId, ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::reason::Reason;
pub use crate::interchange::dataset_file::RowFault;
use crate::interchange::dataset_file::{self, Format, Imported, Mapping};
use crate::store::Change;

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

/// A window on a dataset version's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsWindow {
    /// The dataset version.
    pub dataset: DatasetVersion,
    /// How many rows the filter leaves.
    pub total: u64,
    /// Rows from the asked place on, with their place in the dataset version.
    pub rows: Vec<(u64, Example)>,
}

/// A change of one example, which makes a new example and a new dataset version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleChange {
    /// The version to start from.
    pub dataset: DatasetVersionId,
    /// The new version's label; derived where not given.
    pub label: Option<DatasetLabel>,
    /// What is done.
    pub edit: ExampleEdit,
    /// Why.
    pub reason: String,
}

/// What is done to a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExampleEdit {
    /// This content takes the place of the example with its id.
    Replace(Box<ExampleContent>),
    /// The example is left out, with the reason.
    Exclude(ExampleId),
    /// A case that failed in a run is added, with what should have been answered.
    AddFailedCase {
        /// The run.
        run: RunId,
        /// The example in it.
        example: ExampleId,
        /// The right answer; what was expected in the run where not given.
        expected: Option<JsonText>,
    },
}

impl Workbench {
    /// What an import would read: the format, the columns, the mapping and the first rows.
    pub fn preview_import(&self, path: &Path, mapping: &str) -> Result<ImportPreview, WorkbenchError> {
        let (format, columns, imported) = read_file(path, mapping)?;
        Ok(ImportPreview {
            format: format.to_string(),
            columns,
            mapping: imported.mapping.describe(),
            read: imported.examples.len() as u64,
            rows: imported.examples.into_iter().take(PREVIEW_ROWS_MAX).collect(),
            faults: imported.faults,
            fault_count: imported.fault_count,
        })
    }

    /// Imports a file as a dataset version, or reports every malformed row and imports nothing.
    pub fn import_dataset(&self, actor: &Actor, request: &ImportRequest) -> Result<ImportReport, WorkbenchError> {
        let reason = Reason::new(&request.reason)?;
        let (_, _, imported) = read_file(&request.path, &request.mapping)?;
        let Imported {
            examples,
            faults,
            fault_count,
            mapping,
        } = imported;
        let mut report = ImportReport {
            dataset: None,
            mapping: mapping.describe(),
            faults,
            fault_count,
            read: examples.len() as u64,
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
            let new_rows = NewRows {
                rows: rows_of(&examples),
                exclusions: Vec::new(),
                examples,
            };
            report.dataset = Some(self.put_dataset(actor, id, parent, new_rows, reason)?);
        }
        Ok(report)
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
        let examples = imported.examples;
        let new_rows = NewRows {
            rows: rows_of(&examples),
            exclusions: Vec::new(),
            examples,
        };
        self.put_dataset(actor, id, None, new_rows, reason)
    }

    /// The wished label if it is free, else today's date, with a number where that is taken.
    fn free_label(&self, name: &DatasetName, wished: Option<&DatasetLabel>) -> Result<DatasetLabel, WorkbenchError> {
        let taken = |label: &DatasetLabel| -> Result<bool, WorkbenchError> {
            let id = DatasetVersionId {
                name: name.clone(),
                label: label.clone(),
            };
            Ok(self.store.dataset(&id)?.is_some())
        };
        if let Some(label) = wished {
            if taken(label)? {
                return Err(WorkbenchError::refused(
                    format!("{name}@{label} exists, and versions never change"),
                    "choose another label",
                ));
            }
            return Ok(label.clone());
        }
        let today = self.now().date_text();
        let mut label = DatasetLabel::new(today.clone())?;
        for number in 2_u32.. {
            if !taken(&label)? {
                break;
            }
            label = DatasetLabel::new(format!("{today}.{number}"))?;
        }
        Ok(label)
    }

    /// Stores examples and rows, then the version that makes them visible.
    fn put_dataset(
        &self,
        actor: &Actor,
        id: DatasetVersionId,
        parent: Option<DatasetVersion>,
        new: NewRows,
        reason: Reason,
    ) -> Result<DatasetVersion, WorkbenchError> {
        let content_hash = DatasetVersion::hash_rows(&new.rows, &new.exclusions)?;
        if let Some(parent) = &parent
            && parent.content_hash == content_hash
        {
            return Err(WorkbenchError::refused(
                format!("the rows are those of {}", parent.id),
                "use that version, or change the rows first",
            ));
        }
        let old_rows = parent
            .as_ref()
            .map(|parent| self.store.rows(parent))
            .transpose()?
            .unwrap_or_default();
        let dataset = DatasetVersion {
            content_hash,
            example_count: new.rows.len() as u64,
            changes: DatasetChanges::between(&old_rows, &new.rows, &new.exclusions),
            exclusions: new.exclusions,
            parent: parent.map(|parent| parent.id),
            author: actor.clone(),
            reason,
            created_at: self.now(),
            id,
        };
        let audit = self.audit(actor, "dataset.import", &dataset.id, dataset.reason.as_str());
        self.store.put_examples(&audit, &new.examples)?;
        self.store.put_rows(&audit, &dataset.content_hash, &new.rows)?;
        Change::new(audit).insert_dataset(&dataset)?.commit(&self.store)?;
        Ok(dataset)
    }

    /// All dataset versions, by name, then oldest first.
    pub fn datasets(&self) -> Result<Vec<DatasetVersion>, WorkbenchError> {
        Ok(self.store.datasets()?)
    }

    /// Loads a dataset version.
    pub fn dataset(&self, id: &DatasetVersionId) -> Result<DatasetVersion, WorkbenchError> {
        found(self.store.dataset(id)?, "dataset", id)
    }

    /// Reads `name@label`, or `name` as its newest version.
    pub fn resolve_dataset(&self, text: &str) -> Result<DatasetVersionId, WorkbenchError> {
        if text.contains('@') {
            return Ok(text.parse()?);
        }
        let name = DatasetName::new(text)?;
        Ok(found(self.store.dataset_versions(&name)?.pop(), "dataset", &name)?.id)
    }

    /// Rows of a dataset version from a place on, after a filter.
    pub fn dataset_rows(
        &self,
        id: &DatasetVersionId,
        filter: &str,
        from: u64,
        limit: usize,
    ) -> Result<RowsWindow, WorkbenchError> {
        let dataset = self.dataset(id)?;
        let filter = Filter::parse(filter)?;
        let mut window = RowsWindow {
            total: dataset.example_count,
            rows: Vec::new(),
            dataset,
        };
        if filter.is_empty() {
            let end = window.total.min(from.saturating_add(limit as u64));
            let rows = &mut window.rows;
            self.each_example(&window.dataset, from..end, |place, example| rows.push((place, example)))?;
            return Ok(window);
        }
        let mut matches = 0;
        let rows = &mut window.rows;
        self.each_example(&window.dataset, 0..window.total, |place, example| {
            if filter.accepts(&example.content) {
                if matches >= from && rows.len() < limit {
                    rows.push((place, example));
                }
                matches += 1;
            }
        })?;
        window.total = matches;
        Ok(window)
    }

    /// Hands over the examples at these places. A page of rows is read once, not once for each of its rows.
    fn each_example(
        &self,
        dataset: &DatasetVersion,
        places: Range<u64>,
        mut take: impl FnMut(u64, Example),
    ) -> Result<(), WorkbenchError> {
        let page_size = ROWS_PER_PAGE as u64;
        for page in places.start / page_size..places.end.div_ceil(page_size) {
            let rows = self.store.row_page(&dataset.content_hash, page)?;
            for (place, row) in (page * page_size..).zip(&rows) {
                if places.contains(&place) {
                    let example = found(self.store.example(&row.content_hash)?, "example", &row.example)?;
                    take(place, example);
                }
            }
        }
        Ok(())
    }

    /// The example at a place of a dataset version.
    pub(super) fn example_at(&self, dataset: &DatasetVersion, place: u64) -> Result<Example, WorkbenchError> {
        let page_size = ROWS_PER_PAGE as u64;
        let page = self.store.row_page(&dataset.content_hash, place / page_size)?;
        let offset = usize::try_from(place % page_size).unwrap_or(usize::MAX);
        let row = found(page.get(offset), "example", &place)?;
        found(self.store.example(&row.content_hash)?, "example", &row.example)
    }

    /// How two dataset versions differ, by example id.
    pub fn dataset_diff(
        &self,
        old: &DatasetVersionId,
        new: &DatasetVersionId,
    ) -> Result<DatasetChanges, WorkbenchError> {
        let (old, new) = (self.dataset(old)?, self.dataset(new)?);
        Ok(DatasetChanges::between(
            &self.store.rows(&old)?,
            &self.store.rows(&new)?,
            &new.exclusions,
        ))
    }

    /// Makes a new dataset version by changing one example.
    pub fn change_example(&self, actor: &Actor, change: &ExampleChange) -> Result<DatasetVersion, WorkbenchError> {
        let reason = Reason::new(&change.reason)?;
        let parent = self.dataset(&change.dataset)?;
        let mut new = NewRows {
            rows: self.store.rows(&parent)?,
            exclusions: parent.exclusions.clone(),
            examples: Vec::new(),
        };
        match &change.edit {
            ExampleEdit::Replace(content) => new.replace(content)?,
            ExampleEdit::Exclude(id) => new.exclude(id, &reason)?,
            ExampleEdit::AddFailedCase { run, example, expected } => {
                new.add(self.failed_case(*run, example, expected.as_ref())?);
            }
        }
        let label = self.free_label(&change.dataset.name, change.label.as_ref())?;
        let id = DatasetVersionId {
            name: change.dataset.name.clone(),
            label,
        };
        self.put_dataset(actor, id, Some(parent), new, reason)
    }

    fn failed_case(
        &self,
        run: RunId,
        example: &ExampleId,
        expected: Option<&JsonText>,
    ) -> Result<Example, WorkbenchError> {
        let outcome = found(
            self.store.outcome_of(run, example)?,
            "example",
            &format!("{run}/{example}"),
        )?;
        let original = found(self.store.example(&outcome.example_hash)?, "example", example)?;
        let mut content = original.content;
        content.expected = expected.cloned().or(content.expected);
        content
            .metadata
            .insert("source".into(), format!("failed case of {run}"));
        Ok(Example::new(
            content,
            ExampleSource::FailedCase {
                run,
                example: example.clone(),
            },
        )?)
    }
}

/// Reads a dataset file with the guessed mapping and the overrides.
fn read_file(path: &Path, mapping: &str) -> Result<(Format, Vec<String>, Imported), WorkbenchError> {
    let unreadable = |error: std::io::Error| {
        WorkbenchError::invalid(format!("cannot read {}: {error}", path.display()), "check the path")
    };
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
    let name = path
        .file_name()
        .map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    let preview = dataset_file::preview(open()?, format, &name)?;
    let mapping = Mapping::parse(mapping, preview.mapping)?;
    let imported = dataset_file::import(open()?, format, &mapping, &name)?;
    Ok((format, preview.columns, imported))
}

/// The rows of a dataset version in the making.
struct NewRows {
    rows: Vec<Row>,
    exclusions: Vec<Exclusion>,
    /// Examples that are not stored yet.
    examples: Vec<Example>,
}

fn rows_of(examples: &[Example]) -> Vec<Row> {
    examples
        .iter()
        .map(|example| Row {
            example: example.content.id.clone(),
            content_hash: example.content_hash,
        })
        .collect()
}

impl NewRows {
    fn position(&self, id: &ExampleId) -> Result<usize, WorkbenchError> {
        found(self.rows.iter().position(|row| &row.example == id), "example", id)
    }

    fn replace(&mut self, content: &ExampleContent) -> Result<(), WorkbenchError> {
        let position = self.position(&content.id)?;
        if let Some(row) = self.rows.get_mut(position) {
            let example = Example::new(content.clone(), ExampleSource::Edited { from: row.content_hash })?;
            row.content_hash = example.content_hash;
            self.examples.push(example);
        }
        Ok(())
    }

    fn exclude(&mut self, id: &ExampleId, reason: &Reason) -> Result<(), WorkbenchError> {
        let row = self.rows.remove(self.position(id)?);
        self.exclusions.push(Exclusion {
            row,
            reason: reason.clone(),
        });
        Ok(())
    }

    /// Adds a case; one with the same id takes its place, and is excluded no longer.
    fn add(&mut self, example: Example) {
        let row = Row {
            example: example.content.id.clone(),
            content_hash: example.content_hash,
        };
        self.exclusions.retain(|exclusion| exclusion.row.example != row.example);
        match self.rows.iter_mut().find(|known| known.example == row.example) {
            Some(known) => *known = row,
            None => self.rows.push(row),
        }
        self.examples.push(example);
    }
}
