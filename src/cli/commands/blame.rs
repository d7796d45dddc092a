//! `pegbox prompt blame`: what brought each line of a version.

use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply};
use crate::domain::ids::VersionId;

/// Each line of a version with the version, day and author that brought it, and then their reasons and runs.
pub fn blame(context: &Context<'_>, version: &VersionId) -> Result<Reply, CliError> {
    let blame = context.workbench.blame(version)?;
    Ok(Reply::done(json!(blame), Plain::new().block(&blame.text())))
}
