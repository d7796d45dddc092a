//! Dialogs before dangerous acts, one form for each danger level, and the token that they return.

mod open;
#[cfg(test)]
mod tests;

pub use open::OpenDialog;

use crate::domain::policy::Signatures;
use crate::tui::command::{CommandId, Danger};

/// One line of a dialog: what will exist, what it replaces, who is affected, what it rests on, how to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// A word, such as `makes` or `undo`.
    pub label: String,
    /// The fact.
    pub text: String,
}

impl Fact {
    /// A fact.
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            text: text.into(),
        }
    }
}

/// Whether a reason must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonRule {
    /// It may stay empty.
    Optional,
    /// The button is off without one.
    Required,
}

/// Whether what is confirmed is signed with the person's SSH key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignRule {
    /// They may choose so.
    Offered,
    /// It does not count without.
    Required,
}

impl From<Signatures> for SignRule {
    fn from(signatures: Signatures) -> Self {
        match signatures {
            Signatures::Optional => Self::Offered,
            Signatures::Required => Self::Required,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// Level 1: y or n in the footer row.
    Question,
    /// Level 2: a choice where there are several ways to say it, a reason, a button.
    Reason { choices: Vec<String>, rule: ReasonRule },
    /// Level 2, lighter: a digit picks the reason, Enter acts. The last choice is typed.
    Pick { choices: Vec<String> },
    /// Level 3: this text must be typed, and a reason.
    Typed { expected: String },
}

/// A dialog that a screen asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    command: CommandId,
    title: String,
    facts: Vec<Fact>,
    button: String,
    form: Form,
    sign: Option<SignRule>,
}

impl Dialog {
    /// A y/n question in the footer row, so that what it is about stays in view:
    /// `Cancel run 421?  1420 saved outcomes stay.`
    pub fn question(command: CommandId, question: impl Into<String>) -> Self {
        Self {
            command,
            title: question.into(),
            facts: Vec::new(),
            button: String::new(),
            form: Form::Question,
            sign: None,
        }
    }

    /// Facts, a reason and a button that names the act: `Approve support_triage_v14`.
    pub fn reason(
        command: CommandId,
        title: impl Into<String>,
        facts: Vec<Fact>,
        button: impl Into<String>,
        rule: ReasonRule,
    ) -> Self {
        Self {
            command,
            title: title.into(),
            facts,
            button: button.into(),
            form: Form::Reason {
                choices: Vec::new(),
                rule,
            },
            sign: None,
        }
    }

    /// Facts and a list of reasons: a digit picks one, Enter acts; the last one is typed.
    pub fn pick(
        command: CommandId,
        title: impl Into<String>,
        facts: Vec<Fact>,
        button: impl Into<String>,
        choices: Vec<String>,
    ) -> Self {
        Self {
            command,
            title: title.into(),
            facts,
            button: button.into(),
            form: Form::Pick { choices },
            sign: None,
        }
    }

    /// Facts, the id to type, and a reason.
    pub fn typed(
        command: CommandId,
        title: impl Into<String>,
        facts: Vec<Fact>,
        button: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            command,
            title: title.into(),
            facts,
            button: button.into(),
            form: Form::Typed {
                expected: expected.into(),
            },
            sign: None,
        }
    }

    /// Choices above the reason of [`Dialog::reason`], such as what kind of problem it is; the first is preselected.
    #[must_use]
    pub fn with_choices(mut self, given: Vec<String>) -> Self {
        if let Form::Reason { choices, .. } = &mut self.form {
            *choices = given;
        }
        self
    }

    /// Has it say whether what is confirmed is signed, and offer it where it need not be.
    #[must_use]
    pub fn with_signature(mut self, rule: SignRule) -> Self {
        self.sign = Some(rule);
        self
    }

    /// Which level this dialog asks at.
    pub fn level(&self) -> Danger {
        match self.form {
            Form::Question => Danger::Question,
            Form::Reason { .. } | Form::Pick { .. } => Danger::Reason,
            Form::Typed { .. } => Danger::Typed,
        }
    }
}

/// Proof that a person confirmed a command in its dialog. Only this module makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    command: CommandId,
    level: Danger,
    choice: Option<usize>,
    reason: String,
    signs: bool,
}

impl Confirmed {
    /// The command that was confirmed.
    pub fn command(&self) -> CommandId {
        self.command
    }

    /// The level of the dialog.
    pub fn level(&self) -> Danger {
        self.level
    }

    /// Which of the choices was picked, from 0.
    pub fn choice(&self) -> Option<usize> {
        self.choice
    }

    /// Whether it is to be signed.
    pub fn signs(&self) -> bool {
        self.signs
    }

    /// The reason as typed, or the text of the picked choice of [`Dialog::pick`]; trimmed.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

#[cfg(test)]
impl Confirmed {
    /// A confirmation as a dialog would return it, for tests of screens.
    pub fn for_test(command: CommandId, choice: Option<usize>, reason: &str) -> Self {
        Self {
            command,
            level: command.command().danger,
            choice,
            reason: reason.to_owned(),
            signs: false,
        }
    }

    /// The same with the wish to sign it.
    #[must_use]
    pub fn signing(self) -> Self {
        Self { signs: true, ..self }
    }
}
