//! Values in explanations, and when two of them are the same.

use serde_json::{Number, Value as Json};

use crate::domain::grader::CaseRule;

/// Longest explanation, in characters: two lines of a wide screen.
pub(super) const EXPLANATION_CHARS_MAX: usize = 300;
/// Longest value in an explanation, in characters, so that both sides fit.
const VALUE_CHARS_MAX: usize = 110;
/// Characters kept before the first difference of two long texts.
const LEAD_CHARS: usize = 20;

/// The first `chars_max` characters, with `…` for what was cut.
pub fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The text of a string, any other value as JSON.
pub(in crate::evals) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value as explanations show it: JSON, so that `"1"` and `1` differ, cut where it is long.
pub(super) fn shown(value: &Json) -> String {
    cut(&value.to_string(), VALUE_CHARS_MAX)
}

/// `expected "billing", got "general"`; long texts are shown from shortly before their first difference.
pub(super) fn expected_got(expected: &Json, got: &Json) -> String {
    let (Json::String(want), Json::String(have)) = (expected, got) else {
        return format!("expected {}, got {}", shown(expected), shown(got));
    };
    let alike = want.chars().zip(have.chars()).take_while(|(a, b)| a == b).count();
    let is_long = want.chars().count().max(have.chars().count()) > VALUE_CHARS_MAX;
    if !is_long || alike <= LEAD_CHARS {
        return format!("expected {}, got {}", shown(expected), shown(got));
    }
    let from_difference = |text: &str| -> Json { text.chars().skip(alike - LEAD_CHARS).collect::<String>().into() };
    let (want, have) = (from_difference(want), from_difference(have));
    format!(
        "differs from character {}: expected …{}, got …{}",
        alike + 1,
        shown(&want),
        shown(&have)
    )
}

/// `has the fields 'a', 'b'`, `is a text`, and so on.
pub(super) fn field_names(value: &Json) -> String {
    match value {
        Json::Object(fields) if fields.is_empty() => "is an empty object".into(),
        Json::Object(fields) => {
            let names: Vec<String> = fields.keys().map(|name| format!("'{}'", cut(name, 40))).collect();
            format!("has {}", names.join(", "))
        }
        Json::Array(items) => format!("is a list of {}", items.len()),
        Json::String(_) => "is a text".into(),
        other => format!("is {other}"),
    }
}

/// Whether two values are the same: numbers by value (`1` is `1.0`), objects whatever the order of their keys.
pub fn same(a: &Json, b: &Json, case: CaseRule) -> bool {
    match (a, b) {
        (Json::String(a), Json::String(b)) => same_text(a, b, case),
        (Json::Number(a), Json::Number(b)) => same_number(a, b),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, case)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b, case)))
        }
        _ => a == b,
    }
}

pub(super) fn same_text(a: &str, b: &str, case: CaseRule) -> bool {
    match case {
        CaseRule::Sensitive => a == b,
        CaseRule::Insensitive => a.to_lowercase() == b.to_lowercase(),
    }
}

/// Whole numbers exactly, since doubles cannot tell large ones apart.
fn same_number(a: &Number, b: &Number) -> bool {
    let is_whole = |n: &Number| n.is_i64() || n.is_u64();
    if is_whole(a) && is_whole(b) {
        a == b
    } else {
        a.as_f64() == b.as_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sameness_is_by_value() {
        for (a, b, is_same) in [
            (json!(1), json!(1.0), true),
            (json!("1"), json!(1), false),
            (
                json!(9_007_199_254_740_993_u64),
                json!(9_007_199_254_740_992_u64),
                false,
            ),
            (json!({ "a": 1, "b": [true] }), json!({ "b": [true], "a": 1.0 }), true),
            (json!({ "a": null }), json!({}), false),
            (json!([1, 2]), json!([2, 1]), false),
        ] {
            assert_eq!(same(&a, &b, CaseRule::Sensitive), is_same, "{a} {b}");
        }
        assert!(same(&json!("ÄB"), &json!("äb"), CaseRule::Insensitive));
        assert!(!same(&json!("ÄB"), &json!("äb"), CaseRule::Sensitive));
    }

    #[test]
    fn long_texts_are_shown_where_they_differ() {
        let want = json!(format!("{}yes{}", "é".repeat(200), "z".repeat(500)));
        let have = json!(format!("{}no", "é".repeat(200)));
        let text = expected_got(&want, &have);
        assert!(
            text.starts_with("differs from character 201: expected …\"éééé"),
            "{text}"
        );
        assert!(text.contains("éyesz") && text.contains("éno\""), "{text}");
        assert!(text.chars().count() <= EXPLANATION_CHARS_MAX);
        assert_eq!(cut("ééé", 3), "ééé");
        assert_eq!(cut("éééé", 3), "éé…");
    }
}
