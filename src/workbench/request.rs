//! What a screen may ask for, and what it gets: closed enums of plain data, so that a screen can be tested by messages
//! alone and never sees the store.

use std::path::PathBuf;

use super::{
    CaseView, CommitReason, Comparison, DiffView, DraftView, EnvironmentRow, ExampleChange, FailureRow, Fault,
    ImportReport, ImportRequest, Judgement, PromptDetail, PromptRef, PromptSummary, ReviewDetail, ReviewSummary,
    RowsWindow, RunDetail, RunSummary, StartRun, Status, WorkbenchError,
};
use crate::domain::actor::Actor;
use crate::domain::dataset::DatasetVersion;
use crate::domain::decision::Decision;
use crate::domain::ids::{DatasetVersionId, PromptName, ReviewId, RunId, SuiteVersionId, VersionId};
use crate::domain::outcome::Outcome;
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::prompt::Prompt;
use crate::domain::release::Release;
use crate::domain::review::Review;
use crate::domain::suite::SuiteVersion;
use crate::domain::time::Timestamp;
use crate::domain::version::PromptVersion;
use crate::interchange::dataset_file::Preview;
use crate::interchange::prompt_document::LintMark;
use crate::releases::rollback::Leaving;
use crate::traces::lineage::Lineage;

/// What a screen may ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Home.
    Status,
    /// All prompts.
    Prompts,
    /// A prompt with its versions.
    PromptDetail(PromptName),
    /// A new prompt.
    CreatePrompt {
        /// Its name.
        name: PromptName,
        /// What it is for.
        description: String,
    },
    /// The draft of a prompt, for the editor.
    OpenDraft(PromptName),
    /// A draft that begins from this version.
    DraftFrom(VersionId),
    /// Saves what was typed.
    SaveDraft {
        /// The prompt.
        prompt: PromptName,
        /// The whole document.
        source: String,
    },
    /// Drops a draft.
    DiscardDraft(PromptName),
    /// What is wrong with a document.
    Lint(String),
    /// Makes a version of the draft.
    Commit {
        /// The prompt.
        prompt: PromptName,
        /// Why.
        reason: CommitReason,
    },
    /// One try of a document on one example; nothing is recorded.
    Try {
        /// The document.
        source: String,
        /// The dataset version.
        dataset: DatasetVersionId,
        /// The example's place in it.
        place: u64,
        /// The suite that grades it.
        suite: Option<SuiteVersionId>,
    },
    /// Two prompt contents beside each other.
    Diff {
        /// Left.
        old: PromptRef,
        /// Right.
        new: PromptRef,
    },
    /// All dataset versions.
    Datasets,
    /// A window on rows.
    DatasetRows {
        /// The dataset version.
        dataset: DatasetVersionId,
        /// The filter line.
        filter: String,
        /// The first row, after the filter.
        from: u64,
        /// How many rows.
        limit: usize,
    },
    /// What an import would read.
    PreviewImport {
        /// The file.
        path: PathBuf,
        /// Overrides of the mapping.
        mapping: String,
    },
    /// Imports a dataset.
    ImportDataset(ImportRequest),
    /// Changes one example.
    ChangeExample(ExampleChange),
    /// All suite versions.
    Suites,
    /// Runs, newest first.
    Runs {
        /// Older than this one.
        before: Option<RunId>,
        /// How many.
        limit: usize,
    },
    /// A run with its progress.
    RunDetail(RunId),
    /// Starts a run.
    StartRun(StartRun),
    /// Goes on with an interrupted run.
    ResumeRun(RunId),
    /// Stops a run for good.
    CancelRun(RunId),
    /// A run's failures.
    Failures {
        /// The run.
        run: RunId,
        /// After this place.
        after: Option<u64>,
        /// How many.
        limit: usize,
    },
    /// One outcome with its example.
    Case {
        /// The run.
        run: RunId,
        /// The place.
        place: u64,
    },
    /// Two runs, example by example.
    CompareRuns {
        /// The base.
        base: RunId,
        /// The candidate.
        candidate: RunId,
    },
    /// All reviews.
    Reviews,
    /// A review with its evidence.
    ReviewDetail(ReviewId),
    /// Asks for a review.
    RequestReview {
        /// The version.
        version: VersionId,
        /// Where it is to enter.
        environment: Environment,
        /// The run that it rests on; the newest finished one where not given.
        run: Option<RunId>,
        /// What the reviewers should know.
        note: String,
    },
    /// Decides a review.
    Decide {
        /// The review.
        review: ReviewId,
        /// What.
        judgement: Judgement,
        /// Why.
        reason: String,
    },
    /// Decisions that mention every word.
    Decisions(String),
    /// What is where.
    Environments,
    /// A prompt's releases.
    Releases(PromptName),
    /// A prompt's promotions in an environment.
    Promotions(PromptName, Environment),
    /// Promotes what a review approved.
    Promote {
        /// The review.
        review: ReviewId,
        /// Why.
        reason: String,
    },
    /// Where a roll back would go.
    RollbackTarget(Leaving),
    /// Rolls back.
    RollBack {
        /// What is to be left.
        leaving: Leaving,
        /// Why.
        reason: String,
    },
    /// What stands behind an id.
    Lineage(String),
}

/// What a screen gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Home.
    Status(Box<Status>),
    /// All prompts.
    Prompts(Vec<PromptSummary>),
    /// A prompt with its versions.
    PromptDetail(Box<PromptDetail>),
    /// A new prompt.
    PromptCreated(Prompt),
    /// A draft.
    Draft(DraftView),
    /// When the draft was kept, and what is wrong with it.
    DraftSaved(Timestamp, Vec<LintMark>),
    /// The draft is gone.
    DraftDiscarded,
    /// What is wrong with a document.
    Lint(Vec<LintMark>),
    /// The new version.
    Committed(Box<PromptVersion>),
    /// What one try gave.
    Tried(Box<Outcome>),
    /// Two prompt contents beside each other.
    Diff(Box<DiffView>),
    /// All dataset versions.
    Datasets(Vec<DatasetVersion>),
    /// A window on rows.
    DatasetRows(RowsWindow),
    /// What an import would read.
    Preview(Preview),
    /// What an import did.
    Imported(ImportReport),
    /// The new dataset version.
    DatasetChanged(DatasetVersion),
    /// All suite versions.
    Suites(Vec<SuiteVersion>),
    /// Runs.
    Runs(Vec<RunSummary>),
    /// A run with its progress.
    RunDetail(Box<RunDetail>),
    /// The run that was started, resumed or cancelled.
    Run(RunId),
    /// Failures.
    Failures(Vec<FailureRow>),
    /// One outcome with its example.
    Case(Box<CaseView>),
    /// Two runs, example by example.
    Comparison(Box<Comparison>),
    /// All reviews.
    Reviews(Vec<ReviewSummary>),
    /// A review with its evidence.
    ReviewDetail(Box<ReviewDetail>),
    /// The new review.
    ReviewRequested(Review),
    /// The decision.
    Decided(Decision),
    /// Decisions.
    Decisions(Vec<Decision>),
    /// What is where.
    Environments(Vec<EnvironmentRow>),
    /// Releases.
    Releases(Vec<Release>),
    /// Promotions.
    Promotions(Vec<Promotion>),
    /// The promotion, and the release that it is in production.
    Promoted(Promotion, Option<Box<Release>>),
    /// The live release and the one that a roll back goes to.
    RollbackTarget(Box<(Release, Release)>),
    /// The release that went back.
    RolledBack(Box<Release>),
    /// What stands behind an id.
    Lineage(Lineage),
}
