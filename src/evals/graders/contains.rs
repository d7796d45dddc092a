//! The answer contains a text.

use serde_json::Value as Json;

use super::finding::{Fault, Finding};
use super::observed::Case;
use super::words::{cut, plain, shown};
use crate::domain::grader::CaseRule;

pub(super) struct Contains {
    pub(super) text: Option<String>,
    pub(super) case: CaseRule,
}

impl Contains {
    pub(super) fn grade(&self, case: &Case) -> Finding {
        let wanted = match &self.text {
            Some(text) => text.clone(),
            None => plain(case.expected()?),
        };
        let text = case.text();
        let found = match self.case {
            CaseRule::Sensitive => text.contains(&wanted),
            CaseRule::Insensitive => text.to_lowercase().contains(&wanted.to_lowercase()),
        };
        let wanted = shown(&Json::from(wanted));
        if found {
            Ok(format!("contains {wanted}"))
        } else {
            Err(Fault::answer(format!(
                "{wanted} is not in {}",
                shown(&Json::from(cut(text, 100)))
            )))
        }
    }
}
