//! The suite file: graders, metrics, thresholds and the pass rule, in TOML; or the same keys in JSON, where the text
//! begins with `{`.

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

use super::mark::{DocumentFaults, Marks};
use super::table::{Table, parse_json, parse_toml};
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
    /// is TOML.
    pub fn parse(source: &str) -> Result<Self, DocumentFaults> {
        Self::parse_with(source, &|judge| {
            Err(format!("there is no store that could have {judge}"))
        })
    }

    /// Reads a file; `judges` says the hashes of the judges that it names.
    pub fn parse_with(source: &str, judges: JudgeHashes<'_>) -> Result<Self, DocumentFaults> {
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let mut marks = Marks::default();
        let entries = if source.trim_start().starts_with('{') {
            parse_json(source, &mut marks)
        } else {
            parse_toml(source, 1, &mut marks)
        };
        let suite = entries.and_then(|entries| read::read(Table::new("", None, &entries), judges, &mut marks));
        if let Some(suite) = &suite
            && !marks.has_errors()
            && let Err(error) = suite.content.check()
        {
            marks.domain_error(&error);
        }
        match suite {
            Some(suite) if !marks.has_errors() => Ok(suite),
            _ => Err(marks.into_faults()),
        }
    }

    /// The TOML text of the suite.
    pub fn print(&self) -> String {
        print::print(self)
    }
}
