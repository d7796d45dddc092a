//! What was expected beside what was in the context and in the answer.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Evidence, kind_of};
use crate::domain::example::ExampleContent;
use crate::domain::grader::{ExpectedDocuments, GraderKind};
use crate::domain::json::JsonText;

/// Fields of an expected value that name documents, where no grader says which does.
const DOCUMENT_FIELDS: [&str; 3] = ["documents", "citations", "sources"];
/// Fewest words of an expected value that say whether the context has it.
const WORDS_MIN: usize = 3;
/// Shortest word that counts, in characters; numbers always do.
const WORD_CHARS_MIN: usize = 4;
/// Shortest expected text that may stand anywhere in an answer, in characters; a shorter one must be its last word.
const ANYWHERE_CHARS_MIN: usize = 3;

/// The first expected document that was not in the context.
pub(super) fn missing_document(evidence: &Evidence<'_>) -> Option<String> {
    let expected = evidence.example.expected.as_ref()?.value();
    let named = evidence
        .outcome
        .scores
        .iter()
        .find_map(|score| match kind_of(evidence, &score.grader) {
            Some(GraderKind::Citations { expected, .. }) => Some(expected),
            _ => None,
        });
    let ids = match named {
        Some(ExpectedDocuments::Free) => return None,
        Some(ExpectedDocuments::Whole) => ids(&expected),
        Some(ExpectedDocuments::Field(field)) => ids(expected.get(field)?),
        None => DOCUMENT_FIELDS
            .iter()
            .find_map(|field| expected.get(*field))
            .map(ids)
            .unwrap_or_default(),
    };
    let has = |id: &String| {
        evidence
            .outcome
            .documents
            .iter()
            .any(|document| document.id.trim() == id.trim())
    };
    ids.into_iter().find(|id| !has(id))
}

fn ids(value: &Json) -> Vec<String> {
    match value {
        Json::String(id) => vec![id.clone()],
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// How many words of what was expected stand in the input or a document.
pub(super) struct Covered {
    pub(super) found: usize,
    pub(super) words: usize,
}

/// `None` where there are no documents, or too few words to say anything: a class or a route is no text.
pub(super) fn covered(example: &ExampleContent) -> Option<Covered> {
    let documents = &example.context.documents;
    if documents.is_empty() {
        return None;
    }
    let expected = words(&example.expected.as_ref().map(JsonText::plain)?);
    if expected.len() < WORDS_MIN
        || example
            .expected
            .as_ref()
            .is_some_and(|value| !value.value().is_string())
    {
        return None;
    }
    let mut known = words(&example.input.plain());
    for document in documents {
        known.extend(words(&document.text));
    }
    Some(Covered {
        found: expected.intersection(&known).count(),
        words: expected.len(),
    })
}

fn words(text: &str) -> BTreeSet<String> {
    let counts = |word: &&str| word.chars().count() >= WORD_CHARS_MIN || word.contains(|c: char| c.is_ascii_digit());
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(counts);
    words.map(str::to_lowercase).collect()
}

/// Whether an expected text stands in an answer as whole words, and is not all of it.
pub(super) fn stands_in(answer: &str, expected: &str) -> bool {
    let (answer, expected) = (spaced(answer), spaced(expected));
    if expected.trim().is_empty() || answer == expected {
        return false;
    }
    if expected.trim().chars().count() < ANYWHERE_CHARS_MIN {
        return answer.ends_with(&expected);
    }
    answer.contains(&expected)
}

/// The words of a text in lower case, with one space before, between and after them.
fn spaced(text: &str) -> String {
    let text = text.to_lowercase();
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |text, word| text + word + " ")
}
