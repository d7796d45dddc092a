//! The answer contains a text.

use serde_json::Value as Json;

use super::words::{cut, shown};
use super::{Case, Fault, Finding};
use crate::domain::grader::CaseRule;

pub(super) struct Contains {
    pub(super) text: Option<String>,
    pub(super) case: CaseRule,
}

impl Contains {
    pub(super) fn grade(&self, case: &Case) -> Finding {
        let wanted = match &self.text {
            Some(text) => text.clone(),
            None => match case.expected()? {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            },
        };
        let text = &case.answer.text;
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
