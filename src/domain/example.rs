//! An example: what goes in, what is expected, and what is known about it. A fix is a new example.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::hash::ContentHash;
use super::ids::{ExampleId, RunId};
use super::json::JsonText;
use super::outcome::OutcomePlace;

/// A document in an example's context, with the version that was retrieved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The document's id.
    pub id: String,
    /// Its version; empty where the source has none.
    pub version: String,
    /// Its text.
    pub text: String,
}

/// A canned result of a tool, so that tool use can be evaluated offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The tool's name.
    pub tool: String,
    /// What it answers.
    pub result: JsonText,
}

/// What stands around the input.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExampleContext {
    /// Retrieved documents.
    pub documents: Vec<Document>,
    /// Canned tool results.
    pub tool_results: Vec<ToolResult>,
}

/// The content of an example: what is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExampleContent {
    /// Its id within the dataset.
    pub id: ExampleId,
    /// What fills the prompt: an object gives a variable for each of its fields, a plain value is `{{ input }}`.
    pub input: JsonText,
    /// What the answer should be: an object is compared field by field.
    pub expected: Option<JsonText>,
    /// Free labels.
    pub labels: Vec<String>,
    /// Named facts by which results are sliced.
    pub metadata: BTreeMap<String, String>,
    /// Documents and canned tool results.
    pub context: ExampleContext,
}

/// Where an example came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExampleSource {
    /// A line (or row) of a file.
    Imported {
        /// The file's name.
        file: String,
        /// Counts from 1.
        line: u64,
    },
    /// An edit of an earlier example.
    Edited {
        /// The content hash of the earlier one.
        from: ContentHash,
    },
    /// A case that failed in a run and was kept.
    FailedCase {
        /// The run.
        run: RunId,
        /// The example there.
        example: ExampleId,
    },
    /// The expected value is the one that a person's label gives.
    Labelled {
        /// The content hash of the earlier example.
        from: ContentHash,
        /// The run in which it was labelled.
        run: RunId,
        /// The outcome there.
        place: OutcomePlace,
        /// The label's number among those of that outcome.
        number: u32,
    },
}

/// One immutable example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// What it holds.
    pub content: ExampleContent,
    /// SHA-256 over the canonical JSON of `content`.
    pub content_hash: ContentHash,
    /// Where it came from.
    pub source: ExampleSource,
}

impl Example {
    /// Hashes the content.
    pub fn new(content: ExampleContent, source: ExampleSource) -> Result<Self, DomainError> {
        let content_hash = ContentHash::of(&content)?;
        Ok(Self {
            content,
            content_hash,
            source,
        })
    }

    /// Checks that the content is the one that was hashed.
    pub fn verify(&self) -> Result<(), DomainError> {
        super::version::verify_hash(&self.content.id, self.content_hash, ContentHash::of(&self.content)?)
    }
}
