//! One try of a document on one example. Nothing is recorded.

use std::sync::Arc;

use super::editing::parse_document;
use super::reusing::Tape;
use super::running::eval_error;
use super::{Workbench, WorkbenchError};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::gate::GatePolicy;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{DatasetVersionId, RunId, SuiteVersionId, VersionId};
use crate::domain::outcome::Outcome;
use crate::domain::promotion::Environment;
use crate::domain::run::{AnswerSource, Caps, Run, RunSettings, RuntimeContext, Subject};
use crate::domain::suite::SuiteContent;
use crate::evals::pipeline::{self, Base, Job, PromptWork, Work};

/// Stands where a recorded run has its number.
const UNRECORDED: RunId = RunId(0);

impl Workbench {
    /// Sends one example with a document that may still be a draft, and grades the answer.
    pub fn try_document(
        &self,
        actor: &Actor,
        source: &str,
        dataset: &DatasetVersionId,
        place: u64,
        suite: Option<&SuiteVersionId>,
    ) -> Result<Outcome, WorkbenchError> {
        self.permit(actor, Action::PromptTry)?;
        let content = parse_document(source)?;
        let dataset = self.dataset(dataset)?;
        let example = self.example_at(&dataset, place)?;
        let suite = match suite {
            Some(id) => self.suite(id)?.content,
            None => ungraded(),
        };
        let settings = RunSettings::default();
        let provider = self.connect(&content.model, &settings)?;
        let run = Run {
            id: UNRECORDED,
            subject: Subject::Prompt {
                version: VersionId {
                    prompt: "draft".parse()?,
                    number: 1,
                },
                content_hash: ContentHash::of(&content)?,
            },
            base: None,
            environment: Environment::Draft,
            dataset: dataset.id,
            dataset_hash: dataset.content_hash,
            example_count: 1,
            selection: None,
            suite: "none@v1".parse()?,
            suite_hash: ContentHash::of(&suite)?,
            context: RuntimeContext::default(),
            settings,
            answers: AnswerSource::Model,
            prices: Vec::new(),
            started_by: actor.clone(),
            started_at: self.now(),
        };
        let judges = self.judges(&suite, &content.model.provider, &run.settings, &Tape::Off)?;
        let work = Work::Prompt(PromptWork {
            prompt: content,
            provider,
            limiter: None,
        });
        let job = Job {
            feed: Arc::new(super::run_store::RunFeed::new(self.store.clone(), &run)),
            run,
            work,
            suite,
            judges,
            caps: Caps::default(),
            began_at: Vec::new(),
            find_base: Arc::new(|| Ok(Base::Nothing { why: String::new() })),
            quarantined: Vec::new(),
            now: Arc::clone(&self.clock),
        };
        self.runtime
            .block_on(pipeline::ask_once(&job, place, &example))
            .map_err(|error| eval_error(&error))
    }
}

/// No graders: the answer alone is looked at.
fn ungraded() -> SuiteContent {
    SuiteContent {
        description: String::new(),
        graders: Vec::new(),
        metrics: Vec::new(),
        thresholds: Vec::new(),
        slices: Vec::new(),
        policy: GatePolicy::Point,
        crossings: Vec::new(),
        bins: Vec::new(),
        cluster: None,
    }
}
