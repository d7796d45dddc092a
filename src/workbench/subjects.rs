//! What a run may test: a prompt version or a chain version, by id and loaded, and made ready to be asked.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::reusing::Tape;
use super::{Workbench, WorkbenchError, found};
use crate::domain::DomainError;
use crate::domain::chain::{ChainStep, ChainVersion};
use crate::domain::endpoint::{endpoints_text, named_endpoints};
use crate::domain::ids::{ChainVersionId, VersionId};
use crate::domain::model::ModelConfig;
use crate::domain::prompt::PromptContent;
use crate::domain::run::{AnswerSource, RunSettings, Subject};
use crate::domain::variant::VariantId;
use crate::domain::version::PromptVersion;
use crate::evals::pipeline::{PromptWork, StepWork, Work};
use crate::providers::{Provider, provider_names};

/// The id of what a run tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectId {
    /// A prompt version, such as `support_triage_v12`.
    Prompt(VersionId),
    /// A chain version, such as `triage_flow@v3`.
    Chain(ChainVersionId),
    /// A version with something changed.
    Variant(VariantId),
}

impl SubjectId {
    /// The prompt version, where it is one.
    pub fn version(&self) -> Option<&VersionId> {
        match self {
            Self::Prompt(version) => Some(version),
            Self::Chain(_) | Self::Variant(_) => None,
        }
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt(version) => version.fmt(f),
            Self::Chain(chain) => chain.fmt(f),
            Self::Variant(variant) => variant.fmt(f),
        }
    }
}

impl FromStr for SubjectId {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        if text.contains('@') {
            text.parse().map(Self::Chain)
        } else {
            text.parse().map(Self::Prompt)
        }
    }
}

impl serde::Serialize for SubjectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<VersionId> for SubjectId {
    fn from(version: VersionId) -> Self {
        Self::Prompt(version)
    }
}

impl From<ChainVersionId> for SubjectId {
    fn from(chain: ChainVersionId) -> Self {
        Self::Chain(chain)
    }
}

impl From<&Subject> for SubjectId {
    fn from(subject: &Subject) -> Self {
        match subject {
            Subject::Prompt { version, .. } => Self::Prompt(version.clone()),
            Subject::Chain { chain, .. } => Self::Chain(chain.clone()),
            Subject::Variant { variant, .. } => Self::Variant(*variant),
        }
    }
}

/// What a run tests, loaded.
#[derive(Debug, Clone, PartialEq)]
pub enum Tested {
    /// A prompt version, or a variant of one.
    Prompt {
        /// What the record of a run says of it.
        subject: Subject,
        /// The version, or the one that the variant is made of.
        origin: VersionId,
        /// The prompt that is sent.
        content: Box<PromptContent>,
    },
    /// A chain version with the prompt version of each step, in order.
    Chain(ChainVersion, Vec<PromptVersion>),
}

impl From<PromptVersion> for Tested {
    fn from(version: PromptVersion) -> Self {
        Self::Prompt {
            subject: Subject::Prompt {
                version: version.id.clone(),
                content_hash: version.content_hash,
            },
            origin: version.id,
            content: Box::new(version.content),
        }
    }
}

impl Tested {
    /// What the record of a run says of it.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Prompt { subject, .. } => subject.clone(),
            Self::Chain(chain, _) => Subject::Chain {
                chain: chain.id.clone(),
                content_hash: chain.content_hash,
            },
        }
    }

    /// The name of the prompt or of the chain.
    pub fn workflow(&self) -> String {
        match self {
            Self::Prompt { origin, .. } => origin.prompt.to_string(),
            Self::Chain(chain, _) => chain.id.name.to_string(),
        }
    }

    /// The prompts that are sent, in order.
    pub fn contents(&self) -> Vec<&PromptContent> {
        match self {
            Self::Prompt { content, .. } => vec![content],
            Self::Chain(_, versions) => versions.iter().map(|version| &version.content).collect(),
        }
    }

    /// The steps with their prompt versions; none of a prompt.
    pub fn steps(&self) -> impl Iterator<Item = (&ChainStep, &PromptVersion)> {
        let (steps, versions) = match self {
            Self::Prompt { .. } => (&[][..], &[][..]),
            Self::Chain(chain, versions) => (chain.content.steps.as_slice(), versions.as_slice()),
        };
        steps.iter().zip(versions)
    }

    /// The models that are asked, each once.
    pub fn models(&self) -> Vec<&ModelConfig> {
        let mut models: Vec<&ModelConfig> = Vec::new();
        for content in self.contents() {
            let model = &content.model;
            let is_known = |known: &&ModelConfig| known.provider == model.provider && known.name == model.name;
            if !models.iter().any(is_known) {
                models.push(model);
            }
        }
        models
    }

    /// `openai gpt-4.1, anthropic claude-haiku-4-5`.
    pub fn models_text(&self) -> String {
        let models = self.models().into_iter();
        let named: Vec<String> = models
            .map(|model| format!("{} {}", model.provider, model.name))
            .collect();
        named.join(", ")
    }

    /// The providers that are asked, each once.
    fn providers(&self) -> Vec<&str> {
        let mut providers: Vec<&str> = self.models().iter().map(|model| model.provider.as_str()).collect();
        providers.sort_unstable();
        providers.dedup();
        providers
    }

    /// Whether the endpoints of a cassette say where all that is asked was asked.
    pub(super) fn can_be_asked_at(&self, base_url: &str) -> bool {
        self.providers().len() == 1 || !named_endpoints(base_url).is_empty()
    }

    /// The provider whose endpoint the settings of a run name: that of all that is asked, which is the only case in
    /// which they name one.
    pub(super) fn provider(&self) -> String {
        self.providers().first().copied().unwrap_or_default().to_owned()
    }
}

/// What is asked, with where its answers come from.
pub(super) struct Connected {
    pub(super) work: Work,
    pub(super) answers: AnswerSource,
    /// [`Tested::provider`].
    pub(super) provider: String,
    /// The endpoint of the provider, or those of several by their names; `None` where none is needed.
    pub(super) endpoint: Option<String>,
}

impl Workbench {
    /// Loads what a run tests.
    pub fn tested(&self, id: &SubjectId) -> Result<Tested, WorkbenchError> {
        Ok(match id {
            SubjectId::Prompt(version) => self.version(version)?.into(),
            SubjectId::Variant(id) => {
                let variant = found(self.store.variant(id)?, "variant", id)?;
                Tested::Prompt {
                    subject: variant.subject()?,
                    origin: variant.content.of,
                    content: Box::new(variant.content.prompt),
                }
            }
            SubjectId::Chain(id) => {
                let chain = found(self.store.chain(id)?, "chain", id)?;
                let steps = chain.content.steps.iter();
                let versions = steps
                    .map(|step| self.version(&step.version))
                    .collect::<Result<_, _>>()?;
                Tested::Chain(chain, versions)
            }
        })
    }

    /// Reads `support_triage_v12`, `triage_flow@v3`, or `triage_flow` as the newest version of that chain.
    pub fn resolve_subject(&self, text: &str) -> Result<SubjectId, WorkbenchError> {
        match text.parse() {
            Ok(subject) => Ok(subject),
            Err(fault) => match self.resolve_chain(text) {
                Ok(chain) => Ok(SubjectId::Chain(chain)),
                Err(WorkbenchError::NotFound { .. }) => Err(fault.into()),
                Err(error) => Err(error),
            },
        }
    }

    /// Makes ready whatever is asked; steps of the same provider share it.
    pub(super) fn connect_tested(
        &self,
        tested: &Tested,
        settings: &RunSettings,
        tape: &Tape,
    ) -> Result<Connected, WorkbenchError> {
        let names = tested.providers();
        if let Some(url) = settings.base_url.as_deref().filter(|url| !url.is_empty()) {
            check_endpoints(tested, &names, url)?;
        }
        let mut providers: BTreeMap<String, Arc<dyn Provider>> = BTreeMap::new();
        for model in tested.models() {
            if !providers.contains_key(&model.provider) {
                let provider = self.connect_taped(model, settings, tape)?;
                providers.insert(model.provider.clone(), provider);
            }
        }
        let sources: Vec<AnswerSource> = providers.values().map(|provider| provider.source()).collect();
        let any = |source: AnswerSource| sources.contains(&source);
        let answers = [AnswerSource::Replayed, AnswerSource::Model]
            .into_iter()
            .find(|source| any(*source));
        let mut endpoints: Vec<(String, String)> = providers
            .iter()
            .filter_map(|(name, provider)| Some((name.clone(), provider.endpoint()?)))
            .collect();
        let endpoint = match providers.len() {
            1 => endpoints.pop().map(|(_, endpoint)| endpoint),
            _ => endpoints_text(endpoints),
        };
        Ok(Connected {
            work: self.work(tested, &providers, settings)?,
            answers: answers.unwrap_or(AnswerSource::Simulated),
            provider: tested.provider(),
            endpoint,
        })
    }

    fn work(
        &self,
        tested: &Tested,
        providers: &BTreeMap<String, Arc<dyn Provider>>,
        settings: &RunSettings,
    ) -> Result<Work, WorkbenchError> {
        let prompt_work = |prompt: PromptContent| {
            let name = &prompt.model.provider;
            let provider = Arc::clone(found(providers.get(name), "provider", name)?);
            let endpoint = provider
                .endpoint()
                .or_else(|| settings.endpoint_of(name).map(str::to_owned));
            let limiter = || self.limiters.of(name, endpoint.as_deref());
            Ok::<_, WorkbenchError>(PromptWork {
                limiter: settings.is_adaptive.then(limiter),
                provider,
                prompt,
            })
        };
        match tested {
            Tested::Prompt { content, .. } => Ok(Work::Prompt(prompt_work((**content).clone())?)),
            Tested::Chain(chain, _) => {
                let step_work = |(step, version): (&ChainStep, &PromptVersion)| {
                    Ok(StepWork {
                        step: step.clone(),
                        content_hash: version.content_hash,
                        work: prompt_work(version.content.clone().with_tools(step.tools.as_deref()))?,
                    })
                };
                Ok(Work::Chain {
                    steps: tested.steps().map(step_work).collect::<Result<_, WorkbenchError>>()?,
                    answer: chain.content.answer.clone(),
                })
            }
        }
    }
}

/// Refuses one endpoint for several providers, and one that is named for a provider that nobody knows.
fn check_endpoints(tested: &Tested, names: &[&str], url: &str) -> Result<(), WorkbenchError> {
    let named = named_endpoints(url);
    let unknown = named.iter().find(|(of, _)| provider_names().all(|known| known != *of));
    if let Some((of, _)) = unknown {
        let known: Vec<&str> = provider_names().collect();
        return Err(WorkbenchError::invalid(
            format!("no provider is called {of}"),
            format!("name one of {}", known.join(", ")),
        ));
    }
    if named.is_empty() && names.len() > 1 {
        let each: Vec<String> = names.iter().map(|name| format!("{name}=URL")).collect();
        return Err(WorkbenchError::invalid(
            format!(
                "{} asks {}: {url} cannot be the endpoint of all",
                tested.subject().label(),
                names.join(" and ")
            ),
            format!("name that of each: --base-url \"{}\"", each.join(" ")),
        ));
    }
    Ok(())
}
