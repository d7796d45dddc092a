//! A regular expression matches.

use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::finding::{Fault, Finding};
use super::observed::Case;
use super::words::{cut, shown};

/// Compiled size of the expression, in bytes: enough for any list of words, and no bomb.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// Memory for its states while it runs, in bytes.
const STATES_BYTES_MAX: usize = 2 << 20;

pub(super) struct Pattern {
    regex: Regex,
    field: Option<String>,
}

/// Compiles an expression that cannot take much time or memory, whatever it is.
pub(in crate::evals) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(COMPILED_BYTES_MAX)
        .dfa_size_limit(STATES_BYTES_MAX)
        .build()
        .map_err(|error| format!("the pattern is not valid: {error}"))
}

impl Pattern {
    pub(super) fn compile(pattern: &str, field: Option<String>) -> Result<Self, String> {
        let regex = compile(pattern)?;
        Ok(Self { regex, field })
    }

    pub(super) fn grade(&self, case: &Case) -> Finding {
        let text = case.text_at(self.field.as_deref())?;
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
