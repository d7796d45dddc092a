//! Dotted paths into JSON: `route`, `customer.plan`, `items.0.name`, `items[0].name`.

use serde_json::Value as Json;

/// What stands at the path; `None` where a step is missing. A field whose own name holds the dots wins.
pub fn at<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    let steps = path.split(['.', '[', ']']).filter(|step| !step.is_empty());
    steps.into_iter().try_fold(value, |place, step| match place {
        Json::Object(fields) => fields.get(step),
        Json::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn steps_are_fields_and_places() {
        let value = json!({ "a": { "b": [ { "c": 1 }, 2 ] }, "x.y": 3, "0": 4 });
        for (path, found) in [
            ("a.b.0.c", Some(json!(1))),
            ("a.b[0].c", Some(json!(1))),
            ("a.b.1", Some(json!(2))),
            ("x.y", Some(json!(3))),
            ("0", Some(json!(4))),
            ("a.b.2", None),
            ("a.b.-1", None),
            ("a.b.c", None),
            ("a.b.1.c", None),
            ("missing", None),
        ] {
            assert_eq!(at(&value, path), found.as_ref(), "{path}");
        }
        assert_eq!(at(&json!([5]), "0"), Some(&json!(5)));
        assert_eq!(at(&json!("text"), "a"), None);
    }
}
