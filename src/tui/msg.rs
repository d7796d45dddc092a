//! What can happen to the app, from outside.

use ratatui::layout::Size;

use super::input::{Key, Mouse};
use super::screens::ScreenId;
use crate::domain::progress::RunProgress;
use crate::workbench::{Answer, Fault, Presence, Request};

/// One event of a session. They arrive in one order; the app changes only by them.
#[expect(
    clippy::large_enum_variant,
    reason = "one is alive at a time; boxing answers would cost every screen a line"
)]
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// The mouse was used.
    Mouse(Mouse),
    /// Text was pasted; line breaks are LF, control characters are gone.
    Paste(String),
    /// The terminal has another size.
    Resize(Size),
    /// Time passed. Only sent while a screen asks for it (`Screen::tick_ms`).
    Tick,
    /// A request was carried out.
    Answered {
        /// The screen that asked.
        to: ScreenId,
        /// What it asked.
        request: Request,
        /// What came of it.
        result: Result<Answer, Fault>,
    },
    /// A watched run moved on. The latest value; earlier ones may have been skipped.
    Progress(Box<RunProgress>),
    /// The store changed: what is shown is asked for again.
    Changed,
    /// The external editor ended, with the text it saved.
    EditorClosed {
        /// The screen that opened it.
        to: ScreenId,
        /// The edited text.
        result: Result<String, Fault>,
    },
    /// The last frame was written. Dialogs take no key before their first.
    Drawn,
    /// The session must end: what was typed is stored first. Nobody is there to answer a question.
    End,
    /// The terminal is gone, and another may take the screens over: what was typed is stored.
    Keep,
    /// Who else is here, and what they are at.
    Others(Vec<Presence>),
    /// The session has something to say, such as how a copy went.
    Note(Note),
}

/// How urgent a [`Note`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Something went as asked.
    Info,
    /// Something to know.
    Warning,
    /// Something failed.
    Failure,
}

/// A sentence for the status line. It goes with the next key; a failure stays until another note replaces it or `esc`
/// finds nothing else to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How urgent it is.
    pub urgency: Urgency,
    /// The sentence.
    pub text: String,
}

impl Note {
    /// Something went as asked.
    pub fn info(text: impl Into<String>) -> Self {
        Self {
            urgency: Urgency::Info,
            text: text.into(),
        }
    }

    /// Something to know.
    pub fn warning(text: impl Into<String>) -> Self {
        Self {
            urgency: Urgency::Warning,
            text: text.into(),
        }
    }

    /// Something failed.
    pub fn failure(fault: &Fault) -> Self {
        let separator = if fault.hint.is_empty() { "" } else { ". " };
        Self {
            urgency: Urgency::Failure,
            text: format!("{}{separator}{}", fault.what, fault.hint),
        }
    }
}
