//! A list to pick one entry from, found by typing.

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What comes back when it is picked.
    pub id: String,
    /// What is shown and searched.
    pub text: String,
    /// More about it, shown dim.
    pub note: String,
    /// Why it cannot be picked.
    pub off: Option<String>,
}

impl Entry {
    /// An entry whose id is its text.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            text: id.clone(),
            id,
            note: String::new(),
            off: None,
        }
    }

    /// The same with more about it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// A list that a screen asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Which question of the screen this is; comes back with the answer.
    pub tag: &'static str,
    /// The question.
    pub title: String,
    /// What can be picked.
    pub entries: Vec<Entry>,
}

/// What was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// [`Choice::tag`].
    pub tag: &'static str,
    /// [`Entry::id`].
    pub id: String,
}
