//! Every screen, and what the app asks of each.

pub mod audit;
mod blame;
#[cfg(test)]
mod case_samples;
mod chain_diff;
mod chains;
pub mod commit_form;
pub mod comparison;
pub mod dataset;
pub mod datasets;
pub mod decisions;
pub mod diff;
pub mod editor;
mod effects;
mod example_history;
pub mod example_text;
pub mod failures;
pub mod figures;
pub mod finder;
mod found_list;
pub mod home;
pub mod import;
pub mod lineage;
mod lines;
mod list_and_detail;
pub mod loaded;
mod matrix;
pub mod models;
pub mod panes;
pub mod people;
pub mod promotion;
pub mod prompts;
pub mod release_facts;
pub mod release_history;
#[cfg(test)]
pub(crate) mod release_samples;
pub mod releases;
mod rerun;
mod resume;
pub mod review;
mod run_figures;
mod run_settings;
pub mod run_start;
pub mod runs;
#[cfg(test)]
mod samples;
#[cfg(test)]
pub mod testing;

use std::fmt;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::command::{CommandId, Scope};
use super::effect::Effect;
use super::input::{Key, Mouse};
use super::keymap::Keymap;
use super::layout::SizeClass;
use super::overlays::choose::Chosen;
use super::overlays::dialog::Confirmed;
use super::overlays::form::Filled;
use super::session_info::SessionInfo;
use super::theme::Theme;
use crate::domain::ids::{
    ChainVersionId, DatasetName, DatasetVersionId, ExampleId, PromptName, ReviewId, RunId, VersionId,
};
use crate::domain::progress::RunProgress;
use crate::domain::time::Timestamp;
use crate::workbench::{Answer, Doing, Fault, PromptRef, Request};
use review::Viewed;

/// The six tabs, each with a stack of screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tab {
    /// What needs the user.
    Home,
    /// Prompts, their versions and drafts.
    Prompts,
    /// Datasets.
    Data,
    /// Runs and their failures.
    Runs,
    /// What waits for a decision.
    Review,
    /// What is in production, and how to take it back.
    Releases,
}

impl Tab {
    /// All tabs in the order of their digits.
    pub const ALL: [Tab; 6] = [
        Tab::Home,
        Tab::Prompts,
        Tab::Data,
        Tab::Runs,
        Tab::Review,
        Tab::Releases,
    ];

    /// The digit that goes there.
    pub fn digit(self) -> u8 {
        self as u8 + 1
    }

    /// Its title in the title line.
    pub fn title(self) -> &'static str {
        match self {
            Tab::Home => "Home",
            Tab::Prompts => "Prompts",
            Tab::Data => "Data",
            Tab::Runs => "Runs",
            Tab::Review => "Review",
            Tab::Releases => "Releases",
        }
    }

    /// The screen that its stack begins with.
    pub fn place(self) -> Place {
        match self {
            Tab::Data => Place::Data,
            Tab::Runs => Place::Runs,
            Tab::Home => Place::Home,
            Tab::Prompts => Place::Prompts,
            Tab::Review => Place::Reviews,
            Tab::Releases => Place::Releases,
        }
    }
}

/// A screen and what it is opened on. Every screen has one variant; [`Place::build`] makes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// What needs the user.
    Home,
    /// All prompts, and the versions of the selected one.
    Prompts,
    /// All dataset versions.
    Data,
    /// The examples of a dataset version.
    Dataset(DatasetVersionId),
    /// A file on its way to a dataset version.
    Import,
    /// All runs.
    Runs,
    /// One run.
    Run(RunId),
    /// Model names, and what they stand for.
    Models,
    /// The people of the store.
    People,
    /// Chains.
    Chains,
    /// Two chain versions, step by step.
    ChainDiff {
        /// The older side.
        old: ChainVersionId,
        /// The newer side.
        new: ChainVersionId,
    },
    /// What failed in a run.
    Failures(RunId),
    /// Two runs, example by example.
    Comparison {
        /// The run that is compared with.
        base: RunId,
        /// The run that is judged.
        candidate: RunId,
    },
    /// A prompt's runs over the dataset and suite of this one, by quality, cost and latency.
    Matrix(RunId),
    /// The queue of reviews.
    Reviews,
    /// One review.
    Review(ReviewId),
    /// Decisions, found by their words.
    Decisions,
    /// Who did what.
    Audit,
    /// What is where.
    Releases,
    /// A prompt's releases.
    ReleaseHistory(PromptName),
    /// The records behind an id.
    Lineage(String),
    /// A prompt's draft.
    Editor(PromptName),
    /// Two prompt contents beside each other.
    Diff {
        /// Left.
        old: PromptRef,
        /// Right.
        new: PromptRef,
    },
    /// What each hunk between two versions did.
    Effects {
        /// The version before.
        base: VersionId,
        /// The version after.
        candidate: VersionId,
    },
    /// What brought each line of a version.
    Blame(VersionId),
    /// What became of an example of a dataset in each run.
    ExampleHistory(DatasetName, ExampleId),
}

impl Place {
    /// The screen, before its first answer.
    pub fn build(&self) -> Box<dyn Screen> {
        match self {
            Place::Home => Box::new(home::Home::default()),
            Place::Prompts => Box::new(prompts::Prompts::default()),
            Place::Editor(prompt) => Box::new(editor::Editor::new(prompt.clone())),
            Place::Diff { old, new } => Box::new(diff::Diff::new(old.clone(), new.clone())),
            Place::Effects { base, candidate } => Box::new(effects::Effects::new(base.clone(), candidate.clone())),
            Place::Blame(version) => Box::new(blame::Blame::new(version.clone())),
            Place::Data => Box::new(datasets::Datasets::default()),
            Place::Dataset(id) => Box::new(dataset::Dataset::new(id.clone())),
            Place::Import => Box::new(import::Import::default()),
            Place::Runs => Box::new(runs::Runs::default()),
            Place::Run(id) => Box::new(runs::single::SingleRun::new(*id)),
            Place::Models => Box::new(models::Models::default()),
            Place::People => Box::new(people::PeopleScreen::default()),
            Place::Chains => Box::new(chains::Chains::default()),
            Place::ChainDiff { old, new } => Box::new(chain_diff::ChainDiff::new(old.clone(), new.clone())),
            Place::Failures(id) => Box::new(failures::Failures::new(*id)),
            Place::Comparison { base, candidate } => Box::new(comparison::RunComparison::new(*base, *candidate)),
            Place::Matrix(around) => Box::new(matrix::MatrixScreen::new(*around)),
            Place::Reviews => Box::new(review::Reviews::queue()),
            Place::Review(id) => Box::new(review::Reviews::one(*id)),
            Place::Decisions => Box::new(decisions::Decisions::default()),
            Place::Audit => Box::new(audit::Audit::default()),
            Place::Releases => Box::new(releases::Releases::default()),
            Place::ExampleHistory(dataset, example) => {
                Box::new(example_history::ExampleHistory::new(dataset.clone(), example.clone()))
            }
            Place::ReleaseHistory(prompt) => Box::new(release_history::ReleaseHistory::new(prompt.clone())),
            Place::Lineage(id) => Box::new(lineage::LineageScreen::new(id.clone())),
        }
    }
}

/// Names one open screen for as long as it is open, so that late answers find it or nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScreenId(pub u64);

/// What a screen may look at while it updates or draws.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Styles and glyphs.
    pub theme: &'a Theme,
    /// How much room there is.
    pub size_class: SizeClass,
    /// The moment.
    pub now: Timestamp,
    /// User, store and terminal.
    pub session: &'a SessionInfo,
    /// Which changes of reviews were viewed in this session, on whatever screen.
    pub viewed: &'a Viewed,
    /// The user's keys, to name one in a sentence: `context.keymap.shown(CommandId::RunStart)`.
    pub keymap: &'a Keymap,
}

/// Text that was typed and is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsavedText {
    /// What it is, as in `the draft of support_triage`.
    pub what: String,
    /// All of it.
    pub text: String,
}

/// What happens to a screen.
#[expect(
    clippy::large_enum_variant,
    reason = "one is alive at a time; boxing answers would cost every screen a line"
)]
#[derive(Debug, Clone)]
pub enum ScreenEvent {
    /// A command of the screen's scopes, or one that works everywhere and that the app leaves to the screen
    /// (moving, opening, panes, search, copying).
    Command(CommandId),
    /// A key that is not a command, while [`Screen::takes_text`].
    Key(Key),
    /// A paste, while [`Screen::takes_text`]. One step of undo.
    Paste(String),
    /// The mouse inside the body.
    Mouse(Mouse, Rect),
    /// An answer to a request of this screen.
    Answered {
        /// What was asked.
        request: Request,
        /// What came of it.
        result: Result<Answer, Fault>,
    },
    /// A run of [`Screen::watches`] moved on.
    Progress(Box<RunProgress>),
    /// The external editor that this screen opened has ended.
    EditorClosed(Result<String, Fault>),
    /// A dialog of this screen was confirmed.
    Confirmed(Confirmed),
    /// An entry of this screen's list was picked.
    Chosen(Chosen),
    /// A form of this screen was sent.
    Filled(Filled),
    /// Time passed; only while [`Screen::tick_ms`].
    Tick,
}

/// One screen. It changes only in [`Screen::update`], and knows nothing that was not told to it.
pub trait Screen: fmt::Debug + Send {
    /// What it is opened on.
    fn place(&self) -> Place;

    /// Where its keys are looked up, innermost first. [`Scope::Always`] follows by itself, and before it
    /// [`Scope::Everywhere`] unless [`Screen::takes_text`]. While a field has the focus only scopes without letters as
    /// keys belong here: none, or [`Scope::EditorInsert`].
    fn scopes(&self) -> Vec<Scope>;

    /// Where one is, as in `Runs > run_421 > Failures`.
    fn title(&self) -> String;

    /// What whoever looks at it is at, as others are told.
    fn doing(&self) -> Doing {
        Doing::Looking(self.title())
    }

    /// What to load when it is shown or the store changed. Answers replace what was there; the selection stays by id.
    fn requests(&self) -> Vec<Request>;

    /// Takes an event.
    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect>;

    /// Draws into `area`, which may be of any size.
    fn view(&self, frame: &mut Frame, area: Rect, context: &Context);

    /// Why a command is off now, as a sentence for people. Commands outside its scopes are not asked about.
    fn availability(&self, command: CommandId) -> Result<(), String> {
        let _ = command;
        Ok(())
    }

    /// Whether a field has the focus: characters are then text, and only keys of the scopes themselves are commands.
    fn takes_text(&self) -> bool {
        false
    }

    /// One step back inside the screen (leave a field, clear a filter, clear marks). Whether there was one; if so,
    /// [`Screen::requests`] are sent again.
    fn step_back(&mut self) -> bool {
        false
    }

    /// Whether something typed is not stored yet. Before such a screen is closed by something else than itself, the
    /// requests of [`Screen::close`] are sent, and it stays open while one of them fails.
    fn is_unsaved(&self) -> bool {
        false
    }

    /// What [`Screen::is_unsaved`] is about, to be handed over where the store cannot take it any more.
    fn unsaved_text(&self) -> Option<UnsavedText> {
        None
    }

    /// What must still happen when it is left or the session ends, such as keeping a draft. Only [`Effect::Ask`] and
    /// [`Effect::Say`] are carried out; the answer finds nobody, but a failure is shown.
    fn close(&mut self) -> Vec<Effect> {
        Vec::new()
    }

    /// What the status line says while there is no note.
    fn status(&self) -> String {
        String::new()
    }

    /// Runs to be told about while the screen is shown.
    fn watches(&self) -> Vec<RunId> {
        Vec::new()
    }

    /// How often it wants a tick while it is open, in milliseconds.
    fn tick_ms(&self) -> Option<u64> {
        None
    }
}
