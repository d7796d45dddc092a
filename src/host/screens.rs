//! Opens the screens of a workbench on the process's terminal.

use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::session::{Ended, RequestHandler, run_local};
use super::terminal::MouseReports;
use super::{ColourWish, Glyphs, HostError, Preferences, capability};
use crate::domain::actor::Actor;
use crate::domain::ids::RunId;
use crate::domain::progress::RunProgress;
use crate::tui::keymap::{Keymap, KeymapError};
use crate::tui::session_info::{ColourDepth, GlyphSet, SessionInfo};
use crate::workbench::{Answer, Fault, Request, Workbench};

/// A workbench with the person who sits at it.
struct Seat {
    workbench: Arc<Workbench>,
    actor: Actor,
}

impl RequestHandler for Seat {
    fn handle(&self, request: Request) -> Result<Answer, Fault> {
        self.workbench.answer(&self.actor, request)
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

/// Opens the screens, and comes back when they are closed; `store` is how the title line calls the store. Runs that
/// are under way are parked then: what is saved stays, and a resume goes on. Must not be called on the runtime.
///
/// # Errors
/// There is no terminal, it failed, or a screen panicked.
pub fn open_screens(
    workbench: &Arc<Workbench>,
    actor: Actor,
    store: String,
    preferences: &Preferences,
    keymap: Keymap,
    runtime: &Runtime,
) -> Result<Ended, HostError> {
    let variable = |name: &str| std::env::var(name).ok();
    let info = wished(capability::session_info(variable, actor.clone(), store), preferences);
    let seat = Arc::new(Seat {
        workbench: Arc::clone(workbench),
        actor,
    });
    let mouse = match preferences.mouse {
        Some(false) => MouseReports::Off,
        None | Some(true) => MouseReports::On,
    };
    let ended = runtime.block_on(run_local(seat, info, keymap, mouse));
    workbench.park_runs();
    ended
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
