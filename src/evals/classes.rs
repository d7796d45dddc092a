//! Which class an example should have, and which its answer has.

use serde_json::Value as Json;

use super::path;
use crate::domain::example::ExampleContent;
use crate::domain::grader::CaseRule;
use crate::domain::metric::{ClassOf, FieldOf};
use crate::domain::outcome::Outcome;
use crate::domain::same::same;

/// Whether the example's expected value has the class. As for graders, an expected value that is no object stands for
/// the field itself.
pub(super) fn should_have(class: &ClassOf, example: &ExampleContent) -> bool {
    let Some(expected) = example.expected.as_ref().map(crate::domain::json::JsonText::value) else {
        return false;
    };
    let value = match &class.expected_field {
        None if !expected.is_object() => Some(&expected),
        renamed => path::at(&expected, renamed.as_deref().unwrap_or(&class.field)),
    };
    value.is_some_and(|value| is_class(value, &class.class))
}

/// Whether the answer has the class; an example without an answer has none.
pub(super) fn has(class: &ClassOf, outcome: &Outcome) -> bool {
    let Some(parsed) = outcome.parsed.as_ref().filter(|_| outcome.error.is_none()) else {
        return false;
    };
    path::at(&parsed.value(), &class.field).is_some_and(|value| is_class(value, &class.class))
}

/// Longest text of a class, in characters: a longer one is prose, and only its beginning counts.
const LABEL_CHARS_MAX: usize = 100;

/// The class that the example expects in a field; `None` where it expects none.
pub(super) fn truth(of: &FieldOf, example: &ExampleContent) -> Option<String> {
    let expected = example.expected.as_ref()?.value();
    match &of.expected_field {
        None if !expected.is_object() => label(&expected),
        renamed => label(path::at(&expected, renamed.as_deref().unwrap_or(&of.field))?),
    }
}

/// The class that the answer gives in a field; `None` where it gives none.
pub(super) fn answer(of: &FieldOf, outcome: &Outcome) -> Option<String> {
    let parsed = outcome.parsed.as_ref().filter(|_| outcome.error.is_none())?.value();
    label(path::at(&parsed, &of.field)?)
}

/// A text as it stands, anything else as JSON; `1` and `1.0` are one number.
fn label(value: &Json) -> Option<String> {
    let text = match value {
        Json::Null => return None,
        Json::String(text) => text.clone(),
        Json::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    };
    Some(text.chars().take(LABEL_CHARS_MAX).collect())
}

/// A class is written as plain text or as JSON: `billing`, `"billing"`, `true`, `1`.
fn is_class(value: &Json, class: &str) -> bool {
    value.as_str() == Some(class)
        || serde_json::from_str(class).is_ok_and(|class: Json| same(value, &class, CaseRule::Sensitive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_class_is_text_or_json() {
        for (value, class, is) in [
            (json!("billing"), "billing", true),
            (json!("billing"), "\"billing\"", true),
            (json!(true), "true", true),
            (json!("true"), "true", true),
            (json!(1.0), "1", true),
            (json!("Billing"), "billing", false),
            (json!(null), "", false),
        ] {
            assert_eq!(is_class(&value, class), is, "{value} {class}");
        }
    }
}
