//! Datasets: import, look, edit. Every change is a new version that says what changed and why.

use std::path::{Path, PathBuf};

use super::WorkbenchError;
use crate::domain::actor::Actor;
use crate::domain::dataset::{DatasetChanges, DatasetVersion, Exclusion, ROWS_PER_PAGE, Row};
use crate::domain::example::{Example, ExampleContent, ExampleSource};
use crate::domain::ids::{DatasetLabel, DatasetName, DatasetVersionId, ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::reason::Reason;
use crate::interchange::dataset_file::RowFault;
use crate::store::Change;

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
