//! Datasets: look, edit. Every change is a new version that says what changed and why.

use std::collections::BTreeMap;
use std::ops::Range;

use super::filter::Filter;
use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::dataset::{DatasetChanges, DatasetVersion, Exclusion, ROWS_PER_PAGE, Row};
use crate::domain::example::{Example, ExampleContent, ExampleSource};
use crate::domain::ids::{DatasetLabel, DatasetName, DatasetVersionId, ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::label::{HumanLabel, standing};
use crate::domain::reason::Reason;
use crate::store::Change;
use crate::store::engine::AuditEntry;

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
    /// Examples expect what people's labels in a run say that they should.
    TakeLabels(RunId),
}

impl Workbench {
    /// The wished label if it is free, else today's date, with a number where that is taken.
    pub(super) fn free_label(
        &self,
        name: &DatasetName,
        wished: Option<&DatasetLabel>,
    ) -> Result<DatasetLabel, WorkbenchError> {
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
    pub(super) fn put_dataset(
        &self,
        actor: &Actor,
        id: DatasetVersionId,
        parent: Option<DatasetVersion>,
        new: NewRows,
        reason: Reason,
        put_examples: impl FnOnce(&AuditEntry, &[Row]) -> Result<(), WorkbenchError>,
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
        let audit = self.audit(actor, Action::DatasetImport, &id, reason.as_str())?;
        put_examples(&audit, &new.rows)?;
        self.store.put_rows(&audit, &content_hash, &new.rows)?;
        let old_rows = match &parent {
            Some(parent) => self.store.rows(parent)?,
            None => Vec::new(),
        };
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
    pub(super) fn each_example(
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
        self.permit(actor, Action::DatasetImport)?;
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
            ExampleEdit::TakeLabels(run) => self.take_labels(*run, &mut new)?,
        }
        let label = self.free_label(&change.dataset.name, change.label.as_ref())?;
        let id = DatasetVersionId {
            name: change.dataset.name.clone(),
            label,
        };
        let examples = std::mem::take(&mut new.examples);
        self.put_dataset(actor, id, Some(parent), new, reason, |audit, _rows| {
            Ok(self.store.put_examples(audit, &examples)?)
        })
    }

    /// Gives examples the expected values of a run's labels. Those that have other content than the labelled ones, or
    /// that the dataset version does not have, stay as they are.
    fn take_labels(&self, run: RunId, new: &mut NewRows) -> Result<(), WorkbenchError> {
        let labels = self.labels_of(run)?;
        let mut corrections: BTreeMap<&ExampleId, &HumanLabel> = BTreeMap::new();
        for label in standing(&labels) {
            if label.expected.is_none() {
                continue;
            }
            let known = *corrections.entry(&label.example).or_insert(label);
            if known.expected != label.expected {
                return Err(WorkbenchError::refused(
                    format!(
                        "{} and {} expect different values of {}",
                        known.by, label.by, label.example
                    ),
                    format!("see pegbox label list --run {run}, and let one of them label it again"),
                ));
            }
        }
        let (mut taken, mut known) = (0, 0);
        for label in corrections.into_values() {
            let corrected = self.corrected(label)?;
            let has = |hash| {
                new.rows
                    .iter()
                    .any(|row| row.example == label.example && row.content_hash == hash)
            };
            if has(corrected.content_hash) {
                known += 1;
            } else if has(label.example_hash) {
                new.correct(corrected);
                taken += 1;
            }
        }
        if taken == 0 && known > 0 {
            return Err(WorkbenchError::refused(
                format!("this dataset version has the expected values of the labels of {run} already"),
                "nothing is to be done: use this version",
            ));
        }
        if taken == 0 {
            return Err(WorkbenchError::refused(
                format!("no label of {run} gives an expected value of an example of this dataset version"),
                format!("label one with pegbox case label {run} EXAMPLE --expected JSON"),
            ));
        }
        Ok(())
    }

    /// The labelled example with the label's expected value.
    fn corrected(&self, label: &HumanLabel) -> Result<Example, WorkbenchError> {
        let original = found(self.store.example(&label.example_hash)?, "example", &label.example)?;
        let content = ExampleContent {
            expected: label.expected.clone(),
            ..original.content
        };
        let source = ExampleSource::Labelled {
            from: label.example_hash,
            run: label.run,
            place: label.place,
            number: label.number,
        };
        Ok(Example::new(content, source)?)
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

/// The rows of a dataset version in the making.
pub(super) struct NewRows {
    rows: Vec<Row>,
    exclusions: Vec<Exclusion>,
    /// Examples that are not stored yet.
    examples: Vec<Example>,
}

impl NewRows {
    /// These, with nothing left out.
    pub(super) fn of(rows: Vec<Row>) -> Self {
        Self {
            rows,
            exclusions: Vec::new(),
            examples: Vec::new(),
        }
    }

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

    /// Puts an example in the place of the one with its id.
    fn correct(&mut self, example: Example) {
        let id = &example.content.id;
        if let Some(row) = self.rows.iter_mut().find(|row| &row.example == id) {
            row.content_hash = example.content_hash;
            self.examples.push(example);
        }
    }

    /// Adds a case; one with the same id takes its place, and is excluded no longer.
    fn add(&mut self, example: Example) {
        let row = Row::of(&example);
        self.exclusions.retain(|exclusion| exclusion.row.example != row.example);
        match self.rows.iter_mut().find(|known| known.example == row.example) {
            Some(known) => *known = row,
            None => self.rows.push(row),
        }
        self.examples.push(example);
    }
}
