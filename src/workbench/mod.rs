//! The one door: every use case, every rule check, every audit entry. Screens and commands call the same functions.
//! May use: every layer below.
//! Must never: know ratatui, clap or sockets.

mod ablating;
mod ablation_text;
mod aliases;
mod answering;
mod auditing;
mod basing;
mod bisecting;
mod blaming;
mod browsing;
mod calibrating;
mod chain_diffing;
mod chains;
mod committing;
mod comparing;
mod connecting;
mod datasets;
mod demo;
mod demo_story;
mod editing;
mod error;
mod estimating;
mod estimating_chains;
mod estimating_judges;
mod filter;
mod histories;
mod importing;
mod judging;
mod labelling;
mod outcomes;
mod people;
mod quarantining;
mod record;
mod releasing;
mod report;
mod reproducing;
mod request;
mod rerunning;
mod reusing;
mod reviewing;
mod room;
mod roster;
mod run_notes;
mod run_reading;
mod run_store;
mod running;
mod signing;
mod storage;
mod stored_runs;
mod studying;
mod subjects;
mod suites;
mod sweeping;
mod tracing;
mod triaging;
mod trying;

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;
use std::sync::{Arc, Mutex};

pub use ablating::*;
pub use aliases::*;
pub use auditing::*;
pub use bisecting::*;
pub use blaming::*;
pub use browsing::*;
pub use calibrating::*;
pub use chain_diffing::*;
pub use chains::*;
pub use comparing::*;
pub use datasets::*;
pub use demo::*;
pub use demo_story::*;
pub use editing::*;
pub use error::*;
pub use estimating::*;
pub use histories::*;
pub use importing::*;
pub use outcomes::*;
pub use people::*;
pub use quarantining::*;
pub use record::*;
pub use releasing::*;
pub use report::{Block, Cell, Page};
pub use reproducing::*;
pub use request::*;
pub use rerunning::*;
pub use reusing::*;
pub use reviewing::*;
pub use roster::{Attendance, Doing, Others, Presence};
pub use run_reading::*;
pub use running::*;
pub use signing::*;
pub use storage::{Advance, Chain, EngineReport, Inspection, Loss};
pub use studying::*;
pub use subjects::{SubjectId, Tested};
pub use suites::*;
pub use sweeping::*;
pub use tracing::*;
pub use triaging::*;

use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::ids::RunId;
use crate::domain::origin::Origin;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::providers::PriceTable;
use crate::providers::limiter::Limiters;
use crate::releases::Act;
use crate::store::Store;
use crate::store::embedded::{EmbeddedEngine, Sizes};
use crate::store::engine::{AuditEntry, Engine};

/// Reads the time. Handed in from outside, so that tests and the demo choose it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Whether a panic of this thread is being contained by the store: the index may panic on damaged files, is caught and
/// rebuilt, and no panic hook should say anything about it.
pub fn panic_is_contained() -> bool {
    crate::store::embedded::panic_is_contained()
}

/// The workbench over one store. A clone is another door to the same one: its runs, its pace, its store.
#[derive(Clone)]
pub struct Workbench {
    store: Store,
    clock: Clock,
    runtime: tokio::runtime::Handle,
    live_runs: Arc<Mutex<HashMap<RunId, running::LiveRun>>>,
    sums: run_reading::KnownSums,
    taking_run: Arc<Mutex<()>>,
    changing_people: Arc<Mutex<()>>,
    limiters: Arc<Limiters>,
    prices: Arc<PriceTable>,
    origin: Origin,
    roster: Arc<roster::Roster>,
}

impl Workbench {
    /// Opens the store in a folder, and makes it where there is none.
    pub fn open(folder: &Path, clock: Clock, runtime: tokio::runtime::Handle) -> Result<Self, WorkbenchError> {
        Self::open_watched(folder, clock, runtime, &mut |_| {})
    }

    /// Opens the store, and tells how far that has come where it takes long.
    pub fn open_watched(
        folder: &Path,
        clock: Clock,
        runtime: tokio::runtime::Handle,
        watch: &mut dyn FnMut(Advance),
    ) -> Result<Self, WorkbenchError> {
        let opened = EmbeddedEngine::open_watched(folder, Sizes::default(), watch);
        let engine = opened.map_err(|error| WorkbenchError::Store(error.into()))?;
        Ok(Self::over(Arc::new(engine), clock, runtime))
    }

    /// Opens a store that has lost something, without that, for [`accept_loss`](Self::accept_loss): until then nothing
    /// is cut off.
    pub fn open_accepting_loss(
        folder: &Path,
        clock: Clock,
        runtime: tokio::runtime::Handle,
        watch: &mut dyn FnMut(Advance),
    ) -> Result<(Self, Loss), WorkbenchError> {
        let opened = EmbeddedEngine::open_accepting_loss(folder, Sizes::default(), watch);
        let (engine, loss) = opened.map_err(|error| WorkbenchError::Store(error.into()))?;
        Ok((Self::over(Arc::new(engine), clock, runtime), loss))
    }

    /// The workbench over an engine.
    pub fn over(engine: Arc<dyn Engine>, clock: Clock, runtime: tokio::runtime::Handle) -> Self {
        Self {
            store: Store::new(engine),
            clock,
            runtime,
            live_runs: Arc::default(),
            sums: run_reading::KnownSums::default(),
            taking_run: Arc::default(),
            changing_people: Arc::default(),
            limiters: Arc::default(),
            prices: PriceTable::shipped(),
            origin: Origin::default(),
            roster: Arc::default(),
        }
    }

    /// The same with the prices of a file before those that it knows.
    ///
    /// # Errors
    ///
    /// What cannot be read in the text of the file.
    pub fn with_prices(mut self, file: &str, text: &str) -> Result<Self, WorkbenchError> {
        let hint = "write it as assets/prices.toml of the program's source: as_of, source and [[models]]";
        let prices = self.prices.with(text);
        self.prices = Arc::new(prices.map_err(|why| WorkbenchError::invalid(format!("{file}: {why}"), hint))?);
        Ok(self)
    }

    /// The door for somebody who acts from there: the audit log keeps it with everything that they do.
    #[must_use]
    pub fn seen_from(&self, origin: Origin) -> Self {
        Self { origin, ..self.clone() }
    }

    /// From where whoever uses this door acts.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A signal at each change of the store, for screens that show it.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.store.engine().changes()
    }

    /// Checks that somebody may do something. Every change checks it again, but what takes long asks before it begins.
    ///
    /// # Errors
    /// What it takes, what they are, and whom to ask.
    pub fn permit(&self, actor: &Actor, action: Action) -> Result<(), WorkbenchError> {
        Ok(self.store.permit(actor, action)?)
    }

    /// The audit entry of something that somebody may do: without one there is no change.
    fn audit(
        &self,
        actor: &Actor,
        action: Action,
        subject: &dyn Display,
        reason: &str,
    ) -> Result<AuditEntry, WorkbenchError> {
        self.permit(actor, action)?;
        Ok(AuditEntry {
            at_ms: self.now().0,
            actor: actor.to_string(),
            action: action.as_str().to_owned(),
            subject: subject.to_string(),
            reason: reason.to_owned(),
            origin: self.origin.clone(),
        })
    }

    fn act(&self, actor: &Actor, reason: Reason) -> Act {
        Act {
            actor: actor.clone(),
            reason,
            at: self.now(),
            origin: self.origin.clone(),
            signed: None,
        }
    }
}

/// The record, or an error that names what is missing.
fn found<T>(record: Option<T>, what: &'static str, id: &dyn Display) -> Result<T, WorkbenchError> {
    record.ok_or_else(|| WorkbenchError::NotFound {
        what,
        id: id.to_string(),
    })
}
