//! The answer is JSON that a schema accepts.

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value as Json;

use super::finding::{Fault, Finding};
use super::observed::Case;
use crate::domain::json::SourceJson;
use crate::domain::model::ResponseFormat;

/// Faults that an explanation names; a person fixes the first ones first.
const FAULTS_NAMED_MAX: usize = 3;
/// Compiled size of one pattern in a schema, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Steps back that a pattern with look-around may take, so that no answer can make it run for minutes.
const BACKTRACKS_MAX: usize = 100_000;

pub(in crate::evals) struct Schema {
    validator: Validator,
}

impl Schema {
    /// Compiles the grader's own schema, or the one that the prompt's answers must have.
    pub(in crate::evals) fn compile(own: Option<&SourceJson>, format: &ResponseFormat) -> Result<Self, String> {
        let schema = match (own, format) {
            (Some(schema), _) => schema.value(),
            (None, ResponseFormat::JsonSchema(named)) => named.schema.value(),
            (None, _) => {
                return Err("it has no schema, and the prompt's response format has none: name one of them".into());
            }
        };
        let patterns = PatternOptions::fancy_regex()
            .backtrack_limit(BACKTRACKS_MAX)
            .size_limit(PATTERN_BYTES_MAX);
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(patterns)
            .build(&schema)
            .map_err(|error| format!("the schema is not valid: {}", at_path(&error)))?;
        Ok(Self { validator })
    }

    pub(super) fn grade(&self, case: &Case) -> Finding {
        let parsed = case.parsed().map_err(Fault::into_verdict)?;
        match self.fault(parsed) {
            None => Ok("the schema accepts it".into()),
            Some(fault) => Err(Fault::answer(fault)),
        }
    }

    /// What the schema has against a value: its first faults.
    pub(in crate::evals) fn fault(&self, value: &Json) -> Option<String> {
        let mut errors = self.validator.iter_errors(value);
        let named: Vec<String> = errors
            .by_ref()
            .take(FAULTS_NAMED_MAX)
            .map(|error| at_path(&error))
            .collect();
        match (named.is_empty(), errors.count()) {
            (true, _) => None,
            (false, 0) => Some(named.join("; ")),
            (false, more) => Some(format!("{}; and {more} more", named.join("; "))),
        }
    }
}

/// `customer.plan: "gold" is not one of ...`.
fn at_path(error: &ValidationError) -> String {
    let path = error.instance_path().to_string();
    let path = path.trim_start_matches('/').replace('/', ".");
    if path.is_empty() {
        error.to_string()
    } else {
        format!("{path}: {error}")
    }
}
