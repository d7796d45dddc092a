//! Contract stub.
mod mark;
pub mod prompt_document {
    pub use super::mark::{LintMark, Severity};
}
/// Stub of the import types.
pub mod dataset_file {
    /// A malformed row.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RowFault {
        /// Line, from 1.
        pub line: u64,
        /// Why.
        pub reason: String,
    }
    /// What an import would read.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Preview {
        /// jsonl, csv, json.
        pub format: String,
        /// Columns found.
        pub columns: Vec<String>,
        /// target, source.
        pub mapping: Vec<(String, String)>,
        /// First rows as they would become examples.
        pub rows: Vec<crate::domain::example::Example>,
        /// Faults among them.
        pub faults: Vec<RowFault>,
    }
}
