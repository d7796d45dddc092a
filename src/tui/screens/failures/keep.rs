//! Keeping a failed case: the form that adds it to a new version of a dataset.

use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::{DatasetLabel, DatasetVersionId, ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::form::{FieldKind, Filled, Form, FormField};
use crate::workbench::{CaseView, ExampleChange, ExampleEdit, Request};

const KEEP: &str = "failures.keep";
/// Dataset versions that the form offers, each the newest of its dataset.
const OFFERED_MAX: usize = 6;

/// The case that is being kept.
#[derive(Debug)]
pub(super) struct KeptCase {
    run: RunId,
    example: ExampleId,
    expected: String,
    offered: Vec<DatasetVersionId>,
}

impl KeptCase {
    pub(super) fn new(case: &CaseView) -> Self {
        // What a person says that should have been expected is what one wants to keep.
        let corrected = case.labels.iter().rev().find_map(|label| label.expected.as_ref());
        let expected = corrected.or(case.example.content.expected.as_ref());
        Self {
            run: case.outcome.run,
            example: case.outcome.example.clone(),
            expected: expected.map(JsonText::to_string).unwrap_or_default(),
            offered: Vec::new(),
        }
    }

    /// Opens the form with the newest version of each dataset, the run's own dataset first.
    pub(super) fn open(&mut self, datasets: &[DatasetVersion], own: Option<&DatasetVersionId>) -> Effect {
        let mut newest: Vec<&DatasetVersion> = Vec::new();
        for version in datasets {
            match newest.iter_mut().find(|other| other.id.name == version.id.name) {
                Some(other) if other.created_at < version.created_at => *other = version,
                Some(_) => {}
                None => newest.push(version),
            }
        }
        newest.sort_by_key(|version| Some(&version.id.name) != own.map(|own| &own.name));
        newest.truncate(OFFERED_MAX);
        self.offered = newest.into_iter().map(|version| version.id.clone()).collect();
        if self.offered.is_empty() {
            return Effect::Say(Note::warning("there is no dataset: import one in Data"));
        }
        let expected = self.expected.clone();
        Effect::Fill(self.form(0, &expected, "", ""))
    }

    fn form(&self, selected: usize, expected: &str, label: &str, reason: &str) -> Form {
        let options = self.offered.iter().map(ToString::to_string).collect();
        Form {
            tag: KEEP,
            title: format!("Add {} of {} to a new version", self.example, self.run),
            notes: Vec::new(),
            fields: vec![
                FormField {
                    name: "dataset",
                    label: "dataset".into(),
                    kind: FieldKind::Choice { options, selected },
                    required: true,
                },
                FormField::text("expected", "right answer, as JSON").filled_with(expected),
                FormField::text("label", "label of the version").filled_with(label),
                FormField::text("reason", "reason").required().filled_with(reason),
            ],
            button: format!("Add {}", self.example),
            more: None,
        }
    }

    /// Takes the form. What cannot be read is said, and the form opens again with what was typed.
    pub(super) fn filled(&self, filled: &Filled) -> Vec<Effect> {
        if filled.tag != KEEP {
            return Vec::new();
        }
        let selected = filled.choice("dataset");
        let Some(dataset) = self.offered.get(selected) else {
            return Vec::new();
        };
        let [typed, label, reason] = ["expected", "label", "reason"].map(|name| filled.text(name));
        match read(typed, label) {
            Ok((expected, label)) => vec![Effect::Ask(Request::ChangeExample(Box::new(ExampleChange {
                dataset: dataset.clone(),
                label,
                edit: ExampleEdit::AddFailedCase {
                    run: self.run,
                    example: self.example.clone(),
                    expected,
                },
                reason: reason.to_owned(),
            })))],
            Err(why) => vec![
                Effect::Say(Note::warning(why)),
                Effect::Fill(self.form(selected, typed, label, reason)),
            ],
        }
    }
}

fn read(expected: &str, label: &str) -> Result<(Option<JsonText>, Option<DatasetLabel>), String> {
    let expected = match expected {
        "" => None,
        text => {
            Some(JsonText::parse(text).map_err(|error| format!("right answer: {error}; text needs quotes around it"))?)
        }
    };
    let label = match label {
        "" => None,
        label => Some(DatasetLabel::new(label).map_err(|error| error.to_string())?),
    };
    Ok((expected, label))
}
