//! A key gets to the server that it is for, and nowhere else: not into the store, exports, backups, cassettes, output
//! or errors, whatever a server, a program or a mistake of the user does with it.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::desk::{Desk, KEY, Said, all_files};
use crate::support::server::{Answer, Received, Server};

/// What stands where the key was.
const MASK: &str = "***";

/// Traces of the key, in lower case: a part that is written alike in most spellings, and the same part escaped in JSON
/// or a URL, and in base64 at each of the three places where it can begin.
fn traces() -> Vec<String> {
    let part = "planted-0123";
    let mut traces = vec![part.to_owned()];
    traces.push(part.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\u{byte:04x}");
        text
    }));
    traces.push(part.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02x}");
        text
    }));
    for base64 in ["cGxhbnRlZC0wMTIz", "BsYW50ZWQtMDEyMz", "wbGFudGVkLTAxMj"] {
        traces.push(base64.to_lowercase());
    }
    traces
}

#[track_caller]
fn assert_clean(place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for trace in traces() {
        if let Some(at) = text.find(&trace) {
            let around: String = text
                .get(at.saturating_sub(100)..)
                .unwrap_or(&text)
                .chars()
                .take(300)
                .collect();
            panic!("{place} holds the key as {trace}: {around}");
        }
    }
}

#[track_caller]
fn assert_says_nothing(said: &Said) {
    assert_clean("stdout", said.stdout.as_bytes());
    assert_clean("stderr", said.stderr.as_bytes());
}

fn escaped(write: impl Fn(u8) -> String) -> String {
    KEY.bytes().map(write).collect()
}

/// `KEY` behind nothing, and behind one and two bytes of others.
const IN_BASE64: [&str; 3] = [
    "c2stcGxhbnRlZC0wMTIzNDU2Nzg5L2FiYysiZGVmXGdoaSZqa2w9",
    "YXNrLXBsYW50ZWQtMDEyMzQ1Njc4OS9hYmMrImRlZlxnaGkmamtsPQ==",
    "YWJzay1wbGFudGVkLTAxMjM0NTY3ODkvYWJjKyJkZWZcZ2hpJmprbD0=",
];

/// Everything that a server can do with what it was sent, by the number of the question.
fn echoes(question: usize) -> Answer {
    let in_json = json!(KEY).to_string();
    let said = |text: &str| {
        Answer::new(
            200,
            json!({ "choices": [{ "message": { "content": text } }] }).to_string(),
        )
    };
    match question {
        0 => said(&format!("yes, {KEY}, and {in_json}")),
        1 => Answer::new(400, json!({ "error": { "message": KEY, "code": KEY } }).to_string()),
        2 => Answer::new(401, format!("who is {KEY}?")),
        3 => Answer::new(
            500,
            format!(
                "{{\"error\":{{\"message\":\"{}\"}}}}",
                escaped(|byte| format!("\\u{byte:04X}"))
            ),
        ),
        4 => said(&escaped(|byte| format!("%{byte:02x}"))),
        5 => said(&IN_BASE64.join(" ")),
        6 => Answer::new(307, "").with_header("location", &format!("http://127.0.0.1:9/?key={}", escaped(percent))),
        7 => Answer::Broken {
            body: format!("{{\"error\":\"{KEY}").into_bytes(),
            sent: 10 + KEY.len() - 3,
        },
        8 => Answer::new(200, format!("{{\"broken\": {KEY}")),
        9 => Answer::new(429, "{}")
            .with_header("retry-after", KEY)
            .with_header("x-request-id", KEY)
            .with_header("x-ratelimit-limit-requests", KEY)
            .with_header("x-ratelimit-of-sk-planted-0123456789", "1"),
        10 => Answer::new(
            200,
            json!({
                "id": KEY, "model": KEY, "system_fingerprint": KEY,
                "choices": [{ "finish_reason": KEY, "message": { "content": null, "refusal": KEY } }],
            })
            .to_string(),
        ),
        11 => Answer::new(
            200,
            json!({ "choices": [{ "message": { "content": null, "tool_calls": [{
                "id": KEY, "type": "function", "function": { "name": KEY, "arguments": in_json },
            }] } }] })
            .to_string(),
        ),
        12 => said(&json!({ "nested": json!({ "key": KEY }).to_string() }).to_string()),
        13 => Answer::By(head_that_is_none),
        _ => said("yes"),
    }
}

fn percent(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    }
}

fn head_that_is_none(stream: &mut TcpStream) -> std::io::Result<()> {
    std::io::Write::write_all(stream, format!("HTTP/1.1 200 {KEY}\r\n{KEY}\r\n\r\n").as_bytes())
}

const QUESTIONS: usize = 15;

fn echoing() -> Server {
    Server::start(|request: &Received| {
        let text = request.body["messages"][0]["content"].as_str().unwrap_or_default();
        let question = text.strip_prefix("question ").and_then(|number| number.parse().ok());
        let is_stream = request.body["stream"] == Value::Bool(true);
        if is_stream {
            return stream();
        }
        question.map_or_else(|| Answer::new(404, ""), echoes)
    })
}

/// The key in two pieces, and an error with it.
fn stream() -> Answer {
    let (begin, end) = KEY.split_at(14);
    let piece = |text: &str| format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": text } }] }));
    let error = format!("data: {}\n\n", json!({ "error": { "message": KEY } }));
    Answer::new(200, piece(begin) + &piece(end) + &piece(KEY) + &error)
}

/// All that was written, and all that can be asked about it.
fn assert_nowhere(desk: &Desk, runs: u32) {
    let folder = |name: &str| desk.path(name).to_str().unwrap().to_owned();
    // What is compressed in the journal stands in the export as it is.
    for words in [
        vec!["store", "backup", &folder("backup")],
        vec!["store", "export", &folder("export")],
        vec!["store", "verify"],
        vec!["store", "stats"],
        vec!["status"],
        vec!["model", "list"],
        vec!["run", "list"],
    ] {
        assert_says_nothing(&desk.does(&words));
    }
    for run in (1..=runs).map(|run| format!("run_{run}")) {
        for words in [
            vec!["run", "show", &run],
            vec!["run", "failures", &run],
            vec!["lineage", &run],
        ] {
            assert_says_nothing(&desk.does(&words));
            assert_says_nothing(&desk.does(&[&words[..], &["--json"]].concat()));
        }
        for question in 0..QUESTIONS {
            let id = format!("q-{question}");
            assert_says_nothing(&desk.does(&["run", "case", &run, &id]));
            assert_says_nothing(&desk.does(&["run", "case", &run, &id, "--json"]));
        }
    }
    for (path, bytes) in all_files(desk.home.path()) {
        assert_clean(&path.display().to_string(), &bytes);
    }
}

#[test]
fn a_server_that_echoes_the_key_in_every_way_gets_it_recorded_in_none() {
    let (desk, server) = (Desk::new(QUESTIONS), echoing());
    let said = desk.asks(&server.base_url(), &["--record", "tape.jsonl", "--attempts", "2"]);
    assert_says_nothing(&said);
    let sent = server.requests();
    let with_key = format!("Bearer {KEY}");
    assert!(
        sent.iter()
            .all(|request| request.header("authorization") == Some(&with_key))
    );
    assert!(sent.len() >= QUESTIONS, "every answer was had");
    for question in [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12] {
        let outcome = desk.outcome(1, question).to_string();
        assert!(outcome.contains(MASK), "question {question}: {outcome}");
    }
    // Played back by somebody who does not have the key.
    let mut replay = desk.asking(&server.base_url(), &["--replay", "tape.jsonl", "--attempts", "2"]);
    let replayed = Said::of(&replay.env_remove("OPENAI_API_KEY").output().unwrap());
    assert_says_nothing(&replayed);
    assert_nowhere(&desk, 2);
}

#[test]
fn a_stream_that_echoes_the_key_in_pieces_gets_it_recorded_in_none() {
    let (desk, server) = (Desk::new(QUESTIONS), echoing());
    let said = desk.asks_changed(
        "name = \"house\"\n",
        "name = \"house\"\nprovider_flags = { stream = true }\n",
        "streams are told apart",
        &server.base_url(),
    );
    assert_says_nothing(&said);
    assert_eq!(server.requests()[0].body["stream"], true);
    assert!(desk.outcome(1, 0).to_string().contains(MASK));
    assert_nowhere(&desk, 1);
}

#[test]
fn a_program_that_prints_the_key_gets_it_recorded_in_none() {
    let desk = Desk::new(QUESTIONS);
    fs::write(
        desk.path("model.sh"),
        "read line\nprintf '%s\\n' \"$OPENAI_API_KEY\" >&2\nprintf '\"%s\"\\n' \"$OPENAI_API_KEY\"\n",
    )
    .unwrap();
    let said = desk.asks_changed("\"openai\"", "\"command\"", "a program answers", "/bin/sh model.sh");
    assert_says_nothing(&said);
    assert!(desk.outcome(1, 0).to_string().contains(MASK), "{said:#?}");
    assert_nowhere(&desk, 1);
}

#[test]
fn a_key_in_the_wrong_place_is_refused_and_not_repeated() {
    let desk = Desk::new(1);
    let plain = "sk-planted-0123456789";
    let on = |url: &str| {
        let mut command = desk.asking(url, &[]);
        Said::of(&command.env("OPENAI_API_KEY", plain).output().unwrap())
    };
    for url in [
        format!("http://127.0.0.1:9/{plain}/v1"),
        format!("http://{plain}@127.0.0.1:9/v1"),
        format!("http://127.0.0.1:9/v1?key={plain}"),
    ] {
        let said = on(&url);
        assert_eq!(said.code, Some(2), "{said:#?}");
        assert!(said.stderr.contains("\nhint: "), "{said:#?}");
        assert_says_nothing(&said);
    }
    // A header cannot carry a line break.
    let mut command = desk.asking("http://127.0.0.1:9/v1", &[]);
    let said = Said::of(
        &command
            .env("OPENAI_API_KEY", format!("{plain}\nand more"))
            .output()
            .unwrap(),
    );
    assert!(said.stderr.contains("OPENAI_API_KEY"), "{said:#?}");
    assert_says_nothing(&said);
    // It is no setting of the configuration, which says so without showing it.
    fs::write(
        desk.store().join("config.toml"),
        format!("openai.api_key = \"{plain}\"\n"),
    )
    .unwrap();
    let said = desk.says(&["status"]);
    assert!(said.code != Some(0) && said.stderr.contains("api_key"), "{said:#?}");
    assert_says_nothing(&said);
    fs::remove_file(desk.store().join("config.toml")).unwrap();
    assert!(desk.does(&["run", "list", "--json"]).stdout.contains("\"runs\": []"));
    for (path, bytes) in all_files(desk.home.path()) {
        assert_clean(&path.display().to_string(), &bytes);
    }
}
