//! What a provider says, in the headers of a reply, about how much more it takes.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap};

/// What is left of a provider's rate limits; `None` where it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimits {
    /// Requests that it still takes in this window.
    pub requests_left: Option<u64>,
    /// Tokens that it still takes in this window, of the scarcest kind that it counts.
    pub tokens_left: Option<u64>,
    /// Until a limit that is used up is whole again; where none is used up, until all are.
    pub resets_in: Option<Duration>,
}

/// One limit in each of the two spellings: `x-ratelimit-remaining-requests` and
/// `anthropic-ratelimit-requests-remaining`.
const REQUESTS: [(&str, &str); 2] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    (
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
];
const TOKENS: [(&str, &str); 4] = [
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    (
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ),
    (
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ),
    (
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
    ),
];

/// Reads the headers of either spelling; a value that cannot be read counts as not said.
pub(super) fn read(headers: &HeaderMap) -> RateLimits {
    let requests: Vec<_> = REQUESTS.iter().map(|names| limit(headers, *names)).collect();
    let tokens: Vec<_> = TOKENS.iter().map(|names| limit(headers, *names)).collect();
    let left = |limits: &[(Option<u64>, Option<Duration>)]| limits.iter().filter_map(|(left, _)| *left).min();
    let all = || requests.iter().chain(&tokens);
    let used_up = all()
        .filter(|(left, _)| *left == Some(0))
        .filter_map(|(_, reset)| *reset);
    RateLimits {
        requests_left: left(&requests),
        tokens_left: left(&tokens),
        resets_in: used_up.max().or_else(|| all().filter_map(|(_, reset)| *reset).max()),
    }
}

/// How long a refusal for too many requests lasts: until the limits that are used up are whole again, or, where the
/// headers say only when that is, until the first of them is.
pub(super) fn refused_for(headers: &HeaderMap) -> Option<Duration> {
    let limits: Vec<_> = REQUESTS
        .iter()
        .chain(&TOKENS)
        .map(|names| limit(headers, *names))
        .collect();
    let used_up = limits.iter().filter(|(left, _)| *left == Some(0));
    let says_left = limits.iter().any(|(left, _)| left.is_some());
    used_up.filter_map(|(_, reset)| *reset).max().or_else(|| {
        limits
            .iter()
            .filter_map(|(_, reset)| *reset)
            .min()
            .filter(|_| !says_left)
    })
}

/// Whether [`read`] looks at the header of this name.
pub(super) fn reads(name: &str) -> bool {
    let mut limits = REQUESTS.iter().chain(&TOKENS);
    name == DATE.as_str() || limits.any(|(left, reset)| [*left, *reset].contains(&name))
}

fn limit(headers: &HeaderMap, (left, reset): (&str, &str)) -> (Option<u64>, Option<Duration>) {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    // Some deployments say -1 for a limit that they do not have.
    let left = text(left).and_then(|text| text.parse().ok());
    (left, text(reset).and_then(|text| reset_in(text, headers)))
}

/// A duration such as `6m0s`, seconds, or a time that is compared with the server's own clock.
fn reset_in(text: &str, headers: &HeaderMap) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        let date = headers
            .get(DATE)
            .and_then(|date| rfc2822::parse(date.to_str().ok()?).ok());
        // A server that does not say its own time is taken to have ours.
        let now = date.map_or_else(Timestamp::now, |date| date.timestamp());
        return Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO));
    }
    short_duration(text)
}

/// The spelling of short durations that `OpenAI` and Google use: `1h2m3.5s`, `12ms`, `46s`.
pub(super) fn short_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = next;
    }
    (!text.is_empty())
        .then_some(seconds)
        .and_then(|s| Duration::try_from_secs_f64(s).ok())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn read_from(headers: &[(&'static str, &'static str)]) -> RateLimits {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        read(&headers.collect())
    }

    #[test]
    fn both_spellings_are_read() {
        let openai = read_from(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-remaining-tokens", "1500"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]);
        let expected = RateLimits {
            requests_left: Some(0),
            tokens_left: Some(1500),
            resets_in: Some(Duration::from_secs(1)),
        };
        assert_eq!(openai, expected);
        let anthropic = read_from(&[
            ("date", "Mon, 23 Nov 2026 06:03:09 GMT"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2026-11-23T06:03:10Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "9000"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-11-23T06:03:39Z"),
            ("anthropic-ratelimit-output-tokens-remaining", "800"),
        ]);
        let expected = RateLimits {
            requests_left: Some(49),
            tokens_left: Some(800),
            resets_in: Some(Duration::from_secs(30)),
        };
        assert_eq!(anthropic, expected);
    }

    #[test]
    fn what_cannot_be_read_is_not_said() {
        assert_eq!(read_from(&[]), RateLimits::default());
        let nonsense = read_from(&[
            ("x-ratelimit-remaining-requests", "-1"),
            ("x-ratelimit-remaining-tokens", "many"),
            ("x-ratelimit-reset-requests", "soon"),
            ("x-ratelimit-reset-tokens", "-3"),
        ]);
        assert_eq!(nonsense, RateLimits::default());
    }

    #[test]
    fn short_durations_are_read() {
        for (text, ms) in [
            ("12ms", Some(12)),
            ("1s", Some(1000)),
            ("6m0s", Some(360_000)),
            ("1h2m3.5s", Some(3_723_500)),
            ("46.25s", Some(46_250)),
            ("", None),
            ("s", None),
            ("12", None),
            ("3d", None),
        ] {
            assert_eq!(short_duration(text), ms.map(Duration::from_millis), "{text}");
        }
    }
}
