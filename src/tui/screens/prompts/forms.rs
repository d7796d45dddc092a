//! The forms of the prompts screen. What each was opened for stays the same while it is filled in.

use crate::domain::ids::{PromptName, VersionId};
use crate::domain::promotion::Environment;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::tui::screens::commit_form;
use crate::workbench::{CommitReason, Request, VersionSummary};

const NEW_TAG: &str = "new prompt";
const REVIEW_TAG: &str = "review";
/// Where a review can ask for, in the order of the form's options.
const ENVIRONMENTS: [Environment; 2] = [Environment::Staging, Environment::Production];

/// The forms that were opened last.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    new_prompt: [String; 2],
    commit: Option<PromptName>,
    reason: Option<CommitReason>,
    review: Option<VersionId>,
}

impl Forms {
    /// Asks for a new prompt's name and purpose.
    pub fn new_prompt(&self) -> Form {
        let [name, description] = &self.new_prompt;
        Form {
            tag: NEW_TAG,
            title: "New prompt".into(),
            notes: Vec::new(),
            fields: vec![
                FormField::text("name", "Name: small letters, digits, _")
                    .required()
                    .filled_with(name),
                FormField::text("description", "What it is for")
                    .required()
                    .filled_with(description),
            ],
            button: "Make prompt".into(),
            more: None,
        }
    }

    /// The prompt is there: the form is empty again.
    pub fn prompt_created(&mut self) {
        self.new_prompt = Default::default();
    }

    /// Asks why a version is made of a prompt's draft.
    pub fn commit(&mut self, prompt: PromptName) -> Form {
        let form = commit_form::form(&prompt, self.reason.as_ref());
        self.commit = Some(prompt);
        form
    }

    /// The version is there: its reason is not for another.
    pub fn committed(&mut self) {
        self.reason = None;
    }

    /// Asks where a version is to enter.
    pub fn review(&mut self, subject: &VersionSummary) -> Form {
        let id = subject.version.id.clone();
        let rests_on = match &subject.newest_run {
            Some((run, Some(verdict))) => format!("on {run}, gate {verdict}"),
            _ => String::new(),
        };
        let environments = ENVIRONMENTS.iter().map(|environment| environment.as_str().to_owned());
        let form = Form {
            tag: REVIEW_TAG,
            title: format!("Request a review of {id} {rests_on}"),
            notes: Vec::new(),
            fields: vec![
                FormField::choice("environment", "To enter", environments.collect()),
                FormField::text("note", "What reviewers should know").required(),
            ],
            button: "Request review".into(),
            more: None,
        };
        self.review = Some(id);
        form
    }

    /// A form was sent.
    pub fn filled(&mut self, filled: &Filled) -> Vec<Effect> {
        match filled.tag {
            NEW_TAG => self.new_prompt_filled(filled),
            commit_form::COMMIT_TAG => self.commit_filled(filled),
            REVIEW_TAG => {
                let environment = ENVIRONMENTS.get(filled.choice("environment")).copied();
                let request =
                    self.review
                        .clone()
                        .zip(environment)
                        .map(|(version, environment)| Request::RequestReview {
                            version,
                            environment,
                            run: None,
                            note: filled.text("note").to_owned(),
                        });
                request.map(Effect::Ask).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn new_prompt_filled(&mut self, filled: &Filled) -> Vec<Effect> {
        self.new_prompt = [filled.text("name").to_owned(), filled.text("description").to_owned()];
        let [name, description] = &self.new_prompt;
        match PromptName::new(name) {
            Ok(name) => vec![Effect::Ask(Request::CreatePrompt {
                name,
                description: description.clone(),
            })],
            Err(fault) => vec![
                Effect::Say(Note::warning(fault.to_string())),
                Effect::Fill(self.new_prompt()),
            ],
        }
    }

    fn commit_filled(&mut self, filled: &Filled) -> Vec<Effect> {
        let Some(prompt) = self.commit.clone() else {
            return Vec::new();
        };
        let reason = commit_form::reason(filled);
        self.reason = Some(reason.clone());
        match commit_form::check(&reason) {
            Ok(()) => vec![Effect::Ask(Request::Commit {
                prompt,
                seen: None,
                reason,
            })],
            Err(why) => vec![Effect::Say(Note::warning(why)), Effect::Fill(self.commit(prompt))],
        }
    }
}
