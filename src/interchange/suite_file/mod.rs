//! The suite file: graders, metrics, thresholds and the pass rule, in TOML; or the same keys in YAML or JSON.

#[cfg(test)]
mod judge_tests;
mod print;
mod print_grader;
mod print_judge;
mod read;
mod read_grader;
mod read_judge;
mod read_metric;
#[cfg(test)]
mod tests;

use super::format::SourceText;
use super::mark::DocumentFaults;
use super::table::parse_file;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{SuiteName, VersionId};
use crate::domain::suite::SuiteContent;

/// The hash of a judge that a file names, or why it cannot be one.
pub type JudgeHashes<'a> = &'a dyn Fn(&VersionId) -> Result<ContentHash, String>;

/// What a suite file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteFile {
    /// The suite that it is a version of.
    pub name: SuiteName,
    /// Its checks.
    pub content: SuiteContent,
}

impl SuiteFile {
    /// Reads a file of a suite without judges; the error names every fault with its entry, and its line where the file
    /// is not JSON.
    pub fn parse<'a>(source: impl Into<SourceText<'a>>) -> Result<Self, DocumentFaults> {
        Self::parse_with(source, &|judge| {
            Err(format!("there is no store that could have {judge}"))
        })
    }

    /// Reads a file; `judges` says the hashes of the judges that it names.
    pub fn parse_with<'a>(source: impl Into<SourceText<'a>>, judges: JudgeHashes<'_>) -> Result<Self, DocumentFaults> {
        parse_file(
            source.into(),
            |table, marks| read::read(table, judges, marks),
            |file| file.content.check(),
        )
    }

    /// The TOML text of the suite.
    pub fn print(&self) -> String {
        print::print(self)
    }
}
