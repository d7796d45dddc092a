//! Replies that are no answer: what kind of error, whether to try again, and when. One reader for all formats, since
//! each puts its error under `error` and gateways mix the rest.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value as Json;

use super::http::{HttpReply, excerpt};
use super::limits;
use super::retry::RETRY_AFTER_MAX;
use super::{ProviderError, Retry};
use crate::domain::outcome::ErrorKind;

/// Words of a 429 that waiting does not cure.
const USED_UP: [&str; 4] = [
    "insufficient_quota",
    "billing_error",
    "enforced_spend_limit_reached",
    "spend_limit_reached",
];
/// Words of errors that come without a status, inside a 200 or a stream, with the status that they stand for.
const WORD_STATUS: [(&str, u16); 16] = [
    ("rate_limit_error", 429),
    ("rate_limit_exceeded", 429),
    ("RESOURCE_EXHAUSTED", 429),
    ("overloaded_error", 529),
    ("UNAVAILABLE", 503),
    ("timeout_error", 504),
    ("DEADLINE_EXCEEDED", 504),
    ("api_error", 500),
    ("server_error", 500),
    ("INTERNAL", 500),
    ("authentication_error", 401),
    ("permission_error", 403),
    ("invalid_request_error", 400),
    ("invalid_prompt", 400),
    ("not_found_error", 404),
    ("insufficient_quota", 429),
];

/// The error that a body or an event of a stream carries, as far as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WireError {
    pub(super) message: Option<String>,
    /// A word such as `rate_limit_exceeded`; `type` or `status` where there is no such word.
    pub(super) word: Option<String>,
    /// A status that is told inside a 200.
    status: Option<StatusCode>,
    /// How long it asks to wait.
    retry_after: Option<Duration>,
    /// What is used up comes back tomorrow at the earliest.
    is_used_up: bool,
    /// The key is at fault, whatever the status says.
    is_key_fault: bool,
}

impl WireError {
    /// The status that it stands for, told or known by its word.
    fn status(&self) -> Option<StatusCode> {
        let by_word = || {
            let word = self.word.as_deref()?;
            let (_, code) = WORD_STATUS.iter().find(|(known, _)| *known == word)?;
            StatusCode::from_u16(*code).ok()
        };
        self.status.or_else(by_word)
    }
}

/// The error under `error`, or under the same in a list of one; `None` where there is none.
pub(super) fn wire_error(body: &Json) -> Option<WireError> {
    // Google wraps some errors in a list.
    let body = body.get(0).unwrap_or(body);
    Some(error_of(body.get("error").filter(|error| !error.is_null())?))
}

/// The error that this value is.
pub(super) fn error_of(error: &Json) -> WireError {
    let text = |name: &str| Some(error.get(name)?.as_str()?.to_owned());
    let code = error.get("code").and_then(Json::as_u64);
    let word = text("code").or_else(|| text("status"));
    // `error` is itself the type of an error event.
    let word = word.or_else(|| text("type").filter(|kind| kind != "error"));
    let details: Vec<&Json> = error
        .get("details")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .collect();
    let retry_delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str());
    let is_daily = details
        .iter()
        .filter_map(|detail| detail.get("violations")?.as_array())
        .flatten()
        .any(|violation| violation["quotaId"].as_str().is_some_and(|id| id.contains("PerDay")));
    let is_key_fault = details.iter().any(|detail| detail["reason"] == "API_KEY_INVALID");
    WireError {
        message: text("message").or_else(|| error.as_str().map(str::to_owned)),
        is_used_up: is_daily || word.as_deref().is_some_and(|word| USED_UP.contains(&word)),
        word,
        status: code.and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok()),
        retry_after: retry_delay.and_then(limits::short_duration),
        is_key_fault,
    }
}

/// The error of a reply that says it is one: by its status, or by an `error` of known kind in the body of a success.
/// `key_variable` is the one to set where the key is at fault.
pub(super) fn reported(reply: &HttpReply, body: Option<&Json>, key_variable: &str) -> Option<ProviderError> {
    let error = body.and_then(wire_error);
    let status = match (&error, reply.status.is_success()) {
        (_, false) => reply.status,
        (Some(error), true) => error.status().filter(|status| !status.is_success())?,
        (None, true) => return None,
    };
    let said = said(error.as_ref(), &reply.body);
    Some(failed(reply, status, &error.unwrap_or_default(), &said, key_variable))
}

/// The error that an event of a stream told.
pub(super) fn told(reply: &HttpReply, error: &WireError, key_variable: &str) -> ProviderError {
    // Without a known word it is the server that could not go on.
    let status = error.status().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let said = said(Some(error), &reply.body);
    failed(reply, status, error, &said, key_variable)
}

fn failed(reply: &HttpReply, status: StatusCode, error: &WireError, said: &str, key_variable: &str) -> ProviderError {
    let kind = if error.is_key_fault {
        ErrorKind::Auth
    } else {
        kind(status)
    };
    let retry = should_retry(&reply.headers).unwrap_or_else(|| retry_by_status(status, error));
    ProviderError {
        status: Some(reply.status.as_u16()),
        retry_after: retry_after(&reply.headers).or(error.retry_after).or_else(|| {
            let waits = limits::refused_for(&reply.headers).filter(|wait| *wait <= RETRY_AFTER_MAX);
            waits.filter(|_| kind == ErrorKind::RateLimited)
        }),
        raw: Some(reply.body.clone()),
        rate_limits: Box::new(limits::read(&reply.headers)),
        latency_ms: reply.latency_ms,
        ..ProviderError::new(kind, retry, explain(kind, status, said, key_variable))
    }
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

fn explain(kind: ErrorKind, status: StatusCode, said: &str, key_variable: &str) -> String {
    let code = status.as_u16();
    match (kind, code) {
        (ErrorKind::Auth, 403) => {
            format!("the key may not use this model: HTTP {code}: {said}: set another {key_variable}")
        }
        (ErrorKind::Auth, _) => format!("the key is missing or refused: HTTP {code}: {said}: set {key_variable}"),
        _ => format!("HTTP {code}: {said}"),
    }
}

fn kind(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 | 403 => ErrorKind::Auth,
        408 | 504 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::BadRequest,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::BadResponse,
    }
}

fn retry_by_status(status: StatusCode, error: &WireError) -> Retry {
    match status.as_u16() {
        429 if error.is_used_up => Retry::No,
        // Not implemented now, and not a second later.
        501 => Retry::No,
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
    let until = date(RETRY_AFTER.as_str())?;
    // A server that does not say its own time is taken to have ours.
    let wait = until.duration_since(date(DATE.as_str()).unwrap_or_else(Timestamp::now));
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests;
