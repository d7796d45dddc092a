//! The `OpenAI` Chat Completions format: `OpenAI` itself and the many servers that speak it, told apart by a
//! [`Dialect`].

mod request;
mod response;
mod stream;

use serde_json::Value as Json;

use super::wire::{Answer, Assembler, Auth, WireFormat, WireRequest};
use super::{ChatRequest, flags};
use crate::domain::model::ModelConfig;
use crate::domain::prompt::Role;
use request::{DeveloperRole, TokenLimitField};

/// The flag that names the version of Azure's API.
const API_VERSION: &str = "api_version";

/// Which of the servers that speak the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `OpenAI` itself.
    OpenAi,
    /// Any other server, by its own word.
    Compatible,
    /// Azure: other paths, its own header for the key.
    Azure,
    /// `OpenRouter`, which passes on to others.
    OpenRouter,
    /// vLLM.
    Vllm,
    /// The server of llama.cpp.
    LlamaCpp,
}

/// The format as one server speaks it.
pub(super) struct ChatCompletions {
    /// The provider's name in prompts.
    pub(super) name: &'static str,
    pub(super) dialect: Dialect,
    /// Azure's API version where the prompt names none.
    pub(super) api_version: Option<String>,
    /// Azure: whether the base URL is the host alone, so that its path is ours to add.
    pub(super) is_bare_host: bool,
}

impl ChatCompletions {
    fn token_limit_field(&self) -> TokenLimitField {
        match self.dialect {
            Dialect::OpenAi | Dialect::Azure => TokenLimitField::MaxCompletionTokens,
            _ => TokenLimitField::MaxTokens,
        }
    }

    fn developer_role(&self) -> DeveloperRole {
        match self.dialect {
            Dialect::Vllm | Dialect::LlamaCpp => DeveloperRole::Unknown,
            _ => DeveloperRole::Known,
        }
    }

    /// Flags that do not go into the body.
    fn flags_read_here(&self) -> &'static [&'static str] {
        match self.dialect {
            Dialect::Azure => &[API_VERSION],
            _ => &[],
        }
    }

    fn api_version(&self, model: &ModelConfig) -> Option<String> {
        match self.dialect {
            Dialect::Azure => flags::text(model, API_VERSION).or_else(|| self.api_version.clone()),
            _ => None,
        }
    }

    /// Azure names the deployment in the path where an API version is set, and in the body where none is.
    fn path(&self, model: &ModelConfig) -> Vec<String> {
        let mut path: Vec<&str> = match self.dialect {
            Dialect::Azure if self.is_bare_host && self.api_version(model).is_some() => {
                vec!["openai", "deployments", &model.name]
            }
            Dialect::Azure if self.is_bare_host => vec!["openai", "v1"],
            _ => Vec::new(),
        };
        path.extend(["chat", "completions"]);
        path.into_iter().map(str::to_owned).collect()
    }
}

impl WireFormat for ChatCompletions {
    fn request(&self, request: &ChatRequest) -> Result<WireRequest, String> {
        let model = &request.model;
        let body = request::body(
            request,
            self.token_limit_field(),
            self.developer_role(),
            self.flags_read_here(),
        );
        Ok(WireRequest {
            path: self.path(model),
            query: self
                .api_version(model)
                .map(|version| ("api-version", version))
                .into_iter()
                .collect(),
            auth: match self.dialect {
                Dialect::Azure => Auth::Header("api-key"),
                _ => Auth::Bearer,
            },
            headers: Vec::new(),
            body: body.map_err(|error| format!("cannot write the request: {error}"))?,
            streams: flags::streams(model),
        })
    }

    fn read(&self, body: Json) -> Result<Answer, String> {
        response::read(body)
    }

    fn assembler(&self) -> Box<dyn Assembler> {
        Box::new(stream::Chunks::default())
    }

    fn fault(&self, model: &ModelConfig) -> Option<String> {
        request::flag_fault(model).or_else(|| flags::text_fault(model, self.flags_read_here()))
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let mut notes = flags::unsent(model, self.name, &["safety_settings"]);
        let is_set = |flag: &str| flags::value(model, flag).is_some();
        match self.dialect {
            Dialect::OpenAi | Dialect::Azure | Dialect::OpenRouter if model.seed.is_some() => notes.push(format!(
                "the seed is best effort: {} may answer the same request differently",
                self.name
            )),
            Dialect::LlamaCpp if !is_set("cache_prompt") => notes.push(
                "llama.cpp takes up its cache of earlier prompts, which can change an answer: \
                 the provider flag cache_prompt = false turns that off"
                    .into(),
            ),
            _ => {}
        }
        if self.dialect == Dialect::OpenRouter && (model.temperature.is_some() || model.top_p.is_some()) {
            notes.push("openrouter leaves out settings that the model's own provider does not take".into());
        }
        if self.dialect == Dialect::Azure
            && let (None, Some(version)) = (flags::text(model, API_VERSION), &self.api_version)
        {
            notes.push(format!(
                "the API version {version} is the environment's: the provider flag api_version pins it"
            ));
        }
        notes
    }

    fn role_notes(&self, roles: &[Role]) -> Vec<String> {
        let mut notes = Vec::new();
        if self.developer_role() == DeveloperRole::Unknown && roles.contains(&Role::Developer) {
            notes.push(format!("{} knows no developer role: it is sent as system", self.name));
        }
        if roles.contains(&Role::Tool) {
            notes.push(format!(
                "messages of the role tool answer no call here, and {} may refuse them",
                self.name
            ));
        }
        notes
    }
}
