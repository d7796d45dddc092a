//! The workbench's screens: what the command line hands over to the session.

use super::{Context, Hosting};
use crate::cli::exit::{CliError, Exit};
use crate::cli::identity::Proof;
use crate::host;
use crate::host::session::Ended;

/// Opens the screens on the terminal, and comes back when they are closed.
pub fn open(context: Context<'_>) -> Result<Exit, CliError> {
    let keymap = host::keymap(&context.config.screens)
        .map_err(|error| CliError::invalid(error.to_string(), "correct the keys in config.toml"))?;
    let opening = host::Opening {
        store: &context.store,
        preferences: &context.config.screens,
        keymap,
        arrival: context.arrival,
    };
    let (actor, key) = (context.actor, context.caller.origin.key.clone());
    let closed = host::open_screens(
        &context.workbench,
        actor.clone(),
        opening,
        context.caller,
        &context.runtime,
    );
    if context.hosting == Hosting::Command {
        // What is saved stays, and a resume goes on.
        context.workbench.park_runs();
    }
    let ended = closed.map_err(|error| {
        let hint = match error {
            host::HostError::NotStored(_) => "put the text back in the editor with E, once the store takes it",
            host::HostError::NoPty => "ask for one with ssh -t, or give a command, as in ssh HOST status",
            host::HostError::PoorTerminal(_) => {
                "set TERM to what your terminal is, such as xterm-256color, or give a command, as in ssh HOST status"
            }
            _ => "use the commands without a terminal: pegbox --help",
        };
        CliError::invalid(error.to_string(), hint)
    })?;
    if ended == Ended::Detached {
        let minutes = host::parking::PARKED_MAX.as_secs() / 60;
        context.out.note(&format!(
            "detached: pegbox comes back to these screens within {minutes} minutes"
        ));
    }
    if (context.hosting, ended) == (Hosting::Host, Ended::Terminated) {
        let people = context.workbench.people()?;
        let is_let_in = match context.proof {
            Proof::Account(account) => people.of_account(account).is_some_and(|person| person.name == actor),
            Proof::Claimed | Proof::Key => people.lets_in(&actor, &key),
        };
        context.out.note(if is_let_in {
            "the host was stopped: what was typed is kept, and runs are parked until pegbox run resume"
        } else {
            "you are let in no more, or not by this key or account: what was typed is kept, and runs go on"
        });
    }
    Ok(Exit::Done)
}
