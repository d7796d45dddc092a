//! Every way in which a server can fail is an error of the right kind, says why, and keeps what came.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use pegbox::domain::outcome::ErrorKind;
use pegbox::providers::{self, Endpoint, Environment, Patience, Provider, ProviderError, Retry, RetryBudget, exchange};

use super::support::server::{Answer, Server};
use super::{attempt, endpoint, environment, provider, request};

fn connect(environment: &Environment, name: &str, base_url: &str) -> Result<Arc<dyn Provider>, ProviderError> {
    providers::connect_in(environment, name, &endpoint(base_url))
}

fn fault(result: Result<Arc<dyn Provider>, ProviderError>) -> ProviderError {
    match result {
        Ok(_) => panic!("it connected"),
        Err(error) => error,
    }
}

#[test]
fn a_provider_that_cannot_be_used_says_so_before_anything_is_sent() {
    let none = Environment::default();
    for (result, kind, part) in [
        (
            connect(&none, "opnai", "http://127.0.0.1:1"),
            ErrorKind::BadRequest,
            "openai, openai_responses, anthropic, ",
        ),
        (
            connect(&none, "openai", "localhost:1"),
            ErrorKind::BadRequest,
            "http://",
        ),
        (
            connect(&none, "openai", "https://u:p@host/v1"),
            ErrorKind::BadRequest,
            "password",
        ),
        (
            connect(&none, "openai", "https://host.example/v1"),
            ErrorKind::Auth,
            "set OPENAI_API_KEY",
        ),
    ] {
        let error = fault(result);
        assert_eq!((error.kind, error.retry), (kind, Retry::No));
        assert!(error.message.contains(part), "{}", error.message);
    }
    let default = Endpoint {
        base_url: None,
        ..endpoint("")
    };
    let error = fault(providers::connect_in(&none, "openai", &default));
    assert!(error.message.contains("api.openai.com"), "{}", error.message);
}

#[test]
fn the_environment_names_the_endpoint_where_the_caller_does_not() {
    let environment = Environment::default().with_text("OPENAI_BASE_URL", "https://gateway.example/v1");
    let unnamed = Endpoint {
        base_url: None,
        ..endpoint("")
    };
    let error = fault(providers::connect_in(&environment, "openai", &unnamed));
    assert!(error.message.starts_with("gateway.example"), "{}", error.message);
    assert!(connect(&environment, "openai", "http://127.0.0.1:1/v1").is_ok());
}

#[test]
fn what_a_setting_means_here_is_said_before_the_run() {
    let mut model = request("gpt-4.1", "").model;
    model.seed = Some(1);
    assert_eq!(provider("http://127.0.0.1:1/v1").notes(&model), Vec::<String>::new());
    let notes = provider("http://gpu-box.example:8000/v1").notes(&model);
    assert!(notes.len() == 1 && notes[0].contains("unencrypted"), "{notes:?}");
    let notes = provider("https://api.openai.com/v1").notes(&model);
    assert!(notes.len() == 1 && notes[0].contains("best effort"), "{notes:?}");
}

#[tokio::test]
async fn a_refused_connection_may_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let error = provider(&base_url).answer(&request("m", "x")).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry, error.status),
        (ErrorKind::Connect, Retry::Yes, None)
    );
    assert!(error.message.contains(&base_url), "{}", error.message);
    assert!(error.message.to_lowercase().contains("refused"), "{}", error.message);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_an_error_of_the_connection() {
    let provider = provider("http://no-such-host.invalid/v1");
    let error = provider.answer(&request("m", "x")).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Connect, Retry::Yes));
    assert!(
        error
            .message
            .starts_with("cannot reach http://no-such-host.invalid/v1: "),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_host_without_tls_is_an_error_of_the_connection() {
    let server = Server::queue([]);
    let base_url = server.base_url().replace("http://", "https://");
    let error = provider(&base_url).answer(&request("m", "x")).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Connect, None));
    assert!(
        error.message.starts_with("cannot reach https://127.0.0.1"),
        "{}",
        error.message
    );
    assert!(
        server
            .requests()
            .iter()
            .all(|received| received.header("authorization").is_none())
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_runs_into_the_timeout() {
    let server = Server::queue([Answer::Hang]);
    let impatient = Endpoint {
        timeout: Duration::from_millis(50),
        ..endpoint(&server.base_url())
    };
    let provider = providers::connect_in(&environment(), "openai", &impatient).unwrap();
    let error = provider.answer(&request("m", "x")).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Timeout, Retry::Yes));
    assert_eq!(error.message, "no answer from 127.0.0.1 within 0.05 s");
}

#[tokio::test]
async fn a_connection_that_breaks_may_pass() {
    let error = attempt(Answer::Close).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry, error.status),
        (ErrorKind::Connect, Retry::Yes, None)
    );

    let body = br#"{"choices":[{"message":{"content":"half an answer"}}]}"#;
    let broken = Answer::Broken {
        body: body.to_vec(),
        sent: 20,
    };
    let error = attempt(broken).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry, error.status),
        (ErrorKind::Connect, Retry::Yes, Some(200))
    );
    assert!(
        error.message.starts_with("the connection to 127.0.0.1 broke"),
        "{}",
        error.message
    );
    assert_eq!(
        error.raw.as_deref(),
        Some(r#"{"choices":[{"message"#.get(..20).unwrap())
    );
}

#[tokio::test]
async fn a_refused_key_names_the_variable() {
    for status in [401, 403] {
        let error = attempt(Answer::new(status, r#"{"error":{"message":"no"}}"#))
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.retry), (ErrorKind::Auth, Retry::No));
        assert!(error.message.contains("OPENAI_API_KEY"), "{}", error.message);
    }
}

#[tokio::test]
async fn what_is_no_answer_is_a_bad_response_and_kept() {
    for (body, part) in [
        (
            &b"<html><body>Sign in to the hotel network</body></html>"[..],
            "Sign in to the hotel",
        ),
        (b"", "it is empty"),
        (b"Sure! Here is your answer.", "it begins: Sure!"),
        (br#"{"choices":[{"message":{"content":"cu"#, "not JSON"),
        (br#"{"choices":[]}"#, "its choices are empty"),
        (b"null", "not a chat completion"),
        (b"\xff\xfe\x00{", "it is not UTF-8"),
        (b"\x1b[2J\x1b]0;owned\x07", "it begins: [2J ]0;owned"),
    ] {
        let error = attempt(Answer::new(200, body)).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (ErrorKind::BadResponse, Retry::No));
        assert_eq!(error.status, Some(200));
        assert!(error.message.contains(part), "{}", error.message);
        assert!(!error.message.contains(char::is_control), "{:?}", error.message);
        assert_eq!(error.raw.as_deref(), Some(&*String::from_utf8_lossy(body)));
    }
}

#[tokio::test]
async fn html_with_an_error_status_is_an_error_of_the_server() {
    let error = attempt(Answer::new(502, "<html>Bad gateway</html>")).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Server, Retry::Yes));
    assert_eq!(error.message, "HTTP 502: <html>Bad gateway</html>");
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_the_end() {
    let error = attempt(Answer::new(200, vec![b'x'; 33 * 1024 * 1024]))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::BadResponse, Retry::No));
    assert!(
        error.message.starts_with("the answer is larger than 32 MiB"),
        "{}",
        error.message
    );
    assert_eq!(error.raw.map(|raw| raw.len()), Some(64 * 1024));
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let elsewhere = Server::queue([Answer::chat("stolen")]);
    let location = format!("{}/chat/completions", elsewhere.base_url());
    for status in [301, 302, 307, 308] {
        let error = attempt(Answer::new(status, "").with_header("location", &location))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.retry, error.status),
            (ErrorKind::BadResponse, Retry::No, Some(status))
        );
        assert!(error.message.contains(&location), "{}", error.message);
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_flag_that_would_change_the_answer_is_refused_unsent() {
    let server = Server::queue([]);
    let mut request = request("m", "x");
    request.model.provider_flags = vec![pegbox::domain::model::Setting {
        name: "n".into(),
        value: pegbox::domain::json::JsonText::parse("2").unwrap(),
    }];
    let provider = provider(&server.base_url());
    let error = provider.answer(&request).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::BadRequest, Retry::No));
    assert_eq!(provider.notes(&request.model), [error.message]);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_exchange_goes_on_after_what_may_pass() {
    let wait = ("retry-after-ms", "1");
    let server = Server::queue([
        Answer::new(429, "").with_header(wait.0, wait.1),
        Answer::new(503, "").with_header(wait.0, wait.1),
        Answer::chat("hi"),
    ]);
    let exchange = exchange(
        &*provider(&server.base_url()),
        &request("m", "x"),
        Patience::of(4, &RetryBudget::default()),
    )
    .await;
    assert_eq!(exchange.reply.unwrap().text.as_deref(), Some("hi"));
    let attempts: Vec<_> = exchange
        .attempts
        .iter()
        .map(|attempt| (attempt.status, attempt.error.as_ref().map(|error| error.kind)))
        .collect();
    assert_eq!(
        attempts,
        [
            (Some(429), Some(ErrorKind::RateLimited)),
            (Some(503), Some(ErrorKind::Server)),
            (Some(200), None),
        ]
    );
    let bodies: Vec<_> = server.requests().into_iter().map(|request| request.body).collect();
    assert!(bodies.len() == 3 && bodies.iter().all(|body| body == &bodies[0]));
}
