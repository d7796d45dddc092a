//! The form that asks why a version is made.

use crate::domain::ids::PromptName;
use crate::domain::reason::Reason;
use crate::domain::version::ChangeKind;
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::workbench::CommitReason;

/// Comes back with the filled form.
pub const COMMIT_TAG: &str = "commit";

/// The form, with what was filled in last time it was sent.
pub fn form(prompt: &PromptName, last: Option<&CommitReason>) -> Form {
    let kinds = ChangeKind::ALL.iter().map(|kind| kind.as_str().replace('_', " "));
    let selected = ChangeKind::ALL
        .iter()
        .position(|kind| last.is_some_and(|last| last.kind == *kind));
    let text = last.map_or("", |last| &last.text);
    let link = last.and_then(|last| last.link.as_deref()).unwrap_or_default();
    Form {
        tag: COMMIT_TAG,
        title: format!("Save a version of {prompt}"),
        notes: Vec::new(),
        fields: vec![
            FormField::choice("kind", "Because of", kinds.collect()).selected(selected.unwrap_or(0)),
            FormField::text("reason", "Reason").required().filled_with(text),
            FormField::text("link", "Link, if any").filled_with(link),
        ],
        button: "Save version".into(),
        more: None,
    }
}

/// What was filled in.
pub fn reason(filled: &Filled) -> CommitReason {
    let link = filled.text("link");
    CommitReason {
        kind: ChangeKind::ALL
            .get(filled.choice("kind"))
            .copied()
            .unwrap_or(ChangeKind::Experiment),
        text: filled.text("reason").to_owned(),
        link: (!link.is_empty()).then(|| link.to_owned()),
    }
}

/// Why the reason says too little, where it does.
pub fn check(reason: &CommitReason) -> Result<(), String> {
    Reason::new(&reason.text).map(drop).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::overlays::form::FieldValue;

    #[test]
    fn what_was_sent_is_filled_in_again() {
        let filled = Filled::for_test(
            COMMIT_TAG,
            vec![
                ("kind", FieldValue::Choice(2)),
                ("reason", FieldValue::Text("billing disputes were missed".into())),
                ("link", FieldValue::Text(String::new())),
            ],
        );
        let sent = reason(&filled);
        assert_eq!((sent.kind, sent.link.as_deref()), (ChangeKind::EvalFailure, None));
        assert!(check(&sent).is_ok());
        let again = form(&PromptName::new("support_triage").unwrap(), Some(&sent));
        assert_eq!(again.fields[1], form_field("billing disputes were missed"));

        let short = CommitReason {
            text: "ok".into(),
            ..sent
        };
        assert!(check(&short).unwrap_err().contains("not concrete"));
    }

    fn form_field(text: &str) -> FormField {
        FormField::text("reason", "Reason").required().filled_with(text)
    }
}
