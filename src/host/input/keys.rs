//! What a token of a terminal means to the screens. Keys have the same form as those of [`tty`](crate::host::tty).

use super::lexer::{Alt, Token};
use crate::host::tty::pasted;
use crate::tui::input::{Key, KeyCode, Modifiers, Mouse, MouseKind};
use crate::tui::msg::Msg;

/// Bits of the modifiers in a sequence, less one: as of xterm.
const SHIFT: u32 = 1;
const ALT: u32 = 2;
const CONTROL: u32 = 4;
/// The event of a key that was let go, in the reports of the kitty protocol.
const RELEASED: u32 = 3;

/// The message of a token; none for those that mean nothing, such as a terminal's answers.
pub fn message(token: Token) -> Option<Msg> {
    match token {
        Token::Char(c, alt) => Some(pressed(KeyCode::Char(c), modifiers(0, alt))),
        Token::Control(byte, alt) => Some(control(byte, alt)),
        Token::Escape(alt) => Some(pressed(KeyCode::Esc, modifiers(0, alt))),
        Token::Ss3(last, alt) => letter(last).map(|code| pressed(code, modifiers(0, alt))),
        Token::ConsoleKey(letter @ b'A'..=b'E', alt) => Some(pressed(KeyCode::F(letter - b'A' + 1), modifiers(0, alt))),
        Token::ConsoleKey(..) => None,
        Token::Paste(bytes) => Some(Msg::Paste(pasted(&String::from_utf8_lossy(&bytes)))),
        Token::Csi(parameters, last, alt) => sequence(&parameters, last, alt),
    }
}

/// A key press in the one form that the screens know.
fn pressed(code: KeyCode, mut modifiers: Modifiers) -> Msg {
    let code = match code {
        KeyCode::Char(c) if modifiers.ctrl => {
            modifiers.shift = false;
            KeyCode::Char(c.to_ascii_lowercase())
        }
        code => code,
    };
    Msg::Key(Key::new(code, modifiers))
}

fn modifiers(bits: u32, alt: Alt) -> Modifiers {
    Modifiers {
        ctrl: bits & CONTROL != 0,
        alt: bits & ALT != 0 || alt == Alt::Held,
        shift: bits & SHIFT != 0,
    }
}

fn control(byte: u8, alt: Alt) -> Msg {
    let (code, bits) = match byte {
        b'\r' => (KeyCode::Enter, 0),
        b'\t' => (KeyCode::Tab, 0),
        0x7f => (KeyCode::Backspace, 0),
        0 => (KeyCode::Char(' '), CONTROL),
        0x01..=0x1a => (KeyCode::Char(char::from(byte - 1 + b'a')), CONTROL),
        // The byte of Ctrl-_ is all that is used of the last four.
        0x1f => (KeyCode::Char('_'), CONTROL),
        _ => (KeyCode::Char(char::from(byte + 0x40)), CONTROL),
    };
    pressed(code, modifiers(bits, alt))
}

/// Keys that a letter ends.
fn letter(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'R' => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        b'M' => KeyCode::Enter,
        _ => return None,
    })
}

/// Keys that a number names before `~`.
fn numbered(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(u8::try_from(number - 10).ok()?),
        17..=21 => KeyCode::F(u8::try_from(number - 11).ok()?),
        23 | 24 => KeyCode::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// Keys that their character's number names: the kitty protocol, and xterm's `modifyOtherKeys`.
fn by_character(number: u32) -> Option<KeyCode> {
    Some(match number {
        9 => KeyCode::Tab,
        13 | 57_414 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        // Keys without a character have numbers of the private use area.
        57_344..=63_743 => return None,
        _ => KeyCode::Char(char::from_u32(number).filter(|c| !c.is_control())?),
    })
}

fn sequence(parameters: &[u8], last: u8, alt: Alt) -> Option<Msg> {
    if let Some(report) = parameters.strip_prefix(b"<") {
        return mouse(report, last);
    }
    if !parameters.iter().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) {
        return None;
    }
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    let mut fields = text.split(';');
    let mut first = number(fields.next().unwrap_or_default(), 0);
    let mut second = fields.next().unwrap_or_default();
    let is_other_key = (last, first) == (b'~', 27);
    if is_other_key {
        first = number(fields.next().unwrap_or_default(), 0);
    }
    let mut event = 0;
    if let Some((bits, kind)) = second.split_once(':') {
        (second, event) = (bits, number(kind, 0));
    }
    if event == RELEASED {
        return None;
    }
    let bits = number(second, 1).saturating_sub(1);
    let code = match last {
        b'u' => by_character(first)?,
        b'~' if is_other_key => by_character(first)?,
        b'~' => numbered(first)?,
        b'Z' => return Some(pressed(KeyCode::Tab, modifiers(bits | SHIFT, alt))),
        // A position of the cursor has the same last letter as F3, but a row before it.
        _ => letter(last).filter(|_| first <= 1)?,
    };
    let shifted = match code {
        KeyCode::Char(c) if bits & SHIFT != 0 && bits & CONTROL == 0 => {
            return Some(pressed(
                KeyCode::Char(c.to_ascii_uppercase()),
                modifiers(bits & !SHIFT, alt),
            ));
        }
        code => code,
    };
    Some(pressed(shifted, modifiers(bits, alt)))
}

/// A decimal number, such as it is; `or_else` where there is none.
fn number(text: &str, or_else: u32) -> u32 {
    // The kitty protocol puts other codes of the same key behind a colon.
    let text = text.split(':').next().unwrap_or_default();
    text.parse().unwrap_or(or_else)
}

/// A press of the left button or a turn of the wheel, in SGR form.
fn mouse(report: &[u8], last: u8) -> Option<Msg> {
    const MODIFIERS: u32 = 4 | 8 | 16;
    let mut fields = std::str::from_utf8(report).ok()?.split(';').map(str::parse::<u32>);
    let (button, column, row) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
    let kind = match (button & !MODIFIERS, last) {
        (0, b'M') => MouseKind::Press,
        (64, b'M') => MouseKind::ScrollUp,
        (65, b'M') => MouseKind::ScrollDown,
        _ => return None,
    };
    // Counted from 1; nothing is at 0.
    let place = |number: u32| u16::try_from(number.checked_sub(1)?).ok();
    Some(Msg::Mouse(Mouse {
        kind,
        column: place(column)?,
        row: place(row)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::lexer::Lexer;
    use super::*;

    fn messages(bytes: &[u8]) -> Vec<Msg> {
        let mut lexer = Lexer::default();
        let mut tokens = Vec::new();
        lexer.feed(bytes, &mut tokens);
        lexer.flush(&mut tokens);
        tokens.into_iter().filter_map(message).collect()
    }

    #[test]
    fn keys_have_the_screens_names() {
        let cases: &[(&[u8], &str)] = &[
            (b"a", "a"),
            (b"G", "G"),
            ("é".as_bytes(), "é"),
            (b" ", "space"),
            (b"\r", "enter"),
            (b"\n", "^j"),
            (b"\t", "tab"),
            (b"\x1b[Z", "shift-tab"),
            (b"\x7f", "backspace"),
            (b"\x03", "^c"),
            (b"\x1f", "^_"),
            (b"\x1b", "esc"),
            (b"\x1bx", "alt-x"),
            (b"\x1b[A", "up"),
            (b"\x1bOB", "down"),
            (b"\x1b[1;5C", "^right"),
            (b"\x1b\x1b[D", "alt-left"),
            (b"\x1b[1;2H", "shift-home"),
            (b"\x1b[4~", "end"),
            (b"\x1b[5~", "pgup"),
            (b"\x1b[6;5~", "^pgdn"),
            (b"\x1b[3~", "delete"),
            (b"\x1bOP", "f1"),
            (b"\x1b[12~", "f2"),
            (b"\x1b[[A", "f1"),
            (b"\x1b[97;5u", "^a"),
            (b"\x1b[27;5;115~", "^s"),
            (b"\x1b[103;2u", "G"),
            (b"\x1b[13;2u", "shift-enter"),
        ];
        for (bytes, name) in cases {
            let [Msg::Key(key)] = messages(bytes)[..] else {
                panic!("{bytes:?} is {:?}", messages(bytes));
            };
            assert_eq!(key.to_string(), *name, "{bytes:?}");
        }
    }

    #[test]
    fn what_a_terminal_answers_is_no_key() {
        for bytes in [
            &b"\x1b[?2026;2$y"[..],
            b"\x1b[?1;2c",
            b"\x1b[12;40R",
            b"\x1b[0n",
            b"\x1b]11;rgb:0/0/0\x07",
            b"\x1b[I",
            b"\x1b[97;1:3u",
            b"\x1b[57358u",
            b"\x1b[<0;0;0M",
            b"\x1b[<0;3;4m",
            b"\x1b[<35;3;4M",
            b"\x1b[<0;99999999999;4M",
            b"\x1b[99999999999999999999~",
            b"\xff\xc0\x80",
        ] {
            assert!(messages(bytes).is_empty(), "{bytes:?} is {:?}", messages(bytes));
        }
    }

    #[test]
    fn the_mouse_and_pastes_arrive() {
        let mouse = |kind, column, row| Msg::Mouse(Mouse { kind, column, row });
        let expected = [
            mouse(MouseKind::Press, 2, 3),
            mouse(MouseKind::ScrollUp, 0, 0),
            mouse(MouseKind::ScrollDown, 0, 0),
            Msg::Paste("a\nb[31m".into()),
        ];
        let arrived = messages(b"\x1b[<0;3;4M\x1b[<64;1;1M\x1b[<81;1;1M\x1b[200~a\r\nb\x1b[31m\x1b[201~");
        // Messages carry answers of the workbench, which have no equality.
        assert_eq!(format!("{arrived:?}"), format!("{expected:?}"));
    }
}
