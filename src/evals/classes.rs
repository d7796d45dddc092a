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
    given(&class.field, outcome).is_some_and(|value| is_class(&value, &class.class))
}

/// Whether a field is the whole answer: a class that is given as plain text, or as JSON that is no object.
pub(super) fn is_whole(field: &str) -> bool {
    matches!(field, "" | ".")
}

/// What the answer gives in a field; `None` for an example without an answer, too.
fn given(field: &str, outcome: &Outcome) -> Option<Json> {
    if outcome.error.is_some() {
        return None;
    }
    let parsed = outcome.parsed.as_ref().map(crate::domain::json::JsonText::value);
    if is_whole(field) {
        let text = || outcome.text.as_deref().map(|text| Json::from(text.trim()));
        return parsed.or_else(text);
    }
    path::at(&parsed?, field).cloned()
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
    label(&given(&of.field, outcome)?)
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
    fn the_whole_answer_may_be_the_class() {
        let example = crate::evals::samples::example(1, "\"billing\"", "x");
        for field in ["", "."] {
            let of = FieldOf {
                field: field.into(),
                expected_field: None,
                labels: Vec::new(),
            };
            let class = ClassOf {
                field: field.into(),
                expected_field: None,
                class: "billing".into(),
            };
            assert_eq!(truth(&of, &example).as_deref(), Some("billing"));
            for text in ["billing\n", "\"billing\""] {
                let outcome = crate::evals::samples::outcome(1, text, &[]);
                assert_eq!(answer(&of, &outcome).as_deref(), Some("billing"), "{text}");
                assert!(has(&class, &outcome) && should_have(&class, &example), "{text}");
            }
            assert_eq!(answer(&of, &crate::evals::samples::failed_outcome(1)), None);
        }
    }

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
