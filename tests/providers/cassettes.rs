//! A cassette holds what went out and came back, and no key.

use std::path::Path;
use std::sync::Arc;

use pegbox::domain::json::JsonText;
use pegbox::domain::model::Setting;
use pegbox::domain::run::AnswerSource;
use pegbox::providers::cassette::Tape;
use pegbox::providers::{self, Environment, Provider};

use super::support::server::{Answer, Server};
use super::{KEY, endpoint, environment, request};

fn taped(environment: &Environment, base_url: &str, tape: &Tape) -> Arc<dyn Provider> {
    providers::connect_taped(environment, "openai", &endpoint(base_url), tape).unwrap()
}

/// A server that repeats the key in its body and in a header.
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
async fn no_key_is_on_a_cassette_wherever_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    for status in [200, 307, 400] {
        let server = echoing(status);
        let path = folder.path().join(format!("{status}.jsonl"));
        let provider = taped(&environment(), &server.base_url(), &Tape::record(&path).unwrap());
        let text = format!("is {KEY} my key?");
        let live = provider.answer(&request("m", &text)).await;
        assert!(
            server.requests()[0]
                .header("authorization")
                .is_some_and(|value| value.contains(KEY))
        );
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(!written.contains(KEY), "{written}");
        assert!(
            written.contains("***") && written.contains("chat/completions"),
            "{written}"
        );

        let player = taped(&environment(), &server.base_url(), &Tape::replay(&path).unwrap());
        assert_eq!(player.source(), AnswerSource::Replayed);
        let played = player.answer(&request("m", &text)).await;
        assert_eq!(played, live, "{status}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_real_host_is_played_without_a_key_and_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    let server = Server::queue([Answer::chat("hi")]);
    let recording = Tape::record(&path).unwrap();
    let live = taped(&environment(), &server.base_url(), &recording)
        .answer(&request("m", "x"))
        .await;
    drop(server);
    let player = taped(
        &Environment::default(),
        "https://models.invalid/v1",
        &Tape::replay(&path).unwrap(),
    );
    assert_eq!(
        player.answer(&request("m", "x")).await.unwrap().text,
        live.unwrap().text
    );
}

#[test]
fn what_speaks_no_http_is_not_taped() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::record(Path::new(&folder.path().join("tape.jsonl"))).unwrap();
    let refused = providers::connect_taped(&environment(), "simulated", &endpoint("http://localhost"), &tape);
    let error = refused.err().unwrap();
    assert!(error.message.contains("speaks no HTTP"), "{error}");
}

#[tokio::test]
async fn a_key_that_a_stream_sends_in_pieces_is_on_no_cassette() {
    let (begin, end) = KEY.split_at(KEY.len() / 2);
    let event = |text: &str| {
        let delta = serde_json::json!({"model": "m", "choices": [{"index": 0, "delta": {"content": text}}]});
        format!("data: {delta}\n\n")
    };
    let stop = serde_json::json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let body =
        event("you sent ") + &event(begin) + &event(end) + &event("!") + &format!("data: {stop}\n\ndata: [DONE]\n\n");
    // The first ends before the answer does, which is an error that keeps what came.
    let cut = event(begin) + &event(end);
    let folder = tempfile::tempdir().unwrap();
    for (name, body) in [("cut", cut), ("whole", body)] {
        let server = Server::queue([Answer::new(200, body).with_header("content-type", "text/event-stream")]);
        let path = folder.path().join(name);
        let mut asked = request("m", "hello");
        asked.model.provider_flags = vec![Setting {
            name: "stream".into(),
            value: JsonText::parse("true").unwrap(),
        }];
        let provider = taped(&environment(), &server.base_url(), &Tape::record(&path).unwrap());
        let live = provider.answer(&asked).await;
        let written = std::fs::read_to_string(&path).unwrap();
        for text in [&written, &format!("{live:?}")] {
            assert!(
                text.contains("***") && !text.contains(begin) && !text.contains(end),
                "{text}"
            );
        }
        let player = taped(&environment(), &server.base_url(), &Tape::replay(&path).unwrap());
        let played = player.answer(&asked).await;
        assert_eq!(played.map(|reply| reply.text).ok(), live.map(|reply| reply.text).ok());
    }
}
