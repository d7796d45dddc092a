//! The models that the graders of a suite ask: looked up in the store, and connected.

use std::sync::Arc;

use super::reusing::Tape;
use super::running::eval_error;
use super::{Workbench, WorkbenchError, found};
use crate::domain::endpoint::named_endpoints;
use crate::domain::grader::Grader;
use crate::domain::hash::ContentHash;
use crate::domain::ids::VersionId;
use crate::domain::run::RunSettings;
use crate::domain::suite::SuiteContent;
use crate::evals::EvalError;
use crate::evals::graders::{GraderError, check_prompt};
use crate::evals::judges::{JudgeModel, Judges, ReadyJudge};
use crate::providers::Provider;

/// The provider that needs no network, and so no tape.
const SIMULATED: &str = "simulated";

impl Workbench {
    /// The hash of a judge that a suite file names; the error says why it cannot be one.
    pub(super) fn judge_hash(&self, judge: &VersionId) -> Result<ContentHash, String> {
        match self.store.version(judge) {
            Ok(Some(version)) => Ok(version.content_hash),
            Ok(None) => Err(format!("the store has no {judge}: commit the judge's prompt first")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Checks that every judge of a suite can be filled as what it is asked.
    pub(super) fn check_judges(&self, suite: &SuiteContent) -> Result<(), WorkbenchError> {
        for grader in &suite.graders {
            let Some(settings) = grader.kind.judge() else { continue };
            for judge in &settings.judges {
                let version = self.version(&judge.version)?;
                check_prompt(&settings.question, &version.content)
                    .map_err(|why| judge_fault(grader, format!("the judge {}: {why}", judge.version)))?;
            }
        }
        Ok(())
    }

    /// Makes the models that a suite's graders ask ready for a run of a prompt of `provider`. Models of the same
    /// provider are asked where the run's are, others where the environment says.
    pub(super) fn judges(
        &self,
        suite: &SuiteContent,
        provider: &str,
        settings: &RunSettings,
        tape: &Tape,
    ) -> Result<Judges, WorkbenchError> {
        let mut judges = Judges::default();
        let tape_of = |of: &str| if of == SIMULATED { &Tape::Off } else { tape };
        for judge in suite.judges() {
            let version = found(self.store.version(&judge.version)?, "judge", &judge.version)?;
            let model = &version.content.model;
            let settings = settings_for(settings, provider, &model.provider, None);
            let connected = self.connect_taped(model, &settings, tape_of(&model.provider))?;
            let model = self.judge_model(&model.provider, connected, &settings);
            judges
                .prompts
                .insert(judge.version.clone(), ReadyJudge { version, model });
        }
        for embedding in suite.graders.iter().filter_map(|grader| grader.kind.embedding_model()) {
            let settings = settings_for(settings, provider, &embedding.provider, embedding.base_url.as_deref());
            let connected = self.connect_embeddings(&embedding.provider, &settings, tape_of(&embedding.provider))?;
            let model = self.judge_model(&embedding.provider, connected, &settings);
            judges.embeddings.insert(embedding.clone(), model);
        }
        Ok(judges)
    }

    fn judge_model(&self, provider: &str, connected: Arc<dyn Provider>, settings: &RunSettings) -> JudgeModel {
        let endpoint = connected
            .endpoint()
            .or_else(|| settings.endpoint_of(provider).map(str::to_owned));
        let limiter = settings
            .is_adaptive
            .then(|| self.limiters.of(provider, endpoint.as_deref()));
        JudgeModel::new(connected, limiter, settings)
    }
}

fn judge_fault(grader: &Grader, why: String) -> WorkbenchError {
    eval_error(&EvalError::Suite(GraderError {
        grader: grader.name.clone(),
        why,
    }))
}

/// The settings of a run of a prompt of `asked` at the endpoint of a judge of `provider`.
fn settings_for(settings: &RunSettings, asked: &str, provider: &str, base_url: Option<&str>) -> RunSettings {
    let is_named = settings
        .base_url
        .as_deref()
        .is_some_and(|text| !named_endpoints(text).is_empty());
    let of_run = settings.endpoint_of(provider).filter(|_| is_named || provider == asked);
    RunSettings {
        base_url: base_url.or(of_run).map(str::to_owned),
        ..settings.clone()
    }
}
