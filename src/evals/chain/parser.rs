//! What a step makes of the text of its answer.

use regex::Regex;
use serde_json::{Map, Value as Json, json};

use super::super::graders::{Schema, compile_pattern, cut};
use super::super::parse::Answer;
use crate::domain::chain::{StepParser, bare_label};
use crate::domain::model::ResponseFormat;

/// Longest answer that an error shows, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// A step's parser, ready to be used.
pub(super) enum Parser {
    Text,
    Json(Option<Box<Schema>>),
    Regex(Regex),
    Choice(Vec<String>),
}

impl Parser {
    pub(super) fn compile(parser: &StepParser) -> Result<Self, String> {
        Ok(match parser {
            StepParser::Text => Self::Text,
            StepParser::Json { schema: None } => Self::Json(None),
            StepParser::Json { schema } => {
                let schema = Schema::compile(schema.as_ref(), &ResponseFormat::Text)?;
                Self::Json(Some(Box::new(schema)))
            }
            StepParser::Regex { pattern } => Self::Regex(compile_pattern(pattern)?),
            StepParser::Choice { labels } => Self::Choice(labels.clone()),
        })
    }

    /// What it makes of a text; `None` where that is the text itself. The error says what was wrong with the text.
    pub(super) fn parse(&self, text: &str) -> Result<Option<Json>, String> {
        match self {
            Self::Text => Ok(None),
            Self::Json(schema) => {
                let value = Answer::new(text).parsed?;
                match schema.as_ref().and_then(|schema| schema.fault(&value)) {
                    Some(fault) => Err(format!("not what the schema asks for: {fault}")),
                    None => Ok(Some(value)),
                }
            }
            Self::Regex(regex) => match regex.captures(text) {
                Some(captures) => Ok(Some(captured(regex, &captures))),
                None => Err(format!("/{}/ does not match {}", cut(regex.as_str(), 100), shown(text))),
            },
            Self::Choice(labels) => {
                let bare = bare_label(text);
                match labels.iter().find(|label| bare_label(label) == bare) {
                    Some(label) => Ok(Some(json!({ "label": label }))),
                    None => Err(format!("{} is none of {}", shown(text), labels.join(", "))),
                }
            }
        }
    }
}

fn shown(text: &str) -> String {
    cut(&Json::from(text).to_string(), SHOWN_CHARS_MAX)
}

/// The named groups that took part; without any, the first group or the whole match as `match`.
fn captured(regex: &Regex, captures: &regex::Captures<'_>) -> Json {
    let named = regex.capture_names().flatten();
    let mut fields = Map::new();
    for name in named {
        if let Some(group) = captures.name(name) {
            fields.insert(name.to_owned(), group.as_str().into());
        }
    }
    if regex.capture_names().flatten().next().is_none() {
        let found = captures.get(1).or(captures.get(0));
        fields.insert("match".into(), found.map(|found| found.as_str()).into());
    }
    Json::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json::SourceJson;

    fn parsed(parser: &StepParser, text: &str) -> Result<Option<Json>, String> {
        Parser::compile(parser).unwrap().parse(text)
    }

    #[test]
    fn each_parser_gives_fields_or_says_why_not() {
        let schema = SourceJson::new(r#"{"type":"object","required":["topic"]}"#).unwrap();
        let strict = StepParser::Json { schema: Some(schema) };
        let any = StepParser::Json { schema: None };
        let regex = |pattern: &str| StepParser::Regex {
            pattern: pattern.into(),
        };
        let choice = StepParser::Choice {
            labels: vec!["Billing".into(), "technical".into()],
        };
        let good = [
            (&StepParser::Text, "any", None),
            (&any, " {\"a\":1} ", Some(json!({ "a": 1 }))),
            (&strict, "{\"topic\":1}", Some(json!({ "topic": 1 }))),
            (
                &regex(r"total: (\d+)"),
                "the total: 42.",
                Some(json!({ "match": "42" })),
            ),
            (&regex(r"\d+"), "the total: 42.", Some(json!({ "match": "42" }))),
            (
                &regex(r"(?<sum>\d+) (?<unit>eur)?"),
                "42 usd",
                Some(json!({ "sum": "42" })),
            ),
            (&choice, " \"billing\".\n", Some(json!({ "label": "Billing" }))),
        ];
        for (parser, text, value) in good {
            assert_eq!(parsed(parser, text), Ok(value), "{text}");
        }
        for (parser, text, why) in [
            (&any, "billing", "not JSON: plain text"),
            (&any, "", "not JSON: the answer is empty"),
            (
                &strict,
                "{}",
                "not what the schema asks for: \"topic\" is a required property",
            ),
            (&regex("[0-9]"), "none", "/[0-9]/ does not match \"none\""),
            (
                &choice,
                "billing or so",
                "\"billing or so\" is none of Billing, technical",
            ),
            (&choice, "", "\"\" is none of Billing, technical"),
        ] {
            assert_eq!(parsed(parser, text), Err(why.into()), "{text}");
        }
        assert!(Parser::compile(&regex("(")).is_err());
    }
}
