//! A key goes out in one header and comes back nowhere.

use pegbox::providers::{self, Environment, Secret};

use super::support::server::{Answer, Server};
use super::{KEY, endpoint, environment, provider, request};

/// A server that repeats what it was sent.
fn echoing(status: u16) -> Server {
    Server::start(move |received| {
        let key = received.header("authorization").unwrap_or_default();
        let text = format!("you sent {key}");
        let body = serde_json::json!({
            "error": (status != 200).then_some(serde_json::json!({"message": text})),
            "choices": [{"message": {"content": text}}],
        });
        Answer::new(status, body.to_string()).with_header("location", &format!("http://{KEY}.example/"))
    })
}

#[tokio::test]
async fn a_server_that_repeats_the_key_does_not_get_it_recorded() {
    for status in [200, 307, 400, 401, 500] {
        let server = echoing(status);
        let result = provider(&server.base_url()).answer(&request("m", "x")).await;
        assert!(
            server.requests()[0]
                .header("authorization")
                .is_some_and(|value| value.contains(KEY))
        );
        let recorded = format!("{result:?}");
        assert!(!recorded.contains(KEY), "{recorded}");
        assert!(recorded.contains("***"), "{recorded}");
    }
}

#[test]
fn nothing_that_holds_a_key_prints_it() {
    let printed = format!("{:?}", environment());
    assert!(!printed.contains(KEY) && printed.contains("Secret(***)"), "{printed}");

    let key = Secret::new("sk-with\na-line-break").unwrap();
    let environment = Environment::default().with_key("OPENAI_API_KEY", key);
    let Err(error) = providers::connect_in(&environment, "openai", &endpoint("http://127.0.0.1:1/v1")) else {
        panic!("a header cannot carry that key")
    };
    assert!(!format!("{error:?}").contains("sk-with"), "{error:?}");
}

#[tokio::test]
async fn without_a_key_none_is_sent() {
    let server = Server::queue([Answer::chat("hi")]);
    let provider = providers::connect_in(&Environment::default(), "openai", &endpoint(&server.base_url())).unwrap();
    provider.answer(&request("m", "x")).await.unwrap();
    assert_eq!(server.requests()[0].header("authorization"), None);
}
