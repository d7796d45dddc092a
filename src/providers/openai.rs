//! The `OpenAI` Chat Completions format: `OpenAI` itself and the many servers that speak it.

mod failure;
mod request;
mod response;

use reqwest::StatusCode;

use super::base_url::BaseUrl;
use super::http::{HttpClient, HttpReply, excerpt};
use super::{Answering, ChatReply, ChatRequest, Endpoint, Environment, Provider, ProviderError, Retry, price};
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, Usage};
use crate::domain::run::AnswerSource;
use request::TokenLimitField;

/// Where `OpenAI` answers.
const OPENAI_HOST: &str = "api.openai.com";
/// The endpoint where neither the caller nor the environment names one.
const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";

/// One endpoint that speaks the format.
pub struct OpenAiProvider {
    http: HttpClient,
}

impl OpenAiProvider {
    /// Checks the endpoint and the key. A key is needed for every host but the loopback, and sent wherever it is set.
    pub fn connect(environment: &Environment, endpoint: &Endpoint) -> Result<Self, ProviderError> {
        let named = endpoint.base_url.as_ref().or(environment.base_url.as_ref());
        let base_url = BaseUrl::parse(named.map_or(OPENAI_BASE_URL, String::as_str))
            .map_err(|why| ProviderError::new(ErrorKind::BadRequest, Retry::No, why))?;
        let key = environment.api_key.as_ref();
        if key.is_none() && !base_url.is_loopback() {
            let message = format!("{} needs a key: set OPENAI_API_KEY", base_url.host());
            return Err(ProviderError::new(ErrorKind::Auth, Retry::No, message));
        }
        let http = HttpClient::new(base_url, endpoint.timeout, key)?;
        Ok(Self { http })
    }

    async fn attempt(&self, request: &ChatRequest) -> Result<ChatReply, ProviderError> {
        if let Some(fault) = request::flag_fault(&request.model) {
            return Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, fault));
        }
        let body = request::body(request, self.token_limit_field()).map_err(|e| {
            let message = format!("cannot write the request: {e}");
            ProviderError::new(ErrorKind::BadRequest, Retry::No, message)
        })?;
        let reply = self.http.post("chat/completions", body).await?;
        if reply.status.is_redirection() {
            return Err(self.redirected(reply));
        }
        if let Some(error) = failure::reported(&reply) {
            return Err(error);
        }
        read(reply)
    }

    fn token_limit_field(&self) -> TokenLimitField {
        if self.is_openai() {
            TokenLimitField::MaxCompletionTokens
        } else {
            TokenLimitField::MaxTokens
        }
    }

    fn is_openai(&self) -> bool {
        self.http.base_url().host() == OPENAI_HOST
    }

    fn redirected(&self, reply: HttpReply) -> ProviderError {
        let location = self.http.location(&reply.headers);
        let message = format!(
            "{} redirects to {}, which is not followed: set the base URL to where it leads",
            self.http.base_url(),
            location.as_deref().unwrap_or("nowhere")
        );
        bad_response(reply.status, message, reply.body, reply.latency_ms)
    }
}

fn read(reply: HttpReply) -> Result<ChatReply, ProviderError> {
    let HttpReply { status, latency_ms, .. } = reply;
    let read = if reply.is_utf8 {
        response::read(reply.body)
    } else {
        Err(("it is not UTF-8".to_owned(), reply.body))
    };
    match read {
        Ok(answer) => Ok(ChatReply {
            status: Some(status.as_u16()),
            latency_ms,
            ..answer
        }),
        Err((why, raw)) => {
            let begins = match excerpt(&raw) {
                nothing if nothing.is_empty() => String::new(),
                start => format!("; it begins: {start}"),
            };
            let message = format!("the answer cannot be read: {why}{begins}");
            Err(bad_response(status, message, raw, latency_ms))
        }
    }
}

fn bad_response(status: StatusCode, message: String, raw: String, latency_ms: u64) -> ProviderError {
    ProviderError {
        status: Some(status.as_u16()),
        raw: Some(raw),
        latency_ms,
        ..ProviderError::new(ErrorKind::BadResponse, Retry::No, message)
    }
}

impl Provider for OpenAiProvider {
    fn answer<'a>(&'a self, request: &'a ChatRequest) -> Answering<'a> {
        Box::pin(self.attempt(request))
    }

    fn source(&self) -> AnswerSource {
        AnswerSource::Model
    }

    fn cost(&self, model_name: &str, usage: &Usage) -> Option<UsdNanos> {
        price::table().cost(model_name, usage)
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let mut notes: Vec<String> = request::flag_fault(model).into_iter().collect();
        for setting in &model.safety_settings {
            notes.push(format!(
                "safety setting '{}' is not sent: openai has no such field",
                setting.name
            ));
        }
        if self.is_openai() && model.seed.is_some() {
            notes.push("the seed is best effort: openai may answer the same request differently".into());
        }
        if self.http.base_url().is_readable_on_the_way() {
            let host = self.http.base_url().host();
            notes.push(format!("prompts and key go to {host} unencrypted: use https"));
        }
        notes
    }
}
