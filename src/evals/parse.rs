//! Reads an answer's text as JSON, strictly: what a program behind the prompt could not read is not read here either.

use serde_json::Value as Json;

/// What an answer's text is as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The model's text.
    pub text: String,
    /// The whole text as JSON, blank space at both ends left out.
    pub parsed: Result<Json, String>,
}

impl Answer {
    /// Parses the text. JSON inside a Markdown code fence is no JSON: the error says that this is what was found, so
    /// that the prompt can be told to leave the fence out.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let parsed = serde_json::from_str(text.trim()).map_err(|error| fault(&text, &error));
        Self { text, parsed }
    }

    /// The same where somebody has made something of the text already.
    pub(super) fn read(text: String, parsed: Option<Json>) -> Self {
        match parsed {
            Some(value) => Self {
                text,
                parsed: Ok(value),
            },
            None => Self::new(text),
        }
    }
}

fn fault(text: &str, error: &serde_json::Error) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "not JSON: the answer is empty".into();
    }
    if let Some(inside) = fenced(text)
        && serde_json::from_str::<Json>(inside).is_ok()
    {
        return "not JSON: JSON inside a code fence".into();
    }
    if error.is_eof() {
        return format!("not JSON: it ends too early ({error})");
    }
    if text.starts_with(char::is_alphabetic) {
        let is_around = text.contains(['{', '[']);
        return format!("not JSON: {}", if is_around { "prose around it" } else { "plain text" });
    }
    format!("not JSON: {error}")
}

/// What stands between a first line of three backticks and a last one.
fn fenced(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("```")?.strip_suffix("```")?;
    inside.split_once('\n').map(|(_, body)| body.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_whole_text_is_json() {
        assert_eq!(Answer::new("  {\"a\": 1}\n").parsed, Ok(json!({ "a": 1 })));
        assert_eq!(Answer::new("\"billing\"").parsed, Ok(json!("billing")));
    }

    #[test]
    fn what_is_not_json_says_what_it_is() {
        for (text, why) in [
            ("", "not JSON: the answer is empty"),
            ("```json\n{\"a\":1}\n```", "not JSON: JSON inside a code fence"),
            ("```\n[1]\n```", "not JSON: JSON inside a code fence"),
            ("Sure! {\"a\":1}", "not JSON: prose around it"),
            (
                "{\"a\":",
                "not JSON: it ends too early (EOF while parsing a value at line 1 column 5)",
            ),
            ("{\"a\":1} {", "not JSON: trailing characters at line 1 column 9"),
            ("NaN", "not JSON: plain text"),
            (
                "-",
                "not JSON: it ends too early (EOF while parsing a value at line 1 column 1)",
            ),
        ] {
            assert_eq!(Answer::new(text).parsed, Err(why.to_owned()), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Answer::new(deep).parsed.is_err());
    }
}
