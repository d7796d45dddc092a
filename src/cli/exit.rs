//! Exit codes, and the errors that lead to them: what failed, why, and what to do.

use std::io;
use std::process::ExitCode;

use crate::domain::DomainError;
#[cfg(unix)]
use crate::host::guest::GuestError;
use crate::workbench::{Fault, FaultKind, WorkbenchError};

/// How a command ended. The numbers are documented and do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The run's gate failed, or cannot tell yet.
    GateNotPassed = 1,
    /// Wrong usage, or input that cannot be used.
    Usage = 2,
    /// A named thing is not there.
    NotFound = 3,
    /// A rule forbids it.
    Refused = 4,
    /// The store is damaged, busy or not readable.
    Store = 5,
    /// The provider failed.
    Provider = 6,
    /// Stopped by Ctrl-C; what was saved is kept.
    Interrupted = 130,
}

/// The exit codes as `--help` lists them.
pub const EXIT_CODES_HELP: &str = "\
Exit codes:
  0    done
  1    the gate failed or cannot tell yet (run start, run resume, run watch), or a verdict came
       out otherwise (run reproduce)
  2    wrong usage, or input that cannot be used
  3    something named is not there
  4    refused by a rule
  5    the store is damaged or unavailable, or output could not be written
  6    the provider failed
  130  interrupted; what was saved is kept";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The arguments are not those of any command; also how `--help` and `--version` end.
    #[error("{0}")]
    Arguments(#[from] clap::Error),
    /// The workbench says why.
    #[error(transparent)]
    Workbench(#[from] WorkbenchError),
    /// What was given cannot be used.
    #[error("{what}")]
    Invalid {
        /// What cannot be used, and why.
        what: String,
        /// What to do.
        hint: String,
    },
    /// There is no store where one is looked for.
    #[error("{what}")]
    NoStore {
        /// Where it was looked for.
        what: String,
        /// What to do.
        hint: String,
    },
    /// There is a host, and it does not do what it should.
    #[cfg(unix)]
    #[error(transparent)]
    Host(#[from] GuestError),
    /// Standard input did not come to its end: the host stops, or whoever sent it is gone.
    #[error("standard input broke off: {0}")]
    BrokenOff(io::Error),
    /// Standard output or standard error cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// What cannot be used, and what to do.
    pub fn invalid(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid {
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// Whether the reader of the output has gone, as `head` does: nobody is left to be told.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// How the process ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Arguments(error) if error.use_stderr() => Exit::Usage,
            Self::Arguments(_) => Exit::Done,
            Self::Invalid { .. } => Exit::Usage,
            Self::NoStore { .. } => Exit::NotFound,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Store,
            Self::BrokenOff(_) => Exit::Interrupted,
            #[cfg(unix)]
            Self::Host(error) if error.is_of_the_guest() => Exit::Refused,
            #[cfg(unix)]
            Self::Host(_) => Exit::Store,
            Self::Workbench(error) => match error.kind() {
                FaultKind::Invalid => Exit::Usage,
                FaultKind::NotFound => Exit::NotFound,
                FaultKind::Refused => Exit::Refused,
                FaultKind::Store => Exit::Store,
                FaultKind::Provider => Exit::Provider,
            },
        }
    }

    /// What to do; begins with a verb.
    pub fn hint(&self) -> String {
        match self {
            Self::Arguments(_) => "see pegbox --help".into(),
            Self::Workbench(error) => error.hint(),
            Self::Invalid { hint, .. } | Self::NoStore { hint, .. } => hint.clone(),
            #[cfg(unix)]
            Self::Host(error) => error.hint(),
            Self::Output(_) => "free space, or write the output elsewhere".into(),
            Self::BrokenOff(_) => "give the command again with all of its input; nothing was done".into(),
        }
    }
}

impl From<Fault> for CliError {
    fn from(fault: Fault) -> Self {
        Self::invalid(fault.what, fault.hint)
    }
}

impl From<DomainError> for CliError {
    fn from(error: DomainError) -> Self {
        Self::Workbench(error.into())
    }
}

/// A failure that belongs to an answer: the answer is printed, and this is said after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What failed, and why.
    pub what: String,
    /// What to do; begins with a verb.
    pub hint: String,
}

impl Exit {
    /// The word in JSON errors.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::GateNotPassed => "gate_not_passed",
            Self::Usage => "invalid",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Store => "store",
            Self::Provider => "provider",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<&CliError> for Failure {
    fn from(error: &CliError) -> Self {
        Self {
            exit: error.exit(),
            what: error.to_string(),
            hint: error.hint(),
        }
    }
}
