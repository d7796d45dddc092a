//! Several labelled fields and choices in one dialog.

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text, with what stands there at first.
    Text(String),
    /// One of these, with the one selected at first.
    Choice {
        /// The options.
        options: Vec<String>,
        /// The index of the selected one.
        selected: usize,
    },
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// Its name within the form; comes back with the value.
    pub name: &'static str,
    /// What people read.
    pub label: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether the form can be sent with it empty.
    pub required: bool,
}

impl FormField {
    /// A line of text that may stay empty.
    pub fn text(name: &'static str, label: impl Into<String>) -> Self {
        Self {
            name,
            label: label.into(),
            kind: FieldKind::Text(String::new()),
            required: false,
        }
    }

    /// One of several options; the first is selected.
    pub fn choice(name: &'static str, label: impl Into<String>, options: Vec<String>) -> Self {
        Self {
            name,
            label: label.into(),
            kind: FieldKind::Choice { options, selected: 0 },
            required: true,
        }
    }

    /// The same, and it must be filled.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same with a text that stands there at first.
    #[must_use]
    pub fn filled_with(mut self, text: impl Into<String>) -> Self {
        if let FieldKind::Text(initial) = &mut self.kind {
            *initial = text.into();
        }
        self
    }
}

/// A form that a screen asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Which question of the screen this is; comes back with the answer.
    pub tag: &'static str,
    /// The question.
    pub title: String,
    /// Its fields in order.
    pub fields: Vec<FormField>,
    /// The name of the act.
    pub button: String,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// As typed, trimmed.
    Text(String),
    /// The index of the option.
    Choice(usize),
}

/// What was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// [`Form::tag`].
    pub tag: &'static str,
    pub(super) values: Vec<(&'static str, FieldValue)>,
}

impl Filled {
    /// A text field's value; empty for a name that the form does not have.
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(FieldValue::Text(text)) => text,
            _ => "",
        }
    }

    /// A choice's index; the first for a name that the form does not have.
    pub fn choice(&self, name: &str) -> usize {
        match self.value(name) {
            Some(FieldValue::Choice(index)) => *index,
            _ => 0,
        }
    }

    fn value(&self, name: &str) -> Option<&FieldValue> {
        self.values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
impl Filled {
    /// A form as it would be sent, for tests of screens.
    pub fn for_test(tag: &'static str, values: Vec<(&'static str, FieldValue)>) -> Self {
        Self { tag, values }
    }
}
