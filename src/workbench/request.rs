//! What a screen may ask for, and what it gets: closed enums of plain data, so that a screen can be tested by messages
//! alone and never sees the store.

use std::path::PathBuf;

use super::{
    Ablation, AliasUse, AuditPage, CaseRow, CaseView, ChainDetail, ChainDiffView, CommitReason, Comparison, Deed,
    DiffView, DraftView, EnvironmentRow, ExampleChange, ExampleInRun, Fault, ImportPreview, ImportReport,
    ImportRequest, Judgement, Listed, Matrix, PersonSummary, PromptDetail, PromptRef, PromptSummary, Rerun,
    ReviewDetail, ReviewSummary, RowsWindow, RunDetail, RunEstimate, RunSummary, RunTriage, Signing, StartRun, Status,
    Unsigned, VersionBlame, Workbench, WorkbenchError,
};
use crate::domain::actor::Actor;
use crate::domain::dataset::DatasetVersion;
use crate::domain::decision::{Decision, OtherCause};
use crate::domain::draft::DraftSeen;
use crate::domain::ids::{
    ChainVersionId, DatasetName, DatasetVersionId, ExampleId, PromptName, ReviewId, RunId, SuiteVersionId, VersionId,
};
use crate::domain::label::{HumanLabel, LabelContent};
use crate::domain::outcome::{FailureCategory, Outcome, OutcomePlace};
use crate::domain::policy::Policy;
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::prompt::Prompt;
use crate::domain::release::Release;
use crate::domain::review::Review;
use crate::domain::run::Caps;
use crate::domain::suite::SuiteVersion;
use crate::domain::time::Timestamp;
use crate::domain::version::PromptVersion;
use crate::interchange::mark::LintMark;
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
        /// What it was typed over.
        over: DraftSeen,
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
        /// The text that it must be; whatever the draft is where not given.
        seen: Option<DraftSeen>,
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
    ImportDataset(Box<ImportRequest>),
    /// Changes one example.
    ChangeExample(Box<ExampleChange>),
    /// All suite versions.
    Suites,
    /// The newest runs that have every one of these words in what a list shows of them.
    FindRuns(String),
    /// Runs, newest first.
    Runs {
        /// Older than this one.
        before: Option<RunId>,
        /// How many.
        limit: usize,
    },
    /// What model names stand for, and what rests on older models.
    Models,
    /// The people of the store, and its policy.
    People,
    /// Chains with their steps and runs.
    Chains,
    /// Two chain versions beside each other.
    DiffChains {
        /// Left.
        old: ChainVersionId,
        /// Right.
        new: ChainVersionId,
    },
    /// A run with its progress.
    RunDetail(RunId),
    /// Starts a run.
    StartRun(Box<StartRun>),
    /// What a run would take.
    EstimateRun(Box<StartRun>),
    /// Asks some examples of a run again.
    Rerun(Rerun),
    /// Lets a run send nothing more until it is resumed.
    PauseRun(RunId),
    /// Goes on with a run that nobody works on.
    ResumeRun {
        /// The run.
        run: RunId,
        /// Caps that hold from now on; those that are not given stay.
        caps: Caps,
    },
    /// Stops a run for good.
    CancelRun(RunId),
    /// Outcomes of a run.
    Cases {
        /// The run.
        run: RunId,
        /// Which.
        listed: Listed,
        /// After this place.
        after: Option<OutcomePlace>,
        /// How many.
        limit: usize,
    },
    /// One outcome with its example.
    Case {
        /// The run.
        run: RunId,
        /// The place.
        place: OutcomePlace,
    },
    /// Where the causes of a run's failures lie.
    RunTriage(RunId),
    /// Says whether an answer is right.
    AddLabel {
        /// The run.
        run: RunId,
        /// The outcome.
        place: OutcomePlace,
        /// What is said.
        content: Box<LabelContent>,
    },
    /// Says where the causes of failures lie.
    AddTriages {
        /// The run.
        run: RunId,
        /// The outcomes.
        places: Vec<OutcomePlace>,
        /// Where.
        category: FailureCategory,
        /// Why there.
        reason: String,
    },
    /// Records that the prompt is not what has to change.
    DecideOtherCause {
        /// The run that it rests on.
        run: RunId,
        /// What has to.
        cause: OtherCause,
        /// Why.
        reason: String,
    },
    /// Two runs, example by example.
    CompareRuns {
        /// The base.
        base: RunId,
        /// The candidate.
        candidate: RunId,
    },
    /// A prompt's runs over the same dataset and suite as this one.
    Matrix(RunId),
    /// What the stored runs say of each hunk between two versions.
    Ablation {
        /// The version before.
        base: VersionId,
        /// The version after.
        candidate: VersionId,
        /// The metric; whether every grader passed, where not given.
        metric: Option<String>,
    },
    /// What brought each line of a version.
    Blame(VersionId),
    /// One example in two runs.
    CompareCase {
        /// The base.
        base: RunId,
        /// The candidate.
        candidate: RunId,
        /// The example.
        example: ExampleId,
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
        /// Whether it is signed.
        signing: Signing,
    },
    /// What somebody signs who is about to do this for that reason.
    Statement(Deed, String),
    /// Entries of the audit log.
    Audit {
        /// Words that each has.
        words: String,
        /// How many, at most.
        rows: usize,
    },
    /// What became of an example in the newest runs that asked it.
    ExampleHistory {
        /// The dataset, whatever its version.
        dataset: DatasetName,
        /// The example.
        example: ExampleId,
        /// How many runs at most.
        limit: usize,
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
        /// Whether it is signed.
        signing: Signing,
    },
    /// Where a roll back would go.
    RollbackTarget(Leaving),
    /// Rolls back.
    RollBack {
        /// What is to be left.
        leaving: Leaving,
        /// Why.
        reason: String,
        /// Whether it is signed.
        signing: Signing,
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
    /// Nothing was saved: the draft is another than the one that was typed over. What became of it, and what is there.
    DraftOvertaken(String, Box<DraftView>),
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
    Preview(ImportPreview),
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
    /// Model names, each with the runs that rest on an older model.
    Models(Vec<AliasUse>),
    /// Everybody who was ever added, and what it takes to enter an environment.
    People {
        /// The people, by name.
        people: Vec<PersonSummary>,
        /// The policy.
        policy: Box<Policy>,
    },
    /// Chain versions, by name and newest first.
    Chains(Vec<ChainDetail>),
    /// Two chain versions beside each other.
    ChainDiff(Box<ChainDiffView>),
    /// What a run would take.
    Estimate(RunEstimate),
    /// The run that was started, paused, resumed or cancelled.
    Run(RunId),
    /// Outcomes of a run.
    Cases(Vec<CaseRow>),
    /// One outcome with its example.
    Case(Box<CaseView>),
    /// Where the causes of a run's failures lie.
    RunTriage(Box<RunTriage>),
    /// The new label.
    Labelled(Box<HumanLabel>),
    /// How many failures were put in a category.
    Triaged(usize),
    /// Two runs, example by example.
    Comparison(Box<Comparison>),
    /// A prompt's runs by quality, cost and latency.
    Matrix(Box<Matrix>),
    /// What each hunk between two versions does.
    Ablation(Box<Ablation>),
    /// What brought each line of a version.
    Blame(Box<VersionBlame>),
    /// One example in two runs: the base's outcome, then the candidate's.
    ComparedCase(Box<(CaseView, CaseView)>),
    /// All reviews.
    Reviews(Vec<ReviewSummary>),
    /// A review with its evidence.
    ReviewDetail(Box<ReviewDetail>),
    /// The new review.
    ReviewRequested(Review),
    /// The decision.
    Decided(Decision),
    /// What is to be signed.
    Unsigned(Unsigned),
    /// Entries of the audit log.
    Audit(AuditPage),
    /// What became of an example in each run, newest first.
    ExampleHistory(Vec<ExampleInRun>),
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

impl Workbench {
    /// Carries a request out for a person. Blocks: call it off the screen's thread.
    pub fn answer(&self, actor: &Actor, request: Request) -> Result<Answer, Fault> {
        self.carry_out(actor, request).map_err(|error| Fault::from(&error))
    }

    fn carry_out(&self, actor: &Actor, request: Request) -> Result<Answer, WorkbenchError> {
        use Request as R;
        match request {
            R::Status => Ok(Answer::Status(Box::new(self.status()?))),
            R::Prompts
            | R::PromptDetail(_)
            | R::CreatePrompt { .. }
            | R::OpenDraft(_)
            | R::DraftFrom(_)
            | R::SaveDraft { .. }
            | R::DiscardDraft(_)
            | R::Lint(_)
            | R::Commit { .. }
            | R::Try { .. }
            | R::Diff { .. } => self.answer_editing(actor, request),
            R::Datasets
            | R::DatasetRows { .. }
            | R::ExampleHistory { .. }
            | R::PreviewImport { .. }
            | R::ImportDataset(_)
            | R::ChangeExample(_)
            | R::Suites => self.answer_data(actor, request),
            R::FindRuns(_)
            | R::Runs { .. }
            | R::Models
            | R::Chains
            | R::DiffChains { .. }
            | R::RunDetail(_)
            | R::StartRun(_)
            | R::EstimateRun(_)
            | R::Rerun(_)
            | R::PauseRun(_)
            | R::ResumeRun { .. }
            | R::CancelRun(_)
            | R::Cases { .. }
            | R::Case { .. }
            | R::CompareRuns { .. }
            | R::CompareCase { .. }
            | R::Matrix(_)
            | R::Ablation { .. }
            | R::Blame(_) => self.answer_running(actor, request),
            R::RunTriage(_) | R::AddLabel { .. } | R::AddTriages { .. } | R::DecideOtherCause { .. } => {
                self.answer_triaging(actor, request)
            }
            _ => self.answer_releasing(actor, request),
        }
    }
}

/// A request that was handed to the wrong group: a fault of this file, said rather than hidden.
pub(super) fn misrouted(request: &Request) -> WorkbenchError {
    WorkbenchError::invalid(
        format!("no use case answers {request:?}"),
        "report this as a bug of pegbox",
    )
}
