//! Takes secrets out of text that came back from a server, which may echo what it was sent.

use super::secret::Secret;

/// What stands where a secret stood.
const MASK: &str = "***";

/// Fewest bytes of a value that is masked: replacing a placeholder such as `none` would spoil answers.
const MASKED_BYTES_MIN: usize = 8;

/// Masks secrets. It has no `Debug`, since it holds what it hides.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    /// The secrets as they stand in plain text and in JSON strings, the longest first.
    spellings: Vec<String>,
}

impl Redactor {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let values = secrets
            .into_iter()
            .map(Secret::expose)
            .filter(|value| value.len() >= MASKED_BYTES_MIN);
        let mut spellings: Vec<String> = values.flat_map(spellings).collect();
        // A secret that begins with another must go first, or its end would stay.
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        spellings.dedup();
        Self { spellings }
    }

    /// The text without the secrets.
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

/// Plain, as a JSON string holds it, and as one that escapes slashes, which the standard permits.
fn spellings(value: &str) -> [String; 3] {
    let quoted = serde_json::Value::from(value).to_string();
    let in_json = quoted.trim_start_matches('"').trim_end_matches('"').to_owned();
    [in_json.replace('/', "\\/"), in_json, value.to_owned()]
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
    fn a_secret_that_begins_with_another_is_masked_whole() {
        let secrets = ["sk-12345678", "sk-12345678-and-more"].map(|text| Secret::new(text).unwrap());
        assert_eq!(
            Redactor::new(&secrets).clean("sk-12345678-and-more sk-12345678".into()),
            "*** ***"
        );
    }

    #[test]
    fn a_placeholder_is_no_secret() {
        let redactor = Redactor::new(Secret::new("none").as_ref());
        assert_eq!(redactor.clean("none of them".into()), "none of them");
        assert_eq!(Redactor::new(None).clean("text".into()), "text");
    }
}
