use reqwest::header::{HeaderName, HeaderValue};

use super::*;

fn reply(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> HttpReply {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    HttpReply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.collect(),
        body: body.into(),
        is_utf8: true,
        latency_ms: 5,
    }
}

fn reported(reply: &HttpReply) -> Option<ProviderError> {
    let body = serde_json::from_str(&reply.body).ok();
    super::reported(reply, body.as_ref(), "OPENAI_API_KEY")
}

#[test]
fn a_status_has_a_kind_and_may_be_tried_again() {
    for (status, kind, retry) in [
        (400, ErrorKind::BadRequest, Retry::No),
        (401, ErrorKind::Auth, Retry::No),
        (402, ErrorKind::BadRequest, Retry::No),
        (403, ErrorKind::Auth, Retry::No),
        (404, ErrorKind::BadRequest, Retry::No),
        (408, ErrorKind::Timeout, Retry::Yes),
        (409, ErrorKind::BadRequest, Retry::Yes),
        (422, ErrorKind::BadRequest, Retry::No),
        (429, ErrorKind::RateLimited, Retry::Yes),
        (500, ErrorKind::Server, Retry::Yes),
        (501, ErrorKind::Server, Retry::No),
        (503, ErrorKind::Server, Retry::Yes),
        (504, ErrorKind::Timeout, Retry::Yes),
        (529, ErrorKind::Server, Retry::Yes),
        (799, ErrorKind::BadResponse, Retry::Yes),
    ] {
        let error = reported(&reply(status, &[], "")).unwrap();
        assert_eq!((error.kind, error.retry), (kind, retry), "{status}");
        assert_eq!((error.status, error.latency_ms), (Some(status), 5));
    }
}

#[test]
fn the_server_has_the_last_word_on_trying_again() {
    let quota = r#"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#;
    assert_eq!(reported(&reply(429, &[], quota)).unwrap().retry, Retry::No);
    for (status, header, retry) in [
        (400, "true", Retry::Yes),
        (500, "false", Retry::No),
        (500, "perhaps", Retry::Yes),
    ] {
        let error = reported(&reply(status, &[("x-should-retry", header)], "")).unwrap();
        assert_eq!(error.retry, retry, "{status} {header}");
    }
}

#[test]
fn a_wait_is_read_in_every_spelling() {
    const NOW: (&str, &str) = ("date", "Mon, 23 Nov 2026 06:03:09 GMT");
    for (headers, ms) in [
        (&[("retry-after", "2")][..], Some(2000)),
        (&[("retry-after", "0.5")], Some(500)),
        (&[("retry-after", "20"), ("retry-after-ms", "250")], Some(250)),
        (&[("retry-after", "Mon, 23 Nov 2026 06:03:39 GMT"), NOW], Some(30_000)),
        (&[("retry-after", "Mon, 23 Nov 2026 06:00:00 GMT"), NOW], Some(0)),
        (&[("retry-after", "-1")], None),
        (&[("retry-after", "NaN")], None),
        (&[("retry-after", "soon")], None),
        (&[], None),
    ] {
        let error = reported(&reply(429, headers, "")).unwrap();
        assert_eq!(error.retry_after, ms.map(Duration::from_millis), "{headers:?}");
    }
}

#[test]
fn the_message_is_one_line_from_the_body() {
    for (status, body, message) in [
        (
            400,
            r#"{"error":{"message":"too\nlong","type":"invalid_request_error","param":null,"code":null}}"#,
            "HTTP 400: too long (invalid_request_error)",
        ),
        (
            429,
            r#"{"error":{"code":"rate_limit_exceeded"}}"#,
            "HTTP 429: rate_limit_exceeded",
        ),
        (404, r#"{"error":"model not found"}"#, "HTTP 404: model not found"),
        (
            502,
            "<html>\n <h1>Bad\u{1b}[31m gateway</h1>",
            "HTTP 502: <html> <h1>Bad [31m gateway</h1>",
        ),
        (500, "", "HTTP 500: no explanation"),
        (
            401,
            r#"{"error":{"message":"bad key","code":"invalid_api_key"}}"#,
            "the key is missing or refused: HTTP 401: bad key (invalid_api_key): set OPENAI_API_KEY",
        ),
    ] {
        assert_eq!(reported(&reply(status, &[], body)).unwrap().message, message);
    }
    let long = reported(&reply(500, &[], &"é".repeat(1000))).unwrap();
    assert!(long.message.ends_with('…') && long.message.chars().count() < 250);
}

#[test]
fn a_success_may_carry_an_error() {
    let gateway = r#"{"error":{"message":"upstream is overloaded","code":503}}"#;
    let error = reported(&reply(200, &[], gateway)).unwrap();
    assert_eq!(
        (error.kind, error.retry, error.status),
        (ErrorKind::Server, Retry::Yes, Some(200))
    );
    for (body, kind, retry) in [
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            ErrorKind::Server,
            Retry::Yes,
        ),
        (
            r#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"}}"#,
            ErrorKind::RateLimited,
            Retry::Yes,
        ),
        (
            r#"{"status":"failed","error":{"code":"invalid_prompt","message":"no"}}"#,
            ErrorKind::BadRequest,
            Retry::No,
        ),
    ] {
        let error = reported(&reply(200, &[], body)).unwrap();
        assert_eq!((error.kind, error.retry), (kind, retry), "{body}");
    }
    for body in [
        r#"{"error":null,"choices":[]}"#,
        r#"{"error":{"code":200}}"#,
        "{}",
        "prose",
    ] {
        assert_eq!(reported(&reply(200, &[], body)), None, "{body}");
    }
}

#[test]
fn google_says_in_the_body_how_long_to_wait_and_what_is_used_up() {
    let quota = |id: &str| {
        format!(
            r#"[{{"error":{{"code":429,"message":"Please retry in 46s.","status":"RESOURCE_EXHAUSTED","details":[
                {{"@type":"QuotaFailure","violations":[{{"quotaId":"{id}"}}]}},
                {{"@type":"RetryInfo","retryDelay":"46s"}}]}}}}]"#
        )
    };
    let error = reported(&reply(429, &[], &quota("GenerateRequestsPerMinute"))).unwrap();
    assert_eq!((error.kind, error.retry), (ErrorKind::RateLimited, Retry::Yes));
    assert_eq!(error.retry_after, Some(Duration::from_secs(46)));
    assert_eq!(error.message, "HTTP 429: Please retry in 46s. (RESOURCE_EXHAUSTED)");
    let error = reported(&reply(429, &[], &quota("GenerateRequestsPerDayPerProject"))).unwrap();
    assert_eq!(error.retry, Retry::No);

    let key = r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",
        "details":[{"@type":"ErrorInfo","reason":"API_KEY_INVALID"}]}}"#;
    let error = reported(&reply(400, &[], key)).unwrap();
    assert_eq!((error.kind, error.retry), (ErrorKind::Auth, Retry::No));
}

#[test]
fn the_limits_of_a_refusal_are_kept() {
    let error = reported(&reply(429, &[("x-ratelimit-remaining-requests", "0")], "")).unwrap();
    assert_eq!(error.rate_limits.requests_left, Some(0));
}

#[test]
fn a_refusal_that_only_says_when_its_limits_are_whole_is_waited_for() {
    let asked =
        |status, headers: &[(&'static str, &'static str)]| reported(&reply(status, headers, "")).unwrap().retry_after;
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let reset = ("x-ratelimit-reset-requests", "7s");
    assert_eq!(asked(429, &[reset]), seconds(7));
    assert_eq!(
        asked(429, &[reset, ("x-ratelimit-remaining-requests", "0")]),
        seconds(7)
    );
    assert_eq!(asked(429, &[reset, ("x-ratelimit-remaining-requests", "3")]), None);
    assert_eq!(asked(500, &[reset]), None);
    assert_eq!(
        asked(429, &[("x-ratelimit-reset-requests", "6m0s")]),
        None,
        "longer than a request waits"
    );
    let date = ("date", "Fri, 01 May 2026 12:00:00 GMT");
    let until = ("anthropic-ratelimit-requests-reset", "2026-05-01T12:00:09Z");
    assert_eq!(asked(429, &[date, until]), seconds(9));
    // Without a date of its own the server has our time, and this one is long past.
    assert_eq!(
        asked(429, &[("retry-after", "Fri, 01 May 2020 12:00:00 GMT")]),
        seconds(0)
    );
}
