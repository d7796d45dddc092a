//! Values in explanations.

use serde_json::Value as Json;

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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
