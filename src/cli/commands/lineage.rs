//! `pegbox lineage`: every record behind an id.

use serde_json::json;

use super::Context;
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{Plain, Reply, Table};
use crate::workbench::HashCheck;

/// The records behind an id, nearest first, each with the check of its hash.
pub fn lineage(id: &str, context: &Context<'_>) -> Result<Reply, CliError> {
    let lineage = context.workbench.lineage(id)?;
    let mut table = Table::new(["record", "hash", "what"]);
    for node in &lineage.nodes {
        let check = match &node.check {
            HashCheck::Matches => "matches".to_owned(),
            HashCheck::Chained => "chained".to_owned(),
            HashCheck::Broken(why) => format!("BROKEN: {why}"),
        };
        table.row([
            format!("{}{} {}", "  ".repeat(node.depth), node.kind, node.id),
            check,
            node.summary.clone(),
        ]);
    }
    let reply = Reply::done(
        json!({ "id": id, "sound": lineage.is_sound(), "nodes": lineage.nodes }),
        Plain::new().table(&table, ""),
    );
    let failure = (!lineage.is_sound()).then(|| Failure {
        exit: Exit::Store,
        what: format!("records behind {id} are missing or not what was recorded"),
        hint: "check the whole store with pegbox store verify".into(),
    });
    Ok(Reply { failure, ..reply })
}
