//! Layout 2 of runs: before the files of list prices.

use serde::{Deserialize, Serialize};

use crate::domain::actor::Actor;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{DatasetVersionId, RunId, SuiteVersionId, VersionId};
use crate::domain::promotion::Environment;
use crate::domain::run::{AnswerSource, Run, RunSettings, RuntimeContext, Selection, Subject};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Run2 {
    id: RunId,
    subject: Subject,
    base: Option<VersionId>,
    environment: Environment,
    dataset: DatasetVersionId,
    dataset_hash: ContentHash,
    example_count: u64,
    selection: Option<Selection>,
    suite: SuiteVersionId,
    suite_hash: ContentHash,
    context: RuntimeContext,
    settings: RunSettings,
    answers: AnswerSource,
    started_by: Actor,
    started_at: Timestamp,
}

impl From<Run2> for Run {
    fn from(old: Run2) -> Self {
        Self {
            id: old.id,
            subject: old.subject,
            base: old.base,
            environment: old.environment,
            dataset: old.dataset,
            dataset_hash: old.dataset_hash,
            example_count: old.example_count,
            selection: old.selection,
            suite: old.suite,
            suite_hash: old.suite_hash,
            context: old.context,
            settings: old.settings,
            answers: old.answers,
            prices: Vec::new(),
            started_by: old.started_by,
            started_at: old.started_at,
        }
    }
}
