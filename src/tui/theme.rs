//! Styles by meaning and the glyph sets. No other file names a colour.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::Span;

use super::session_info::{ColourDepth, GlyphSet, SessionInfo};
use crate::text::Printable;

/// The style of each role. A role's colour never carries its meaning alone: a sign or word always stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// What matters less.
    pub dim: Style,
    /// The title of the focused pane.
    pub focus: Style,
    /// The selected row, beside the sign `>`.
    pub selected: Style,
    /// Titles of panes.
    pub title: Style,
    /// Keys in footer and help.
    pub key: Style,
    /// Added lines, beside `+`.
    pub added: Style,
    /// Removed lines, beside `-`.
    pub removed: Style,
    /// Changed words in added lines, inside `[ ]`.
    pub added_word: Style,
    /// Changed words in removed lines, inside `[ ]`.
    pub removed_word: Style,
    /// Passed; beside `pass`, `ok` or `[x]`.
    pub ok: Style,
    /// To be looked at, beside `!`.
    pub warn: Style,
    /// Failed, beside `FAIL` or `x`.
    pub fail: Style,
    /// Not known, beside `?` or `cannot tell`.
    pub unknown: Style,
    /// At work.
    pub running: Style,
    /// An id that can be followed.
    pub link: Style,
    /// Marks of the sanitizer.
    pub hidden: Style,
    /// A match of a search.
    pub found: Style,
    /// Borders, bars and signs.
    pub glyphs: Glyphs,
}

/// The characters that differ between the two sets; the cells are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Borders of panes.
    pub border: border::Set<'static>,
    /// Borders of the focused pane.
    pub focus_border: border::Set<'static>,
    /// Bars from empty to full, lowest first.
    pub bars: [&'static str; 9],
    /// A full cell of a gauge.
    pub filled: &'static str,
    /// An empty cell of a gauge.
    pub empty: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    border: border::PLAIN,
    focus_border: border::DOUBLE,
    bars: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    filled: "█",
    empty: "░",
    rule: "─",
};

const ASCII: Glyphs = Glyphs {
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    focus_border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "=",
        horizontal_bottom: "=",
    },
    bars: [" ", ".", ".", ".", ":", ":", "#", "#", "#"],
    filled: "#",
    empty: "-",
    rule: "-",
};

/// One colour at each depth and on each background.
struct Hue {
    true_dark: u32,
    true_light: u32,
    indexed_dark: u8,
    indexed_light: u8,
    sixteen: Color,
}

// Blue and orange rather than green and red: told apart by everybody. Contrast of each is at least 4.4 on black,
// dark grey and white.
const ADDED: Hue = Hue {
    true_dark: 0x004f_83d1,
    true_light: 0x0021_6cab,
    indexed_dark: 68,
    indexed_light: 25,
    sixteen: Color::Blue,
};
const REMOVED: Hue = Hue {
    true_dark: 0x00c9_6e12,
    true_light: 0x00a5_5c1e,
    indexed_dark: 166,
    indexed_light: 130,
    sixteen: Color::Red,
};
const UNKNOWN: Hue = Hue {
    true_dark: 0x008a_8a8a,
    true_light: 0x006a_6a6a,
    indexed_dark: 245,
    indexed_light: 242,
    sixteen: Color::Reset,
};

impl Hue {
    fn style(&self, info: &SessionInfo) -> Style {
        let rgb = |value: u32| Color::from_u32(value);
        let colour = match (info.colours, info.light) {
            (ColourDepth::True, false) => rgb(self.true_dark),
            (ColourDepth::True, true) => rgb(self.true_light),
            (ColourDepth::Indexed, false) => Color::Indexed(self.indexed_dark),
            (ColourDepth::Indexed, true) => Color::Indexed(self.indexed_light),
            (ColourDepth::Sixteen, _) => self.sixteen,
            (ColourDepth::None, _) => return Style::new(),
        };
        Style::new().fg(colour)
    }
}

impl Theme {
    /// The theme for a session's terminal. No style sets a background other than by reversing.
    pub fn new(info: &SessionInfo) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reverse = plain.add_modifier(Modifier::REVERSED);
        let without_colour = info.colours == ColourDepth::None;
        let (mut added, mut removed) = (ADDED.style(info), REMOVED.style(info));
        if without_colour {
            added = bold;
            removed = plain.add_modifier(Modifier::DIM);
        }
        let word = match info.colours {
            ColourDepth::True | ColourDepth::Indexed => Modifier::UNDERLINED,
            ColourDepth::Sixteen => Modifier::REVERSED,
            ColourDepth::None => Modifier::empty(),
        };
        let unknown = UNKNOWN.style(info);
        Self {
            text: plain,
            dim: if without_colour { plain } else { unknown },
            focus: bold,
            selected: reverse,
            title: bold,
            key: bold,
            added,
            removed,
            added_word: added.add_modifier(word),
            removed_word: removed.add_modifier(word),
            ok: plain,
            warn: REMOVED.style(info),
            fail: REMOVED.style(info).add_modifier(Modifier::BOLD),
            unknown,
            running: ADDED.style(info),
            link: plain.add_modifier(Modifier::UNDERLINED),
            hidden: REMOVED.style(info).add_modifier(Modifier::REVERSED),
            found: plain.add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
            glyphs: match info.glyphs {
                GlyphSet::Unicode => UNICODE,
                GlyphSet::Ascii => ASCII,
            },
        }
    }

    /// The text as spans in a style, with the sanitizer's marks standing out.
    pub fn spans<'a>(&self, text: &'a Printable, style: Style) -> Vec<Span<'a>> {
        let style_of = |is_mark| if is_mark { style.patch(self.hidden) } else { style };
        text.segments()
            .map(|segment| Span::styled(segment.text, style_of(segment.is_mark)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::screens::testing::session_info;

    #[test]
    fn no_style_sets_a_background() {
        for colours in [
            ColourDepth::True,
            ColourDepth::Indexed,
            ColourDepth::Sixteen,
            ColourDepth::None,
        ] {
            let theme = Theme::new(&SessionInfo {
                colours,
                ..session_info()
            });
            let styles = [theme.selected, theme.added, theme.removed, theme.fail, theme.hidden];
            assert!(styles.iter().all(|style| style.bg.is_none()), "{colours:?}");
            if colours == ColourDepth::None {
                assert!(styles.iter().all(|style| style.fg.is_none()));
                assert_ne!(theme.added, theme.removed, "told apart without colour");
            }
        }
    }
}
