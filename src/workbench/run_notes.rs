//! What a person should know of the settings of a run before it is started.

use std::collections::HashSet;

use super::connecting::has_price;
use super::reusing::Tape;
use super::{StartRun, Workbench, WorkbenchError};
use crate::domain::model::ModelConfig;
use crate::domain::prompt::Role;
use crate::domain::run::{AnswerSource, RunSettings};
use crate::domain::suite::SuiteContent;

impl Workbench {
    /// What settings mean for the providers of what is tested and for the judges of the suite, where they mean
    /// something else than their name says.
    pub fn run_notes(&self, start: &StartRun) -> Result<Vec<String>, WorkbenchError> {
        let settings = &start.settings;
        let tested = self.tested(&start.subject)?;
        let mut notes = Vec::new();
        let mut sources = Vec::new();
        for content in tested.contents() {
            let model = &content.model;
            let provider = self.connect(model, settings)?;
            let roles: Vec<Role> = content.messages.iter().map(|message| message.role).collect();
            sources.push(provider.source());
            notes.extend(provider.notes(model));
            notes.extend(provider.role_notes(&roles));
            if let Some(cap) = settings.caps.cost.filter(|_| !has_price(&*provider, model)) {
                notes.push(format!(
                    "the cap of {cap} pauses the run at its first answer: the price of '{}' is unknown; cap tokens \
                     instead",
                    model.name
                ));
            }
        }
        if settings.reuses_answers && sources.iter().all(|source| *source == AnswerSource::Simulated) {
            notes
                .push("no answer is reused: those of the simulated model are not kept, asking it costs nothing".into());
        }
        let mut seen = HashSet::new();
        notes.retain(|note| seen.insert(note.clone()));
        notes.extend(self.judge_notes(&self.suite(&start.suite)?.content, &tested.provider(), settings)?);
        Ok(notes)
    }

    /// What is to be known of a suite's judges before a run, one sentence each.
    fn judge_notes(
        &self,
        suite: &SuiteContent,
        provider: &str,
        settings: &RunSettings,
    ) -> Result<Vec<String>, WorkbenchError> {
        let judges = self.judges(suite, provider, settings, &Tape::Off)?;
        let prompts = judges.prompts.iter().map(|(version, judge)| {
            let config = judge.version.content.model.clone();
            (version.to_string(), &judge.model, config)
        });
        let embeddings = judges.embeddings.iter().map(|(embedding, model)| {
            let config = ModelConfig::new(embedding.provider.as_str(), embedding.name.as_str());
            (embedding.name.clone(), model, config)
        });
        let mut notes = Vec::new();
        for (name, model, config) in prompts.chain(embeddings) {
            let provider = model.provider();
            notes.extend(
                provider
                    .notes(&config)
                    .into_iter()
                    .map(|note| format!("judge {name}: {note}")),
            );
            if let Some(cap) = settings.caps.cost.filter(|_| !has_price(provider, &config)) {
                notes.push(format!(
                    "judge {name}: its price is unknown, so that the cap of {cap} pauses the run; cap tokens instead"
                ));
            }
        }
        notes.sort_unstable();
        Ok(notes)
    }
}
