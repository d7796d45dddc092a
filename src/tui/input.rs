//! Keys, mouse and size as the screens know them, whatever terminal or parser they came from.

use std::fmt;

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyCode {
    /// A character as typed: `A` for a shifted letter, never `a` with [`Modifiers::shift`].
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab; with shift for the other direction.
    Tab,
    /// Deletes backward.
    Backspace,
    /// Deletes forward.
    Delete,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Start.
    Home,
    /// End.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// A function key, from 1.
    F(u8),
}

/// Keys held together with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Modifiers {
    /// Control.
    pub ctrl: bool,
    /// Alt or Option.
    pub alt: bool,
    /// Shift; never set with a character, which is shifted itself.
    pub shift: bool,
}

/// One key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// What was held with it.
    pub modifiers: Modifiers,
}

/// Names of keys in the configuration, beside single characters.
const NAMED: [(&str, KeyCode); 16] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
    ("f1", KeyCode::F(1)),
    ("f2", KeyCode::F(2)),
];

impl Key {
    /// A key press; a letter with shift becomes the uppercase letter, since terminals send either.
    pub fn new(code: KeyCode, mut modifiers: Modifiers) -> Self {
        let code = match code {
            KeyCode::Char(c) => {
                let upper = modifiers.shift.then(|| c.to_uppercase().next()).flatten();
                modifiers.shift = false;
                KeyCode::Char(upper.unwrap_or(c))
            }
            other => other,
        };
        Self { code, modifiers }
    }

    /// A key with nothing held.
    pub fn plain(code: KeyCode) -> Self {
        Self::new(code, Modifiers::default())
    }

    /// A character with nothing held.
    pub fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    /// A character with control.
    pub fn ctrl(c: char) -> Self {
        Self::new(
            KeyCode::Char(c),
            Modifiers {
                ctrl: true,
                ..Modifiers::default()
            },
        )
    }

    /// The character to insert, where the key types one.
    pub fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.modifiers.ctrl && !self.modifiers.alt => Some(c),
            _ => None,
        }
    }

    /// Reads a key as the configuration writes it: `x`, `A`, `ctrl-s`, `shift-tab`, `pgdn`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut modifiers = Modifiers::default();
        let mut rest = text;
        while let Some((held, tail)) = rest
            .split_once('-')
            .filter(|(held, tail)| !held.is_empty() && !tail.is_empty())
        {
            match held {
                "ctrl" => modifiers.ctrl = true,
                "alt" => modifiers.alt = true,
                "shift" => modifiers.shift = true,
                _ => return Err(format!("'{text}' is no key: write ctrl-s, shift-tab, x or pgdn")),
            }
            rest = tail;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() && c != ' ' => KeyCode::Char(c),
            _ => NAMED
                .iter()
                .find(|(name, _)| *name == rest)
                .map(|(_, code)| *code)
                .ok_or_else(|| format!("'{text}' is no key: write ctrl-s, shift-tab, x or pgdn"))?,
        };
        Ok(Self::new(code, modifiers))
    }
}

impl fmt::Display for Key {
    /// As the footer writes it: `^s`, `enter`, `A`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Modifiers { ctrl, alt, shift } = self.modifiers;
        f.write_str(if alt { "alt-" } else { "" })?;
        f.write_str(if shift { "shift-" } else { "" })?;
        f.write_str(if ctrl { "^" } else { "" })?;
        match self.code {
            KeyCode::F(n) => write!(f, "f{n}"),
            code => match NAMED.iter().find(|(_, named)| *named == code) {
                Some((name, _)) => f.write_str(name),
                None => match code {
                    KeyCode::Char(c) => write!(f, "{c}"),
                    _ => Ok(()),
                },
            },
        }
    }
}

/// What the mouse did. Only the first button and the wheel are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// The first button went down.
    Press,
    /// The wheel moved towards the top.
    ScrollUp,
    /// The wheel moved towards the end.
    ScrollDown,
}

/// A mouse event at a cell of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What happened.
    pub kind: MouseKind,
    /// Column from 0.
    pub column: u16,
    /// Row from 0.
    pub row: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_written() {
        for (text, shown) in [
            ("ctrl-s", "^s"),
            ("A", "A"),
            ("shift-a", "A"),
            ("shift-tab", "shift-tab"),
            ("-", "-"),
            ("ctrl--", "^-"),
            ("space", "space"),
            ("f1", "f1"),
            ("pgdn", "pgdn"),
        ] {
            assert_eq!(Key::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "hyper-x", "ctrl-", "xy", "\u{1b}", " "] {
            assert!(Key::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_shifted_letter_has_one_form() {
        let shift = Modifiers {
            shift: true,
            ..Modifiers::default()
        };
        assert_eq!(Key::new(KeyCode::Char('g'), shift), Key::char('G'));
        assert_eq!(Key::new(KeyCode::Char('G'), shift), Key::char('G'));
    }
}
