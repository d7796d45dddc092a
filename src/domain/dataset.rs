//! A dataset version: its examples in order, the excluded ones with the reason, and what changed since its parent.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::canonical;
use super::example::Example;
use super::hash::{ContentHash, HashedPieces};
use super::ids::{DatasetVersionId, ExampleId};
use super::reason::Reason;
use super::time::Timestamp;

/// Rows in one stored page of a dataset version.
pub const ROWS_PER_PAGE: usize = 500;

/// One row: which example stands at this place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The example's id.
    pub example: ExampleId,
    /// Its content hash, under which it is stored.
    pub content_hash: ContentHash,
}

impl Row {
    /// The row of an example.
    pub fn of(example: &Example) -> Self {
        Self {
            example: example.content.id.clone(),
            content_hash: example.content_hash,
        }
    }
}

/// Rows in order, a page at a time, so that a dataset of a million examples is never held whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowPage {
    /// At most [`ROWS_PER_PAGE`] of them.
    pub rows: Vec<Row>,
}

/// An example that was left out on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// The row that was left out.
    pub row: Row,
    /// Why.
    pub reason: Reason,
}

/// How a version differs from its parent, by example id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DatasetChanges {
    /// Ids that the parent did not have.
    pub added: Vec<ExampleId>,
    /// Ids whose content is another.
    pub changed: Vec<ExampleId>,
    /// Ids that are gone.
    pub removed: Vec<ExampleId>,
    /// Ids that were excluded in this version.
    pub excluded: Vec<ExampleId>,
}

/// One immutable version of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetVersion {
    /// Its id.
    pub id: DatasetVersionId,
    /// SHA-256 over the canonical JSON of the rows' content hashes in order and the exclusions.
    pub content_hash: ContentHash,
    /// How many examples it has.
    pub example_count: u64,
    /// What was left out, and why.
    pub exclusions: Vec<Exclusion>,
    /// The version that it was made from.
    pub parent: Option<DatasetVersionId>,
    /// How it differs from the parent.
    pub changes: DatasetChanges,
    /// Who made it.
    pub author: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub created_at: Timestamp,
}

impl DatasetVersion {
    /// The hash of rows and exclusions. Their JSON is hashed as it is written: a million rows would fill the memory.
    pub fn hash_rows(rows: &[Row], exclusions: &[Exclusion]) -> Result<ContentHash, DomainError> {
        let mut hash = HashedPieces::default();
        hash.push(r#"{"examples":["#);
        for (place, row) in rows.iter().enumerate() {
            hash.push(if place == 0 { "\"" } else { ",\"" });
            hash.push(row.content_hash.to_string());
            hash.push("\"");
        }
        hash.push(r#"],"exclusions":"#);
        hash.push(canonical::to_vec(&exclusions, &[])?);
        hash.push("}");
        Ok(hash.finish())
    }
}

impl DatasetChanges {
    /// Compares two versions' rows by example id.
    pub fn between(old: &[Row], new: &[Row], excluded: &[Exclusion]) -> Self {
        use std::collections::HashMap;
        let before: HashMap<&ExampleId, &ContentHash> = old.iter().map(|r| (&r.example, &r.content_hash)).collect();
        let after: HashMap<&ExampleId, &ContentHash> = new.iter().map(|r| (&r.example, &r.content_hash)).collect();
        let ids = |rows: &[Row], keep: &dyn Fn(&Row) -> bool| -> Vec<ExampleId> {
            rows.iter()
                .filter(|row| keep(row))
                .map(|row| row.example.clone())
                .collect()
        };
        let is_excluded = |row: &Row| excluded.iter().any(|exclusion| exclusion.row.example == row.example);
        Self {
            added: ids(new, &|row| !before.contains_key(&row.example)),
            changed: ids(new, &|row| {
                before.get(&row.example).is_some_and(|hash| **hash != row.content_hash)
            }),
            removed: ids(old, &|row| !after.contains_key(&row.example) && !is_excluded(row)),
            excluded: ids(old, &|row| !after.contains_key(&row.example) && is_excluded(row)),
        }
    }

    /// In one line: `3 added, 1 changed, 0 removed, 0 excluded`.
    pub fn summary(&self) -> String {
        format!(
            "{} added, {} changed, {} removed, {} excluded",
            self.added.len(),
            self.changed.len(),
            self.removed.len(),
            self.excluded.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, content: &str) -> Row {
        Row {
            example: ExampleId::new(id).unwrap(),
            content_hash: ContentHash::of_bytes(content.as_bytes()),
        }
    }

    #[test]
    fn changes_are_named_by_example() {
        let old = [row("a", "1"), row("b", "2"), row("c", "3"), row("d", "4")];
        let new = [row("a", "1"), row("b", "2 edited"), row("e", "5")];
        let excluded = [Exclusion {
            row: row("d", "4"),
            reason: Reason::new("label is wrong in the source").unwrap(),
        }];
        let changes = DatasetChanges::between(&old, &new, &excluded);
        let names = |ids: &[ExampleId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        assert_eq!(names(&changes.added), "e");
        assert_eq!(names(&changes.changed), "b");
        assert_eq!(names(&changes.removed), "c");
        assert_eq!(names(&changes.excluded), "d");
    }

    #[test]
    fn the_hash_is_over_canonical_json() {
        #[derive(Serialize)]
        struct Hashed<'a> {
            exclusions: &'a [Exclusion],
            examples: Vec<ContentHash>,
        }
        let exclusions = [Exclusion {
            row: row("d", "4"),
            reason: Reason::new("label is wrong in the source").unwrap(),
        }];
        let rows = [row("a", "1"), row("b", "2"), row("c", "3")];
        for (rows, exclusions) in [(&rows[..], &exclusions[..]), (&rows[..1], &[]), (&[], &exclusions)] {
            let examples = rows.iter().map(|row| row.content_hash).collect();
            let expected = ContentHash::of(&Hashed { exclusions, examples }).unwrap();
            assert_eq!(DatasetVersion::hash_rows(rows, exclusions).unwrap(), expected);
        }
    }

    #[test]
    fn order_is_part_of_the_content() {
        let (a, b) = (row("a", "1"), row("b", "2"));
        let one = DatasetVersion::hash_rows(&[a.clone(), b.clone()], &[]).unwrap();
        assert_ne!(one, DatasetVersion::hash_rows(&[b, a], &[]).unwrap());
    }
}
