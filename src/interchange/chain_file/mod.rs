//! The chain file: steps with their prompt versions, inputs and conditions, in TOML; or the same keys in YAML or JSON.

mod fit;
mod print;
mod read;
#[cfg(test)]
mod tests;

pub use fit::misfits;

use super::format::SourceText;
use super::mark::DocumentFaults;
use super::table::parse_file;
use crate::domain::chain::ChainContent;
use crate::domain::ids::{ChainName, VersionId};
use crate::domain::prompt::PromptContent;

/// Finds the prompt version that a step runs; `None` where there is none of this id.
pub type FindPrompt<'a> = &'a mut dyn FnMut(&VersionId) -> Option<PromptContent>;

/// What a chain file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainFile {
    /// The chain that it is a version of.
    pub name: ChainName,
    /// Its steps.
    pub content: ChainContent,
}

impl ChainFile {
    /// Reads a file whose steps fit the prompts that they run; the error names every fault with its entry, and its line
    /// where the file is not JSON.
    pub fn parse<'a>(source: impl Into<SourceText<'a>>, find_prompt: FindPrompt<'_>) -> Result<Self, DocumentFaults> {
        parse_file(
            source.into(),
            |table, marks| read::read(table, find_prompt, marks),
            |file| file.content.check(),
        )
    }

    /// The TOML text of the chain.
    pub fn print(&self) -> String {
        print::print(self)
    }
}
