//! Providers against servers that answer, and servers that misbehave.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its shared steps stand outside the test functions"
)]

#[path = "../support/mod.rs"]
mod support;

mod failures;
mod llmock;
mod secrets;
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
