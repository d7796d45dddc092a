//! Copying to the clipboard of whoever sits at the terminal, over any line: OSC 52.

use std::fmt::Write as _;

/// Longest text that terminals are known to take: 100,000 characters of base64.
const COPY_BYTES_MAX: usize = 74_994;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The sequence that asks the terminal to take `text`, and what to tell the user. Inside tmux or screen (known by
/// `term`) it is sent wrapped as well, since either form alone is lost in some versions.
pub fn copy_sequence(text: &str, term: &str) -> Result<(String, String), String> {
    if text.len() > COPY_BYTES_MAX {
        return Err(format!(
            "not sent: {} bytes are more than a terminal's clipboard takes ({COPY_BYTES_MAX})",
            text.len()
        ));
    }
    let plain = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    let mut sequence = plain.clone();
    if term.starts_with("tmux") {
        let _ = write!(sequence, "\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"));
    } else if term.starts_with("screen") {
        let _ = write!(sequence, "\x1bP{plain}\x1b\\");
    }
    let controls = text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    let warning = if controls { "; it holds control characters" } else { "" };
    let sent = format!(
        "sent {} characters to your terminal (OSC 52){warning}",
        text.chars().count()
    );
    Ok((sequence, sent))
}

fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| chunk.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_of_rfc_4648() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn text_goes_out_encoded_and_never_as_it_is() {
        let (sequence, sent) = copy_sequence("a\x1b]52;c;\x07b", "xterm-256color").unwrap();
        assert_eq!(sequence.matches('\x1b').count(), 1);
        assert_eq!(
            sent,
            "sent 10 characters to your terminal (OSC 52); it holds control characters"
        );
        let (sequence, sent) = copy_sequence("née", "tmux-256color").unwrap();
        assert!(
            sequence.starts_with("\x1b]52;c;bsOpZQ==\x07\x1bPtmux;\x1b\x1b]52;"),
            "{sequence:?}"
        );
        assert_eq!(sent, "sent 3 characters to your terminal (OSC 52)");
        assert!(copy_sequence(&"x".repeat(COPY_BYTES_MAX + 1), "xterm").is_err());
    }
}
