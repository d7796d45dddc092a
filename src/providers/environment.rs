//! What the environment says about providers. Read once, so that tests need not change the environment.

use std::collections::BTreeMap;

use super::secret::Secret;
use super::services;

/// Keys and endpoints by the names of their variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    keys: BTreeMap<String, Secret>,
    texts: BTreeMap<String, String>,
}

impl Environment {
    /// Reads the variables of this process that a provider may want. One that is empty or not Unicode counts as not
    /// set.
    pub fn read() -> Self {
        let mut environment = Self::default();
        for (name, text) in read_all(services::text_variables()) {
            environment = environment.with_text(name, &text);
        }
        for (name, text) in read_all(services::key_variables()) {
            if let Some(key) = Secret::new(&text) {
                environment = environment.with_key(name, key);
            }
        }
        environment
    }

    /// The same with this key.
    #[must_use]
    pub fn with_key(mut self, variable: &str, key: Secret) -> Self {
        self.keys.insert(variable.to_owned(), key);
        self
    }

    /// The same with this endpoint or other plain value; blank text counts as not set.
    #[must_use]
    pub fn with_text(mut self, variable: &str, text: &str) -> Self {
        if !text.trim().is_empty() {
            self.texts.insert(variable.to_owned(), text.trim().to_owned());
        }
        self
    }

    /// The first of these keys that is set.
    pub(super) fn key(&self, variables: &[&str]) -> Option<&Secret> {
        variables.iter().find_map(|name| self.keys.get(*name))
    }

    /// The first of these values that is set.
    pub(super) fn text(&self, variables: &[&str]) -> Option<&str> {
        variables
            .iter()
            .find_map(|name| self.texts.get(*name))
            .map(String::as_str)
    }

    /// Every key: what comes back from anywhere is cleaned of all of them.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Secret> {
        self.keys.values()
    }
}

fn read_all(names: impl Iterator<Item = &'static str>) -> impl Iterator<Item = (&'static str, String)> {
    names.filter_map(|name| Some((name, std::env::var(name).ok()?)))
}
