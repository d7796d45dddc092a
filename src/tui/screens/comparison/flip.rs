//! What became of an example from the base to the candidate.

use ratatui::style::Style;

use crate::tui::theme::Theme;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flip {
    Broken,
    Fixed,
    StillFailing,
    Otherwise,
}

impl Flip {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Broken => "- broken",
            Self::Fixed => "+ fixed",
            Self::StillFailing => "x still failing",
            Self::Otherwise => "~ right, differs",
        }
    }

    pub(super) fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Broken => theme.removed,
            Self::Fixed => theme.added,
            Self::StillFailing => theme.text,
            Self::Otherwise => theme.dim,
        }
    }
}
