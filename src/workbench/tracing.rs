//! Lineage: from any id to the records behind it.

use super::{Workbench, WorkbenchError};
pub use crate::traces::lineage::{HashCheck, Lineage, LineageNode};

impl Workbench {
    /// Everything that stands behind an id: a trace, an outcome, a release, a run, a version. Runs whose models are not
    /// what their names stand for now say so.
    pub fn lineage(&self, id: &str) -> Result<Lineage, WorkbenchError> {
        let mut lineage = Lineage::of(&self.store, id)?.ok_or_else(|| WorkbenchError::NotFound {
            what: "record",
            id: id.to_owned(),
        })?;
        for node in lineage.nodes.iter_mut().filter(|node| node.kind == "run") {
            if let Ok(run) = node.id.parse() {
                let stale = self.stale_evidence(run)?;
                node.summary
                    .extend(stale.iter().map(|stale| format!("; stale: {stale}")));
            }
        }
        Ok(lineage)
    }
}
