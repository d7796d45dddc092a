//! When a step of a chain runs.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::grader::CaseRule;
use super::json::JsonText;
use super::same::same;
use super::value_path::ValuePath;

/// Most values that one condition names.
const VALUES_MAX: usize = 1_000;

/// A test of one value of the input or of an earlier step's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Where the value stands.
    pub path: ValuePath,
    /// What it must be.
    pub test: Test,
}

/// What a value must be. Nothing but [`Test::Missing`] holds for a value that is missing, as that of a skipped step is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// This one.
    Equals(JsonText),
    /// Another one.
    NotEquals(JsonText),
    /// One of these.
    OneOf(Vec<JsonText>),
    /// There, and not null.
    Exists,
    /// Not there, or null.
    Missing,
    /// A number of this or more.
    AtLeast(f64),
    /// A number of this or less.
    AtMost(f64),
    /// A larger number.
    Above(f64),
    /// A smaller number.
    Below(f64),
}

impl Test {
    /// Whether it holds for a value; `None` where nothing or null stands at its place.
    pub fn holds(&self, value: Option<&Json>) -> bool {
        let is = |expected: &JsonText, value: &Json| same(value, &expected.value(), CaseRule::Sensitive);
        let number = |compare: &dyn Fn(f64) -> bool| value.and_then(Json::as_f64).is_some_and(compare);
        match self {
            Self::Equals(expected) => value.is_some_and(|value| is(expected, value)),
            Self::NotEquals(expected) => value.is_some_and(|value| !is(expected, value)),
            Self::OneOf(all) => value.is_some_and(|value| all.iter().any(|expected| is(expected, value))),
            Self::Exists => value.is_some(),
            Self::Missing => value.is_none(),
            Self::AtLeast(bound) => number(&|value| value >= *bound),
            Self::AtMost(bound) => number(&|value| value <= *bound),
            Self::Above(bound) => number(&|value| value > *bound),
            Self::Below(bound) => number(&|value| value < *bound),
        }
    }
}

impl Condition {
    /// Says what is wrong with what it names.
    pub(super) fn check(&self) -> Result<(), String> {
        let named = match &self.test {
            Test::AtLeast(number) | Test::AtMost(number) | Test::Above(number) | Test::Below(number)
                if !number.is_finite() =>
            {
                return Err(format!("the condition on '{}': {number} is no number", self.path));
            }
            Test::Equals(value) | Test::NotEquals(value) => std::slice::from_ref(value),
            Test::OneOf(values) if values.is_empty() || values.len() > VALUES_MAX => {
                return Err(format!(
                    "the condition on '{}': name 1 to {VALUES_MAX} values",
                    self.path
                ));
            }
            Test::OneOf(values) => values,
            _ => &[],
        };
        let checked = named.iter().try_for_each(JsonText::check);
        checked.map_err(|error| format!("the condition on '{}': {error}", self.path))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.test {
            Test::Equals(value) => write!(f, "{path} = {value}"),
            Test::NotEquals(value) => write!(f, "{path} ≠ {value}"),
            Test::OneOf(values) => {
                let values: Vec<&str> = values.iter().map(JsonText::as_str).collect();
                write!(f, "{path} is one of {}", values.join(", "))
            }
            Test::Exists => write!(f, "{path} exists"),
            Test::Missing => write!(f, "{path} is missing"),
            Test::AtLeast(number) => write!(f, "{path} ≥ {number}"),
            Test::AtMost(number) => write!(f, "{path} ≤ {number}"),
            Test::Above(number) => write!(f, "{path} > {number}"),
            Test::Below(number) => write!(f, "{path} < {number}"),
        }
    }
}
