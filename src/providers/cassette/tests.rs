use super::*;

type Edit = fn(&mut TapedRequest);

fn request(body: &str) -> TapedRequest {
    TapedRequest {
        provider: None,
        base_url: "http://127.0.0.1:9/v1".into(),
        target: "chat/completions".into(),
        headers: BTreeMap::from([("anthropic-version".to_owned(), "2023-06-01".to_owned())]),
        body: body.into(),
    }
}

fn reply(body: &str) -> HttpReply {
    let mut headers = HeaderMap::new();
    headers.insert("x-ratelimit-remaining-requests", HeaderValue::from_static("7"));
    headers.insert("set-cookie", HeaderValue::from_static("session=1"));
    HttpReply {
        status: StatusCode::OK,
        headers,
        body: body.into(),
        is_utf8: true,
        latency_ms: 12,
    }
}

/// A cassette with these exchanges, and the folder that holds it.
fn recorded(exchanges: Vec<(&str, Result<HttpReply, ProviderError>)>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    let recorder = Recorder::create(&path).unwrap();
    for (body, came) in exchanges {
        recorder.keep(request(body), &came, Vec::new(), |text| {
            text.replace("sk-secret", "***")
        });
    }
    assert!(recorder.fault().is_none());
    (folder, path)
}

fn played(player: &Player, body: &str) -> Result<HttpReply, ProviderError> {
    player.answer(&request(body), &mut |_, _| ())
}

#[test]
fn the_same_request_gets_its_replies_in_order_and_each_once() {
    let (_folder, path) = recorded(vec![
        ("a", Ok(reply("one"))),
        ("b", Ok(reply("other"))),
        ("a", Ok(reply("two"))),
    ]);
    let player = Player::open(&path).unwrap();
    let texts: Vec<_> = ["a", "a", "b"].map(|body| played(&player, body).unwrap().body).into();
    assert_eq!(texts, ["one", "two", "other"]);
    let error = played(&player, "a").unwrap_err();
    assert!(
        error.message.contains("2 replies") && error.message.contains("nothing was sent"),
        "{error}"
    );
    let error = played(&player, "c").unwrap_err();
    assert!(error.message.contains("no reply to this request"), "{error}");
    assert_eq!((error.kind, error.retry), (ErrorKind::BadRequest, Retry::No));
}

#[test]
fn the_address_may_differ_and_nothing_else() {
    let (_folder, path) = recorded(vec![("a", Ok(reply("one")))]);
    let edits: [(Edit, bool); 4] = [
        (|request| request.base_url = "http://127.0.0.1:10/v1".into(), true),
        (|request| request.target.push_str("?api-version=2"), false),
        (|request| request.headers.clear(), false),
        (|request| request.body.push(' '), false),
    ];
    for (place, (edit, is_same)) in edits.into_iter().enumerate() {
        let player = Player::open(&path).unwrap();
        let mut changed = request("a");
        edit(&mut changed);
        assert_eq!(player.answer(&changed, &mut |_, _| ()).is_ok(), is_same, "{place}");
    }
}

#[test]
fn headers_that_matter_and_failures_come_back() {
    let slow = ProviderError::new(ErrorKind::Timeout, Retry::Yes, "no answer from localhost within 1 s");
    let (_folder, path) = recorded(vec![("a", Ok(reply("one"))), ("a", Err(slow.clone()))]);
    let player = Player::open(&path).unwrap();
    let headers = played(&player, "a").unwrap().headers;
    assert_eq!(headers.get("x-ratelimit-remaining-requests").unwrap(), "7");
    assert!(!headers.contains_key("set-cookie"));
    assert_eq!(played(&player, "a").unwrap_err(), slow);
}

#[test]
fn a_stream_comes_back_in_its_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    let recorder = Recorder::create(&path).unwrap();
    recorder.keep(request("a"), &Ok(reply("one two")), vec![(3, 4), (9, 3)], |text| text);
    // A masked key makes the body another length than what came.
    recorder.keep(request("b"), &Ok(reply("***")), vec![(3, 8)], |text| text);
    let player = Player::open(&path).unwrap();
    for (body, expected) in [("a", vec![("one ", 3), ("two", 9)]), ("b", vec![("***", 12)])] {
        let mut pieces = Vec::new();
        let mut take = |bytes: &[u8], at_ms| pieces.push((String::from_utf8_lossy(bytes).into_owned(), at_ms));
        player.answer(&request(body), &mut take).unwrap();
        let expected: Vec<_> = expected.into_iter().map(|(text, at)| (text.to_owned(), at)).collect();
        assert_eq!(pieces, expected, "{body}");
    }
}

#[test]
fn what_is_no_cassette_is_refused_and_none_is_written_over() {
    let (folder, path) = recorded(vec![("a", Ok(reply("one")))]);
    assert!(matches!(Recorder::create(&path), Err(CassetteError::Exists { .. })));
    let text = std::fs::read_to_string(&path).unwrap();
    let other = folder.path().join("other.jsonl");
    let open = |text: &str| {
        std::fs::write(&other, text).unwrap();
        Player::open(&other)
    };
    assert!(matches!(open("{\"rows\": 1}\n"), Err(CassetteError::Format { .. })));
    assert!(matches!(
        open(&text.replace(":1}\n", ":2}\n")),
        Err(CassetteError::Format { .. })
    ));
    assert!(matches!(
        open(&format!("{text}x\n")),
        Err(CassetteError::Line { line: 3, .. })
    ));
    let cut = text.trim_end().get(..text.len() - 5).unwrap();
    assert!(open(cut).unwrap().base_url().is_none(), "a half line is left out");
    assert_eq!(
        open(&text).unwrap().base_url().as_deref(),
        Some("http://127.0.0.1:9/v1")
    );
}
