//! The statistics give the reference values: those kept here, and those of any files named in `PEGBOX_VECTORS`
//! (a list of paths, separated as in `PATH`). A case for a function that is not known here is a failure, not a skip.

#[cfg(test)]
mod input;
#[cfg(test)]
mod planning;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod traffic;

#[cfg(test)]
use input::{Answer, Input};
#[cfg(test)]
use serde_json::{Value, json};

/// The functions of the reference: each must have its cases, so that none can go missing unseen.
#[cfg(test)]
const FUNCTIONS: usize = 75;

#[cfg(test)]
fn answer(function: &str, input: Input) -> Option<Answer> {
    rates::answer(function, input)
        .or_else(|| samples::answer(function, input))
        .or_else(|| tables::answer(function, input))
        .or_else(|| planning::answer(function, input))
        .or_else(|| traffic::answer(function, input))
}

/// How many cases a file has, for how many functions, and which of them differ.
#[cfg(test)]
fn check(file: &Value) -> (usize, usize, Vec<String>) {
    let cases = file["cases"].as_array().unwrap();
    let mut functions = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();
    for case in cases {
        let function = case["fn"].as_str().unwrap();
        functions.insert(function);
        let difference = match answer(function, Input(&case["in"])) {
            None => Err(format!("no function {function} here")),
            Some(answer) => compare(case, &answer),
        };
        if let Err(difference) = difference {
            wrong.push(format!("{}: {difference}", case["id"]));
        }
    }
    (cases.len(), functions.len(), wrong)
}

#[cfg(test)]
fn read(path: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn statistics_give_the_reference_values() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stats/reference.json");
    let (cases, functions, wrong) = check(&read(path.as_ref()));
    assert!(
        wrong.is_empty(),
        "{} of {cases} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!((cases, functions), (444, FUNCTIONS));
}

#[test]
fn statistics_give_the_values_of_further_files() {
    let more = std::env::var_os("PEGBOX_VECTORS").unwrap_or_default();
    for path in std::env::split_paths(&more).filter(|path| !path.as_os_str().is_empty()) {
        let (cases, functions, wrong) = check(&read(&path));
        println!("{}: {cases} cases for {functions} functions", path.display());
        assert!(
            wrong.is_empty(),
            "{} of {cases} cases differ:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert!(cases > 0, "{} has no case", path.display());
    }
}

#[test]
fn a_wrong_value_is_noticed() {
    let mut case = json!({"in": {}, "out": {"p": 0.5}, "tol": {"rel": 1e-9, "abs": 0.0}});
    assert!(compare(&case, &Ok(json!({"p": 0.5, "more": 1}))).is_ok());
    assert!(compare(&case, &Ok(json!({"p": 0.500_001}))).is_err());
    assert!(compare(&case, &Ok(json!({"p": null}))).is_err());
    assert!(compare(&case, &Ok(json!({}))).is_err());
    assert!(compare(&case, &Err("bad_p".to_owned())).is_err());
    case["err"] = json!("bad_p");
    assert!(compare(&case, &Err("bad_p".to_owned())).is_ok());
    assert!(compare(&case, &Err("bad_conf".to_owned())).is_err());
    assert!(compare(&case, &Ok(json!({"p": 0.5}))).is_err());
}

#[test]
fn a_wrong_list_and_an_unknown_function_are_noticed() {
    let tolerance = json!({"rel": 1e-9, "abs": 0.0});
    assert!(is_close(&json!([1, [0.5]]), &json!([1, [0.5]]), &tolerance));
    assert!(!is_close(&json!([1, [0.6]]), &json!([1, [0.5]]), &tolerance));
    assert!(!is_close(&json!([1, 2]), &json!([1]), &tolerance));
    assert!(!is_close(&json!(2), &json!(1), &json!({"rel": 9.0, "abs": 9.0})));
    assert!(!is_close(&json!("inf"), &json!(1e300), &tolerance));
    let file = json!({"cases": [{"id": "new-001", "fn": "new", "in": {}, "out": {}, "tol": tolerance}]});
    assert_eq!(check(&file).2.len(), 1);
}

/// Every value that the reference has; we may give more.
#[cfg(test)]
fn compare(case: &Value, answer: &Answer) -> Result<(), String> {
    match (answer, case["err"].as_str()) {
        (Err(got), Some(want)) if got == want => Ok(()),
        (Ok(got), None) => {
            for (key, want) in case["out"].as_object().unwrap() {
                let known = got.get(key).unwrap_or(&Value::Null);
                if !(got.get(key).is_some() && is_close(known, want, &case["tol"])) {
                    return Err(format!("{key} is {known}, should be {want}"));
                }
            }
            Ok(())
        }
        (got, want) => Err(format!("gave {got:?}, should give {}", want.unwrap_or("a value"))),
    }
}

#[cfg(test)]
fn is_close(got: &Value, want: &Value, tolerance: &Value) -> bool {
    match (got, want) {
        (Value::Number(got), Value::Number(want)) if want.is_f64() || got.is_f64() => {
            let (got, want) = (got.as_f64().unwrap(), want.as_f64().unwrap());
            let (rel, abs) = (
                tolerance["rel"].as_f64().unwrap_or(0.0),
                tolerance["abs"].as_f64().unwrap_or(0.0),
            );
            (got - want).abs() <= abs + rel * want.abs()
        }
        (Value::Array(got), Value::Array(want)) => {
            got.len() == want.len() && got.iter().zip(want).all(|(got, want)| is_close(got, want, tolerance))
        }
        (Value::Object(got), Value::Object(want)) => want
            .iter()
            .all(|(key, want)| got.get(key).is_some_and(|got| is_close(got, want, tolerance))),
        _ => got == want,
    }
}
