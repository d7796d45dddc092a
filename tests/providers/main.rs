//! Providers against servers that answer, and servers that misbehave.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its shared steps stand outside the test functions"
)]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of what several share")]
mod support;

mod aimock;
mod cassettes;
mod command;
mod embeddings;
mod failures;
mod formats;
mod golden;
mod llmock;
#[cfg(test)]
#[path = "../support/aimock.rs"]
mod mock;
mod secrets;
mod streams;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use pegbox::domain::model::ModelConfig;
use pegbox::domain::outcome::RenderedMessage;
use pegbox::domain::prompt::Role;
use pegbox::providers::{
    self, ChatReply, ChatRequest, Endpoint, Environment, PriceTable, Provider, ProviderError, Secret,
};
use support::server::{Answer, Server};

const KEY: &str = "sk-test-0123456789abcdef";

/// The variable of each provider's key.
const KEY_VARIABLES: [(&str, &str); 9] = [
    ("openai", "OPENAI_API_KEY"),
    ("openai_responses", "OPENAI_API_KEY"),
    ("anthropic", "ANTHROPIC_API_KEY"),
    ("gemini", "GEMINI_API_KEY"),
    ("ollama", "OLLAMA_API_KEY"),
    ("azure", "AZURE_OPENAI_API_KEY"),
    ("openrouter", "OPENROUTER_API_KEY"),
    ("vllm", "VLLM_API_KEY"),
    ("llamacpp", "LLAMA_API_KEY"),
];

/// A key that no other provider has.
fn key_of(provider: &str) -> String {
    let (_, variable) = KEY_VARIABLES.iter().find(|(name, _)| *name == provider).unwrap();
    format!("key-of-{variable}")
}

/// A provider with the keys of all of them at hand.
fn connected(provider: &str, base_url: &str) -> Arc<dyn Provider> {
    let with_key = |environment: Environment, (name, variable): &(&str, &str)| {
        environment.with_key(variable, Secret::new(&key_of(name)).unwrap())
    };
    let environment = KEY_VARIABLES.iter().fold(Environment::default(), with_key);
    providers::connect_in(&environment, provider, &endpoint(base_url)).unwrap()
}

fn environment() -> Environment {
    Environment::default().with_key("OPENAI_API_KEY", Secret::new(KEY).unwrap())
}

fn endpoint(base_url: &str) -> Endpoint {
    Endpoint {
        base_url: Some(base_url.into()),
        timeout: Duration::from_secs(30),
        prices: PriceTable::shipped(),
    }
}

fn provider(base_url: &str) -> Arc<dyn Provider> {
    providers::connect_in(&environment(), "openai", &endpoint(base_url)).unwrap()
}

fn request(model_name: &str, text: &str) -> ChatRequest {
    let message = RenderedMessage {
        role: Role::User,
        text: text.into(),
    };
    ChatRequest::new(ModelConfig::new("openai", model_name), vec![message])
}

/// One attempt at a server that answers so.
async fn attempt(answer: Answer) -> Result<ChatReply, ProviderError> {
    let server = Server::queue([answer]);
    provider(&server.base_url())
        .answer(&request("gpt-4.1", "Where is my parcel?"))
        .await
}
