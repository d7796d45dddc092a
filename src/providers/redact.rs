//! Takes secrets out of text that came back from a server, which may echo what it was sent, and in any spelling.

mod stream;

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::{NoExpand, Regex, RegexBuilder};

use super::secret::Secret;

/// What stands where a secret stood.
const MASK: &str = "***";

/// Fewest bytes of a value that is masked: replacing a placeholder such as `none` would spoil answers.
const MASKED_BYTES_MIN: usize = 8;

/// The digits of base64, in its common alphabet.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// So much of a secret is enough to suspect it.
const SUSPECT_BYTES: usize = 16;

/// Literals without which no character is escaped in JSON or in a URL.
const ESCAPES: [&str; 7] = [r"\\u00", "%2", "%3", "%4", "%5", "%6", "%7"];

/// Masks secrets. It has no `Debug`, since it holds what it hides.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    /// The secrets, the longest first.
    values: Vec<String>,
    /// A few literals, found quickly, of which each spelling has one; `None` where there is nothing to hide.
    suspects: Option<Regex>,
    /// All spellings, made when something is suspected: most runs never need them.
    spellings: Arc<OnceLock<Option<Regex>>>,
}

impl Redactor {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let values = secrets
            .into_iter()
            .map(Secret::expose)
            .filter(|value| value.len() >= MASKED_BYTES_MIN);
        let mut values: Vec<String> = values.map(str::to_owned).collect();
        // A secret that begins with another must go first, or its end would stay.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        let literals = values.iter().flat_map(|value| suspects(value));
        let literals: Vec<String> = literals.chain(ESCAPES.map(str::to_owned)).collect();
        Self {
            suspects: (!values.is_empty()).then(|| compile(&literals)).flatten(),
            spellings: Arc::default(),
            values,
        }
    }

    /// The text without the secrets.
    pub(super) fn clean(&self, text: String) -> String {
        match self.spellings_for(&text) {
            Some(spellings) if spellings.is_match(&text) => spellings.replace_all(&text, NoExpand(MASK)).into_owned(),
            _ => text,
        }
    }

    /// Where secrets stand in a text.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let spellings = self.spellings_for(text);
        let found = spellings.into_iter().flat_map(|spellings| spellings.find_iter(text));
        found.map(|secret| secret.range()).collect()
    }

    /// The spellings to look for in a text; `None` where nothing in it is suspected.
    fn spellings_for(&self, text: &str) -> Option<&Regex> {
        if !self.suspects.as_ref()?.is_match(text) {
            return None;
        }
        let make = || compile(&self.values.iter().map(|value| pattern(value)).collect::<Vec<_>>());
        self.spellings.get_or_init(make).as_ref()
    }

    /// The same for text that was cut off anywhere: what it ends with may be the beginning of a secret.
    pub(super) fn clean_cut(&self, text: String) -> String {
        let mut text = self.clean(text);
        let begun = self.values.iter().find_map(|value| {
            let beginnings = (MASKED_BYTES_MIN..value.len())
                .rev()
                .filter_map(|length| value.get(..length));
            beginnings
                .map(str::len)
                .find(|length| text.ends_with(value.get(..*length).unwrap_or(value)))
        });
        if let Some(length) = begun {
            text.truncate(text.len() - length);
            text.push_str(MASK);
        }
        text
    }
}

/// `None` only for patterns that are larger than any key makes them.
fn compile(patterns: &[String]) -> Option<Regex> {
    RegexBuilder::new(&patterns.join("|"))
        .size_limit(usize::MAX)
        .build()
        .ok()
}

/// The longest parts of a value, and of its base64, that are written alike wherever nothing is escaped.
fn suspects(value: &str) -> impl Iterator<Item = String> {
    let plain = [value.to_owned()].into_iter();
    let spellings = plain.chain((0..3).map(|shift| base64_within(value.as_bytes(), shift)));
    spellings.map(|text| {
        let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')));
        parts
            .max_by_key(|part| part.len())
            .map(|part| regex::escape(part.get(..SUSPECT_BYTES).unwrap_or(part)))
            .unwrap_or_default()
    })
}

/// A regular expression for all that a value may look like: plain, escaped in JSON, in JSON that is a text in JSON, or
/// in a URL, each character in any of these ways; and in base64, also as a part of something longer.
fn pattern(value: &str) -> String {
    let mut pattern: String = value.chars().map(spellings_of).collect();
    for shift in 0..3 {
        pattern.push('|');
        pattern.extend(base64_within(value.as_bytes(), shift).chars().map(|digit| match digit {
            '+' => "(?:[-+]|%2[Bb])".to_owned(),
            '/' => r"(?:\\*/|_|%2[Ff])".to_owned(),
            digit => digit.to_string(),
        }));
    }
    pattern
}

fn spellings_of(c: char) -> String {
    let mut pattern = r"(?:\\*".to_owned();
    pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    pattern.push('|');
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a text cannot fail.
        let _ = write!(pattern, r"\\+u(?i:{unit:04x})");
    }
    pattern.push('|');
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(pattern, "%(?i:{byte:02x})");
    }
    pattern.push_str(if c == ' ' { r"|\+)" } else { ")" });
    pattern
}

/// The base64 digits that stand for these bytes alone, behind so many others: those at the ends that also stand for a
/// part of their neighbours are left out.
fn base64_within(bytes: &[u8], shift: usize) -> String {
    let shifted: Vec<u8> = std::iter::repeat_n(0, shift).chain(bytes.iter().copied()).collect();
    let first = (shift * 8).div_ceil(6);
    let end = shifted.len() * 8 / 6;
    let digit = |place: usize| {
        let bit = place * 6;
        let byte = |at: usize| u16::from(shifted.get(at).copied().unwrap_or(0));
        let pair = byte(bit / 8) << 8 | byte(bit / 8 + 1);
        let digit = pair >> (10 - bit % 8) & 0b11_1111;
        char::from(BASE64.get(usize::from(digit)).copied().unwrap_or(b'A'))
    };
    (first..end).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(secret: &str, text: &str) -> String {
        Redactor::new(Secret::new(secret).as_ref()).clean(text.into())
    }

    #[test]
    fn every_spelling_is_masked() {
        for (text, expected) in [
            ("key sk/do\"not-print!", "key ***!"),
            (r#"{"key":"sk/do\"not-print"}"#, r#"{"key":"***"}"#),
            (r#"{"key":"sk\/do\"not-print"}"#, r#"{"key":"***"}"#),
            (r#"{"key":"\u0073k\u002Fdo\u0022not-print"}"#, r#"{"key":"***"}"#),
            (
                r#"{"text":"{\"key\":\"sk/do\\\"not-print\"}"}"#,
                r#"{"text":"{\"key\":\"***\"}"}"#,
            ),
            ("/?key=sk%2Fdo%22not-print&a=b", "/?key=***&a=b"),
            ("/?key=sk%2fdo%22not%2dprint", "/?key=***"),
            ("nothing here", "nothing here"),
            ("sk/do'not-print", "sk/do'not-print"),
        ] {
            assert_eq!(cleaned("sk/do\"not-print", text), expected);
        }
        assert_eq!(cleaned(r"two\\in-it", r"two\\in-it two\\\\in-it"), "*** ***");
        assert_eq!(cleaned("words and more", "a+words+and%20more"), "a+***");
        assert_eq!(cleaned("schlüssel-é", r"schl\u00fcssel-%C3%A9"), "***");
    }

    #[test]
    fn base64_is_masked_wherever_it_begins() {
        // base64 of "sk-do>?not>>print??", and of the same behind "a:", "ab:" and "abc:".
        let secret = "sk-do>?not>>print??";
        for (text, left) in [
            ("c2stZG8+P25vdD4+cHJpbnQ/Pw==", 4),
            ("c2stZG8-P25vdD4-cHJpbnQ_Pw", 3),
            ("c2stZG8%2BP25vdD4%2bcHJpbnQ%2FPw", 3),
            ("YTpzay1kbz4/bm90Pj5wcmludD8/", 4),
            ("YWI6c2stZG8+P25vdD4+cHJpbnQ/Pw==", 8),
            ("YWJjOnNrLWRvPj9ub3Q+PnByaW50Pz8=", 9),
        ] {
            let cleaned = cleaned(secret, text);
            assert!(cleaned.contains(MASK), "{text}: {cleaned}");
            assert!(cleaned.len() <= left + MASK.len(), "{text}: {cleaned}");
        }
    }

    #[test]
    fn the_beginning_of_a_secret_at_a_cut_is_masked() {
        let redactor = Redactor::new(Secret::new("sk-0123456789").as_ref());
        assert_eq!(redactor.clean_cut("you sent sk-0123456789".into()), "you sent ***");
        assert_eq!(redactor.clean_cut("you sent sk-01234567".into()), "you sent ***");
        assert_eq!(redactor.clean_cut("you sent sk-0123".into()), "you sent sk-0123");
        assert_eq!(
            redactor.clean_cut("sk-01234567 and so on".into()),
            "sk-01234567 and so on"
        );
    }

    #[test]
    fn a_secret_that_begins_with_another_is_masked_whole() {
        let secrets = ["sk-12345678", "sk-12345678-and-more"].map(|text| Secret::new(text).unwrap());
        assert_eq!(
            Redactor::new(&secrets).clean("sk-12345678-and-more sk-12345678".into()),
            "*** ***"
        );
    }

    #[test]
    fn a_placeholder_is_no_secret() {
        let redactor = Redactor::new(Secret::new("none").as_ref());
        assert_eq!(redactor.clean("none of them".into()), "none of them");
        assert_eq!(Redactor::new(None).clean("text".into()), "text");
    }
}
