//! Where the providers of a run are asked, as the one text that its settings keep: `http://host/v1`, which is that of
//! the provider that is asked, or `anthropic=https://host openai=http://host/v1`, where there are several.

use super::run::RunSettings;

/// The endpoints that a text names by provider, in its order; none where it is a single endpoint.
pub fn named_endpoints(text: &str) -> Vec<(&str, &str)> {
    let mut starts = Vec::new();
    let mut from = 0;
    for word in text.split_inclusive(' ') {
        starts.extend(provider_of(word).map(|provider| (from, provider)));
        from += word.len();
    }
    // What does not begin with a provider is one endpoint, such as a program with its arguments.
    if starts.first().is_none_or(|(at, _)| *at > 0) {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    let named = starts.iter().zip(ends).filter_map(|((at, provider), end)| {
        let endpoint = text.get(at + provider.len() + 1..end)?;
        Some((*provider, endpoint.trim()))
    });
    named.collect()
}

/// The name before `=`.
fn provider_of(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

/// The text of several endpoints, in the order of the providers.
pub fn endpoints_text(mut endpoints: Vec<(String, String)>) -> Option<String> {
    endpoints.sort();
    let named: Vec<String> = endpoints.iter().map(|(of, url)| format!("{of}={url}")).collect();
    (!named.is_empty()).then(|| named.join(" "))
}

/// What a run keeps: what was given, and of several providers also where the others are asked.
pub fn kept_endpoints(given: Option<String>, connected: Option<String>) -> Option<String> {
    let (Some(given), Some(connected)) = (&given, &connected) else {
        return given.or(connected);
    };
    let (mut kept, others) = (named_endpoints(given), named_endpoints(connected));
    if kept.is_empty() || others.is_empty() {
        return Some(given.clone());
    }
    let missing = others
        .into_iter()
        .filter(|(of, _)| kept.iter().all(|(known, _)| known != of));
    kept.extend(missing.collect::<Vec<_>>());
    let owned = kept.into_iter().map(|(of, url)| (of.to_owned(), url.to_owned()));
    endpoints_text(owned.collect())
}

impl RunSettings {
    /// Where this provider is asked: what is named for it, or the one endpoint of all.
    pub fn endpoint_of(&self, provider: &str) -> Option<&str> {
        let text = self.base_url.as_deref()?;
        let named = named_endpoints(text);
        if named.is_empty() {
            return Some(text);
        }
        named.into_iter().find(|(of, _)| *of == provider).map(|(_, url)| url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str) -> RunSettings {
        RunSettings {
            base_url: Some(base_url.into()),
            ..RunSettings::default()
        }
    }

    #[test]
    fn a_single_endpoint_is_that_of_whoever_is_asked() {
        for text in ["http://host:1/v1?a=b", "/opt/model run=fast", "http://host/a=b c=d"] {
            assert_eq!(named_endpoints(text), []);
            assert_eq!(settings(text).endpoint_of("openai"), Some(text));
        }
        assert_eq!(RunSettings::default().endpoint_of("openai"), None);
    }

    #[test]
    fn several_are_named_by_provider() {
        let named = [
            ("openai", "http://one/v1?x=1"),
            ("command", "/opt/a b"),
            ("anthropic", ""),
        ];
        let text = "openai=http://one/v1?x=1 command=/opt/a b anthropic=";
        assert_eq!(named_endpoints(text), named);
        assert_eq!(settings(text).endpoint_of("command"), Some("/opt/a b"));
        assert_eq!(settings(text).endpoint_of("google"), None);
        let again = endpoints_text(named.map(|(of, url)| (of.to_owned(), url.to_owned())).into());
        assert_eq!(
            again.as_deref(),
            Some("anthropic= command=/opt/a b openai=http://one/v1?x=1")
        );
        assert_eq!(endpoints_text(Vec::new()), None);
    }

    #[test]
    fn a_run_keeps_what_was_given_and_where_the_others_are_asked() {
        let kept = |given: Option<&str>, connected: Option<&str>| {
            kept_endpoints(given.map(str::to_owned), connected.map(str::to_owned))
        };
        let both = "anthropic=https://two openai=http://one";
        assert_eq!(kept(None, None), None);
        assert_eq!(kept(None, Some(both)).as_deref(), Some(both));
        assert_eq!(
            kept(Some("http://one/"), Some("http://one")).as_deref(),
            Some("http://one/")
        );
        let with_judge = kept(Some("google=http://judge openai=http://one"), Some(both));
        assert_eq!(
            with_judge.as_deref(),
            Some("anthropic=https://two google=http://judge openai=http://one")
        );
    }
}
