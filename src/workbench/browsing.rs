//! What screens and commands show of prompts, and what waits for somebody.

use super::{RunSummary, WorkbenchError};
use crate::domain::draft::Draft;
use crate::domain::gate::Verdict;
use crate::domain::ids::{PromotionId, PromptName, ReviewId, RunId, VersionId};
use crate::domain::progress::RunProgress;
use crate::domain::promotion::Environment;
use crate::domain::prompt::Prompt;
use crate::domain::review::ReviewState;
use crate::domain::run::RunState;
use crate::domain::time::Timestamp;
use crate::domain::version::PromptVersion;

/// Runs that Home looks back at.
const RECENT_RUNS_MAX: usize = 20;

/// A prompt in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptSummary {
    /// The prompt.
    pub prompt: Prompt,
    /// Its newest version.
    pub newest: Option<VersionId>,
    /// Whether a draft is stored.
    pub has_draft: bool,
    /// What is in staging.
    pub staging: Option<VersionId>,
    /// What is live.
    pub production: Option<VersionId>,
    /// The gate of the newest version's newest run.
    pub verdict: Option<Verdict>,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// A version in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionSummary {
    /// The version.
    pub version: PromptVersion,
    /// Where it is live.
    pub live_in: Vec<PromotionId>,
    /// Its newest run, and that run's gate.
    pub newest_run: Option<(RunId, Option<Verdict>)>,
}

/// A prompt with its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptDetail {
    /// The prompt.
    pub prompt: Prompt,
    /// Its draft.
    pub draft: Option<Draft>,
    /// Its versions, newest first.
    pub versions: Vec<VersionSummary>,
}

/// Something that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A review that nobody decided.
    Review {
        /// The review.
        id: ReviewId,
        /// What it is about.
        version: VersionId,
        /// Where it is to enter.
        environment: Environment,
        /// Who asks.
        by: String,
        /// When.
        at: Timestamp,
        /// What the gate says.
        verdict: Option<Verdict>,
    },
    /// An approved review that nobody promoted.
    Approved {
        /// The review.
        id: ReviewId,
        /// What it is about.
        version: VersionId,
        /// Where it is to enter.
        environment: Environment,
    },
    /// A run of a newest version whose gate did not pass.
    FailedGate {
        /// The run.
        run: RunId,
        /// What it tested.
        version: VersionId,
        /// What the gate says, and why.
        reason: String,
        /// What the gate says.
        verdict: Verdict,
    },
    /// A run that nobody works on.
    InterruptedRun {
        /// The run.
        run: RunId,
        /// What it tested.
        subject: String,
        /// Outcomes that are saved.
        saved: u64,
        /// Examples in all.
        total: u64,
    },
    /// A draft without a version.
    Draft {
        /// The prompt.
        prompt: PromptName,
        /// When it was saved.
        saved_at: Timestamp,
    },
}

/// Home: what waits, what runs, what there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// What waits for somebody, most urgent first.
    pub needs: Vec<Need>,
    /// Runs that are under way.
    pub active: Vec<RunProgress>,
    /// Runs that ended, newest first.
    pub recent: Vec<RunSummary>,
    /// Prompts, newest change first.
    pub prompts: Vec<PromptSummary>,
    /// Commits in the audit chain.
    pub audit_entries: u64,
}
