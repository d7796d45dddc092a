//! Where a new run's answers come from, beyond asking: earlier runs and cassettes.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::CliError;
use crate::cli::input;
use crate::domain::ids::RunId;
use crate::host::caller::Caller;
use crate::workbench::{Tape, WorkbenchError};

/// Answers that are kept, or not asked for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
pub struct AnswerArgs {
    /// Use stored answers to the very same requests; such a run is no evidence for a release
    #[arg(long)]
    pub reuse: bool,
    /// Keep the run's HTTP traffic in a new file, without keys
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Let a recorded file answer, and send nothing; such a run is no evidence for a release
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "reuse"])]
    replay: Option<PathBuf>,
}

/// The file that recorded or answered a run that goes on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
pub struct TapeArgs {
    /// Go on recording in the file of `run start --record`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The file that answered it so far
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    replay: Option<PathBuf>,
}

impl TapeArgs {
    /// Opens the cassette, where one is named.
    pub fn tape(&self, caller: &mut Caller) -> Result<Tape, CliError> {
        let tape = match (&self.record, &self.replay) {
            (Some(path), _) => Tape::record_on(&caller.files.locate_or(path, ELSEWHERE)?),
            (None, Some(path)) => Tape::replay(&input::file_of(path, caller)?.path),
            (None, None) => Ok(Tape::Off),
        };
        Ok(tape.map_err(WorkbenchError::from)?)
    }
}

/// What is to be known of a recording once its run stands still.
pub fn tape_notes(tape: &Tape, run: RunId, has_ended: bool) -> Vec<String> {
    let Tape::Record(_) = tape else { return Vec::new() };
    let fault = tape
        .fault()
        .map(|fault| format!("{fault}: what is on it is not the whole run"));
    let empty = tape
        .is_empty_recording()
        .then(|| "the recording has no reply: nothing was sent that it could keep".to_owned());
    let parted = (!has_ended)
        .then(|| format!("the recording has the replies so far; go on with it: pegbox run resume {run} --record FILE"));
    [fault, empty, parted].into_iter().flatten().collect()
}

/// A recording grows while a run goes on, and the host may go on when the line is gone.
const ELSEWHERE: &str = "give the command on the host's machine: recordings are files beside the host";

impl AnswerArgs {
    /// Opens the cassette, where one is named.
    pub fn tape(&self, caller: &mut Caller) -> Result<Tape, CliError> {
        let tape = match (&self.record, &self.replay) {
            (Some(path), _) => Tape::record(&caller.files.locate_or(path, ELSEWHERE)?),
            // It stays open, so a copy may be gone.
            (None, Some(path)) => Tape::replay(&input::file_of(path, caller)?.path),
            (None, None) => Ok(Tape::Off),
        };
        Ok(tape.map_err(WorkbenchError::from)?)
    }
}
