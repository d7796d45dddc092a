//! A secret value: it can be sent, and nothing else.

use std::fmt;

/// An API key. It has no `Display` and no serialisation, and `Debug` hides it, so it cannot be printed or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps the text without the blank space around it; `None` where nothing is left, as in a variable set to nothing.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The value, for the request's header and for the redactor alone.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value_and_nothing_is_no_secret() {
        let secret = Secret::new(" sk-do-not-print\n").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(secret.expose(), "sk-do-not-print");
        assert_eq!(Secret::new(" \n"), None);
    }
}
