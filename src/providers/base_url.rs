//! Where requests go: checked once, so that no secret hides in it and errors can name it.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// An `http` or `https` URL without a password, a query or a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BaseUrl {
    url: Url,
}

impl BaseUrl {
    /// Checks the text; the error says what is wrong without repeating a password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|e| format!("the base URL is not valid: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("the base URL must begin with http:// or https:// and name a host".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the base URL carries a user name or password: set the key in the environment instead".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("the base URL has a query or a fragment: end it with its path, such as /v1".into());
        }
        Ok(Self { url })
    }

    /// The URL of these path segments below it, with this query.
    pub(super) fn join(&self, segments: &[String], query: &[(&'static str, String)]) -> Url {
        let mut url = self.url.clone();
        // The error is of a URL that cannot have a path; http and https ones always can.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The same with this path where it has none.
    #[must_use]
    pub(super) fn or_path(mut self, path: &str) -> Self {
        if self.has_no_path() {
            self.url.set_path(path);
        }
        self
    }

    /// Whether it names a host alone.
    pub(super) fn has_no_path(&self) -> bool {
        self.url.path().trim_matches('/').is_empty()
    }

    /// Whether it is a host that no other machine can be.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether what is sent can be read on the way.
    pub(super) fn is_readable_on_the_way(&self) -> bool {
        self.url.scheme() == "http" && !self.is_loopback()
    }

    /// The host.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_secrets_is_taken() {
        for (text, joined, loopback) in [
            (
                "https://api.openai.com/v1",
                "https://api.openai.com/v1/chat/completions",
                false,
            ),
            (
                "http://127.0.0.1:8080/v1/",
                "http://127.0.0.1:8080/v1/chat/completions",
                true,
            ),
            ("http://[::1]:8080", "http://[::1]:8080/chat/completions", true),
            ("http://localhost", "http://localhost/chat/completions", true),
            (
                "http://localhost.example.com",
                "http://localhost.example.com/chat/completions",
                false,
            ),
            (
                "http://10.0.0.5:8000/v1",
                "http://10.0.0.5:8000/v1/chat/completions",
                false,
            ),
        ] {
            let base_url = BaseUrl::parse(text).unwrap();
            let segments = ["chat".to_owned(), "completions".to_owned()];
            assert_eq!(base_url.join(&segments, &[]).as_str(), joined);
            assert_eq!(base_url.is_loopback(), loopback, "{text}");
        }
    }

    #[test]
    fn what_goes_into_a_path_or_query_cannot_leave_it() {
        let base_url = BaseUrl::parse("https://host.example").unwrap().or_path("/v1beta");
        let segments = ["models".to_owned(), "a/../b?c#d:generate".to_owned()];
        assert_eq!(
            base_url.join(&segments, &[("api-version", "1&x=2".into())]).as_str(),
            "https://host.example/v1beta/models/a%2F..%2Fb%3Fc%23d:generate?api-version=1%26x%3D2"
        );
        assert!(!base_url.or_path("/other").join(&[], &[]).as_str().contains("other"));
    }

    #[test]
    fn anything_else_is_refused_without_repeating_a_password() {
        for text in [
            "",
            "127.0.0.1:8080",
            "ftp://host/v1",
            "file:///etc/passwd",
            "https://user:hunter2@host/v1",
            "https://hunter2@host/v1",
            "https://host/v1?key=hunter2",
            "https://host/v1#hunter2",
        ] {
            let why = BaseUrl::parse(text).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
