//! The providers by name: which format each speaks, where, and with which key.

use std::sync::Arc;

use super::base_url::BaseUrl;
use super::cassette::Tape;
use super::command::CommandProvider;
use super::embeddings::Embeddings;
use super::environment::Environment;
use super::http::HttpClient;
use super::http_provider::HttpProvider;
use super::openai::{ChatCompletions, Dialect};
use super::redact::Redactor;
use super::simulation::SimulatedEmbeddings;
use super::wire::WireFormat;
use super::{Endpoint, Provider, ProviderError, Retry, SimulatedProvider};
use super::{anthropic, gemini, ollama, openai_responses};
use crate::domain::outcome::ErrorKind;

/// Where `OpenAI` answers; another host under its name is a server that speaks its format.
const OPENAI_HOST: &str = "api.openai.com";
/// The variables that name the version of Azure's API.
const AZURE_VERSIONS: [&str; 2] = ["AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"];
/// The variable that names the program of the provider `command`.
const COMMAND_VARIABLE: &str = "PEGBOX_COMMAND";
/// The providers that speak no HTTP.
const LOCAL_NAMES: [&str; 2] = ["command", "simulated"];

/// Which format a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Chat(Dialect),
    Responses,
    Messages,
    GenerateContent,
    OllamaChat,
}

/// One provider over HTTP.
#[derive(Debug)]
struct Service {
    name: &'static str,
    format: Format,
    /// Variables that hold the key, the strongest first.
    keys: &'static [&'static str],
    /// Variables that name the endpoint.
    base_urls: &'static [&'static str],
    /// The endpoint where neither the caller nor the environment names one.
    base_url: Option<&'static str>,
    /// The path where an endpoint is a host alone.
    path: &'static str,
    key_need: KeyNeed,
}

/// For which hosts a key must be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyNeed {
    /// All but the loopback.
    OtherHosts,
    /// None: such servers run without one, unless told otherwise.
    Never,
}

const SERVICES: [Service; 9] = [
    Service {
        name: "openai",
        format: Format::Chat(Dialect::OpenAi),
        keys: &["OPENAI_API_KEY"],
        base_urls: &["OPENAI_BASE_URL"],
        base_url: Some("https://api.openai.com/v1"),
        path: "",
        key_need: KeyNeed::OtherHosts,
    },
    Service {
        name: "openai_responses",
        format: Format::Responses,
        keys: &["OPENAI_API_KEY"],
        base_urls: &["OPENAI_BASE_URL"],
        base_url: Some("https://api.openai.com/v1"),
        path: "",
        key_need: KeyNeed::OtherHosts,
    },
    Service {
        name: "anthropic",
        format: Format::Messages,
        keys: &["ANTHROPIC_API_KEY"],
        base_urls: &["ANTHROPIC_BASE_URL"],
        base_url: Some("https://api.anthropic.com"),
        path: "/v1",
        key_need: KeyNeed::OtherHosts,
    },
    Service {
        name: "gemini",
        format: Format::GenerateContent,
        keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        base_urls: &["GOOGLE_GEMINI_BASE_URL"],
        base_url: Some("https://generativelanguage.googleapis.com"),
        path: "/v1beta",
        key_need: KeyNeed::OtherHosts,
    },
    Service {
        name: "ollama",
        format: Format::OllamaChat,
        keys: &["OLLAMA_API_KEY"],
        base_urls: &["OLLAMA_HOST"],
        base_url: Some("http://127.0.0.1:11434"),
        path: "",
        key_need: KeyNeed::Never,
    },
    Service {
        name: "azure",
        format: Format::Chat(Dialect::Azure),
        keys: &["AZURE_OPENAI_API_KEY"],
        base_urls: &["AZURE_OPENAI_ENDPOINT"],
        base_url: None,
        path: "",
        key_need: KeyNeed::OtherHosts,
    },
    Service {
        name: "openrouter",
        format: Format::Chat(Dialect::OpenRouter),
        keys: &["OPENROUTER_API_KEY"],
        base_urls: &["OPENROUTER_BASE_URL"],
        base_url: Some("https://openrouter.ai"),
        path: "/api/v1",
        key_need: KeyNeed::OtherHosts,
    },
    Service {
        name: "vllm",
        format: Format::Chat(Dialect::Vllm),
        keys: &["VLLM_API_KEY"],
        base_urls: &["VLLM_BASE_URL"],
        base_url: Some("http://127.0.0.1:8000"),
        path: "/v1",
        key_need: KeyNeed::Never,
    },
    Service {
        name: "llamacpp",
        format: Format::Chat(Dialect::LlamaCpp),
        keys: &["LLAMA_API_KEY"],
        base_urls: &["LLAMACPP_BASE_URL"],
        base_url: Some("http://127.0.0.1:8080"),
        path: "/v1",
        key_need: KeyNeed::Never,
    },
];

/// The names that [`connect`] knows.
pub fn provider_names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|service| service.name).chain(LOCAL_NAMES)
}

/// Every variable that may hold a key.
pub(super) fn key_variables() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().flat_map(|service| service.keys).copied()
}

/// Every variable that holds something else of use here.
pub(super) fn text_variables() -> impl Iterator<Item = &'static str> {
    let base_urls = SERVICES.iter().flat_map(|service| service.base_urls).copied();
    base_urls.chain(AZURE_VERSIONS).chain([COMMAND_VARIABLE])
}

/// Makes a provider ready, one of [`provider_names`]. Nothing is sent yet.
///
/// # Errors
///
/// The name is unknown, the base URL is none, or the key that it needs is not set.
pub fn connect(provider: &str, endpoint: &Endpoint) -> Result<Arc<dyn Provider>, ProviderError> {
    connect_in(&Environment::read(), provider, endpoint)
}

/// [`connect`] with the environment as a value.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_in(
    environment: &Environment,
    provider: &str,
    endpoint: &Endpoint,
) -> Result<Arc<dyn Provider>, ProviderError> {
    connect_taped(environment, provider, endpoint, &Tape::Off)
}

/// Makes a model that turns texts into vectors ready: what it is asked are its messages, one text each, and its answer
/// is the list of their vectors as JSON.
///
/// # Errors
///
/// As [`connect_taped`]; or the provider has no such endpoint.
pub fn connect_embeddings(
    environment: &Environment,
    provider: &str,
    endpoint: &Endpoint,
    tape: &Tape,
) -> Result<Arc<dyn Provider>, ProviderError> {
    if provider == "simulated" {
        return Ok(Arc::new(SimulatedEmbeddings));
    }
    let service = SERVICES
        .iter()
        .find(|service| service.name == provider && service.has_embeddings());
    let Some(service) = service else {
        let message = format!(
            "no embeddings of the provider '{provider}' are known: use openai or any server that speaks its format, \
             ollama, or simulated"
        );
        return Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, message));
    };
    let http = service.connect(environment, endpoint, tape)?;
    let is_bare_host = http.http.base_url().has_no_path();
    let format = match service.format {
        Format::OllamaChat => Embeddings::Ollama,
        Format::Chat(Dialect::Azure) => Embeddings::Azure { is_bare_host },
        _ => Embeddings::OpenAi,
    };
    Ok(Arc::new(HttpProvider {
        format: Box::new(format),
        ..http
    }))
}

/// [`connect_in`] with what becomes of its traffic. A cassette that is played needs no key.
///
/// # Errors
///
/// As [`connect`]; or the provider speaks no HTTP that could be taped.
pub fn connect_taped(
    environment: &Environment,
    provider: &str,
    endpoint: &Endpoint,
    tape: &Tape,
) -> Result<Arc<dyn Provider>, ProviderError> {
    if let Some(service) = SERVICES.iter().find(|service| service.name == provider) {
        return Ok(Arc::new(service.connect(environment, endpoint, tape)?));
    }
    if LOCAL_NAMES.contains(&provider) && !matches!(tape, Tape::Off) {
        let message = format!("the provider {provider} speaks no HTTP that a cassette could hold");
        return Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, message));
    }
    match provider {
        "simulated" => Ok(Arc::new(SimulatedProvider)),
        "command" => {
            let line = endpoint.base_url.as_deref().or(environment.text(&[COMMAND_VARIABLE]));
            let Some(line) = line else {
                let message = format!("no program is named: set {COMMAND_VARIABLE}, or name it as the base URL");
                return Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, message));
            };
            let redactor = Redactor::new(environment.keys());
            Ok(Arc::new(CommandProvider::new(line, endpoint, redactor)?))
        }
        _ => {
            let known = provider_names().collect::<Vec<_>>().join(", ");
            let message = format!("unknown provider '{provider}': known are {known}");
            Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, message))
        }
    }
}

impl Service {
    /// Whether it has an endpoint for embeddings whose format is known here.
    fn has_embeddings(&self) -> bool {
        !matches!(self.format, Format::Messages | Format::GenerateContent)
    }

    /// Checks the endpoint and the key, which is sent wherever it is set.
    fn connect(
        &self,
        environment: &Environment,
        endpoint: &Endpoint,
        tape: &Tape,
    ) -> Result<HttpProvider, ProviderError> {
        let base_url = self.base_url(environment, endpoint)?;
        let key_variable = self.keys.first().copied().unwrap_or_default();
        let key = environment.key(self.keys);
        let is_sent = !tape.is_replay();
        if is_sent && key.is_none() && self.key_need == KeyNeed::OtherHosts && !base_url.is_loopback() {
            let message = format!("{} needs a key: set {key_variable}", base_url.host());
            return Err(ProviderError::new(ErrorKind::Auth, Retry::No, message));
        }
        let format = self.format(environment, &base_url);
        let redactor = Redactor::new(environment.keys());
        if redactor.clean(base_url.to_string()) != base_url.to_string() {
            let message =
                "the base URL carries a key, and it is recorded with every run: leave the key to the environment";
            return Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, message));
        }
        Ok(HttpProvider {
            name: self.name,
            key_variable,
            http: HttpClient::new(base_url, endpoint.timeout, key.map(|key| (key, key_variable)), redactor)?
                .on_tape(tape.clone(), self.name),
            format,
            prices: Arc::clone(&endpoint.prices),
        })
    }

    fn base_url(&self, environment: &Environment, endpoint: &Endpoint) -> Result<BaseUrl, ProviderError> {
        let refuse = |why| ProviderError::new(ErrorKind::BadRequest, Retry::No, why);
        let named = endpoint.base_url.clone();
        let named = named.or_else(|| environment.text(self.base_urls).map(|text| self.complete(text)));
        let Some(text) = named.or_else(|| self.base_url.map(str::to_owned)) else {
            let variable = self.base_urls.first().copied().unwrap_or_default();
            return Err(refuse(format!(
                "{} has no endpoint of its own: set {variable} or a base URL",
                self.name
            )));
        };
        Ok(BaseUrl::parse(&text).map_err(refuse)?.or_path(self.path))
    }

    /// Ollama's variable may name an address alone, the one it listens on.
    fn complete(&self, text: &str) -> String {
        if self.format != Format::OllamaChat || text.contains("://") {
            return text.to_owned();
        }
        let address = text.trim_end_matches('/').replacen("0.0.0.0", "127.0.0.1", 1);
        let has_port = address
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let port = if has_port { "" } else { ":11434" };
        format!("http://{address}{port}")
    }

    fn format(&self, environment: &Environment, base_url: &BaseUrl) -> Box<dyn WireFormat> {
        match self.format {
            Format::Chat(dialect) => Box::new(ChatCompletions {
                name: self.name,
                dialect: match dialect {
                    Dialect::OpenAi if base_url.host() != OPENAI_HOST => Dialect::Compatible,
                    dialect => dialect,
                },
                api_version: environment.text(&AZURE_VERSIONS).map(str::to_owned),
                is_bare_host: base_url.has_no_path(),
            }),
            Format::Responses => Box::new(openai_responses::Responses),
            Format::Messages => Box::new(anthropic::Messages),
            Format::GenerateContent => Box::new(gemini::GenerateContent),
            Format::OllamaChat => Box::new(ollama::Chat),
        }
    }
}
