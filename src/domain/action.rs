//! What people do that changes a store, and which roles may.

use super::DomainError;
use super::person::{Person, Role};

/// Something that somebody does. Each change of a store is one, and its audit entry names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Makes a prompt, or puts a document into its draft.
    PromptImport,
    /// Saves a draft.
    DraftSave,
    /// Drops a draft.
    DraftDiscard,
    /// Makes a version of a draft.
    PromptCommit,
    /// Sends one example to a model, and keeps nothing.
    PromptTry,
    /// Makes a version of a dataset.
    DatasetImport,
    /// Makes a version of a suite.
    SuiteImport,
    /// Makes a version of a chain from a file.
    ChainImport,
    /// Makes a version of a chain with another version of a prompt.
    ChainBump,
    /// Keeps a variant that a study tests.
    VariantKeep,
    /// Starts a run.
    RunStart,
    /// Goes on with a run.
    RunResume,
    /// Lets a run wait.
    RunPause,
    /// Stops a run for good.
    RunCancel,
    /// Saves outcomes of a run.
    RunOutcome,
    /// Ends a run that is through.
    RunEnd,
    /// Notes what a model's name stands for.
    ModelResolve,
    /// Says that a prompt is not what has to change.
    RunDecide,
    /// Judges an outcome.
    LabelAdd,
    /// Says where the causes of failures lie.
    TriageAdd,
    /// Takes an example out of gates.
    QuarantinePlace,
    /// Lets an example count in gates again.
    QuarantineLift,
    /// Asks for a review.
    ReviewRequest,
    /// Approves a review.
    ReviewApprove,
    /// Rejects a review.
    ReviewReject,
    /// Lets a review wait.
    ReviewPause,
    /// Decides a review by saying that the prompt is not what has to change.
    ReviewOtherCause,
    /// Promotes what was approved.
    ReleasePromote,
    /// Goes back to an earlier release.
    ReleaseRollback,
    /// Sets the policy.
    PolicySet,
    /// Removes old traces.
    TraceExpire,
    /// Drops values that later ones replaced.
    StoreCompact,
    /// Goes on without what a damaged store has lost.
    StoreRecover,
    /// Adds a person.
    PersonAdd,
    /// Changes a person's roles, keys or accounts.
    PersonChange,
    /// Lets a person in no more.
    PersonRemove,
}

/// Who writes.
const AUTHORS: &[Role] = &[Role::Author];
/// Who reads outcomes closely: whoever wrote the prompt, and whoever is to decide on it.
const JUDGES: &[Role] = &[Role::Author, Role::Reviewer];
/// Who decides.
const REVIEWERS: &[Role] = &[Role::Reviewer];
/// Who promotes.
const RELEASERS: &[Role] = &[Role::Releaser];
/// Who looks after the store.
const ADMINS: &[Role] = &[Role::Admin];
/// Part of a run that somebody was let start: what it came to is kept, whoever may do what by then.
const OF_A_RUN: &[Role] = &[];

impl Action {
    /// All of them.
    pub const ALL: [Self; 36] = [
        Self::PromptImport,
        Self::DraftSave,
        Self::DraftDiscard,
        Self::PromptCommit,
        Self::PromptTry,
        Self::DatasetImport,
        Self::SuiteImport,
        Self::ChainImport,
        Self::ChainBump,
        Self::VariantKeep,
        Self::RunStart,
        Self::RunResume,
        Self::RunPause,
        Self::RunCancel,
        Self::RunOutcome,
        Self::RunEnd,
        Self::ModelResolve,
        Self::RunDecide,
        Self::LabelAdd,
        Self::TriageAdd,
        Self::QuarantinePlace,
        Self::QuarantineLift,
        Self::ReviewRequest,
        Self::ReviewApprove,
        Self::ReviewReject,
        Self::ReviewPause,
        Self::ReviewOtherCause,
        Self::ReleasePromote,
        Self::ReleaseRollback,
        Self::PolicySet,
        Self::TraceExpire,
        Self::StoreCompact,
        Self::StoreRecover,
        Self::PersonAdd,
        Self::PersonChange,
        Self::PersonRemove,
    ];

    /// The word in the audit log.
    pub fn as_str(self) -> &'static str {
        self.facts().0
    }

    /// Whether it takes no role.
    pub fn is_open_to_all(self) -> bool {
        self.needs().is_empty()
    }

    /// Whether a person who is let in has a role that it takes.
    pub fn is_open_to(self, person: &Person) -> bool {
        self.needs().iter().any(|role| person.acts_as(*role))
    }

    /// Whether a word means this action: its own, or the one before its dot, which means all that begin so.
    pub fn is_meant_by(self, word: &str) -> bool {
        let rest = self.as_str().strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with('.') && !word.is_empty()))
    }

    /// Checks a word by which actions are looked for.
    ///
    /// # Errors
    /// It means none: which there are.
    pub fn check_word(word: &str) -> Result<(), DomainError> {
        if Self::ALL.into_iter().any(|action| action.is_meant_by(word)) {
            return Ok(());
        }
        let known = Self::ALL.map(Self::as_str).join(", ");
        Err(DomainError::field(
            "action",
            format!("nothing is called {word}: use one of {known}, or a word before the dot"),
        ))
    }

    /// What somebody does, as a sentence has it after `may not`.
    pub fn doing(self) -> &'static str {
        self.facts().1
    }

    /// The roles of which one is needed; none for what a run does that somebody was let start.
    pub fn needs(self) -> &'static [Role] {
        self.facts().2
    }

    fn facts(self) -> (&'static str, &'static str, &'static [Role]) {
        match self {
            Self::PromptImport => ("prompt.import", "make or import a prompt", AUTHORS),
            Self::DraftSave => ("draft.save", "save a draft", AUTHORS),
            Self::DraftDiscard => ("draft.discard", "drop a draft", AUTHORS),
            Self::PromptCommit => ("prompt.commit", "commit a version", AUTHORS),
            Self::PromptTry => ("prompt.try", "try a prompt", JUDGES),
            Self::DatasetImport => ("dataset.import", "make a version of a dataset", AUTHORS),
            Self::SuiteImport => ("suite.import", "import a suite", AUTHORS),
            Self::ChainImport => ("chain.import", "import a chain", AUTHORS),
            Self::ChainBump => ("chain.bump", "bump a chain", AUTHORS),
            Self::VariantKeep => ("variant.keep", "test a variant", AUTHORS),
            Self::RunStart => ("run.start", "start a run", AUTHORS),
            Self::RunResume => ("run.resume", "resume a run", AUTHORS),
            Self::RunPause => ("run.pause", "pause a run", AUTHORS),
            Self::RunCancel => ("run.cancel", "cancel a run", AUTHORS),
            Self::RunOutcome => ("run.outcome", "save outcomes", OF_A_RUN),
            Self::RunEnd => ("run.end", "end a run", OF_A_RUN),
            Self::ModelResolve => ("model.resolve", "note a model", OF_A_RUN),
            Self::RunDecide => ("run.decide", "decide on a run", JUDGES),
            Self::LabelAdd => ("label.add", "label an outcome", JUDGES),
            Self::TriageAdd => ("triage.add", "say where failures come from", JUDGES),
            Self::QuarantinePlace => ("quarantine.place", "quarantine an example", JUDGES),
            Self::QuarantineLift => ("quarantine.lift", "lift a quarantine", JUDGES),
            Self::ReviewRequest => ("review.request", "ask for a review", AUTHORS),
            Self::ReviewApprove => ("review.approved", "approve", REVIEWERS),
            Self::ReviewReject => ("review.rejected", "reject", REVIEWERS),
            Self::ReviewPause => ("review.paused", "pause a review", REVIEWERS),
            Self::ReviewOtherCause => ("review.not_a_prompt_problem", "decide a review", REVIEWERS),
            Self::ReleasePromote => ("release.promote", "promote", RELEASERS),
            Self::ReleaseRollback => ("release.rollback", "roll back", RELEASERS),
            Self::PolicySet => ("store.policy", "set the policy", ADMINS),
            Self::TraceExpire => ("trace.expire", "remove traces", ADMINS),
            Self::StoreCompact => ("store.compact", "compact the store", ADMINS),
            Self::StoreRecover => ("store.recover", "accept a loss", ADMINS),
            Self::PersonAdd => ("person.add", "add people", ADMINS),
            Self::PersonChange => ("person.change", "change people", ADMINS),
            Self::PersonRemove => ("person.remove", "remove people", ADMINS),
        }
    }
}
