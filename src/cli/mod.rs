//! The command line: parse arguments, call the workbench, print.
//! May use: domain, text, workbench, host.
//! Must never: print other than through `output.rs`, or decide a rule that the workbench should.

pub mod args;
mod commands;
pub mod config;
pub mod exit;
mod identity;
mod input;
#[cfg(unix)]
mod joining;
mod output;
mod store_path;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::Arguments;
use exit::{CliError, Exit, Failure};
#[cfg(unix)]
use joining::Carried;
use output::{Format, Out};

use crate::host::caller::{Caller, Streams};

/// Carries out one command line, here or in the store's host, prints what it has to say, and says how the process ends.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    let mut out = Out::new(format_of(&words), Streams::of_process());
    match run_words(&words, &mut out) {
        Ok(code) => code,
        Err(error) => report(&error, &mut out).into(),
    }
}

fn run_words(words: &[OsString], out: &mut Out) -> Result<ExitCode, CliError> {
    let arguments = parse(words)?;
    #[cfg(unix)]
    if let Some(args::Command::Login { person }) = &arguments.command {
        return commands::login::login(person, &arguments.global);
    }
    #[cfg(unix)]
    if commands::is_for_host(arguments.command.as_ref()) {
        match joining::carry_out(&arguments, words, out)? {
            Carried::ByHost(code) => return Ok(code.into()),
            Carried::HereAlone(why) => {
                let mut caller = Caller::without_host(&why);
                return Ok(commands::carry_out(arguments, out, &mut caller)?.into());
            }
            Carried::Here => {}
        }
    }
    Ok(commands::carry_out(arguments, out, &mut Caller::of_process())?.into())
}

/// The format of the output. Looked for by hand, since an error of the parser must be printed in it too.
fn format_of(words: &[OsString]) -> Format {
    if words.iter().any(|word| word == "--json") {
        Format::Json
    } else {
        Format::Plain
    }
}

fn parse<W: Into<OsString> + Clone>(words: impl IntoIterator<Item = W>) -> Result<Arguments, CliError> {
    Ok(Arguments::try_parse_from(words)?)
}

/// Says what failed. Where even that cannot be written, the exit code alone tells.
fn report(error: &CliError, out: &mut Out) -> Exit {
    let _ = match error {
        CliError::Arguments(arguments) => out.arguments(arguments),
        _ if error.is_broken_pipe() => Ok(()),
        _ => out.failure(&Failure::from(error)),
    };
    error.exit()
}

/// The whole command tree, for completions and for the test that holds `--help`.
pub fn command_tree() -> clap::Command {
    Arguments::command()
}
