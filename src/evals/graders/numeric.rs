//! A number is near the expected one.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::finding::{Fault, Finding};
use super::observed::Case;
use super::words::shown;

/// Passes where the difference is at most the larger of the absolute and the relative tolerance.
pub(super) struct Numeric {
    pub(super) field: Option<String>,
    pub(super) expected_field: Option<String>,
    pub(super) absolute: f64,
    pub(super) relative: f64,
}

impl Numeric {
    pub(super) fn grade(&self, case: &Case) -> Finding {
        let want = self.wanted(case)?;
        let got = match &self.field {
            Some(field) => case.answer_field(field)?.clone(),
            None => Json::from(case.text()),
        };
        let got = number(&got)
            .ok_or_else(|| Fault::nothing_there(format!("expected {want}, got no number: {}", shown(&got))))?;
        let allowed = self.absolute.max(self.relative * want.abs());
        let difference = (got - want).abs();
        if difference <= allowed {
            Ok(format!("{got} is within {allowed} of {want}"))
        } else {
            Err(Fault::answer(format!(
                "expected {want} within {allowed}, got {got}: off by {difference}"
            )))
        }
    }

    fn wanted(&self, case: &Case) -> Result<f64, Fault> {
        let expected = case.expected_at(self.field.as_deref(), self.expected_field.as_deref())?;
        number(expected).ok_or_else(|| {
            Fault::label(format!(
                "the expected value {} holds no number: a label problem",
                shown(expected)
            ))
        })
    }
}

/// A JSON number, or the last number in a text.
fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => last_number(text),
        _ => None,
    }
}

/// Whole part with or without commas at the thousands, fraction, exponent. The sign is looked for separately.
static NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+").ok());

/// The last number in a text. A hyphen before it is its sign, except between two words or numbers, as in `3-5`.
fn last_number(text: &str) -> Option<f64> {
    let found = NUMBER.as_ref()?.find_iter(text).last()?;
    let digits: String = found.as_str().chars().filter(|c| *c != ',').collect();
    let mut before = text.get(..found.start())?.chars().rev();
    let is_negative = matches!(before.next(), Some('-' | '−')) && !before.next().is_some_and(char::is_alphanumeric);
    let number: f64 = digits.parse().ok()?;
    let number = if is_negative { -number } else { number };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_of_a_text() {
        for (text, number) in [
            ("3 + 4 = 7.", Some(7.0)),
            ("#### 1,234.50", Some(1234.5)),
            ("it is -4", Some(-4.0)),
            ("it is −4", Some(-4.0)),
            ("pages 3-5", Some(5.0)),
            ("1e3", Some(1000.0)),
            (".5", Some(0.5)),
            ("costs $1,200, about 12%", Some(12.0)),
            ("1,2", Some(2.0)),
            ("none", None),
            ("1e999", None),
            ("٣", None),
        ] {
            assert_eq!(last_number(text), number, "{text}");
        }
    }
}
