//! One field of the parsed answer equals the expected one.

use super::finding::{Fault, Finding};
use super::observed::Case;
use super::words::{expected_got, shown};
use crate::domain::grader::CaseRule;
use crate::domain::same::same;

pub(super) struct Field {
    pub(super) field: String,
    pub(super) expected_field: Option<String>,
}

impl Field {
    pub(super) fn grade(&self, case: &Case) -> Finding {
        let expected = case.expected_field(&self.field, self.expected_field.as_deref())?;
        let got = case.answer_field(&self.field)?;
        if same(expected, got, CaseRule::Sensitive) {
            Ok(format!("{} is {}", self.field, shown(got)))
        } else {
            Err(Fault::answer(expected_got(expected, got)))
        }
    }
}
