//! What the environment says about the terminal.

use crate::domain::actor::Actor;
use crate::tui::session_info::{ColourDepth, GlyphSet, Link, SessionInfo};

/// The session that the environment describes; `var` reads one variable.
pub fn session_info(var: impl Fn(&str) -> Option<String>, user: Actor, store: String) -> SessionInfo {
    let set = |name: &str| var(name).filter(|value| !value.is_empty());
    let remote = set("SSH_CONNECTION").is_some() || set("SSH_TTY").is_some();
    SessionInfo {
        user,
        roles: String::new(),
        store,
        link: if remote { Link::Remote } else { Link::Local },
        colours: colours(&set),
        glyphs: glyphs(&set),
        // The last number of COLORFGBG is the background; 7 and 15 are the whites.
        light: set("COLORFGBG").is_some_and(|value| matches!(value.rsplit(';').next(), Some("7" | "15"))),
    }
}

fn colours(set: &impl Fn(&str) -> Option<String>) -> ColourDepth {
    let term = set("TERM").unwrap_or_default();
    if set("NO_COLOR").is_some() || term == "dumb" {
        return ColourDepth::None;
    }
    if set("COLORTERM").is_some_and(|value| matches!(value.as_str(), "truecolor" | "24bit")) {
        return ColourDepth::True;
    }
    if term.contains("256color") || term.contains("direct") {
        ColourDepth::Indexed
    } else {
        ColourDepth::Sixteen
    }
}

/// The first of the locale's variables that is set decides, as in the C library.
fn glyphs(set: &impl Fn(&str) -> Option<String>) -> GlyphSet {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(set)
        .unwrap_or_default();
    let locale = locale.to_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    let console = set("TERM").is_some_and(|term| term == "linux" || term == "dumb");
    if utf8 && !console {
        GlyphSet::Unicode
    } else {
        GlyphSet::Ascii
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(vars: &[(&str, &str)]) -> SessionInfo {
        let var = |name: &str| {
            let found = vars.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        session_info(var, Actor::new("anna").unwrap(), "demo".into())
    }

    #[test]
    fn colours_are_what_the_session_says() {
        for (vars, depth) in [
            (
                &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")][..],
                ColourDepth::True,
            ),
            (&[("TERM", "xterm-256color")], ColourDepth::Indexed),
            (&[("TERM", "xterm")], ColourDepth::Sixteen),
            (&[], ColourDepth::Sixteen),
            (&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")], ColourDepth::None),
            (&[("COLORTERM", "truecolor"), ("NO_COLOR", "")], ColourDepth::True),
            (&[("TERM", "dumb")], ColourDepth::None),
        ] {
            assert_eq!(info(vars).colours, depth, "{vars:?}");
        }
    }

    #[test]
    fn glyphs_follow_the_locale() {
        for (vars, glyphs) in [
            (&[("LANG", "en_US.UTF-8")][..], GlyphSet::Unicode),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], GlyphSet::Ascii),
            (&[("LC_CTYPE", "C.utf8")], GlyphSet::Unicode),
            (&[], GlyphSet::Ascii),
            (&[("LANG", "de_DE.UTF-8"), ("TERM", "linux")], GlyphSet::Ascii),
        ] {
            assert_eq!(info(vars).glyphs, glyphs, "{vars:?}");
        }
    }

    #[test]
    fn a_remote_line_and_a_light_background_are_noticed() {
        let remote = info(&[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22"), ("COLORFGBG", "0;15")]);
        assert_eq!((remote.link, remote.light), (Link::Remote, true));
        assert_eq!(
            (info(&[]).link, info(&[("COLORFGBG", "15;0")]).light),
            (Link::Local, false)
        );
    }
}
