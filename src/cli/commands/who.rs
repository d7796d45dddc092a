//! `pegbox who`: who is here, and what they are at.

use serde_json::json;

use super::Context;
use crate::cli::output::{Plain, Reply, Table};
use crate::workbench::Presence;

/// Everybody in the roster of the process that has the store open: the host, where there is one.
pub fn who(context: &Context<'_>) -> Reply {
    let present = context.workbench.present();
    let text = Plain::new().table(&table(&present), "nobody is here");
    Reply::done(json!({ "present": present }), text)
}

/// One row for each.
pub fn table(present: &[Presence]) -> Table {
    let mut table = Table::new(["who", "at", "from", "since"]);
    for presence in present {
        table.row([
            presence.name.to_string(),
            presence.doing.phrase(),
            presence.place.clone(),
            presence.since.to_string(),
        ]);
    }
    table
}
