//! Changing one example: as a form, as JSON in an external editor, or by leaving it out. Each makes a new version.

use std::collections::BTreeMap;

use crate::domain::example::{Example, ExampleContent};
use crate::domain::ids::{DatasetLabel, DatasetVersionId, ExampleId};
use crate::domain::json::JsonText;
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::dialog::{Confirmed, Dialog, Fact, ReasonRule};
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::workbench::{ExampleChange, ExampleEdit, Request};

const EDIT: &str = "example.edit";
const REASON: &str = "example.reason";
/// Longest value that the form shows, in bytes: its fields hold one line. Larger ones go to the external editor.
const FORM_VALUE_BYTES_MAX: usize = 2_000;

/// An edit that is under way.
#[derive(Debug, Default)]
pub(super) struct ExampleEditing {
    /// What is edited or left out.
    before: Option<ExampleContent>,
    /// The edited content that waits for a reason.
    after: Option<ExampleContent>,
    /// What the external editor saved but could not be used; offered again, so that nothing typed is lost.
    unfinished: Option<(ExampleId, String)>,
}

impl ExampleEditing {
    /// Opens the form, or the external editor where the example is too large for it.
    pub(super) fn open_form(&mut self, example: &Example) -> Effect {
        let content = &example.content;
        let metadata = serde_json::to_string(&content.metadata).unwrap_or_default();
        let expected = content.expected.as_ref().map(JsonText::to_string).unwrap_or_default();
        let longest = [content.input.as_str().len(), expected.len(), metadata.len()];
        if longest.into_iter().any(|bytes| bytes > FORM_VALUE_BYTES_MAX) {
            return self.open_editor(example);
        }
        self.before = Some(content.clone());
        let values = [content.input.to_string(), expected, content.labels.join(", "), metadata];
        Effect::Fill(edit_form(&content.id, values, "", ""))
    }

    /// Hands the example to the external editor as JSON.
    pub(super) fn open_editor(&mut self, example: &Example) -> Effect {
        let content = &example.content;
        self.before = Some(content.clone());
        let unfinished = self.unfinished.take().filter(|(id, _)| *id == content.id);
        let text = match unfinished {
            Some((_, text)) => Ok(text),
            None => serde_json::to_string_pretty(content),
        };
        match text {
            Ok(text) => Effect::OpenEditor(text),
            Err(error) => Effect::Say(Note::warning(format!("{} as JSON: {error}", content.id))),
        }
    }

    /// Asks before an example is left out.
    pub(super) fn open_exclusion(&mut self, dataset: &DatasetVersionId, example: &Example) -> Effect {
        let id = &example.content.id;
        self.before = Some(example.content.clone());
        let facts = vec![
            Fact::new("makes", format!("a new version of {} without {id}", dataset.name)),
            Fact::new("keeps", format!("{dataset} and every run on it as they are")),
            Fact::new(
                "records",
                "the exclusion with its reason, in every version from then on",
            ),
            Fact::new("undo", format!("use {dataset} again")),
        ];
        Effect::Confirm(Dialog::reason(
            CommandId::ExampleExclude,
            format!("Exclude {id} from {dataset}"),
            facts,
            format!("Exclude {id}"),
            ReasonRule::Required,
        ))
    }

    /// Takes the dialog of an exclusion.
    pub(super) fn confirmed(&mut self, dataset: &DatasetVersionId, confirmed: Confirmed) -> Vec<Effect> {
        let Some(before) = self.before.clone() else {
            return Vec::new();
        };
        let request = Request::ChangeExample(Box::new(ExampleChange {
            dataset: dataset.clone(),
            label: None,
            edit: ExampleEdit::Exclude(before.id),
            reason: confirmed.reason().to_owned(),
        }));
        vec![Effect::Act(request, confirmed)]
    }

    /// Takes a form. What cannot be read is said, and the form opens again with what was typed.
    pub(super) fn filled(&mut self, dataset: &DatasetVersionId, filled: &Filled) -> Vec<Effect> {
        let label = filled.text("label");
        let parsed_label = match label {
            "" => Ok(None),
            label => DatasetLabel::new(label).map(Some).map_err(|error| error.to_string()),
        };
        let Some(before) = &self.before else {
            return Vec::new();
        };
        let after = match filled.tag {
            EDIT => read_form(before, filled),
            REASON => self.after.clone().ok_or_else(|| "the edit is gone".to_owned()),
            _ => return Vec::new(),
        };
        match parsed_label.and_then(|label| after.map(|content| (label, content))) {
            Ok((label, content)) => vec![Effect::Ask(Request::ChangeExample(Box::new(ExampleChange {
                dataset: dataset.clone(),
                label,
                edit: ExampleEdit::Replace(Box::new(content)),
                reason: filled.text("reason").to_owned(),
            })))],
            Err(why) => {
                let reason = filled.text("reason");
                let again = if filled.tag == EDIT {
                    let values = ["input", "expected", "labels", "metadata"].map(|name| filled.text(name).to_owned());
                    edit_form(&before.id, values, label, reason)
                } else {
                    reason_form(&before.id, label, reason)
                };
                vec![Effect::Say(Note::warning(why)), Effect::Fill(again)]
            }
        }
    }

    /// Takes what the external editor saved.
    pub(super) fn editor_closed(&mut self, text: &str) -> Vec<Effect> {
        let Some(before) = &self.before else {
            return Vec::new();
        };
        let id = before.id.clone();
        let read = serde_json::from_str::<ExampleContent>(text)
            .map_err(|error| error.to_string())
            .and_then(|content| {
                if content.id == id {
                    Ok(content)
                } else {
                    Err(format!("the id is {}, but {id} is edited", content.id))
                }
            });
        match read {
            Ok(content) if content == *before => vec![Effect::Say(Note::info(format!("{id} is unchanged")))],
            Ok(content) => {
                self.after = Some(content);
                vec![Effect::Fill(reason_form(&id, "", ""))]
            }
            Err(why) => {
                let note = format!("NOT used: {why}. What you typed is kept: open the editor again");
                self.unfinished = Some((id, text.to_owned()));
                vec![Effect::Say(Note::warning(note))]
            }
        }
    }
}

fn edit_form(id: &ExampleId, values: [String; 4], label: &str, reason: &str) -> Form {
    let [input, expected, labels, metadata] = values;
    Form {
        tag: EDIT,
        title: format!("Edit {id}: makes a new version of the dataset"),
        notes: Vec::new(),
        fields: vec![
            FormField::text("input", "input, as JSON").required().filled_with(input),
            FormField::text("expected", "expected, as JSON").filled_with(expected),
            FormField::text("labels", "labels, by commas").filled_with(labels),
            FormField::text("metadata", "metadata, as JSON").filled_with(metadata),
            FormField::text("label", "label of the version").filled_with(label),
            FormField::text("reason", "reason").required().filled_with(reason),
        ],
        button: format!("Replace {id}"),
        more: None,
    }
}

fn reason_form(id: &ExampleId, label: &str, reason: &str) -> Form {
    Form {
        tag: REASON,
        title: format!("Replace {id}: makes a new version of the dataset"),
        notes: Vec::new(),
        fields: vec![
            FormField::text("label", "label of the version").filled_with(label),
            FormField::text("reason", "reason").required().filled_with(reason),
        ],
        button: format!("Replace {id}"),
        more: None,
    }
}

fn read_form(before: &ExampleContent, filled: &Filled) -> Result<ExampleContent, String> {
    let json = |name: &str| {
        JsonText::parse(filled.text(name)).map_err(|error| format!("{name}: {error}; text needs quotes around it"))
    };
    let expected = match filled.text("expected") {
        "" => None,
        _ => Some(json("expected")?),
    };
    let metadata: BTreeMap<String, String> = match filled.text("metadata") {
        "" => BTreeMap::new(),
        text => serde_json::from_str(text).map_err(|error| format!("metadata: {error}"))?,
    };
    let labels = filled.text("labels").split(',').map(str::trim);
    Ok(ExampleContent {
        id: before.id.clone(),
        input: json("input")?,
        expected,
        labels: labels.filter(|label| !label.is_empty()).map(str::to_owned).collect(),
        metadata,
        context: before.context.clone(),
    })
}
