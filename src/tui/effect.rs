//! What a screen wants done, and what the app passes on to the session. Both are plain data.

use std::collections::BTreeSet;

use super::msg::Note;
use super::overlays::choose::Choice;
use super::overlays::dialog::{Confirmed, Dialog};
use super::overlays::form::Form;
use super::screens::review::ViewedOf;
use super::screens::{Place, ScreenId, Tab};
use crate::domain::ids::RunId;
use crate::workbench::{Doing, Request};

/// What a screen wants done; returned by `Screen::update`.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the workbench. The answer comes as `ScreenEvent::Answered`.
    /// A request of danger level 1 and more is refused here: see [`Effect::Act`].
    Ask(Request),
    /// Ask the workbench for something that a dialog was confirmed for.
    Act(Request, Confirmed),
    /// Put a screen on top of this one.
    Open(Place),
    /// Go to a tab's first screen.
    GoTo(Tab),
    /// Leave this screen.
    Back,
    /// Ask the user to confirm. Comes back as `ScreenEvent::Confirmed`, or not at all.
    Confirm(Dialog),
    /// Let the user pick from a list. Comes back as `ScreenEvent::Chosen`, or not at all.
    Choose(Choice),
    /// Let the user fill fields. Comes back as `ScreenEvent::Filled`, or not at all.
    Fill(Form),
    /// Show text alone, without borders, for selection by mouse.
    ShowPlain {
        /// What it is.
        title: String,
        /// The text, as it is.
        text: String,
    },
    /// Edit text in `$EDITOR`. Comes back as `ScreenEvent::EditorClosed`.
    OpenEditor(String),
    /// Send text to the terminal's clipboard.
    Copy(String),
    /// Show a sentence in the status line.
    Say(Note),
    /// Set the count beside a tab's title: what waits for the user there.
    Count(Tab, usize),
    /// Keep which changes of a review were viewed, by their number, for the session.
    Viewed(ViewedOf, BTreeSet<usize>),
}

/// What the app wants of its session.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Carry out a request and send [`super::msg::Msg::Answered`] back.
    Ask {
        /// The screen that asks.
        from: ScreenId,
        /// What it asks.
        request: Request,
    },
    /// Send [`super::msg::Msg::Progress`] of this run from now on, beginning with the present.
    Watch(RunId),
    /// Send no more of it.
    Unwatch(RunId),
    /// Give the terminal to `$EDITOR` with this text, then send [`super::msg::Msg::EditorClosed`].
    OpenEditor {
        /// The screen that asks.
        from: ScreenId,
        /// The text to edit.
        text: String,
    },
    /// Send text to the terminal's clipboard.
    Copy(String),
    /// Turn mouse reports on or off.
    ToggleMouse,
    /// Draw every cell again.
    Redraw,
    /// Stop until the shell continues us.
    Suspend,
    /// Tell the others what the person is at.
    NowAt(Doing),
    /// Leave the terminal, and keep the screens for the next.
    Detach,
    /// End the session.
    Quit,
}
