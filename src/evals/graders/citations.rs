//! Every citation in the answer names a document of the example's context.

use regex::Regex;
use serde_json::Value as Json;

use super::finding::{Fault, Finding};
use super::observed::Case;
use super::pattern;
use super::words::{cut, shown};
use crate::domain::grader::{CitationSource, ExpectedDocuments};

/// Ids that an explanation names.
const IDS_NAMED_MAX: usize = 8;

enum Source {
    Field(String),
    Pattern(Regex),
}

pub(super) struct Citations {
    source: Source,
    at_least: u64,
    expected: ExpectedDocuments,
}

impl Citations {
    pub(super) fn compile(
        source: &CitationSource,
        at_least: u64,
        expected: &ExpectedDocuments,
    ) -> Result<Self, String> {
        let source = match source {
            CitationSource::Field(field) => Source::Field(field.clone()),
            CitationSource::Pattern(text) => {
                let regex = pattern::compile(text)?;
                // The whole match is a group too.
                if regex.captures_len() != 2 {
                    return Err("the pattern must have exactly one group, around the document's id".into());
                }
                Source::Pattern(regex)
            }
        };
        Ok(Self {
            source,
            at_least,
            expected: expected.clone(),
        })
    }

    pub(super) fn grade(&self, case: &Case) -> Finding {
        let expected = self.expected(case)?;
        let cited = self.cited(case)?;
        let documents = &case.example.context.documents;
        let has = |id: &&String| documents.iter().any(|document| document.id.trim() == id.as_str());
        if let Some(id) = expected.iter().find(|id| !has(id)) {
            return Err(Fault::retrieval(format!(
                "{} should be cited, but is not in the context: a retrieval problem",
                quoted(id)
            )));
        }
        let unknown: Vec<&String> = cited.iter().filter(|id| !has(id)).collect();
        if !unknown.is_empty() {
            let there = named(documents.iter().map(|document| document.id.as_str()));
            return Err(Fault::answer(format!(
                "cites {}, not in the context, which has {there}",
                named(unknown.into_iter().map(String::as_str))
            )));
        }
        let all = named(cited.iter().map(String::as_str));
        if let Some(id) = expected.iter().find(|id| !cited.contains(id)) {
            return Err(Fault::answer(format!("does not cite {}, but {all}", quoted(id))));
        }
        if (cited.len() as u64) < self.at_least {
            return Err(Fault::answer(format!(
                "cites {all}: at least {} different documents must be cited",
                self.at_least
            )));
        }
        Ok(format!("cites {all}"))
    }

    /// The ids that the answer cites, each once, in its order.
    fn cited(&self, case: &Case) -> Result<Vec<String>, Fault> {
        let mut cited = Vec::new();
        match &self.source {
            Source::Field(field) => {
                let value = case.answer_field(field)?;
                cited = ids(value).ok_or_else(|| {
                    Fault::nothing_there(format!("'{field}' holds no ids of documents: {}", shown(value)))
                })?;
            }
            Source::Pattern(regex) => {
                let found = regex.captures_iter(case.text()).filter_map(|groups| groups.get(1));
                cited.extend(found.map(|id| id.as_str().trim().to_owned()));
                cited.retain(|id| !id.is_empty());
            }
        }
        let mut seen = std::collections::HashSet::new();
        cited.retain(|id| seen.insert(id.clone()));
        Ok(cited)
    }

    fn expected(&self, case: &Case) -> Result<Vec<String>, Fault> {
        let expected = match &self.expected {
            ExpectedDocuments::Free => return Ok(Vec::new()),
            ExpectedDocuments::Whole => case.expected()?,
            ExpectedDocuments::Field(field) => case.expected_field(field, Some(field))?,
        };
        ids(expected).ok_or_else(|| {
            let value = shown(expected);
            Fault::label(format!(
                "the expected value holds no ids of documents: {value}: a label problem"
            ))
        })
    }
}

/// An id or a list of them; null is none. Numbers are ids too.
fn ids(value: &Json) -> Option<Vec<String>> {
    let one = |value: &Json| match value {
        Json::String(id) => Some(id.trim().to_owned()),
        Json::Number(id) => Some(id.to_string()),
        _ => None,
    };
    match value {
        Json::Null => Some(Vec::new()),
        Json::Array(items) => items.iter().map(one).collect(),
        other => Some(vec![one(other)?]),
    }
}

fn quoted(id: &str) -> String {
    format!("'{}'", cut(id, 40))
}

fn named<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = ids.len();
    let shown: Vec<String> = ids.take(IDS_NAMED_MAX).map(quoted).collect();
    match count {
        0 => "nothing".into(),
        _ if count > shown.len() => format!("{} and {} more", shown.join(", "), count - shown.len()),
        _ => shown.join(", "),
    }
}
