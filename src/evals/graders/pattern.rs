//! A regular expression matches.

use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::words::{cut, shown};
use super::{Case, Fault, Finding};

/// Compiled size of the expression, in bytes: enough for any list of words, and no bomb.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// Memory for its states while it runs, in bytes.
const STATES_BYTES_MAX: usize = 2 << 20;

pub(super) struct Pattern {
    regex: Regex,
    field: Option<String>,
}

impl Pattern {
    pub(super) fn compile(pattern: &str, field: Option<String>) -> Result<Self, String> {
        let regex = RegexBuilder::new(pattern)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(STATES_BYTES_MAX)
            .build()
            .map_err(|error| format!("the pattern is not valid: {error}"))?;
        Ok(Self { regex, field })
    }

    pub(super) fn grade(&self, case: &Case) -> Finding {
        let text = match &self.field {
            None => case.answer.text.clone(),
            Some(field) => match case.answer_field(field)? {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            },
        };
        let pattern = cut(self.regex.as_str(), 100);
        if self.regex.is_match(&text) {
            Ok(format!("matches /{pattern}/"))
        } else {
            Err(Fault::answer(format!(
                "{} does not match /{pattern}/",
                shown(&Json::from(text))
            )))
        }
    }
}
