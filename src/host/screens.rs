//! Opens the screens of a workbench at a caller's desk.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::caller::{Caller, Files, Screens};
use super::parking::Parking;
use super::rescue::Rescue;
use super::session::{Ended, RequestHandler};
use super::terminal::MouseReports;
use super::{ColourWish, Glyphs, HostError, Preferences, capability};
use crate::domain::actor::Actor;
use crate::domain::ids::RunId;
use crate::domain::person::{Role, role_words};
use crate::domain::progress::RunProgress;
use crate::tui::keymap::{Keymap, KeymapError};
use crate::tui::msg::Note;
use crate::tui::screens::Tab;
use crate::tui::session_info::{ColourDepth, GlyphSet, SessionInfo};
use crate::workbench::{Answer, Doing, Fault, Request, Workbench};

/// A workbench with the person who sits at it.
struct Seat {
    workbench: Arc<Workbench>,
    actor: Actor,
    files: Files,
}

impl Seat {
    /// The request with the files that the person means.
    fn located(&self, mut request: Request) -> Result<Request, Fault> {
        match &mut request {
            Request::PreviewImport { path, .. } => *path = self.files.locate(path)?,
            Request::ImportDataset(import) => import.path = self.files.locate(&import.path)?,
            _ => {}
        }
        Ok(request)
    }
}

impl RequestHandler for Seat {
    fn handle(&self, request: Request) -> Result<Answer, Fault> {
        self.workbench.answer(&self.actor, self.located(request)?)
    }

    fn progress(&self, run: RunId) -> Option<watch::Receiver<RunProgress>> {
        self.workbench.watch_run(run)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.workbench.changes()
    }
}

/// The keys that a person wishes, over the table's.
///
/// # Errors
/// An unknown command, a key that is none, or two commands on one key.
pub fn keymap(preferences: &Preferences) -> Result<Keymap, KeymapError> {
    Keymap::with_overrides(
        preferences
            .keys
            .iter()
            .map(|(name, keys)| (name.as_str(), keys.as_slice())),
    )
}

/// What the process that opens screens knows of what was before.
#[derive(Debug, Default)]
pub struct Arrival {
    /// Where screens wait when their terminal is gone; they end with it where there is none.
    pub parking: Option<Arc<Parking>>,
    /// What is to be known first, in a sentence.
    pub note: Option<String>,
}

/// How the screens are to be.
#[derive(Debug)]
pub struct Opening<'a> {
    /// The store's folder; the title line calls it by its last part.
    pub store: &'a Path,
    /// The person's wishes.
    pub preferences: &'a Preferences,
    /// The person's keys.
    pub keymap: Keymap,
    /// What was before.
    pub arrival: Arrival,
}

/// Opens the screens at the caller's desk, and comes back when they are closed. Must not be called on the runtime.
///
/// # Errors
/// There is no terminal, it failed, or a screen panicked.
pub fn open_screens(
    workbench: &Arc<Workbench>,
    actor: Actor,
    opening: Opening<'_>,
    caller: &mut Caller,
    runtime: &Handle,
) -> Result<Ended, HostError> {
    let Opening {
        store,
        preferences,
        keymap,
        arrival,
    } = opening;
    let variable = |name: &str| caller.variables.get(name);
    let name = store.file_name();
    let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let info = SessionInfo {
        roles: roles_of(workbench, &actor),
        ..wished(capability::session_info(variable, actor.clone(), name), preferences)
    };
    // What a session could not store is on the host's machine, where only those who are there can take it.
    let rescue = Rescue::of(store);
    let left_over = || {
        rescue
            .left_over(&std::env::temp_dir())
            .filter(|_| caller.files.are_ours())
    };
    let note = arrival.note.map(Note::warning).or_else(left_over);
    let attendance = workbench.attend(&actor, Doing::Looking(Tab::Home.title().to_owned()));
    let handler = Arc::new(Seat {
        workbench: Arc::clone(workbench),
        actor,
        files: caller.files.clone(),
    });
    let mouse = match preferences.mouse {
        Some(false) => MouseReports::Off,
        None | Some(true) => MouseReports::On,
    };
    let screens = Screens {
        handler,
        info,
        keymap,
        mouse,
        attendance,
        note,
        parking: arrival.parking,
        rescue,
    };
    caller.desk.run_screens(screens, runtime)
}

/// What somebody may do, for the title line. Whatever they do is checked against the people of that moment.
fn roles_of(workbench: &Workbench, actor: &Actor) -> String {
    match workbench.people() {
        Ok(people) if people.is_empty() => String::new(),
        Ok(people) => match people.find(actor).filter(|person| person.is_active()) {
            Some(person) => role_words(&person.roles),
            None => Role::ReadOnly.as_str().to_owned(),
        },
        // Every act will say what is wrong with the store.
        Err(_) => String::new(),
    }
}

/// What the terminal says of itself, after the person's wishes.
fn wished(info: SessionInfo, preferences: &Preferences) -> SessionInfo {
    let colours = match preferences.color {
        Some(ColourWish::Always) if info.colours == ColourDepth::None => ColourDepth::Sixteen,
        None | Some(ColourWish::Auto | ColourWish::Always) => info.colours,
        Some(ColourWish::Never) => ColourDepth::None,
        Some(ColourWish::Sixteen) => ColourDepth::Sixteen,
        Some(ColourWish::Indexed) => ColourDepth::Indexed,
        Some(ColourWish::True) => ColourDepth::True,
    };
    let glyphs = match preferences.glyphs {
        None => info.glyphs,
        Some(Glyphs::Unicode) => GlyphSet::Unicode,
        Some(Glyphs::Ascii) => GlyphSet::Ascii,
    };
    SessionInfo {
        colours,
        glyphs,
        ..info
    }
}
