//! Vectors of texts: what goes out, and what is read of what comes back.

use std::time::Duration;

use pegbox::domain::model::ModelConfig;
use pegbox::domain::outcome::{ErrorKind, RenderedMessage};
use pegbox::domain::prompt::Role;
use pegbox::domain::run::AnswerSource;
use pegbox::providers::cassette::Tape;
use pegbox::providers::{
    ChatReply, ChatRequest, Endpoint, Environment, PriceTable, ProviderError, Retry, Secret, connect_embeddings,
};
use serde_json::json;

use super::mock::Aimock;
use super::support::server::{Answer, Server};
use super::{KEY, endpoint};

fn environment() -> Environment {
    ["OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "OLLAMA_API_KEY"]
        .into_iter()
        .fold(Environment::default(), |environment, variable| {
            environment.with_key(variable, Secret::new(KEY).unwrap())
        })
}

fn texts(provider: &str, model: &str, texts: &[&str]) -> ChatRequest {
    let message = |text: &&str| RenderedMessage {
        role: Role::User,
        text: (*text).into(),
    };
    ChatRequest::new(ModelConfig::new(provider, model), texts.iter().map(message).collect())
}

async fn asked(provider: &str, model: &str, base_url: &str) -> Result<ChatReply, ProviderError> {
    let connected = connect_embeddings(&environment(), provider, &endpoint(base_url), &Tape::Off).unwrap();
    assert_eq!(connected.source(), AnswerSource::Model);
    connected
        .answer(&texts(provider, model, &["Where is my parcel?", "é"]))
        .await
}

#[tokio::test]
async fn aimock_gives_vectors() {
    let body = include_str!("../fixtures/wire/aimock/embeddings.body");
    let server = Server::queue([Answer::new(200, body)]);
    let reply = asked("openai", "text-embedding-3-small", &server.base_url())
        .await
        .unwrap();
    assert_eq!(reply.text.as_deref(), Some("[[0.1,0.2,0.3,0.4]]"));
    assert_eq!(reply.resolved_model.as_deref(), Some("text-embedding-3-small"));
    assert_eq!(
        (reply.usage.input_tokens, reply.usage.output_tokens),
        (Some(0), Some(0))
    );
    let request = server.requests().remove(0);
    assert_eq!(request.target, "POST /v1/embeddings");
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    let sent = json!({"model": "text-embedding-3-small", "input": ["Where is my parcel?", "é"]});
    assert_eq!(request.body, sent);
}

fn vectors(reply: &ChatReply) -> Vec<Vec<f64>> {
    serde_json::from_str(reply.text.as_deref().unwrap()).unwrap()
}

#[tokio::test]
async fn llama_cpp_gives_vectors_of_length_one() {
    let body = include_str!("../fixtures/wire/llamacpp/embeddings.body");
    let server = Server::queue([Answer::new(200, body)]);
    let reply = asked("llamacpp", "smollm2-135m-instruct", &server.base_url())
        .await
        .unwrap();
    let lengths: Vec<usize> = vectors(&reply).iter().map(Vec::len).collect();
    assert_eq!(lengths, [576, 576]);
    for vector in vectors(&reply) {
        let norm: f64 = vector.iter().map(|number| number * number).sum();
        assert!((norm - 1.0).abs() < 1e-6, "{norm}");
    }
    assert_ne!(vectors(&reply)[0], vectors(&reply)[1]);
    assert_eq!(reply.usage.input_tokens, Some(6));
    assert_eq!(reply.resolved_model.as_deref(), Some("smollm2-135m-instruct"));
}

#[tokio::test]
async fn aimock_gives_vectors_where_each_provider_has_them() {
    let fixtures = r#"{"fixtures":[{"match":{"inputText":"parcel"},"response":{"embedding":[0.6,0.8]}}]}"#;
    let Some(aimock) = Aimock::start(fixtures) else { return };
    let host = format!("http://127.0.0.1:{}", aimock.port);
    let v1 = format!("{host}/v1");
    for (provider, base_url) in [("openai", &v1), ("openrouter", &v1), ("vllm", &v1), ("azure", &host)] {
        let reply = asked(provider, "embed", base_url).await.unwrap();
        assert_eq!(vectors(&reply), [[0.6, 0.8], [0.6, 0.8]], "{provider}");
        assert_eq!(reply.resolved_model.as_deref(), Some("embed"), "{provider}");
    }
    // This mock answers Ollama's /api/embed with the one vector of its older path, which is no list of two.
    let error = asked("ollama", "embed", &host).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse, "{error}");
}

#[tokio::test]
async fn ollama_and_azure_have_paths_of_their_own() {
    let body = r#"{"model":"all-minilm","embeddings":[[1,0],[0.5,-0.5]],"total_duration":14,"prompt_eval_count":8}"#;
    let server = Server::queue([Answer::new(200, body)]);
    let host = server.base_url().replace("/v1", "");
    let reply = asked("ollama", "all-minilm", &host).await.unwrap();
    assert_eq!(reply.text.as_deref(), Some("[[1,0],[0.5,-0.5]]"));
    assert_eq!(reply.usage.input_tokens, Some(8));
    assert_eq!(server.requests()[0].target, "POST /api/embed");

    // What Ollama's own documentation gives as a reply, which counts no tokens.
    let body = include_str!("../fixtures/wire/ollama/embed.body");
    let server = Server::queue([Answer::new(200, body)]);
    let host = server.base_url().replace("/v1", "");
    let reply = asked("ollama", "all-minilm", &host).await.unwrap();
    assert_eq!((vectors(&reply).len(), vectors(&reply)[1][0]), (2, -0.009_802_707_5));
    assert_eq!(reply.usage.input_tokens, None);

    let body = r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}]}"#;
    let server = Server::queue([Answer::new(200, body)]);
    let host = server.base_url().replace("/v1", "");
    assert!(asked("azure", "embed", &host).await.is_ok());
    let request = server.requests().remove(0);
    assert_eq!(request.target, "POST /openai/v1/embeddings");
    assert_eq!(request.header("api-key"), Some(KEY));
}

#[tokio::test]
async fn errors_are_those_of_every_request() {
    for (answer, kind, retry) in [
        (
            Answer::new(429, r#"{"error":{"message":"slow down"}}"#),
            ErrorKind::RateLimited,
            Retry::Yes,
        ),
        (
            Answer::new(401, r#"{"error":{"message":"no"}}"#),
            ErrorKind::Auth,
            Retry::No,
        ),
        (Answer::new(500, "oops"), ErrorKind::Server, Retry::Yes),
        (Answer::new(200, r#"{"data":[]"#), ErrorKind::BadResponse, Retry::No),
        (
            Answer::new(200, r#"{"object":"list"}"#),
            ErrorKind::BadResponse,
            Retry::No,
        ),
    ] {
        let server = Server::queue([answer.clone()]);
        let error = asked("openai", "m", &server.base_url()).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (kind, retry), "{answer:?}: {error}");
        assert!(!error.to_string().contains(KEY));
    }
}

#[tokio::test]
async fn vectors_cost_what_their_tokens_cost() {
    let prices =
        "as_of = \"2026-11-01\"\nsource = \"test\"\n[[models]]\nnames = [\"embed-1\"]\ninput = 0.02\noutput = 0.0\n";
    let prices = std::sync::Arc::new(PriceTable::shipped().with(prices).unwrap());
    let body = r#"{"model":"embed-1","data":[{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":50}}"#;
    let server = Server::queue([Answer::new(200, body)]);
    let endpoint = Endpoint {
        base_url: Some(server.base_url()),
        timeout: Duration::from_secs(30),
        prices,
    };
    let connected = connect_embeddings(&environment(), "vllm", &endpoint, &Tape::Off).unwrap();
    let reply = connected.answer(&texts("vllm", "embed-1", &["a"])).await.unwrap();
    assert_eq!(reply.cost.map(|cost| cost.0), Some(1_000));
}

#[test]
fn providers_without_vectors_are_refused() {
    for provider in ["anthropic", "gemini", "command", "nobody"] {
        let refused = connect_embeddings(&environment(), provider, &endpoint("http://127.0.0.1:1"), &Tape::Off);
        let error = refused.err().unwrap();
        assert!(
            error.to_string().starts_with("no embeddings of the provider"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn simulated_vectors_are_near_where_words_are_the_same() {
    let connected =
        connect_embeddings(&environment(), "simulated", &endpoint("http://127.0.0.1:1"), &Tape::Off).unwrap();
    let request = texts("simulated", "embed-sim-1", &["card lost", "lost cards", "refund", ""]);
    let reply = connected.answer(&request).await.unwrap();
    let vectors: Vec<Vec<f64>> = serde_json::from_str(reply.text.as_deref().unwrap()).unwrap();
    assert_eq!(vectors[0], vectors[1], "the same words");
    let dot: f64 = vectors[0].iter().zip(&vectors[2]).map(|(a, b)| a * b).sum();
    assert!(dot.abs() < f64::EPSILON, "no word in common");
    assert!(
        vectors[3].iter().any(|number| *number > 0.0),
        "no text has no direction"
    );
    assert_eq!(connected.source(), AnswerSource::Simulated);
}
