//! Datasets, their rows and examples in the store.
//!
//! Examples and rows lie under content hashes, and the dataset version is written last: until then nothing refers to
//! them, so an import that stops half-way has imported nothing.

use super::engine::{AuditEntry, EngineError, Scan};
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::dataset::{DatasetVersion, ROWS_PER_PAGE, Row, RowPage};
use crate::domain::example::Example;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{DatasetName, DatasetVersionId};

/// Examples in one batch: the index takes larger ones badly.
const EXAMPLES_PER_BATCH: usize = 500;

impl Store {
    /// Loads a dataset version.
    pub fn dataset(&self, id: &DatasetVersionId) -> Result<Option<DatasetVersion>, StoreError> {
        self.load(&keys::dataset(id))
    }

    /// All dataset versions, by name, then oldest first.
    pub fn datasets(&self) -> Result<Vec<DatasetVersion>, StoreError> {
        self.sorted_datasets(keys::DATASETS.to_owned())
    }

    /// A dataset's versions, oldest first.
    pub fn dataset_versions(&self, name: &DatasetName) -> Result<Vec<DatasetVersion>, StoreError> {
        self.sorted_datasets(keys::datasets(name))
    }

    fn sorted_datasets(&self, prefix: String) -> Result<Vec<DatasetVersion>, StoreError> {
        let mut versions: Vec<DatasetVersion> = self.load_all(&Scan::prefix(prefix, NO_LIMIT))?;
        versions.sort_by(|a, b| (&a.id.name, a.created_at, &a.id.label).cmp(&(&b.id.name, b.created_at, &b.id.label)));
        Ok(versions)
    }

    /// One page of a dataset version's rows: the rows from `page * ROWS_PER_PAGE` on. Empty after the last.
    pub fn row_page(&self, dataset: &ContentHash, page: u64) -> Result<Vec<Row>, StoreError> {
        let page: Option<RowPage> = self.load(&keys::row_page(dataset, page))?;
        Ok(page.map(|page| page.rows).unwrap_or_default())
    }

    /// All rows of a dataset version.
    pub fn rows(&self, dataset: &DatasetVersion) -> Result<Vec<Row>, StoreError> {
        let pages = dataset.example_count.div_ceil(ROWS_PER_PAGE as u64);
        let mut rows = Vec::new();
        for page in 0..pages {
            rows.extend(self.row_page(&dataset.content_hash, page)?);
        }
        Ok(rows)
    }

    /// Loads an example by its content hash.
    pub fn example(&self, hash: &ContentHash) -> Result<Option<Example>, StoreError> {
        self.load(&keys::example(hash))
    }

    /// Stores examples; those that are there already stay as they are.
    pub fn put_examples(&self, audit: &AuditEntry, examples: &[Example]) -> Result<(), StoreError> {
        for batch in examples.chunks(EXAMPLES_PER_BATCH) {
            loop {
                let missing = self.missing_examples(batch)?;
                if missing.is_empty() {
                    break;
                }
                let mut change = Change::new(audit.clone());
                for example in missing {
                    change = change.insert(keys::example(&example.content_hash), example)?;
                }
                match change.commit(self) {
                    Ok(_) => break,
                    // Somebody else stored one of them meanwhile: that one is there now, and stays.
                    Err(StoreError::Engine(EngineError::Conflict { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn missing_examples<'e>(&self, examples: &'e [Example]) -> Result<Vec<&'e Example>, StoreError> {
        let mut missing = Vec::new();
        for example in examples {
            let key = keys::example(&example.content_hash);
            if self.engine().get(key.as_bytes())?.is_none() {
                missing.push(example);
            }
        }
        Ok(missing)
    }

    /// Stores the rows of a dataset version that will have this content hash.
    pub fn put_rows(&self, audit: &AuditEntry, dataset: &ContentHash, rows: &[Row]) -> Result<(), StoreError> {
        for (page, rows) in (0..).zip(rows.chunks(ROWS_PER_PAGE)) {
            let page_record = RowPage { rows: rows.to_vec() };
            Change::new(audit.clone())
                .put(keys::row_page(dataset, page), &page_record)?
                .commit(self)?;
        }
        Ok(())
    }
}

impl Change {
    /// Adds a new dataset version, whose examples and rows are stored.
    pub fn insert_dataset(self, dataset: &DatasetVersion) -> Result<Self, StoreError> {
        self.insert(keys::dataset(&dataset.id), dataset)
    }
}
