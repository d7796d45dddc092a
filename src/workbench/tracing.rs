//! Lineage: from any id to the records behind it.

use super::{Workbench, WorkbenchError};
pub use crate::traces::lineage::{HashCheck, Lineage, LineageNode};

impl Workbench {
    /// Everything that stands behind an id: a trace, an outcome, a release, a run, a version.
    pub fn lineage(&self, id: &str) -> Result<Lineage, WorkbenchError> {
        Lineage::of(&self.store, id)?.ok_or_else(|| WorkbenchError::NotFound {
            what: "record",
            id: id.to_owned(),
        })
    }
}
