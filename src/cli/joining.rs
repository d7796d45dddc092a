//! Where a command is carried out: in the store's host, in one that is started for it, or here.

use std::ffi::OsString;
use std::path::Path;

use super::args::Arguments;
use super::commands::host::start_in_background;
use super::config::Config;
use super::exit::CliError;
use super::output::{Format, Out};
use super::store_path::{self, Missing};
use crate::host;
use crate::host::guest::{self, GuestError};
use crate::host::join::{Joined, find_host, join, stop_host};
use crate::host::serve::Ways;

/// How often the screens are asked for of hosts that end at that moment.
const GREETING_TRIES: u32 = 20;

/// Where a command was or is to be carried out.
pub enum Carried {
    /// The host did, with this exit code.
    ByHost(u8),
    /// It is to be done here.
    Here,
    /// It is to be done here, since no host could be started: why.
    HereAlone(String),
}

/// Has the store's host carry a command line out, where there is one. The screens start one where there is none.
pub fn carry_out(arguments: &Arguments, words: &[OsString], out: &mut Out) -> Result<Carried, CliError> {
    let store = store_path::resolve(arguments.global.store.clone())?;
    let mut tries = 0;
    loop {
        let joined = match join(&store)? {
            Some(joined) => joined,
            None if !starts_host(arguments, &store, out) => return Ok(Carried::Here),
            None => match start(&store) {
                Ok(joined) => joined,
                Err(why) => return Ok(Carried::HereAlone(why.to_string())),
            },
        };
        match guest::attach(joined, words, None) {
            Err(GuestError::Refused(refusal)) if refusal.is_replaceable => {
                out.note(&format!("{}: it is stopped", refusal.what));
                replace(&store)?;
            }
            // The host was just being killed. Only the screens may be asked for twice: they change nothing.
            Err(GuestError::NotGreeted(_)) if arguments.command.is_none() && tries < GREETING_TRIES => tries += 1,
            ended => return Ok(Carried::ByHost(ended?)),
        }
    }
}

/// Whether the command starts a host: the screens do, on a terminal and unless somebody wished otherwise. What is wrong
/// with the configuration is said where it is used.
fn starts_host(arguments: &Arguments, store: &Path, out: &Out) -> bool {
    let is_for_screens = arguments.command.is_none() && out.format() == Format::Plain && host::terminal::is_there();
    is_for_screens
        && !arguments.no_host
        // The prices of a host are those that it was started with, and not those of one guest.
        && arguments.global.prices.is_none()
        && store_path::check(store, Missing::Create).is_ok()
        && Config::load(store, &host::command_names()).is_ok_and(|config| config.host_start != Some(false))
}

/// Starts a host, unless somebody else was faster.
fn start(store: &Path) -> Result<Joined, CliError> {
    let _turn = host::home::Home::of(store).turn_to_start();
    if let Some(joined) = join(store)? {
        return Ok(joined);
    }
    let started = start_in_background(store, None, &Ways::default(), None);
    match (join(store)?, started) {
        (Some(joined), _) => Ok(joined),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(GuestError::NotStarted("it has ended already".into()).into()),
    }
}

/// Stops the host of another version that nobody needs.
fn replace(store: &Path) -> Result<(), CliError> {
    if let Some(running) = find_host(store)? {
        stop_host(store, &running)?;
    }
    Ok(())
}
