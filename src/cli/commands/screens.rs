//! The workbench's screens: what the command line hands over to the session.

use super::Context;
use crate::cli::exit::{CliError, Exit};

/// Opens the screens on the terminal, and comes back when they are closed.
pub fn open(_context: Context<'_>) -> Result<Exit, CliError> {
    Err(CliError::invalid(
        "the screens are not there yet",
        "use the commands: pegbox --help",
    ))
}
