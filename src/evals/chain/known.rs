//! What a chain knows when a step begins: the example's input, and what the steps before gave.

use serde_json::{Map, Value as Json};

use super::super::graders::cut;
use super::super::path;
use super::value_of;
use crate::domain::chain::{StepInput, StepValue};
use crate::domain::condition::Condition;
use crate::domain::json::JsonText;
use crate::domain::step::StepOutcome;
use crate::domain::value_path::{INPUT, ValuePath};

/// Longest value that an error shows, in characters.
const SHOWN_CHARS_MAX: usize = 80;

struct Output<'a> {
    step: &'a str,
    text: Option<String>,
    value: Option<Json>,
}

/// The input and the outputs so far.
pub(super) struct Known<'a> {
    input: Json,
    outputs: Vec<Output<'a>>,
}

impl<'a> Known<'a> {
    pub(super) fn new(input: Json) -> Self {
        Self {
            input,
            outputs: Vec::new(),
        }
    }

    /// Takes in what a step gave.
    pub(super) fn add(&mut self, step: &'a str, done: &StepOutcome) {
        self.outputs.push(Output {
            step,
            text: done.text.clone(),
            value: value_of(done),
        });
    }

    /// What stands at a path; `None` where nothing or null does, as for each path into a skipped step.
    pub(super) fn at(&self, path: &ValuePath) -> Option<Json> {
        let whole = if path.origin() == INPUT {
            Some(&self.input)
        } else {
            let output = self.outputs.iter().find(|output| output.step == path.origin())?;
            if path.is_text() {
                return output.text.as_deref().map(Json::from);
            }
            output.value.as_ref()
        };
        let found = match path.field() {
            Some(field) => path::at(whole?, field),
            None => whole,
        };
        found.filter(|value| !value.is_null()).cloned()
    }

    /// Whether every condition holds.
    pub(super) fn all_hold(&self, conditions: &[Condition]) -> bool {
        conditions
            .iter()
            .all(|condition| condition.test.holds(self.at(&condition.path).as_ref()))
    }

    /// The variables of a step's prompt; the error names the one that has no value.
    pub(super) fn inputs(&self, inputs: &[StepInput]) -> Result<Json, String> {
        let mut variables = Map::new();
        for input in inputs {
            let value = match &input.value {
                StepValue::Literal(value) => value.value(),
                StepValue::From { path, default } => self
                    .at(path)
                    .or_else(|| default.as_ref().map(JsonText::value))
                    .ok_or_else(|| self.missing(&input.variable, path))?,
            };
            variables.insert(input.variable.clone(), value);
        }
        Ok(Json::Object(variables))
    }

    fn missing(&self, variable: &str, path: &ValuePath) -> String {
        let output = self.outputs.iter().find(|output| output.step == path.origin());
        let there = match output {
            None if path.origin() == INPUT => self.input.to_string(),
            None => {
                return format!(
                    "input '{variable}': {path} is missing, since {} did not run",
                    path.origin()
                );
            }
            Some(output) => output.value.as_ref().map(Json::to_string).unwrap_or_default(),
        };
        format!(
            "input '{variable}': {path} is missing; {} is {}",
            path.origin(),
            cut(&there, SHOWN_CHARS_MAX)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::condition::Test;
    use serde_json::json;

    fn known(input: Json, outputs: &[(&'static str, &str, Option<Json>)]) -> Known<'static> {
        let output = |(step, text, value): &(&'static str, &str, Option<Json>)| Output {
            step,
            text: Some((*text).into()),
            value: value.clone().or_else(|| Some((*text).into())),
        };
        Known {
            input,
            outputs: outputs.iter().map(output).collect(),
        }
    }

    #[test]
    fn conditions_look_at_what_is_there() {
        let route = json!({ "topic": "billing", "sure": 0.8, "text": "own", "none": null });
        let known = known(
            json!({ "kind": "mail" }),
            &[("route", "raw", Some(route)), ("draft", "Dear", None)],
        );
        let text = JsonText::string;
        let cases: [(&str, Test, bool); 20] = [
            ("input.kind", Test::Equals(text("mail")), true),
            ("input.kind", Test::Equals(text("Mail")), false),
            ("input.kind", Test::NotEquals(text("chat")), true),
            ("input.other", Test::NotEquals(text("chat")), false),
            ("input.other", Test::Missing, true),
            ("route.none", Test::Missing, true),
            ("route.none", Test::Exists, false),
            ("route", Test::Exists, true),
            ("route.topic", Test::OneOf(vec![text("a"), text("billing")]), true),
            ("route.topic", Test::OneOf(vec![text("a")]), false),
            ("route.sure", Test::AtLeast(0.8), true),
            ("route.sure", Test::Above(0.8), false),
            ("route.sure", Test::AtMost(0.8), true),
            ("route.sure", Test::Below(0.8), false),
            ("route.topic", Test::AtLeast(0.0), false),
            ("route.text", Test::Equals(text("raw")), true),
            ("route[text]", Test::Equals(text("own")), true),
            ("draft", Test::Equals(text("Dear")), true),
            ("skipped.text", Test::Missing, true),
            ("skipped.text", Test::NotEquals(text("a")), false),
        ];
        for (path, test, expected) in cases {
            let condition = Condition {
                path: path.parse().unwrap(),
                test,
            };
            assert_eq!(
                known.all_hold(std::slice::from_ref(&condition)),
                expected,
                "{condition}"
            );
        }
    }

    #[test]
    fn a_missing_input_takes_its_default_or_is_named() {
        let known = known(json!("plain"), &[("route", "x", Some(json!({ "topic": 1 })))]);
        let from = |path: &str, default: Option<&str>| StepInput {
            variable: "v".into(),
            value: StepValue::From {
                path: path.parse().unwrap(),
                default: default.map(JsonText::string),
            },
        };
        let one = |input: StepInput| known.inputs(&[input]);
        assert_eq!(one(from("input", None)), Ok(json!({ "v": "plain" })));
        assert_eq!(one(from("route.topic", None)), Ok(json!({ "v": 1 })));
        assert_eq!(one(from("route.other", Some("d"))), Ok(json!({ "v": "d" })));
        assert_eq!(
            one(from("route.other", None)),
            Err("input 'v': route.other is missing; route is {\"topic\":1}".into())
        );
        assert_eq!(
            one(from("input.a", None)),
            Err("input 'v': input.a is missing; input is \"plain\"".into())
        );
        assert_eq!(
            one(from("other.a", None)),
            Err("input 'v': other.a is missing, since other did not run".into())
        );
    }
}
