//! What a person wants of the screens, beyond what the terminal says of itself.

use std::collections::BTreeMap;

/// How many colours screens use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourWish {
    /// As the terminal says.
    Auto,
    /// As the terminal says, even where `NO_COLOR` is set.
    Always,
    /// None.
    Never,
    /// The 16 of the terminal's theme.
    Sixteen,
    /// The palette of 256.
    Indexed,
    /// 24 bits.
    True,
}

/// Which signs screens draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing and blocks.
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// Wishes; `None` leaves it to what the terminal says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Keys by command id; an empty list unbinds the command.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Colours.
    pub color: Option<ColourWish>,
    /// Signs.
    pub glyphs: Option<Glyphs>,
    /// Whether clicks and the wheel are ours.
    pub mouse: Option<bool>,
}
