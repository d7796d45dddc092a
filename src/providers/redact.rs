//! Takes a secret out of text that came back from a server, which may echo what it was sent.

use super::secret::Secret;

/// What stands where a secret stood.
const MASK: &str = "***";

/// Fewest bytes of a value that is masked: replacing a placeholder such as `none` would spoil answers.
const MASKED_BYTES_MIN: usize = 8;

/// Masks one secret. It has no `Debug`, since it holds what it hides.
pub(super) struct Redactor {
    /// The secret as it stands in plain text and in JSON strings, longest first.
    spellings: Vec<String>,
}

impl Redactor {
    pub(super) fn new(secret: Option<&Secret>) -> Self {
        let Some(value) = secret.map(Secret::expose).filter(|v| v.len() >= MASKED_BYTES_MIN) else {
            return Self { spellings: Vec::new() };
        };
        let quoted = serde_json::Value::from(value).to_string();
        let in_json = quoted.trim_start_matches('"').trim_end_matches('"').to_owned();
        // Some servers escape slashes in JSON, which the standard permits.
        let mut spellings = vec![in_json.replace('/', "\\/"), in_json, value.to_owned()];
        spellings.dedup();
        Self { spellings }
    }

    /// The text without the secret.
    pub(super) fn clean(&self, text: String) -> String {
        self.spellings.iter().fold(text, |text, spelling| {
            if text.contains(spelling) {
                text.replace(spelling, MASK)
            } else {
                text
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_masked() {
        let redactor = Redactor::new(Secret::new("sk/do\"not-print").as_ref());
        for (text, expected) in [
            ("key sk/do\"not-print!", "key ***!"),
            (r#"{"key":"sk/do\"not-print"}"#, r#"{"key":"***"}"#),
            (r#"{"key":"sk\/do\"not-print"}"#, r#"{"key":"***"}"#),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(redactor.clean(text.into()), expected);
        }
    }

    #[test]
    fn a_placeholder_is_no_secret() {
        let redactor = Redactor::new(Secret::new("none").as_ref());
        assert_eq!(redactor.clean("none of them".into()), "none of them");
        assert_eq!(Redactor::new(None).clean("text".into()), "text");
    }
}
