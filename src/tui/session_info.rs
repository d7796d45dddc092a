//! What a session knows about its terminal and its user.

use crate::domain::actor::Actor;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourDepth {
    /// 24 bits.
    True,
    /// The palette of 256.
    Indexed,
    /// The 16 that the user's theme sets.
    Sixteen,
    /// No colour, by wish or ability.
    None,
}

/// Which of the two glyph sets the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlyphSet {
    /// Box drawing and blocks.
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// How the terminal is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// On this machine.
    Local,
    /// Over a network.
    Remote,
}

/// What does not change while a session lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// Who works here.
    pub user: Actor,
    /// What they may do when the session began, in words; empty where the store lists nobody.
    pub roles: String,
    /// Which store is open, in a few characters, as the title line shows it.
    pub store: String,
    /// How the terminal is connected.
    pub link: Link,
    /// Colours.
    pub colours: ColourDepth,
    /// Glyphs.
    pub glyphs: GlyphSet,
    /// Whether the background is light, where that is known.
    pub light: bool,
}
