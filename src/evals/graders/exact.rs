//! The whole answer equals the expected value.

use serde_json::Value as Json;

use super::finding::{Fault, Finding};
use super::observed::Case;
use super::words::{expected_got, shown};
use crate::domain::grader::CaseRule;
use crate::domain::same::{same, same_text};

/// An expected text is compared with the answer's text; any other expected value with the answer as JSON.
pub(super) struct Exact {
    pub(super) case: CaseRule,
}

impl Exact {
    pub(super) fn grade(&self, case: &Case) -> Finding {
        let expected = case.expected()?;
        let (equal, got) = if let Json::String(text) = expected {
            let got = case.text().trim();
            (same_text(text.trim(), got, self.case), Json::from(got))
        } else {
            let got = case.parsed()?;
            (same(expected, got, self.case), got.clone())
        };
        if equal {
            Ok(format!("equals {}", shown(expected)))
        } else {
            Err(Fault::answer(expected_got(expected, &got)))
        }
    }
}
