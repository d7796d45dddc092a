//! When two values of data are the same.

use serde_json::{Number, Value as Json};

use super::grader::CaseRule;

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

/// Whether two texts are the same.
pub fn same_text(a: &str, b: &str, case: CaseRule) -> bool {
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
}
