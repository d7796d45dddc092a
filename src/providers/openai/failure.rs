//! Replies that are no answer: what kind of error, whether to try again, and when.

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value as Json;

use crate::domain::outcome::ErrorKind;
use crate::providers::http::{HttpReply, excerpt};
use crate::providers::{ProviderError, Retry};

/// The code of a 429 that waiting does not cure.
const QUOTA_USED_UP: &str = "insufficient_quota";

/// The error in a body, as far as it is there.
struct WireError {
    message: Option<String>,
    /// A word such as `rate_limit_exceeded`; `type` where there is no such word.
    word: Option<String>,
    /// A status that a gateway reports inside a 200.
    status: Option<StatusCode>,
}

/// The error that a body carries under `error`; `None` where it carries none.
fn wire_error(body: &str) -> Option<WireError> {
    let body: Json = serde_json::from_str(body).ok()?;
    let error = body.get("error").filter(|error| !error.is_null())?;
    let text = |name: &str| Some(error.get(name)?.as_str()?.to_owned());
    let code = error.get("code").and_then(Json::as_u64);
    Some(WireError {
        message: text("message").or_else(|| error.as_str().map(str::to_owned)),
        word: text("code").or_else(|| text("type")),
        status: code.and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok()),
    })
}

/// The error of a reply that says it is one: by its status, or by an `error` in the body of a success.
pub(super) fn reported(reply: &HttpReply) -> Option<ProviderError> {
    let error = wire_error(&reply.body);
    let status = match (&error, reply.status.is_success()) {
        (_, false) => reply.status,
        (Some(error), true) => error.status.filter(|status| !status.is_success())?,
        (None, true) => return None,
    };
    let word = error.as_ref().and_then(|error| error.word.as_deref());
    let said = said(error.as_ref(), &reply.body);
    let retry = should_retry(&reply.headers).unwrap_or_else(|| retry_by_status(status, word));
    Some(ProviderError {
        status: Some(reply.status.as_u16()),
        retry_after: retry_after(&reply.headers),
        raw: Some(reply.body.clone()),
        latency_ms: reply.latency_ms,
        ..ProviderError::new(kind(status), retry, explain(status, &said))
    })
}

/// What the server says about it: the message and the word of its error, or else the beginning of the body.
fn said(error: Option<&WireError>, body: &str) -> String {
    let message = error.and_then(|error| error.message.as_deref()).map(excerpt);
    let word = error.and_then(|error| error.word.as_deref()).map(excerpt);
    match (message, word) {
        (Some(message), Some(word)) => format!("{message} ({word})"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) if body.trim().is_empty() => "no explanation".to_owned(),
        (None, None) => excerpt(body),
    }
}

fn explain(status: StatusCode, said: &str) -> String {
    let code = status.as_u16();
    match code {
        401 => format!("the key is missing or refused: HTTP {code}: {said}: set OPENAI_API_KEY"),
        403 => format!("the key may not use this model: HTTP {code}: {said}: set another OPENAI_API_KEY"),
        _ => format!("HTTP {code}: {said}"),
    }
}

fn kind(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 | 403 => ErrorKind::Auth,
        408 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::BadRequest,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::BadResponse,
    }
}

fn retry_by_status(status: StatusCode, word: Option<&str>) -> Retry {
    match status.as_u16() {
        429 if word == Some(QUOTA_USED_UP) => Retry::No,
        408 | 409 | 429 | 500.. => Retry::Yes,
        _ => Retry::No,
    }
}

/// What the server itself says about trying again.
fn should_retry(headers: &HeaderMap) -> Option<Retry> {
    match headers.get("x-should-retry")?.to_str().ok()? {
        "true" => Some(Retry::Yes),
        "false" => Some(Retry::No),
        _ => None,
    }
}

/// How long the server asks to wait: milliseconds, seconds, or a date, which is compared with the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let number = |name: &str| text(name)?.trim().parse::<f64>().ok();
    if let Some(ms) = number("retry-after-ms") {
        return Duration::try_from_secs_f64(ms / 1000.0).ok();
    }
    if let Some(seconds) = number(RETRY_AFTER.as_str()) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |name: &str| Some(rfc2822::parse(text(name)?.trim()).ok()?.timestamp());
    let wait = date(RETRY_AFTER.as_str())?.duration_since(date(DATE.as_str())?);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests;
