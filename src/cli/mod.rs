//! The command line: parse arguments, call the workbench, print.
//! May use: domain, text, workbench, host.
//! Must never: print other than through `output.rs`, or decide a rule that the workbench should.

pub mod args;
mod commands;
pub mod config;
pub mod exit;
mod identity;
mod input;
mod output;
mod store_path;

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use args::Arguments;
use exit::{CliError, Exit, Failure};
use output::{Format, Out};

use crate::host::caller::{Caller, Streams};

/// Carries out one command line, prints what it has to say, and says how the process ends.
pub fn run(words: impl IntoIterator<Item = OsString>) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    // Looked for by hand, since an error of the parser must be printed in this format too.
    let format = if words.iter().any(|word| word == "--json") {
        Format::Json
    } else {
        Format::Plain
    };
    let mut out = Out::new(format, Streams::of_process());
    let result = Arguments::try_parse_from(words)
        .map_err(CliError::from)
        .and_then(|arguments| commands::carry_out(arguments, &mut out, &mut Caller::of_process()));
    result.unwrap_or_else(|error| report(&error, &mut out))
}

/// Says what failed. Where even that cannot be written, the exit code alone tells.
fn report(error: &CliError, out: &mut Out) -> Exit {
    let written = match error {
        CliError::Arguments(arguments) => out.arguments(arguments),
        _ if error.is_broken_pipe() => Ok(()),
        _ => out.failure(&Failure::from(error)),
    };
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        _ => error.exit(),
    }
}

/// The whole command tree, for completions and for the test that holds `--help`.
pub fn command_tree() -> clap::Command {
    Arguments::command()
}
