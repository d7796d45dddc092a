//! Bytes of a terminal, cut into whole tokens wherever the line cut them. Bounded, and without a clock: whoever feeds
//! it says when no more bytes came.

use std::time::Duration;

/// A longer control sequence is no key.
const SEQUENCE_BYTES_MAX: usize = 64;
/// Longest answer of a terminal that is swallowed in one piece.
const STRING_BYTES_MAX: usize = 4_096;
/// Longest paste; what is beyond is cut.
const PASTE_BYTES_MAX: usize = 1 << 20;
/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// How long a lone escape is held: behind it may come the rest of a sequence.
const ESCAPE_HELD: Duration = Duration::from_millis(50);
/// How long half a sequence is held.
const SEQUENCE_HELD: Duration = Duration::from_millis(500);
/// How long a paste may pause.
const PASTE_HELD: Duration = Duration::from_secs(10);

/// A whole piece of input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A character, and whether Alt came before it.
    Char(char, Alt),
    /// A control byte other than escape.
    Control(u8, Alt),
    /// The escape key.
    Escape(Alt),
    /// `ESC [ parameters final`.
    Csi(Vec<u8>, u8, Alt),
    /// `ESC O final`.
    Ss3(u8, Alt),
    /// The console's function keys: `ESC [ [ letter`.
    ConsoleKey(u8, Alt),
    /// Pasted bytes.
    Paste(Vec<u8>),
}

/// Whether an escape came right before, which is how terminals send Alt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alt {
    /// It was held.
    Held,
    /// It was not.
    #[default]
    Free,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    Csi,
    Ss3,
    ConsoleKey,
    /// An old mouse report, of which so many bytes are to come. It is never asked for.
    OldMouse(u8),
    /// An answer of the terminal that began with this byte, up to its end.
    String(u8),
    StringEscape,
    Paste,
    /// A character of so many bytes.
    Utf8(usize),
}

/// Cuts bytes into tokens.
#[derive(Debug)]
pub struct Lexer {
    state: State,
    bytes: Vec<u8>,
    alt: Alt,
    /// Bytes of the sequence were too many: it is swallowed to its end.
    is_too_long: bool,
}

impl Default for Lexer {
    fn default() -> Self {
        Self {
            state: State::Ground,
            bytes: Vec::new(),
            alt: Alt::Free,
            is_too_long: false,
        }
    }
}

impl Lexer {
    /// How long to wait for more bytes before [`Lexer::flush`]; `None` where nothing is held.
    pub fn held(&self) -> Option<Duration> {
        match self.state {
            State::Ground => None,
            State::Escape | State::Ss3 => Some(ESCAPE_HELD),
            State::Csi | State::String(_) if self.bytes.is_empty() => Some(ESCAPE_HELD),
            State::Paste => Some(PASTE_HELD),
            _ => Some(SEQUENCE_HELD),
        }
    }

    /// Takes bytes.
    pub fn feed(&mut self, bytes: &[u8], tokens: &mut Vec<Token>) {
        for byte in bytes {
            self.take(*byte, tokens);
        }
    }

    /// No more bytes came: an escape was the key, `ESC [` was Alt with `[`, and half a sequence is dropped.
    pub fn flush(&mut self, tokens: &mut Vec<Token>) {
        let held = match self.state {
            State::Escape => Some(Token::Escape(self.alt)),
            State::Csi if self.bytes.is_empty() => Some(Token::Char('[', Alt::Held)),
            State::String(first) if self.bytes.is_empty() => Some(Token::Char(char::from(first), Alt::Held)),
            State::Ss3 => Some(Token::Char('O', Alt::Held)),
            State::Paste => Some(Token::Paste(std::mem::take(&mut self.bytes))),
            _ => None,
        };
        tokens.extend(held);
        self.reset();
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    /// Ends the sequence with a token, unless it was too long to be one.
    fn end(&mut self, token: Token, tokens: &mut Vec<Token>) {
        if !self.is_too_long {
            tokens.push(token);
        }
        self.reset();
    }

    fn keep(&mut self, byte: u8, bytes_max: usize) {
        if self.bytes.len() < bytes_max {
            self.bytes.push(byte);
        } else {
            self.is_too_long = true;
        }
    }

    fn take(&mut self, byte: u8, tokens: &mut Vec<Token>) {
        match self.state {
            State::Ground => self.ground(byte, tokens),
            State::Escape => self.escape(byte, tokens),
            State::Csi => self.csi(byte, tokens),
            State::Ss3 => self.end(Token::Ss3(byte, self.alt), tokens),
            State::ConsoleKey => self.end(Token::ConsoleKey(byte, self.alt), tokens),
            State::OldMouse(1) => self.reset(),
            State::OldMouse(left) => self.state = State::OldMouse(left - 1),
            State::String(_) => match byte {
                // The end, or given up.
                0x07 | 0x18 | 0x1a => self.reset(),
                0x1b => self.state = State::StringEscape,
                _ => self.keep(byte, STRING_BYTES_MAX),
            },
            State::StringEscape => {
                self.reset();
                if byte != b'\\' {
                    self.state = State::Escape;
                    self.escape(byte, tokens);
                }
            }
            State::Paste => self.paste(byte, tokens),
            State::Utf8(length) => self.utf8(byte, length, tokens),
        }
    }

    fn ground(&mut self, byte: u8, tokens: &mut Vec<Token>) {
        let length = match byte {
            0x1b => {
                self.state = State::Escape;
                return;
            }
            0x00..=0x1f | 0x7f => return self.end(Token::Control(byte, self.alt), tokens),
            0x20..=0x7e => return self.end(Token::Char(char::from(byte), self.alt), tokens),
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            // No character begins like this.
            _ => return self.reset(),
        };
        self.bytes.push(byte);
        self.state = State::Utf8(length);
    }

    fn utf8(&mut self, byte: u8, length: usize, tokens: &mut Vec<Token>) {
        if byte & 0xc0 != 0x80 {
            // The character was cut off: what comes now begins anew.
            self.reset();
            return self.ground(byte, tokens);
        }
        self.bytes.push(byte);
        if self.bytes.len() == length {
            let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
            tokens.extend(text.chars().map(|c| Token::Char(c, self.alt)));
            self.reset();
        }
    }

    fn escape(&mut self, byte: u8, tokens: &mut Vec<Token>) {
        match byte {
            b'[' => self.state = State::Csi,
            b'O' => self.state = State::Ss3,
            b']' | b'P' | b'_' | b'^' | b'X' => self.state = State::String(byte),
            // Twice is Alt with what follows; a third time, the first was the key.
            0x1b if self.alt == Alt::Free => self.alt = Alt::Held,
            0x1b => tokens.push(Token::Escape(Alt::Free)),
            _ => {
                self.alt = Alt::Held;
                self.state = State::Ground;
                self.ground(byte, tokens);
            }
        }
    }

    fn csi(&mut self, byte: u8, tokens: &mut Vec<Token>) {
        match byte {
            0x1b => {
                self.reset();
                self.state = State::Escape;
            }
            b'[' if self.bytes.is_empty() => self.state = State::ConsoleKey,
            b'M' if self.bytes.is_empty() => self.state = State::OldMouse(3),
            b'~' if self.bytes == b"200" => {
                self.reset();
                self.state = State::Paste;
            }
            0x40..=0x7e => {
                let parameters = std::mem::take(&mut self.bytes);
                self.end(Token::Csi(parameters, byte, self.alt), tokens);
            }
            0x20..=0x3f => self.keep(byte, SEQUENCE_BYTES_MAX),
            // Given up.
            0x18 | 0x1a => self.reset(),
            // No part of a sequence: it is abandoned, and the byte counts.
            _ => {
                self.reset();
                self.ground(byte, tokens);
            }
        }
    }

    fn paste(&mut self, byte: u8, tokens: &mut Vec<Token>) {
        let full = PASTE_BYTES_MAX + PASTE_END.len();
        if self.bytes.len() >= full {
            // What is beyond is lost; the end has to be found all the same.
            self.bytes.remove(full - PASTE_END.len());
        }
        self.bytes.push(byte);
        if self.bytes.ends_with(PASTE_END) {
            let mut pasted = std::mem::take(&mut self.bytes);
            pasted.truncate(pasted.len() - PASTE_END.len());
            tokens.push(Token::Paste(pasted));
            self.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(pieces: &[&[u8]]) -> Vec<Token> {
        let mut lexer = Lexer::default();
        let mut tokens = Vec::new();
        for piece in pieces {
            lexer.feed(piece, &mut tokens);
        }
        lexer.flush(&mut tokens);
        tokens
    }

    const STREAM: &[u8] =
        b"aB1\x1b[A\x1bOP\x1b[1;5C\x1bx\x1b\x1b[B\x1b[<0;3;4M\xc3\xa9\xe2\x82\xac\x1b[200~p\x1b[Aq\x1b[201~\
                            \r\x1b[?2026;2$y\x1b]11;rgb:1/2/3\x1b\\z\x1bP>|term\x07\x1b[[A\x1b[M !!\x03";

    #[test]
    fn a_line_may_cut_anywhere() {
        let whole = tokens(&[STREAM]);
        assert_eq!(whole.len(), 17, "{whole:?}");
        for at in 0..STREAM.len() {
            let (first, second) = STREAM.split_at(at);
            assert_eq!(tokens(&[first, second]), whole, "cut at {at}");
        }
    }

    #[test]
    fn what_is_held_is_told_by_time() {
        for (bytes, held, token) in [
            (&b"\x1b"[..], ESCAPE_HELD, Some(Token::Escape(Alt::Free))),
            (b"\x1b\x1b", ESCAPE_HELD, Some(Token::Escape(Alt::Held))),
            (b"\x1b[", ESCAPE_HELD, Some(Token::Char('[', Alt::Held))),
            (b"\x1bO", ESCAPE_HELD, Some(Token::Char('O', Alt::Held))),
            (b"\x1bP", ESCAPE_HELD, Some(Token::Char('P', Alt::Held))),
            (b"\x1b[1;", SEQUENCE_HELD, None),
            (b"\xe2\x82", SEQUENCE_HELD, None),
            (b"\x1b[200~ab", PASTE_HELD, Some(Token::Paste(b"ab".to_vec()))),
        ] {
            let mut lexer = Lexer::default();
            let mut tokens = Vec::new();
            lexer.feed(bytes, &mut tokens);
            assert_eq!((tokens.len(), lexer.held()), (0, Some(held)), "{bytes:?}");
            lexer.flush(&mut tokens);
            assert_eq!(tokens, Vec::from_iter(token), "{bytes:?}");
            assert_eq!(lexer.held(), None);
        }
    }

    #[test]
    fn a_long_paste_is_cut_and_its_end_found() {
        let long = [
            b"\x1b[200~".to_vec(),
            vec![b'x'; PASTE_BYTES_MAX + 1_000],
            PASTE_END.to_vec(),
        ]
        .concat();
        let found = tokens(&[&long, b"k"]);
        assert!(matches!(&found[0], Token::Paste(pasted) if pasted.len() == PASTE_BYTES_MAX));
        assert_eq!(found[1], Token::Char('k', Alt::Free));
    }

    proptest! {
        /// No bytes make it hold more than its bounds, or lose the key that comes after it was flushed.
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut lexer = Lexer::default();
            let mut tokens = Vec::new();
            lexer.feed(&bytes, &mut tokens);
            lexer.flush(&mut tokens);
            prop_assert!(tokens.len() <= bytes.len() + 1);
            tokens.clear();
            lexer.feed(b"k", &mut tokens);
            prop_assert_eq!(&tokens, &[Token::Char('k', Alt::Free)]);
        }
    }
}
