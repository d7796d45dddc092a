//! Whether an example should have a class, and whether its answer has it.

use serde_json::Value as Json;

use super::graders::same;
use super::path;
use crate::domain::example::ExampleContent;
use crate::domain::grader::CaseRule;
use crate::domain::metric::ClassOf;
use crate::domain::outcome::Outcome;

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
